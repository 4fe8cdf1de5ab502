/* SPDX-License-Identifier: MIT */
/* test_http_send.c - an answer goes into the queue of its connection: what may go where, and when.
 * What its bytes are is in test_http_head.c. */
#include "sse/http.h"

#include "moves.h"
#include "sink.h"
#include "text.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

enum { ROOM = 1024 };

static const sse_http_answer raw = {.version = SSE_HTTP_1_1};
static const sse_http_answer managed;
static const sse_http_answer chunked = {.version = SSE_HTTP_1_1, .flags = SSE_HTTP_CHUNKED};
static const sse_http_answer refusal = {.version = SSE_HTTP_1_1, .status = 503};

/* Demand that the call returns this, and changes nothing. */
static void assert_refused(sse_writer *w, const sse_http_answer *a, int want)
{
    const size_t before = sse_writer_pending(w);

    assert_int_equal(sse_http_send(a, w), want);
    assert_int_equal(sse_writer_pending(w), before);
}

static void it_fits_whole_or_not_at_all(void **state)
{
    size_t need, capacity;

    (void)state;
    assert_int_equal(sse_http_head(&raw, NULL, 0, &need), SSE_E_SPACE);
    for (capacity = SSE_WRITER_CAPACITY_MIN; capacity < need; capacity++)
        assert_refused(block_writer(&memory, capacity, 0), &raw, SSE_E_TOOBIG);
    assert_int_equal(sse_http_send(&raw, block_writer(&memory, need, 0)), SSE_OK);
}

static void where_bytes_are_queued_it_waits_for_room(void **state)
{
    sse_writer *w;
    size_t need;

    (void)state;
    assert_int_equal(sse_http_head(&raw, NULL, 0, &need), SSE_E_SPACE);
    w = block_writer(&memory, need, 0);
    assert_int_equal(sse_writer_raw(w, "HTTP/1.1 100 Continue\r\n\r\n", 25), SSE_OK);
    assert_refused(w, &raw, SSE_AGAIN);
    take(w, 25);
    assert_int_equal(sse_http_send(&raw, w), SSE_OK);
    assert_int_equal(sse_writer_pending(w), need);
}

static void it_comes_before_the_first_event(void **state)
{
    sse_writer *w = block_writer(&memory, ROOM, 0);

    (void)state;
    assert_int_equal(send_text(w, "tick"), SSE_OK);
    assert_refused(w, &raw, SSE_E_STATE);
    assert_refused(w, NULL, SSE_E_STATE);
    take(w, sse_writer_pending(w));
    assert_refused(w, &raw, SSE_E_STATE);
    w = block_writer(&memory, ROOM, 0);
    assert_int_equal(sse_writer_begin(w, NULL), SSE_OK);
    assert_refused(w, &raw, SSE_E_STATE);
    w = block_writer(&memory, ROOM, 0);
    assert_int_equal(sse_writer_close(w), SSE_OK);
    assert_refused(w, &raw, SSE_E_STATE);
}

static void a_connection_that_has_failed_gets_none(void **state)
{
    static const sink_step fails = SINK_FAIL;
    static sink peer;
    sse_writer *const w = block_writer(&memory, ROOM, 0);

    (void)state;
    sink_start(&peer, &fails, 1, SINK_ALL);
    assert_int_equal(sse_writer_raw(w, "HTTP/1.1 100 Continue\r\n\r\n", 25), SSE_OK);
    assert_int_equal(sse_writer_flush(w, sink_take, &peer), SSE_E_IO);
    assert_refused(w, &raw, SSE_E_IO);
}

static void a_body_is_framed_once(void **state)
{
    (void)state;
    assert_refused(block_writer(&memory, ROOM, SSE_WRITER_CHUNKED), &raw, SSE_E_ARG);
    assert_refused(block_writer(&memory, ROOM, SSE_WRITER_CHUNKED), &managed, SSE_E_ARG);
    assert_refused(block_writer(&memory, ROOM, SSE_WRITER_CHUNKED), &refusal, SSE_E_ARG);
    assert_refused(block_writer(&memory, ROOM, 0), &chunked, SSE_E_ARG);
    assert_int_equal(sse_http_send(&chunked, block_writer(&memory, ROOM, SSE_WRITER_CHUNKED)),
                     SSE_OK);
}

static void what_follows_is_framed_as_before(void **state)
{
    sse_writer *w = block_writer(&memory, ROOM, 0);
    size_t before;

    (void)state;
    assert_int_equal(sse_http_send(&managed, w), SSE_OK);
    before = sse_writer_pending(w);
    assert_int_equal(send_of(w, LEAST_EVENT), SSE_OK);
    assert_int_equal(sse_writer_pending(w), before + LEAST_EVENT);
}

static void what_is_no_answer_or_no_writer_is_refused(void **state)
{
    static const size_t zero[SSE_WRITER_WORDS(ROOM)];
    sse_http_answer a = raw;

    (void)state;
    assert_int_equal(sse_http_send(&raw, NULL), SSE_E_ARG);
    assert_int_equal(sse_http_send(&raw, (sse_writer *)(uintptr_t)zero), SSE_E_ARG);
    assert_refused(block_writer(&memory, ROOM, 0), NULL, SSE_E_ARG);
    a.status = 302;
    assert_refused(block_writer(&memory, ROOM, 0), &a, SSE_E_RANGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        writer_test(it_fits_whole_or_not_at_all),
        writer_test(where_bytes_are_queued_it_waits_for_room),
        writer_test(it_comes_before_the_first_event),
        writer_test(a_connection_that_has_failed_gets_none),
        writer_test(a_body_is_framed_once),
        writer_test(what_follows_is_framed_as_before),
        writer_test(what_is_no_answer_or_no_writer_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
