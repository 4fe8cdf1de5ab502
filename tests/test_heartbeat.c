/* SPDX-License-Identifier: MIT */
/* test_heartbeat.c - when a heartbeat is due, whatever the clock does. How it leaves through a
 * writer is in test_heartbeat_writer.c. */
#include "sse/heartbeat.h"

#include <limits.h>
#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#define HOUR     ((uint64_t)3600000)
#define NEVER    UINT64_MAX
#define COUNT(a) (sizeof(a) / sizeof(a)[0])

static const uint32_t intervals[] = {1, 2, 1000, SSE_HEARTBEAT_MS, UINT32_MAX};

static sse_heartbeat started(uint32_t interval_ms, uint64_t now_ms)
{
    sse_heartbeat hb;

    memset(&hb, 0xA5, sizeof hb);
    assert_int_equal(sse_heartbeat_init(&hb, interval_ms, now_ms), SSE_OK);
    return hb;
}

static uint64_t wait_of(const sse_heartbeat *hb, uint64_t now_ms)
{
    const int wait_ms = sse_heartbeat_timeout(hb, now_ms);

    assert_true(wait_ms >= -1);
    return wait_ms < 0 ? NEVER : (uint64_t)wait_ms;
}

/* Ask, and demand that the wait said the same and changed nothing. */
static int due(sse_heartbeat *hb, uint64_t now_ms)
{
    const sse_heartbeat before = *hb;
    const uint64_t wait_ms = wait_of(hb, now_ms);
    int is_due;

    assert_true(wait_ms == wait_of(hb, now_ms));
    assert_true(before.last_ms_ == hb->last_ms_ && before.interval_ms_ == hb->interval_ms_);
    is_due = sse_heartbeat_take(hb, now_ms);
    assert_int_equal(is_due, wait_ms == 0);
    return is_due;
}

static void no_timer_is_refused(void **state)
{
    (void)state;
    assert_int_equal(sse_heartbeat_init(NULL, 1, 1), SSE_E_ARG);
    assert_int_equal(sse_heartbeat_touch(NULL, 1), SSE_E_ARG);
    assert_int_equal(sse_heartbeat_timeout(NULL, 1), -1);
    assert_int_equal(sse_heartbeat_take(NULL, 1), 0);
}

static void the_timeout_fits_an_int_however_long_the_interval(void **state)
{
    const sse_heartbeat hb = started(UINT32_MAX, 0);

    (void)state;
    assert_int_equal(sse_heartbeat_timeout(&hb, 0), INT_MAX);
    assert_int_equal(sse_heartbeat_timeout(&hb, UINT32_MAX - (uint64_t)INT_MAX - 1), INT_MAX);
    assert_int_equal(sse_heartbeat_timeout(&hb, UINT32_MAX - (uint64_t)INT_MAX), INT_MAX);
    assert_int_equal(sse_heartbeat_timeout(&hb, UINT32_MAX - (uint64_t)INT_MAX + 1), INT_MAX - 1);
}

static void an_interval_of_0_never_beats(void **state)
{
    static const uint64_t clocks[] = {0, 1, HOUR, UINT32_MAX, NEVER / 2, NEVER};
    sse_heartbeat zero = {0, 0};
    sse_heartbeat off = started(0, 5);
    size_t i;

    (void)state;
    for (i = 0; i < COUNT(clocks); i++) {
        assert_int_equal(wait_of(&zero, clocks[i]), NEVER);
        assert_int_equal(sse_heartbeat_take(&zero, clocks[i]), 0);
        assert_int_equal(wait_of(&off, clocks[i]), NEVER);
        assert_int_equal(sse_heartbeat_take(&off, clocks[i]), 0);
        assert_int_equal(sse_heartbeat_touch(&off, clocks[i]), SSE_OK);
    }
}

static void a_beat_is_due_at_exactly_the_interval(void **state)
{
    static const uint64_t starts[] = {0, 1, HOUR, UINT32_MAX};
    size_t i, k;

    (void)state;
    for (i = 0; i < COUNT(intervals); i++) {
        for (k = 0; k < COUNT(starts); k++) {
            const uint64_t interval = intervals[i];
            sse_heartbeat hb = started(intervals[i], starts[k]);

            assert_int_equal(wait_of(&hb, starts[k]), interval < INT_MAX ? interval : INT_MAX);
            assert_int_equal(due(&hb, starts[k]), 0);
            assert_int_equal(wait_of(&hb, starts[k] + interval - 1), 1);
            assert_int_equal(due(&hb, starts[k] + interval - 1), 0);
            assert_int_equal(wait_of(&hb, starts[k] + interval), 0);
            assert_int_equal(due(&hb, starts[k] + interval), 1);
        }
    }
}

static void a_beat_stays_due_until_it_is_taken(void **state)
{
    sse_heartbeat hb = started(100, 0);

    (void)state;
    assert_int_equal(wait_of(&hb, 100), 0);
    assert_int_equal(wait_of(&hb, 101), 0);
    assert_int_equal(wait_of(&hb, 5000), 0);
    assert_int_equal(due(&hb, 5000), 1);
    assert_int_equal(wait_of(&hb, 5000), 100);
}

