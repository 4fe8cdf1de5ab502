/* SPDX-License-Identifier: MIT */
/* test_writer_room.c - what fits into a queue, to the byte: now, later, or never. */
#include "sse/writer.h"

#include "block.h"
#include "moves.h"
#include "parsed.h"
#include "text.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#define CAPACITY ((size_t)SSE_WRITER_CAPACITY_MIN)

static const uint32_t framings[] = {0, SSE_WRITER_CHUNKED};

/* Longer than the queues here. */
static const char filler[256];

static void an_event_of_the_capacity_fits_and_one_byte_more_never_does(void **state)
{
    static const char bytes[CAPACITY + 100];
    size_t capacity;

    (void)state;
    for (capacity = CAPACITY; capacity < CAPACITY + 100; capacity++) {
        sse_writer *w = block_writer(&memory, capacity, 0);

        assert_int_equal(send_of(w, capacity + 1), SSE_E_TOOBIG);
        assert_int_equal(sse_writer_raw(w, bytes, capacity + 1), SSE_E_TOOBIG);
        assert_int_equal(send_of(w, capacity), SSE_OK);
        assert_int_equal(sse_writer_pending(w), capacity);
        assert_int_equal(send_of(w, capacity + 1), SSE_E_TOOBIG);
        assert_int_equal(sse_writer_raw(w, bytes, capacity + 1), SSE_E_TOOBIG);
        take(w, capacity);
        assert_int_equal(sse_writer_raw(w, bytes, capacity), SSE_OK);
    }
}

static void a_chunk_costs_twelve_bytes(void **state)
{
    size_t capacity, n;

    (void)state;
    for (capacity = CAPACITY; capacity < CAPACITY + 100; capacity++) {
        sse_writer *w = block_writer(&memory, capacity, SSE_WRITER_CHUNKED);

        assert_int_equal(send_of(w, capacity - 11), SSE_E_TOOBIG);
        assert_int_equal(send_of(w, capacity - 12), SSE_OK);
        assert_int_equal(sse_writer_pending(w), capacity);
        assert_int_equal(send_of(w, 9), SSE_AGAIN);

        w = block_writer(&memory, capacity, SSE_WRITER_CHUNKED);
        for (n = 0; n + 12 + 9 <= capacity; n += 12 + 9)
            assert_int_equal(send_of(w, 9), SSE_OK);
        assert_int_equal(send_of(w, 9), SSE_AGAIN);
        assert_int_equal(sse_writer_pending(w), n);
    }
}

/* Every event into every amount of room, from none to all. */
static void an_event_that_fits_an_emptier_queue_is_refused_whole_until_then(void **state)
{
    size_t used, n;

    (void)state;
    for (used = 9; used <= CAPACITY; used++) {
        for (n = 9; n <= CAPACITY; n++) {
            sse_writer *w = block_writer(&memory, CAPACITY, 0);

            assert_int_equal(send_of(w, used), SSE_OK);
            if (used + n <= CAPACITY) {
                assert_int_equal(send_of(w, n), SSE_OK);
                assert_int_equal(sse_writer_pending(w), used + n);
                continue;
            }
            assert_int_equal(send_of(w, n), SSE_AGAIN);
            assert_int_equal(sse_writer_raw(w, filler, n), SSE_AGAIN);
            assert_int_equal(sse_writer_pending(w), used);
            take(w, used + n - CAPACITY - 1);
            assert_int_equal(send_of(w, n), SSE_AGAIN);
            take(w, 1);
            assert_int_equal(send_of(w, n), SSE_OK);
            assert_int_equal(sse_writer_pending(w), CAPACITY);
        }
    }
}

static void a_head_that_does_not_fit_is_backpressure_or_never_fits(void **state)
{
    sse_event head = {ABSENT, ABSENT, ABSENT, 0, ABSENT};
    char type[CAPACITY];
    sse_writer *w = block_writer(&memory, CAPACITY, 0);

    (void)state;
    memset(type, 'x', sizeof type);
    head.type.ptr = type;
    head.type.len = CAPACITY;
    assert_int_equal(sse_writer_begin(w, &head), SSE_E_TOOBIG);
    assert_int_equal(sse_writer_idle(w), 1);
    head.type.len = CAPACITY / 2;
    assert_int_equal(send_of(w, CAPACITY / 2), SSE_OK);
    assert_int_equal(sse_writer_begin(w, &head), SSE_AGAIN);
    assert_int_equal(sse_writer_pending(w), CAPACITY / 2);
    take(w, CAPACITY / 2);
    assert_int_equal(sse_writer_idle(w), 1);
    assert_int_equal(sse_writer_begin(w, &head), SSE_OK);
    assert_int_equal(sse_writer_idle(w), 0);
}

/* Append a long line until no more of it is taken; returns how much was. */
static size_t append_until_full(sse_writer *w)
{
    static const char line[256] = "a line";
    size_t taken;

    assert_int_equal(sse_writer_append(w, line, sizeof line, &taken), SSE_AGAIN);
    assert_true(taken < sizeof line);
    return taken;
}

