/* SPDX-License-Identifier: MIT */
/* test_event.c - the encoder: the bytes that it writes. What it refuses is in test_refusal.c, and
 * that it is faithful to whatever it is given in test_exhaust.c. */
#include "sse/event.h"

#include "support/encoding.h"
#include "support/guard.h"
#include "support/parser.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

static const sse_event nothing;

static void assert_bytes(const sse_event *ev, sse_str want)
{
    sse_str got = encode(ev);

    if (!same_text(got, want)) {
        print_text("got", got);
        print_text("expected", want);
        fail();
    }
}

#define ASSERT_BYTES(ev, text) assert_bytes(&(ev), SSE_LIT(text))

static void the_parts_are_written_in_one_order(void **state)
{
    sse_event ev = nothing;

    (void)state;
    ev.comment = SSE_LIT("c");
    ev.type = SSE_LIT("t");
    ev.id = SSE_LIT("i");
    ev.retry_ms = 1500;
    ev.data = SSE_LIT("d");
    ASSERT_BYTES(ev, ": c\nevent: t\nid: i\nretry: 1500\ndata: d\n\n");
}

static void an_absent_part_leaves_no_trace_and_an_empty_one_is_said(void **state)
{
    sse_event ev;

    (void)state;
    ev = WITH(COMMENT, "");
    ASSERT_BYTES(ev, ":\n\n");
    ev = WITH(ID, "");
    ASSERT_BYTES(ev, "id: \n\n");
    ev = WITH(TYPE, "");
    ASSERT_BYTES(ev, "\n");
    ev = WITH(DATA, "");
    ASSERT_BYTES(ev, "data: \n\n");
    ev.type = SSE_LIT("");
    ASSERT_BYTES(ev, "data: \n\n");
    ev = nothing;
    ev.retry_ms = 1;
    ASSERT_BYTES(ev, "retry: 1\n\n");
}

static void the_pointer_of_an_empty_part_is_not_followed(void **state)
{
    guard none = guard_none(1);
    sse_event ev = nothing;
    char bytes[32];
    size_t len;

    (void)state;
    ev.comment.ptr = ev.id.ptr = ev.type.ptr = ev.data.ptr = none.ptr;
    assert_int_equal(sse_event_encode(&ev, bytes, sizeof bytes, &len), SSE_OK);
    assert_int_equal(len, 15);
    assert_memory_equal(bytes, ":\nid: \ndata: \n\n", 15);
    guard_free(&none);
}

static void nothing_is_read_ahead_of_a_part_or_written_ahead_of_dst(void **state)
{
    static const char want[] = ":  a\nevent:  a\nid: a\ndata:  a\ndata: \n\n";
    guard text = guard_at_start(3), dst = guard_at_start(sizeof want - 1);
    sse_event ev = nothing;
    size_t len;

    (void)state;
    memcpy(text.ptr, " a\n", 3);
    ev.comment.ptr = ev.type.ptr = ev.data.ptr = text.ptr;
    ev.comment.len = ev.type.len = 2;
    ev.data.len = 3;
    ev.id.ptr = text.ptr + 1;
    ev.id.len = 1;
    assert_int_equal(sse_event_encode(&ev, dst.ptr, dst.len, &len), SSE_OK);
    assert_int_equal(len, sizeof want - 1);
    assert_memory_equal(dst.ptr, want, len);
    guard_free(&text);
    guard_free(&dst);
}

static void each_of_lf_cr_and_crlf_starts_a_new_line_of_data(void **state)
{
    sse_event ev = WITH(DATA, "a\nb\rc\r\nd\n\re\r\r\nf\n\n");

    (void)state;
    ASSERT_BYTES(ev, "data: a\ndata: b\ndata: c\ndata: d\ndata: \ndata: e\ndata: \ndata: f\n"
                     "data: \ndata: \n\n");
}

static void the_space_behind_data_is_always_written(void **state)
{
    sse_event ev = WITH(DATA, " a\n\n  \n:\n\tb");

    (void)state;
    ASSERT_BYTES(ev, "data:  a\ndata: \ndata:   \ndata: :\ndata: \tb\n\n");
}

