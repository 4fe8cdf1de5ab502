/* test_fanout_time.c - what time brings to a channel: heartbeats, pace, drain. */
#include "listener.h"
#include "parser.h"

#include <sse/http.h>

#include <stdarg.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum { CROWD = 40 };

static station st;
static listener crowd[CROWD];
static listener *const a = &crowd[0], *const b = &crowd[1];
static uint64_t now_ms;

static int begin(void **state)
{
    (void)state;
    now_ms = 1000;
    station_init(&st, 100, 4096, 0, 100);
    return 0;
}

static int end(void **state)
{
    int i;

    (void)state;
    for (i = 0; i < CROWD; i++)
        listener_free(&crowd[i]);
    station_free(&st);
    return 0;
}

#define in_station(name) cmocka_unit_test_setup_teardown(name, begin, end)

static void join(listener *l, int pulls, uint32_t pace_ms)
{
    assert_int_equal(listener_join(l, &st, pulls, 0, -1, pace_ms, 0), SSE_OK);
    listener_take(l, 1000, 100000);
}

static void tick(uint64_t later_ms)
{
    now_ms += later_ms;
    assert_int_equal(sse_channel_tick(&st.channel, now_ms), SSE_OK);
    sse_channel_flush(&st.channel);
}

static uint64_t wait_ms(void)
{
    uint64_t ms;

    assert_int_equal(sse_channel_wait(&st.channel, &ms), SSE_OK);
    return ms;
}

static void publish(void)
{
    assert_int_equal(station_publish(&st, 0, 0, 1, NULL), SSE_OK);
}

static uint64_t heartbeats(void)
{
    sse_counters n;

    sse_channel_counters(&st.channel, &n);
    return n.heartbeats;
}

static void silence_brings_a_heartbeat_each_interval(void **state)
{
    (void)state;
    join(a, 0, 0);
    assert_int_equal(wait_ms(), 100);
    tick(99);
    assert_int_equal(a->len, 0);
    assert_int_equal(wait_ms(), 1);
    tick(1);
    assert_int_equal(a->len, 3); /* ":", blank line */
    assert_memory_equal(a->bytes, ":\n\n", 3);
    assert_int_equal(wait_ms(), 100);
    tick(1000); /* however late, one */
    assert_int_equal(a->len, 6);
    assert_int_equal(heartbeats(), 2);
}

static void traffic_puts_the_heartbeat_off(void **state)
{
    int i;

    (void)state;
    join(a, 0, 0);
    for (i = 0; i < 20; i++) {
        publish();
        tick(60);
    }
    assert_int_equal(heartbeats(), 0);
    tick(100);
    assert_int_equal(heartbeats(), 1);
}

static void who_has_bytes_to_take_gets_no_heartbeat(void **state)
{
    (void)state;
    join(a, 0, 0);
    publish();
    listener_take(a, 1, 3);
    tick(1000);
    assert_int_equal(heartbeats(), 0);
    assert_true(wait_ms() == UINT64_MAX);
}

static void one_that_pulls_is_woken_for_its_heartbeat(void **state)
{
    (void)state;
    join(a, 1, 0);
    tick(100);
    assert_int_equal(a->woken, 1);
    listener_take(a, 1000, 1000);
    assert_memory_equal(a->bytes, ":\n\n", 3);
}

static void without_an_interval_there_are_none(void **state)
{
    (void)state;
    sse_channel_init(&st.channel, st.log, 0, NULL, now_ms);
    join(a, 0, 0);
    assert_true(wait_ms() == UINT64_MAX);
    tick(1000000);
    assert_int_equal(a->len, 0);
}

static void a_heartbeat_can_be_any_event(void **state)
{
    static const sse_event ping = {.type = {"ping", 4}, .data = {"", 0}};

    (void)state;
    sse_channel_init(&st.channel, st.log, 100, &ping, now_ms);
    join(a, 0, 0);
    tick(100);
    assert_int_equal(a->len, 20);
    assert_memory_equal(a->bytes, "event: ping\ndata: \n\n", 20);
}

static void a_clock_that_steps_back_delays_by_one_interval_and_makes_no_storm(void **state)
{
    int i;

    (void)state;
    join(a, 0, 0);
    tick(50);
    now_ms = 10;
    tick(0);
    assert_int_equal(heartbeats(), 0);
    assert_int_equal(wait_ms(), 100);
    for (i = 0; i < 10; i++)
        tick(10);
    assert_int_equal(heartbeats(), 1);
    now_ms = UINT64_MAX - 20; /* and forth, as far as it goes */
    tick(0);
    assert_int_equal(heartbeats(), 2);
    tick(10);
    tick(5);
    assert_int_equal(heartbeats(), 2);
    now_ms = 3;
    tick(0);
    tick(99);
    assert_int_equal(heartbeats(), 2);
    tick(1);
    assert_int_equal(heartbeats(), 3);
}

static void a_pace_spaces_out_wakes_and_loses_nothing(void **state)
{
    int i;

    (void)state;
    join(a, 0, 50);
    join(b, 1, 50);
    a->budget = 1000;
    publish();
    assert_int_equal(b->woken, 1);
    tick(0);
    listener_take(b, 1000, 1000);
    assert_true(a->len > 0);
    for (i = 0; i < 49; i++) {
        const size_t before = a->len;

        publish();
        tick(1);
        listener_take(b, 1000, 1000);
        assert_int_equal(a->len, before);
        assert_int_equal(b->len, before);
        assert_int_equal(b->woken, 0);
        assert_int_equal(wait_ms(), 49 - (uint64_t)i);
    }
    tick(1);
    assert_int_equal(b->woken, 1);
    listener_take(b, 1000, 10000);
    listener_take(a, 1000, 10000);
    listener_check(a, 1);
    listener_check(b, 1);
}

