/* test_subscriber_offer_edges.c - what a transport gets where several things are due at once, and
 * what a sink may answer. */
#include "fanout.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static const uint32_t modes[] = {0, SSE_STAGED};

static hall h;
static client a;

/* Begin with one client of a hall whose log has so many events. */
static void begin(uint32_t events, int pushes, uint32_t flags, const char *last_id)
{
    memset(&a, 0, sizeof a);
    a.pushes = pushes;
    a.flags = flags;
    a.capacity = SSE_SUBSCRIBER_QUEUE_MIN;
    hall_open(&h, events, 3000, 0, 0);
    assert_int_equal(client_join(&a, &h, last_id), last_id ? SSE_GAP : SSE_OK);
}

static void end(void)
{
    if (a.s)
        client_end(&a);
    hall_close(&h);
}

/* Publish an event of so many letters. */
static void say_long(size_t n, char letter)
{
    char text[256];

    memset(text, letter, n);
    text[n] = '\0';
    say(&h, text);
}

static void who_cannot_be_told_of_a_gap_is_closed_for_it(void **state)
{
    size_t i;

    (void)state;
    for (i = 0; i < 2; i++) {
        begin(4, 0, modes[i], NULL);
        say(&h, "one");
        assert_int_equal(sse_replay_expire(h.log, UINT64_MAX), SSE_OK);
        assert_int_equal(client_pull(&a), SSE_GAP);
        assert_int_equal(a.closes, 1);
        assert_int_equal(a.reason, SSE_GAP);
        assert_int_equal(a.len, 0);
        end();
    }
}

static void what_is_queued_goes_ahead_of_the_end(void **state)
{
    (void)state;
    begin(4, 0, SSE_STAGED, NULL);
    say_long(200, 'x');
    say_long(200, 'y');
    assert_int_equal(client_read(&a, sizeof "id: e-1\ndata: \n\n" - 1 + 199), SSE_OK);
    assert_int_equal(sse_writer_pending(a.w), 1);
    assert_int_equal(sse_replay_expire(h.log, UINT64_MAX), SSE_OK);
    assert_int_equal(client_pull(&a), SSE_GAP);
    assert_int_equal(a.len, sizeof "id: e-1\ndata: \n\n" - 1 + 200);
    end();
}

static void who_is_unknown_is_told_so_first(void **state)
{
    size_t i;

    (void)state;
    for (i = 0; i < 2; i++) {
        begin(4, 0, modes[i], "x");
        say(&h, "one");
        assert_int_equal(client_pull(&a), SSE_AGAIN);
        heard(&a, "gap={\"first\":null,\"last\":null,\"count\":null}@e-0,one@e-1");
        end();
    }
}

static void what_is_missed_later_is_known(void **state)
{
    size_t i;

    (void)state;
    for (i = 0; i < 2; i++) {
        sse_counters counters;

        begin(1, 0, SSE_SKIP | modes[i], "x");
        assert_int_equal(client_pull(&a), SSE_AGAIN);
        say(&h, "one");
        say(&h, "two");
        assert_int_equal(client_pull(&a), SSE_AGAIN);
        heard(&a, "gap={\"first\":null,\"last\":null,\"count\":null}@e-0,"
                  "gap={\"first\":\"e-1\",\"last\":\"e-1\",\"count\":1}@e-1,two@e-2");
        assert_int_equal(sse_channel_counters(&h.ch, &counters), SSE_OK);
        assert_int_equal(counters.lagged, 1);
        assert_int_equal(counters.gaps, 2);
        end();
    }
}

static void a_gap_event_goes_ahead_of_what_follows_the_gap(void **state)
{
    int i;

    (void)state;
    begin(2, 0, SSE_SKIP, NULL);
    for (i = 0; i < 5; i++)
        say(&h, "x");
    assert_int_equal(client_tell(&a, "p"), SSE_OK);
    assert_int_equal(client_pull(&a), SSE_AGAIN);
    heard(&a, "private=p@,gap={\"first\":\"e-1\",\"last\":\"e-3\",\"count\":3}@e-3,x@e-4,x@e-5");
    end();
}

static void a_gap_event_waits_until_it_fits(void **state)
{
    (void)state;
    begin(1, 0, SSE_SKIP | SSE_STAGED, NULL);
    say_long(200, 'x');
    assert_int_equal(client_read(&a, 1), SSE_OK);
    say(&h, "two");
    say(&h, "three");
    say(&h, "four");
    while (client_read(&a, 1) == SSE_OK)
        ;
    assert_non_null(strstr(heard_text(&a), "x@e-1"));
    assert_non_null(strstr(heard_text(&a), "gap={"));
    assert_non_null(strstr(heard_text(&a), "four@e-4"));
    end();
}

