/* SPDX-License-Identifier: MIT */
/* test_writer_offer.c - how bytes leave by pull: the frozen offer, consume, read, and the end. */
#include "sse/writer.h"

#include "block.h"
#include "moves.h"
#include "parsed.h"
#include "sink.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#define CAPACITY ((size_t)SSE_WRITER_CAPACITY_MIN)

static const uint32_t framings[] = {0, SSE_WRITER_CHUNKED};

static sink peer;

static sse_str offer(sse_writer *w)
{
    const void *bytes = NULL;
    sse_str got = {NULL, 0};

    assert_int_equal(sse_writer_peek(w, &bytes, &got.len), SSE_OK);
    assert_non_null(bytes);
    assert_true(got.len > 0);
    got.ptr = bytes;
    return got;
}

/* Demand that each way out says the same of a queue without bytes. */
static void assert_nothing_to_take(sse_writer *w, int status)
{
    const void *bytes = &peer;
    char dst[8];
    size_t offered = 1, len = 1;

    sink_start(&peer, NULL, 0, SINK_ALL);
    assert_int_equal(sse_writer_peek(w, &bytes, &offered), status);
    assert_null(bytes);
    assert_int_equal(offered, 0);
    assert_int_equal(sse_writer_consume(w, 0), SSE_OK);
    assert_int_equal(sse_writer_read(w, dst, sizeof dst, &len), status);
    assert_int_equal(len, 0);
    assert_int_equal(sse_writer_flush(w, sink_take, &peer), status == SSE_END ? SSE_END : SSE_OK);
    assert_int_equal(peer.calls, 0);
}

static void an_empty_queue_offers_nothing_and_ends_only_after_close(void **state)
{
    size_t i;

    (void)state;
    for (i = 0; i < 2; i++) {
        sse_writer *w = block_writer(&memory, CAPACITY, framings[i]);

        assert_nothing_to_take(w, SSE_AGAIN);
        assert_int_equal(send_text(w, "tick"), SSE_OK);
        take(w, sse_writer_pending(w));
        assert_nothing_to_take(w, SSE_AGAIN);
        assert_int_equal(sse_writer_begin(w, NULL), SSE_OK);
        take(w, sse_writer_pending(w));
        assert_nothing_to_take(w, SSE_AGAIN);
        assert_int_equal(sse_writer_close(w), SSE_OK);
        assert_int_equal(sse_writer_pending(w), framings[i] ? 5 : 0);
        take(w, sse_writer_pending(w));
        assert_nothing_to_take(w, SSE_END);
        assert_nothing_to_take(w, SSE_END);
    }
}

static void what_was_queued_before_close_is_still_offered(void **state)
{
    sse_writer *w = block_writer(&memory, CAPACITY, 0);

    (void)state;
    assert_int_equal(send_text(w, "tick"), SSE_OK);
    assert_int_equal(sse_writer_close(w), SSE_OK);
    assert_same_text(offer(w), SSE_LIT("data: tick\n\n"));
}

static void assert_frozen(sse_writer *w, sse_str first, const char *bytes)
{
    sse_str again = offer(w);

    assert_ptr_equal(again.ptr, first.ptr);
    assert_int_equal(again.len, first.len);
    assert_memory_equal(again.ptr, bytes, first.len);
}

/* At every place of the ring. */
static void an_offer_stays_the_same_whatever_is_queued_meanwhile(void **state)
{
    size_t at, i;

    (void)state;
    for (i = 0; i < 2; i++) {
        for (at = 0; at < 2 * CAPACITY; at++) {
            sse_writer *w = block_writer_at(&memory, 2 * CAPACITY, framings[i], at);
            char bytes[CAPACITY];
            sse_str first;

            assert_int_equal(send_text(w, "tick"), SSE_OK);
            first = offer(w);
            memcpy(bytes, first.ptr, first.len);
            assert_true(first.ptr >= memory.start);
            assert_true(first.ptr + first.len <= memory.start + memory.size);
            assert_frozen(w, first, bytes);
            assert_int_equal(send_text(w, "tock"), SSE_OK);
            assert_frozen(w, first, bytes);
            assert_int_equal(send_of(w, 2 * CAPACITY - 12), SSE_AGAIN);
            assert_frozen(w, first, bytes);
            assert_int_equal(sse_writer_begin(w, NULL), SSE_OK);
            append_text(w, "a");
            assert_frozen(w, first, bytes);
            assert_int_equal(sse_writer_close(w), SSE_OK);
            assert_frozen(w, first, bytes);
            assert_true(block_is_intact(&memory));
        }
    }
}

static void taking_none_of_an_offer_asks_for_a_new_one(void **state)
{
    sse_writer *w = block_writer(&memory, CAPACITY, 0);
    sse_str first;

    (void)state;
    assert_int_equal(send_text(w, "tick"), SSE_OK);
    first = offer(w);
    assert_int_equal(send_text(w, "tock"), SSE_OK);
    assert_int_equal(offer(w).len, first.len);
    assert_int_equal(sse_writer_consume(w, 0), SSE_OK);
    assert_same_text(offer(w), SSE_LIT("data: tick\n\ndata: tock\n\n"));
    assert_ptr_equal(offer(w).ptr, first.ptr);
}

