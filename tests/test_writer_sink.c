/* SPDX-License-Identifier: MIT */
/* test_writer_sink.c - what a sink may do to a writer: block in both shapes, fail, call back. */
#include "sse/writer.h"

#include "block.h"
#include "moves.h"
#include "parsed.h"
#include "sink.h"

#include <limits.h>
#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#define CAPACITY ((size_t)SSE_WRITER_CAPACITY_MIN)

static const uint32_t framings[] = {0, SSE_WRITER_CHUNKED};

static sink peer;

static sse_str sunk(void)
{
    sse_str bytes;

    bytes.ptr = peer.bytes;
    bytes.len = peer.len;
    return bytes;
}

/* Flush into a peer that does one step and then takes everything. */
static int flush_into(sse_writer *w, sink_step step)
{
    static sink_step script;

    script = step;
    sink_start(&peer, &script, 1, SINK_ALL);
    return sse_writer_flush(w, sink_take, &peer);
}

static void flush_empties_the_queue_through_any_sink_that_takes_something(void **state)
{
    size_t i, rest;

    (void)state;
    for (i = 0; i < 2; i++) {
        for (rest = 1; rest <= CAPACITY; rest++) {
            sse_writer *w = block_writer(&memory, CAPACITY, framings[i]);
            size_t pending;

            assert_int_equal(send_text(w, "tick"), SSE_OK);
            pending = sse_writer_pending(w);
            sink_start(&peer, NULL, 0, rest);
            assert_int_equal(sse_writer_flush(w, sink_take, &peer), SSE_OK);
            assert_int_equal(peer.len, pending);
            assert_int_equal(peer.calls, (pending + rest - 1) / rest);
            assert_int_equal(sse_writer_pending(w), 0);
            assert_null(peer.broken);
        }
    }
}

static void flush_of_a_closed_queue_ends(void **state)
{
    size_t i;

    (void)state;
    for (i = 0; i < 2; i++) {
        sse_writer *w = block_writer(&memory, CAPACITY, framings[i]);
        static const sink_step none = SINK_NONE;

        assert_int_equal(send_text(w, "tick"), SSE_OK);
        assert_int_equal(sse_writer_close(w), SSE_OK);
        assert_int_equal(flush_into(w, none), SSE_AGAIN);
        sink_start(&peer, NULL, 0, SINK_ALL);
        assert_int_equal(sse_writer_flush(w, sink_take, &peer), SSE_END);
        assert_int_equal(peer.len, framings[i] ? 12 + 12 + 5 : 12);
    }
}

static void a_sink_that_would_block_gets_the_same_offer_again(void **state)
{
    static const sink_step steps[] = {SINK_TAKE(1),
                                      SINK_BLOCK,
                                      SINK_NONE,
                                      SINK_BLOCK,
                                      {SSE_OK, SINK_SILENT},
                                      {SSE_AGAIN, SINK_SILENT}};
    const size_t count = sizeof steps / sizeof steps[0];
    sse_writer *w = block_writer(&memory, 2 * CAPACITY, 0);
    size_t i;

    (void)state;
    assert_int_equal(send_text(w, "tick"), SSE_OK);
    sink_start(&peer, steps, count, SINK_ALL);
    for (i = 1; i < count; i++) {
        assert_int_equal(sse_writer_flush(w, sink_take, &peer), SSE_AGAIN);
        assert_int_equal(peer.calls, i + 1);
        assert_int_equal(peer.offers[i].len, 11);
        assert_int_equal(send_text(w, "x"), SSE_OK);
    }
    assert_int_equal(sse_writer_flush(w, sink_take, &peer), SSE_OK);
    assert_int_equal(peer.offers[count].len, 11);
    assert_int_equal(peer.len, 12 + 9 * (count - 1));
    assert_null(peer.broken);
}

