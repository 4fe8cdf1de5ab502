/* SPDX-License-Identifier: MIT */
/* test_text.c - which bytes may stand in which field, byte by byte, against the decoder that the
 * reference parser has. Each text ends where a page ends. */
#include "sse/text.h"

#include "support/decoder.h"
#include "support/guard.h"

#include <stdarg.h>
#include <setjmp.h>
#include <string.h>
#include <cmocka.h>

typedef int predicate(const char *ptr, size_t len);

/* Ask about a text that ends where a page ends. */
static int ask(predicate *valid, const char *text, size_t len)
{
    static guard page;
    char *at;

    if (page.ptr == NULL)
        page = guard_before_end(4096);
    at = guard_tail(&page, len);
    memcpy(at, text, len);
    return valid(at, len);
}

#define ASK(valid, literal) ask(valid, "" literal, sizeof(literal) - 1)

/* A decoder_sink: what came out of it so far. */
typedef struct decoded {
    char bytes[64];
    size_t len;
} decoded;

static void collect(void *user, const char *bytes, size_t len)
{
    decoded *d = user;

    memcpy(d->bytes + d->len, bytes, len);
    d->len += len;
}

/* Whether decoding leaves a text as it is: the standard's way to say that it is UTF-8. */
static int survives_decoding(const char *text, size_t len)
{
    decoder d;
    decoded out;
    size_t i;

    memset(&d, 0, sizeof d);
    out.len = 0;
    for (i = 0; i < len; i++)
        decoder_feed(&d, (unsigned char)text[i], collect, &out);
    decoder_end(&d, collect, &out);
    return out.len == len && memcmp(out.bytes, text, len) == 0;
}

static int has_control(const char *text, size_t len)
{
    size_t i;

    for (i = 0; i < len; i++)
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7F)
            return 1;
    return 0;
}

/* Compare the three predicates with their definitions. */
static void compare(const char *text, size_t len)
{
    int utf8 = survives_decoding(text, len);
    int type = utf8 && !has_control(text, len);
    int id = type && (len == 0 || (text[0] != ' ' && text[len - 1] != ' '));

    if (ask(sse_utf8_valid, text, len) != utf8 || ask(sse_type_valid, text, len) != type ||
        ask(sse_id_valid, text, len) != id)
        fail_msg("%zu bytes, %02x %02x %02x %02x", len, (unsigned char)text[0],
                 len > 1 ? (unsigned char)text[1] : 0u, len > 2 ? (unsigned char)text[2] : 0u,
                 len > 3 ? (unsigned char)text[3] : 0u);
}

static void text_of_up_to_three_bytes_is_valid_by_definition(void **state)
{
    unsigned a, b, c;
    char text[3];

    (void)state;
    for (a = 0; a < 256; a++) {
        text[0] = (char)a;
        compare(text, 1);
        for (b = 0; b < 256; b++) {
            text[1] = (char)b;
            compare(text, 2);
            for (c = 0; c < 256; c++) {
                text[2] = (char)c;
                compare(text, 3);
            }
        }
    }
}

static void text_of_four_bytes_at_the_bounds_is_valid_by_definition(void **state)
{
    static const unsigned char bounds[] = {0x00, 0x20, 'a',  0x7F, 0x80, 0x8F, 0x90,
                                           0x9F, 0xA0, 0xBF, 0xC0, 0xC2, 0xE2, 0xFF};
    const size_t n = sizeof bounds;
    unsigned lead;
    size_t i;

    (void)state;
    for (lead = 0xED; lead < 0x100; lead++)
        for (i = 0; i < n * n * n; i++) {
            char text[4];

            text[0] = (char)lead;
            text[1] = (char)bounds[i % n];
            text[2] = (char)bounds[i / n % n];
            text[3] = (char)bounds[i / n / n];
            compare(text, 4);
        }
}

/* Plain text is looked at a word at a time: anything may stand anywhere in it. Digits have the
 * fewest bits that the rest of a word could be mistaken for. */
