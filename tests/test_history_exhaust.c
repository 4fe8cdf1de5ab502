/* SPDX-License-Identifier: MIT */
/* test_history_exhaust.c - all short lives of the smallest histories: every sequence of a few
 * calls, from a small alphabet, beside the plain list. What can go wrong with a ring goes wrong in
 * a small one.
 */
#include "history.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static history h;

/* What can be done. Each returns 0 where it has changed nothing, so that it need not be followed
 * up. The time is the number of the event. */

static int least(void)
{
    return history_append(&h, 8, h.end % 2, 1, h.end) == SSE_OK;
}

static int middling(void)
{
    return history_append(&h, 27, h.end % 2, 2, h.end) == SSE_OK;
}

static int half(void)
{
    return history_append(&h, h.room / 2 + 1, 1, h.end % 2, h.end) == SSE_OK;
}

/* The longest that there can be; what a chunk costs is found out. */
static int longest(void)
{
    size_t len = h.room;

    while (history_append(&h, len, 0, 1, h.end) != SSE_OK)
        len--;
    return 1;
}

static int expire(void)
{
    const uint64_t first = h.first;

    history_expire(&h, h.first + 1);
    return h.first > first;
}

/* After one that finds nothing the list begins anew, and there is no way back. */
static int reopen(void)
{
    const int some = h.first < h.end;

    history_reopen(&h, h.epoch ? h.epoch + 1 : 0);
    history_check(&h, h.real);
    return some;
}

typedef int act(void);

static act *const acts[] = {least, middling, half, longest, expire, reopen};

#define DEPTH_MAX 8
#define IMAGE_MAX 1024

/* Where to go back to. */
typedef struct moment {
    unsigned char image[IMAGE_MAX];
    uint64_t epoch, base, old_base, first, end;
    char origin[HISTORY_ORIGIN_MAX], old_origin[HISTORY_ORIGIN_MAX];
    size_t count;
} moment;

static void keep(moment *m)
{
    assert_true(h.size <= IMAGE_MAX);
    memcpy(m->image, h.real, h.size);
    m->epoch = h.epoch;
    m->base = h.base;
    m->old_base = h.old_base;
    memcpy(m->origin, h.origin, sizeof h.origin);
    memcpy(m->old_origin, h.old_origin, sizeof h.old_origin);
    m->first = h.first;
    m->end = h.end;
    m->count = h.count;
}

static void go_back(const moment *m)
{
    memcpy(h.real, m->image, h.size);
    h.epoch = m->epoch;
    h.base = m->base;
    h.old_base = m->old_base;
    memcpy(h.origin, m->origin, sizeof h.origin);
    memcpy(h.old_origin, m->old_origin, sizeof h.old_origin);
    h.first = m->first;
    h.end = m->end;
    h.count = m->count;
}

static unsigned long lives;

/* Live on, in each way that depth more acts allow. */
static void live(size_t depth)
{
    static moment moments[DEPTH_MAX];
    moment *now = &moments[depth];
    size_t i;

    lives++;
    if (depth == 0)
        return;
    keep(now);
    for (i = 0; i < sizeof acts / sizeof acts[0]; i++) {
        if (acts[i]()) {
            history_check(&h, h.real);
            live(depth - 1);
        }
        go_back(now);
    }
}

/* A history of that geometry, with a few events that its ring has turned by. */
static void begin(uint32_t events, size_t room, int variant, int before)
{
    history_begin(&h, events, room, variant & 1 ? SSE_HISTORY_CHUNKED : 0, variant & 2 ? 0xa : 0);
    for (; before > 0; before--)
        history_append(&h, 25, h.end % 2, 2, h.end);
}

static void a_small_history_is_the_list_of_its_latest_events(void **state)
{
    uint32_t events;
    size_t room;
    int variant;

    (void)state;
    lives = 0;
    for (events = 1; events <= 4; events++)
        for (room = SSE_HISTORY_CAPACITY_MIN; room < SSE_HISTORY_CAPACITY_MIN + 9; room++)
            for (variant = 0; variant < 4; variant++) {
                begin(events, room, variant, variant);
                live(4);
                history_end(&h);
            }
    for (variant = 0; variant < 4; variant++) {
        begin(3, 110, variant, 0);
        live(5);
        history_end(&h);
    }
    assert_true(lives > 20000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_small_history_is_the_list_of_its_latest_events),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
