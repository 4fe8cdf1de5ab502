/* SPDX-License-Identifier: MIT */
/* test_history_ids.c - ids and the places that they stand for: automatic ones and the caller's,
 * what becomes of them when events go and when the history is opened again, and ids of others. */
#include "sse/history.h"

#include "history.h"
#include "parsed.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static history h;

/* Find an id, and demand what comes of it. */
static void assert_find_text(const char *id, size_t len, int status, uint64_t want)
{
    guard before = guard_copy(id, len), at_start = guard_at_start(len);
    uint64_t next = 99;

    assert_int_equal(sse_history_find(h.real, before.ptr, len, &next), status);
    assert_int_equal(next, want);
    memcpy(at_start.ptr, id, len);
    assert_int_equal(sse_history_find(h.real, at_start.ptr, len, &next), status);
    assert_int_equal(next, want);
    guard_free(&before);
    guard_free(&at_start);
}

static void assert_find(const char *id, int status, uint64_t want)
{
    assert_find_text(id, strlen(id), status, want);
}

/* Likewise, the id with this origin, which ends in a hyphen, and number. */
static void assert_find_of(const char *origin, uint64_t number, int status, uint64_t want)
{
    char id[SSE_HISTORY_ID_MAX + 1];

    assert_true((size_t)snprintf(id, sizeof id, "%s%" PRIu64, origin, number) < sizeof id);
    assert_find(id, status, want);
}

/* The mix is written down here once more: it decides which ids a new version of a program takes. */
static uint64_t scatter(uint64_t word)
{
    word = (word ^ word >> 33) * UINT64_C(0xff51afd7ed558ccd);
    word = (word ^ word >> 33) * UINT64_C(0xc4ceb9fe1a85ec53);
    return word ^ word >> 33;
}

static uint64_t origin_of(uint64_t epoch, const char *name, size_t len)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);

    for (; len > 0; len--, name++)
        hash = (hash ^ (unsigned char)*name) * UINT64_C(0x100000001b3);
    return scatter(scatter(epoch) ^ hash);
}

static void an_automatic_id_is_the_origin_and_the_number(void **state)
{
    static const uint64_t epochs[] = {1, 0x19a3f0c2e41, UINT64_MAX};
    char id[SSE_HISTORY_ID_MAX], want[SSE_HISTORY_ID_MAX + 1];
    sse_str text = {want, 0};
    size_t len, i, n;

    (void)state;
    assert_int_equal(sse_history_id_max(), SSE_HISTORY_ID_MAX);
    for (i = 0; i < sizeof epochs / sizeof epochs[0]; i++) {
        history_begin(&h, 20, 1000, 0, epochs[i]);
        for (n = 0; n < 42; n++)
            history_append(&h, 40, 0, 0, 0);
        text.len = (size_t)snprintf(want, sizeof want, "%" PRIx64 "-42",
                                    origin_of(epochs[i], HISTORY_NAME, HISTORY_NAME_LEN));
        assert_int_equal(sse_history_id(h.real, 42, id, sizeof id, &len), SSE_OK);
        assert_same_text(((sse_str){id, len}), text);
        assert_find(want, SSE_OK, 43);
        history_check(&h, h.real);
        history_end(&h);
    }
}

static void a_client_can_stand_before_the_first_event(void **state)
{
    char id[SSE_HISTORY_ID_MAX];
    size_t len;

    (void)state;
    history_begin(&h, 20, 1000, 0, 0xabc);
    assert_int_equal(sse_history_id(h.real, 0, id, sizeof id, &len), SSE_OK);
    assert_find_text(id, len, SSE_OK, 1);
    assert_find_of(h.origin, 1, SSE_GAP, 1);
    assert_int_equal(sse_history_id(h.real, 1, id, sizeof id, &len), SSE_E_RANGE);
    history_append(&h, 40, 0, 0, 0);
    assert_find_of(h.origin, 0, SSE_OK, 1);
    assert_find_of(h.origin, 1, SSE_OK, 2);
    history_end(&h);
}

