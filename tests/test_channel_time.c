/* test_channel_time.c - what time brings: heartbeats, paces, limits, the farewells of a drain. */
#include "client.h"
#include "dice.h"
#include "sse/heartbeat.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum { COUNT = 10 };

static server v;
static client all[COUNT], *const a = &all[0], *const b = &all[1];

/* Begin with clients that have taken their place. */
static void begin(size_t way, int count, uint32_t heartbeat_ms)
{
    int i;

    server_open(&v, 8, 3000, way / FACES != 0, heartbeat_ms);
    for (i = 0; i < count; i++) {
        all[i].face = way % FACES;
        assert_int_equal(client_join(&all[i], &v, NULL), SSE_OK);
    }
    server_turn(&v);
}

static int end(void **state)
{
    int i;

    (void)state;
    for (i = 0; i < COUNT; i++)
        client_end(&all[i]);
    server_close(&v);
    return 0;
}

static int timeout(void)
{
    return sse_channel_timeout(&v.ch, v.now_ms);
}

/* Let time pass, step by step, with a turn after each tick. */
static void pass(uint64_t ms, uint64_t step_ms)
{
    for (; ms > 0; ms -= step_ms) {
        server_tick(&v, step_ms);
        server_turn(&v);
    }
}

/* Heartbeats. */

static void no_silence_is_longer_than_the_interval(void **state)
{
    size_t way;
    int i;

    for (way = 0; way < CLIENT_WAYS; way++) {
        uint64_t last_ms;

        begin(way, 1, 100);
        last_ms = v.now_ms;
        for (i = 0; i < 1000; i++) {
            const size_t len = a->len;

            assert_in_range(timeout(), 1, 100);
            pass(1, 1);
            assert_true(v.now_ms - last_ms <= 100);
            if (a->len > len)
                last_ms = v.now_ms;
        }
        assert_in_range(heard_comments(a), 10, 20);
        assert_int_equal(sse_channel_count(&v.ch, SSE_COUNT_HEARTBEATS), heard_comments(a));
        client_forget(a);
        for (i = 0; i < 100; i++) { /* without silence there are none */
            say(&v, "x");
            pass(10, 10);
        }
        assert_int_equal(heard_comments(a), 0);
        end(state);
    }
}

static void without_an_interval_nothing_is_ever_due(void **state)
{
    (void)state;
    begin(READ, 2, 0);
    assert_int_equal(timeout(), -1);
    server_tick(&v, UINT64_C(1) << 40);
    assert_null(sse_channel_next(&v.ch));
    all[0].limited = 1; /* and a subscriber that is blocked costs no visit */
    say(&v, "one");
    assert_int_equal(timeout(), 0);
    server_turn(&v);
    assert_int_equal(timeout(), -1);
}

static void a_heartbeat_goes_between_events_and_never_inside_of_one(void **state)
{
    size_t way, cut;

    for (way = 0; way < CLIENT_WAYS; way++) {
        for (cut = 1; cut < 60; cut++) {
            begin(way, 1, 100);
            say(&v, "one");
            say(&v, "two");
            client_take_some(a, cut);
            pass(300, 30);
            client_take(a);
            pass(100, 10);
            heard(a, "place=@e-0,one@e-1,two@e-2");
            assert_in_range(heard_comments(a), 1, 2);
            end(state);
        }
    }
}