static void what_stands_in_plain_text_is_judged_by_definition(void **state)
{
    static const char *const parts[] = {"\303\251", "\342\202\254", "\360\237\230\200",
                                        "\355\240\200", "\300\200"};
    enum { LENGTH = 40 };
    char text[LENGTH];
    size_t at, len, i;

    (void)state;
    memset(text, '0', sizeof text);
    for (len = LENGTH; len > 0; len--)
        compare(text, len); /* the longest is behind all others, and leaves plain text there */
    for (at = 0; at < LENGTH / 2; at++)
        for (len = at + 1; len < LENGTH; len++) {
            for (i = 0; i < 256; i++) {
                text[at] = (char)i;
                compare(text, len);
            }
            for (i = 0; i < sizeof parts / sizeof *parts; i++) {
                memcpy(text + at, parts[i], strlen(parts[i]));
                compare(text, len);
                memset(text + at, '0', strlen(parts[i]));
            }
            text[at] = '0';
        }
}

static void what_begins_no_character_does_not_do_so_however_many_bytes_follow(void **state)
{
    char text[20];
    unsigned lead, second;
    size_t len;

    (void)state;
    memset(text, 0xBF, sizeof text);
    for (lead = 0x80; lead < 0x100; lead++)
        for (second = 0x80; second < 0xC0; second++) {
            text[0] = (char)lead;
            text[1] = (char)second;
            for (len = 2; len <= sizeof text; len++)
                compare(text, len);
        }
}

static void each_kind_of_malformed_utf8_is_told(void **state)
{
    (void)state;
    assert_false(ASK(sse_utf8_valid, "a\x80"));    /* no lead */
    assert_false(ASK(sse_utf8_valid, "\xC0\xAF")); /* overlong */
    assert_false(ASK(sse_utf8_valid, "\xE0\x80\xAF"));
    assert_false(ASK(sse_utf8_valid, "\xF0\x80\x80\xAF"));
    assert_false(ASK(sse_utf8_valid, "\xED\xA0\x80")); /* surrogates */
    assert_false(ASK(sse_utf8_valid, "\xED\xBF\xBF"));
    assert_false(ASK(sse_utf8_valid, "\xED\xA0\xBD\xED\xB8\x80"));
    assert_false(ASK(sse_utf8_valid, "\xF4\x90\x80\x80")); /* past U+10FFFF */
    assert_false(ASK(sse_utf8_valid, "\xF8\x88\x80\x80\x80"));
    assert_false(ASK(sse_utf8_valid, "\xFE"));
    assert_false(ASK(sse_utf8_valid, "\xFF"));
    assert_false(ASK(sse_utf8_valid, "a\xC3")); /* cut, where the page ends */
    assert_false(ASK(sse_utf8_valid, "a\xE2\x82"));
    assert_false(ASK(sse_utf8_valid, "a\xF0\x9F\x98"));
}

static void well_formed_utf8_is_told(void **state)
{
    (void)state;
    assert_true(ASK(sse_utf8_valid, "\x01 \x7F\xC2\x80\xDF\xBF\xE0\xA0\x80\xED\x9F\xBF"));
    assert_true(ASK(sse_utf8_valid, "\xEE\x80\x80\xEF\xBF\xBF\xF0\x90\x80\x80\xF4\x8F\xBF\xBF"));
    assert_true(ASK(sse_utf8_valid, "a\0b")); /* NUL is a character like others */
    assert_true(ASK(sse_utf8_valid, "\xEF\xBB\xBF"));
}

static void empty_text_passes_and_its_pointer_is_not_followed(void **state)
{
    static predicate *const all[] = {sse_utf8_valid, sse_type_valid, sse_id_valid, sse_id_portable};
    guard none = guard_none(1);
    size_t i;

    (void)state;
    for (i = 0; i < 4; i++) {
        assert_int_equal(all[i](NULL, 0), 1);
        assert_int_equal(all[i](none.ptr, 0), 1);
    }
    guard_free(&none);
}

static void the_answer_is_one_or_zero(void **state)
{
    (void)state;
    assert_int_equal(ASK(sse_utf8_valid, "\xF0\x9F\x98\x80"), 1);
    assert_int_equal(ASK(sse_type_valid, "\xF0\x9F\x98\x80"), 1);
    assert_int_equal(ASK(sse_id_valid, "\xF0\x9F\x98\x80"), 1);
    assert_int_equal(ASK(sse_id_portable, "~"), 1);
    assert_int_equal(ASK(sse_utf8_valid, "\x80"), 0);
    assert_int_equal(ASK(sse_type_valid, "\n"), 0);
    assert_int_equal(ASK(sse_id_valid, " "), 0);
    assert_int_equal(ASK(sse_id_portable, "?"), 0);
}

