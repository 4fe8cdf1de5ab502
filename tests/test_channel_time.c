/* test_channel_time.c - what time brings: heartbeats, pace, and the farewells of a drain. */
#include "fanout.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum { COUNT = 10 };

static hall h;
static client all[COUNT];

/* Begin at 1000 ms with clients that are drained. */
static void begin(int count, uint32_t heartbeat_ms, uint32_t pace_ms)
{
    int i;

    hall_open(&h, 16, 2000, 0, heartbeat_ms);
    memset(all, 0, sizeof all);
    for (i = 0; i < count; i++) {
        all[i].pace_ms = pace_ms;
        assert_int_equal(client_join(&all[i], &h, NULL), SSE_OK);
        assert_int_equal(client_pull(&all[i]), SSE_AGAIN);
    }
}

static void end(void)
{
    int i;

    for (i = 0; i < COUNT; i++)
        if (all[i].s)
            client_end(&all[i]);
    hall_close(&h);
}

static void tick(uint64_t now_ms)
{
    assert_int_equal(sse_channel_tick(&h.ch, now_ms), SSE_OK);
}

static uint64_t wait_ms(void)
{
    uint64_t out;

    assert_int_equal(sse_channel_wait(&h.ch, &out), SSE_OK);
    return out;
}

static void silence_brings_a_heartbeat_each_interval(void **state)
{
    sse_counters now;

    (void)state;
    begin(1, 100, 0);
    assert_int_equal(wait_ms(), 100);
    tick(1099);
    assert_int_equal(wait_ms(), 1);
    assert_int_equal(all[0].wakes, 0);
    tick(1100);
    assert_int_equal(all[0].wakes, 1);
    assert_true(wait_ms() == UINT64_MAX); /* it has bytes to take */
    tick(9000);
    client_pull(&all[0]);
    heard_comments(&all[0], 1);
    assert_int_equal(wait_ms(), 100);
    say(&h, "1"); /* real traffic, too, begins the silence anew */
    tick(9050);
    client_pull(&all[0]);
    tick(9149);
    client_pull(&all[0]);
    heard_comments(&all[0], 1);
    tick(9150);
    client_pull(&all[0]);
    heard_comments(&all[0], 2);
    sse_channel_counters(&h.ch, &now);
    assert_int_equal(now.heartbeats, 2);
    end();
}

static void without_an_interval_nothing_is_ever_due(void **state)
{
    (void)state;
    begin(1, 0, 0);
    assert_true(wait_ms() == UINT64_MAX);
    tick(UINT64_C(1) << 40);
    assert_int_equal(all[0].wakes, 0);
    end();
}

static void the_beat_is_the_callers(void **state)
{
    static const sse_event beat = {{NULL, 0}, {NULL, 0}, {"ping", 4}, {"", 0}, 0};

    (void)state;
    begin(0, 0, 0);
    assert_int_equal(sse_channel_init(&h.ch, h.log, 10, &beat, 1000), SSE_OK);
    client_join(&all[0], &h, NULL);
    client_pull(&all[0]);
    tick(1010);
    client_pull(&all[0]);
    heard(&all[0], "ping=@");
    end();
}

static void a_beat_past_the_writer_is_not_sent(void **state)
{
    static const char text[CLIENT_QUEUE];
    const sse_event beat = {{NULL, 0}, {NULL, 0}, {NULL, 0}, {text, sizeof text}, 0};
    sse_counters now;

    (void)state;
    begin(0, 0, 0);
    assert_int_equal(sse_channel_init(&h.ch, h.log, 10, &beat, 1000), SSE_OK);
    client_join(&all[0], &h, NULL);
    client_pull(&all[0]);
    tick(1010);
    assert_int_equal(all[0].wakes, 0);
    assert_int_equal(client_pull(&all[0]), SSE_AGAIN);
    assert_int_equal(all[0].len, 0);
    sse_channel_counters(&h.ch, &now);
    assert_int_equal(now.heartbeats, 0);
    assert_int_equal(wait_ms(), 10);
    end();
}

static void a_clock_that_steps_back_causes_no_storm_and_one_delay(void **state)
{
    uint64_t now_ms;

    (void)state;
    begin(1, 100, 0);
    tick(1090);
    for (now_ms = 50; now_ms < 150; now_ms++) {
        tick(now_ms);
        assert_int_equal(all[0].wakes, 0);
        assert_in_range(wait_ms(), 1, 100);
    }
    tick(150);
    assert_int_equal(all[0].wakes, 1);
    end();
}

