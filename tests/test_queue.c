/* SPDX-License-Identifier: MIT */
/* test_queue.c - the queue as a subscriber uses it, by the private interface of src/queue.h: what
 * goes in before the rest, what is kept free, and offers that are limited. The ring begins at every
 * place. */
#include "../src/queue.h" /* a private interface */

#include "block.h"
#include "moves.h"
#include "parsed.h"
#include "text.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

enum { CAPACITY = 80, FRAME = 12 };

static const uint32_t framings[] = {0, SSE_WRITER_CHUNKED};

static const sse_event tick = {ABSENT, ABSENT, ABSENT, 0, TEXT("tick")}; /* 12 bytes */
static const sse_event beat = {TEXT(""), ABSENT, ABSENT, 0, ABSENT};     /* 3 bytes */

static void what_is_put_in_front_goes_first(void **state)
{
    size_t i, offset;

    (void)state;
    for (i = 0; i < 2; i++) {
        for (offset = 0; offset < CAPACITY; offset++) {
            const size_t frame = framings[i] ? FRAME : 0;
            sse_writer *const w = block_writer_at(&memory, CAPACITY, framings[i], offset);
            char start[5];
            size_t len = 99;

            take(w, 1); /* of block_writer_at */
            w->read = offset;
            assert_int_equal(sse_queue_event_front(w, &beat, &len), SSE_OK);
            assert_int_equal(len, 3 + frame);
            assert_int_equal(sse_writer_send(w, &tick), SSE_OK);
            assert_int_equal(sse_queue_event_front(w, &tick, &len), SSE_OK);
            assert_int_equal(len, 12 + frame);
            assert_int_equal(sse_queue_free(w), CAPACITY - 27 - 3 * frame);
            assert_same_text(block_payload(&memory), SSE_LIT("data: tick\n\n:\n\ndata: tick\n\n"));
            memcpy(start, block_queued(&memory).ptr, sizeof start);
            take(w, sizeof start);
            sse_queue_bytes_front(w, start, sizeof start);
            assert_same_text(block_payload(&memory), SSE_LIT("data: tick\n\n:\n\ndata: tick\n\n"));
        }
    }
}

static void the_line_of_a_comment_goes_in_front_without_a_block_of_its_own(void **state)
{
    size_t i;

    (void)state;
    for (i = 0; i < 2; i++) {
        sse_writer *const w = block_writer(&memory, CAPACITY, framings[i]);
        size_t len = 99;

        assert_int_equal(sse_writer_send(w, &tick), SSE_OK);
        assert_int_equal(sse_queue_event_front(w, NULL, &len), SSE_OK);
        assert_int_equal(len, 2 + (framings[i] ? FRAME : 0));
        assert_same_text(block_payload(&memory), SSE_LIT(":\ndata: tick\n\n"));
    }
}

static void what_does_not_fit_in_front_waits(void **state)
{
    size_t i, offset;

    (void)state;
    for (i = 0; i < 2; i++) {
        for (offset = 0; offset < CAPACITY; offset++) {
            const size_t need = 12 + (framings[i] ? FRAME : 0);
            sse_writer *const w = block_writer_at(&memory, CAPACITY, framings[i], offset);
            size_t len = 99;

            while (sse_queue_free(w) >= need)
                assert_int_equal(sse_queue_event_front(w, &tick, &len), SSE_OK);
            assert_int_equal(sse_queue_event_front(w, &tick, &len), SSE_AGAIN);
            assert_int_equal(len, 0);
            /* Closed, the reserve for the last chunk is used, or of no use to anybody. */
            assert_int_equal(sse_writer_pending(w), CAPACITY - sse_queue_free(w));
            assert_int_equal(sse_writer_close(w), SSE_OK);
            assert_int_equal(sse_writer_pending(w),
                             CAPACITY - sse_queue_free(w) + (framings[i] ? 5 : 0));
        }
    }
}

static void an_event_goes_in_front_with_an_open_one_after_it(void **state)
{
    sse_writer *const w = block_writer(&memory, CAPACITY, 0);
    size_t len;

    (void)state;
    assert_int_equal(sse_writer_begin(w, NULL), SSE_OK);
    assert_int_equal(sse_queue_event_front(w, &beat, &len), SSE_OK);
    assert_int_equal(sse_writer_cancel(w), SSE_OK);
    assert_same_text(block_queued(&memory), SSE_LIT(":\n\n"));
}

static void nothing_goes_in_front_of_an_offer(void **state)
{
    sse_writer *const w = block_writer(&memory, CAPACITY, 0);
    const sse_event forged = {ABSENT, TEXT("a\nb"), ABSENT, 0, TEXT("x")};
    const void *bytes;
    size_t len;

    (void)state;
    assert_int_equal(sse_writer_send(w, &tick), SSE_OK);
    assert_int_equal(sse_queue_limit_peek(w, 1, &bytes, &len), SSE_OK); /* however short */
    assert_int_equal(sse_queue_event_front(w, &beat, &len), SSE_E_STATE);
    assert_int_equal(len, 0);
    sse_queue_withdraw(w);
    assert_int_equal(sse_queue_event_front(w, &forged, &len), SSE_E_FIELD);
    assert_int_equal(sse_queue_event_front(w, &beat, &len), SSE_OK);
    assert_same_text(block_queued(&memory), SSE_LIT(":\n\ndata: tick\n\n"));
    w->state |= QUEUE_FAILED;
    assert_int_equal(sse_queue_event_front(w, &beat, &len), SSE_E_IO);
    assert_int_equal(len, 0);
}

