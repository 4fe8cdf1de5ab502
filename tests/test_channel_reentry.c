/* test_channel_reentry.c - callbacks that call the library: every one may publish, join, leave,
 * close, flush and tick, from a sink, a wake and an on_close, in every order of subscribers. What
 * was closed is freed at once, so that a sanitizer sees any later touch. */
#include "fanout.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum { COUNT = 3 };

/* What a callback does, to itself or to another client. */
enum act {
    ACT_LEAVE,
    ACT_CLOSE,
    ACT_FLUSH,
    ACT_READ,
    ACT_TELL,
    ACT_PUBLISH,
    ACT_FLUSH_ALL,
    ACT_TICK,
    ACT_DRAIN,
    ACT_JOIN,
    ACTS
};

static hall h;
static client all[COUNT], newcomer;
static enum act chosen;
static enum call when;
static uint64_t now_ms;
static int done;

static void act(client *to)
{
    char copy[10];
    size_t len;

    switch (chosen) {
    case ACT_LEAVE:
        if (to->s)
            assert_int_equal(sse_subscriber_leave(to->s), SSE_OK);
        break;
    case ACT_CLOSE:
        if (to->s)
            assert_int_equal(sse_subscriber_close(to->s), SSE_OK);
        break;
    case ACT_FLUSH:
        if (to->s)
            sse_subscriber_flush(to->s);
        break;
    case ACT_READ:
        if (to->s && !to->pushes && sse_subscriber_read(to->s, copy, sizeof copy, &len) == SSE_OK)
            client_note(to, copy, len);
        break;
    case ACT_TELL:
        if (to->s)
            client_tell(to, "p");
        break;
    case ACT_PUBLISH:
        say(&h, "within");
        break;
    case ACT_FLUSH_ALL:
        assert_int_equal(sse_channel_flush(&h.ch), SSE_OK);
        break;
    case ACT_TICK:
        assert_int_equal(sse_channel_tick(&h.ch, now_ms += 1000), SSE_OK);
        break;
    case ACT_DRAIN:
        assert_int_equal(sse_channel_drain(&h.ch, NULL, 1000, 0, 0), SSE_OK);
        break;
    default:
        if (newcomer.at == NULL)
            client_join(&newcomer, &h, NULL);
    }
}

static void during(client *c, enum call by)
{
    if (by != when || done)
        return;
    done = 1;
    act(c->other);
}

/* One schedule: the client `from` acts on `to`, once; all are served, before and after. */
static void run(int from, int to, int pushes, uint32_t flags, uint32_t framing)
{
    int i, round;

    hall_open(&h, 3, 1000, framing, 50);
    now_ms = 1000;
    done = 0;
    memset(&newcomer, 0, sizeof newcomer);
    memset(all, 0, sizeof all);
    for (i = 0; i < COUNT; i++) {
        all[i].pushes = (pushes >> i) & 1;
        all[i].flags = flags;
        client_join(&all[i], &h, NULL);
    }
    all[from].during = during;
    all[from].other = &all[to];
    for (round = 0; round < 3; round++) {
        say(&h, "event");
        sse_channel_flush(&h.ch);
        for (i = 0; i < COUNT; i++)
            if (all[i].s && !all[i].pushes && round < 2)
                client_read(&all[i], round == 0 ? 1000 : 5);
    }
    for (i = 0; i < 4; i++)
        say(&h, "more"); /* who pulls is too slow */
    sse_channel_tick(&h.ch, now_ms += 1000);
    if (all[from].s)
        sse_subscriber_leave(all[from].s);
    sse_channel_flush(&h.ch);
    for (i = 0; i < COUNT; i++)
        client_end(&all[i]);
    if (newcomer.s)
        client_end(&newcomer);
    assert_int_equal(sse_channel_flush(&h.ch), SSE_OK);
    assert_int_equal(say(&h, "last").waiting, 0);
    hall_close(&h);
}

static void every_call_is_allowed_from_every_callback(void **state)
{
    static const uint32_t flags[] = {0, SSE_SKIP, SSE_STAGED, SSE_SKIP | SSE_STAGED};
    int from, to, pushes, i, by, a;

    (void)state;
    for (by = CALL_SINK; by <= CALL_CLOSE; by++)
        for (a = 0; a < ACTS; a++)
            for (pushes = 0; pushes < 1 << COUNT; pushes++)
                for (from = 0; from < COUNT; from++)
                    for (to = 0; to < COUNT; to++)
                        for (i = 0; i < 8; i++) {
                            when = (enum call)by;
                            chosen = (enum act)a;
                            run(from, to, pushes, flags[i / 2], i & 1 ? SSE_CHUNKED : 0);
                        }
}