static void
a_heartbeat_is_what_the_caller_has_set_and_has_the_place_of_a_filtered_client(void **state)
{
    static const struct {
        const char *type, *data, *want, *filtered;
        size_t comments, filtered_comments;
    } cases[] = {
        {NULL, NULL, "place=@e-0", "place=@e-0,place=@e-2", 1, 0},
        {NULL, "be", "place=@e-0", "place=@e-0,place=@e-2", 1, 0},
        {"ping", "", "place=@e-0,ping=@e-0", "place=@e-0,ping=@e-2", 0, 0},
        {"ping", "x", "place=@e-0,ping=x@e-0", "place=@e-0,ping=x@e-2", 0, 0},
    };
    static const uint64_t tags[] = {7};
    size_t i;

    for (i = 0; i < 4; i++) {
        char type[8] = "", data[8] = "";

        begin(READ, 2, 100);
        assert_int_equal(sse_subscriber_filter(a->s, tags, 1), SSE_OK);
        assert_int_equal(sse_subscriber_filter(b->s, tags, 1), SSE_OK);
        say_to(&v, 8, 0, "hidden");
        say_to(&v, 8, 0, "hidden");
        server_turn(&v);
        assert_int_equal(sse_subscriber_filter(b->s, NULL, 0), SSE_OK);
        strcpy(type, cases[i].type ? cases[i].type : "");
        strcpy(data, cases[i].data ? cases[i].data : "");
        if (i > 0)
            assert_int_equal(sse_channel_heartbeat(&v.ch, type, strlen(type), data, strlen(data)),
                             SSE_OK);
        memset(type, 'z', sizeof type); /* it was copied */
        memset(data, 'z', sizeof data);
        server_tick(&v, 100);
        server_turn(&v);
        heard(b, cases[i].want);
        heard(a, cases[i].filtered);
        assert_string_equal(heard_last_id(a), "e-2");
        assert_int_equal(heard_comments(b), cases[i].comments);
        assert_int_equal(heard_comments(a), cases[i].filtered_comments);
        end(state);
    }
}

static void what_cannot_be_a_heartbeat_or_a_farewell_is_refused_and_changes_nothing(void **state)
{
    static char text[SSE_CHANNEL_TEXT_MAX + 1], lines[SSE_CHANNEL_TEXT_MAX];
    static const struct {
        const char *type;
        size_t type_len;
        const char *data;
        size_t data_len;
        int status;
    } bad[] = {
        {NULL, 1, NULL, 0, SSE_E_ARG},
        {NULL, 0, NULL, 1, SSE_E_ARG},
        {"t", 1, text, sizeof text - 1, SSE_E_TOOBIG},
        {text, sizeof text, NULL, 0, SSE_E_TOOBIG},
        {"t", 1, lines, sizeof lines - 1, SSE_E_TOOBIG},
        {"a\nb", 3, "", 0, SSE_E_FIELD},
    };
    size_t i;

    (void)state;
    memset(text, 'x', sizeof text);
    memset(lines, '\n', sizeof lines);
    begin(READ, 1, 100);
    for (i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(sse_channel_heartbeat(&v.ch, bad[i].type, bad[i].type_len, bad[i].data,
                                               bad[i].data_len),
                         bad[i].status);
        assert_int_equal(sse_channel_drain(&v.ch, bad[i].type, bad[i].type_len, bad[i].data,
                                           bad[i].data_len, 0, 0, 0, 0),
                         bad[i].status);
    }
    assert_int_equal(sse_channel_drain(&v.ch, NULL, 0, NULL, 0, SSE_RETRY_MAX + 1u, 0, 0, 0),
                     SSE_E_RANGE);
    pass(100, 100);
    heard(a, "place=@e-0");
    assert_int_equal(heard_comments(a), 1);
    assert_int_equal(client_join(b, &v, NULL), SSE_OK); /* it does not drain */
    assert_int_equal(sse_channel_heartbeat(&v.ch, text, 90, text, 6), SSE_OK); /* the longest */
    pass(100, 100);
    assert_int_equal(heard_events(a), 2);
}

