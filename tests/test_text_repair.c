/* SPDX-License-Identifier: MIT */
/* test_text_repair.c - text that comes in pieces: what of it is whole characters, and what a client
 * makes of bytes that are not UTF-8. The decoder here follows the Encoding standard step by step.
 */
#include "sse/text.h"

#include "guard.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

/* The UTF-8 decoder of the Encoding standard: its variables, and what it has decoded, in UTF-8. */
typedef struct decoder {
    uint32_t code_point;
    unsigned seen, needed, lower, upper;
    size_t len;
    char out[64];
} decoder;

static void put(decoder *d, uint32_t c)
{
    char *p = d->out + d->len;

    if (c < 0x80) {
        *p++ = (char)c;
    } else if (c < 0x800) {
        *p++ = (char)(0xC0 | c >> 6);
        *p++ = (char)(0x80 | (c & 0x3F));
    } else if (c < 0x10000) {
        *p++ = (char)(0xE0 | c >> 12);
        *p++ = (char)(0x80 | (c >> 6 & 0x3F));
        *p++ = (char)(0x80 | (c & 0x3F));
    } else {
        *p++ = (char)(0xF0 | c >> 18);
        *p++ = (char)(0x80 | (c >> 12 & 0x3F));
        *p++ = (char)(0x80 | (c >> 6 & 0x3F));
        *p++ = (char)(0x80 | (c & 0x3F));
    }
    d->len = (size_t)(p - d->out);
}

static void reset(decoder *d)
{
    d->code_point = 0;
    d->seen = d->needed = 0;
    d->lower = 0x80;
    d->upper = 0xBF;
}

static void start(decoder *d, unsigned byte, unsigned needed)
{
    d->needed = needed;
    d->code_point = byte & (needed == 1 ? 0x1F : needed == 2 ? 0xF : 0x7);
    if (byte == 0xE0)
        d->lower = 0xA0;
    if (byte == 0xED)
        d->upper = 0x9F;
    if (byte == 0xF0)
        d->lower = 0x90;
    if (byte == 0xF4)
        d->upper = 0x8F;
}

static void decode(decoder *d, unsigned byte)
{
    if (d->needed == 0) {
        if (byte <= 0x7F)
            put(d, byte);
        else if (byte >= 0xC2 && byte <= 0xDF)
            start(d, byte, 1);
        else if (byte >= 0xE0 && byte <= 0xEF)
            start(d, byte, 2);
        else if (byte >= 0xF0 && byte <= 0xF4)
            start(d, byte, 3);
        else
            put(d, 0xFFFD);
        return;
    }
    if (byte < d->lower || byte > d->upper) {
        reset(d);
        put(d, 0xFFFD);
        decode(d, byte);
        return;
    }
    d->lower = 0x80;
    d->upper = 0xBF;
    d->code_point = d->code_point << 6 | (byte & 0x3F);
    if (++d->seen == d->needed) {
        put(d, d->code_point);
        reset(d);
    }
}

static void decode_all(decoder *d, const char *bytes, size_t len, int last)
{
    size_t i;

    memset(d, 0, sizeof *d);
    reset(d);
    for (i = 0; i < len; i++)
        decode(d, (unsigned char)bytes[i]);
    if (last && d->needed > 0)
        put(d, 0xFFFD);
}

/* Repair a text that comes in two pieces, into memory of a given capacity a call. */
static void assert_repaired(const char *bytes, size_t len, size_t split, size_t cap)
{
    decoder want;
    char out[64], rest[16];
    size_t rest_len = 0, out_len = 0, piece;

    decode_all(&want, bytes, len, 1);
    for (piece = 0; piece < 2; piece++) {
        const char *const from = piece ? bytes + split : bytes;
        const size_t n = piece ? len - split : split;
        size_t taken, made, at = 0;
        int status;

        memcpy(rest + rest_len, from, n);
        rest_len += n;
        do {
            status = sse_utf8_repair(rest + at, rest_len - at, piece == 1, out + out_len, cap,
                                     &taken, &made);
            assert_true(made <= cap && made <= 3 * taken);
            assert_true(sse_utf8_valid(out + out_len, made));
            assert_true(status == SSE_OK || (status == SSE_AGAIN && taken > 0));
            at += taken;
            out_len += made;
        } while (status == SSE_AGAIN);
        rest_len -= at;
        memmove(rest, rest + at, rest_len);
        assert_true(rest_len <= (piece ? 0 : 3));
    }
    assert_int_equal(out_len, want.len);
    assert_memory_equal(out, want.out, want.len);
}

static void assert_whole(const char *bytes, size_t len)
{
    decoder d;

    decode_all(&d, bytes, len, 0);
    assert_int_equal(sse_utf8_whole(bytes, len), d.needed > 0 ? len - 1 - d.seen : len);
}

/* One byte of each kind that the decoder tells apart, and the ends of each. */
static const unsigned char kinds[] = {0x00, 'a',  0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF,
                                      0xC0, 0xC1, 0xC2, 0xDF, 0xE0, 0xE1, 0xEC, 0xED, 0xEE,
                                      0xEF, 0xF0, 0xF1, 0xF3, 0xF4, 0xF5, 0xFF};

enum { KINDS = sizeof kinds, LONGEST = 5 };