static void a_comment_may_span_lines_and_an_empty_one_is_a_lone_colon(void **state)
{
    sse_event ev = WITH(COMMENT, "a\rb\n\r\n c\r");
    sse_event empty = WITH(COMMENT, "");

    (void)state;
    ASSERT_BYTES(ev, ": a\n: b\n: \n:  c\n: \n\n");
    ASSERT_BYTES(empty, ":\n\n");
}

static void data_is_passed_through_whatever_it_is(void **state)
{
    char all[256];
    sse_event ev;
    int i;

    (void)state;
    for (i = 0; i < 256; i++)
        all[i] = (char)i;
    ev = with(DATA, all, sizeof all);
    encode(&ev);
    ev = with(COMMENT, all, sizeof all);
    encode(&ev);
    ev = WITH(DATA, "a\0b\x80\xFF\xE2\x82");
    ASSERT_BYTES(ev, "data: a\0b\x80\xFF\xE2\x82\n\n");
}

static void what_other_languages_take_for_a_line_end_stays_as_it_is(void **state)
{
    sse_event ev = WITH(DATA, "a\vb\fc\034d\036e\302\205f\342\200\250g\342\200\251h");

    (void)state;
    ASSERT_BYTES(ev, "data: a\vb\fc\034d\036e\302\205f\342\200\250g\342\200\251h\n\n");
}

static void long_data_is_encoded_like_short_data(void **state)
{
    static const char *const units[] = {"x", "\n", "\r", "\r\n", "ab\n", "\xC3\xA9\r\n\n"};
    static const size_t lens[] = {4094, 4095, 4096, 4097, 65535, 65536, 65537};
    static char text[65537];
    size_t i, k;

    (void)state;
    for (i = 0; i < sizeof units / sizeof units[0]; i++) {
        sse_event ev = with(DATA, text, 0);

        for (k = 0; k < sizeof text; k++)
            text[k] = units[i][k % strlen(units[i])];
        for (k = 0; k < sizeof lens / sizeof lens[0]; k++) {
            ev.data.len = lens[k];
            encode(&ev);
        }
    }
}

static void a_retry_is_written_in_decimal_from_1_to_its_maximum(void **state)
{
    static const uint32_t numbers[] = {1,          2,          9,          10,           11,
                                       99,         100,        101,        999,          1000,
                                       9999,       10000,      99999,      100000,       999999,
                                       1000000,    10000000,   100000000,  999999999,    1000000000,
                                       1234567890, 2000000000, 2147483646, SSE_RETRY_MAX};
    size_t i;

    (void)state;
    assert_int_equal(SSE_RETRY_MAX, INT32_MAX);
    for (i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        sse_event ev = nothing;
        char want[32];
        sse_str bytes = {want, 0};

        ev.retry_ms = numbers[i];
        bytes.len = (size_t)sprintf(want, "retry: %lu\n\n", (unsigned long)numbers[i]);
        assert_bytes(&ev, bytes);
    }
}

/* Encode in a given capacity with each form of the same event, and compare. */
static void assert_same_encoding(const sse_event *ev, size_t cap)
{
    char struct_bytes[64], flat_bytes[64];
    size_t struct_len = 99, flat_len = 99;
    const int want = sse_event_encode(ev, struct_bytes, cap, &struct_len);

    assert_int_equal(sse_event_encode_parts(ev->comment.ptr, ev->comment.len, ev->type.ptr,
                                            ev->type.len, ev->id.ptr, ev->id.len, ev->retry_ms,
                                            ev->data.ptr, ev->data.len, flat_bytes, cap, &flat_len),
                     want);
    assert_int_equal(flat_len, struct_len);
    if (want == SSE_OK)
        assert_memory_equal(flat_bytes, struct_bytes, struct_len);
}

/* Each part absent, empty, full and wrong, in every combination; data is always there. */
static void an_event_given_part_by_part_is_the_same_event(void **state)
{
    static const sse_str texts[] = {{NULL, 0}, {"", 0}, {"a b", 3}, {"a\nb", 3}, {NULL, 1}};
    size_t comment, type, id, data;
    uint32_t retry;

    (void)state;
    for (comment = 0; comment < 5; comment++)
        for (type = 0; type < 5; type++)
            for (id = 0; id < 5; id++)
                for (data = 1; data < 5; data++)
                    for (retry = 0; retry < 3; retry++) {
                        const sse_event ev = {texts[comment], texts[type], texts[id],
                                              retry * (SSE_RETRY_MAX / 2 + 1), texts[data]};

                        assert_same_encoding(&ev, 64);
                        assert_same_encoding(&ev, 20);
                    }
}