static void what_is_to_be_flushed_is_due_now(void **state)
{
    (void)state;
    begin(0, 100, 0);
    all[0].pushes = 1;
    client_join(&all[0], &h, NULL);
    assert_int_equal(wait_ms(), 0);
    sse_channel_flush(&h.ch);
    assert_int_equal(wait_ms(), 100);
    say(&h, "1");
    assert_int_equal(wait_ms(), 0);
    sse_channel_flush(&h.ch);
    assert_int_equal(wait_ms(), 100);
    heard(&all[0], "1@e-1");
    end();
}

static void the_clock_may_stand_at_its_last_value(void **state)
{
    (void)state;
    begin(1, 100, 0);
    tick(UINT64_MAX);
    client_pull(&all[0]);
    heard_comments(&all[0], 1);
    tick(5); /* wraps */
    tick(105);
    client_pull(&all[0]);
    heard_comments(&all[0], 2);
    client_end(&all[0]);
    tick(UINT64_MAX); /* with no one there */
    end();
}

static void pace_is_the_least_time_between_wakes(void **state)
{
    (void)state;
    begin(1, 0, 100);
    assert_int_equal(say(&h, "1").woken, 1); /* the first is not kept waiting */
    client_pull(&all[0]);
    assert_int_equal(say(&h, "2").woken, 0);
    assert_int_equal(say(&h, "3").waiting, 1);
    assert_int_equal(wait_ms(), 100);
    assert_int_equal(client_pull(&all[0]), SSE_AGAIN);
    heard(&all[0], "1@e-1");
    tick(1099);
    assert_int_equal(all[0].wakes, 1);
    tick(1100);
    assert_int_equal(all[0].wakes, 2);
    client_pull(&all[0]);
    heard(&all[0], "1@e-1,2@e-2,3@e-3");
    tick(1150);
    say(&h, "4");
    assert_int_equal(all[0].wakes, 2);
    assert_int_equal(wait_ms(), 50);
    tick(20); /* a step back delays by no more than the pace */
    tick(120);
    assert_int_equal(all[0].wakes, 3);
    end();
}

static void what_arrives_within_the_pace_leaves_coalesced(void **state)
{
    (void)state;
    begin(0, 0, 0);
    all[0].pace_ms = 100;
    all[0].flags = SSE_COALESCE;
    client_join(&all[0], &h, NULL);
    client_pull(&all[0]);
    say_to(&h, 0, 1, "1");
    client_pull(&all[0]);
    say_to(&h, 0, 1, "2");
    say_to(&h, 0, 1, "3");
    tick(1100);
    client_pull(&all[0]);
    heard(&all[0], "1@e-1,3@e-3");
    end();
}

static void close_does_not_wait_for_the_pace(void **state)
{
    (void)state;
    begin(1, 0, 100);
    say(&h, "1");
    client_pull(&all[0]);
    say(&h, "2");
    assert_int_equal(sse_subscriber_close(all[0].s), SSE_OK);
    assert_int_equal(client_pull(&all[0]), SSE_END);
    heard(&all[0], "1@e-1,2@e-2");
    end();
}

static void a_drain_is_staggered_and_spreads_the_retries(void **state)
{
    static const sse_event bye = {{NULL, 0}, {NULL, 0}, {"bye", 3}, {"", 0}, 0};
    uint64_t retries[COUNT];
    int i, j, same = 0, ended = 0;

    (void)state;
    begin(COUNT, 0, 0);
    say(&h, "owed");
    assert_int_equal(sse_channel_drain(&h.ch, &bye, 1000, 500, 1000), SSE_OK);
    for (j = 0; j < COUNT; j++) {
        tick(1000 + 100 * (uint64_t)j);
        for (i = 0, ended = 0; i < COUNT; i++) {
            if (all[i].s)
                client_pull(&all[i]);
            ended += all[i].closes;
        }
        assert_int_equal(ended, j + 1);
        if (j + 1 < COUNT)
            assert_in_range(wait_ms(), 1, 100);
    }
    for (i = 0; i < COUNT; i++) {
        assert_int_equal(all[i].reason, SSE_END);
        heard(&all[i], "owed@e-1,bye=@e-1");
        retries[i] = heard_retry(&all[i]);
        assert_in_range(retries[i], 1000, 1499);
        for (j = 0; j < i; j++)
            same += retries[i] == retries[j];
    }
    assert_in_range(same, 0, 2);
    assert_true(wait_ms() == UINT64_MAX);
    end();
}