static void a_gap_event_stays_whole_where_the_transport_claims_too_much(void **state)
{
    sse_counters counters;
    int i;

    (void)state;
    begin(2, 0, SSE_SKIP, NULL);
    for (i = 0; i < 5; i++)
        say(&h, "x");
    assert_int_equal(client_tell(&a, "p"), SSE_OK);
    assert_int_equal(client_read(&a, sizeof "event: private\ndata: p\n\n" - 1 + 1), SSE_OK);
    assert_int_equal(sse_subscriber_consume(a.s, 5), SSE_E_ARG);
    assert_int_equal(sse_channel_counters(&h.ch, &counters), SSE_OK);
    assert_int_equal(counters.delivered, a.len);
    assert_int_equal(client_pull(&a), SSE_AGAIN);
    heard(&a, "private=p@,gap={\"first\":\"e-1\",\"last\":\"e-3\",\"count\":3}@e-3,x@e-4,x@e-5");
    end();
}

static void an_offer_that_was_dropped_cannot_be_consumed(void **state)
{
    const void *bytes;
    size_t len;

    (void)state;
    begin(4, 0, SSE_SKIP, NULL);
    say(&h, "one");
    assert_int_equal(sse_subscriber_peek(a.s, &bytes, &len), SSE_OK);
    assert_int_equal(sse_replay_expire(h.log, UINT64_MAX), SSE_OK);
    assert_int_equal(sse_subscriber_consume(a.s, len), SSE_E_TORN);
    assert_int_equal(a.reason, SSE_E_TORN);
    end();
}

static void taking_nothing_skips_nothing(void **state)
{
    (void)state;
    begin(4, 0, 0, NULL);
    say(&h, "one");
    say(&h, "two");
    assert_int_equal(client_read(&a, 5), SSE_OK);
    assert_int_equal(sse_subscriber_consume(a.s, 0), SSE_OK);
    assert_int_equal(client_pull(&a), SSE_AGAIN);
    heard(&a, "one@e-1,two@e-2");
    end();
}

static void what_is_wrong_with_an_event_goes_ahead_of_not_now(void **state)
{
    static const sse_event wrong = {{NULL, 0}, {NULL, 0}, {"a\n", 2}, {"x", 1}, 0};
    size_t i;

    (void)state;
    for (i = 0; i < 2; i++) {
        begin(4, 0, modes[i], NULL);
        assert_int_equal(sse_subscriber_send(a.s, &wrong), SSE_E_FIELD);
        say_long(200, 'x');
        say_long(200, 'y');
        assert_int_equal(sse_subscriber_send(a.s, &wrong), SSE_E_FIELD);
        assert_int_equal(client_tell(&a, "p"), modes[i] ? SSE_AGAIN : SSE_OK);
        end();
    }
}

static void a_private_event_waits_until_the_gap_is_told(void **state)
{
    (void)state;
    begin(1, 0, SSE_SKIP | SSE_STAGED, NULL);
    say(&h, "one");
    assert_int_equal(client_read(&a, 1), SSE_OK);
    say(&h, "two");
    say(&h, "three");
    assert_int_equal(client_tell(&a, "p"), SSE_AGAIN);
    assert_int_equal(client_pull(&a), SSE_AGAIN);
    assert_int_equal(client_tell(&a, "p"), SSE_OK);
    assert_int_equal(client_pull(&a), SSE_AGAIN);
    heard(&a, "one@e-1,gap={\"first\":\"e-2\",\"last\":\"e-2\",\"count\":1}@e-2,three@e-3,"
              "private=p@e-3");
    end();
}

/* A sink that answers by a script. */
typedef struct answer {
    int status;
    size_t taken;
    int silent; /* *taken stays unwritten */
} answer;

static const answer *script;
static size_t script_len, calls;

static int answer_by_script(void *user, const void *bytes, size_t len, size_t *taken)
{
    const answer *const step = &script[calls < script_len ? calls : script_len - 1];

    (void)user;
    (void)bytes;
    assert_true(len > 0);
    calls++;
    if (!step->silent)
        *taken = step->taken;
    return step->status;
}

/* Flush one event of 24 bytes to such a sink. Returns the result; the counters say the rest. */
static int flush_by(const answer *steps, size_t count, sse_counters *counters)
{
    static size_t memory[SSE_WRITER_WORDS(CLIENT_QUEUE)];
    sse_subscriber s;
    sse_join how;
    int status;

    memset(&how, 0, sizeof how);
    hall_open(&h, 4, 3000, 0, 0);
    how.writer = sse_writer_init(memory, sizeof memory, 0);
    how.sink = answer_by_script;
    assert_int_equal(sse_channel_join(&h.ch, &s, &how, NULL, 0), SSE_OK);
    say(&h, "12345678");
    script = steps;
    script_len = count;
    calls = 0;
    status = sse_subscriber_flush(&s);
    assert_int_equal(sse_channel_counters(&h.ch, counters), SSE_OK);
    hall_close(&h);
    return status;
}

