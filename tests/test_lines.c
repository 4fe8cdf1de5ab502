/* SPDX-License-Identifier: MIT */
/* test_lines.c - line ends in data and in comments, wherever they are: the encoder copies in blocks
 * of up to 64 bytes, and what it does at their edges must be what it does elsewhere. */
#include "sse/writer.h"

#include "../src/lines.h"

#include "block.h"
#include "dice.h"
#include "encoding.h"
#include "guard.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum { LONGEST = 230 };

static block memory;

/* What stands among letters: breaks, and bytes that might be taken for some. */
static const char *const marks[] = {"\n",   "\r", "\r\n", "\n\r", "\n\n",
                                    "\r\r", "\t", "\x0B", "\x8A"};

enum { MARKS = sizeof marks / sizeof *marks };

/* The encoder once more, a byte at a time, for an event that has data only. Returns the length. */
static size_t spell(char *dst, const char *data, size_t len)
{
    char *at = dst;
    size_t i;

    memcpy(at, "data: ", 6);
    at += 6;
    for (i = 0; i < len; i++) {
        if (data[i] != '\r' && data[i] != '\n') {
            *at++ = data[i];
            continue;
        }
        if (data[i] == '\r' && i + 1 < len && data[i + 1] == '\n')
            i++;
        memcpy(at, "\ndata: ", 7);
        at += 7;
    }
    memcpy(at, "\n\n", 2);
    return (size_t)(at + 2 - dst);
}

/* Encode data that ends where a page ends into memory that does so, too: just enough, and one byte
 * less. */
static void assert_spelled(const guard *from, const guard *to, const char *data, size_t len)
{
    static char expected[7 * LONGEST + 8];
    const size_t need = spell(expected, data, len);
    const sse_event ev = with(DATA, guard_tail(from, len), len);
    char *const dst = guard_tail(to, need);
    size_t n;

    memcpy(guard_tail(from, len), data, len);
    assert_int_equal(sse_event_encode(&ev, dst, need, &n), SSE_OK);
    assert_int_equal(n, need);
    assert_memory_equal(dst, expected, need);
    assert_int_equal(sse_event_encode(&ev, dst + 1, need - 1, &n), SSE_E_SPACE);
    assert_int_equal(n, need);
}

static void a_mark_at_any_place_of_data_of_any_length_is_what_it_is(void **state)
{
    guard from = guard_before_end(LONGEST), to = guard_before_end(7 * LONGEST + 8);
    char data[LONGEST];
    size_t len, at, m;

    (void)state;
    for (len = 1; len <= LONGEST; len++)
        for (at = 0; at < len; at++)
            for (m = 0; m < MARKS; m++) {
                const size_t n = strlen(marks[m]) < len - at ? strlen(marks[m]) : len - at;

                memset(data, 'x', len);
                memcpy(data + at, marks[m], n);
                assert_spelled(&from, &to, data, len);
            }
    guard_free(&from);
    guard_free(&to);
}

static void any_mixture_of_marks_and_letters_is_what_it_is(void **state)
{
    guard from = guard_before_end(LONGEST), to = guard_before_end(7 * LONGEST + 8);
    char data[LONGEST];
    unsigned round;
    size_t i;

    (void)state;
    dice_seed(1);
    for (round = 0; round < 50000; round++) {
        const size_t len = 1 + below(LONGEST), rarity = 1 + below(100);

        for (i = 0; i < len; i++)
            data[i] = below(rarity) ? (char)('a' + i % 26) : *marks[below(MARKS)];
        assert_spelled(&from, &to, data, len);
    }
    guard_free(&from);
    guard_free(&to);
}

