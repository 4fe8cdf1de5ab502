/* SPDX-License-Identifier: MIT */
#include "twin.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct twin twin;

static past list[TWIN_EVENTS_MAX];

#define NAME "/fuzz"

/* Note the origin of automatic ids. */
static void learn(void)
{
    char id[SSE_HISTORY_ID_MAX];
    size_t len;

    if (twin.epoch == 0)
        return;
    demand(sse_history_id(twin.real, twin.end - 1, id, sizeof id, &len) == SSE_OK);
    while (id[len - 1] != '-')
        len--;
    demand(len < sizeof twin.origin);
    memcpy(twin.origin, id, len);
    twin.origin[len] = '\0';
}

void twin_open(void)
{
    demand(sse_history_open(twin.real, twin.size, twin.events, twin.flags, twin.epoch, NAME,
                            sizeof NAME - 1) == twin.real);
    twin.old_born = twin.first < twin.end || twin.end == 1 ? twin.born : 0;
    memcpy(twin.old_origin, twin.origin, sizeof twin.origin);
    if (twin.first == twin.end)
        twin.first = twin.end = 1;
    twin.born = twin.end;
    learn();
}

void twin_begin(input *in)
{
    memset(&twin, 0, sizeof twin);
    twin.flags = take_below(in, 2) ? SSE_HISTORY_CHUNKED : 0;
    twin.epoch = take_below(in, 3) ? take_word(in) : 0;
    twin.events = 1 + take_below(in, TWIN_KEPT_MAX);
    twin.room = SSE_HISTORY_CAPACITY_MIN + take_below(in, 1024);
    twin.size = sse_history_size(twin.events, twin.room);
    twin.born = twin.first = twin.end = 1;
    twin.real = sse_history_init(provide(twin.size), twin.size, twin.events, twin.flags, twin.epoch,
                                 NAME, sizeof NAME - 1);
    demand(twin.real != NULL);
    learn();
}

const past *twin_event(uint64_t n)
{
    demand(n > 0 && n < twin.end);
    return &list[n - 1];
}

static sse_str id_of(const char *origin, uint64_t n)
{
    char id[64];

    return copy_of(id, (size_t)snprintf(id, sizeof id, "%s%" PRIu64, origin, n));
}

sse_str twin_id(uint64_t n)
{
    return id_of(twin.origin, n);
}

sse_str twin_old_id(uint64_t n)
{
    return id_of(twin.old_origin, n);
}

sse_event twin_take(input *in, char word, uint64_t number)
{
    enum { WORD = 8 };
    sse_event ev = take_event(in);
    const size_t len = ev.data.ptr ? ev.data.len : 0;
    char *const data = provide(len + WORD + 1);

    snprintf(data, WORD + 1, "%c%06" PRIu64 " ", word, number);
    if (len > 0)
        memcpy(data + WORD, ev.data.ptr, len);
    ev.data.ptr = data;
    ev.data.len = len + WORD;
    return ev;
}

sse_str twin_stored(const sse_event *ev)
{
    const size_t frame = twin.flags & SSE_HISTORY_CHUNKED ? 10 : 0;
    char head[16], *bytes;
    size_t len;

    demand(sse_event_encode(ev, NULL, 0, &len) == SSE_E_SPACE);
    bytes = provide(len + frame + 2);
    demand(sse_event_encode(ev, bytes + frame, len, &len) == SSE_OK);
    if (frame > 0) {
        snprintf(head, sizeof head, "%08x\r\n", (unsigned)len);
        memcpy(bytes, head, frame);
        memcpy(bytes + frame + len, "\r\n", 2);
        len += frame + 2;
    }
    return (sse_str){bytes, len};
}

/* The event that is the oldest when one of len bytes has come. */
static uint64_t first_after(size_t len)
{
    uint64_t n;

    for (n = twin.first; n < twin.end; n++)
        if (sse_history_fits(twin.real, len, n))
            return n;
    return twin.end;
}

int twin_expects(const sse_event *ev, uint64_t tag, uint64_t key, uint64_t time_ms, past *p)
{
    sse_event whole = *ev;
    const int verdict = verdict_on(ev);

    memset(p, 0, sizeof *p);
    if (twin.epoch && ev->id.ptr)
        return SSE_E_ARG;
    if (verdict != SSE_OK)
        return verdict;
    if (twin.epoch)
        whole.id = twin_id(twin.end);
    p->bytes = twin_stored(&whole);
    p->id = whole.id;
    p->tag = tag;
    p->key = key;
    p->time_ms = time_ms;
    if (p->bytes.len > twin.room)
        return SSE_E_TOOBIG;
    p->first = first_after(p->bytes.len);
    return SSE_OK;
}

void twin_add(const past *p)
{
    uint64_t older;

    demand(twin.end <= TWIN_EVENTS_MAX);
    for (older = twin.end - 1; p->key > 0 && older > 0; older--)
        if (list[older - 1].tag == p->tag && list[older - 1].key == p->key) {
            list[older - 1].newer = twin.end;
            break;
        }
    list[twin.end - 1] = *p;
    twin.first = p->first;
    twin.end++;
}

void twin_expire(uint64_t before_ms)
{
    while (twin.first < twin.end && twin_event(twin.first)->time_ms < before_ms)
        twin.first++;
}

uint64_t twin_after(sse_str id)
{
    uint64_t n;

    for (n = twin.end; n-- > twin.first;)
        if (twin_event(n)->id.ptr && id.len > 0 && is_same(twin_event(n)->id, id))
            return n + 1;
    for (n = twin.born - 1; twin.epoch && n < twin.end; n++)
        if (is_same(twin_id(n), id))
            return n + 1;
    for (n = twin.old_born; twin.epoch && n > 0 && n <= twin.born; n++)
        if (is_same(twin_old_id(n - 1), id))
            return n;
    return 0;
}
