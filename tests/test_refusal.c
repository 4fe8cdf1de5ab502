/* SPDX-License-Identifier: MIT */
/* test_refusal.c - the encoder: what it refuses, with which status, and in which order. */
#include "sse/event.h"

#include "support/encoding.h"
#include "support/guard.h"

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

static const sse_event nothing;

static void a_retry_above_its_maximum_is_refused(void **state)
{
    static const uint32_t numbers[] = {SSE_RETRY_MAX + 1, 3000000000u, UINT32_MAX - 1, UINT32_MAX};
    sse_event ev = WITH(DATA, "d");
    size_t i;

    (void)state;
    for (i = 0; i < 4; i++) {
        ev.retry_ms = numbers[i];
        assert_refused(&ev, SSE_E_RANGE);
    }
}

static void a_length_above_the_maximum_is_refused_and_no_byte_is_read(void **state)
{
    static const size_t lens[] = {SSE_PART_MAX + 1,   SSE_PART_MAX * 2,   (size_t)-1 / 2,
                                  (size_t)-1 / 2 + 1, (size_t)-1 / 7 + 1, (size_t)-17,
                                  (size_t)-2,         (size_t)-1};
    guard none = guard_none(1);
    size_t i;
    enum part part, other;

    (void)state;
    assert_true(SSE_PART_MAX >= (size_t)-1 / 16);
    for (i = 0; i < sizeof lens / sizeof lens[0]; i++)
        for (part = COMMENT; part < PARTS; part++) {
            sse_event ev = with(part, none.ptr, lens[i]);

            assert_refused(&ev, SSE_E_TOOBIG);
            for (other = COMMENT; other < PARTS; other++) {
                *part_of(&ev, other) = *part_of(&ev, part);
                if (other != part)
                    part_of(&ev, other)->len = 1;
            }
            assert_refused(&ev, SSE_E_TOOBIG);
        }
    guard_free(&none);
}

/* Of text that is as long as it may be no more is read than it takes to see that it is no type. */
static void a_length_of_the_maximum_is_none_above_it(void **state)
{
    static const char text[64] = "\n";
    sse_event ev = with(TYPE, text, SSE_PART_MAX);

    (void)state;
    assert_refused(&ev, SSE_E_FIELD);
}

static void an_argument_that_breaks_its_contract_is_refused(void **state)
{
    sse_event ev = WITH(DATA, "d");
    char byte = 'x';
    size_t len = 1;
    enum part part;

    (void)state;
    assert_int_equal(sse_event_encode(NULL, &byte, 1, &len), SSE_E_ARG);
    assert_int_equal(len, 0);
    len = 1;
    assert_int_equal(sse_event_encode(NULL, NULL, 0, &len), SSE_E_ARG);
    assert_int_equal(len, 0);
    assert_int_equal(sse_event_encode(&ev, &byte, 1, NULL), SSE_E_ARG);
    assert_int_equal(sse_event_encode(NULL, NULL, 0, NULL), SSE_E_ARG);
    len = 1;
    assert_int_equal(sse_event_encode(&ev, NULL, 1, &len), SSE_E_ARG);
    assert_int_equal(len, 0);
    len = 1;
    assert_int_equal(sse_event_encode(&ev, NULL, (size_t)-1, &len), SSE_E_ARG);
    assert_int_equal(len, 0);
    assert_int_equal(byte, 'x');
    for (part = COMMENT; part < PARTS; part++) {
        ev = WITH(part == DATA ? ID : DATA, "d");
        part_of(&ev, part)->len = 1;
        assert_refused(&ev, SSE_E_ARG);
        part_of(&ev, part)->len = (size_t)-1;
        assert_refused(&ev, SSE_E_ARG);
    }
}

static void an_event_without_any_part_is_refused(void **state)
{
    (void)state;
    assert_refused(&nothing, SSE_E_ARG);
}

static void assert_neither_id_nor_type(const sse_str *texts, size_t count)
{
    size_t i;

    for (i = 0; i < count; i++) {
        sse_event ev = WITH(DATA, "d"), in;

        ev.id = texts[i];
        in = placed(&ev);
        assert_refused(&in, SSE_E_FIELD);
        ev.id = SSE_LIT("i");
        ev.type = texts[i];
        in = placed(&ev);
        assert_refused(&in, SSE_E_FIELD);
    }
}

