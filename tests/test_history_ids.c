/* test_history_ids.c - the places that ids tell: automatic ones and the caller's, and what becomes
 * of them when events go and when the log is opened again. */
#include "sse/history.h"

#include "history.h"
#include "parsed.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static history h;

/* Find an id, and demand what comes of it. */
static void assert_find(const char *id, int status, uint64_t want)
{
    guard copy = guard_copy(id, strlen(id));
    uint64_t next = 99;

    assert_int_equal(sse_history_find(h.log, copy.ptr, copy.len, &next), status);
    assert_int_equal(next, want);
    guard_free(&copy);
}

static void an_automatic_id_is_the_epoch_and_the_number(void **state)
{
    char id[SSE_HISTORY_ID_MAX];
    size_t len;
    int i;

    (void)state;
    history_begin(&h, 20, 1000, 0x19a3f0c2e41, 0);
    for (i = 0; i < 42; i++)
        history_append(&h, 40, 0, 0, 0);
    assert_int_equal(sse_history_id(h.log, 42, id, &len), SSE_OK);
    assert_same_text(((sse_str){id, len}), SSE_LIT("19a3f0c2e41-42"));
    assert_find("19a3f0c2e41-42", SSE_OK, 43);
    history_check(&h, h.log);
    history_end(&h);

    history_begin(&h, 20, 1000, UINT64_MAX, 0);
    history_append(&h, 40, 0, 0, 0);
    assert_int_equal(sse_history_id(h.log, 1, id, &len), SSE_OK);
    assert_same_text(((sse_str){id, len}), SSE_LIT("ffffffffffffffff-1"));
    history_check(&h, h.log);
    history_end(&h);
}

static void a_client_can_stand_ahead_of_the_first_event(void **state)
{
    char id[SSE_HISTORY_ID_MAX];
    size_t len;

    (void)state;
    history_begin(&h, 20, 1000, 0xabc, 0);
    assert_int_equal(sse_history_id(h.log, 0, id, &len), SSE_OK);
    assert_same_text(((sse_str){id, len}), SSE_LIT("abc-0"));
    assert_find("abc-0", SSE_OK, 1);
    assert_find("abc-1", SSE_GAP, 1);
    assert_int_equal(sse_history_id(h.log, 1, id, &len), SSE_E_RANGE);
    history_append(&h, 40, 0, 0, 0);
    assert_find("abc-0", SSE_OK, 1);
    assert_find("abc-1", SSE_OK, 2);
    history_end(&h);
}

static void an_id_tells_its_place_when_the_event_is_gone(void **state)
{
    int i;

    (void)state;
    history_begin(&h, 2, 1000, 0xabc, 0);
    for (i = 0; i < 9; i++)
        history_append(&h, 40, 0, 0, 0);
    assert_find("abc-0", SSE_OK, 1);
    assert_find("abc-3", SSE_OK, 4);
    assert_find("abc-9", SSE_OK, 10);
    assert_find("abc-10", SSE_GAP, 8);
    history_end(&h);
}

static void what_is_spelled_otherwise_was_never_an_id(void **state)
{
    static const char *const others[] = {
        "",
        "-",
        "1",
        "abc",
        "abc-",
        "-1",
        "abc1",
        "ABC-1",
        "0abc-1",
        "abc-01",
        "abc-+1",
        "abc--1",
        "abc- 1",
        " abc-1",
        "abc-1 ",
        "abc-1-1",
        "abc-1x",
        "0xabc-1",
        "abd-1",
        "bc-1",
        "1abc-1",
        "10000000000000abc-1",
        "10000000000000000abc-1",
        "abc-18446744073709551615",
        "abc-18446744073709551616",
        "abc-18446744073709551617",
        "abc-340282366920938463463374607431768211457",
        "abc-99999999999999999999999999999999999999999999999999999999999999999999999999999999",
    };
    uint64_t next;
    size_t i;

    (void)state;
    history_begin(&h, 4, 1000, 0xabc, 0);
    for (i = 0; i < 6; i++)
        history_append(&h, 40, 0, 0, 0);
    assert_find("abc-1", SSE_OK, 2);
    for (i = 0; i < sizeof others / sizeof others[0]; i++)
        assert_find(others[i], SSE_GAP, 3);
    assert_int_equal(sse_history_find(h.log, NULL, 0, &next), SSE_GAP);
    assert_int_equal(next, 3);
    assert_int_equal(sse_history_find(h.log, "abc-1\0", 6, &next), SSE_GAP);
    history_end(&h);
}