static void a_sink_may_take_some_and_say_that_it_would_block(void **state)
{
    size_t n;

    (void)state;
    for (n = 1; n <= 12; n++) {
        static const char text[] = "data: tick\n\n";
        sse_writer *w = block_writer(&memory, CAPACITY, 0);
        const sse_str want = {text, n};
        sink_step some = {SSE_AGAIN, 0};

        some.taken = n;
        assert_int_equal(send_text(w, "tick"), SSE_OK);
        assert_int_equal(flush_into(w, some), SSE_AGAIN);
        assert_int_equal(peer.calls, 1);
        assert_same_text(sunk(), want);
        assert_int_equal(sse_writer_pending(w), 12 - n);
    }
}

static void any_other_result_of_a_sink_is_a_failure_and_final(void **state)
{
    static const sink_step steps[] = {
        {SSE_E_IO, 0},          {SSE_E_ARG, 0},         {SSE_E_FATAL, 0},
        {INT_MIN, 0},           {SSE_END, SINK_SILENT}, {3, 0},
        {INT_MAX, 0},           {-1, SINK_ALL},         {SSE_OK, SINK_MORE},
        {SSE_AGAIN, SINK_MORE}, {SSE_E_IO, 3},          {SSE_END, SINK_ALL},
    };
    size_t i, k;

    (void)state;
    for (k = 0; k < 2; k++) {
        for (i = 0; i < sizeof steps / sizeof steps[0]; i++) {
            sse_writer *w = block_writer(&memory, CAPACITY, framings[k]);

            assert_int_equal(send_text(w, "tick"), SSE_OK);
            assert_int_equal(flush_into(w, steps[i]), SSE_E_IO);
            assert_int_equal(peer.calls, 1);
            assert_int_equal(sse_writer_flush(w, sink_take, &peer), SSE_E_IO);
            assert_int_equal(peer.calls, 1);
            assert_int_equal(send_text(w, "tock"), SSE_E_IO);
            assert_int_equal(sse_writer_close(w), SSE_E_IO);
            assert_int_equal(sse_writer_idle(w), 0);
        }
    }
}

/* The writer that a sink calls back into, and the calls. */
typedef struct caller {
    sse_writer *w;
    int (*call)(sse_writer *w);
    int done;
    int status;
} caller;

static void call_once(void *to)
{
    caller *c = to;

    if (!c->done) {
        c->done = 1;
        c->status = c->call(c->w);
    }
}

/* Flush one event through a sink that makes a call in its first turn. */
static int flush_with(sse_writer *w, int (*call)(sse_writer *w), int want)
{
    caller c = {NULL, NULL, 0, 0};
    int status;

    c.w = w;
    c.call = call;
    assert_int_equal(send_text(w, "tick"), SSE_OK);
    sink_start(&peer, NULL, 0, SINK_ALL);
    peer.during = call_once;
    peer.to = &c;
    status = sse_writer_flush(w, sink_take, &peer);
    assert_int_equal(c.done, 1);
    assert_int_equal(c.status, want);
    assert_null(peer.broken);
    return status;
}

static int call_peek(sse_writer *w)
{
    const void *bytes = w;
    size_t len = 1;
    int status = sse_writer_peek(w, &bytes, &len);

    return bytes == NULL && len == 0 ? status : SSE_OK;
}

static int call_consume_none(sse_writer *w)
{
    return sse_writer_consume(w, 0);
}

static int call_consume_one(sse_writer *w)
{
    return sse_writer_consume(w, 1);
}

static int call_read(sse_writer *w)
{
    char dst[4];
    size_t len = 1;
    int status = sse_writer_read(w, dst, sizeof dst, &len);

    return len == 0 ? status : SSE_OK;
}

static int call_flush(sse_writer *w)
{
    static sink inner;
    int status;

    sink_start(&inner, NULL, 0, SINK_ALL);
    status = sse_writer_flush(w, sink_take, &inner);
    return inner.calls == 0 ? status : SSE_OK;
}

