/* test_channel_reentry_edges.c - what comes of calls from a wake or a sink, while the channel goes
 * through those who wait. */
#include "fanout.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum { CLIENTS = 3 };

static hall h;
static client c[CLIENTS];

static void begin(uint32_t heartbeat_ms)
{
    memset(c, 0, sizeof c);
    hall_open(&h, 16, 3000, 0, heartbeat_ms);
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

/* Join one that pulls, sees only this tag, and has read all. */
static void join(client *one, uint64_t tag)
{
    one->filtered = 1;
    one->tag = tag;
    assert_int_equal(client_join(one, &h, NULL), SSE_OK);
    assert_int_equal(client_pull(one), SSE_AGAIN);
}

static void read_and_publish(client *one, enum call by)
{
    if (by != CALL_WAKE)
        return;
    one->during = NULL;
    assert_int_equal(client_pull(one), SSE_AGAIN);
    say_to(&h, 9, 0, "to nobody");
}

/* Whoever reads in its wake has been silent for less long than those who were not shown the event,
 * be they ahead of it or behind it. */
static void a_wake_that_publishes_puts_no_heartbeat_off(void **state)
{
    int i;

    (void)state;
    begin(100);
    join(&c[0], 2);
    join(&c[1], 1);
    join(&c[2], 2);
    c[1].during = read_and_publish;
    sse_channel_tick(&h.ch, 1050);
    say_to(&h, 1, 0, "one");
    heard(&c[1], "one@e-1");
    assert_int_equal(wait_of(), 50);
    sse_channel_tick(&h.ch, 1100);
    for (i = 0; i < CLIENTS; i++) {
        client_pull(&c[i]);
        heard_comments(&c[i], i != 1);
    }
    assert_int_equal(wait_of(), 50);
    end();
}

static void tick_on(client *one, enum call by)
{
    if (by == CALL_WAKE) {
        one->during = NULL;
        sse_channel_tick(&h.ch, 1200);
    }
}

static void what_is_overdue_behind_a_tick_in_a_wake_is_due_now(void **state)
{
    (void)state;
    begin(100);
    join(&c[0], 1);
    join(&c[1], 2);
    c[0].during = tick_on;
    say_to(&h, 1, 0, "one");
    assert_int_equal(wait_of(), 0);
    sse_channel_tick(&h.ch, 1200);
    client_pull(&c[1]);
    heard_comments(&c[1], 1);
    end();
}

static void flush_the_other(client *one, enum call by)
{
    if (by == CALL_WAKE && one->other) {
        assert_int_equal(sse_subscriber_flush(one->other->s), SSE_OK);
        one->other = NULL;
    }
}

static void who_is_flushed_by_the_wake_of_another_waits_for_the_next_event(void **state)
{
    int i;

    (void)state;
    begin(0);
    c[0].during = flush_the_other;
    c[0].other = &c[1];
    for (i = 0; i < 2; i++) {
        c[i].pushes = 1;
        client_join(&c[i], &h, NULL);
    }
    sse_channel_flush(&h.ch);
    say(&h, "one");
    heard(&c[1], "one@e-1");
    sse_channel_flush(&h.ch);
    say(&h, "two");
    sse_channel_flush(&h.ch);
    heard(&c[0], "one@e-1,two@e-2");
    heard(&c[1], "one@e-1,two@e-2");
    end();
}

static const void *offered;

static void peek_at_the_other(client *one, enum call by)
{
    size_t len;

    if (by == CALL_WAKE && one->other) {
        assert_int_equal(sse_subscriber_peek(one->other->s, &offered, &len), SSE_OK);
        one->other = NULL;
    }
}

static void an_offer_made_in_the_wake_of_another_does_not_wait_for_a_pace(void **state)
{
    const void *bytes;
    size_t len;

    (void)state;
    begin(0);
    c[1].pace_ms = 1000;
    join(&c[0], 1);
    join(&c[1], 1);
    say_to(&h, 1, 0, "one");
    assert_int_equal(client_pull(&c[0]), SSE_AGAIN);
    assert_int_equal(client_pull(&c[1]), SSE_AGAIN);
    c[0].during = peek_at_the_other;
    c[0].other = &c[1];
    say_to(&h, 1, 0, "two");
    assert_int_equal(sse_subscriber_peek(c[1].s, &bytes, &len), SSE_OK);
    assert_ptr_equal(bytes, offered);
    assert_int_equal(client_pull(&c[1]), SSE_AGAIN);
    heard(&c[1], "one@e-1,two@e-2");
    end();
}

static void flush_the_other_in_vain(client *one, enum call by)
{
    if (by == CALL_CLOSE && one->other)
        assert_int_equal(sse_subscriber_flush(one->other->s), SSE_AGAIN);
}

/* The publish that closes one for being too slow has not yet come to those who are drained. */
static void what_was_pushed_in_vain_at_the_end_of_another_is_wanted(void **state)
{
    int i;

    (void)state;
    begin(0);
    assert_int_equal(client_join(&c[0], &h, NULL), SSE_OK);
    c[1].pushes = 1;
    assert_int_equal(client_join(&c[1], &h, NULL), SSE_OK);
    for (i = 0; i < 16; i++) {
        say(&h, "one");
        sse_channel_flush(&h.ch);
    }
    c[1].limited = 1;
    c[0].during = flush_the_other_in_vain;
    c[0].other = &c[1];
    assert_int_equal(say(&h, "two").closed, 1);
    for (i = 0; i < 15; i++) {
        assert_true(sse_channel_fits(&h.ch, 10));
        say(&h, "three");
    }
    assert_false(sse_channel_fits(&h.ch, 10));
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_wake_that_publishes_puts_no_heartbeat_off),
        cmocka_unit_test(what_is_overdue_behind_a_tick_in_a_wake_is_due_now),
        cmocka_unit_test(who_is_flushed_by_the_wake_of_another_waits_for_the_next_event),
        cmocka_unit_test(an_offer_made_in_the_wake_of_another_does_not_wait_for_a_pace),
        cmocka_unit_test(what_was_pushed_in_vain_at_the_end_of_another_is_wanted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
