/* SPDX-License-Identifier: MIT */
/* test_channel_time.c - what time brings: heartbeats, paces, limits, the farewells of a drain. */
#include "client.h"
#include "dice.h"
#include "sse/heartbeat.h"

static const uint64_t seven[] = {7};

/* Begin with clients that have taken their place. */
static void begin_with(size_t clients, size_t way, uint32_t heartbeat_ms)
{
    size_t i;

    begin(way, 8, heartbeat_ms);
    for (i = 0; i < clients; i++)
        ok(join(&all[i], NULL));
    turn();
}

static void limit(client *c, uint32_t pace_ms, uint32_t stall_ms, uint32_t age_ms)
{
    ok(sse_subscriber_set_limits(c->s, pace_ms, stall_ms, age_ms));
}

/* Heartbeats. */

static void no_silence_is_longer_than_the_interval(size_t way)
{
    uint64_t last_ms;
    int i;

    begin_with(1, way, 100);
    b->flags = SSE_JOIN_PLAIN; /* silent from the first moment */
    ok(join(b, NULL));
    limit(b, 0, 0, 0);
    tick(1);
    assert_int_equal(b->len, 0);
    leave(b);
    last_ms = now_ms;
    for (i = 0; i < 1000; i++) {
        const size_t len = a->len;

        assert_in_range(timeout(), 1, 100);
        tick(1);
        assert_true(now_ms - last_ms <= 100);
        if (a->len > len)
            last_ms = now_ms;
    }
    assert_in_range(heard_comments(a), 10, 20);
    assert_int_equal(count(HEARTBEATS), heard_comments(a));
    a->len = 0;
    for (i = 0; i < 100; i++) { /* without silence there are none */
        say("x");
        tick(10);
    }
    assert_int_equal(heard_comments(a), 0);
}

static void without_an_interval_nothing_is_ever_due(void)
{
    begin_with(2, READ, 0);
    assert_int_equal(timeout(), -1);
    ok(sse_channel_tick(&ch, now_ms += UINT64_C(1) << 40));
    assert_null(sse_channel_next(&ch));
    a->limited = 1; /* and a subscriber that is blocked costs no visit */
    say("one");
    assert_int_equal(timeout(), 0);
    turn();
    assert_int_equal(timeout(), -1);
}

static void a_heartbeat_goes_between_events_and_never_inside_of_one(size_t way)
{
    size_t cut;

    for (cut = 1; cut < 60; cut++) {
        begin_with(1, way, 100);
        say("one");
        say("two");
        take_some(a, cut);
        pass(300, 30);
        take_all(a);
        pass(100, 10);
        heard(a, "place=@e-0,one@e-1,two@e-2");
        assert_in_range(heard_comments(a), 1, 2);
    }
    ok(join(b, NULL));
    for (cut = 0; cut < 3; cut++)
        ok(sse_channel_tick(&ch, now_ms += 100));
    take_all(b); /* it begins with its place, however late */
    assert_int_equal(heard_comments(b), 0);
}

static void a_heartbeat_is_what_was_set_and_has_the_place_of_a_filtered_client(void)
{
    static const struct {
        const char *type, *data, *want, *filtered;
    } cases[] = {
        {"", "", "hidden@e-2", "place=@e-2"},
        {"", "be", "hidden@e-2", "place=@e-2"},
        {"ping", "", "hidden@e-2,ping=@e-2", "ping=@e-2"},
        {"ping", "x", "hidden@e-2,ping=x@e-2", "ping=x@e-2"},
    };
    size_t i;

    for (i = 0; i < 5; i++) {
        const size_t set = i < 4 ? i : 0; /* the last is the one that is not set */
        char type[8], data[8];

        begin_with(2, READ, 100);
        say_to(8, 0, "hidden");
        turn();
        ok(sse_subscriber_set_filter(a->s, seven, 1));
        a->len = b->len = 0;
        say_to(8, 0, "hidden");
        strcpy(type, cases[set].type);
        strcpy(data, cases[set].data);
        if (i < 4)
            ok(sse_channel_set_heartbeat(&ch, type, strlen(type), data, strlen(data)));
        memset(type, 'z', sizeof type); /* it was copied */
        memset(data, 'z', sizeof data);
        turn();
        tick(100);
        heard(a, cases[set].filtered);
        assert_string_equal(heard_id(a), "e-2");
        heard(b, cases[set].want);
        assert_int_equal(heard_comments(b), *cases[set].type ? 0 : 1);
    }
}

