/* SPDX-License-Identifier: MIT */
/* test_history_runs.c - the automatic ids that earlier runs of a program have given: which of them
 * the next run finds. */
#include "sse/history.h"

#include "history.h"

#include <inttypes.h>
#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

static history h;

/* Find the id with this origin, which ends in a hyphen, and number, and demand what comes of it. */
static void assert_find_of(const char *origin, uint64_t number, int status, uint64_t want)
{
    char id[SSE_HISTORY_ID_MAX + 1];
    const size_t len = (size_t)snprintf(id, sizeof id, "%s%" PRIu64, origin, number);
    uint64_t next = 99;

    assert_true(len < sizeof id);
    assert_int_equal(sse_history_find(h.real, id, len, &next), status);
    assert_int_equal(next, want);
}

static void append(int count)
{
    for (; count > 0; count--)
        history_append(&h, 40, 0, 0, h.end);
}

/* Begin with the first run, of so many events. */
static void begin(char *origin, uint32_t events, int count)
{
    history_begin(&h, events, 1000, 0, 0xa);
    memcpy(origin, h.origin, sizeof h.origin);
    append(count);
}

/* Go on in another run, of so many events. */
static void restart(char *origin, int count)
{
    history_reopen(&h, h.epoch + 1);
    memcpy(origin, h.origin, sizeof h.origin);
    append(count);
    history_check(&h, h.real);
}

static void damage(uint64_t number)
{
    const past *const p = history_event(&h, number);
    char *const image = (char *)h.real;
    size_t at = 0;

    while (memcmp(image + at, p->bytes, p->stored) != 0)
        at++;
    image[at] ^= 1;
}

static void the_ids_of_runs_never_alias(void **state)
{
    char a[HISTORY_ORIGIN_MAX], b[HISTORY_ORIGIN_MAX];

    (void)state;
    history_begin(&h, 4, 1000, 0, 0xa);
    memcpy(a, h.origin, sizeof a);
    history_append(&h, 40, 0, 0, 0);
    history_append(&h, 40, 0, 0, 0);
    history_append(&h, 40, 0, 0, 0);
    history_reopen(&h, 0xb);
    memcpy(b, h.origin, sizeof b);
    history_check(&h, h.real);
    assert_find_of(a, 3, SSE_OK, 4);
    assert_find_of(b, 3, SSE_OK, 4); /* before all of this run */
    assert_find_of(a, 4, SSE_GAP, 1);
    assert_find_of(b, 2, SSE_GAP, 1);
    history_append(&h, 40, 0, 0, 0);
    history_append(&h, 40, 0, 0, 0);
    assert_find_of(a, 3, SSE_OK, 4);
    assert_find_of(a, 4, SSE_GAP, 2);
    assert_find_of(b, 4, SSE_OK, 5);
    assert_find_of(b, 2, SSE_GAP, 2);
    assert_find_of(a, 1, SSE_OK, 2);
    history_check(&h, h.real);
    history_reopen(&h, 0xc);
    history_append(&h, 40, 0, 0, 0);
    assert_find_of(a, 3, SSE_OK, 4);
    assert_find_of(b, 3, SSE_OK, 4);
    assert_find_of(b, 5, SSE_OK, 6);
    assert_find_of(h.origin, 4, SSE_GAP, 3);
    assert_find_of(h.origin, 6, SSE_OK, 7);
    history_check(&h, h.real);
    history_end(&h);
}

/* It is all that a client has which was connected while nothing happened. */
static void a_place_of_the_previous_run_is_found_again(void **state)
{
    char a[HISTORY_ORIGIN_MAX], b[HISTORY_ORIGIN_MAX], c[HISTORY_ORIGIN_MAX];
    int quiet;

    (void)state;
    for (quiet = 0; quiet < 2; quiet++) {
        begin(a, 9, 2);
        restart(b, !quiet);
        restart(c, 0);
        assert_find_of(b, 2, SSE_OK, 3);
        assert_find_of(b, 1, SSE_GAP, 1);
        assert_find_of(b, 3, quiet ? SSE_GAP : SSE_OK, quiet ? 1 : 4);
        append(2);
        assert_find_of(b, 2, SSE_OK, 3);
        assert_find_of(b, 1, SSE_GAP, 1);
        assert_find_of(b, 3, quiet ? SSE_GAP : SSE_OK, quiet ? 1 : 4);
        assert_find_of(b, 4, SSE_GAP, 1);
        history_end(&h);
    }
}

