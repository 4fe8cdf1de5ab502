/* SPDX-License-Identifier: MIT */
/* test_history_open.c - a history is found again by the next process, and nothing else is taken for
 * it. Damage is in test_history_damage.c, what a crash leaves in test_history_crash.c, its numbers
 * are in test_history_format.c. */
#include "sse/history.h"

#include "history.h"
#include "reopen.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static history h;

#define VARIANTS 4 /* raw or chunked, the caller's ids or automatic ones */

static void begin(uint32_t events, size_t room, int variant, int count)
{
    history_begin(&h, events, room, variant & 1 ? SSE_HISTORY_CHUNKED : 0, variant & 2 ? 0xa : 0);
    for (; count > 0; count--)
        history_append(&h, 31, h.count % 2, h.count % 3, h.count * 10 + 10);
}

static void a_history_is_found_as_it_was(void **state)
{
    int variant, count;
    reopened found;

    (void)state;
    for (variant = 0; variant < VARIANTS; variant++)
        for (count = 0; count < 12; count++) {
            begin(4, 150 + (size_t)count, variant, count);
            found = reopen(&h, h.real);
            assert_false(found.refused);
            assert_int_equal(found.first, h.first);
            assert_int_equal(found.end, h.end);
            history_end(&h);
        }
}

static void expired_events_do_not_come_back(void **state)
{
    int variant, count;
    reopened found;

    (void)state;
    for (variant = 0; variant < VARIANTS; variant++)
        for (count = 1; count < 12; count++) {
            begin(4, 150, variant, count);
            history_expire(&h, h.count * 10 - 5);
            found = reopen(&h, h.real);
            assert_false(found.refused);
            assert_int_equal(found.first, h.first);
            assert_int_equal(found.end, h.end);
            history_expire(&h, UINT64_MAX);
            found = reopen(&h, h.real);
            assert_false(found.refused);
            assert_int_equal(found.first, found.end);
            history_end(&h);
        }
}

static void a_history_goes_on_through_many_runs(void **state)
{
    int variant, i;

    (void)state;
    for (variant = 0; variant < VARIANTS; variant++) {
        begin(5, 200, variant, 0);
        for (i = 0; i < 40; i++) {
            history_reopen(&h, variant & 2 ? 0x100 - (uint64_t)i : 0);
            history_check(&h, h.real);
            if (i % 3)
                history_append(&h, 20 + (size_t)i, 0, 1, (uint64_t)i);
            history_check(&h, h.real);
        }
        history_end(&h);
    }
}

/* Where the memory of a history of four events has the slot of one, and their bytes; of a slot, 8
 * bytes stand elsewhere, in the tables. */
enum {
    EVENTS = 4,
    SLOT = SSE_HISTORY_SLOT - 8,
    ROOM = SSE_HISTORY_OVERHEAD + 4 * SSE_HISTORY_SLOT
};

static uint64_t one[SSE_HISTORY_WORDS(EVENTS, 200)], other[SSE_HISTORY_WORDS(EVENTS, 200)];

static char *slot_of(uint64_t *memory, size_t i)
{
    return (char *)memory + SSE_HISTORY_OVERHEAD + i * SLOT;
}

/* Make a history in which events of such lengths were stored, up to a 0. */
static void store(uint64_t *memory, size_t room, const size_t *lens)
{
    const size_t frame = sizeof "data: \n\n" - 1;
    static const char text[200];
    sse_event ev = {{NULL, 0}, {NULL, 0}, {NULL, 0}, 0, {text, 0}};
    sse_history *const real = sse_history_init(memory, (size_t)ROOM + room, EVENTS, 0, 0, NULL, 0);

    assert_non_null(real);
    for (; *lens > 0; lens++) {
        ev.data.len = *lens - frame;
        assert_int_equal(sse_history_append(real, &ev, 0, 0, 0), SSE_OK);
    }
}

/* Put event 2 of another history of the same shape, whose bytes are at that place, in its place;
 * tell which events are found then. */
static void assert_found(size_t room, size_t at, size_t len, uint64_t first, uint64_t end)
{
    const sse_history *real;

    memcpy(slot_of(one, 2), slot_of(other, 2), SLOT);
    memcpy((char *)one + ROOM + at, (char *)other + ROOM + at, len);
    real = sse_history_open(one, (size_t)ROOM + room, EVENTS, 0, 0, NULL, 0);
    assert_non_null(real);
    assert_int_equal(sse_history_first(real), first);
    assert_int_equal(sse_history_next(real), end);
}