static void a_heartbeat_without_data_is_a_line_that_belongs_to_the_next_event(void)
{
    begin_with(2, READ, 100);
    ok(sse_subscriber_set_filter(a->s, seven, 1));
    ok(sse_channel_set_heartbeat(&ch, "", 0, NULL, 0));
    a->len = b->len = 0;
    tick(100);
    heard(a, "place=@e-0"); /* a place that moves is a block, whatever the heartbeat is */
    assert_true(b->len == 2 && memcmp(b->bytes, ":\n", 2) == 0);
    say("one");
    turn();
    heard(b, "one@e-1");
    ok(sse_channel_set_heartbeat(&ch, "", 0, "", 0));
    b->len = 0;
    tick(100);
    assert_true(b->len == 3 && memcmp(b->bytes, ":\n\n", 3) == 0);
    ok(sse_channel_set_heartbeat(&ch, "t", 1, NULL, 0));
    b->len = 0;
    tick(100);
    assert_true(b->len > 7 && memcmp(b->bytes, "event: t", 8) == 0);
}

static void where_ids_are_the_callers_a_heartbeat_has_none(void)
{
    begin_plain(8);
    ok(sse_channel_init(&ch, history, 100, 0, now_ms));
    ok(join(a, NULL));
    ok(sse_subscriber_set_filter(a->s, seven, 1));
    tick(100);
    assert_true(heard_events(a) == 0 && heard_comments(a) == 1);
}

static void what_cannot_be_a_heartbeat_or_a_farewell_is_refused_and_changes_nothing(void)
{
    static char text[SSE_CHANNEL_TEXT_MAX + 1], lines[SSE_CHANNEL_TEXT_MAX];
    static const struct {
        sse_str type, data;
        int status;
    } bad[] = {
        {{NULL, 1}, {NULL, 0}, SSE_E_ARG},
        {{NULL, 0}, {NULL, 1}, SSE_E_ARG},
        {{"t", 1}, {text, sizeof text - 1}, SSE_E_TOOBIG},
        {{text, sizeof text}, {NULL, 0}, SSE_E_TOOBIG},
        {{"t", 1}, {lines, sizeof lines - 1}, SSE_E_TOOBIG},
        {{"a\nb", 3}, {"", 0}, SSE_E_FIELD},
    };
    size_t i;

    memset(text, 'x', sizeof text);
    memset(lines, '\n', sizeof lines);
    begin_with(1, READ, 100);
    for (i = 0; i < sizeof bad / sizeof *bad; i++) {
        const sse_str type = bad[i].type, data = bad[i].data;

        assert_int_equal(sse_channel_set_heartbeat(&ch, type.ptr, type.len, data.ptr, data.len),
                         bad[i].status);
        assert_int_equal(sse_channel_drain(&ch, type.ptr, type.len, data.ptr, data.len, 0, 0, 0, 0),
                         bad[i].status);
    }
    assert_int_equal(sse_channel_drain(&ch, NULL, 0, NULL, 0, SSE_RETRY_MAX + 1u, 0, 0, 0),
                     SSE_E_RANGE);
    tick(100);
    heard(a, "place=@e-0");
    assert_int_equal(heard_comments(a), 1);
    ok(join(b, NULL)); /* it does not drain */
    ok(sse_channel_set_heartbeat(&ch, text, sizeof text - 1, NULL, 0));
    ok(sse_channel_set_heartbeat(&ch, text, 90, text, 6)); /* the longest */
    tick(100);
    assert_int_equal(heard_events(a), 2);
}