static void an_id_of_this_run_gives_its_place_when_the_event_is_gone(void **state)
{
    int i;

    (void)state;
    history_begin(&h, 2, 1000, 0, 0xabc);
    for (i = 0; i < 9; i++)
        history_append(&h, 40, 0, 0, 0);
    assert_find_of(h.origin, 0, SSE_OK, 1);
    assert_find_of(h.origin, 3, SSE_OK, 4);
    assert_find_of(h.origin, 9, SSE_OK, 10);
    assert_find_of(h.origin, 10, SSE_GAP, 8);
    history_end(&h);
}

static void text_without_an_origin_is_not_an_id(void **state)
{
    static const char *const others[] = {"",   "-",     "1",   "abc", "abc-",
                                         "-1", "abc-1", "0-0", "0-1", "0x1-1"};
    uint64_t next;
    size_t i;

    (void)state;
    history_begin(&h, 4, 1000, 0, 0xabc);
    for (i = 0; i < 6; i++)
        history_append(&h, 40, 0, 0, 0);
    for (i = 0; i < sizeof others / sizeof others[0]; i++)
        assert_find(others[i], SSE_GAP, 3);
    assert_int_equal(sse_history_find(h.real, NULL, 0, &next), SSE_GAP);
    assert_int_equal(next, 3);
    next = 0;
    assert_int_equal(sse_history_find(h.real, NULL, 1, &next), SSE_E_ARG);
    assert_int_equal(next, 3);
    history_end(&h);
}

/* Each cut, each byte that is another one, more on either side, and numbers that wrap. */
static void an_id_that_is_spelled_otherwise_is_not_found(void **state)
{
    static const char *const numbers[] = {
        "",
        "01",
        "+1",
        "-1",
        " 1",
        "1 ",
        "1-1",
        "1x",
        "4294967297",
        "18446744073709551615",
        "18446744073709551616",
        "18446744073709551617",
        "340282366920938463463374607431768211457",
        "99999999999999999999999999999999999999999999999999999999999999999999999999999999",
    };
    static const char *const around[][2] = {{"0", ""}, {" ", ""}, {"0x", ""}, {"1", ""},
                                            {"", "0"}, {"", " "}, {"", "\n"}};
    char id[SSE_HISTORY_ID_MAX + 1], other[150];
    size_t len, i;

    (void)state;
    history_begin(&h, 4, 1000, 0, 0xabc);
    for (i = 0; i < 6; i++)
        history_append(&h, 40, 0, 0, 0);
    len = (size_t)snprintf(id, sizeof id, "%s1", h.origin);
    assert_find(id, SSE_OK, 2);
    for (i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        snprintf(other, sizeof other, "%s%s", h.origin, numbers[i]);
        assert_find(other, SSE_GAP, 3);
    }
    for (i = 0; i < sizeof around / sizeof around[0]; i++) {
        snprintf(other, sizeof other, "%s%s%s", around[i][0], id, around[i][1]);
        assert_find(other, SSE_GAP, 3);
    }
    for (i = 0; i < len; i++) {
        assert_find_text(id, i, SSE_GAP, 3);
        assert_find_text(id + i + 1, len - i - 1, SSE_GAP, 3);
        memcpy(other, id, sizeof id);
        other[i] = (char)toupper((unsigned char)id[i]);
        assert_find(other, other[i] == id[i] ? SSE_OK : SSE_GAP, other[i] == id[i] ? 2 : 3);
        other[i] = id[i] == '0' ? '9' : '0';
        assert_find(other, i == len - 1 ? SSE_OK : SSE_GAP, i == len - 1 ? 1 : 3);
        other[i] = '\xB0' + (i == len - 1); /* which has the low bits of a digit */
        assert_find(other, SSE_GAP, 3);
    }
    assert_find_text(id, len + 1, SSE_GAP, 3); /* with its NUL */
    history_end(&h);
}

