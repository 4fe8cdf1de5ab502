/* test_cursor.c - a reader of a log: what it is offered, and what it may take. What it is told of
 * events that are gone is in test_cursor_gap.c, filters and coalescing in test_cursor_choice.c. */
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

static void a_cursor_stands_ahead_of_an_event_or_is_refused(void **state)
{
    sse_cursor c;
    uint32_t flag;

    (void)state;
    assert_int_equal(sse_cursor_init(NULL, 1, 0, NULL, NULL), SSE_E_ARG);
    assert_int_equal(sse_cursor_init(&c, 0, 0, NULL, NULL), SSE_E_ARG);
    for (flag = 1; flag; flag <<= 1)
        assert_int_equal(sse_cursor_init(&c, 1, flag, NULL, NULL),
                         flag == SSE_COALESCE ? SSE_OK : SSE_E_ARG);
    assert_int_equal(sse_cursor_init(&c, 7, 0, NULL, NULL), SSE_OK);
    assert_int_equal(sse_cursor_next(&c), 7);
    assert_int_equal(sse_cursor_next(NULL), 0);
    assert_int_equal(sse_cursor_size(), sizeof c);
}

/* Demand that a cursor and a log are refused, and that what comes out is written. */
static void assert_refused(sse_cursor *c, const sse_history *log, sse_str *runs, size_t cap)
{
    size_t count = 99, len = 99;
    uint64_t first = 99, lost = 99;
    char byte;

    assert_int_equal(sse_cursor_peek(c, log, runs, cap, &count), SSE_E_ARG);
    assert_int_equal(count, 0);
    assert_int_equal(sse_cursor_read(c, log, cap ? &byte : NULL, cap, &len), SSE_E_ARG);
    assert_int_equal(len, 0);
    if (runs == NULL || cap == 0)
        return;
    assert_int_equal(sse_cursor_consume(c, log, 0), SSE_E_ARG);
    assert_int_equal(sse_cursor_skip(c, log, &first, &lost), SSE_E_ARG);
    assert_int_equal(first, 0);
    assert_int_equal(lost, 0);
}

static void what_is_no_cursor_or_no_log_is_refused(void **state)
{
    const uint64_t zero[SSE_HISTORY_WORDS(1, 64)] = {0};
    const sse_history *const none = (const sse_history *)zero;
    sse_cursor empty;
    sse_str runs[2];
    size_t count = 99, len = 99;
    char byte;

    (void)state;
    memset(&empty, 0, sizeof empty);
    begin(4, 200, 2);
    assert_refused(NULL, h.log, runs, 2);
    assert_refused(&empty, h.log, runs, 2);
    assert_refused(&r.c, NULL, runs, 2);
    assert_refused(&r.c, none, runs, 2);
    assert_refused(&r.c, h.log, runs, 0);
    assert_int_equal(sse_cursor_peek(&r.c, h.log, runs, 2, NULL), SSE_E_ARG);
    assert_int_equal(sse_cursor_peek(&r.c, h.log, NULL, 2, &count), SSE_E_ARG);
    assert_int_equal(count, 0);
    assert_int_equal(sse_cursor_read(&r.c, h.log, &byte, 0, &len), SSE_E_ARG);
    assert_int_equal(len, 0);
    assert_int_equal(sse_cursor_next(&empty), 0);
    assert_int_equal(reader_peek(&r, 2), SSE_OK);
}

static void at_the_end_a_reader_waits_for_what_comes(void **state)
{
    (void)state;
    begin(4, 200, 0);
    assert_int_equal(reader_peek(&r, 2), SSE_AGAIN);
    assert_int_equal(reader_read(&r, 10), SSE_AGAIN);
    append(40);
    assert_int_equal(reader_peek(&r, 2), SSE_OK);
    assert_int_equal(r.offer, 40);
    assert_int_equal(reader_consume(&r, 40), SSE_OK);
    assert_int_equal(reader_peek(&r, 2), SSE_AGAIN);
    assert_int_equal(sse_cursor_next(&r.c), 2);
}

static void a_reader_that_is_behind_is_offered_all_at_once(void **state)
{
    int count;

    (void)state;
    for (count = 1; count < 15; count++) {
        begin(10, 230, count);
        reader_begin(&r, &h, &stream, h.first, 0, NULL);
        assert_int_equal(reader_peek(&r, READER_RUNS), SSE_OK);
        assert_true(r.run_count <= 2);
        assert_int_equal(r.offer, 40 * (h.end - h.first));
        assert_int_equal(reader_consume(&r, r.offer), SSE_OK);
        assert_int_equal(reader_peek(&r, READER_RUNS), SSE_AGAIN);
        reader_end(&r);
        history_end(&h);
    }
}

