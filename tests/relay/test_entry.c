/* SPDX-License-Identifier: MIT */
/* An entry of Redis: its id, and the event that it becomes. No server is needed. */
#include "relay/entry.h"
#include "relay/gap.h"
#include "relay/siphash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define FIELDS(...) \
    (const sse_str[]){__VA_ARGS__}, sizeof((const sse_str[]){__VA_ARGS__}) / sizeof(sse_str)

static int parse(const char *text, entry_id *id)
{
    return entry_id_parse(id, text, strlen(text));
}

static void an_id_is_read_as_it_was_written(void **state)
{
    const entry_id ids[] = {{0, 0, 0},
                            {1, 2, 3},
                            {1764370000000, 0, 0x2d0b9fb9a24f37cf},
                            {UINT64_MAX, UINT64_MAX, UINT64_MAX}};
    char text[ENTRY_ID_MAX + 1];
    entry_id id;
    size_t i;

    (void)state;
    for (i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        const size_t len = entry_id_write(&ids[i], text);

        assert_int_equal(len, strlen(text));
        assert_int_equal(parse(text, &id), 0);
        assert_true(entry_id_same(&id, &ids[i]));
    }
    assert_int_equal(strlen(text), ENTRY_ID_MAX);
}

static void what_no_relay_has_written_is_no_id(void **state)
{
    static const char *const texts[] = {"",
                                        "1-2",
                                        ".0123456789abcdef",
                                        "1.0123456789abcdef",
                                        "1-.0123456789abcdef",
                                        "-1.0123456789abcdef",
                                        "1-2-3.0123456789abcdef",
                                        "01-2.0123456789abcdef",
                                        "1-2.0123456789ABCDEF",
                                        "1-2.0123456789abcde",
                                        "1-2.0123456789abcdef0",
                                        "1-2 .0123456789abcdef",
                                        "18446744073709551616-0.0123456789abcdef",
                                        "8a5c0f3b91d2e647-42"};
    entry_id id;
    size_t i;

    (void)state;
    for (i = 0; i < sizeof texts / sizeof texts[0]; i++)
        assert_int_equal(parse(texts[i], &id), -1);
    assert_int_equal(entry_id_parse(&id,
                                    "1-2.0123\0"
                                    "6789abcdef",
                                    20),
                     -1);
}

static void ids_are_in_the_order_of_redis(void **state)
{
    const entry_id a = {1, 9, 5}, b = {2, 0, 4}, c = {2, 1, 3}, d = {2, 1, 2};

    (void)state;
    assert_true(entry_id_order(&a, &b) < 0 && entry_id_order(&c, &b) > 0);
    assert_int_equal(entry_id_order(&c, &d), 0);
    assert_false(entry_id_same(&c, &d));
}

static void the_hash_is_over_names_values_and_where_they_end(void **state)
{
    (void)state;
    assert_true(entry_hash(FIELDS(SSE_LIT("a"), SSE_LIT("b"))) == UINT64_C(0x41c80da72d0aec94));
    assert_true(entry_hash(FIELDS(SSE_LIT("ab"), SSE_LIT("c"))) !=
                entry_hash(FIELDS(SSE_LIT("a"), SSE_LIT("bc"))));
    assert_true(entry_hash(FIELDS(SSE_LIT("a"), SSE_LIT("b"))) !=
                entry_hash(FIELDS(SSE_LIT("b"), SSE_LIT("a"))));
    assert_true(entry_hash(NULL, 0) != 0);
}

static entry_memory memory;

static entry_event event_of(const sse_str *fields, size_t count)
{
    const entry e = {{5, 1, 7}, fields, count};
    entry_event made;

    assert_int_equal(entry_to_event(&e, "tag", &made, &memory), 0);
    return made;
}

static void assert_text(sse_str is, const char *text)
{
    assert_int_equal(is.len, strlen(text));
    assert_memory_equal(is.ptr, text, is.len);
}