static void a_sink_that_breaks_its_contract_has_failed(void **state)
{
    static const answer broken[] = {{SSE_OK, 25, 0},      {SSE_END, 5, 0},  {SSE_GAP, 0, 0},
                                    {SSE_E_ARG, 5, 0},    {SSE_E_IO, 0, 0}, {SSE_AGAIN, 25, 0},
                                    {SSE_OK, SIZE_MAX, 0}};
    sse_counters counters;
    size_t i;

    (void)state;
    for (i = 0; i < sizeof broken / sizeof broken[0]; i++) {
        assert_int_equal(flush_by(&broken[i], 1, &counters), SSE_E_IO);
        assert_int_equal(calls, 1);
        assert_int_equal(counters.closed, 1);
        assert_int_equal(counters.delivered, 0);
    }
}

static void a_sink_that_would_block_is_not_asked_again(void **state)
{
    static const answer again[] = {{SSE_AGAIN, 5, 0}};
    static const answer none[] = {{SSE_OK, 0, 0}};
    static const answer silent[] = {{SSE_OK, 5, 0}, {SSE_OK, 0, 1}};
    sse_counters counters;

    (void)state;
    assert_int_equal(flush_by(again, 1, &counters), SSE_AGAIN);
    assert_int_equal(calls, 1);
    assert_int_equal(counters.delivered, 5);
    assert_int_equal(flush_by(none, 1, &counters), SSE_AGAIN);
    assert_int_equal(calls, 1);
    assert_int_equal(counters.delivered, 0);
    assert_int_equal(flush_by(silent, 2, &counters), SSE_AGAIN);
    assert_int_equal(calls, 2);
    assert_int_equal(counters.delivered, 5);
    assert_int_equal(flush_by(&silent[1], 1, &counters), SSE_AGAIN);
    assert_int_equal(counters.delivered, 0);
}

static void leave_from_the_sink(client *c, enum call by)
{
    if (by == CALL_SINK)
        assert_int_equal(sse_subscriber_leave(c->s), SSE_OK);
}

static void who_leaves_in_its_sink_is_not_asked_again(void **state)
{
    (void)state;
    begin(4, 1, 0, NULL);
    a.most = 5;
    a.during = leave_from_the_sink;
    say(&h, "one");
    assert_int_equal(sse_subscriber_flush(a.s), SSE_END);
    assert_int_equal(a.sunk, 1);
    assert_int_equal(a.closes, 1);
    assert_int_equal(a.reason, SSE_OK);
    end();
}

static void who_is_paced_is_not_flushed(void **state)
{
    (void)state;
    memset(&a, 0, sizeof a);
    a.pushes = 1;
    a.pace_ms = 100;
    hall_open(&h, 4, 3000, 0, 0);
    client_join(&a, &h, NULL);
    say(&h, "one");
    assert_int_equal(sse_subscriber_flush(a.s), SSE_OK);
    sse_channel_tick(&h.ch, 1010);
    say(&h, "two");
    assert_int_equal(sse_subscriber_flush(a.s), SSE_OK);
    say(&h, "three");
    assert_int_equal(sse_subscriber_flush(a.s), SSE_OK);
    heard(&a, "one@e-1,two@e-2");
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_cannot_be_told_of_a_gap_is_closed_for_it),
        cmocka_unit_test(what_is_queued_goes_ahead_of_the_end),
        cmocka_unit_test(who_is_unknown_is_told_so_first),
        cmocka_unit_test(what_is_missed_later_is_known),
        cmocka_unit_test(a_gap_event_goes_ahead_of_what_follows_the_gap),
        cmocka_unit_test(a_gap_event_waits_until_it_fits),
        cmocka_unit_test(a_gap_event_stays_whole_where_the_transport_claims_too_much),
        cmocka_unit_test(an_offer_that_was_dropped_cannot_be_consumed),
        cmocka_unit_test(taking_nothing_skips_nothing),
        cmocka_unit_test(what_is_wrong_with_an_event_goes_ahead_of_not_now),
        cmocka_unit_test(a_private_event_waits_until_the_gap_is_told),
        cmocka_unit_test(a_sink_that_breaks_its_contract_has_failed),
        cmocka_unit_test(a_sink_that_would_block_is_not_asked_again),
        cmocka_unit_test(who_leaves_in_its_sink_is_not_asked_again),
        cmocka_unit_test(who_is_paced_is_not_flushed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
