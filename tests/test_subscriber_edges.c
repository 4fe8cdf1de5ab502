/* test_subscriber_edges.c - subscribers that others hide: who lags behind whom, whose pace is up
 * first, and what is refused without a trace. */
#include "fanout.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static hall h;
static client a, b;

/* Begin with one client of a hall whose log has so many events. */
static void begin(uint32_t events, int pushes, uint32_t flags)
{
    memset(&a, 0, sizeof a);
    memset(&b, 0, sizeof b);
    a.pushes = pushes;
    a.flags = flags;
    hall_open(&h, events, 3000, 0, 0);
    assert_int_equal(client_join(&a, &h, NULL), SSE_OK);
    if (!pushes)
        assert_int_equal(client_pull(&a), SSE_AGAIN);
}

static void end(void)
{
    if (a.s)
        client_end(&a);
    if (b.s)
        client_end(&b);
    hall_close(&h);
}

static void a_writer_that_was_closed_ends_a_subscriber_that_is_staged(void **state)
{
    (void)state;
    begin(16, 0, SSE_STAGED);
    sse_writer_close(a.w);
    say(&h, "one");
    assert_int_equal(client_read(&a, 10), SSE_E_STATE);
    assert_int_equal(a.closes, 1);
    assert_int_equal(a.reason, SSE_E_STATE);
    end();
}

static void what_a_writer_does_not_take_stays_in_the_log(void **state)
{
    (void)state;
    begin(16, 0, 0);
    sse_writer_close(a.w);
    say(&h, "one");
    client_read(&a, 10);
    say(&h, "two");
    while (client_read(&a, 7) == SSE_OK)
        ;
    heard(&a, "one@e-1,two@e-2");
    end();
}

static void who_is_woken_by_an_event_lags_when_that_is_dropped(void **state)
{
    sse_published result;

    (void)state;
    begin(1, 0, 0);
    say(&h, "one");
    assert_int_equal(client_pull(&a), SSE_AGAIN);
    result = say(&h, "two");
    assert_int_equal(result.lagged, 0);
    result = say(&h, "three");
    assert_int_equal(result.lagged, 1);
    assert_int_equal(result.closed, 1);
    assert_int_equal(a.reason, SSE_GAP);
    end();
}

static void who_is_woken_does_not_hide_who_is_behind(void **state)
{
    sse_published result;

    (void)state;
    begin(2, 0, 0);
    assert_int_equal(client_join(&b, &h, NULL), SSE_OK);
    say(&h, "one");
    assert_int_equal(client_pull(&a), SSE_AGAIN);
    say(&h, "two");
    result = say(&h, "three");
    assert_int_equal(result.lagged, 1);
    assert_int_equal(b.reason, SSE_GAP);
    end();
}

static void who_joins_does_not_hide_who_is_behind(void **state)
{
    sse_published result;

    (void)state;
    begin(2, 0, 0);
    say(&h, "one");
    assert_int_equal(client_join(&b, &h, NULL), SSE_OK);
    say(&h, "two");
    result = say(&h, "three");
    assert_int_equal(result.lagged, 1);
    assert_int_equal(a.reason, SSE_GAP);
    end();
}

static void each_time_that_one_falls_behind_counts(void **state)
{
    sse_counters counters;
    int i;

    (void)state;
    begin(1, 0, SSE_SKIP);
    for (i = 1; i <= 3; i++) {
        say(&h, "x");
        say(&h, "x");
        assert_int_equal(sse_channel_counters(&h.ch, &counters), SSE_OK);
        assert_int_equal(counters.lagged, i);
        assert_int_equal(client_pull(&a), SSE_AGAIN);
    }
    end();
}