static void a_pace_holds_events_back_and_never_heartbeats(size_t way)
{
    static char text[150];
    size_t sent = 0, beats;

    memset(text, 'p', sizeof text - 1);
    begin_with(1, way, 100);
    limit(a, 1000, 0, 0);
    pass(1000, 10);
    say("one");
    turn();
    say("two");
    while (tell(a, text) == SSE_OK) /* nor does a queue full of private events */
        sent++;
    assert_in_range(sent, 1, 10);
    a->len = 0;
    for (beats = 0; beats < 9; beats++) {
        pass(100, 10);
        assert_in_range(heard_comments(a), beats + 1, beats + 3);
        assert_int_equal(heard_events(a), 0);
    }
    pass(110, 10);
    assert_int_equal(heard_events(a), 1 + sent);
}

static void a_heartbeat_that_is_accepted_finds_room_in_a_queue_that_is_full(size_t way)
{
    static char text[CLIENT_QUEUE], lines[SSE_CHANNEL_TEXT_MAX];
    size_t n, accepted = 0;

    memset(lines, '\n', sizeof lines);
    for (n = 0; n < sizeof lines; n++) {
        size_t most = CLIENT_QUEUE - SSE_SUBSCRIBER_KEPT;

        begin_with(1, way, 100);
        if (sse_channel_set_heartbeat(&ch, "t", 1, lines, n) != SSE_OK)
            continue;
        ok(sse_subscriber_set_filter(a->s, seven, 1));
        limit(a, 5000, 0, 0);
        say("one");
        turn();
        do { /* what is sent leaves no byte */
            memset(text, 'p', sizeof text);
            text[--most] = '\0';
        } while (tell(a, text) != SSE_OK);
        tick(100);
        assert_string_equal(heard_id(a), "e-1");
        assert_int_equal(heard_events(a), 3);
        accepted++;
    }
    assert_in_range(accepted, 10, 30);
}

static void a_heartbeat_that_was_offered_is_frozen_while_the_next_is_due_and_the_pace_holds(void)
{
    size_t cut;

    for (cut = 0; cut < 4; cut++) {
        const void *bytes = NULL, *again;
        size_t len = 0, len_again;

        begin_with(1, PEEK, 100);
        say("one");
        turn();
        limit(a, 5000, 0, 0);
        say("two");
        a->len = 0;
        a->limited = 1;
        a->budget = cut;
        pass(1000, 10);
        if (a->budget == 0)
            ok(sse_subscriber_peek(a->s, &bytes, &len));
        pass(1000, 10);
        if (bytes != NULL) {
            ok(sse_subscriber_peek(a->s, &again, &len_again));
            assert_true(again == bytes && len_again == len);
        }
        a->limited = 0;
        take_all(a);
        pass(5000, 10);
        heard(a, "two@e-2");
        assert_in_range(heard_comments(a), 20, 80);
    }
}

static void heartbeats_of_many_are_spread_over_the_interval(void)
{
    enum { MANY = 2000, TURN_MS = 100 };
    static sse_subscriber s[MANY], *next;
    static size_t memory[MANY][SSE_WRITER_WORDS(SSE_SUBSCRIBER_QUEUE_MIN)];
    static uint64_t last_ms[MANY];
    size_t i;

    begin(READ, 8, SSE_HEARTBEAT_MS);
    memset(s, 0, sizeof s);
    for (i = 0; i < MANY; i++) {
        sse_writer *const queue = sse_writer_init(memory[i], sizeof memory[i], 0);

        last_ms[i] = now_ms;
        ok(sse_subscriber_join(&s[i], &ch, queue, &last_ms[i], SSE_JOIN_PLAIN, NULL, 0, NULL, 0));
    }
    while (now_ms < 150000) {
        size_t served = 0, len;
        char bytes[200];

        ok(sse_channel_tick(&ch, now_ms += TURN_MS));
        if (now_ms == 40000)
            say("to all");
        for (; (next = sse_channel_next(&ch)) != NULL; served++) {
            ok(sse_subscriber_read(next, bytes, sizeof bytes, &len));
            *(uint64_t *)sse_subscriber_user(next) = now_ms;
        }
        assert_in_range(served, 0, now_ms < 40000 ? 40 : now_ms == 40000 ? MANY : 60);
        for (i = 0; i < MANY; i++) /* never more than a turn late */
            assert_true(now_ms - last_ms[i] < SSE_HEARTBEAT_MS + TURN_MS);
    }
    for (i = 0; i < MANY; i++)
        ok(sse_subscriber_leave(&s[i]));
}