static void a_pace_holds_events_back_and_never_heartbeats(void **state)
{
    size_t way;

    for (way = 0; way < CLIENT_WAYS; way++) {
        static char text[150];
        size_t sent = 0, beats;

        begin(way, 0, 100);
        a->face = way % FACES;
        assert_int_equal(client_join(a, &v, NULL), SSE_OK);
        assert_int_equal(sse_subscriber_limits(a->s, 1000, 0, 0), SSE_OK);
        server_turn(&v);
        pass(1000, 10);
        say(&v, "one");
        server_turn(&v);
        say(&v, "two");
        memset(text, 'p', sizeof text - 1);
        while (client_send(a, text) == SSE_OK) /* nor does a queue full of private events */
            sent++;
        assert_in_range(sent, 1, 10);
        client_forget(a);
        for (beats = 0; beats < 9; beats++) {
            pass(100, 10);
            assert_in_range(heard_comments(a), beats + 1, beats + 3);
            assert_int_equal(heard_events(a), 0);
        }
        pass(110, 10);
        assert_int_equal(heard_events(a), 1 + sent);
        end(state);
    }
}

/* A heartbeat that was offered stays what it is, though the next one is due and the pace holds. */
static void a_heartbeat_that_was_offered_is_frozen(void **state)
{
    size_t cut;

    for (cut = 0; cut < 4; cut++) {
        const void *bytes, *again;
        size_t len, len_again;

        begin(PEEK, 1, 100);
        say(&v, "one");
        server_turn(&v);
        assert_int_equal(sse_subscriber_limits(a->s, 5000, 0, 0), SSE_OK);
        say(&v, "two");
        pass(10, 10);
        client_forget(a);
        a->limited = 1;
        a->budget = cut;
        pass(1000, 10);
        if (a->budget == 0) {
            assert_int_equal(sse_subscriber_peek(a->s, &bytes, &len), SSE_OK);
            pass(1000, 10);
            assert_int_equal(sse_subscriber_peek(a->s, &again, &len_again), SSE_OK);
            assert_true(again == bytes && len_again == len);
        }
        a->limited = 0;
        client_take(a);
        pass(5000, 10);
        assert_true(strstr(heard_text(a), "two@e-2") != NULL);
        assert_in_range(heard_comments(a), 20, 80);
        end(state);
    }
}

enum { SILENT = 2000 };

static void heartbeats_of_many_are_spread_over_the_interval(void **state)
{
    static sse_subscriber s[SILENT];
    static size_t memory[SILENT][SSE_WRITER_WORDS(SSE_SUBSCRIBER_QUEUE_MIN)];
    static uint64_t last_ms[SILENT];
    static size_t index[SILENT];
    sse_subscriber *next;
    uint64_t i, now_ms;

    (void)state;
    begin(READ, 0, SSE_HEARTBEAT_MS);
    memset(s, 0, sizeof s);
    for (i = 0; i < SILENT; i++) {
        sse_writer *const queue = sse_writer_init(memory[i], sizeof memory[i], 0);

        index[i] = i;
        last_ms[i] = v.now_ms;
        assert_int_equal(
            sse_subscriber_join(&s[i], &v.ch, queue, &index[i], SSE_JOIN_PLAIN, NULL, 0, NULL, 0),
            SSE_OK);
    }
    for (now_ms = 100; now_ms <= 150000; now_ms += 100) {
        const int is_event = now_ms == 40000;
        size_t served = 0, len;
        char bytes[200];

        server_tick(&v, 100);
        if (is_event)
            say(&v, "to all");
        while ((next = sse_channel_next(&v.ch)) != NULL) {
            const size_t who = *(size_t *)sse_subscriber_user(next);

            assert_int_equal(sse_subscriber_read(next, bytes, sizeof bytes, &len), SSE_OK);
            last_ms[who] = v.now_ms;
            served++;
        }
        assert_in_range(served, 0, is_event ? SILENT : 60);
        for (i = 0; i < SILENT; i++) /* the tick that is next comes in time */
            assert_true(v.now_ms + 100 - last_ms[i] < SSE_HEARTBEAT_MS + 200);
    }
    for (i = 0; i < SILENT; i++)
        assert_int_equal(sse_subscriber_leave(&s[i]), SSE_OK);
}

/* Paces. */