static void an_id_of_the_previous_run_is_found_though_its_event_is_gone(void **state)
{
    char a[HISTORY_ORIGIN_MAX], b[HISTORY_ORIGIN_MAX];
    uint64_t n;

    (void)state;
    begin(a, 2, 5);
    restart(b, 0);
    for (n = 0; n <= 5; n++)
        assert_find_of(a, n, SSE_OK, n + 1);
    assert_find_of(a, 6, SSE_GAP, 4);
    append(3);
    for (n = 0; n <= 5; n++)
        assert_find_of(a, n, SSE_OK, n + 1);
    assert_find_of(a, 6, SSE_GAP, 7);
    history_end(&h);
}

static void an_id_of_a_run_before_the_previous_one_is_found_while_its_event_is_kept(void **state)
{
    char a[HISTORY_ORIGIN_MAX], b[HISTORY_ORIGIN_MAX], c[HISTORY_ORIGIN_MAX];

    (void)state;
    begin(a, 4, 3);
    restart(b, 1);
    restart(c, 0);
    assert_find_of(a, 0, SSE_GAP, 1);
    assert_find_of(a, 1, SSE_OK, 2);
    assert_find_of(a, 3, SSE_OK, 4);
    append(3);
    assert_find_of(a, 3, SSE_GAP, 4);
    assert_find_of(b, 3, SSE_OK, 4);
    history_end(&h);
}

/* How many there were is not known then: numbers begin anew. */
static void nothing_of_the_previous_run_is_found_where_all_of_its_events_are_lost(void **state)
{
    char a[HISTORY_ORIGIN_MAX], b[HISTORY_ORIGIN_MAX];
    uint64_t n;
    int expired;

    (void)state;
    for (expired = 0; expired < 2; expired++) {
        begin(a, 4, 3);
        for (n = 1; n <= 3 && !expired; n++)
            damage(n);
        if (expired)
            history_expire(&h, UINT64_MAX);
        h.first = h.end;
        restart(b, 0);
        for (n = 0; n <= 4; n++)
            assert_find_of(a, n, SSE_GAP, 1);
        append(6);
        for (n = 0; n <= 7; n++)
            assert_find_of(a, n, SSE_GAP, 3);
        assert_find_of(b, 0, SSE_OK, 1);
        history_end(&h);
    }
}

/* Else the client would not be told that it has missed one. */
static void no_place_of_the_previous_run_is_found_where_its_newest_event_is_lost(void **state)
{
    char a[HISTORY_ORIGIN_MAX], b[HISTORY_ORIGIN_MAX];
    sse_history *real;

    (void)state;
    begin(a, 4, 2);
    restart(b, 1);
    damage(3);
    real = sse_history_open(h.real, h.size, h.events, h.flags, 0xc, HISTORY_NAME, HISTORY_NAME_LEN);
    assert_int_equal(sse_history_next(real), 3);
    assert_find_of(b, 2, SSE_GAP, 1);
    assert_find_of(b, 3, SSE_GAP, 1);
    history_end(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_ids_of_runs_never_alias),
        cmocka_unit_test(a_place_of_the_previous_run_is_found_again),
        cmocka_unit_test(an_id_of_the_previous_run_is_found_though_its_event_is_gone),
        cmocka_unit_test(an_id_of_a_run_before_the_previous_one_is_found_while_its_event_is_kept),
        cmocka_unit_test(nothing_of_the_previous_run_is_found_where_all_of_its_events_are_lost),
        cmocka_unit_test(no_place_of_the_previous_run_is_found_where_its_newest_event_is_lost),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