/* Paces. */

static void a_pace_is_the_least_time_from_one_turn_to_the_next(size_t way)
{
    begin_with(1, way, 0);
    limit(a, 100, 0, 0);
    pass(100, 10);
    say("one"); /* the first is not kept waiting */
    turn();
    heard(a, "place=@e-0,one@e-1");
    say("two");
    tell(a, "p");
    assert_int_equal(turn(), 0);
    ok(take_all(a)); /* nothing */
    assert_in_range(timeout(), 1, 100);
    pass(90, 10);
    say("three");
    pass(9, 1);
    heard(a, "place=@e-0,one@e-1");
    assert_in_range(timeout(), 0, 1);
    tick(1);
    assert_int_equal(heard_events(a), 5); /* together */
    assert_int_equal(a->turns, 3);
    pass(100, 10);
    assert_int_equal(timeout(), -1);
    tell(a, "q");
    assert_int_equal(turn(), 1);
    say("four");
    assert_int_equal(turn(), 0);
    limit(a, 0, 0, 0); /* lets it go, */
    assert_int_equal(turn(), 1);
    limit(a, 100, 0, 0);
    say("five");
    assert_int_equal(turn(), 0);
    ok(sse_subscriber_close(a->s)); /* as the end does */
    assert_in_range(turn(), 1, 2);
    assert_int_equal(heard_events(a), 8);
    assert_int_equal(a->reason, SSE_END);
}

static void a_pace_counts_from_the_beginning_of_a_turn(void)
{
    begin_with(1, READ, 0);
    limit(a, 100, 0, 0);
    say_long(500);
    say("two");
    assert_int_equal(take_some(a, 100), SSE_AGAIN);
    ok(sse_channel_tick(&ch, now_ms += 50));
    ok(take_all(a));
    say("three");
    tick(49);
    assert_int_equal(heard_events(a), 3);
    tick(1);
    assert_int_equal(heard_events(a), 4);
}

static void who_takes_nothing_begins_no_turn(void)
{
    begin_with(1, PEEK, 0);
    limit(a, 100, 0, 0);
    say("one");
    turn();
    ok(sse_channel_tick(&ch, now_ms += 100));
    say("two");
    ok(sse_subscriber_consume(a->s, 0));
    ok(sse_channel_tick(&ch, now_ms += 500));
    assert_int_equal(turn(), 1); /* the pace counts from here */
    say("three");
    pass(90, 10);
    heard(a, "place=@e-0,one@e-1,two@e-2");
    pass(10, 10);
    heard(a, "place=@e-0,one@e-1,two@e-2,three@e-3");
}

static void what_comes_within_a_pace_leaves_coalesced(void)
{
    begin(READ, 8, 0);
    a->flags = SSE_JOIN_COALESCE | SSE_JOIN_PLAIN;
    ok(join(a, NULL));
    limit(a, 100, 0, 0);
    say_to(0, 1, "1");
    turn();
    say_to(0, 1, "2");
    say_to(0, 1, "3");
    pass(100, 50);
    heard(a, "1@e-1,3@e-3");
}

/* Limits. */