static void a_pace_is_the_least_time_from_one_turn_to_the_next(void **state)
{
    size_t way;

    for (way = 0; way < CLIENT_WAYS; way++) {
        begin(way, 1, 0);
        assert_int_equal(sse_subscriber_limits(a->s, 100, 0, 0), SSE_OK);
        pass(100, 10);
        say(&v, "one"); /* the first is not kept waiting */
        server_turn(&v);
        heard(a, "place=@e-0,one@e-1");
        say(&v, "two");
        client_send(a, "p");
        assert_int_equal(server_turn(&v), 0);
        assert_int_equal(client_take(a), SSE_OK); /* nothing */
        assert_in_range(timeout(), 1, 100);
        pass(90, 10);
        say(&v, "three");
        pass(9, 1);
        heard(a, "place=@e-0,one@e-1");
        assert_in_range(timeout(), 0, 1);
        pass(1, 1);
        assert_int_equal(heard_events(a), 5); /* together */
        assert_int_equal(a->turns, 3);
        pass(100, 10);
        assert_int_equal(timeout(), -1);
        end(state);
    }
}

static void what_comes_within_a_pace_leaves_coalesced(void **state)
{
    (void)state;
    begin(READ, 0, 0);
    a->flags = SSE_JOIN_COALESCE | SSE_JOIN_PLAIN;
    client_join(a, &v, NULL);
    sse_subscriber_limits(a->s, 100, 0, 0);
    say_to(&v, 0, 1, "1");
    server_turn(&v);
    say_to(&v, 0, 1, "2");
    say_to(&v, 0, 1, "3");
    pass(100, 50);
    heard(a, "1@e-1,3@e-3");
}

/* Limits. */

static void stalled_is_never_early_and_at_most_a_quarter_late(void **state)
{
    size_t way, step;

    for (way = 0; way < CLIENT_WAYS; way++) {
        for (step = 1; step < 60; step += 7) {
            uint64_t from_ms;

            begin(way, 1, way & 1 ? 30 : 0);
            assert_int_equal(sse_subscriber_limits(a->s, 0, 100, 0), SSE_OK);
            pass(step * 300, step); /* not in a turn it may be silent */
            a->limited = 1;
            a->budget = 5;
            say(&v, "one");
            say(&v, "two");
            server_turn(&v);
            v.now_ms += 1000; /* the clock of the channel is stale: the bytes may be from now */
            a->budget = 5;
            assert_int_equal(client_take(a), SSE_AGAIN);
            from_ms = v.now_ms;
            while (a->reason == SSE_OK) {
                pass(step, step);
                assert_true(v.now_ms - from_ms <= 125 + 2 * step);
            }
            assert_int_equal(a->reason, SSE_E_STALLED);
            assert_true(v.now_ms - from_ms >= 100);
            assert_int_equal(sse_channel_count(&v.ch, SSE_COUNT_CLOSED), 1);
            end(state);
        }
    }
}

static void each_byte_that_is_taken_begins_the_limit_anew(void **state)
{
    size_t way;
    int i;

    for (way = 0; way < CLIENT_WAYS; way++) {
        begin(way, 1, 0);
        assert_int_equal(sse_subscriber_limits(a->s, 0, 100, 0), SSE_OK);
        say_long(&v, 200);
        a->limited = 1;
        server_turn(&v);
        for (i = 0; i < 150; i++) {
            pass(90, 45);
            a->budget = 1;
            assert_int_equal(client_take(a), SSE_AGAIN);
        }
        assert_int_equal(sse_subscriber_limits(a->s, 0, 0, 0), SSE_OK); /* none any more */
        pass(10000, 100);
        assert_int_equal(sse_subscriber_status(a->s), SSE_OK);
        end(state);
    }
}

