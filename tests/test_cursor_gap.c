/* test_cursor_gap.c - what a reader is told when the log has dropped what it wanted: a gap, which
 * it can skip, or a stream that is torn. */
#include "sse/cursor.h"

#include "history.h"
#include "reader.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static history h;
static reader r;
static reader_stream stream;

/* A log with a few events of 40 bytes, and a reader ahead of the first. */
static void begin(uint32_t events, size_t room, int count)
{
    history_begin(&h, events, room, 0xa, 0);
    for (; count > 0; count--)
        history_append(&h, 40, 0, 0, 0);
    reader_begin(&r, &h, &stream, 1, 0, NULL);
}

static void append(size_t len)
{
    assert_int_equal(history_append(&h, len, 0, 0, 0), SSE_OK);
}

static int finish(void **state)
{
    (void)state;
    if (r.h)
        reader_end(&r);
    if (h.memory.ptr)
        history_end(&h);
    memset(&r, 0, sizeof r);
    return 0;
}

static void a_reader_is_told_of_what_was_dropped_and_can_skip_it(void **state)
{
    uint64_t first = 99, count = 99;

    (void)state;
    begin(2, 500, 2);
    assert_int_equal(sse_cursor_skip(&r.c, h.log, &first, &count), SSE_OK);
    assert_int_equal(count, 0);
    append(40);
    append(40);
    append(40);
    assert_int_equal(reader_peek(&r, 4), SSE_GAP);
    assert_int_equal(reader_read(&r, 100), SSE_GAP);
    assert_int_equal(sse_cursor_next(&r.c), 1);
    assert_int_equal(sse_cursor_skip(&r.c, h.log, &first, &count), SSE_OK);
    assert_int_equal(first, 1);
    assert_int_equal(count, 3);
    assert_int_equal(sse_cursor_next(&r.c), 4);
    reader_begin(&r, &h, &stream, 4, 0, NULL);
    assert_int_equal(reader_read(&r, 100), SSE_OK);
    assert_int_equal(r.count, 2);
}

static void a_log_that_is_empty_can_have_dropped_events_too(void **state)
{
    (void)state;
    begin(4, 500, 3);
    history_expire(&h, 1);
    assert_int_equal(reader_peek(&r, 1), SSE_GAP);
    assert_int_equal(reader_skip(&r), SSE_OK);
    assert_int_equal(r.next, 4);
    assert_int_equal(reader_peek(&r, 1), SSE_AGAIN);
    append(40);
    assert_int_equal(reader_read(&r, 100), SSE_OK);
    assert_int_equal(r.count, 1);
}

static void an_event_that_goes_while_a_part_of_it_is_taken_tears_the_stream(void **state)
{
    (void)state;
    begin(2, 500, 2);
    assert_int_equal(reader_read(&r, 1), SSE_OK);
    append(40);
    assert_int_equal(reader_peek(&r, 1), SSE_E_TORN);
    assert_int_equal(reader_read(&r, 10), SSE_E_TORN);
    assert_int_equal(reader_skip(&r), SSE_E_TORN);
    assert_int_equal(reader_consume(&r, 0), SSE_OK);
    assert_int_equal(reader_peek(&r, 1), SSE_E_TORN);
}

static void an_event_that_goes_while_it_is_offered_tears_the_stream(void **state)
{
    (void)state;
    begin(2, 500, 2);
    assert_int_equal(reader_peek(&r, 1), SSE_OK);
    append(40);
    assert_int_equal(reader_peek(&r, 1), SSE_E_TORN);
    assert_int_equal(reader_skip(&r), SSE_E_TORN);
    assert_int_equal(reader_consume(&r, 1), SSE_E_TORN);
    assert_int_equal(reader_read(&r, 10), SSE_E_TORN);
    assert_int_equal(reader_consume(&r, 0), SSE_OK); /* the transport had none of it after all */
    assert_int_equal(reader_peek(&r, 1), SSE_GAP);
    assert_int_equal(reader_skip(&r), SSE_OK);
    assert_int_equal(reader_read(&r, 100), SSE_OK);
    assert_int_equal(r.count, 2);
}

static void an_event_that_was_taken_may_go(void **state)
{
    (void)state;
    begin(2, 500, 2);
    assert_int_equal(reader_peek(&r, 1), SSE_OK);
    assert_int_equal(reader_consume(&r, 40), SSE_OK);
    append(40);
    assert_int_equal(reader_read(&r, 100), SSE_OK);
    assert_int_equal(r.count, 3);
}

#define reader_test(name) cmocka_unit_test_teardown(name, finish)

int main(void)
{
    const struct CMUnitTest tests[] = {
        reader_test(a_reader_is_told_of_what_was_dropped_and_can_skip_it),
        reader_test(a_log_that_is_empty_can_have_dropped_events_too),
        reader_test(an_event_that_goes_while_a_part_of_it_is_taken_tears_the_stream),
        reader_test(an_event_that_goes_while_it_is_offered_tears_the_stream),
        reader_test(an_event_that_was_taken_may_go),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