static void a_beat_is_taken_once_an_interval(void **state)
{
    sse_heartbeat hb = started(100, 7);
    uint64_t now;
    unsigned beats = 0;

    (void)state;
    for (now = 7; now <= 7 + 1000; now++)
        beats += (unsigned)due(&hb, now);
    assert_int_equal(beats, 10);
    assert_int_equal(due(&hb, 1007), 0);
}

static void the_next_interval_starts_at_the_call_that_took_a_beat(void **state)
{
    sse_heartbeat hb = started(100, 0);

    (void)state;
    assert_int_equal(due(&hb, 170), 1);
    assert_int_equal(due(&hb, 200), 0);
    assert_int_equal(due(&hb, 269), 0);
    assert_int_equal(due(&hb, 270), 1);
}

static void traffic_cancels_a_beat_that_is_due(void **state)
{
    sse_heartbeat hb = started(100, 0);

    (void)state;
    assert_int_equal(wait_of(&hb, 150), 0);
    assert_int_equal(sse_heartbeat_touch(&hb, 150), SSE_OK);
    assert_int_equal(due(&hb, 150), 0);
    assert_int_equal(due(&hb, 249), 0);
    assert_int_equal(due(&hb, 250), 1);
}

static void the_interval_that_the_standard_recommends_is_15_seconds(void **state)
{
    (void)state;
    assert_int_equal(SSE_HEARTBEAT_MS, 15000);
    assert_int_equal(sse_heartbeat_default_ms(), SSE_HEARTBEAT_MS);
}

static void traffic_postpones_the_beat(void **state)
{
    sse_heartbeat hb = started(100, 0);
    uint64_t now;

    (void)state;
    for (now = 99; now < 2000; now += 99) {
        assert_int_equal(due(&hb, now), 0);
        assert_int_equal(sse_heartbeat_touch(&hb, now), SSE_OK);
        assert_int_equal(wait_of(&hb, now), 100);
    }
    now -= 99;
    assert_int_equal(due(&hb, now + 99), 0);
    assert_int_equal(due(&hb, now + 100), 1);
}

static void a_step_back_delays_the_beat_by_one_interval_from_the_call_that_sees_it(void **state)
{
    static const uint64_t steps[] = {1, 2, 99, 100, 101, HOUR, 10 * HOUR};
    const uint64_t start = 10 * HOUR;
    size_t i;

    (void)state;
    for (i = 0; i < COUNT(steps); i++) {
        const uint64_t now = start - steps[i];
        sse_heartbeat hb = started(100, start);

        assert_int_equal(wait_of(&hb, now), 100);
        assert_int_equal(due(&hb, now), 0);
        assert_int_equal(due(&hb, now + 99), 0);
        assert_int_equal(due(&hb, now + 100), 1);
        assert_int_equal(due(&hb, now + 100), 0);
        assert_int_equal(due(&hb, now + 199), 0);
        assert_int_equal(due(&hb, now + 200), 1);
    }
}

/* From the end of a clock's range to its beginning, seen at once or late. */
static void a_clock_that_wraps_counts_as_no_time_passed(void **state)
{
    static const uint64_t ends[] = {UINT32_MAX, UINT64_MAX};
    static const uint64_t offs[] = {0, 1, 50, 99, 100, 101, HOUR};
    size_t i, before, after;

    (void)state;
    for (i = 0; i < COUNT(ends); i++) {
        for (before = 0; before < COUNT(offs); before++) {
            for (after = 0; after < COUNT(offs); after++) {
                const uint64_t now = offs[after];
                sse_heartbeat hb = started(100, ends[i] - offs[before]);

                assert_int_equal(wait_of(&hb, now), 100);
                assert_int_equal(due(&hb, now), 0);
                assert_int_equal(due(&hb, now + 99), 0);
                assert_int_equal(due(&hb, now + 100), 1);
                assert_int_equal(due(&hb, now + 199), 0);
            }
        }
    }
}

static void a_step_forward_makes_one_beat_due_however_far_it_goes(void **state)
{
    static const uint64_t times[] = {
        150, 151, HOUR, UINT32_MAX, NEVER / 2, NEVER / 2 + 52, NEVER - HOUR, NEVER - 100};
    size_t i;

    (void)state;
    for (i = 0; i < COUNT(times); i++) {
        sse_heartbeat hb = started(100, 50);

        assert_int_equal(wait_of(&hb, times[i]), 0);
        assert_int_equal(due(&hb, times[i]), 1);
        assert_int_equal(due(&hb, times[i]), 0);
        assert_int_equal(due(&hb, times[i] + 99), 0);
        assert_int_equal(due(&hb, times[i] + 100), 1);
    }
}