static void data_event_key_and_tag_have_a_meaning(void **state)
{
    const entry_event made =
        event_of(FIELDS(SSE_LIT("event"), SSE_LIT("news"), SSE_LIT("data"), SSE_LIT("x"),
                        SSE_LIT("data"), SSE_LIT("y"), SSE_LIT("tag"), SSE_LIT("t"),
                        SSE_LIT("other"), SSE_LIT("z"), SSE_LIT("key"), SSE_LIT("k")));

    (void)state;
    assert_text(made.ev.data, "x");
    assert_text(made.ev.type, "news");
    assert_true(made.tag == entry_number((sse_str){"t", 1}) && made.tag != made.key);
}

static void no_value_has_the_number_of_another_one(void **state)
{
    const uint64_t key[] = {UINT64_C(0x0706050403020100), UINT64_C(0x0f0e0d0c0b0a0908)};
    const sse_str a = SSE_LIT("8yn0iYCKYHlIj4-BwPqk"), b = SSE_LIT("GReLUrM4wMqfg9yzV3KQ");
    const char text[] = "\0\1\2\3\4\5\6\7\10\11\12\13\14\15\16";

    (void)state;
    assert_true(siphash(key, text, 15) == UINT64_C(0xa129ca6149be45e5)); /* of the paper */
    assert_true(siphash(key, text, 0) == UINT64_C(0x726fdb47dd0e0e31));
    assert_true(entry_number(a) != entry_number(b)); /* equal in FNV-1a */
}

static void fields_without_a_meaning_are_json_where_there_is_no_data(void **state)
{
    (void)state;
    assert_text(event_of(NULL, 0).ev.data, "{}");
    assert_text(event_of(FIELDS(SSE_LIT("nonce"), SSE_LIT("1"))).ev.data, "{}");
    assert_text(
        event_of(FIELDS(SSE_LIT("a"), SSE_LIT(""), SSE_LIT("\"\\"), SSE_LIT("\n\x7f"))).ev.data,
        "{\"a\":\"\",\"\\u0022\\u005c\":\"\\u000a\\u007f\"}");
}

static void what_is_not_utf8_becomes_a_replacement_character(void **state)
{
    static const struct {
        const char *text, *json;
    } cases[] = {{"\xff", "\\ufffd"},
                 {"a\xc3", "a\\ufffd"},
                 {"\xc3\xa9", "\xc3\xa9"},
                 {"\xe2\x82\xac\xf0\x9f\x98\x80", "\xe2\x82\xac\xf0\x9f\x98\x80"},
                 {"\xe2\x82x", "\\ufffd\\ufffdx"},
                 {"\xed\xa0\x80", "\\ufffd\\ufffd\\ufffd"},
                 {"\xc0\x80", "\\ufffd\\ufffd"}};
    char json[100];
    size_t i;

    (void)state;
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const size_t len = entry_escape(json, (sse_str){cases[i].text, strlen(cases[i].text)});

        assert_text((sse_str){json, len}, cases[i].json);
    }
    assert_text((sse_str){json, entry_escape(json, (sse_str){"\0", 1})}, "\\u0000");
}

static void a_gap_has_null_for_what_is_not_known(void **state)
{
    const entry_id most = {UINT64_MAX, UINT64_MAX, UINT64_MAX};
    gap g = {GAP_DELETED, &most, &most, UINT64_MAX - 1, UINT64_MAX - 1};
    char text[GAP_MAX];

    (void)state;
    assert_in_range(gap_write(&g, text), 1, GAP_MAX - 1);
    g = (gap){GAP_PHANTOM, NULL, NULL, 0, GAP_UNKNOWN};
    gap_write(&g, text);
    assert_string_equal(
        text,
        "{\"reason\":\"phantom\",\"last\":null,\"resume\":null,\"missed\":0,\"withdrawn\":null}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_id_is_read_as_it_was_written),
        cmocka_unit_test(what_no_relay_has_written_is_no_id),
        cmocka_unit_test(ids_are_in_the_order_of_redis),
        cmocka_unit_test(the_hash_is_over_names_values_and_where_they_end),
        cmocka_unit_test(data_event_key_and_tag_have_a_meaning),
        cmocka_unit_test(no_value_has_the_number_of_another_one),
        cmocka_unit_test(fields_without_a_meaning_are_json_where_there_is_no_data),
        cmocka_unit_test(what_is_not_utf8_becomes_a_replacement_character),
        cmocka_unit_test(a_gap_has_null_for_what_is_not_known),
    };
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);

    free(memory.bytes);
    return failed;
}