static void too_old_is_never_early_and_at_most_a_tick_late(void **state)
{
    size_t step;
    int is_busy;

    for (step = 1; step < 60; step += 7) {
        for (is_busy = 0; is_busy < 2; is_busy++) {
            uint64_t from_ms;

            begin(READ, 1, 0);
            a->limited = is_busy;
            say(&v, "one");
            server_turn(&v);
            v.now_ms += 1000; /* the clock of the channel is stale */
            assert_int_equal(sse_subscriber_limits(a->s, 0, 0, 500), SSE_OK);
            from_ms = v.now_ms;
            while (a->reason == SSE_OK) {
                pass(step, step);
                assert_true(v.now_ms - from_ms <= 500 + 2 * step);
            }
            assert_int_equal(a->reason, SSE_E_OLD);
            assert_true(v.now_ms - from_ms >= 500);
            end(state);
        }
    }
}

/* The timeout. */

static void the_timeout_counts_from_the_time_that_is_given_and_is_clamped(void **state)
{
    int wait_ms;

    (void)state;
    begin(READ, 1, 1000);
    wait_ms = timeout();
    assert_in_range(wait_ms, 500, 1000);
    assert_int_equal(sse_channel_timeout(&v.ch, v.now_ms + 200), wait_ms - 200);
    assert_int_equal(sse_channel_timeout(&v.ch, v.now_ms + 5000), 0);
    assert_int_equal(sse_channel_timeout(&v.ch, v.now_ms - 200), wait_ms); /* it stands still */
    end(state);
    begin(READ, 1, 0);
    assert_int_equal(sse_subscriber_limits(a->s, 0, 0, UINT32_MAX), SSE_OK);
    pass(1, 1);
    assert_int_equal(timeout(), INT32_MAX);
}

/* A thread that ticks only when the timeout says so, while others publish and take bytes: nobody is
 * silent for too long, or closed early or late. */
static void the_timeout_holds_while_others_take_bytes(void **state)
{
    enum { HEARTBEAT = 100, STALL = 80, AGE = 2500 };
    uint64_t seen_ms[COUNT], joined_ms[COUNT], due_ms;
    size_t len[COUNT], round, i, closed = 0;

    dice_seed(7);
    for (round = 0; round < 40; round++) {
        begin(round % CLIENT_WAYS, COUNT, HEARTBEAT);
        for (i = 0; i < COUNT; i++) {
            assert_int_equal(sse_subscriber_limits(all[i].s, i % 3 == 0 ? 250 : 0,
                                                   i % 2 == 0 ? STALL : 0, i == 9 ? AGE : 0),
                             SSE_OK);
            seen_ms[i] = joined_ms[i] = v.now_ms;
            len[i] = all[i].len;
        }
        due_ms = v.now_ms + (uint64_t)timeout();
        while (v.now_ms < CLIENT_START_MS + 4000) {
            client *const c = &all[below(COUNT)];

            v.now_ms += below(10);
            if (v.now_ms >= due_ms) {
                v.now_ms = due_ms;
                server_tick(&v, 0);
                server_turn(&v);
            } else if (below(8) == 0) {
                say_long(&v, below(100));
                server_turn(&v);
                due_ms = v.now_ms;
            } else if (c->s) {
                c->limited = below(3) == 0;
                c->budget = below(20);
                client_take(c);
            }
            for (i = 0; i < COUNT; i++) {
                const uint64_t silent_ms = v.now_ms - seen_ms[i];

                if (all[i].reason == SSE_E_STALLED && len[i] != (size_t)-1)
                    assert_true(silent_ms >= STALL);
                if (all[i].reason == SSE_E_OLD)
                    assert_true(v.now_ms - joined_ms[i] >= AGE);
                if (all[i].len != len[i])
                    seen_ms[i] = v.now_ms;
                len[i] = all[i].s ? all[i].len : (size_t)-1;
                if (all[i].s && sse_subscriber_blocked_ms(all[i].s) == 0)
                    assert_true(silent_ms <= HEARTBEAT || seen_ms[i] == v.now_ms);
                if (all[i].s && i % 2 == 0)
                    assert_true(silent_ms <= HEARTBEAT + STALL + STALL / 4);
            }
            if (v.now_ms >= due_ms) {
                const int wait_ms = timeout();

                assert_true(wait_ms >= 0 || all[0].s == NULL);
                due_ms = v.now_ms + (uint64_t)(wait_ms > 0 ? wait_ms : 1);
            }
        }
        for (i = 0; i < COUNT; i++)
            closed += all[i].reason == SSE_E_STALLED;
        assert_true(all[9].s == NULL);
        end(state);
    }
    assert_in_range(closed, 40, 200);
}