static void no_one_joins_a_channel_that_drains(void **state)
{
    static const sse_event nothing = {{NULL, 0}, {NULL, 0}, {NULL, 0}, {NULL, 0}, 0};

    (void)state;
    begin(0, 0, 0);
    assert_int_equal(sse_channel_drain(&h.ch, &nothing, 0, 0, 0), SSE_E_ARG);
    assert_int_equal(client_join(&all[0], &h, NULL), SSE_OK); /* so it does not drain */
    assert_int_equal(sse_channel_drain(&h.ch, NULL, 0, 0, 0), SSE_OK);
    assert_int_equal(client_join(&all[1], &h, NULL), SSE_E_STATE);
    end();
}

static void repeated_a_drain_changes_the_time_that_is_left(void **state)
{
    int i;

    (void)state;
    begin(COUNT, 0, 0);
    sse_channel_drain(&h.ch, NULL, 1000, 0, 100000);
    tick(1000);
    sse_channel_drain(&h.ch, NULL, 1000, 0, 0);
    tick(1001);
    for (i = 0; i < COUNT; i++) {
        assert_int_equal(client_pull(&all[i]), SSE_END);
        assert_int_equal(heard_retry(&all[i]), 1000);
    }
    end();
}

static void a_drain_may_spread_the_retries_from_0_on(void **state)
{
    int i;

    (void)state;
    begin(COUNT, 0, 0);
    assert_int_equal(sse_channel_drain(&h.ch, NULL, 0, 500, 0), SSE_OK);
    tick(1001);
    for (i = 0; i < COUNT; i++) {
        assert_int_equal(client_pull(&all[i]), SSE_END);
        assert_in_range(heard_retry(&all[i]), 1, 499);
    }
    assert_true(heard_retry(&all[0]) != heard_retry(&all[1]));
    end();
}

static void a_full_writer_does_not_cost_the_farewell(void **state)
{
    static const sse_event bye = {{NULL, 0}, {NULL, 0}, {"bye", 3}, {"", 0}, 0};
    static char text[CLIENT_QUEUE - 20];
    static const uint32_t flags[] = {0, SSE_STAGED};
    size_t i;

    (void)state;
    for (i = 0; i < 2; i++) {
        begin(0, 0, 0);
        memset(text, 'x', sizeof text - 1);
        all[0].flags = flags[i];
        client_join(&all[0], &h, NULL);
        client_pull(&all[0]);
        if (flags[i]) {
            say(&h, text);
            say(&h, "1");
        } else {
            text[550] = '\0'; /* which leaves less than a farewell takes */
            assert_int_equal(client_tell(&all[0], text), SSE_OK);
        }
        assert_int_equal(sse_channel_drain(&h.ch, &bye, 1000, 0, 0), SSE_OK);
        tick(1001);
        client_pull(&all[0]);
        tick(1002);
        if (all[0].s)
            client_pull(&all[0]);
        assert_int_equal(all[0].reason, SSE_END);
        assert_int_equal(all[0].closes, 1);
        assert_int_equal(heard_retry(&all[0]), 1000);
        end();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(silence_brings_a_heartbeat_each_interval),
        cmocka_unit_test(without_an_interval_nothing_is_ever_due),
        cmocka_unit_test(the_beat_is_the_callers),
        cmocka_unit_test(a_beat_past_the_writer_is_not_sent),
        cmocka_unit_test(a_clock_that_steps_back_causes_no_storm_and_one_delay),
        cmocka_unit_test(what_is_to_be_flushed_is_due_now),
        cmocka_unit_test(the_clock_may_stand_at_its_last_value),
        cmocka_unit_test(pace_is_the_least_time_between_wakes),
        cmocka_unit_test(what_arrives_within_the_pace_leaves_coalesced),
        cmocka_unit_test(close_does_not_wait_for_the_pace),
        cmocka_unit_test(a_drain_is_staggered_and_spreads_the_retries),
        cmocka_unit_test(no_one_joins_a_channel_that_drains),
        cmocka_unit_test(repeated_a_drain_changes_the_time_that_is_left),
        cmocka_unit_test(a_drain_may_spread_the_retries_from_0_on),
        cmocka_unit_test(a_full_writer_does_not_cost_the_farewell),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