static void within_a_sink_the_transport_is_refused(client *c, enum call by)
{
    const void *bytes;
    char copy[4];
    size_t len;

    if (by != CALL_SINK)
        return;
    assert_int_equal(sse_subscriber_peek(c->s, &bytes, &len), SSE_E_STATE);
    assert_int_equal(sse_subscriber_consume(c->s, 0), SSE_E_STATE);
    assert_int_equal(sse_subscriber_read(c->s, copy, sizeof copy, &len), SSE_E_STATE);
    assert_int_equal(sse_subscriber_flush(c->s), SSE_E_STATE);
}

/* Begin with clients that push, drained, with this callback in the first. */
static void begin(void (*callback)(client *, enum call))
{
    int i;

    hall_open(&h, 3, 1000, 0, 0);
    memset(all, 0, sizeof all);
    for (i = 0; i < COUNT; i++) {
        all[i].pushes = 1;
        client_join(&all[i], &h, NULL);
    }
    sse_channel_flush(&h.ch);
    all[0].during = callback;
}

static void end(void)
{
    int i;

    for (i = 0; i < COUNT; i++) {
        all[i].during = NULL;
        client_end(&all[i]);
    }
    hall_close(&h);
}

static void a_sink_cannot_move_its_own_bytes(void **state)
{
    (void)state;
    begin(within_a_sink_the_transport_is_refused);
    say(&h, "1");
    sse_channel_flush(&h.ch);
    heard(&all[0], "1@e-1");
    end();
}

static void leave_within(client *c, enum call by)
{
    if (by != CALL_SINK)
        return;
    assert_int_equal(sse_subscriber_leave(c->s), SSE_OK);
    assert_int_equal(c->closes, 0); /* it will be when the sink has returned */
    assert_non_null(c->s);
}

static void who_leaves_within_its_sink_is_closed_behind_it(void **state)
{
    (void)state;
    begin(leave_within);
    say(&h, "1");
    sse_channel_flush(&h.ch);
    assert_int_equal(all[0].closes, 1);
    assert_int_equal(all[0].reason, SSE_OK);
    heard(&all[1], "1@e-1");
    end();
}

static void publish_to_seven(client *c, enum call by)
{
    if (by != CALL_WAKE || done)
        return;
    done = 1;
    say_to(c->at, 7, 0, "for seven");
}

static void an_event_that_is_published_by_a_wake_wakes_who_was_passed_over(void **state)
{
    int i;

    (void)state;
    for (i = 0; i < 2; i++) { /* in both orders */
        client *const waker = &all[i], *const seven = &all[1 - i];

        hall_open(&h, 8, 1000, 0, 0);
        memset(all, 0, sizeof all);
        done = 0;
        seven->filtered = 1;
        seven->tag = 7;
        waker->during = publish_to_seven;
        client_join(&all[0], &h, NULL);
        client_join(&all[1], &h, NULL);
        client_pull(&all[0]);
        client_pull(&all[1]);
        say(&h, "for the other");
        assert_int_equal(seven->wakes, 1);
        client_pull(seven);
        heard(seven, "for seven@e-2");
        client_end(&all[0]);
        client_end(&all[1]);
        hall_close(&h);
    }
}

static void read_some_of_other(client *c, enum call by)
{
    const void *bytes;
    size_t len;

    if (by != CALL_WAKE || done)
        return;
    done = 1;
    assert_int_equal(sse_subscriber_peek(c->other->s, &bytes, &len), SSE_OK);
    client_read(c->other, c->other->budget);
}