static void stalled_is_never_early_and_at_most_a_quarter_late(size_t way)
{
    uint64_t step_ms, from_ms;

    for (step_ms = 1; step_ms < 60; step_ms += 7) {
        begin_with(1, way, way & 1 ? 30 : 0);
        limit(a, 0, 100, 0);
        pass(step_ms * 300, step_ms); /* out of its turn it may be silent */
        a->limited = 1;
        a->budget = 5;
        say("one");
        say("two");
        turn();
        now_ms += 1000; /* the clock of the channel is stale: bytes are taken now */
        a->budget = 5;
        assert_int_equal(take_all(a), SSE_AGAIN);
        from_ms = now_ms;
        while (a->reason == SSE_OK) {
            take_some(a, 0);
            tick(step_ms);
            assert_true(now_ms - from_ms <= 125 + 2 * step_ms);
        }
        assert_int_equal(a->reason, SSE_E_STALLED);
        assert_true(now_ms - from_ms >= 100);
        assert_int_equal(count(CLOSED), 1);
    }
}

static void each_byte_that_is_taken_begins_the_limit_anew(size_t way)
{
    int i;

    begin_with(1, way, 0);
    limit(a, 0, 100, 0);
    say_long(200);
    a->limited = 1;
    turn();
    for (i = 0; i < 150; i++) {
        pass(90, 45);
        assert_int_equal(take_some(a, 1), SSE_AGAIN);
    }
    limit(a, 0, 0, 0); /* none any more */
    pass(10000, 100);
    ok(sse_subscriber_status(a->s));
    limit(a, 0, 1, 0); /* the shortest */
    pass(4, 1);
    assert_int_equal(a->reason, SSE_E_STALLED);
}

static void too_old_is_never_early_and_at_most_a_tick_late(void)
{
    uint64_t step_ms, from_ms;

    for (step_ms = 1; step_ms < 60; step_ms += 7) {
        begin_with(1, READ, 0);
        a->limited = step_ms & 1; /* in its turn, or not */
        say("one");
        turn();
        now_ms += 1000; /* the clock of the channel is stale */
        limit(a, 0, 0, 500);
        from_ms = now_ms;
        while (a->reason == SSE_OK) {
            tick(step_ms);
            assert_true(now_ms - from_ms <= 500 + 2 * step_ms);
        }
        assert_int_equal(a->reason, SSE_E_OLD);
        assert_true(now_ms - from_ms >= 500);
        ok(join(b, NULL));
        limit(b, 0, 0, 500);
        limit(b, 0, 0, 0); /* none any more */
        pass(1000, 100);
        ok(sse_subscriber_status(b->s));
        limit(b, 0, 0, 1); /* the shortest */
        tick(0);
        ok(sse_subscriber_status(b->s));
        tick(1);
        assert_int_equal(b->reason, SSE_E_OLD);
    }
}

/* The timeout, and the clock. */

static void the_timeout_counts_from_the_time_that_is_given_and_is_clamped(void)
{
    int wait_ms;

    begin_with(1, READ, 1000);
    wait_ms = timeout();
    assert_in_range(wait_ms, 500, 1000);
    assert_int_equal(sse_channel_timeout(&ch, now_ms + 200), wait_ms - 200);
    assert_int_equal(sse_channel_timeout(&ch, now_ms + 5000), 0);
    assert_int_equal(sse_channel_timeout(&ch, now_ms - 200), wait_ms); /* it stands still */
    begin_with(1, READ, 0);
    limit(a, 0, 0, UINT32_MAX);
    tick(1);
    assert_int_equal(timeout(), INT32_MAX);
}

/* A thread that ticks only when the timeout says so, while others publish and take bytes: no client
 * is silent for too long, or closed early or late. */
