/* SPDX-License-Identifier: MIT */
/* test_history_crash.c - a process that dies while it writes to a history in a mapped file: the
 * next one finds a history that has lost nothing but what was on its way.
 *
 * What the memory is after each write is opened. For a machine that dies, which writes its pages
 * as it likes, any mixture of what the memory was and what it was to be is opened, too. */
#include "sse/history.h"

#include "dice.h"
#include "history.h"
#include "reopen.h"
#include "watch.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#define VARIANTS 4 /* raw or chunked, the caller's ids or automatic ones */

enum kind { APPEND, EXPIRE, OPEN, INIT };

/* What is done to a history. */
static const struct deed {
    enum kind kind;
    size_t amount; /* bytes of an event; how many events expire; which one is torn, from the end */
} deeds[] = {
    {APPEND, 20}, {APPEND, 48}, {APPEND, 80}, {EXPIRE, 1}, {EXPIRE, 2},
    {EXPIRE, 9},  {OPEN, 0},    {OPEN, 1},    {OPEN, 2},   {INIT, 0},
};

static history h;
static uint64_t before[WATCH_BYTES_MAX / 8], after[WATCH_BYTES_MAX / 8]; /* the memory */
static reopened was, will; /* and what it is opened as */

static int append_again(sse_history *real, const past *p)
{
    sse_event ev = p->ev;

    if (h.epoch)
        ev.id = (sse_str){NULL, 0};
    return sse_history_append(real, &ev, p->tag, p->key, p->at_ms) == SSE_OK;
}

/* Do it to a history that h does not know of. For an event, it is the latest of the list. */
static int carry_out(const void *user, void *memory)
{
    const struct deed *deed = user;

    switch (deed->kind) {
    case APPEND:
        return append_again(memory, &h.list[h.count - 1]);
    case EXPIRE:
        return sse_history_expire(memory, (was.first + deed->amount) * 10 - 5) == SSE_OK;
    case OPEN:
        return sse_history_open(memory, h.size, h.events, h.flags, h.epoch ? 0xb : 0, HISTORY_NAME,
                                HISTORY_NAME_LEN) != NULL;
    default:
        return sse_history_init(memory, h.size, h.events, h.flags, h.epoch, HISTORY_NAME,
                                HISTORY_NAME_LEN) != NULL;
    }
}

/* Damage the event that is this far from the end, if there is one. */
static void tear(size_t back)
{
    unsigned char *image = (unsigned char *)h.real;
    const past *p;
    size_t at = 0;

    if (h.end - h.first < back)
        return;
    p = &h.list[h.end - back - 1];
    while (memcmp(image + at, p->bytes, p->stored) != 0)
        at++;
    image[at + p->stored / 2] ^= 0x10;
}

/* Make a history of a few events, and do it. */
static void begin(uint32_t events, size_t room, int variant, int count, const struct deed *deed)
{
    history_begin(&h, events, room, variant & 1 ? SSE_HISTORY_CHUNKED : 0, variant & 2 ? 0xa : 0);
    assert_true(h.size <= sizeof before);
    for (; count > 0; count--)
        history_append(&h, 25 + h.count % 17, h.count % 2, 1 + h.count % 2, h.count * 10 + 10);
    if (deed->kind == OPEN && deed->amount > 0)
        tear(deed->amount);
    memcpy(before, h.real, h.size);
    was = reopen(&h, before);
    if (deed->kind == APPEND)
        assert_int_equal(history_append(&h, deed->amount, 1, 1, h.count * 10 + 10), SSE_OK);
    else
        assert_true(carry_out(deed, h.real));
    memcpy(after, h.real, h.size);
    will = reopen(&h, after);
}

/* Call it for each deed on histories of each kind. */
static void for_each(void (*try)(const struct deed *deed))
{
    static const struct {
        uint32_t events;
        size_t room;
        int count;
    } histories[] = {{3, 110, 0}, {3, 110, 1}, {3, 110, 8}, {1, 104, 2}, {8, 150, 11}, {8, 203, 6}};
    size_t i, k;
    int variant;

    for (i = 0; i < sizeof histories / sizeof histories[0]; i++)
        for (variant = 0; variant < VARIANTS; variant++)
            for (k = 0; k < sizeof deeds / sizeof deeds[0]; k++) {
                begin(histories[i].events, histories[i].room, variant, histories[i].count,
                      &deeds[k]);
                try(&deeds[k]);
                history_end(&h);
            }
}