static void a_control_byte_anywhere_is_neither_type_nor_id(void **state)
{
    unsigned byte;
    size_t at;

    (void)state;
    for (byte = 0; byte < 0x80; byte++)
        for (at = 0; at < 9; at++) {
            char text[] = "ab\303\251cdefg";
            int control = byte < 0x20 || byte == 0x7F;

            if (at == 2 || at == 3) /* leave the sequence whole */
                continue;
            text[at] = (char)byte;
            assert_int_equal(ask(sse_type_valid, text, 9), !control);
            assert_int_equal(ask(sse_id_valid, text, 9),
                             !control && !(byte == ' ' && (at == 0 || at == 8)));
            assert_true(ask(sse_utf8_valid, text, 9));
        }
}

static void a_space_at_an_end_is_no_id_and_inside_it_is(void **state)
{
    (void)state;
    assert_false(ASK(sse_id_valid, " "));
    assert_false(ASK(sse_id_valid, " a"));
    assert_false(ASK(sse_id_valid, "a "));
    assert_true(ASK(sse_id_valid, "a b"));
    assert_true(ASK(sse_id_valid, "\xC2\xA0")); /* no-break space: two bytes that come back */
    assert_true(ASK(sse_type_valid, " "));
    assert_true(ASK(sse_type_valid, " a "));
}

static void what_other_languages_take_for_a_line_end_is_none(void **state)
{
    (void)state;
    assert_true(ASK(sse_id_valid, "a\302\205b"));     /* NEL */
    assert_true(ASK(sse_id_valid, "a\342\200\250b")); /* U+2028 */
    assert_true(ASK(sse_type_valid, "a\342\200\251b"));
}

static void each_byte_is_portable_or_not_as_the_standard_says(void **state)
{
    static const char unsafe[] = "\"():<>?@[\\]{}";
    unsigned byte;

    (void)state;
    for (byte = 0; byte < 256; byte++) {
        int printable = byte >= 0x20 && byte <= 0x7E;
        int safe = printable && memchr(unsafe, (int)byte, sizeof unsafe - 1) == NULL;
        char text[3] = {'a', 'b', 'c'};
        char alone = (char)byte;

        text[1] = (char)byte;
        assert_int_equal(ask(sse_id_portable, text, 3), safe);
        assert_int_equal(ask(sse_id_portable, &alone, 1), safe && byte != ' ');
    }
}

static void an_id_of_128_bytes_is_portable_and_one_of_129_is_not(void **state)
{
    char text[130];

    (void)state;
    memset(text, 'x', sizeof text);
    assert_true(ask(sse_id_portable, text, 127));
    assert_true(ask(sse_id_portable, text, 128));
    assert_false(ask(sse_id_portable, text, 129));
    assert_false(ask(sse_id_portable, text, 130));
    assert_true(ask(sse_id_valid, text, 130));
}

static void a_portable_id_is_an_id_without_spaces_at_its_ends_and_in_ascii(void **state)
{
    (void)state;
    assert_true(ASK(sse_id_portable, "a b"));
    assert_true(ASK(sse_id_portable, "1f-2'3/4,5;6=7~8"));
    assert_false(ASK(sse_id_portable, " a"));
    assert_false(ASK(sse_id_portable, "a "));
    assert_false(ASK(sse_id_portable, "\xC3\xA9"));
    assert_false(ASK(sse_id_portable, "a\tb"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_of_up_to_three_bytes_is_valid_by_definition),
        cmocka_unit_test(text_of_four_bytes_at_the_bounds_is_valid_by_definition),
        cmocka_unit_test(what_stands_in_plain_text_is_judged_by_definition),
        cmocka_unit_test(what_begins_no_character_does_not_do_so_however_many_bytes_follow),
        cmocka_unit_test(each_kind_of_malformed_utf8_is_told),
        cmocka_unit_test(well_formed_utf8_is_told),
        cmocka_unit_test(empty_text_passes_and_its_pointer_is_not_followed),
        cmocka_unit_test(the_answer_is_one_or_zero),
        cmocka_unit_test(a_control_byte_anywhere_is_neither_type_nor_id),
        cmocka_unit_test(a_space_at_an_end_is_no_id_and_inside_it_is),
        cmocka_unit_test(what_other_languages_take_for_a_line_end_is_none),
        cmocka_unit_test(each_byte_is_portable_or_not_as_the_standard_says),
        cmocka_unit_test(an_id_of_128_bytes_is_portable_and_one_of_129_is_not),
        cmocka_unit_test(a_portable_id_is_an_id_without_spaces_at_its_ends_and_in_ascii),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