static void the_timeout_holds_while_others_take_bytes(size_t way)
{
    enum { HEARTBEAT = 100, STALL = 80, AGE = 2500 };
    uint64_t last_ms[CLIENTS], due_ms;
    size_t len[CLIENTS], round, i, stalled = 0;

    dice_seed(7);
    for (round = 0; round < 6; round++) {
        begin_with(CLIENTS, way, HEARTBEAT);
        for (i = 0; i < CLIENTS; i++) {
            limit(&all[i], i % 3 == 0 ? 250 : 0, i % 2 == 0 ? STALL : 0, i == 9 ? AGE : 0);
            last_ms[i] = now_ms;
        }
        due_ms = now_ms;
        while (now_ms < 5000) {
            client *const one = &all[below(CLIENTS)];

            for (i = 0; i < CLIENTS; i++)
                len[i] = all[i].s ? all[i].len : SIZE_MAX; /* who is gone stays so */
            now_ms += below(10);
            if (now_ms >= due_ms) {
                now_ms = due_ms;
                tick(0);
                assert_true(timeout() > 0); /* it does not spin */
            } else if (below(8) == 0) {
                say_long(below(100));
                turn();
                due_ms = now_ms; /* the thread is woken */
            } else if (one->s) {
                one->limited = below(3) == 0;
                one->budget = below(20);
                take_all(one);
            }
            for (i = 0; i < CLIENTS; i++) {
                const uint64_t silent_ms = now_ms - last_ms[i];

                if (len[i] == SIZE_MAX)
                    continue;
                assert_true(all[i].reason != SSE_E_STALLED || silent_ms >= STALL);
                assert_true(all[i].reason != SSE_E_OLD || now_ms - 1000 >= AGE);
                if (i % 2 == 0)
                    assert_true(silent_ms <= HEARTBEAT + STALL + STALL / 4);
                if (all[i].len != len[i])
                    last_ms[i] = now_ms;
                else if (all[i].s && sse_subscriber_blocked_ms(all[i].s) == 0)
                    assert_true(silent_ms <= HEARTBEAT);
            }
            if (now_ms >= due_ms) {
                assert_true(timeout() >= 0);
                due_ms = now_ms + (uint64_t)timeout();
            }
        }
        for (i = 0; i < CLIENTS; i++)
            stalled += all[i].reason == SSE_E_STALLED;
        assert_true(all[9].s == NULL);
    }
    assert_in_range(stalled, 6, 30);
}

static void while_the_clock_steps_back_time_stands_still(void)
{
    static const uint64_t starts[] = {5000, UINT32_MAX - 40, UINT64_MAX - 40};
    size_t i, ms;

    for (i = 0; i < 3; i++) {
        begin(READ, 8, 100);
        now_ms = starts[i];
        ok(sse_channel_init(&ch, history, 100, 0, now_ms));
        ok(join(a, NULL));
        turn();
        pass(30, 10);
        now_ms = 7; /* a step back, or the clock has wrapped */
        tick(1);
        assert_in_range(timeout(), 1, 100);
        for (ms = 0; heard_comments(a) == 0; ms++) {
            assert_true(ms <= 100);
            tick(1);
        }
        pass(1000, 10);
        assert_in_range(heard_comments(a), 10, 12); /* and it goes on */
        now_ms = UINT64_MAX / 4;                    /* as far forward as it likes: one is due */
        tick(0);
        assert_int_equal(turn(), 0);
        pass(1000, 10);
        assert_in_range(heard_comments(a), 20, 24);
    }
}

/* Draining. */

static void a_drain_sends_everybody_away_over_its_time(size_t way)
{
    uint64_t retries[CLIENTS], left;
    int i, j, same = 0, late = 0;

    begin_with(CLIENTS, way, 0);
    say("owed");
    tell(a, "p");
    ok(sse_channel_drain(&ch, "bye", 3, NULL, 0, 1000, 500, 1000, 0));
    tick(0);
    assert_int_equal(count(SUBSCRIBERS), CLIENTS - 1); /* the first one goes at once */
    for (left = CLIENTS; left > 0; left--) {
        assert_in_range(count(SUBSCRIBERS), left - 1, left);
        if (left == 5)
            say("late");
        tick(100);
    }
    tick(1);
    assert_int_equal(count(SUBSCRIBERS) + count(CLOSED) + sse_channel_count(&ch, -1), 0);
    assert_int_equal(timeout(), -1);
    for (i = 0; i < CLIENTS; i++) {
        assert_int_equal(all[i].reason, SSE_END);
        late += strstr(heard_text(&all[i]), "late@e-2,bye=@e-2") != NULL;
        assert_memory_equal(heard_text(&all[i]), "place=@e-0,owed@e-1,", 20);
        assert_int_equal(strstr(heard_text(&all[i]), "private=p@e-1") != NULL, i == 0);
        retries[i] = heard_retry(&all[i]);
        assert_in_range(retries[i], 1000, 1499);
        for (j = 0; j < i; j++)
            same += retries[i] == retries[j];
        if (chunked)
            assert_memory_equal(all[i].bytes + all[i].len - 7, "\r\n0\r\n\r\n", 7);
    }
    assert_in_range(same, 0, 2);
    assert_in_range(late, 4, 6); /* who was still there has got it */
}