static unsigned long cuts;

/* Demand that the memory, as a process has left it, holds what it held, or what it was to hold, or,
 * of what had to go, a part. Returns 1 if it is what it was to be. */
static int is_cut_well(const struct deed *deed, const void *memory)
{
    const reopened found = reopen(&h, memory);

    cuts++;
    if (deed->kind == INIT)
        return !found.refused && found.first == will.first && found.end == will.end;
    assert_false(found.refused);
    if (found.first == found.end) /* all of them had to go */
        assert_true(will.first == will.end || will.first == was.end);
    else {
        assert_true(found.end == was.end || found.end == will.end);
        assert_true(found.first >= was.first);
        assert_true(found.first <= will.first || will.first == will.end);
    }
    return found.first == will.first && found.end == will.end;
}

/* What is done stays done, except that init can leave the old history for a
 * while. */
static void cut_behind_each_write(const struct deed *deed)
{
    const watched *seen = watch(before, h.size, carry_out, deed);
    int done = is_cut_well(deed, before), now;
    size_t i;

    if (seen == NULL)
        skip();
    assert_true(seen->result);
    for (i = 0; i < seen->count; i++) {
        now = is_cut_well(deed, seen->images[i]);
        assert_true(now || !done || deed->kind == INIT);
        done = now;
    }
    assert_true(done);
    if (seen->count > 0)
        assert_memory_equal(seen->images[seen->count - 1], after, h.size);
}

static void a_process_that_dies_between_two_writes_loses_only_what_it_writes(void **state)
{
    (void)state;
    cuts = 0;
    for_each(cut_behind_each_write);
    assert_true(cuts > 2000);
}

/* Parts of grain bytes, each old or new: of 8 as many are new as chance says. */
static void mix(unsigned char *mixture, size_t grain, size_t chance)
{
    size_t at, len;

    memcpy(mixture, before, h.size);
    for (at = 0; at < h.size; at += grain) {
        len = h.size - at < grain ? h.size - at : grain;
        if (below(8) < chance)
            memcpy(mixture + at, (const unsigned char *)after + at, len);
    }
}

static void open_mixtures(const struct deed *deed)
{
    static const size_t grains[] = {1, 4, 8, 16, 64, 128};
    static unsigned char mixture[WATCH_BYTES_MAX];
    size_t i, k;

    (void)deed;
    for (i = 0; i < sizeof grains / sizeof grains[0]; i++)
        for (k = 0; k < 10; k++) {
            mix(mixture, grains[i], 1 + below(7));
            reopen(&h, mixture);
            cuts++;
        }
}

static void any_mixture_of_old_and_new_holds_genuine_events_or_none(void **state)
{
    (void)state;
    cuts = 0;
    dice_seed(1);
    for_each(open_mixtures);
    assert_true(cuts > 10000);
}

/* New up to a place, old after it, and the other way round. */
static void open_halves(const struct deed *deed)
{
    static unsigned char mixture[WATCH_BYTES_MAX];
    const unsigned char *old = (const unsigned char *)before, *new = (const unsigned char *)after;
    size_t at;

    (void)deed;
    for (at = 0; at < h.size; at++) {
        if (old[at] == new[at])
            continue;
        memcpy(mixture, new, at + 1);
        memcpy(mixture + at + 1, old + at + 1, h.size - at - 1);
        reopen(&h, mixture);
        memcpy(mixture, old, at + 1);
        memcpy(mixture + at + 1, new + at + 1, h.size - at - 1);
        reopen(&h, mixture);
        cuts++;
    }
}

static void a_write_that_was_cut_at_any_byte_leaves_genuine_events_or_none(void **state)
{
    (void)state;
    cuts = 0;
    for_each(open_halves);
    assert_true(cuts > 5000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_process_that_dies_between_two_writes_loses_only_what_it_writes),
        cmocka_unit_test(any_mixture_of_old_and_new_holds_genuine_events_or_none),
        cmocka_unit_test(a_write_that_was_cut_at_any_byte_leaves_genuine_events_or_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
