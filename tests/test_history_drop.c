/* SPDX-License-Identifier: MIT */
/* test_history_drop.c - which events a history drops: when the slots or the room are used up, and
 * when they expire. */
#include "history.h"

#include "../src/history_layout.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static history h;

static void the_oldest_event_is_dropped_when_all_slots_are_used(void **state)
{
    size_t i;

    (void)state;
    history_begin(&h, 3, 1000, 0, 7);
    for (i = 0; i < 10; i++)
        assert_int_equal(history_append(&h, 20, 0, 0, i), SSE_OK);
    assert_int_equal(sse_history_first(h.real), 8);
    assert_int_equal(sse_history_next(h.real), 11);
    history_check(&h, h.real);
    history_end(&h);
}

/* An event lies in one piece, so that a turn of the ring can leave bytes after its last one. */
static void the_oldest_events_are_dropped_as_far_as_their_place_is_needed(void **state)
{
    (void)state;
    history_begin(&h, 50, 100, 0, 0);
    history_append(&h, 30, 0, 0, 0);
    history_append(&h, 30, 0, 0, 0);
    history_append(&h, 40, 0, 0, 0); /* all is full */
    assert_int_equal(sse_history_first(h.real), 1);
    history_append(&h, 8, 0, 0, 0); /* in the place of the first */
    assert_int_equal(sse_history_first(h.real), 2);
    history_append(&h, 22, 0, 0, 0);
    assert_int_equal(sse_history_first(h.real), 2);
    history_append(&h, 31, 0, 0, 0); /* in that of the second, and of a byte of the third */
    assert_int_equal(sse_history_first(h.real), 4);
    history_check(&h, h.real);
    history_append(&h, 39, 0, 0, 0); /* does what is left at the end do? */
    assert_int_equal(sse_history_first(h.real), 4);
    history_append(&h, 100, 0, 0, 0);
    assert_int_equal(sse_history_first(h.real), 8);
    history_check(&h, h.real);
    history_end(&h);
}

/* However it comes to be too long: by its bytes, or by what they become. */
static void an_event_that_is_too_long_drops_nothing_from_a_full_history(void **state)
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
    memcpy(before, h.real, h.size);
    for (i = 0; i < sizeof events / sizeof events[0]; i++) {
        assert_int_equal(sse_history_append(h.real, &events[i], 0, 0, 0), SSE_E_TOOBIG);
        assert_memory_equal(before, h.real, h.size);
    }
    history_end(&h);
}

static void events_expire_up_to_the_first_that_is_not_older(void **state)
{
    static const uint64_t at_ms[] = {10, 20, 5, 30, UINT64_MAX, 1};
    size_t i;

    (void)state;
    history_begin(&h, 10, 1000, 0, 9);
    for (i = 0; i < sizeof at_ms / sizeof at_ms[0]; i++)
        history_append(&h, 30, 0, 0, at_ms[i]);
    history_expire(&h, 10);
    assert_int_equal(sse_history_first(h.real), 1);
    history_expire(&h, 11);
    assert_int_equal(sse_history_first(h.real), 2);
    history_expire(&h, 21);
    assert_int_equal(sse_history_first(h.real), 4);
    history_check(&h, h.real);
    history_expire(&h, UINT64_MAX);
    assert_int_equal(sse_history_first(h.real), 5);
    history_check(&h, h.real);
    history_append(&h, 30, 0, 0, 0);
    history_check(&h, h.real);
    history_end(&h);
}

static void an_expired_history_is_empty_and_goes_on(void **state)
{
    uint32_t flags;

    (void)state;
    for (flags = 0; flags <= SSE_HISTORY_CHUNKED; flags += SSE_HISTORY_CHUNKED) {
        history_begin(&h, 10, 1000, flags, 9);
        history_expire(&h, 1);
        history_append(&h, 40, 0, 0, 1);
        history_append(&h, 40, 0, 0, 1);
        history_expire(&h, 2);
        assert_int_equal(sse_history_first(h.real), 3);
        assert_int_equal(sse_history_next(h.real), 3);
        history_check(&h, h.real);
        history_append(&h, 40, 0, 0, 3);
        history_check(&h, h.real);
        history_end(&h);
    }
}

static void an_event_fits_if_it_drops_none_that_is_to_stay(void **state)
{
    (void)state;
    history_begin(&h, 3, 100, 0, 0);
    assert_int_equal(sse_history_fits(h.real, 100, 1), 1);
    assert_int_equal(sse_history_fits(h.real, 101, 1), 0);
    assert_int_equal(sse_history_fits(h.real, (size_t)-1, 1), 0);
    history_append(&h, 50, 0, 0, 0);
    history_append(&h, 20, 0, 0, 0);
    assert_int_equal(sse_history_fits(h.real, 30, 1), 1);
    assert_int_equal(sse_history_fits(h.real, 31, 1), 0);
    assert_int_equal(sse_history_fits(h.real, 50, 2), 1);
    assert_int_equal(sse_history_fits(h.real, 51, 2), 0);
    assert_int_equal(sse_history_fits(h.real, 100, 3), 1);
    assert_int_equal(sse_history_fits(h.real, (size_t)-1, 3), 0);
    history_append(&h, 8, 0, 0, 0);
    assert_int_equal(sse_history_fits(h.real, 8, 1), 0);
    assert_int_equal(sse_history_fits(h.real, 8, 2), 1);
    assert_int_equal(sse_history_fits(h.real, 100, 4), 1);
    assert_int_equal(sse_history_fits(h.real, 100, 99), 1); /* none of these is there yet */
    assert_int_equal(sse_history_fits(h.real, 101, 99), 0);
    history_append(&h, 8, 0, 0, 0);
    assert_int_equal(sse_history_first(h.real), 2);
    assert_int_equal(sse_history_fits(h.real, 8, 1), 0); /* it is gone already */
    history_end(&h);
}

/* Though there would be a place for it. */
static void nothing_fits_that_is_to_keep_an_event_that_is_gone(void **state)
{
    (void)state;
    history_begin(&h, 8, 100, 0, 0);
    assert_int_equal(history_append(&h, 60, 0, 0, 1), SSE_OK);
    assert_int_equal(history_append(&h, 20, 0, 0, 2), SSE_OK);
    assert_int_equal(sse_history_fits(h.real, 8, 1), 1);
    history_expire(&h, 2);
    assert_int_equal(sse_history_fits(h.real, 8, 1), 0);
    assert_int_equal(sse_history_fits(h.real, 8, 2), 1);
    history_end(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_oldest_event_is_dropped_when_all_slots_are_used),
        cmocka_unit_test(the_oldest_events_are_dropped_as_far_as_their_place_is_needed),
        cmocka_unit_test(an_event_that_is_too_long_drops_nothing_from_a_full_history),
        cmocka_unit_test(events_expire_up_to_the_first_that_is_not_older),
        cmocka_unit_test(an_expired_history_is_empty_and_goes_on),
        cmocka_unit_test(an_event_fits_if_it_drops_none_that_is_to_stay),
        cmocka_unit_test(nothing_fits_that_is_to_keep_an_event_that_is_gone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
