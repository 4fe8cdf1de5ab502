/* SPDX-License-Identifier: MIT */
/* test_history_own_ids.c - the caller's ids and the places that they stand for. */
#include "sse/history.h"

#include "history.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static history h;

static void assert_find(const char *id, int status, uint64_t want)
{
    guard copy = guard_copy(id, strlen(id));
    uint64_t next = 99;

    assert_int_equal(sse_history_find(h.real, copy.ptr, copy.len, &next), status);
    assert_int_equal(next, want);
    guard_free(&copy);
}

static void the_callers_ids_are_found_as_long_as_their_events_are_there(void **state)
{
    static const char *const ids[] = {"a", "1-1", "\xC3\xA9", "x y", "b", "0"};
    sse_event ev = {{NULL, 0}, {NULL, 0}, {NULL, 0}, 0, {"x", 1}};
    char id[SSE_HISTORY_ID_MAX];
    uint64_t next;
    size_t i, len;

    (void)state;
    history_begin(&h, 4, 1000, 0, 0);
    assert_int_equal(sse_history_find(h.real, NULL, 0, &next), SSE_GAP);
    assert_int_equal(next, 1);
    for (i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        ev.id.ptr = ids[i];
        ev.id.len = strlen(ids[i]);
        history_give(&h, &ev, 0, 0, 0);
        history_check(&h, h.real);
    }
    assert_find("a", SSE_GAP, 3);
    assert_find("\xC3\xA9", SSE_OK, 4);
    assert_find("0", SSE_OK, 7);
    assert_find("00", SSE_GAP, 3);
    assert_find("x", SSE_GAP, 3);
    assert_find("", SSE_GAP, 3);
    next = 0;
    assert_int_equal(sse_history_find(h.real, NULL, 1, &next), SSE_E_ARG);
    assert_int_equal(next, 3);
    assert_int_equal(sse_history_id(h.real, 4, id, sizeof id, &len), SSE_E_STATE);
    history_reopen(&h, 0);
    history_check(&h, h.real);
    history_end(&h);
}

/* As state that is published under its own name. */
static void an_id_that_came_twice_is_found_at_the_newest_of_its_events(void **state)
{
    uint64_t n;

    (void)state;
    history_begin(&h, 3, 1000, 0, 0);
    for (n = 1; n <= 9; n++) {
        const char *const id = n % 3 ? "twin" : "other";

        assert_int_equal(sse_history_append_parts(h.real, NULL, 0, id, strlen(id), "x", 1, 0, 0, 0),
                         SSE_OK);
        assert_find("twin", SSE_OK, n % 3 ? n + 1 : n);
        if (n >= 3)
            assert_find("other", SSE_OK, n / 3 * 3 + 1);
    }
    history_end(&h);
}

static void an_empty_id_of_the_callers_is_never_found(void **state)
{
    (void)state;
    history_begin(&h, 3, 1000, 0, 0);
    assert_int_equal(sse_history_append_parts(h.real, NULL, 0, "", 0, "x", 1, 0, 0, 0), SSE_OK);
    assert_find("", SSE_GAP, 1);
    history_end(&h);
}

static sse_event counted(char *id, unsigned long n)
{
    sse_event ev = {{NULL, 0}, {NULL, 0}, {NULL, 0}, 0, {"", 0}};

    ev.id.ptr = id;
    ev.id.len = (size_t)sprintf(id, "event %lu", n);
    return ev;
}

/* A search that looked at each event would take minutes. */
static void many_ids_are_found_at_once(void **state)
{
    const uint32_t events = 100000;
    const size_t size = sse_history_size(events, events * (size_t)40);
    void *memory = malloc(size);
    sse_history *real = sse_history_init(memory, size, events, 0, 0, NULL, 0);
    unsigned long n;
    uint64_t next;
    sse_event ev;
    char id[32];

    (void)state;
    assert_non_null(real);
    for (n = 1; n <= 2 * events; n++) {
        ev = counted(id, n);
        assert_int_equal(sse_history_append(real, &ev, 0, n, 0), SSE_OK);
    }
    assert_int_equal(sse_history_first(real), events + 1);
    for (n = 1; n <= 2 * events; n++) {
        ev = counted(id, n);
        assert_int_equal(sse_history_find(real, ev.id.ptr, ev.id.len, &next),
                         n > events ? SSE_OK : SSE_GAP);
        assert_int_equal(next, n > events ? n + 1 : events + 1);
    }
    free(memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_callers_ids_are_found_as_long_as_their_events_are_there),
        cmocka_unit_test(an_id_that_came_twice_is_found_at_the_newest_of_its_events),
        cmocka_unit_test(an_empty_id_of_the_callers_is_never_found),
        cmocka_unit_test(many_ids_are_found_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
