/* SPDX-License-Identifier: MIT */
/* test_writer_model.c - long random lives of a writer beside a plain model of it: a list of the
 * events that were accepted. What the client gets is the list. The seeds are fixed. */
#include "sse/writer.h"

#include "block.h"
#include "chunks.h"
#include "moves.h"
#include "parsed.h"
#include "sink.h"
#include "ways.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define LIVES      4000
#define ACTS       160
#define EVENTS_MAX ACTS
#define DATA_MAX   8192

static uint64_t dice;

/* A number below n: xorshift. */
static size_t below(size_t n)
{
    dice ^= dice << 13;
    dice ^= dice >> 7;
    dice ^= dice << 17;
    return (size_t)((dice >> 33) % n);
}

/* What the client is to get. */
static struct model {
    parsed_event events[EVENTS_MAX];
    size_t event_count;
    uint64_t retries[EVENTS_MAX];
    size_t retry_count;
    sse_str id;
    int open; /* an event is open, and this is what is known of it: */
    sse_event head;
    char data[DATA_MAX];
    size_t data_len;
} model;

static sse_writer *w;
static sink peer;

/* An offer that is out. */
static struct glance {
    const void *bytes;
    size_t len;
    char copy[1024];
} glance;

static sse_str random_text(char *bytes, size_t max)
{
    static const char *const symbols[] = {"a",    "b",        " ",    ":",       "\n",  "\r",
                                          "\r\n", "\xC3\xA9", "\xFF", "data: x", "\n\n"};
    const size_t want = below(max);
    sse_str text = {bytes, 0};

    while (text.len + 8 < want) {
        const char *symbol = symbols[below(sizeof symbols / sizeof symbols[0])];

        memcpy(bytes + text.len, symbol, strlen(symbol));
        text.len += strlen(symbol);
    }
    if (below(8) == 0)
        bytes[text.len++] = '\0';
    return text;
}

/* The event without its data. The texts are good until the end. */
static sse_event random_head(void)
{
    static const sse_str ids[] = {{NULL, 0}, {NULL, 0}, {"", 0}, {"7", 1}, {"8-1", 3}};
    static const sse_str types[] = {{NULL, 0}, {NULL, 0}, {"", 0}, {"tick", 4}};
    sse_event ev;

    memset(&ev, 0, sizeof ev);
    ev.id = ids[below(5)];
    ev.type = types[below(4)];
    if (below(6) == 0)
        ev.comment = SSE_LIT("a\rb");
    if (below(6) == 0)
        ev.retry_ms = (uint32_t)(1 + below(100000));
    return ev;
}

/* The head of an event is on its way, whatever becomes of the rest. */
static void note_head(const sse_event *ev)
{
    if (ev->retry_ms)
        model.retries[model.retry_count++] = ev->retry_ms;
}

/* An event was finished. */
static void note_event(const sse_event *ev)
{
    if (ev->id.ptr)
        model.id = ev->id;
    if (ev->data.ptr) {
        parsed_event *event = &model.events[model.event_count++];

        event->type = ev->type.len > 0 ? ev->type : SSE_LIT("message");
        event->data.ptr = as_received(ev->data, &event->data.len);
        event->id = model.id;
    }
}

static void act_send(void)
{
    char text[128];
    sse_event ev = random_head();
    int status;

    if (below(10))
        ev.data = random_text(text, sizeof text);
    if (ev.comment.ptr || ev.retry_ms || ev.data.ptr == NULL || below(2))
        status = sse_writer_send(w, &ev);
    else
        status = sse_writer_send_parts(w, ev.type.ptr, ev.type.len, ev.id.ptr, ev.id.len,
                                       ev.data.ptr, ev.data.len);
    if (model.open)
        assert_int_equal(status, SSE_E_STATE);
    else if (status == SSE_OK) {
        note_head(&ev);
        note_event(&ev);
    }
}

/* What has to be refused: the model does not change. */
static void act_forge(void)
{
    sse_event ev = random_head();

    ev.data = SSE_LIT("x");
    ev.type = SSE_LIT("a\ndata: forged");
    assert_int_equal(sse_writer_send(w, &ev), model.open ? SSE_E_STATE : SSE_E_FIELD);
    ev.type = SSE_LIT("tick");
    assert_int_equal(sse_writer_begin(w, &ev), model.open ? SSE_E_STATE : SSE_E_ARG);
    assert_int_equal(sse_writer_consume(w, memory.size), SSE_E_ARG);
}

