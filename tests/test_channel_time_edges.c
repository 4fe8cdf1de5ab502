/* test_channel_time_edges.c - what time brings where several things are due, the clock steps, or a
 * call is repeated. */
#include "fanout.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum { CLIENTS = 4 };

static hall h;
static client c[CLIENTS];

static void begin(uint32_t framing, uint32_t heartbeat_ms)
{
    memset(c, 0, sizeof c);
    hall_open(&h, 16, 3000, framing, heartbeat_ms);
}

static void join_all(void)
{
    int i;

    for (i = 0; i < CLIENTS; i++) {
        assert_int_equal(client_join(&c[i], &h, NULL), SSE_OK);
        client_pull(&c[i]);
    }
}

static void end(void)
{
    int i;

    for (i = 0; i < CLIENTS; i++)
        if (c[i].s)
            client_end(&c[i]);
    hall_close(&h);
}

static uint64_t wait_of(void)
{
    uint64_t wait_ms;

    assert_int_equal(sse_channel_wait(&h.ch, &wait_ms), SSE_OK);
    return wait_ms;
}

/* How many streams have ended. */
static int ended(void)
{
    int i, count = 0;

    for (i = 0; i < CLIENTS; i++) {
        if (c[i].s)
            client_pull(&c[i]);
        count += c[i].closes;
    }
    return count;
}

static void who_is_to_be_flushed_lags_and_is_waited_for(void **state)
{
    (void)state;
    memset(c, 0, sizeof c);
    hall_open(&h, 1, 3000, 0, 0);
    c[0].pushes = 1;
    client_join(&c[0], &h, NULL);
    assert_int_equal(wait_of(), 0);
    sse_channel_flush(&h.ch);
    assert_true(wait_of() == UINT64_MAX);
    say(&h, "one");
    assert_int_equal(wait_of(), 0);
    assert_int_equal(say(&h, "two").lagged, 1);
    end();
}

static void who_is_not_shown_an_event_gets_its_heartbeat(void **state)
{
    (void)state;
    begin(0, 100);
    c[0].filtered = 1;
    c[0].tag = 7;
    client_join(&c[0], &h, NULL);
    client_pull(&c[0]);
    sse_channel_tick(&h.ch, 1050);
    say(&h, "hidden");
    assert_int_equal(wait_of(), 50);
    sse_channel_tick(&h.ch, 1100);
    client_pull(&c[0]);
    heard_comments(&c[0], 1);
    end();
}

static void a_flush_that_finds_nothing_puts_no_heartbeat_off(void **state)
{
    (void)state;
    begin(0, 100);
    c[0].pushes = 1;
    client_join(&c[0], &h, NULL);
    assert_int_equal(sse_subscriber_flush(c[0].s), SSE_OK);
    sse_channel_tick(&h.ch, 1060);
    assert_int_equal(sse_subscriber_flush(c[0].s), SSE_OK);
    assert_int_equal(wait_of(), 40);
    say(&h, "one");
    assert_int_equal(sse_subscriber_flush(c[0].s), SSE_OK);
    assert_int_equal(wait_of(), 100);
    end();
}

static void one_time_told_twice_is_no_step_back(void **state)
{
    (void)state;
    begin(0, 100);
    client_join(&c[0], &h, NULL);
    client_pull(&c[0]);
    sse_channel_tick(&h.ch, 1050);
    sse_channel_tick(&h.ch, 1050);
    assert_int_equal(wait_of(), 50);
    end();
}

static void a_heartbeat_that_never_fits_takes_none_from_the_others(void **state)
{
    static char text[301];
    static sse_event beat;

    (void)state;
    memset(text, 'x', 300);
    beat.comment.ptr = text;
    beat.comment.len = 300;
    begin(0, 0);
    assert_int_equal(sse_channel_init(&h.ch, h.log, 100, &beat, 1000), SSE_OK);
    c[0].capacity = SSE_SUBSCRIBER_QUEUE_MIN;
    c[2].capacity = SSE_SUBSCRIBER_QUEUE_MIN;
    join_all();
    sse_channel_tick(&h.ch, 1100);
    (void)ended();
    heard_comments(&c[0], 0);
    heard_comments(&c[1], 1);
    heard_comments(&c[2], 0);
    heard_comments(&c[3], 1);
    assert_int_equal(wait_of(), 100);
    end();
}

/* Whatever list one is in: the pace begins anew when the clock goes back. */
static void a_step_back_begins_the_pace_anew(void **state)
{
    int pushes;

    (void)state;
    for (pushes = 0; pushes < 2; pushes++) {
        begin(0, 0);
        c[0].pushes = pushes;
        c[0].pace_ms = 100;
        client_join(&c[0], &h, NULL);
        if (pushes)
            sse_channel_flush(&h.ch);
        else
            client_pull(&c[0]);
        say(&h, "one");
        assert_int_equal(c[0].wakes, 1);
        sse_channel_tick(&h.ch, 500);
        if (pushes)
            sse_channel_flush(&h.ch);
        else
            client_pull(&c[0]);
        sse_channel_tick(&h.ch, 510);
        say(&h, "two");
        assert_int_equal(c[0].wakes, 1);
        assert_int_equal(wait_of(), 90);
        sse_channel_tick(&h.ch, 600);
        assert_int_equal(c[0].wakes, 2);
        end();
    }
}

static void a_step_back_keeps_the_order_of_farewells(void **state)
{
    (void)state;
    begin(0, 0);
    join_all();
    assert_int_equal(sse_channel_drain(&h.ch, NULL, 0, 0, 400), SSE_OK);
    sse_channel_tick(&h.ch, 1000);
    assert_int_equal(ended(), 1);
    sse_channel_tick(&h.ch, 1150);
    assert_int_equal(ended(), 2);
    sse_channel_tick(&h.ch, 600);
    assert_int_equal(ended(), 2);
    assert_int_equal(wait_of(), 50);
    sse_channel_tick(&h.ch, 650);
    assert_int_equal(ended(), 3);
    assert_int_equal(wait_of(), 100);
    sse_channel_tick(&h.ch, 750);
    assert_int_equal(ended(), 4);
    end();
}

