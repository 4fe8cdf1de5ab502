/* SPDX-License-Identifier: MIT */
/* test_exhaust.c - nothing that can be put into an event comes out as anything else: all short
 * texts over the bytes that mean something to the format, in each of the parts. */
#include "sse/event.h"
#include "sse/text.h"

#include "support/encoding.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

static const char hostile[8] = {'\n', '\r', '\0', ' ', ':', 'a', '\xC3', '\xA9'};

/* Make the text of a number, of len bytes. */
static void spell(char *text, size_t len, unsigned long number)
{
    for (; len > 0; len--, number /= 8)
        text[len - 1] = hostile[number % 8];
}

/* Encode a text as one part. Returns 1 if it came back, 0 if it was refused, rightly. */
static int try(enum part part, const char *text, size_t len)
{
    sse_event ev = with(part, text, len);

    if (part == TYPE)
        ev.data = SSE_LIT(""); /* a client tells nothing of a type without data */
    if ((part == TYPE && !sse_type_valid(text, len)) || (part == ID && !sse_id_valid(text, len))) {
        ev = placed(&ev);
        assert_refused(&ev, SSE_E_FIELD);
        return 0;
    }
    encode(&ev);
    return 1;
}

/* Encode all texts of up to max bytes as one part. Returns how many there were, and how many of
 * them were refused, rightly. */
static unsigned long exhaust(enum part part, size_t max, unsigned long *refused)
{
    unsigned long tried = 0, number, end = 1;
    char text[8];
    size_t len;

    *refused = 0;
    for (len = 0; len <= max; len++, end *= 8)
        for (number = 0; number < end; number++) {
            tried++;
            spell(text, len, number);
            *refused += !try(part, text, len);
        }
    return tried;
}

static void any_data_comes_back_with_its_breaks_as_line_feeds(void **state)
{
    unsigned long refused;

    (void)state;
    assert_int_equal(exhaust(DATA, 6, &refused), 299593);
    assert_int_equal(refused, 0);
}

static void any_comment_is_ignored_and_forges_nothing(void **state)
{
    unsigned long refused;

    (void)state;
    assert_int_equal(exhaust(COMMENT, 6, &refused), 299593);
    assert_int_equal(refused, 0);
}

/* Of the 8 bytes 3 are control bytes and 2 are halves of a character, which leaves texts over
 * " ", ":", "a" and the whole character: t(n) = 3 t(n-1) + t(n-2), so 1, 3, 10, 33, 109. */
static void a_type_comes_back_exactly_or_is_refused(void **state)
{
    unsigned long refused, tried;

    (void)state;
    tried = exhaust(TYPE, 4, &refused);
    assert_int_equal(tried, 4681);
    assert_int_equal(tried - refused, 1 + 3 + 10 + 33 + 109);
}

/* The same without a space at either end: i(n) = t(n) - 2 t(n-1) + t(n-2), where n is above 1. */
static void an_id_comes_back_exactly_or_is_refused(void **state)
{
    unsigned long refused, tried;

    (void)state;
    tried = exhaust(ID, 4, &refused);
    assert_int_equal(tried, 4681);
    assert_int_equal(tried - refused, 1 + 2 + 5 + 16 + 53);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_data_comes_back_with_its_breaks_as_line_feeds),
        cmocka_unit_test(any_comment_is_ignored_and_forges_nothing),
        cmocka_unit_test(a_type_comes_back_exactly_or_is_refused),
        cmocka_unit_test(an_id_comes_back_exactly_or_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