static void a_sink_must_not_move_bytes_itself(void **state)
{
    static int (*const calls[])(sse_writer *) = {call_peek, call_consume_none, call_consume_one,
                                                 call_read, call_flush};
    size_t i;

    (void)state;
    for (i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        sse_writer *w = block_writer(&memory, CAPACITY, 0);

        assert_int_equal(flush_with(w, calls[i], SSE_E_STATE), SSE_OK);
        assert_same_text(sunk(), SSE_LIT("data: tick\n\n"));
        assert_int_equal(flush_with(w, calls[i], SSE_E_STATE), SSE_OK);
        assert_int_equal(call_consume_none(w), SSE_OK);
    }
}

static int call_send(sse_writer *w)
{
    return send_text(w, "tock");
}

static int call_pieces(sse_writer *w)
{
    int status = sse_writer_begin(w, NULL);

    if (status == SSE_OK) {
        append_text(w, "to");
        append_text(w, "ck");
        status = sse_writer_finish(w);
    }
    return status;
}

static int call_raw(sse_writer *w)
{
    return sse_writer_raw(w, "data: tock\n\n", 12);
}

static void what_a_sink_queues_arrives_behind_the_offer(void **state)
{
    static int (*const calls[])(sse_writer *) = {call_send, call_pieces, call_raw};
    size_t i;

    (void)state;
    for (i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        sse_writer *w = block_writer(&memory, CAPACITY, 0);

        assert_int_equal(flush_with(w, calls[i], SSE_OK), SSE_OK);
        assert_int_equal(peer.offers[0].len, 12);
        assert_same_text(sunk(), SSE_LIT("data: tick\n\ndata: tock\n\n"));
        assert_int_equal(sse_writer_idle(w), 1);
    }
}

static int call_close(sse_writer *w)
{
    return sse_writer_close(w);
}

static void a_sink_may_close(void **state)
{
    (void)state;
    assert_int_equal(flush_with(block_writer(&memory, CAPACITY, 0), call_close, SSE_OK), SSE_END);
    assert_same_text(sunk(), SSE_LIT("data: tick\n\n"));
    assert_int_equal(
        flush_with(block_writer(&memory, CAPACITY, SSE_WRITER_CHUNKED), call_close, SSE_OK),
        SSE_END);
    assert_int_equal(peer.len, 12 + 12 + 5);
    assert_memory_equal(peer.bytes + peer.len - 5, "0\r\n\r\n", 5);
}

static int call_pending(sse_writer *w)
{
    return sse_writer_pending(w) == 12 && sse_writer_idle(w) == 0 ? SSE_OK : SSE_AGAIN;
}

static void a_sink_may_ask_what_is_pending(void **state)
{
    (void)state;
    assert_int_equal(flush_with(block_writer(&memory, CAPACITY, 0), call_pending, SSE_OK), SSE_OK);
}

static void a_sink_that_writes_no_count_has_taken_none_whatever_it_took_before(void **state)
{
    static const sink_step steps[] = {SINK_TAKE(5), {SSE_OK, SINK_SILENT}};
    static sink peer_of_two;
    sse_writer *const w = block_writer(&memory, CAPACITY, 0);

    (void)state;
    sink_start(&peer_of_two, steps, 2, SINK_ALL);
    assert_int_equal(send_of(w, 40), SSE_OK);
    assert_int_equal(sse_writer_flush(w, sink_take, &peer_of_two), SSE_AGAIN);
    assert_int_equal(sse_writer_pending(w), 35);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        writer_test(flush_empties_the_queue_through_any_sink_that_takes_something),
        writer_test(flush_of_a_closed_queue_ends),
        writer_test(a_sink_that_would_block_gets_the_same_offer_again),
        writer_test(a_sink_may_take_some_and_say_that_it_would_block),
        writer_test(any_other_result_of_a_sink_is_a_failure_and_final),
        writer_test(a_sink_must_not_move_bytes_itself),
        writer_test(what_a_sink_queues_arrives_behind_the_offer),
        writer_test(a_sink_may_close),
        writer_test(a_sink_may_ask_what_is_pending),
        writer_test(a_sink_that_writes_no_count_has_taken_none_whatever_it_took_before),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