static void a_drain_says_a_time_only_where_there_is_one(void **state)
{
    static const struct {
        uint32_t retry_ms, window_ms;
        int said;
    } cases[] = {{0, 0, 0}, {1, 0, 1}, {0, 1, 1}, {0, 5000, 1}, {7, 0, 1}, {7, 9, 1}};
    size_t i;

    (void)state;
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        begin(0, 0);
        client_join(&c[0], &h, NULL);
        sse_channel_drain(&h.ch, NULL, cases[i].retry_ms, cases[i].window_ms, 0);
        sse_channel_tick(&h.ch, 1000);
        assert_int_equal(ended(), 1);
        assert_int_equal(c[0].reason, SSE_END);
        assert_int_equal(heard_retry(&c[0]) > 0, cases[i].said);
        assert_true(heard_retry(&c[0]) >= cases[i].retry_ms);
        assert_true(heard_retry(&c[0]) <= (uint64_t)cases[i].retry_ms + cases[i].window_ms);
        if (!cases[i].said)
            assert_int_equal(c[0].len, 0);
        end();
    }
}

static void who_is_closed_while_others_are_sent_away_gets_no_farewell(void **state)
{
    static const sse_event farewell = {{NULL, 0}, {NULL, 0}, {NULL, 0}, {"bye", 3}, 0};
    uint32_t flags;

    (void)state;
    for (flags = 0; flags <= SSE_STAGED; flags += SSE_STAGED) {
        begin(0, 0);
        c[0].flags = flags;
        c[1].flags = flags;
        client_join(&c[0], &h, NULL);
        client_join(&c[1], &h, NULL);
        assert_int_equal(sse_channel_drain(&h.ch, &farewell, 0, 0, 1000), SSE_OK);
        assert_int_equal(sse_subscriber_close(c[1].s), SSE_OK);
        assert_int_equal(client_pull(&c[1]), SSE_END);
        heard(&c[1], "");
        sse_channel_tick(&h.ch, 1000);
        assert_int_equal(client_pull(&c[0]), SSE_END);
        heard(&c[0], "bye@");
        end();
    }
}

static void a_farewell_leaves_together_with_the_end(void **state)
{
    static const sse_event farewell = {{NULL, 0}, {NULL, 0}, {NULL, 0}, {"bye", 3}, 0};
    uint32_t flags;
    char bytes[256];
    size_t len;

    (void)state;
    for (flags = 0; flags <= SSE_STAGED; flags += SSE_STAGED) {
        begin(SSE_CHUNKED, 0);
        c[0].flags = flags;
        client_join(&c[0], &h, NULL);
        assert_int_equal(sse_channel_drain(&h.ch, &farewell, 0, 0, 0), SSE_OK);
        sse_channel_tick(&h.ch, 1000);
        assert_int_equal(sse_subscriber_read(c[0].s, bytes, sizeof bytes, &len), SSE_OK);
        client_note(&c[0], bytes, len);
        assert_memory_equal(bytes + len - 5, "0\r\n\r\n", 5);
        assert_int_equal(client_pull(&c[0]), SSE_END);
        heard(&c[0], "bye@");
        end();
    }
}

static void a_drain_that_has_nobody_left_waits_for_nothing(void **state)
{
    int i;

    (void)state;
    begin(0, 0);
    join_all();
    assert_int_equal(sse_channel_drain(&h.ch, NULL, 0, 0, 400), SSE_OK);
    for (i = 0; i < CLIENTS; i++)
        client_end(&c[i]);
    assert_int_equal(wait_of(), 0);
    sse_channel_tick(&h.ch, 1000);
    assert_true(wait_of() == UINT64_MAX);
    end();
}

static void a_drain_that_is_repeated_begins_anew(void **state)
{
    (void)state;
    begin(0, 0);
    join_all();
    assert_int_equal(sse_channel_drain(&h.ch, NULL, 0, 0, 4000), SSE_OK);
    sse_channel_tick(&h.ch, 1000);
    assert_int_equal(ended(), 1);
    assert_int_equal(wait_of(), 1000);
    assert_int_equal(sse_channel_drain(&h.ch, NULL, 0, 0, 300), SSE_OK);
    assert_int_equal(wait_of(), 0);
    sse_channel_tick(&h.ch, 1000);
    assert_int_equal(ended(), 2);
    assert_int_equal(wait_of(), 100);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_is_to_be_flushed_lags_and_is_waited_for),
        cmocka_unit_test(who_is_not_shown_an_event_gets_its_heartbeat),
        cmocka_unit_test(a_flush_that_finds_nothing_puts_no_heartbeat_off),
        cmocka_unit_test(one_time_told_twice_is_no_step_back),
        cmocka_unit_test(a_heartbeat_that_never_fits_takes_none_from_the_others),
        cmocka_unit_test(a_step_back_begins_the_pace_anew),
        cmocka_unit_test(a_step_back_keeps_the_order_of_farewells),
        cmocka_unit_test(a_drain_says_a_time_only_where_there_is_one),
        cmocka_unit_test(who_is_closed_while_others_are_sent_away_gets_no_farewell),
        cmocka_unit_test(a_farewell_leaves_together_with_the_end),
        cmocka_unit_test(a_drain_that_has_nobody_left_waits_for_nothing),
        cmocka_unit_test(a_drain_that_is_repeated_begins_anew),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