static void a_farewell_has_a_type_and_a_reconnection_time_only_if_it_is_given(void)
{
    static const uint32_t times[5][4] = {/* and the least and the most that is told */
                                         {0, 0, 0, 0},
                                         {0, 500, 1, 499},
                                         {3000, 0, 3000, 3000},
                                         {1, 0, 1, 1},
                                         {0, 1, 1, 1}};
    size_t i;

    for (i = 0; i < 5; i++) {
        begin_with(1, READ, 0);
        b->flags = SSE_JOIN_PLAIN;
        ok(join(b, NULL));
        say("one");
        ok(sse_channel_drain(&ch, NULL, 0, "later", 5, times[i][0], times[i][1], 0, 0));
        assert_int_equal(sse_channel_drain(&ch, NULL, 0, NULL, 0, 0, 0, 0, 0), SSE_E_STATE);
        assert_int_equal(join(&all[2], NULL), SSE_E_STATE);
        pass(2, 1);
        assert_true(a->reason == SSE_END && b->reason == SSE_END);
        heard(a, "place=@e-0,one@e-1,farewell=later@e-1");
        heard(b, "one@e-1"); /* the end alone */
        assert_in_range(heard_retry(a), times[i][2], times[i][3]);
        assert_int_equal(heard_retry(b), 0);
    }
}

static void a_drain_ends_though_somebody_is_stalled_or_would_be_too_old(size_t way)
{
    static char text[200];
    client *const full = &all[2];

    memset(text, 'p', sizeof text - 1);
    begin_with(3, way, 30);
    limit(a, 0, 0, 50);
    limit(b, 0, 0, 50);
    a->limited = full->limited = 1;
    full->budget = 10;
    while (tell(full, text) == SSE_OK) {
    }
    say("one");
    turn();
    ok(sse_channel_drain(&ch, text, 90, text, 6, SSE_RETRY_MAX, 0, 1, 1000)); /* the longest */
    limit(full, 0, 0, 50); /* an age has no effect any more */
    pass(500, 10);
    assert_true(a->reason == SSE_OK && b->reason == SSE_END && full->reason == SSE_OK);
    full->limited = 0;
    while (full->s && take_all(full) == SSE_OK) /* it gets its farewell when it can */
        turn();
    assert_non_null(strstr(heard_text(full), "pppp=pppppp@"));
    assert_int_equal(heard_retry(full), SSE_RETRY_MAX);
    pass(490, 10);
    ok(a->reason);
    pass(20, 10);
    assert_int_equal(a->reason, SSE_E_STALLED);
    assert_int_equal(count(SUBSCRIBERS), 0);
}