static void append_takes_what_fits_and_says_how_much(void **state)
{
    size_t capacity, pending;

    (void)state;
    for (capacity = CAPACITY; capacity < CAPACITY + 64; capacity++) {
        sse_writer *w = block_writer(&memory, capacity, 0);

        assert_int_equal(sse_writer_begin(w, NULL), SSE_OK);
        pending = sse_writer_pending(w);
        assert_int_equal(append_until_full(w), capacity - pending);
        assert_int_equal(sse_writer_pending(w), capacity);
        assert_int_equal(append_until_full(w), 0);
        take(w, 10);
        assert_int_equal(append_until_full(w), 10);
        assert_int_equal(sse_writer_pending(w), capacity);

        w = block_writer(&memory, capacity, SSE_WRITER_CHUNKED);
        assert_int_equal(sse_writer_begin(w, NULL), SSE_OK);
        assert_true(append_until_full(w) > 0);
        pending = sse_writer_pending(w);
        assert_int_equal(append_until_full(w), 0);
        assert_int_equal(sse_writer_pending(w), pending);
        take(w, pending);
        assert_true(append_until_full(w) >= capacity - 12);
    }
}

static void a_line_end_is_taken_where_its_seven_bytes_just_fit(void **state)
{
    size_t room, taken;

    (void)state;
    for (room = 0; room < 16; room++) {
        char text[17];
        sse_writer *w = block_writer(&memory, CAPACITY, 0);

        assert_int_equal(sse_writer_begin(w, NULL), SSE_OK);
        memset(text, 'x', sizeof text);
        while (CAPACITY - sse_writer_pending(w) > room)
            append_text(w, "x");
        assert_int_equal(sse_writer_append(w, "\n", 1, &taken), room < 7 ? SSE_AGAIN : SSE_OK);
        assert_int_equal(taken, room >= 7);

        w = block_writer(&memory, CAPACITY, 0);
        assert_int_equal(sse_writer_begin(w, NULL), SSE_OK);
        while (CAPACITY - sse_writer_pending(w) > 16)
            append_text(w, "x");
        text[room] = '\n'; /* as many letters ahead of it */
        sse_writer_append(w, text, room + 1, &taken);
        assert_int_equal(taken, room + (room <= 16 - 7));
    }
}

static void an_end_that_does_not_fit_now_leaves_the_event_open(void **state)
{
    size_t capacity, i, room;

    (void)state;
    for (i = 0; i < 2; i++) {
        for (capacity = CAPACITY; capacity < CAPACITY + 16; capacity++) {
            sse_writer *w = block_writer(&memory, capacity, framings[i]);
            size_t pending;

            assert_int_equal(sse_writer_begin(w, NULL), SSE_OK);
            append_until_full(w);
            pending = sse_writer_pending(w);
            for (room = capacity - pending; sse_writer_finish(w) == SSE_AGAIN; room++) {
                assert_int_equal(sse_writer_pending(w), pending);
                assert_int_equal(send_text(w, "x"), SSE_E_STATE);
                take(w, 1);
                pending--;
            }
            assert_true(room <= (framings[i] ? 12 + 2 : 2));
            assert_int_equal(send_text(w, "x"), SSE_AGAIN);
            take(w, sse_writer_pending(w));
            assert_int_equal(sse_writer_idle(w), 1);
        }
    }
}

static void close_never_lacks_space(void **state)
{
    size_t used;

    (void)state;
    for (used = 12 + LEAST_EVENT; used <= CAPACITY; used++) {
        sse_writer *w = block_writer(&memory, CAPACITY, SSE_WRITER_CHUNKED);
        sse_str queued;

        assert_int_equal(send_of(w, used - 12), SSE_OK);
        assert_int_equal(sse_writer_close(w), SSE_OK);
        queued = block_queued(&memory);
        assert_int_equal(queued.len, used + 5);
        assert_memory_equal(queued.ptr + used, "0\r\n\r\n", 5);

        w = block_writer(&memory, CAPACITY, SSE_WRITER_CHUNKED);
        assert_int_equal(sse_writer_raw(w, filler, used), SSE_OK);
        assert_int_equal(sse_writer_close(w), SSE_OK);
        assert_int_equal(block_queued(&memory).len, used + 5);
    }
}

static void close_of_an_open_event_needs_no_room(void **state)
{
    size_t capacity, pending;

    (void)state;
    for (capacity = CAPACITY; capacity < CAPACITY + 32; capacity++) {
        sse_writer *w = block_writer(&memory, capacity, SSE_WRITER_CHUNKED);

        assert_int_equal(sse_writer_begin(w, NULL), SSE_OK);
        append_until_full(w);
        pending = sse_writer_pending(w);
        assert_int_equal(sse_writer_close(w), SSE_OK);
        assert_int_equal(sse_writer_pending(w), pending + 5);
        assert_non_null(block_payload(&memory).ptr);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        writer_test(an_event_of_the_capacity_fits_and_one_byte_more_never_does),
        writer_test(a_chunk_costs_twelve_bytes),
        writer_test(an_event_that_fits_an_emptier_queue_is_refused_whole_until_then),
        writer_test(a_head_that_does_not_fit_is_backpressure_or_never_fits),
        writer_test(append_takes_what_fits_and_says_how_much),
        writer_test(a_line_end_is_taken_where_its_seven_bytes_just_fit),
        writer_test(an_end_that_does_not_fit_now_leaves_the_event_open),
        writer_test(close_never_lacks_space),
        writer_test(close_of_an_open_event_needs_no_room),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