/* Two streams of a program, which may start in the same millisecond, and two starts of it. */
static void the_ids_of_another_history_are_refused(void **state)
{
    static const struct source {
        uint64_t epoch;
        const char *name;
        size_t len;
    } sources[] = {
        {0xabc, HISTORY_NAME, HISTORY_NAME_LEN},
        {0xabc, HISTORY_NAME, HISTORY_NAME_LEN - 1},
        {0xabc, HISTORY_NAME, HISTORY_NAME_LEN + 1}, /* its NUL is a byte like any other */
        {0xabc, HISTORY_NAME "2", HISTORY_NAME_LEN + 1},
        {0xabc, "/events/News", 12},
        {0xabc, "/", 1},
        {0xabc, "\0", 1},
        {0xabc, "\0\0", 2},
        {0xabc, "\xFF", 1},
        {0xabd, HISTORY_NAME, HISTORY_NAME_LEN},
        {0xabb, HISTORY_NAME, HISTORY_NAME_LEN},
        {0xabc0, HISTORY_NAME, HISTORY_NAME_LEN},
        {0xabc00000000, HISTORY_NAME, HISTORY_NAME_LEN},
        {UINT64_MAX, HISTORY_NAME, HISTORY_NAME_LEN},
    };
    static uint64_t memory[SSE_HISTORY_WORDS(4, 1000)];
    char id[SSE_HISTORY_ID_MAX];
    size_t i, len;
    uint64_t n;

    (void)state;
    history_begin(&h, 4, 1000, 0, 0xabc);
    history_append(&h, 40, 0, 0, 0);
    history_append(&h, 40, 0, 0, 0);
    for (i = 0; i < sizeof sources / sizeof sources[0]; i++) {
        sse_history *const other = sse_history_init(memory, sizeof memory, 4, 0, sources[i].epoch,
                                                    sources[i].name, sources[i].len);

        for (n = 1; n <= 2; n++) {
            assert_int_equal(sse_history_append_parts(other, NULL, 0, NULL, 0, "x", 1, 0, 0, 0),
                             SSE_OK);
            assert_int_equal(sse_history_id(other, n, id, sizeof id, &len), SSE_OK);
            assert_find_text(id, len, i == 0 ? SSE_OK : SSE_GAP, i == 0 ? n + 1 : 1);
        }
    }
    history_end(&h);
}

static int compare(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

/* A year of starts of one stream, and many streams that start at once. */
static void origins_of_many_histories_differ(void **state)
{
    enum { EPOCHS = 300, NAMES = 300 };
    static uint64_t origins[EPOCHS * NAMES], memory[SSE_HISTORY_WORDS(1, 64)];
    char name[32], id[SSE_HISTORY_ID_MAX + 1] = "";
    size_t i, k, len, count = 0;

    (void)state;
    for (i = 0; i < EPOCHS; i++)
        for (k = 0; k < NAMES; k++) {
            const sse_history *const real =
                sse_history_init(memory, sizeof memory, 1, 0, 1732780800000 + i, name,
                                 (size_t)snprintf(name, sizeof name, "/events/%u", (unsigned)k));

            assert_int_equal(sse_history_id(real, 0, id, sizeof id - 1, &len), SSE_OK);
            origins[count++] = strtoull(id, NULL, 16);
        }
    qsort(origins, count, sizeof origins[0], compare);
    for (i = 1; i < count; i++)
        assert_true(origins[i] != origins[i - 1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_automatic_id_is_the_origin_and_the_number),
        cmocka_unit_test(a_client_can_stand_before_the_first_event),
        cmocka_unit_test(an_id_of_this_run_gives_its_place_when_the_event_is_gone),
        cmocka_unit_test(text_without_an_origin_is_not_an_id),
        cmocka_unit_test(an_id_that_is_spelled_otherwise_is_not_found),
        cmocka_unit_test(the_ids_of_another_history_are_refused),
        cmocka_unit_test(origins_of_many_histories_differ),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
