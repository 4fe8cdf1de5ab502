/* SPDX-License-Identifier: MIT */
/* test_writer_parts.c - the flat calls, which are the calls with a struct given part by part, and
 * the way back out of an event. */
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

/* What is queued after a call, copied. */
static sse_str queued(char *bytes)
{
    const sse_str text = block_queued(&memory);
    sse_str copy = {bytes, text.len};

    if (text.len > 0)
        memcpy(bytes, text.ptr, text.len);
    return copy;
}

/* Each part absent, empty, full, wrong and missing, in every combination. */
static void an_event_given_part_by_part_is_the_same_event(void **state)
{
    static const sse_str parts[] = {ABSENT, TEXT(""), TEXT("a b"), TEXT("a\nb"), {NULL, 1}};
    size_t type, id, data;
    char bytes[128];

    (void)state;
    for (type = 0; type < 5; type++) {
        for (id = 0; id < 5; id++) {
            const sse_event head = {ABSENT, parts[type], parts[id], 0, ABSENT};
            int want = sse_writer_begin(block_writer(&memory, CAPACITY, 0), &head);
            sse_str text = queued(bytes);

            if (type == 0 && id == 0)
                assert_same_text(text, SSE_LIT("data: "));
            assert_int_equal(sse_writer_begin_parts(block_writer(&memory, CAPACITY, 0),
                                                    head.type.ptr, head.type.len, head.id.ptr,
                                                    head.id.len),
                             want);
            assert_same_text(block_queued(&memory), text);
            for (data = 1; data < 5; data++) {
                const sse_event ev = {ABSENT, parts[type], parts[id], 0, parts[data]};

                want = sse_writer_send(block_writer(&memory, CAPACITY, 0), &ev);
                text = queued(bytes);
                assert_int_equal(sse_writer_send_parts(block_writer(&memory, CAPACITY, 0),
                                                       ev.type.ptr, ev.type.len, ev.id.ptr,
                                                       ev.id.len, ev.data.ptr, ev.data.len),
                                 want);
                assert_same_text(block_queued(&memory), text);
            }
        }
    }
}

static void data_that_is_given_part_by_part_is_never_absent(void **state)
{
    sse_writer *w = block_writer(&memory, CAPACITY, 0);

    (void)state;
    assert_int_equal(sse_writer_send_parts(w, NULL, 0, NULL, 0, NULL, 0), SSE_OK);
    assert_same_text(block_queued(&memory), SSE_LIT("data: \n\n"));
}

static void a_comment_and_a_reconnection_time_can_stand_alone(void **state)
{
    sse_writer *w = block_writer(&memory, CAPACITY, 0);

    (void)state;
    assert_int_equal(sse_writer_comment(w, NULL, 0), SSE_OK);
    assert_int_equal(sse_writer_comment(w, "a\nb", 3), SSE_OK);
    assert_int_equal(sse_writer_retry(w, 1500), SSE_OK);
    assert_same_text(block_queued(&memory), SSE_LIT(":\n\n: a\n: b\n\nretry: 1500\n\n"));
    assert_int_equal(sse_writer_comment(w, NULL, 1), SSE_E_ARG);
    assert_int_equal(sse_writer_retry(w, 0), SSE_E_RANGE);
    assert_int_equal(sse_writer_retry(w, SSE_RETRY_MAX + 1), SSE_E_RANGE);
    assert_int_equal(sse_writer_comment(w, filler, CAPACITY), SSE_E_TOOBIG);
    assert_int_equal(sse_writer_comment(w, filler, CAPACITY - 4), SSE_AGAIN);
    assert_int_equal(sse_writer_begin(w, NULL), SSE_OK);
    assert_int_equal(sse_writer_comment(w, NULL, 0), SSE_E_STATE);
    assert_int_equal(sse_writer_retry(w, 0), SSE_E_STATE);
    assert_int_equal(sse_writer_retry(NULL, 0), SSE_E_ARG);
}