static void act_begin(void)
{
    sse_event head = random_head();
    int bare = below(3) == 0;
    int status;

    if (bare)
        memset(&head, 0, sizeof head);
    else
        head.type = SSE_LIT("piece");
    status = sse_writer_begin(w, bare ? NULL : &head);
    if (model.open)
        assert_int_equal(status, SSE_E_STATE);
    else if (status == SSE_OK) {
        model.open = 1;
        model.head = head;
        model.data_len = 0;
        note_head(&head);
    }
}

static void act_append(void)
{
    char text[256];
    sse_str data = random_text(text, 1 + below(sizeof text - 1));
    size_t taken = 1;
    int status = sse_writer_append(w, data.ptr, data.len, &taken);

    if (!model.open) {
        assert_int_equal(status, SSE_E_STATE);
        assert_int_equal(taken, 0);
        return;
    }
    assert_true(taken <= data.len);
    assert_int_equal(status, taken == data.len ? SSE_OK : SSE_AGAIN);
    assert_true(taken <= sizeof model.data - model.data_len);
    memcpy(model.data + model.data_len, data.ptr, taken);
    model.data_len += taken;
}

static void act_finish(void)
{
    int status = sse_writer_finish(w);

    if (!model.open)
        assert_int_equal(status, SSE_E_STATE);
    else if (status == SSE_OK) {
        model.open = 0;
        model.head.data.ptr = model.data;
        model.head.data.len = model.data_len;
        note_event(&model.head);
    }
}

static void act_move(void)
{
    glance.bytes = NULL;
    ways[below(WAYS)](w, &peer, 1 + below(60));
}

/* Look, and expect to see the same from now on until bytes are moved. */
static void act_look(void)
{
    if (sse_writer_peek(w, &glance.bytes, &glance.len) == SSE_OK)
        memcpy(glance.copy, glance.bytes, glance.len);
}

static void check_glance(void)
{
    const void *bytes;
    size_t len;

    if (glance.bytes == NULL)
        return;
    assert_int_equal(sse_writer_peek(w, &bytes, &len), SSE_OK);
    assert_ptr_equal(bytes, glance.bytes);
    assert_int_equal(len, glance.len);
    assert_memory_equal(bytes, glance.copy, len);
}

/* Each as often as it stands here. */
static void (*const acts[])(void) = {act_send,   act_send,   act_begin,  act_append,
                                     act_append, act_append, act_finish, act_look,
                                     act_move,   act_move,   act_move,   act_forge};

static void assert_told(uint32_t framing)
{
    parsed want = {model.events, 0, model.retries, 0, ANY_COMMENTS, {NULL, 0}};
    size_t len = peer.len - 1;

    if (framing)
        assert_int_equal(unchunk(peer.bytes + 1, len, peer.bytes + 1, &len), CHUNKS_ENDED);
    want.event_count = model.event_count;
    want.retry_count = model.retry_count;
    want.last_id = model.id;
    assert_parses_to(peer.bytes, len + 1, &want);
}

/* Returns how many events were accepted. */
static size_t live(uint64_t seed)
{
    const uint32_t framing = seed & 1 ? SSE_WRITER_CHUNKED : 0;
    size_t capacity, i;

    dice = seed * 0x9E3779B97F4A7C15u;
    capacity = SSE_WRITER_CAPACITY_MIN + below(below(4) ? 64 : 512);
    w = block_writer_at(&memory, capacity, framing, below(capacity));
    memset(&model, 0, sizeof model);
    memset(&glance, 0, sizeof glance);
    model.id = SSE_LIT("");
    sink_start(&peer, NULL, 0, SINK_ALL);
    for (i = 0; i < ACTS; i++) {
        acts[below(sizeof acts / sizeof acts[0])]();
        check_glance();
        assert_true(sse_writer_pending(w) <= capacity);
        assert_int_equal(sse_writer_idle(w), sse_writer_pending(w) == 0 && !model.open);
    }
    assert_int_equal(sse_writer_close(w), SSE_OK);
    check_glance();
    assert_int_equal(push(w, &peer, 1 + below(100)), SSE_END);
    assert_null(peer.broken);
    assert_true(block_is_intact(&memory));
    assert_told(framing);
    for (i = 0; i < model.event_count; i++)
        free((void *)(uintptr_t)model.events[i].data.ptr);
    return model.event_count;
}

static void the_client_gets_the_events_that_were_accepted_and_nothing_else(void **state)
{
    size_t events = 0;
    uint64_t seed;

    (void)state;
    for (seed = 1; seed <= LIVES; seed++)
        events += live(seed);
    assert_true(events > LIVES * 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        writer_test(the_client_gets_the_events_that_were_accepted_and_nothing_else),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