/* What it has taken by then is nothing, or a part that is too long to be kept in its writer. */
static void who_was_served_by_the_wake_of_another_is_not_woken_for_that(void **state)
{
    static char text[2 * CLIENT_QUEUE];
    size_t taken;

    (void)state;
    memset(text, 'x', sizeof text - 1);
    for (taken = 0; taken < 4; taken += 3) {
        hall_open(&h, 8, 4000, 0, 0);
        memset(all, 0, sizeof all);
        done = 0;
        all[0].during = read_some_of_other;
        all[0].other = &all[1];
        all[1].budget = taken;
        client_join(&all[0], &h, NULL);
        client_join(&all[1], &h, NULL);
        client_pull(&all[0]);
        client_pull(&all[1]);
        assert_int_equal(say(&h, text).woken, 1);
        assert_int_equal(done, 1);
        assert_int_equal(all[1].len, taken);
        say(&h, "two");
        assert_int_equal(all[1].wakes, 0); /* it has not been drained */
        client_pull(&all[0]);
        client_pull(&all[1]);
        assert_int_equal(all[1].len, all[0].len);
        assert_memory_equal(all[1].bytes, all[0].bytes, all[0].len);
        say(&h, "three");
        assert_int_equal(all[1].wakes, 1);
        client_end(&all[0]);
        client_end(&all[1]);
        hall_close(&h);
    }
}

static void tick_in_drain(client *c, enum call by)
{
    if (by == CALL_CLOSE || done)
        return;
    done = 1;
    sse_channel_drain(&c->at->ch, NULL, 1000, 0, 0);
    sse_channel_tick(&c->at->ch, 2000);
}

static void a_drain_from_a_callback_reaches_everyone(void **state)
{
    int i, j;

    (void)state;
    for (i = 0; i < COUNT; i++) {
        begin(NULL);
        done = 0;
        all[i].during = tick_in_drain;
        say(&h, "1");
        sse_channel_flush(&h.ch);
        sse_channel_tick(&h.ch, 3000);
        sse_channel_flush(&h.ch);
        for (j = 0; j < COUNT; j++) {
            assert_int_equal(all[j].closes, 1);
            assert_int_equal(all[j].reason, SSE_END);
            heard(&all[j], "1@e-1");
        }
        end();
    }
}

static void publish_past_the_log(client *c, enum call by)
{
    int i;

    if (by != CALL_SINK || done)
        return;
    done = 1;
    for (i = 0; i < 4; i++)
        say(c->at, "more");
}

static void who_lags_because_of_a_sink_is_counted(void **state)
{
    sse_counters now;

    (void)state;
    begin(publish_past_the_log);
    done = 0;
    say(&h, "1");
    sse_channel_flush(&h.ch);
    assert_int_equal(sse_channel_counters(&h.ch, &now), SSE_OK);
    assert_int_equal(all[1].reason, SSE_GAP);
    assert_int_equal(all[2].reason, SSE_GAP);
    assert_int_equal(now.lagged, 3); /* the first has lost what its sink was taking */
    assert_int_equal(now.closed, 3);
    end();
}

/* The sink has a part of an event, too long to be kept in the writer, and blocks. When it is asked
 * again, what it does makes the log drop the rest. */
static void what_a_sink_makes_the_log_drop_is_torn_at_the_next_flush(void **state)
{
    static char text[2 * CLIENT_QUEUE];

    (void)state;
    memset(text, 'x', sizeof text - 1);
    hall_open(&h, 3, 4000, 0, 0);
    memset(all, 0, sizeof all);
    all[0].pushes = 1;
    all[0].limited = 1;
    all[0].budget = 100;
    client_join(&all[0], &h, NULL);
    say(&h, text);
    assert_int_equal(sse_subscriber_flush(all[0].s), SSE_AGAIN);
    assert_int_equal(all[0].len, 100);
    all[0].during = publish_past_the_log;
    done = 0;
    assert_int_equal(sse_subscriber_flush(all[0].s), SSE_AGAIN);
    assert_int_equal(done, 1);
    assert_int_equal(all[0].closes, 0);
    assert_int_equal(sse_subscriber_flush(all[0].s), SSE_E_TORN);
    assert_int_equal(all[0].reason, SSE_E_TORN);
    assert_int_equal(all[0].len, 100);
    client_end(&all[0]);
    hall_close(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_call_is_allowed_from_every_callback),
        cmocka_unit_test(a_sink_cannot_move_its_own_bytes),
        cmocka_unit_test(who_leaves_within_its_sink_is_closed_behind_it),
        cmocka_unit_test(an_event_that_is_published_by_a_wake_wakes_who_was_passed_over),
        cmocka_unit_test(who_was_served_by_the_wake_of_another_is_not_woken_for_that),
        cmocka_unit_test(a_drain_from_a_callback_reaches_everyone),
        cmocka_unit_test(who_lags_because_of_a_sink_is_counted),
        cmocka_unit_test(what_a_sink_makes_the_log_drop_is_torn_at_the_next_flush),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