static void data_that_is_given_part_by_part_is_never_absent(void **state)
{
    char bytes[16];
    size_t len;

    (void)state;
    assert_int_equal(
        sse_event_encode_parts(NULL, 0, NULL, 0, NULL, 0, 0, NULL, 0, bytes, sizeof bytes, &len),
        SSE_OK);
    assert_int_equal(len, 8);
    assert_memory_equal(bytes, "data: \n\n", 8);
    assert_int_equal(sse_event_encode_parts(NULL, 0, NULL, 0, NULL, 0, 0, "x", 1, NULL, 0, NULL),
                     SSE_E_ARG);
}

static void a_comment_and_a_reconnection_time_can_stand_alone(void **state)
{
    char bytes[32];
    size_t len;

    (void)state;
    assert_int_equal(sse_event_encode_comment(NULL, 0, bytes, sizeof bytes, &len), SSE_OK);
    assert_int_equal(len, 3);
    assert_memory_equal(bytes, ":\n\n", 3);
    assert_int_equal(sse_event_encode_comment("a\nb", 3, bytes, sizeof bytes, &len), SSE_OK);
    assert_int_equal(len, 9);
    assert_memory_equal(bytes, ": a\n: b\n\n", 9);
    assert_int_equal(sse_event_encode_comment(NULL, 1, bytes, sizeof bytes, &len), SSE_E_ARG);
    assert_int_equal(sse_event_encode_comment("a", 1, NULL, 0, &len), SSE_E_SPACE);
    assert_int_equal(len, 5);

    assert_int_equal(sse_event_encode_retry(1500, bytes, sizeof bytes, &len), SSE_OK);
    assert_int_equal(len, 13);
    assert_memory_equal(bytes, "retry: 1500\n\n", 13);
    assert_int_equal(sse_event_encode_retry(SSE_RETRY_MAX, NULL, 0, &len), SSE_E_SPACE);
    assert_int_equal(sse_event_encode_retry(0, bytes, sizeof bytes, &len), SSE_E_RANGE);
    assert_int_equal(sse_event_encode_retry(SSE_RETRY_MAX + 1, bytes, sizeof bytes, &len),
                     SSE_E_RANGE);
    assert_int_equal(len, 0);
}

static void bindings_get_the_constants(void **state)
{
    (void)state;
    assert_int_equal(sse_event_size(), sizeof(sse_event));
    assert_true(sse_event_part_max() == SSE_PART_MAX);
    assert_int_equal(sse_event_retry_max(), SSE_RETRY_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_parts_are_written_in_one_order),
        cmocka_unit_test(an_absent_part_leaves_no_trace_and_an_empty_one_is_said),
        cmocka_unit_test(the_pointer_of_an_empty_part_is_not_followed),
        cmocka_unit_test(nothing_is_read_ahead_of_a_part_or_written_ahead_of_dst),
        cmocka_unit_test(each_of_lf_cr_and_crlf_starts_a_new_line_of_data),
        cmocka_unit_test(the_space_behind_data_is_always_written),
        cmocka_unit_test(a_comment_may_span_lines_and_an_empty_one_is_a_lone_colon),
        cmocka_unit_test(data_is_passed_through_whatever_it_is),
        cmocka_unit_test(what_other_languages_take_for_a_line_end_stays_as_it_is),
        cmocka_unit_test(long_data_is_encoded_like_short_data),
        cmocka_unit_test(a_retry_is_written_in_decimal_from_1_to_its_maximum),
        cmocka_unit_test(an_event_given_part_by_part_is_the_same_event),
        cmocka_unit_test(data_that_is_given_part_by_part_is_never_absent),
        cmocka_unit_test(a_comment_and_a_reconnection_time_can_stand_alone),
        cmocka_unit_test(bindings_get_the_constants),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