static void a_pace_survives_a_step_back(void **state)
{
    (void)state;
    join(a, 0, 50);
    publish();
    tick(0);
    publish();
    now_ms = 5;
    tick(0);
    tick(50);
    listener_check(a, 1);
}

static void a_drain_gives_each_a_farewell_and_a_time_of_its_own(void **state)
{
    static const sse_event farewell = {.type = {"bye", 3}, .data = {"see you", 7}};
    uint64_t retries[CROWD];
    sse_join how = {0};
    sse_subscriber late;
    size_t memory[SSE_WRITER_WORDS(256)];
    int i, k, gone;

    (void)state;
    for (i = 0; i < CROWD; i++)
        join(&crowd[i], i % 2, 0);
    publish();
    assert_int_equal(sse_channel_drain(&st.channel, &farewell, 1000, 100000, 1000), SSE_OK);
    how.writer = sse_writer_init(memory, sizeof memory, 0);
    assert_int_equal(sse_channel_join(&st.channel, &late, &how, NULL, 0), SSE_E_STATE);
    for (k = 0; k <= 10; k++) { /* a few at a time */
        tick(k ? 100 : 0);
        for (i = gone = 0; i < CROWD; i++) {
            listener_take(&crowd[i], 1000, 1000);
            gone += !crowd[i].open;
        }
        assert_in_range(gone, CROWD * k / 10, CROWD * k / 10 + 1);
    }
    for (i = 0; i < CROWD; i++) {
        parsed *const got = parse(crowd[i].bytes, crowd[i].len);

        assert_int_equal(crowd[i].reason, SSE_END);
        assert_int_equal(got->event_count, 2);
        assert_same_text(got->events[1].type, SSE_LIT("bye"));
        assert_same_text(got->events[1].data, SSE_LIT("see you"));
        assert_int_equal(got->retry_count, 1);
        retries[i] = got->retries[0];
        assert_in_range(retries[i], 1000, 101000);
        for (k = 0; k < i; k++)
            assert_true(retries[k] != retries[i]);
        parsed_free(got);
    }
    assert_true(wait_ms() == UINT64_MAX);
}

static void a_drain_needs_no_words_and_no_time(void **state)
{
    (void)state;
    join(a, 0, 0);
    join(b, 0, 1000);
    publish();
    b->budget = a->budget = 1000;
    assert_int_equal(sse_channel_drain(&st.channel, NULL, 0, 0, 0), SSE_OK);
    tick(0);
    assert_false(a->open || b->open);
    assert_int_equal(a->reason, SSE_END);
    listener_check(a, 1);
    listener_check(b, 1);
}

static void who_is_blocked_gets_its_farewell_when_it_can(void **state)
{
    (void)state;
    join(a, 0, 0);
    publish();
    listener_take(a, 1, 3);
    sse_channel_drain(&st.channel, NULL, 500, 0, 0);
    tick(0);
    assert_true(a->open);
    listener_take(a, 100, 1000);
    assert_false(a->open);
    assert_memory_equal(a->bytes + a->len - 12, "retry: 500\n\n", 12);
}

static void a_farewell_waits_for_room_in_the_writer_of_one_that_is_staged(void **state)
{
    (void)state;
    assert_int_equal(listener_join(a, &st, 1, SSE_STAGED, -1, 0, 0), SSE_OK);
    while (listener_send(a) == SSE_OK) /* until it is full */
        ;
    sse_channel_drain(&st.channel, NULL, 500, 0, 0);
    tick(0);
    listener_take(a, 50, 10000);
    assert_int_equal(a->reason, SSE_END);
    assert_memory_equal(a->bytes + a->len - 12, "retry: 500\n\n", 12);
}

static void a_farewell_that_cannot_be_sent_is_refused(void **state)
{
    static const sse_event bad = {.type = {"\n", 1}}, with_id = {.id = {"x", 1}};

    (void)state;
    assert_int_equal(sse_channel_drain(&st.channel, &bad, 0, 0, 0), SSE_E_FIELD);
    assert_int_equal(sse_channel_drain(&st.channel, &with_id, 0, 0, 0), SSE_E_ARG);
    join(a, 0, 0); /* it goes on */
    assert_true(a->open);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        in_station(silence_brings_a_heartbeat_each_interval),
        in_station(traffic_puts_the_heartbeat_off),
        in_station(who_has_bytes_to_take_gets_no_heartbeat),
        in_station(one_that_pulls_is_woken_for_its_heartbeat),
        in_station(without_an_interval_there_are_none),
        in_station(a_heartbeat_can_be_any_event),
        in_station(a_clock_that_steps_back_delays_by_one_interval_and_makes_no_storm),
        in_station(a_pace_spaces_out_wakes_and_loses_nothing),
        in_station(a_pace_survives_a_step_back),
        in_station(a_drain_gives_each_a_farewell_and_a_time_of_its_own),
        in_station(a_drain_needs_no_words_and_no_time),
        in_station(who_is_blocked_gets_its_farewell_when_it_can),
        in_station(a_farewell_waits_for_room_in_the_writer_of_one_that_is_staged),
        in_station(a_farewell_that_cannot_be_sent_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