/* As when a file has parts of two lives of a history: each event is sound by itself. */
static void an_event_that_does_not_lie_next_to_the_newer_one_is_dropped(void **state)
{
    static const size_t three[] = {20, 20, 20, 0}, far[] = {80, 20, 0};
    static const size_t turned[] = {30, 30, 30, 20, 0}, near[] = {25, 30, 0};

    (void)state;
    store(one, 200, three); /* 1 2 3, and 2 after them once more */
    store(other, 200, far);
    assert_found(200, 80, 20, 3, 4);
    store(one, 100, turned); /* 4 2 3, and 2 has moved */
    store(other, 100, near);
    assert_found(100, 25, 30, 3, 5);
    store(one, 100, turned);
    store(other, 100, turned); /* in its own place it is found */
    assert_found(100, 30, 30, 2, 5);
}

/* Open a copy in memory of that size; the history begins it, or is cut. */
static void assert_other(size_t size, uint32_t events, uint32_t flags, uint64_t epoch)
{
    const size_t len = size < h.size ? size : h.size;
    char *memory = calloc(1, size + !size);
    char *before = calloc(1, size + !size);

    assert_true(memory && before);
    memcpy(memory, h.real, len);
    memcpy(before, memory, size);
    assert_null(
        sse_history_open(memory, size, events, flags, epoch, HISTORY_NAME, HISTORY_NAME_LEN));
    assert_memory_equal(memory, before, size);
    free(memory);
    free(before);
}

static void a_history_of_another_shape_is_refused(void **state)
{
    int variant;
    size_t size;

    (void)state;
    for (variant = 0; variant < VARIANTS; variant++) {
        begin(3, 200, variant, 7);
        for (size = 0; size < h.size + 200; size++)
            if (size != h.size)
                assert_other(size, h.events, h.flags, h.epoch);
        assert_other(h.size, h.events - 1, h.flags, h.epoch);
        assert_other(h.size, h.events + 1, h.flags, h.epoch);
        assert_other(h.size, h.events, h.flags, !h.epoch);
        assert_other(h.size, h.events, h.flags ^ SSE_HISTORY_CHUNKED, h.epoch);
        assert_other(h.size, h.events, h.flags | 2, h.epoch);
        assert_other(h.size, 0, h.flags, h.epoch);
        history_end(&h);
    }
}

static void memory_without_a_history_is_refused(void **state)
{
    static uint64_t memory[SSE_HISTORY_WORDS(3, 200)], before[SSE_HISTORY_WORDS(3, 200)];
    unsigned byte;
    uint64_t epoch;

    (void)state;
    for (byte = 0; byte < 256; byte++)
        for (epoch = 0; epoch < 2; epoch++) {
            memset(memory, (int)byte, sizeof memory);
            memcpy(before, memory, sizeof memory);
            assert_null(sse_history_open(memory, sizeof memory, 3, 0, epoch, HISTORY_NAME,
                                         HISTORY_NAME_LEN));
            assert_memory_equal(memory, before, sizeof memory);
        }
}

/* The old events are still in its room: they must not come back as the newest. */
static void init_forgets_what_the_memory_held(void **state)
{
    static unsigned char old[4096];
    int variant, count;

    (void)state;
    for (variant = 0; variant < VARIANTS; variant++)
        for (count = 0; count < 6; count++) {
            reopened found;

            begin(4, 200, variant, 30);
            memcpy(old, h.real, h.size);
            history_end(&h);
            begin(4, 200, variant, 0);
            memcpy(h.real, old, h.size);
            assert_ptr_equal(sse_history_init(h.real, h.size, h.events, h.flags, h.epoch,
                                              HISTORY_NAME, HISTORY_NAME_LEN),
                             h.real);
            while (h.count < (size_t)count)
                history_append(&h, 29, 1, 2, h.count * 10 + 10);
            history_check(&h, h.real);
            found = reopen(&h, h.real);
            assert_false(found.refused);
            assert_int_equal(found.first, h.first);
            assert_int_equal(found.end, h.end);
            history_end(&h);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_history_is_found_as_it_was),
        cmocka_unit_test(expired_events_do_not_come_back),
        cmocka_unit_test(a_history_goes_on_through_many_runs),
        cmocka_unit_test(an_event_that_does_not_lie_next_to_the_newer_one_is_dropped),
        cmocka_unit_test(a_history_of_another_shape_is_refused),
        cmocka_unit_test(memory_without_a_history_is_refused),
        cmocka_unit_test(init_forgets_what_the_memory_held),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