static void a_line_break_in_id_or_type_is_refused(void **state)
{
    static const sse_str texts[] = {
        {"\n", 1},   {"\r", 1},     {"\r\n", 2},  {"a\n", 2},        {"\na", 2},
        {"a\rb", 3}, {"a\r\nb", 4}, {"a\r\r", 3}, {"a\ndata: b", 9}, {"a\n\ndata: b", 10},
    };

    (void)state;
    assert_neither_id_nor_type(texts, sizeof texts / sizeof texts[0]);
}

static void a_control_byte_in_id_or_type_is_refused(void **state)
{
    char bytes[33][3];
    sse_str texts[33];
    size_t i;

    (void)state;
    for (i = 0; i < 33; i++) {
        bytes[i][0] = 'a';
        bytes[i][1] = i < 32 ? (char)i : '\x7F';
        bytes[i][2] = 'b';
        texts[i].ptr = bytes[i];
        texts[i].len = 3;
    }
    assert_neither_id_nor_type(texts, 33);
}

static void what_is_not_utf8_is_refused_in_id_and_type(void **state)
{
    static const sse_str texts[] = {
        {"\x80", 1},
        {"\xFF", 1},
        {"a\xC3", 2},
        {"\xE2\x82", 2},
        {"\xC0\x8A", 2},
        {"\xED\xA0\x80", 3},
        {"\xF0\x80\x80\x8A", 4},
        {"\xF4\x90\x80\x80", 4},
    };

    (void)state;
    assert_neither_id_nor_type(texts, sizeof texts / sizeof texts[0]);
}

static void a_space_at_an_end_is_refused_in_an_id_and_kept_in_a_type(void **state)
{
    sse_event ev;

    (void)state;
    ev = WITH(ID, " ");
    assert_refused(&ev, SSE_E_FIELD);
    ev = WITH(ID, " a");
    assert_refused(&ev, SSE_E_FIELD);
    ev = WITH(ID, "a ");
    assert_refused(&ev, SSE_E_FIELD);
    ev = WITH(ID, "a b");
    encode(&ev);
    ev = WITH(TYPE, " a ");
    ev.data = SSE_LIT("d");
    encode(&ev);
}

static void arguments_come_first_then_lengths_then_contents_then_capacity(void **state)
{
    guard none = guard_none(1);
    sse_event ev = nothing;
    size_t len;
    char byte;

    (void)state;
    /* All wrong at once; then mended, one kind of error after the other. */
    ev.comment.len = 1;
    ev.retry_ms = UINT32_MAX;
    ev.type = SSE_LIT("\n");
    ev.data.ptr = none.ptr;
    ev.data.len = SSE_PART_MAX + 1;
    assert_refused(&ev, SSE_E_ARG);
    ev.comment.len = 0;
    len = 1;
    assert_int_equal(sse_event_encode(&ev, NULL, 1, &len), SSE_E_ARG);
    assert_int_equal(len, 0);
    ev.retry_ms = 1;
    assert_refused(&ev, SSE_E_TOOBIG);
    ev.data.len = 0;
    ev.retry_ms = UINT32_MAX;
    assert_refused(&ev, SSE_E_RANGE);
    ev.retry_ms = 1;
    assert_refused(&ev, SSE_E_FIELD);
    ev.type = SSE_LIT("t");
    assert_int_equal(sse_event_encode(&ev, &byte, 1, &len), SSE_E_SPACE);
    assert_int_equal(len, sizeof "event: t\nretry: 1\ndata: \n\n" - 1);
    guard_free(&none);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_retry_above_its_maximum_is_refused),
        cmocka_unit_test(a_length_above_the_maximum_is_refused_and_no_byte_is_read),
        cmocka_unit_test(a_length_of_the_maximum_is_none_above_it),
        cmocka_unit_test(an_argument_that_breaks_its_contract_is_refused),
        cmocka_unit_test(an_event_without_any_part_is_refused),
        cmocka_unit_test(a_line_break_in_id_or_type_is_refused),
        cmocka_unit_test(a_control_byte_in_id_or_type_is_refused),
        cmocka_unit_test(what_is_not_utf8_is_refused_in_id_and_type),
        cmocka_unit_test(a_space_at_an_end_is_refused_in_an_id_and_kept_in_a_type),
        cmocka_unit_test(arguments_come_first_then_lengths_then_contents_then_capacity),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