static void what_is_consumed_goes_from_the_front_of_the_offer(void **state)
{
    static const char text[] = "data: tick\n\ndata: tock\n\n";
    size_t n;

    (void)state;
    for (n = 0; n < sizeof text - 1; n++) {
        sse_writer *w = block_writer(&memory, CAPACITY, 0);
        const sse_str rest = {text + n, sizeof text - 1 - n};

        assert_int_equal(send_text(w, "tick"), SSE_OK);
        assert_int_equal(send_text(w, "tock"), SSE_OK);
        assert_int_equal(offer(w).len, sizeof text - 1);
        assert_int_equal(sse_writer_consume(w, n), SSE_OK);
        assert_int_equal(sse_writer_pending(w), rest.len);
        assert_same_text(offer(w), rest);
    }
}

static void consuming_more_than_was_offered_is_refused(void **state)
{
    sse_writer *w = block_writer(&memory, CAPACITY, 0);

    (void)state;
    assert_int_equal(sse_writer_consume(w, 1), SSE_E_ARG);
    assert_int_equal(send_text(w, "tick"), SSE_OK);
    assert_int_equal(sse_writer_consume(w, 1), SSE_E_ARG);
    assert_int_equal(sse_writer_consume(w, 0), SSE_OK);
    assert_int_equal(offer(w).len, 12);
    assert_int_equal(send_text(w, "tock"), SSE_OK);
    assert_int_equal(sse_writer_consume(w, 13), SSE_E_ARG);
    assert_int_equal(sse_writer_consume(w, SIZE_MAX), SSE_E_ARG);
    assert_int_equal(offer(w).len, 12);
    assert_int_equal(sse_writer_consume(w, 12), SSE_OK);
    assert_int_equal(sse_writer_consume(w, 1), SSE_E_ARG);
    assert_same_text(offer(w), SSE_LIT("data: tock\n\n"));
}

/* The offers of a queue that wraps, one after the other, are all of it. */
static void where_the_queue_wraps_the_rest_is_the_next_offer(void **state)
{
    size_t at, wrapped = 0;

    (void)state;
    for (at = 0; at < CAPACITY; at++) {
        sse_writer *w = block_writer_at(&memory, CAPACITY, 0, at);

        assert_int_equal(send_of(w, CAPACITY - 1), SSE_OK);
        sink_start(&peer, NULL, 0, SINK_ALL);
        assert_int_equal(sse_writer_flush(w, sink_take, &peer), SSE_OK);
        assert_in_range(peer.calls, 1, 2);
        assert_int_equal(peer.len, CAPACITY);
        wrapped += peer.calls == 2;
    }
    assert_true(wrapped > 0);
}

static void read_copies_and_consumes_as_much_as_fits(void **state)
{
    static const char text[] = "\ndata: tick\n\n";
    size_t at, cap;

    (void)state;
    for (at = 0; at < CAPACITY; at++) {
        for (cap = 1; cap <= sizeof text; cap++) {
            sse_writer *w = block_writer_at(&memory, CAPACITY, 0, at);
            guard dst = guard_before_end(cap);
            size_t done = 0, len;

            assert_int_equal(send_text(w, "tick"), SSE_OK);
            while (sse_writer_read(w, dst.ptr, cap, &len) == SSE_OK) {
                assert_in_range(len, 1, cap);
                assert_in_range(len, 1, sizeof text - 1 - done);
                assert_memory_equal(dst.ptr, text + done, len);
                done += len;
                assert_int_equal(sse_writer_pending(w), sizeof text - 1 - done);
            }
            assert_int_equal(done, sizeof text - 1);
            guard_free(&dst);
        }
    }
}

static void read_refuses_to_move_nothing(void **state)
{
    sse_writer *w = block_writer(&memory, CAPACITY, 0);
    char dst[8];
    size_t len = 1;

    (void)state;
    assert_int_equal(send_text(w, "tick"), SSE_OK);
    assert_int_equal(sse_writer_read(w, dst, 0, &len), SSE_E_ARG);
    assert_int_equal(len, 0);
    len = 1;
    assert_int_equal(sse_writer_read(w, NULL, sizeof dst, &len), SSE_E_ARG);
    assert_int_equal(len, 0);
    assert_int_equal(sse_writer_read(w, NULL, 0, &len), SSE_E_ARG);
    assert_int_equal(sse_writer_pending(w), 12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        writer_test(an_empty_queue_offers_nothing_and_ends_only_after_close),
        writer_test(what_was_queued_before_close_is_still_offered),
        writer_test(an_offer_stays_the_same_whatever_is_queued_meanwhile),
        writer_test(taking_none_of_an_offer_asks_for_a_new_one),
        writer_test(what_is_consumed_goes_from_the_front_of_the_offer),
        writer_test(consuming_more_than_was_offered_is_refused),
        writer_test(where_the_queue_wraps_the_rest_is_the_next_offer),
        writer_test(read_copies_and_consumes_as_much_as_fits),
        writer_test(read_refuses_to_move_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