/* What is paced is due in the order of the paces, whoever was roused last. */
static void the_shortest_pace_is_up_first(void **state)
{
    uint64_t wait_ms;
    int first;

    (void)state;
    for (first = 0; first < 2; first++) {
        client *const quick = first ? &a : &b;

        memset(&a, 0, sizeof a);
        memset(&b, 0, sizeof b);
        a.pace_ms = first ? 100 : 500;
        b.pace_ms = first ? 500 : 100;
        hall_open(&h, 16, 3000, 0, 0);
        client_join(&a, &h, NULL);
        client_join(&b, &h, NULL);
        client_pull(&a);
        client_pull(&b);
        say(&h, "one");
        client_pull(&a);
        client_pull(&b);
        sse_channel_tick(&h.ch, 1010);
        say(&h, "two");
        assert_int_equal(sse_channel_wait(&h.ch, &wait_ms), SSE_OK);
        assert_int_equal(wait_ms, 90);
        sse_channel_tick(&h.ch, 1100);
        assert_int_equal(quick->wakes, 2);
        end();
    }
}

static void the_first_wake_waits_for_no_pace(void **state)
{
    sse_channel early;
    uint64_t wait_ms;

    (void)state;
    memset(&a, 0, sizeof a);
    memset(&b, 0, sizeof b);
    hall_open(&h, 16, 3000, 0, 0);
    assert_int_equal(sse_channel_init(&h.ch, h.log, 0, NULL, 10), SSE_OK);
    a.pace_ms = 100;
    client_join(&a, &h, NULL);
    client_pull(&a);
    say(&h, "one");
    assert_int_equal(a.wakes, 1);
    b.pace_ms = 100;
    client_join(&b, &h, NULL);
    client_pull(&b);
    sse_channel_tick(&h.ch, 115);
    say(&h, "two");
    assert_int_equal(b.wakes, 1);
    assert_int_equal(sse_channel_wait(&h.ch, &wait_ms), SSE_OK);
    memset(&early, 0, sizeof early);
    assert_int_equal(sse_channel_wait(&early, &wait_ms), SSE_E_ARG);
    end();
}

static void wake_on_close_and_sink_may_be_absent(void **state)
{
    static size_t memory[SSE_WRITER_WORDS(CLIENT_QUEUE)];
    sse_subscriber s;
    sse_join how;
    char bytes[64];
    size_t len;

    (void)state;
    memset(&a, 0, sizeof a);
    memset(&b, 0, sizeof b);
    memset(&how, 0, sizeof how);
    hall_open(&h, 16, 3000, 0, 0);
    how.writer = sse_writer_init(memory, sizeof memory, 0);
    assert_int_equal(sse_channel_join(&h.ch, &s, &how, NULL, 0), SSE_OK);
    assert_int_equal(sse_subscriber_read(&s, bytes, sizeof bytes, &len), SSE_AGAIN);
    say(&h, "one");
    assert_int_equal(sse_subscriber_flush(&s), SSE_E_STATE);
    assert_int_equal(sse_subscriber_read(&s, bytes, sizeof bytes, &len), SSE_OK);
    assert_int_equal(sse_subscriber_leave(&s), SSE_OK);
    end();
}

static void a_join_that_is_refused_leaves_no_trace(void **state)
{
    static size_t memory[SSE_WRITER_WORDS(CLIENT_QUEUE)];
    sse_counters counters;
    sse_channel none;
    sse_subscriber s;
    sse_join how;

    (void)state;
    begin(16, 0, 0);
    memset(&how, 0, sizeof how);
    memset(&none, 0, sizeof none);
    how.writer = sse_writer_init(memory, sizeof memory, 0);
    assert_int_equal(sse_channel_join(&none, &s, &how, NULL, 0), SSE_E_ARG);
    assert_int_equal(sse_channel_join(&h.ch, &s, &how, NULL, 1), SSE_E_ARG);
    assert_int_equal(sse_channel_join(&h.ch, &s, &how, NULL, 7), SSE_E_ARG);
    assert_int_equal(sse_channel_counters(&h.ch, &counters), SSE_OK);
    assert_int_equal(counters.joined, 1);
    assert_int_equal(counters.subscribers, 1);
    end();
}