static void a_drain_leaves_alone_who_is_closed_or_is_at_its_end(size_t way)
{
    begin_with(3, way, 30);
    limit(a, 0, 0, 1);
    ok(sse_channel_tick(&ch, now_ms += 5));
    ok(sse_channel_tick(&ch, now_ms += 5)); /* a is closed, and nobody knows */
    ok(sse_subscriber_close(b->s));
    ok(sse_channel_tick(&ch, now_ms += 40));
    ok(sse_channel_drain(&ch, NULL, 0, NULL, 0, 0, 0, 0, 1));
    ok(sse_channel_tick(&ch, now_ms += 5)); /* past the limit, before anybody has taken a byte */
    turn();
    assert_true(a->reason == SSE_E_OLD && b->reason == SSE_E_STALLED);
    assert_int_equal(all[2].reason, SSE_E_STALLED);
    heard(b, "place=@e-0");

    begin_with(0, way, 30);
    ok(sse_channel_drain(&ch, NULL, 0, NULL, 0, 0, 0, 9, 0)); /* nobody is there */
    begin_with(2, way, 30);
    b->limited = 1;
    say("one");
    turn();
    limit(b, 0, 0, 20); /* an age has no effect any more */
    ok(sse_subscriber_close(b->s));
    ok(sse_channel_drain(&ch, NULL, 0, NULL, 0, 0, 0, 0, 0));
    limit(b, 0, 0, 20);
    pass(60, 10);
    assert_true(a->reason == SSE_END && b->reason == SSE_OK);
    b->limited = 0;
    take_all(b);
    turn();
    assert_int_equal(b->reason, SSE_END);
    heard(a, "place=@e-0,one@e-1,farewell=@e-1");
    heard(b, "place=@e-0,one@e-1");

    begin(FLUSH + way / FACES * FACES, 8, 0);
    ok(sse_channel_init(&ch, history, 0, 1, now_ms)); /* one event a turn */
    ok(join(a, NULL));
    say("one");
    turn();
    ok(sse_channel_drain(&ch, NULL, 0, NULL, 0, 0, 0, 0, 0));
    pass(5, 1);
    heard(a, "place=@e-0,one@e-1,farewell=@e-1");
    assert_int_equal(a->reason, SSE_END);
}

int main(void)
{
    static client_test tests[] = {
        EACH_WAY(no_silence_is_longer_than_the_interval),
        ONCE(without_an_interval_nothing_is_ever_due),
        EACH_WAY(a_heartbeat_goes_between_events_and_never_inside_of_one),
        ONCE(a_heartbeat_is_what_was_set_and_has_the_place_of_a_filtered_client),
        ONCE(a_heartbeat_without_data_is_a_line_that_belongs_to_the_next_event),
        ONCE(where_ids_are_the_callers_a_heartbeat_has_none),
        ONCE(what_cannot_be_a_heartbeat_or_a_farewell_is_refused_and_changes_nothing),
        EACH_WAY(a_pace_holds_events_back_and_never_heartbeats),
        EACH_WAY(a_heartbeat_that_is_accepted_finds_room_in_a_queue_that_is_full),
        ONCE(a_heartbeat_that_was_offered_is_frozen_while_the_next_is_due_and_the_pace_holds),
        ONCE(heartbeats_of_many_are_spread_over_the_interval),
        EACH_WAY(a_pace_is_the_least_time_from_one_turn_to_the_next),
        ONCE(a_pace_counts_from_the_beginning_of_a_turn),
        ONCE(who_takes_nothing_begins_no_turn),
        ONCE(what_comes_within_a_pace_leaves_coalesced),
        EACH_WAY(stalled_is_never_early_and_at_most_a_quarter_late),
        EACH_WAY(each_byte_that_is_taken_begins_the_limit_anew),
        ONCE(too_old_is_never_early_and_at_most_a_tick_late),
        ONCE(the_timeout_counts_from_the_time_that_is_given_and_is_clamped),
        EACH_WAY(the_timeout_holds_while_others_take_bytes),
        ONCE(while_the_clock_steps_back_time_stands_still),
        EACH_WAY(a_drain_sends_everybody_away_over_its_time),
        ONCE(a_farewell_has_a_type_and_a_reconnection_time_only_if_it_is_given),
        EACH_WAY(a_drain_ends_though_somebody_is_stalled_or_would_be_too_old),
        EACH_WAY(a_drain_leaves_alone_who_is_closed_or_is_at_its_end),
    };

    return client_tests(tests, sizeof tests / sizeof *tests);
}