static void the_ids_of_incarnations_never_alias(void **state)
{
    (void)state;
    history_begin(&h, 4, 1000, 0xa, 0);
    history_append(&h, 40, 0, 0, 0);
    history_append(&h, 40, 0, 0, 0);
    history_append(&h, 40, 0, 0, 0);
    history_reopen(&h, 0xb);
    history_check(&h, h.log);
    assert_find("a-3", SSE_OK, 4);
    assert_find("a-4", SSE_GAP, 1);
    assert_find("b-2", SSE_GAP, 1);
    history_append(&h, 40, 0, 0, 0);
    history_append(&h, 40, 0, 0, 0);
    assert_find("a-3", SSE_OK, 4);
    assert_find("a-4", SSE_GAP, 2);
    assert_find("b-4", SSE_OK, 5);
    assert_find("b-2", SSE_GAP, 2);
    assert_find("a-1", SSE_GAP, 2);
    history_check(&h, h.log);
    history_reopen(&h, 0xc);
    history_append(&h, 40, 0, 0, 0);
    assert_find("a-3", SSE_OK, 4);
    assert_find("b-3", SSE_GAP, 3);
    assert_find("b-5", SSE_OK, 6);
    assert_find("c-4", SSE_GAP, 3);
    assert_find("c-6", SSE_OK, 7);
    history_check(&h, h.log);
    history_end(&h);
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
    assert_int_equal(sse_history_find(h.log, NULL, 0, &next), SSE_GAP);
    assert_int_equal(next, 1);
    for (i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        ev.id.ptr = ids[i];
        ev.id.len = strlen(ids[i]);
        history_give(&h, &ev, 0, 0, 0);
        history_check(&h, h.log);
    }
    assert_find("a", SSE_GAP, 3);
    assert_find("\xC3\xA9", SSE_OK, 4);
    assert_find("0", SSE_OK, 7);
    assert_find("00", SSE_GAP, 3);
    assert_find("x", SSE_GAP, 3);
    assert_find("", SSE_GAP, 3);
    next = 0;
    assert_int_equal(sse_history_find(h.log, NULL, 1, &next), SSE_E_ARG);
    assert_int_equal(next, 3);
    assert_int_equal(sse_history_id(h.log, 4, id, &len), SSE_E_STATE);
    history_reopen(&h, 0);
    history_check(&h, h.log);
    history_end(&h);
}

/* As state that is published under its own name. */
static void an_id_that_came_twice_is_found_at_one_of_its_events(void **state)
{
    sse_event ev = {{NULL, 0}, {NULL, 0}, {"twin", 4}, 0, {"x", 1}};
    const sse_event other = {{NULL, 0}, {NULL, 0}, {"other", 5}, 0, {"y", 1}};
    uint64_t next;
    int i;

    (void)state;
    history_begin(&h, 3, 1000, 0, 0);
    for (i = 0; i < 9; i++) {
        assert_int_equal(sse_history_append(h.log, i % 3 == 2 ? &other : &ev, 0, 0, 0), SSE_OK);
        assert_int_equal(sse_history_find(h.log, "twin", 4, &next), SSE_OK);
        assert_true(next > sse_history_first(h.log) && next <= sse_history_end(h.log));
        assert_int_not_equal((next - 2) % 3, 2);
    }
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
    const size_t size = SSE_HISTORY_OVERHEAD + events * (size_t)(SSE_HISTORY_SLOT + 40);
    void *memory = malloc(size);
    sse_history *log = sse_history_init(memory, size, events, 0, 0);
    unsigned long n;
    uint64_t next;
    sse_event ev;
    char id[32];

    (void)state;
    assert_non_null(log);
    for (n = 1; n <= 2 * events; n++) {
        ev = counted(id, n);
        assert_int_equal(sse_history_append(log, &ev, 0, n, 0), SSE_OK);
    }
    assert_int_equal(sse_history_first(log), events + 1);
    for (n = 1; n <= 2 * events; n++) {
        ev = counted(id, n);
        assert_int_equal(sse_history_find(log, ev.id.ptr, ev.id.len, &next),
                         n > events ? SSE_OK : SSE_GAP);
        assert_int_equal(next, n > events ? n + 1 : events + 1);
    }
    free(memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_automatic_id_is_the_epoch_and_the_number),
        cmocka_unit_test(a_client_can_stand_ahead_of_the_first_event),
        cmocka_unit_test(an_id_tells_its_place_when_the_event_is_gone),
        cmocka_unit_test(what_is_spelled_otherwise_was_never_an_id),
        cmocka_unit_test(the_ids_of_incarnations_never_alias),
        cmocka_unit_test(the_callers_ids_are_found_as_long_as_their_events_are_there),
        cmocka_unit_test(an_id_that_came_twice_is_found_at_one_of_its_events),
        cmocka_unit_test(many_ids_are_found_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
