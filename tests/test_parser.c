/* SPDX-License-Identifier: MIT */
/* test_parser.c - the judge is judged: the reference parser against what is known of clients,
 * whichever way the bytes are cut. */
#include "support/parser.h"
#include "vectors/vectors.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdlib.h>
#include <cmocka.h>

/* Up to this length every way to cut bytes in two is tried. */
#define SHORT 2000

/* Fail, and say with which vector. */
static void check(int ok, const char *name, const char *how)
{
    if (!ok)
        fail_msg("%s, %s", name, how);
}

static int ends_as(parser *p, const parsed *want)
{
    parsed *got = parser_end(p);
    int same = same_stream(got, want);

    parsed_free(got);
    return same;
}

static void every_vector_is_understood_at_once(void **state)
{
    size_t i;

    (void)state;
    assert_int_equal(parse_vector_count, 133);
    for (i = 0; i < parse_vector_count; i++) {
        const parse_vector *v = &parse_vectors[i];

        check(parses_to(v->bytes.ptr, v->bytes.len, &v->expected), v->name, "at once");
    }
}

static void every_vector_is_understood_byte_by_byte(void **state)
{
    size_t i, k;

    (void)state;
    for (i = 0; i < parse_vector_count; i++) {
        const parse_vector *v = &parse_vectors[i];
        parser *p = parser_new();

        for (k = 0; k < v->bytes.len; k++)
            parser_feed(p, v->bytes.ptr + k, 1);
        check(ends_as(p, &v->expected), v->name, "byte by byte");
    }
}

static void every_vector_is_understood_in_its_pieces(void **state)
{
    size_t i, k, cut = 0;

    (void)state;
    for (i = 0; i < parse_vector_count; i++) {
        const parse_vector *v = &parse_vectors[i];
        parser *p = parser_new();
        size_t at = 0;

        for (k = 0; k < v->piece_count; k++) {
            check(v->pieces[k] <= v->bytes.len - at, v->name, "pieces too long");
            parser_feed(p, v->bytes.ptr + at, v->pieces[k]);
            at += v->pieces[k];
        }
        if (v->piece_count > 0) {
            check(at == v->bytes.len, v->name, "pieces too short");
            cut++;
        }
        parser_feed(p, v->bytes.ptr + at, v->bytes.len - at);
        check(ends_as(p, &v->expected), v->name, "in its pieces");
    }
    assert_int_equal(cut, 11);
}

static void every_vector_is_understood_cut_in_two_anywhere(void **state)
{
    size_t i, k, cut = 0;

    (void)state;
    for (i = 0; i < parse_vector_count; i++) {
        const parse_vector *v = &parse_vectors[i];

        if (v->bytes.len > SHORT)
            continue;
        cut++;
        for (k = 0; k <= v->bytes.len; k++) {
            parser *p = parser_new();

            parser_feed(p, v->bytes.ptr, k);
            parser_feed(p, v->bytes.ptr + k, v->bytes.len - k);
            check(ends_as(p, &v->expected), v->name, "cut in two");
        }
    }
    assert_int_equal(cut, 131);
}

static void what_emitters_write_means_what_is_known_of_it(void **state)
{
    size_t i, upstream = 0, unfaithful = 0;

    (void)state;
    assert_int_equal(emit_vector_count, 78);
    for (i = 0; i < emit_vector_count; i++) {
        const emit_vector *v = &emit_vectors[i];

        check(parses_to(v->canonical.ptr, v->canonical.len, &v->expected), v->name, "canonical");
        if (v->upstream.ptr == NULL)
            continue;
        upstream++;
        unfaithful += v->upstream_says != NULL;
        check(parses_to(v->upstream.ptr, v->upstream.len,
                        v->upstream_says ? v->upstream_says : &v->expected),
              v->name, "upstream");
    }
    assert_int_equal(upstream, 49);
    assert_int_equal(unfaithful, 3);
}

static void what_concatenation_forges_is_what_is_known_of_it(void **state)
{
    size_t i;

    (void)state;
    assert_int_equal(reject_vector_count, 26);
    for (i = 0; i < reject_vector_count; i++) {
        const reject_vector *v = &reject_vectors[i];

        check(parses_to(v->naive.ptr, v->naive.len, &v->naive_says), v->name, "naive");
    }
}

static void a_retry_past_64_bits_is_not_taken_for_a_small_one(void **state)
{
    static const char stream[] = "retry: 18446744073709551614\nretry: 18446744073709551615\n"
                                 "retry: 18446744073709551616\nretry: 99999999999999999999999\n";
    static const uint64_t retries[] = {UINT64_MAX - 1, UINT64_MAX, UINT64_MAX, UINT64_MAX};
    static const parsed want = {NULL, 0, retries, 4, 0, {NULL, 0}};

    (void)state;
    assert_parses_to(stream, sizeof stream - 1, &want);
}

