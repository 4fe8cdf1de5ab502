/* SPDX-License-Identifier: MIT */
/* test_writer_state.c - a writer that is idle, closed, failed, moved, or none at all. */
#include "sse/writer.h"

#include "block.h"
#include "moves.h"
#include "parsed.h"
#include "sink.h"
#include "text.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#define CAPACITY ((size_t)SSE_WRITER_CAPACITY_MIN)

static const uint32_t framings[] = {0, SSE_WRITER_CHUNKED};

static void what_is_sent_after_close_is_refused(void **state)
{
    size_t i, taken = 1;

    (void)state;
    for (i = 0; i < 2; i++) {
        sse_writer *w = block_writer(&memory, CAPACITY, framings[i]);

        assert_int_equal(send_text(w, "tick"), SSE_OK);
        assert_int_equal(sse_writer_close(w), SSE_OK);
        assert_int_equal(send_text(w, "tick"), SSE_E_STATE);
        assert_int_equal(sse_writer_send_parts(w, NULL, 0, NULL, 0, "x", 1), SSE_E_STATE);
        assert_int_equal(sse_writer_begin(w, NULL), SSE_E_STATE);
        assert_int_equal(sse_writer_append(w, "x", 1, &taken), SSE_E_STATE);
        assert_int_equal(taken, 0);
        assert_int_equal(sse_writer_finish(w), SSE_E_STATE);
        assert_int_equal(sse_writer_raw(w, "x", 1), SSE_E_STATE);
        assert_same_text(block_payload(&memory), SSE_LIT("data: tick\n\n"));
    }
}

static void close_writes_the_last_chunk_once_however_often_it_is_called(void **state)
{
    sse_writer *w = block_writer(&memory, CAPACITY, SSE_WRITER_CHUNKED);
    size_t i;

    (void)state;
    for (i = 0; i < 3; i++) {
        assert_int_equal(sse_writer_close(w), SSE_OK);
        assert_same_text(block_queued(&memory), SSE_LIT("0\r\n\r\n"));
    }
    take(w, 5);
    assert_int_equal(sse_writer_close(w), SSE_OK);
    assert_int_equal(sse_writer_pending(w), 0);
}

static void close_without_chunks_writes_nothing(void **state)
{
    sse_writer *w = block_writer(&memory, CAPACITY, 0);

    (void)state;
    assert_int_equal(send_text(w, "tick"), SSE_OK);
    assert_int_equal(sse_writer_close(w), SSE_OK);
    assert_int_equal(sse_writer_close(w), SSE_OK);
    assert_same_text(block_queued(&memory), SSE_LIT("data: tick\n\n"));
}

/* Cut behind each piece of an event, with a whole event ahead of it. */
static void close_leaves_an_open_event_unfinished(void **state)
{
    static const char *const pieces[] = {"", "a", "a\r", "a\n", "a\n\n", "a\r\n\r\n"};
    static const parsed_event event = {TEXT("message"), TEXT("whole"), TEXT("")};
    static const parsed want = {&event, 1, NULL, 0, 0, TEXT("")};
    static const sse_event head = {ABSENT, TEXT("cut"), TEXT("7"), 0, ABSENT};
    size_t i, k;

    (void)state;
    for (i = 0; i < 2; i++) {
        for (k = 0; k < sizeof pieces / sizeof pieces[0]; k++) {
            sse_writer *w = block_writer(&memory, 256, framings[i]);
            size_t taken = 1;
            sse_str out;

            assert_int_equal(send_text(w, "whole"), SSE_OK);
            assert_int_equal(sse_writer_begin(w, &head), SSE_OK);
            append_text(w, pieces[k]);
            assert_int_equal(sse_writer_close(w), SSE_OK);
            assert_int_equal(sse_writer_append(w, "b", 1, &taken), SSE_E_STATE);
            assert_int_equal(taken, 0);
            assert_int_equal(sse_writer_finish(w), SSE_E_STATE);
            out = block_payload(&memory);
            assert_parses_to(out.ptr, out.len, &want);
            out = block_queued(&memory);
            if (framings[i])
                assert_memory_equal(out.ptr + out.len - 7, "\r\n0\r\n\r\n", 7);
        }
    }
}

static void pending_counts_the_bytes_that_are_queued_and_not_consumed(void **state)
{
    sse_writer *w = block_writer(&memory, CAPACITY, 0);
    const void *bytes;
    size_t len, left;

    (void)state;
    assert_int_equal(send_of(w, 20), SSE_OK);
    assert_int_equal(sse_writer_pending(w), 20);
    assert_int_equal(send_of(w, 30), SSE_OK);
    assert_int_equal(sse_writer_pending(w), 50);
    for (left = 50; left > 0; left--) {
        assert_int_equal(sse_writer_peek(w, &bytes, &len), SSE_OK);
        assert_int_equal(sse_writer_pending(w), left);
        assert_int_equal(sse_writer_consume(w, 1), SSE_OK);
    }
    assert_int_equal(sse_writer_pending(w), 0);
}