/* The clock. */

static void while_the_clock_steps_back_time_stands_still(void **state)
{
    static const uint64_t starts[] = {5000, UINT32_MAX - 40, UINT64_MAX - 40};
    size_t i, ms;

    for (i = 0; i < 3; i++) {
        begin(READ, 0, 100);
        v.now_ms = starts[i];
        assert_int_equal(sse_channel_init(&v.ch, v.history, 100, 0, v.now_ms), SSE_OK);
        client_join(a, &v, NULL);
        server_turn(&v);
        pass(30, 10);
        v.now_ms = 7; /* a step back, or the clock has wrapped */
        pass(1, 1);
        assert_in_range(timeout(), 1, 100);
        for (ms = 0; heard_comments(a) == 0; ms++) {
            assert_true(ms <= 100);
            pass(1, 1);
        }
        pass(1000, 10);
        assert_in_range(heard_comments(a), 10, 12); /* and it goes on */
        v.now_ms = UINT64_MAX / 4;                  /* as far forward as it likes: one is due */
        server_tick(&v, 0);
        assert_int_equal(server_turn(&v), 1);
        assert_int_equal(server_turn(&v), 0);
        pass(1000, 10);
        assert_in_range(heard_comments(a), 20, 24);
        end(state);
    }
}

/* Draining. */

static void a_drain_sends_everybody_away_over_its_time(void **state)
{
    size_t way;

    for (way = 0; way < CLIENT_WAYS; way++) {
        uint64_t retries[COUNT];
        int i, j, same = 0;

        begin(way, COUNT, 0);
        say(&v, "owed");
        client_send(a, "p");
        assert_int_equal(sse_channel_drain(&v.ch, "bye", 3, NULL, 0, 1000, 500, 1000, 0), SSE_OK);
        for (j = 0; j <= COUNT; j++) {
            const uint64_t left = sse_channel_count(&v.ch, SSE_COUNT_SUBSCRIBERS);

            assert_in_range(left, COUNT - (uint64_t)j - (j < COUNT), COUNT - (uint64_t)j + 1);
            pass(j < COUNT ? 100 : 1, j < COUNT ? 100 : 1);
        }
        assert_int_equal(sse_channel_count(&v.ch, SSE_COUNT_SUBSCRIBERS), 0);
        assert_int_equal(sse_channel_count(&v.ch, SSE_COUNT_CLOSED), 0);
        assert_int_equal(timeout(), -1);
        for (i = 0; i < COUNT; i++) {
            assert_int_equal(all[i].reason, SSE_END);
            if (i > 0)
                heard(&all[i], "place=@e-0,owed@e-1,bye=@e-1");
            else
                heard(&all[i], "place=@e-0,owed@e-1,private=p@e-1,bye=@e-1");
            retries[i] = heard_retry(&all[i]);
            assert_in_range(retries[i], 1000, 1499);
            for (j = 0; j < i; j++)
                same += retries[i] == retries[j];
            if (v.chunked)
                assert_memory_equal(all[i].bytes + all[i].len - 7, "\r\n0\r\n\r\n", 7);
        }
        assert_in_range(same, 0, 2);
        end(state);
    }
}