static void lines_are_the_same_where_the_ring_wraps(void **state)
{
    static const size_t every[] = {1000, 100, 80, 63, 17, 3};
    static char expected[7 * LONGEST + 8], got[sizeof expected];
    char data[LONGEST];
    size_t start, i, k, n;

    (void)state;
    for (k = 0; k < sizeof every / sizeof *every; k++) {
        size_t all;

        for (i = 0; i < LONGEST; i++)
            data[i] = i % every[k] == every[k] - 1 ? '\n' : (char)('a' + i % 26);
        all = spell(expected, data, LONGEST);
        for (start = 1; start < all; start++) { /* the free memory begins here */
            sse_writer *w = block_writer(&memory, all + 1, 0);

            assert_int_equal(sse_writer_raw(w, expected, start + 1), SSE_OK);
            assert_int_equal(sse_writer_read(w, got, start, &n), SSE_OK);
            assert_int_equal(sse_writer_send_parts(w, NULL, 0, NULL, 0, data, LONGEST), SSE_OK);
            assert_int_equal(sse_writer_read(w, got, 1, &n), SSE_OK);
            for (i = 0; sse_writer_read(w, got + i, sizeof got - i, &n) == SSE_OK; i += n)
                ;
            assert_int_equal(i, all);
            assert_memory_equal(got, expected, all);
        }
    }
}

static void data_that_is_appended_into_any_room_has_the_same_lines(void **state)
{
    enum { CAPACITY = 300 };
    static char expected[7 * LONGEST + 8], got[7 * LONGEST + 8];
    static const size_t every[] = {1000, 80, 17, 3};
    char data[LONGEST];
    size_t at_once, k, i;

    (void)state;
    for (k = 0; k < sizeof every / sizeof *every; k++) {
        for (i = 0; i < LONGEST; i++)
            data[i] = i % every[k] == every[k] - 1 ? '\n' : (char)('a' + i % 26);
        for (at_once = 1; at_once <= CAPACITY; at_once++) {
            sse_writer *w = block_writer(&memory, CAPACITY, 0);
            size_t all = 0, sent = 0, n;

            assert_int_equal(sse_writer_begin(w, NULL), SSE_OK);
            while (sent < LONGEST) { /* only so much is taken out, and so much is free next time */
                sse_writer_append(w, data + sent, LONGEST - sent, &n);
                sent += n;
                sse_writer_read(w, got + all, at_once, &n);
                all += n;
            }
            while (sse_writer_finish(w) == SSE_AGAIN) {
                sse_writer_read(w, got + all, sizeof got - all, &n);
                all += n;
            }
            while (sse_writer_read(w, got + all, sizeof got - all, &n) == SSE_OK)
                all += n;
            assert_int_equal(all, spell(expected, data, LONGEST));
            assert_memory_equal(got, expected, all);
        }
    }
}

static void a_copy_of_blocks_is_lines_up_to_the_place_where_it_stops(void **state)
{
    static const char *const units[] = {"x", "seventeen letters\n", "\n", "xxx\r\n"};
    char text[LONGEST], got[7 * LONGEST], expected[7 * LONGEST + 8];
    size_t i, k, len;

    (void)state;
    for (i = 0; i < sizeof units / sizeof *units; i++) {
        for (k = 0; k < sizeof text; k++)
            text[k] = units[i][k % strlen(units[i])];
        for (len = BLOCK_LEN; len <= LONGEST; len++) {
            const sse_stop stop = sse_blocks_copy(got, 6 * len, text, text + len);
            const size_t all = spell(expected, text, (size_t)(stop.from - text));

            assert_in_range(stop.from - text, 0, len);
            assert_int_equal(stop.to - got, all - sizeof "data: \n\n" + 1);
            assert_memory_equal(got, expected + sizeof "data: " - 1, (size_t)(stop.to - got));
        }
    }
}

static void comments_of_many_lines_are_put_like_short_ones(void **state)
{
    static const char *const units[] = {"x", "\n", "a line of a comment\n", "\r\n"};
    char text[LONGEST];
    size_t i, k;

    (void)state;
    for (i = 0; i < sizeof units / sizeof *units; i++) {
        sse_event ev = with(COMMENT, text, sizeof text);

        for (k = 0; k < sizeof text; k++)
            text[k] = units[i][k % strlen(units[i])];
        encode(&ev);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_mark_at_any_place_of_data_of_any_length_is_what_it_is),
        cmocka_unit_test(any_mixture_of_marks_and_letters_is_what_it_is),
        cmocka_unit_test(lines_are_the_same_where_the_ring_wraps),
        cmocka_unit_test(data_that_is_appended_into_any_room_has_the_same_lines),
        cmocka_unit_test(a_copy_of_blocks_is_lines_up_to_the_place_where_it_stops),
        cmocka_unit_test(comments_of_many_lines_are_put_like_short_ones),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