/* Every amount that may be kept, in a queue that is empty and in one that is not. */
static void send_keeps_as_much_free_as_it_is_told(void **state)
{
    size_t i, keep, used;

    (void)state;
    for (i = 0; i < 2; i++) {
        for (used = 0; used <= CAPACITY; used++) {
            for (keep = 0; keep < 2 * CAPACITY; keep++) {
                const size_t need = 12 + (framings[i] ? FRAME : 0);
                sse_writer *const w = block_writer(&memory, CAPACITY, framings[i]);
                char filler[CAPACITY] = {0};
                int want = SSE_OK;

                assert_int_equal(sse_writer_raw(w, filler, used), SSE_OK);
                if (need + keep > CAPACITY)
                    want = SSE_E_TOOBIG;
                else if (used + need + keep > CAPACITY)
                    want = SSE_AGAIN;
                assert_int_equal(sse_queue_send(w, &tick, keep), want);
                assert_int_equal(sse_writer_pending(w), want == SSE_OK ? used + need : used);
            }
        }
    }
}

static void send_refuses_what_the_writer_refuses(void **state)
{
    sse_writer *const w = block_writer(&memory, CAPACITY, SSE_WRITER_CHUNKED);
    const sse_event forged = {ABSENT, TEXT("a\nb"), ABSENT, 0, TEXT("x")};

    (void)state;
    assert_int_equal(sse_queue_send(w, &forged, 0), SSE_E_FIELD);
    assert_int_equal(sse_queue_send(w, NULL, 0), SSE_E_ARG);
    assert_int_equal(sse_queue_send(w, &tick, SIZE_MAX), SSE_E_TOOBIG);
    assert_int_equal(sse_queue_send(w, &tick, 0), SSE_OK);
    take(w, sse_writer_pending(w));
    assert_int_equal(sse_writer_raw(w, ":\n\n", 3),
                     SSE_OK); /* after an event, so that it is framed */
    assert_same_text(block_queued(&memory), SSE_LIT("00000003\r\n:\n\n\r\n"));
    assert_int_equal(sse_writer_close(w), SSE_OK);
    assert_int_equal(sse_queue_send(w, &tick, 0), SSE_E_STATE);
}

static void a_new_offer_is_no_longer_than_the_limit_and_one_that_is_out_stays(void **state)
{
    size_t most, offset;

    (void)state;
    for (most = 1; most < 20; most++) {
        for (offset = 0; offset < CAPACITY; offset++) {
            sse_writer *const w = block_writer_at(&memory, CAPACITY, 0, offset);
            const void *bytes, *again;
            size_t len, most_len, whole;

            assert_int_equal(sse_writer_send(w, &tick), SSE_OK);
            assert_int_equal(sse_writer_peek(w, &bytes, &whole), SSE_OK);
            assert_int_equal(sse_queue_limit_peek(w, 1, &again, &len), SSE_OK);
            assert_ptr_equal(again, bytes);
            assert_int_equal(len, whole);
            sse_queue_withdraw(w);
            assert_int_equal(sse_queue_limit_peek(w, most, &bytes, &most_len), SSE_OK);
            assert_int_equal(most_len, most < whole ? most : whole);
            assert_int_equal(sse_writer_peek(w, &again, &len), SSE_OK);
            assert_ptr_equal(again, bytes);
            assert_int_equal(len, most_len);
            assert_int_equal(sse_writer_consume(w, most_len + 1), SSE_E_ARG);
        }
    }
}

static void there_is_no_limited_offer_where_there_is_none(void **state)
{
    sse_writer *const w = block_writer(&memory, CAPACITY, 0);
    const void *bytes = w;
    size_t len = 99;

    (void)state;
    assert_int_equal(sse_queue_limit_peek(w, 1, &bytes, &len), SSE_AGAIN);
    assert_null(bytes);
    assert_int_equal(len, 0);
    assert_int_equal(sse_writer_close(w), SSE_OK);
    assert_int_equal(sse_queue_limit_peek(w, 1, &bytes, &len), SSE_END);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        writer_test(what_is_put_in_front_goes_first),
        writer_test(the_line_of_a_comment_goes_in_front_without_a_block_of_its_own),
        writer_test(what_does_not_fit_in_front_waits),
        writer_test(an_event_goes_in_front_with_an_open_one_after_it),
        writer_test(nothing_goes_in_front_of_an_offer),
        writer_test(send_keeps_as_much_free_as_it_is_told),
        writer_test(send_refuses_what_the_writer_refuses),
        writer_test(a_new_offer_is_no_longer_than_the_limit_and_one_that_is_out_stays),
        writer_test(there_is_no_limited_offer_where_there_is_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