static void an_id_of_one_byte_is_an_id(void **state)
{
    (void)state;
    begin(16, 0, 0);
    assert_int_equal(client_join(&b, &h, "x"), SSE_GAP);
    end();
}

static void private_events_have_ids_where_ids_are_the_callers(void **state)
{
    static const sse_event ev = {{NULL, 0}, {"7", 1}, {NULL, 0}, {"x", 1}, 0};

    (void)state;
    memset(&a, 0, sizeof a);
    memset(&b, 0, sizeof b);
    hall_open(&h, 16, 3000, 0, 0);
    h.log = sse_replay_init(h.memory, h.room, 16, 0, 0);
    assert_int_equal(sse_channel_init(&h.ch, h.log, 0, NULL, 1000), SSE_OK);
    client_join(&a, &h, NULL);
    assert_int_equal(sse_subscriber_send(a.s, &ev), SSE_OK);
    client_pull(&a);
    heard(&a, "x@7");
    end();
}

static void what_the_transport_has_a_part_of_survives_the_log(void **state)
{
    (void)state;
    begin(2, 0, SSE_SKIP);
    say(&h, "one");
    assert_int_equal(client_read(&a, 5), SSE_OK);
    say(&h, "two");
    say(&h, "three");
    say(&h, "four");
    assert_int_equal(client_pull(&a), SSE_AGAIN);
    heard(&a,
          "one@e-1,gap={\"first\":\"e-2\",\"last\":\"e-2\",\"count\":1}@e-2,three@e-3,four@e-4");
    end();
}

static void consuming_what_was_not_offered_changes_nothing(void **state)
{
    sse_counters counters;

    (void)state;
    memset(&a, 0, sizeof a);
    memset(&b, 0, sizeof b);
    hall_open(&h, 16, 3000, 0, 0);
    client_join(&a, &h, NULL);
    assert_int_equal(client_pull(&a), SSE_AGAIN);
    assert_int_equal(client_tell(&a, "p"), SSE_OK);
    assert_int_equal(client_read(&a, 3), SSE_OK);
    assert_int_equal(sse_subscriber_consume(a.s, 5), SSE_E_ARG);
    say(&h, "one");
    assert_int_equal(sse_channel_counters(&h.ch, &counters), SSE_OK);
    assert_int_equal(counters.delivered, 3);
    assert_int_equal(client_pull(&a), SSE_AGAIN);
    heard(&a, "private=p@,one@e-1");
    end();
}

/* The sink takes a little, then lets the log drop the rest while it is called, and would block. */
static void drop_the_rest(client *c, enum call by)
{
    int i;

    if (by != CALL_SINK || c->sunk != 2)
        return;
    for (i = 0; i < 3; i++)
        say(&h, "later");
    c->limited = 1;
    c->budget = 0;
}

static void what_was_dropped_while_the_sink_had_a_part_tears_the_stream(void **state)
{
    (void)state;
    begin(2, 1, SSE_SKIP);
    assert_int_equal(sse_subscriber_flush(a.s), SSE_OK);
    a.most = 5;
    a.during = drop_the_rest;
    say(&h, "one");
    assert_int_equal(sse_subscriber_flush(a.s), SSE_AGAIN);
    assert_int_equal(a.closes, 0);
    assert_int_equal(sse_subscriber_flush(a.s), SSE_E_TORN);
    assert_int_equal(a.closes, 1);
    assert_int_equal(a.reason, SSE_E_TORN);
    assert_int_equal(a.len, 5);
    end();
}

static void read_from_the_sink(client *c, enum call by)
{
    char bytes[8];
    size_t len = 9;

    if (by != CALL_SINK)
        return;
    assert_int_equal(sse_subscriber_read(c->s, bytes, sizeof bytes, &len), SSE_E_STATE);
    assert_int_equal(len, 0);
    assert_int_equal(sse_subscriber_read(c->s, NULL, 0, &len), SSE_E_STATE);
}

