/* test_fanout_model.c - fan-out under schedules of every kind: each subscriber gets what was
 * published, or is told what it does not get. */
#include "dice.h"
#include "listener.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum { LISTENERS = 4, STEPS = 150, ROUNDS = 1500 };

static station st;
static listener all[LISTENERS];
static uint64_t now_ms;

static void join(listener *l)
{
    static const uint32_t policies[] = {0, SSE_SKIP, SSE_SKIP | SSE_COALESCE, SSE_COALESCE};
    const uint32_t flags =
        policies[below(4)] | (below(3) == 0 ? SSE_FROM_LOG : 0) | (below(3) == 0 ? SSE_STAGED : 0);
    const uint64_t end = sse_replay_end(st.log);
    const uint64_t last = below(2) ? 0 : 1 + below((size_t)end + 2);

    assert_in_range(listener_join(l, &st, below(2) == 0, flags,
                                  below(3) ? -1 : (int64_t)below(STATION_TAGS), below(4) ? 0 : 5,
                                  last),
                    SSE_OK, SSE_GAP);
}

/* What an ended stream was to have, and that it ended for a reason that there was. */
static void settle(listener *l)
{
    if (l->reason == SSE_END)
        listener_check(l, 1);
    else
        listener_check(l, 0);
    assert_true(l->reason == SSE_OK || l->reason == SSE_END ||
                (l->reason == SSE_GAP && !(l->flags & SSE_SKIP)) || l->reason == SSE_E_TORN ||
                (l->reason == SSE_E_IO && l->fails) ||
                (l->reason == SSE_E_TOOBIG && l->flags & SSE_STAGED));
    listener_free(l);
}

static void act(listener *l)
{
    if (!l->joined) {
        join(l);
        return;
    }
    switch (below(12)) {
    case 0:
        if (l->open)
            listener_send(l);
        break;
    case 1:
        if (l->open && below(4) == 0 && l->end == 0) {
            sse_subscriber_close(&l->s);
            l->end = sse_replay_end(st.log);
        }
        break;
    case 2:
        if (l->open && below(6) == 0)
            sse_subscriber_leave(&l->s);
        break;
    case 3:
        if (!l->pulls && below(20) == 0)
            l->fails = 1;
        break;
    default:
        listener_take(l, 1 + below(below(2) ? 400 : 7), below(500));
    }
    if (!l->open)
        settle(l);
}

static void publish(void)
{
    sse_published result;
    const int status = station_publish(&st, below(STATION_TAGS), below(4),
                                       below(5) ? below(40) : below(700), &result);
    size_t i;

    assert_true(status == SSE_OK || status == SSE_E_TOOBIG);
    for (i = 0; i < LISTENERS; i++)
        if (all[i].joined && !all[i].open)
            settle(&all[i]);
}

static void step(void)
{
    size_t i;

    switch (below(8)) {
    case 0:
        now_ms += below(8);
        sse_channel_tick(&st.channel, now_ms);
        break;
    case 1:
        for (i = 0; i < LISTENERS; i++) {
            all[i].most = 1 + below(300);
            all[i].budget = below(600);
        }
        sse_channel_flush(&st.channel);
        for (i = 0; i < LISTENERS; i++)
            if (all[i].joined && !all[i].open)
                settle(&all[i]);
        break;
    case 2:
    case 3:
        publish();
        break;
    default:
        act(&all[below(LISTENERS)]);
    }
}

/* Let everyone take all; then they have all, and are drained. */
static void finish(void)
{
    size_t i;

    for (i = 0; i < LISTENERS; i++) {
        int round;

        all[i].fails = 0;
        for (round = 0; round < 3 && all[i].open; round++) {
            sse_channel_tick(&st.channel, now_ms += 5);
            listener_take(&all[i], 1 + below(500), (size_t)-1);
        }
        if (!all[i].joined)
            continue;
        if (all[i].open)
            listener_check(&all[i], 1);
        else
            settle(&all[i]);
        listener_free(&all[i]);
    }
}

static void every_stream_is_what_was_published_or_tells_what_is_missing(void **state)
{
    unsigned round, i;

    (void)state;
    for (round = 0; round < ROUNDS; round++) {
        dice_seed(round);
        now_ms = 1000;
        station_init(&st, (uint32_t)(1 + below(20)), 64 + below(below(2) ? 300 : 3000),
                     round % 2 ? SSE_CHUNKED : 0, below(2) ? 20 : 0);
        for (i = 0; i < STEPS; i++)
            step();
        finish();
        station_free(&st);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_stream_is_what_was_published_or_tells_what_is_missing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