static void a_stream_is_idle_when_nothing_is_queued_or_open_and_it_was_not_closed(void **state)
{
    size_t i;

    (void)state;
    for (i = 0; i < 2; i++) {
        sse_writer *w = block_writer(&memory, CAPACITY, framings[i]);

        assert_int_equal(sse_writer_idle(w), 1);
        assert_int_equal(send_text(w, "tick"), SSE_OK);
        assert_int_equal(sse_writer_idle(w), 0);
        take(w, sse_writer_pending(w) - 1);
        assert_int_equal(sse_writer_idle(w), 0);
        take(w, 1);
        assert_int_equal(sse_writer_idle(w), 1);
        assert_int_equal(sse_writer_begin(w, NULL), SSE_OK);
        take(w, sse_writer_pending(w));
        assert_int_equal(sse_writer_idle(w), 0);
        assert_int_equal(sse_writer_finish(w), SSE_OK);
        assert_int_equal(sse_writer_idle(w), 0);
        take(w, sse_writer_pending(w));
        assert_int_equal(sse_writer_idle(w), 1);
        assert_int_equal(sse_writer_close(w), SSE_OK);
        take(w, sse_writer_pending(w));
        assert_int_equal(sse_writer_idle(w), 0);
    }
}

/* Call every function that returns a status, and demand this one and written out parameters. */
static void assert_all_return(sse_writer *w, int status)
{
    static const sse_event tick = {ABSENT, ABSENT, ABSENT, 0, TEXT("tick")};
    const void *bytes = &tick;
    char dst[1];
    size_t taken = 1, offered = 1, len = 1;
    static sink peer;

    sink_start(&peer, NULL, 0, SINK_ALL);
    assert_int_equal(sse_writer_send(w, &tick), status);
    assert_int_equal(sse_writer_send_parts(w, NULL, 0, NULL, 0, "x", 1), status);
    assert_int_equal(sse_writer_begin(w, NULL), status);
    assert_int_equal(sse_writer_append(w, "x", 1, &taken), status);
    assert_int_equal(taken, 0);
    assert_int_equal(sse_writer_finish(w), status);
    assert_int_equal(sse_writer_raw(w, "x", 1), status);
    assert_int_equal(sse_writer_peek(w, &bytes, &offered), status);
    assert_null(bytes);
    assert_int_equal(offered, 0);
    assert_int_equal(sse_writer_consume(w, 0), status);
    assert_int_equal(sse_writer_read(w, dst, sizeof dst, &len), status);
    assert_int_equal(len, 0);
    assert_int_equal(sse_writer_flush(w, sink_take, &peer), status);
    assert_int_equal(peer.calls, 0);
    assert_int_equal(sse_writer_close(w), status);
    assert_int_equal(sse_writer_idle(w), 0);
}

static void no_writer_is_refused_by_each_function(void **state)
{
    (void)state;
    assert_all_return(NULL, SSE_E_ARG);
    assert_int_equal(sse_writer_pending(NULL), 0);
}

static void memory_that_is_all_zero_is_refused_by_each_function(void **state)
{
    size_t words[SSE_WRITER_WORDS(SSE_WRITER_CAPACITY_MIN)] = {0};
    sse_writer *w = (sse_writer *)words;

    (void)state;
    assert_all_return(w, SSE_E_ARG);
    assert_int_equal(sse_writer_pending(w), 0);
}

static void a_failed_sink_is_told_by_each_function_ever_after(void **state)
{
    static const sink_step steps[] = {SINK_TAKE(3), SINK_FAIL};
    static sink peer;
    size_t i, n;

    (void)state;
    for (i = 0; i < 2; i++) {
        sse_writer *w = block_writer(&memory, CAPACITY, framings[i]);

        assert_int_equal(send_text(w, "tick"), SSE_OK);
        sink_start(&peer, steps, 2, SINK_ALL);
        assert_int_equal(sse_writer_flush(w, sink_take, &peer), SSE_E_IO);
        assert_int_equal(peer.calls, 2);
        assert_int_equal(sse_writer_read(w, NULL, 0, &n), SSE_E_IO);
        assert_all_return(w, SSE_E_IO);
        assert_all_return(w, SSE_E_IO);
    }
}

/* An event open, one byte of the offer consumed, the ring wrapped: the copy knows it all. */
static void a_writer_that_was_moved_goes_on(void **state)
{
    block other = {0};
    size_t i;

    (void)state;
    for (i = 0; i < 2; i++) {
        sse_writer *w = block_writer_at(&memory, CAPACITY + 48 * i, framings[i], CAPACITY - 20);
        void *moved = block_of(&other, memory.size);

        other.flags = framings[i];
        assert_int_equal(sse_writer_begin(w, NULL), SSE_OK);
        append_text(w, "a\r");
        take(w, 1);
        memcpy(moved, memory.start, memory.size);
        memset(memory.start, 0, memory.size);
        w = moved;
        assert_int_equal(send_text(w, "tick"), SSE_E_STATE);
        append_text(w, "\nb");
        assert_int_equal(sse_writer_finish(w), SSE_OK);
        assert_same_text(block_payload(&other), SSE_LIT("data: a\ndata: b\n\n"));
        assert_int_equal(block_is_intact(&other), 1);
    }
    block_free(&other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        writer_test(what_is_sent_after_close_is_refused),
        writer_test(close_writes_the_last_chunk_once_however_often_it_is_called),
        writer_test(close_without_chunks_writes_nothing),
        writer_test(close_leaves_an_open_event_unfinished),
        writer_test(pending_counts_the_bytes_that_are_queued_and_not_consumed),
        writer_test(a_stream_is_idle_when_nothing_is_queued_or_open_and_it_was_not_closed),
        writer_test(no_writer_is_refused_by_each_function),
        writer_test(memory_that_is_all_zero_is_refused_by_each_function),
        writer_test(a_failed_sink_is_told_by_each_function_ever_after),
        writer_test(a_writer_that_was_moved_goes_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