/* Call for each text of kinds up to a length. */
static void each_text(size_t longest, void (*what)(const char *bytes, size_t len))
{
    char bytes[LONGEST];
    size_t len, i, n, count;

    for (len = 0, count = 1; len <= longest; len++, count *= KINDS) {
        for (n = 0; n < count; n++) {
            size_t rest = n;

            for (i = 0; i < len; i++, rest /= KINDS)
                bytes[i] = (char)kinds[rest % KINDS];
            what(bytes, len);
        }
    }
}

static void repair_at_every_split(const char *bytes, size_t len)
{
    size_t split;

    for (split = 0; split <= len; split++) {
        assert_repaired(bytes, len, split, 4);
        assert_repaired(bytes, len, split, 6);
        assert_repaired(bytes, len, split, 3 * LONGEST);
    }
}

static void a_text_is_repaired_as_the_standard_decodes_it_wherever_it_is_cut(void **state)
{
    (void)state;
    each_text(4, repair_at_every_split);
}

static void only_an_incomplete_character_at_the_end_is_held_back(void **state)
{
    (void)state;
    each_text(4, assert_whole);
}

static void each_pair_of_bytes_is_repaired_as_the_standard_decodes_it(void **state)
{
    unsigned pair;

    (void)state;
    for (pair = 0; pair < 0x10000; pair++) {
        const char bytes[4] = {(char)(pair >> 8), (char)pair, (char)0x80, (char)0xBF};

        assert_repaired(bytes, 2, 1, 8);
        assert_repaired(bytes, 4, 0, 12);
        assert_whole(bytes, 2);
        assert_whole(bytes, 3);
    }
}

static void text_that_needs_no_repair_is_copied_in_full(void **state)
{
    static const char text[] = "\xEF\xBB\xBF"
                               "caf\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80";
    char out[sizeof text];
    size_t taken, made;

    (void)state;
    assert_int_equal(sse_utf8_repair(text, sizeof text - 1, 1, out, sizeof text - 1, &taken, &made),
                     SSE_OK);
    assert_int_equal(taken, sizeof text - 1);
    assert_int_equal(made, sizeof text - 1);
    assert_memory_equal(out, text, made);
}

static void nothing_is_written_past_the_capacity(void **state)
{
    size_t cap;

    (void)state;
    for (cap = 0; cap <= 12; cap++) {
        guard g = guard_before_end(cap);
        size_t taken = 99, made = 99;
        const int status =
            sse_utf8_repair("\xFF\xC3\xA9\xF0\x9F\x98\x80x\xE2", 9, 1, g.ptr, cap, &taken, &made);

        assert_int_equal(status, cap < 13 ? SSE_AGAIN : SSE_OK);
        assert_int_equal(made, cap < 3 ? 0 : cap < 5 ? 3 : cap < 9 ? 5 : cap < 10 ? 9 : 10);
        guard_free(&g);
    }
}

static void nothing_is_read_past_the_text(void **state)
{
    static const char text[] = "\xF0\x9F\x98";
    size_t n;

    (void)state;
    for (n = 0; n <= 3; n++) {
        guard g = guard_copy(text, n);
        char out[12];
        size_t taken, made;

        assert_int_equal(sse_utf8_whole(g.ptr, n), 0);
        assert_int_equal(sse_utf8_repair(g.ptr, n, 0, out, sizeof out, &taken, &made), SSE_OK);
        assert_int_equal(taken, 0);
        assert_int_equal(sse_utf8_repair(g.ptr, n, 1, out, sizeof out, &taken, &made), SSE_OK);
        assert_int_equal(made, n > 0 ? 3 : 0);
        guard_free(&g);
    }
}

static void missing_memory_is_refused(void **state)
{
    char out[4];
    size_t taken = 99, made = 99;

    (void)state;
    assert_int_equal(sse_utf8_repair("x", 1, 1, out, 4, NULL, &made), SSE_E_ARG);
    assert_int_equal(made, 0);
    assert_int_equal(sse_utf8_repair("x", 1, 1, out, 4, &taken, NULL), SSE_E_ARG);
    assert_int_equal(taken, 0);
    assert_int_equal(sse_utf8_repair(NULL, 1, 1, out, 4, &taken, &made), SSE_E_ARG);
    assert_int_equal(sse_utf8_repair("x", 1, 1, NULL, 4, &taken, &made), SSE_E_ARG);
    assert_int_equal(sse_utf8_repair(NULL, 0, 1, NULL, 0, &taken, &made), SSE_OK);
    assert_int_equal(sse_utf8_repair("x", 1, 1, NULL, 0, &taken, &made), SSE_AGAIN);
    assert_int_equal(sse_utf8_whole(NULL, 0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_is_repaired_as_the_standard_decodes_it_wherever_it_is_cut),
        cmocka_unit_test(only_an_incomplete_character_at_the_end_is_held_back),
        cmocka_unit_test(each_pair_of_bytes_is_repaired_as_the_standard_decodes_it),
        cmocka_unit_test(text_that_needs_no_repair_is_copied_in_full),
        cmocka_unit_test(nothing_is_written_past_the_capacity),
        cmocka_unit_test(nothing_is_read_past_the_text),
        cmocka_unit_test(missing_memory_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