static void an_event_that_was_taken_back_was_never_there(void **state)
{
    size_t i, offset, before;

    (void)state;
    for (i = 0; i < 2; i++) {
        for (offset = 0; offset < CAPACITY; offset++) {
            sse_writer *w = block_writer_at(&memory, CAPACITY, framings[i], offset);
            size_t taken;

            assert_int_equal(sse_writer_comment(w, NULL, 0), SSE_OK);
            before = sse_writer_pending(w);
            assert_int_equal(sse_writer_begin_parts(w, "t", 1, NULL, 0), SSE_OK);
            assert_true(sse_writer_append(w, "x\r", 2, &taken) >= SSE_OK);
            assert_int_equal(sse_writer_cancel(w), SSE_OK);
            assert_int_equal(sse_writer_pending(w), before);
            assert_int_equal(sse_writer_cancel(w), SSE_E_STATE);
            take(w, 1); /* of block_writer_at */
            assert_int_equal(sse_writer_begin(w, NULL), SSE_OK);
            assert_int_equal(sse_writer_append(w, "\n", 1, &taken),
                             SSE_OK); /* no half of a break */
            take(w, before - 1);
            assert_same_text(block_payload(&memory), SSE_LIT("data: \ndata: "));
            assert_int_equal(sse_writer_cancel(w), SSE_OK);
            assert_int_equal(sse_writer_idle(w), 1);
        }
    }
}

static void an_event_of_which_a_byte_was_shown_stays(void **state)
{
    size_t i;

    (void)state;
    for (i = 0; i < 2; i++) {
        sse_writer *w = block_writer(&memory, CAPACITY, framings[i]);
        const void *bytes;
        size_t len, before, taken;

        assert_int_equal(sse_writer_comment(w, NULL, 0), SSE_OK);
        before = sse_writer_pending(w);
        assert_int_equal(sse_writer_peek(w, &bytes, &len), SSE_OK);
        assert_int_equal(sse_writer_begin(w, NULL), SSE_OK);
        assert_int_equal(sse_writer_cancel(w), SSE_OK); /* what is offered ends before it */
        assert_int_equal(sse_writer_begin(w, NULL), SSE_OK);
        take(w, before);
        assert_int_equal(sse_writer_peek(w, &bytes, &len), SSE_OK);
        assert_int_equal(sse_writer_cancel(w), SSE_E_STATE);
        assert_int_equal(sse_writer_consume(w, 0), SSE_OK); /* the offer is withdrawn */
        assert_int_equal(sse_writer_cancel(w), SSE_OK);
        assert_int_equal(sse_writer_begin(w, NULL), SSE_OK);
        take(w, 1);
        while (sse_writer_append(w, filler, CAPACITY, &taken) == SSE_AGAIN && taken > 0)
            ;
        assert_int_equal(sse_writer_cancel(w), SSE_E_STATE);
        take(w, sse_writer_pending(w));
        assert_int_equal(sse_writer_append(w, "x", 1, &taken), SSE_OK);
        assert_int_equal(sse_writer_cancel(w), SSE_E_STATE);
        assert_int_equal(sse_writer_finish(w), SSE_OK);
        assert_int_equal(sse_writer_cancel(w), SSE_E_STATE);
    }
}

static void the_first_event_of_a_writer_can_be_taken_back(void **state)
{
    sse_writer *w = block_writer(&memory, SSE_WRITER_CAPACITY_MIN, 0);

    (void)state;
    assert_int_equal(sse_writer_begin(w, NULL), SSE_OK);
    append_text(w, "x");
    assert_int_equal(sse_writer_cancel(w), SSE_OK);
    assert_int_equal(sse_writer_pending(w), 0);
}

static void cancel_is_refused_without_an_event_after_close_and_without_a_writer(void **state)
{
    sse_writer *w = block_writer(&memory, CAPACITY, 0);

    (void)state;
    assert_int_equal(sse_writer_cancel(NULL), SSE_E_ARG);
    assert_int_equal(sse_writer_cancel(w), SSE_E_STATE);
    assert_int_equal(sse_writer_begin(w, NULL), SSE_OK);
    assert_int_equal(sse_writer_close(w), SSE_OK);
    assert_int_equal(sse_writer_cancel(w), SSE_E_STATE);
    assert_int_equal(sse_writer_pending(w), 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        writer_test(an_event_given_part_by_part_is_the_same_event),
        writer_test(data_that_is_given_part_by_part_is_never_absent),
        writer_test(a_comment_and_a_reconnection_time_can_stand_alone),
        writer_test(an_event_that_was_taken_back_was_never_there),
        writer_test(an_event_of_which_a_byte_was_shown_stays),
        writer_test(the_first_event_of_a_writer_can_be_taken_back),
        writer_test(cancel_is_refused_without_an_event_after_close_and_without_a_writer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