static void traffic_at_a_time_that_was_wrong_is_forgotten(void **state)
{
    sse_heartbeat hb = started(100, 1000);

    (void)state;
    assert_int_equal(sse_heartbeat_touch(&hb, HOUR), SSE_OK);
    assert_int_equal(due(&hb, 1010), 0);
    assert_int_equal(due(&hb, 1110), 1);
}

static uint64_t dice = 88172645463325252u;

/* A number below n: xorshift. */
static uint64_t below(uint64_t n)
{
    dice ^= dice << 13;
    dice ^= dice >> 7;
    dice ^= dice << 17;
    return (dice >> 11) % n;
}

/* A clock beside real time, and what it has shown since the last beat. */
typedef struct wild_clock {
    uint64_t off; /* how far it is off */
    uint64_t mask;
    uint64_t seen;
    uint64_t advanced; /* how far it went forward, each time by an interval at most */
    uint64_t interval;
    unsigned back; /* how often it stepped back, or wrapped */
    int stepped;   /* it was stepped back since it was last seen */
} wild_clock;

static uint64_t tell(wild_clock *c, uint64_t real)
{
    const uint64_t now = (real + c->off) & c->mask;

    if (now > c->seen)
        c->advanced += now - c->seen < c->interval ? now - c->seen : c->interval;
    c->back += now < c->seen || c->stepped;
    c->stepped = 0;
    c->seen = now;
    return now;
}

static void disturb(wild_clock *c, uint64_t real)
{
    static const uint64_t widths[] = {1, 10, 100, 1000, HOUR};
    const uint64_t width = 1 + below(widths[below(COUNT(widths))]);
    const uint64_t which = below(3);

    if (which == 0)
        c->off += width;
    else if (which == 1)
        c->off -= width;
    else
        c->off = 0 - real;
    c->stepped = which > 0;
}

/* A server's loop: wait, sleep at most that long, ask. Real time alone is to be trusted. */
static void live(uint32_t interval, uint64_t start, uint64_t mask)
{
    wild_clock c = {0, 0, 0, 0, 0, 0, 0};
    sse_heartbeat hb;
    uint64_t real = 0, last = 0;
    unsigned turn, beats = 0;

    c.off = start;
    c.mask = mask;
    c.interval = interval;
    c.seen = start & mask;
    hb = started(interval, c.seen);
    for (turn = 0; turn < 400; turn++) {
        const uint64_t wait_ms = wait_of(&hb, tell(&c, real));

        assert_true(wait_ms <= interval);
        real += below(3) ? wait_ms : below(wait_ms + 1);
        if (below(4) == 0)
            disturb(&c, real);
        if (sse_heartbeat_take(&hb, tell(&c, real))) {
            assert_true(c.advanced >= interval);
            last = real;
            c.advanced = 0;
            c.back = 0;
            beats++;
        }
        assert_true(real - last <= interval * ((uint64_t)c.back + 1));
    }
    assert_true(beats > 20);
}

static void whatever_the_clock_does_a_loop_sees_neither_a_storm_nor_a_silence(void **state)
{
    static const uint64_t starts[] = {0, 1000, 10 * HOUR, UINT32_MAX - 2000, UINT64_MAX - 2000};
    size_t i, round;

    (void)state;
    for (round = 0; round < 100; round++) {
        for (i = 0; i < COUNT(starts); i++) {
            live(100, starts[i], UINT64_MAX);
            live(100, starts[i], UINT32_MAX);
            live(SSE_HEARTBEAT_MS, starts[i], UINT32_MAX);
        }
    }
}

static void bindings_get_the_size(void **state)
{
    (void)state;
    assert_int_equal(sse_heartbeat_size(), sizeof(sse_heartbeat));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_timer_is_refused),
        cmocka_unit_test(the_timeout_fits_an_int_however_long_the_interval),
        cmocka_unit_test(an_interval_of_0_never_beats),
        cmocka_unit_test(a_beat_is_due_at_exactly_the_interval),
        cmocka_unit_test(a_beat_stays_due_until_it_is_taken),
        cmocka_unit_test(a_beat_is_taken_once_an_interval),
        cmocka_unit_test(the_next_interval_starts_at_the_call_that_took_a_beat),
        cmocka_unit_test(traffic_cancels_a_beat_that_is_due),
        cmocka_unit_test(the_interval_that_the_standard_recommends_is_15_seconds),
        cmocka_unit_test(traffic_postpones_the_beat),
        cmocka_unit_test(a_step_back_delays_the_beat_by_one_interval_from_the_call_that_sees_it),
        cmocka_unit_test(a_clock_that_wraps_counts_as_no_time_passed),
        cmocka_unit_test(a_step_forward_makes_one_beat_due_however_far_it_goes),
        cmocka_unit_test(traffic_at_a_time_that_was_wrong_is_forgotten),
        cmocka_unit_test(whatever_the_clock_does_a_loop_sees_neither_a_storm_nor_a_silence),
        cmocka_unit_test(bindings_get_the_size),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