static void an_offer_is_frozen_until_it_is_consumed(void **state)
{
    (void)state;
    begin(10, 500, 2);
    assert_int_equal(reader_peek(&r, 4), SSE_OK);
    append(40);
    reader_is_frozen(&r);
    assert_int_equal(r.offer, 80);
    assert_int_equal(reader_consume(&r, 0), SSE_OK);
    assert_int_equal(reader_peek(&r, 4), SSE_OK);
    assert_int_equal(r.offer, 120);
    assert_int_equal(reader_consume(&r, 50), SSE_OK);
    append(40);
    assert_int_equal(reader_peek(&r, 4), SSE_OK);
    assert_int_equal(r.offer, 110);
    assert_int_equal(sse_cursor_next(&r.c), 2);
}

/* The ring has turned: the oldest event lies behind the newer ones. */
static void a_smaller_cap_shows_fewer_runs(void **state)
{
    sse_str runs[2];
    size_t count;

    (void)state;
    begin(10, 150, 5);
    reader_begin(&r, &h, &stream, h.first, 0, NULL);
    assert_int_equal(reader_peek(&r, 2), SSE_OK);
    assert_int_equal(r.run_count, 2);
    assert_int_equal(sse_cursor_peek(&r.c, h.log, runs, 1, &count), SSE_OK);
    assert_int_equal(count, 1);
    assert_ptr_equal(runs[0].ptr, r.runs[0].ptr);
    assert_int_equal(runs[0].len, r.runs[0].len);
    reader_is_frozen(&r);
    assert_int_equal(reader_consume(&r, r.offer), SSE_OK);
}

static void bytes_can_be_taken_in_parts_of_any_size(void **state)
{
    size_t part, variant;

    (void)state;
    for (variant = 0; variant < 4; variant++)
        for (part = 1; part < 130; part++) {
            int i;

            history_begin(&h, 10, 190, variant & 2 ? 0xa : 0, variant & 1 ? SSE_HISTORY_CHUNKED : 0);
            for (i = 0; i < 9; i++)
                append(20 + (size_t)i);
            reader_begin(&r, &h, &stream, h.first, 0, NULL);
            while (reader_peek(&r, 1 + part % 3) == SSE_OK)
                assert_int_equal(reader_consume(&r, r.offer < part ? r.offer : part), SSE_OK);
            assert_int_equal(r.count, h.end - h.first);
            reader_end(&r);
            reader_begin(&r, &h, &stream, h.first, 0, NULL);
            while (reader_read(&r, part) == SSE_OK)
                ;
            assert_int_equal(r.count, h.end - h.first);
            reader_end(&r);
            history_end(&h);
        }
}

static void more_than_was_offered_cannot_be_taken(void **state)
{
    (void)state;
    begin(10, 500, 2);
    assert_int_equal(sse_cursor_consume(&r.c, h.log, 1), SSE_E_ARG);
    assert_int_equal(sse_cursor_consume(&r.c, h.log, 0), SSE_OK);
    assert_int_equal(reader_peek(&r, 4), SSE_OK);
    assert_int_equal(sse_cursor_consume(&r.c, h.log, 81), SSE_E_ARG);
    assert_int_equal(sse_cursor_consume(&r.c, h.log, SIZE_MAX), SSE_E_ARG);
    reader_is_frozen(&r);
    assert_int_equal(reader_consume(&r, 30), SSE_OK);
    assert_int_equal(sse_cursor_consume(&r.c, h.log, 1), SSE_E_ARG);
}

static void a_copy_is_like_what_was_offered(void **state)
{
    (void)state;
    begin(10, 500, 3);
    assert_int_equal(reader_peek(&r, 4), SSE_OK);
    append(40);
    assert_int_equal(reader_read(&r, 25), SSE_OK);
    assert_int_equal(r.len, 25);
    assert_int_equal(reader_read(&r, 1000), SSE_OK);
    while (reader_read(&r, 1000) == SSE_OK)
        ;
    assert_int_equal(r.len, 160);
}

/* All positions are numbers: a reader goes on where a log was copied to. */
static void a_log_can_be_moved_under_its_readers(void **state)
{
    static uint64_t elsewhere[SSE_HISTORY_WORDS(10, 500)];

    (void)state;
    begin(10, 500, 4);
    assert_int_equal(reader_read(&r, 50), SSE_OK);
    memcpy(elsewhere, h.log, h.size);
    memset(h.log, 0, h.size);
    h.log = (sse_history *)elsewhere;
    assert_int_equal(reader_read(&r, 500), SSE_OK);
    assert_int_equal(r.count, 4);
    history_check(&h, h.log);
}

#define reader_test(name) cmocka_unit_test_teardown(name, finish)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_cursor_stands_ahead_of_an_event_or_is_refused),
        reader_test(what_is_no_cursor_or_no_log_is_refused),
        reader_test(at_the_end_a_reader_waits_for_what_comes),
        cmocka_unit_test(a_reader_that_is_behind_is_offered_all_at_once),
        reader_test(an_offer_is_frozen_until_it_is_consumed),
        reader_test(a_smaller_cap_shows_fewer_runs),
        cmocka_unit_test(bytes_can_be_taken_in_parts_of_any_size),
        reader_test(more_than_was_offered_cannot_be_taken),
        reader_test(a_copy_is_like_what_was_offered),
        reader_test(a_log_can_be_moved_under_its_readers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