static void the_state_goes_ahead_of_the_other_arguments(void **state)
{
    (void)state;
    begin(16, 1, 0);
    assert_int_equal(sse_subscriber_flush(a.s), SSE_OK);
    a.during = read_from_the_sink;
    say(&h, "one");
    assert_int_equal(sse_subscriber_flush(a.s), SSE_OK);
    heard(&a, "one@e-1");
    end();
}

static void what_is_no_subscriber_is_refused_everywhere(void **state)
{
    sse_subscriber none;
    sse_subscriber *const ones[2] = {NULL, &none};
    const void *bytes;
    char copy[8];
    size_t len;
    int i;

    (void)state;
    memset(&none, 0, sizeof none);
    for (i = 0; i < 2; i++) {
        sse_subscriber *const s = ones[i];

        len = 1;
        bytes = copy;
        assert_int_equal(sse_subscriber_peek(s, &bytes, &len), SSE_E_ARG);
        assert_null(bytes);
        assert_int_equal(len, 0);
        assert_int_equal(sse_subscriber_consume(s, 0), SSE_E_ARG);
        len = 1;
        assert_int_equal(sse_subscriber_read(s, copy, sizeof copy, &len), SSE_E_ARG);
        assert_int_equal(len, 0);
        assert_int_equal(sse_subscriber_flush(s), SSE_E_ARG);
        assert_int_equal(sse_subscriber_close(s), SSE_E_ARG);
        assert_int_equal(sse_subscriber_leave(s), s ? SSE_E_STATE : SSE_E_ARG);
    }
}

static void a_head_that_is_written_after_joining_goes_first(void **state)
{
    static const char head[] = "HTTP/1.1 200 OK\r\n\r\n";
    static size_t memory[SSE_WRITER_WORDS(CLIENT_QUEUE)];
    sse_subscriber s;
    sse_join how;
    char bytes[64];
    size_t len;

    (void)state;
    memset(&s, 0xA5, sizeof s);
    memset(&how, 0, sizeof how);
    hall_open(&h, 16, 3000, 0, 0);
    how.writer = sse_writer_init(memory, sizeof memory, 0);
    assert_int_equal(sse_channel_join(&h.ch, &s, &how, NULL, 0), SSE_OK);
    say(&h, "one");
    assert_int_equal(sse_writer_raw(how.writer, head, sizeof head - 1), SSE_OK);
    assert_int_equal(sse_subscriber_read(&s, bytes, sizeof bytes, &len), SSE_OK);
    assert_int_equal(len, sizeof head - 1);
    assert_memory_equal(bytes, head, len);
    hall_close(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_writer_that_was_closed_ends_a_subscriber_that_is_staged),
        cmocka_unit_test(what_a_writer_does_not_take_stays_in_the_log),
        cmocka_unit_test(who_is_woken_by_an_event_lags_when_that_is_dropped),
        cmocka_unit_test(who_is_woken_does_not_hide_who_is_behind),
        cmocka_unit_test(who_joins_does_not_hide_who_is_behind),
        cmocka_unit_test(each_time_that_one_falls_behind_counts),
        cmocka_unit_test(the_shortest_pace_is_up_first),
        cmocka_unit_test(the_first_wake_waits_for_no_pace),
        cmocka_unit_test(wake_on_close_and_sink_may_be_absent),
        cmocka_unit_test(a_join_that_is_refused_leaves_no_trace),
        cmocka_unit_test(an_id_of_one_byte_is_an_id),
        cmocka_unit_test(private_events_have_ids_where_ids_are_the_callers),
        cmocka_unit_test(what_the_transport_has_a_part_of_survives_the_log),
        cmocka_unit_test(consuming_what_was_not_offered_changes_nothing),
        cmocka_unit_test(what_was_dropped_while_the_sink_had_a_part_tears_the_stream),
        cmocka_unit_test(the_state_goes_ahead_of_the_other_arguments),
        cmocka_unit_test(what_is_no_subscriber_is_refused_everywhere),
        cmocka_unit_test(a_head_that_is_written_after_joining_goes_first),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
