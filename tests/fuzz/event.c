/* SPDX-License-Identifier: MIT */
/* event.c - any event at all: it is refused for the right reason, or a client gets exactly it.
 *
 * The bytes stand between two other events of a stream, as they do in life, so that a part that
 * breaks out of its field, or does not end its event, is seen as an event too many, or too few. */
#include "fuzz.h"

#include "parser.h"

#include <stdlib.h>
#include <string.h>

#define AHEAD  "id: 0\ndata: ahead\n\n"
#define BEHIND "data: behind\n\n"

/* How many lines a text has. */
static size_t lines(sse_str text)
{
    size_t count = 1, i;

    for (i = 0; i < text.len; i++)
        count +=
            text.ptr[i] == '\r' || (text.ptr[i] == '\n' && (i == 0 || text.ptr[i - 1] != '\r'));
    return count;
}

/* Demand that the client gets the event, between its neighbours, and nothing else. */
static void client_gets(const sse_event *ev, sse_str bytes)
{
    const size_t len = sizeof AHEAD - 1 + bytes.len + sizeof BEHIND - 1;
    char *const stream = provide(len);
    const sse_str id = ev->id.ptr ? ev->id : SSE_LIT("0");
    const uint64_t retry = ev->retry_ms;
    parsed_event events[3] = {{SSE_LIT("message"), SSE_LIT("ahead"), SSE_LIT("0")}};
    parsed want = {events, 1, &retry, retry > 0, 0, id};
    char *data = NULL;

    memcpy(stream, AHEAD, sizeof AHEAD - 1);
    memcpy(stream + sizeof AHEAD - 1, bytes.ptr, bytes.len);
    memcpy(stream + sizeof AHEAD - 1 + bytes.len, BEHIND, sizeof BEHIND - 1);
    if (ev->comment.ptr)
        want.comments = lines(ev->comment);
    if (ev->data.ptr) {
        parsed_event *const e = &events[want.event_count++];

        data = as_received(ev->data, &e->data.len);
        e->data.ptr = data;
        e->type = ev->type.len > 0 ? ev->type : SSE_LIT("message");
        e->id = id;
    }
    events[want.event_count++] = (parsed_event){SSE_LIT("message"), SSE_LIT("behind"), id};
    demand(parses_to(stream, len, &want));
    free(data);
}

/* Demand that a smaller memory is refused, and the need told. */
static void lacks_space(const sse_event *ev, size_t cap, size_t need)
{
    size_t len = need + 1;

    demand(sse_event_encode(ev, provide(cap), cap, &len) == SSE_E_SPACE);
    demand(len == need);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    input in = {data, size};
    const sse_event ev = take_event(&in);
    const int verdict = verdict_on(&ev);
    size_t need = 1, len = 1;
    const int status = sse_event_encode(&ev, NULL, 0, &need);

    demand(status == (verdict == SSE_OK ? SSE_E_SPACE : verdict));
    if (verdict != SSE_OK) {
        char *const dst = provide(64);

        demand(need == 0);
        demand(sse_event_encode(&ev, dst, 64, &len) == verdict);
        demand(len == 0);
    } else {
        char *const dst = provide(need);
        const sse_str bytes = {dst, need};
        char *roomy;

        demand(need > 0);
        demand(sse_event_encode(&ev, dst, need, &len) == SSE_OK);
        demand(len == need);
        client_gets(&ev, bytes);
        lacks_space(&ev, need - 1, need);
        lacks_space(&ev, take_below(&in, 65536) % need, need);
        /* Room to spare takes another way through the encoder, and changes nothing. */
        roomy = provide(need + 100);
        demand(sse_event_encode(&ev, roomy, need + 100, &len) == SSE_OK);
        demand(len == need && memcmp(roomy, dst, need) == 0);
    }
    release_all();
    return 0;
}
