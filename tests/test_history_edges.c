/* test_history_edges.c - a log at the ends of what its ids, its slots and its room can be. */
#include "sse/history.h"

#include "guard.h"
#include "history.h"

#include <stdarg.h>
#include <stdint.h>
#include <setjmp.h>
#include <string.h>
#include <cmocka.h>

static history h;

static void an_empty_id_is_never_found(void **state)
{
    static uint64_t memory[SSE_HISTORY_WORDS(4, 1000)];
    static const sse_event ev = {{NULL, 0}, {NULL, 0}, {"", 0}, 0, {"x", 1}};
    sse_history *const log = sse_history_init(memory, sizeof memory, 4, 0, 0);
    uint64_t next = 0;

    (void)state;
    assert_non_null(log);
    assert_int_equal(sse_history_append(log, &ev, 0, 0, 0), SSE_OK);
    assert_int_equal(sse_history_find(log, "", 0, &next), SSE_GAP);
    assert_int_equal(next, 1);
}

static void an_id_is_read_no_further_than_its_beginning(void **state)
{
    static uint64_t memory[SSE_HISTORY_WORDS(4, 1000)];
    static const sse_event ev = {{NULL, 0}, {NULL, 0}, {NULL, 0}, 0, {"x", 1}};
    sse_history *const log = sse_history_init(memory, sizeof memory, 4, 14, 0);
    guard g = guard_at_start(1);
    uint64_t next;

    (void)state;
    assert_non_null(log);
    assert_int_equal(sse_history_append(log, &ev, 0, 0, 0), SSE_OK);
    *g.ptr = '1';
    assert_int_equal(sse_history_find(log, g.ptr, 1, &next), SSE_GAP);
    guard_free(&g);
}

static void the_longest_room_is_a_byte_below_4_gib(void **state)
{
    static uint64_t memory_of_the_index[SSE_HISTORY_WORDS(2, SSE_HISTORY_ROOM_MIN)];
    const uint64_t size = SSE_HISTORY_OVERHEAD + 2 * SSE_HISTORY_SLOT + (uint64_t)UINT32_MAX;

    (void)state;
    if (size >= SIZE_MAX)
        skip();
    /* Init touches the index alone, so that the room need not be there. */
    assert_non_null(sse_history_init(memory_of_the_index, (size_t)size, 2, 0, 0));
    assert_null(sse_history_init(memory_of_the_index, (size_t)size + 1, 2, 0, 0));
}

/* Each by itself: how long an event will be is guessed from all of them. */
static void an_event_can_be_any_one_part(void **state)
{
    static const sse_event events[] = {
        {{"abcd", 4}, {NULL, 0}, {NULL, 0}, 0, {NULL, 0}},
        {{NULL, 0}, {NULL, 0}, {"abcd", 4}, 0, {NULL, 0}},
        {{NULL, 0}, {"abcd", 4}, {NULL, 0}, 0, {NULL, 0}},
        {{NULL, 0}, {NULL, 0}, {NULL, 0}, 0, {"abcd", 4}},
        {{NULL, 0}, {NULL, 0}, {NULL, 0}, 1, {NULL, 0}},
    };
    size_t i;

    (void)state;
    history_begin(&h, 8, 1000, 0, 0);
    for (i = 0; i < sizeof events / sizeof events[0]; i++)
        assert_int_equal(history_give(&h, &events[i], 0, 0, 0), SSE_OK);
    history_check(&h, h.log);
    history_reopen(&h, 0);
    history_check(&h, h.log);
    history_end(&h);
}

/* However it comes to be too long: by its bytes, or by what they become. */
static void an_event_that_is_too_long_drops_nothing_from_a_full_log(void **state)
{
    static const char breaks[20] = "\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n";
    static const char text[100];
    static const sse_event events[] = {
        {{NULL, 0}, {NULL, 0}, {NULL, 0}, 0, {breaks, sizeof breaks}},
        {{NULL, 0}, {NULL, 0}, {NULL, 0}, 0, {text, sizeof text}},
        {{"", 0}, {NULL, 0}, {NULL, 0}, 0, {text, sizeof text}},
    };
    static unsigned char before[1024];
    size_t i;

    (void)state;
    history_begin(&h, 3, 100, 0, 0);
    for (i = 0; i < 5; i++)
        assert_int_equal(history_append(&h, 20, 0, 0, 0), SSE_OK);
    assert_int_equal(h.end - h.first, 3);
    memcpy(before, h.log, h.size);
    for (i = 0; i < sizeof events / sizeof events[0]; i++) {
        assert_int_equal(sse_history_append(h.log, &events[i], 0, 0, 0), SSE_E_TOOBIG);
        assert_memory_equal(before, h.log, h.size);
    }
    history_end(&h);
}

/* Though there would be a place for it. */
static void what_is_gone_cannot_be_kept(void **state)
{
    (void)state;
    history_begin(&h, 8, 100, 0, 0);
    assert_int_equal(history_append(&h, 60, 0, 0, 1), SSE_OK);
    assert_int_equal(history_append(&h, 20, 0, 0, 2), SSE_OK);
    assert_int_equal(sse_history_fits(h.log, 8, 1), 1);
    history_expire(&h, 2);
    assert_int_equal(sse_history_fits(h.log, 8, 1), 0);
    assert_int_equal(sse_history_fits(h.log, 8, 2), 1);
    history_end(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_id_is_never_found),
        cmocka_unit_test(an_id_is_read_no_further_than_its_beginning),
        cmocka_unit_test(the_longest_room_is_a_byte_below_4_gib),
        cmocka_unit_test(an_event_can_be_any_one_part),
        cmocka_unit_test(an_event_that_is_too_long_drops_nothing_from_a_full_log),
        cmocka_unit_test(what_is_gone_cannot_be_kept),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