static void what_is_not_utf8_is_replaced_as_browsers_do(void **state)
{
    /* One replacement for each longest part that could have begun a sequence. */
    static const struct {
        sse_str bytes;
        size_t replacements;
    } table[] = {
        {{"\x80", 1}, 1},             /* no lead */
        {{"\xC2", 1}, 1},             /* cut */
        {{"\xC0\x80", 2}, 2},         /* overlong */
        {{"\xC1\xBF", 2}, 2},         /* overlong */
        {{"\xE0\x9F\xBF", 3}, 3},     /* overlong */
        {{"\xF0\x8F\xBF\xBF", 4}, 4}, /* overlong */
        {{"\xED\xA0\x80", 3}, 3},     /* a surrogate */
        {{"\xF4\x90\x80\x80", 4}, 4}, /* past U+10FFFF */
        {{"\xF5\x80\x80\x80", 4}, 4}, /* no lead, ever */
        {{"\xFF\xFE", 2}, 2},         /* no lead, ever */
        {{"\xE2\x82", 2}, 1},         /* cut */
        {{"\xF0\x9F\x98", 3}, 1},     /* cut */
        {{"\xE2\xE2\x82", 3}, 2},     /* cut by a lead, and cut */
        {{"\xF0\x9F\xC2", 3}, 2},     /* cut by a lead, and cut */
    };
    size_t i, k;

    (void)state;
    for (i = 0; i < sizeof table / sizeof table[0]; i++) {
        size_t len;
        char *text = as_received(table[i].bytes, &len);

        assert_int_equal(len, 3 * table[i].replacements);
        for (k = 0; k < len; k++)
            assert_int_equal(text[k], "\xEF\xBF\xBD"[k % 3]);
        free(text);
    }
}

static void what_is_utf8_is_kept(void **state)
{
    static const char text[] = "a\x7F\xC2\x80\xDF\xBF\xE0\xA0\x80\xED\x9F\xBF\xEE\x80\x80\xEF\xBF"
                               "\xBF\xF0\x90\x80\x80\xF4\x8F\xBF\xBF";
    sse_str whole = {text, sizeof text}; /* with its NUL */
    sse_str got;
    char *received = as_received(whole, &got.len);

    (void)state;
    got.ptr = received;
    assert_same_text(got, whole);
    free(received);
}

static void a_difference_is_seen(void **state)
{
    static const char stream[] = ": c\nevent: t\nid: i\nretry: 7\ndata: d\n\n";
    static const parsed_event event = {{"t", 1}, {"d", 1}, {"i", 1}};
    static const parsed_event other_type = {{"u", 1}, {"d", 1}, {"i", 1}};
    static const parsed_event other_data = {{"t", 1}, {"dd", 2}, {"i", 1}};
    static const parsed_event other_id = {{"t", 1}, {"d", 1}, {"j", 1}};
    static const uint64_t seven = 7, eight = 8;
    static const parsed same = {&event, 1, &seven, 1, 1, {"i", 1}};
    parsed *got = parse(stream, sizeof stream - 1);
    parsed others[8];
    size_t i;

    (void)state;
    assert_same_stream(got, &same);
    for (i = 0; i < 8; i++)
        others[i] = same;
    others[0].events = &other_type;
    others[1].events = &other_data;
    others[2].events = &other_id;
    others[3].event_count = 0;
    others[4].retries = &eight;
    others[5].retry_count = 0;
    others[6].comments = 2;
    others[7].last_id.len = 0;
    for (i = 0; i < 8; i++)
        assert_false(equal_streams(got, &others[i]));
    parsed_free(got);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_vector_is_understood_at_once),
        cmocka_unit_test(every_vector_is_understood_byte_by_byte),
        cmocka_unit_test(every_vector_is_understood_in_its_pieces),
        cmocka_unit_test(every_vector_is_understood_cut_in_two_anywhere),
        cmocka_unit_test(what_emitters_write_means_what_is_known_of_it),
        cmocka_unit_test(what_concatenation_forges_is_what_is_known_of_it),
        cmocka_unit_test(a_retry_past_64_bits_is_not_taken_for_a_small_one),
        cmocka_unit_test(what_is_not_utf8_is_replaced_as_browsers_do),
        cmocka_unit_test(what_is_utf8_is_kept),
        cmocka_unit_test(a_difference_is_seen),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