static void a_farewell_has_a_type_and_a_reconnection_time_only_if_it_is_given(void **state)
{
    static const uint32_t times[3][2] = {{0, 0}, {0, 500}, {3000, 0}};
    size_t i;

    for (i = 0; i < 3; i++) {
        begin(READ, 1, 0);
        b->flags = SSE_JOIN_PLAIN;
        client_join(b, &v, NULL);
        say(&v, "one");
        assert_int_equal(
            sse_channel_drain(&v.ch, NULL, 0, "later", 5, times[i][0], times[i][1], 0, 0), SSE_OK);
        assert_int_equal(sse_channel_drain(&v.ch, NULL, 0, NULL, 0, 0, 0, 0, 0), SSE_E_STATE);
        assert_int_equal(client_join(&all[2], &v, NULL), SSE_E_STATE);
        pass(2, 1);
        assert_true(a->reason == SSE_END && b->reason == SSE_END);
        heard(a, "place=@e-0,one@e-1,farewell=later@e-1");
        heard(b, "one@e-1"); /* the end alone */
        assert_in_range(heard_retry(a), i == 1 ? 1 : times[i][0], i == 1 ? 499 : times[i][0]);
        assert_int_equal(heard_retry(b), 0);
        end(state);
    }
}

static void a_drain_ends_though_somebody_is_stalled_or_would_be_too_old(void **state)
{
    size_t way;

    for (way = 0; way < CLIENT_WAYS; way++) {
        static char text[200];

        begin(way, 3, 30);
        memset(text, 'p', sizeof text - 1);
        assert_int_equal(sse_subscriber_limits(a->s, 0, 0, 50), SSE_OK);
        assert_int_equal(sse_subscriber_limits(b->s, 0, 0, 50), SSE_OK);
        a->limited = all[2].limited = 1;
        while (client_send(&all[2], text) == SSE_OK) { /* its queue is full, and it has lagged */
        }
        all[2].budget = 10;
        say(&v, "one");
        assert_int_equal(sse_channel_drain(&v.ch, NULL, 0, NULL, 0, 0, 0, 1, 1000), SSE_OK);
        pass(500, 10);
        assert_true(a->reason == SSE_OK && b->reason == SSE_END && all[2].reason == SSE_OK);
        all[2].limited = 0;
        while (all[2].s && client_take(&all[2]) == SSE_OK) /* it gets its farewell when it can */
            server_turn(&v);
        assert_non_null(strstr(heard_text(&all[2]), "farewell=@"));
        pass(480, 10);
        assert_int_equal(a->reason, SSE_OK);
        pass(30, 10);
        assert_int_equal(a->reason, SSE_E_STALLED);
        assert_int_equal(sse_channel_count(&v.ch, SSE_COUNT_SUBSCRIBERS), 0);
        end(state);
    }
}

#define TEST(name) cmocka_unit_test_teardown(name, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(no_silence_is_longer_than_the_interval),
        TEST(without_an_interval_nothing_is_ever_due),
        TEST(a_heartbeat_goes_between_events_and_never_inside_of_one),
        TEST(a_heartbeat_is_what_the_caller_has_set_and_has_the_place_of_a_filtered_client),
        TEST(what_cannot_be_a_heartbeat_or_a_farewell_is_refused_and_changes_nothing),
        TEST(a_pace_holds_events_back_and_never_heartbeats),
        TEST(a_heartbeat_that_was_offered_is_frozen),
        TEST(heartbeats_of_many_are_spread_over_the_interval),
        TEST(a_pace_is_the_least_time_from_one_turn_to_the_next),
        TEST(what_comes_within_a_pace_leaves_coalesced),
        TEST(stalled_is_never_early_and_at_most_a_quarter_late),
        TEST(each_byte_that_is_taken_begins_the_limit_anew),
        TEST(too_old_is_never_early_and_at_most_a_tick_late),
        TEST(the_timeout_counts_from_the_time_that_is_given_and_is_clamped),
        TEST(the_timeout_holds_while_others_take_bytes),
        TEST(while_the_clock_steps_back_time_stands_still),
        TEST(a_drain_sends_everybody_away_over_its_time),
        TEST(a_farewell_has_a_type_and_a_reconnection_time_only_if_it_is_given),
        TEST(a_drain_ends_though_somebody_is_stalled_or_would_be_too_old),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
