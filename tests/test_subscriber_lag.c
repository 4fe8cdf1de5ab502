/* SPDX-License-Identifier: MIT */
/* test_subscriber_lag.c - the history drops what a subscriber has not taken: it is closed, or gets
 * a gap event, and what it has begun it gets whole. */
#include "client.h"

#define NULLS "{\"first\":null,\"last\":null,\"count\":null}"

/* A history of three events, and a client that has taken its place. */
static void begin_lag(size_t way, uint32_t flags)
{
    begin(way, 3, 0);
    a->flags = flags;
    ok(join(a, NULL));
    turn();
}

static void without_gaps_a_lagging_subscriber_is_closed(size_t way)
{
    int is_in_turn;

    for (is_in_turn = 0; is_in_turn < 2; is_in_turn++) {
        begin_lag(way, 0);
        a->limited = 1;
        say_numbers(1, 1);
        if (is_in_turn)
            turn();
        say_numbers(2, 3);
        ok(sse_subscriber_status(a->s));
        say_numbers(4, 5);
        a->limited = 0;
        if (is_in_turn) { /* it is not visited until its transport comes back */
            assert_int_equal(turn(), 0);
            take_all(a);
        } else {
            assert_ptr_equal(sse_channel_next(&ch), a->s); /* which is closed now */
            note(a, sse_subscriber_status(a->s));
        }
        turn();
        assert_int_equal(a->reason, SSE_E_LAGGED);
        heard(a, is_in_turn && a->face == PEEK ? "place=@e-0,1@e-1" : "place=@e-0");
        assert_int_equal(count(CLOSED), 1);
    }
}

static void with_gaps_a_gap_event_stands_where_events_are_missing(size_t way)
{
    begin_lag(way, SSE_JOIN_GAPS);
    say_numbers(1, 1);
    turn();
    say_numbers(2, 7);
    turn();
    say_numbers(8, 22);
    turn();
    heard(a, "place=@e-0,1@e-1,gap={\"first\":\"e-2\",\"last\":\"e-4\",\"count\":3}@e-4,"
             "5@e-5,6@e-6,7@e-7,gap={\"first\":\"e-8\",\"last\":\"e-19\",\"count\":12}@e-19,"
             "20@e-20,21@e-21,22@e-22");
    assert_true(count(GAPS) == 2 && count(CLOSED) == 0);
}

static void a_gap_says_what_is_known_and_the_clients_business(void)
{
    static const uint64_t tags[] = {7};

    begin_plain(3);
    a->flags = SSE_JOIN_GAPS;
    ok(join(a, NULL));
    say_numbers(1, 5);
    turn();
    heard(a, "gap={\"first\":null,\"last\":null,\"count\":2}@,3@,4@,5@");

    begin_lag(READ, SSE_JOIN_GAPS);
    ok(sse_subscriber_set_filter(a->s, tags, 1));
    say_to(7, 0, "mine");
    say_to(8, 0, "secret");
    say_to(8, 0, "secret");
    say_to(7, 0, "mine");
    say_to(8, 0, "secret");
    turn();
    heard(a, "place=@e-0,gap=" NULLS "@e-2,mine@e-4");
    leave(a);
    ok(sse_channel_init(&ch, history, 100, 0, now_ms));
    assert_int_equal(join(b, "e-1"), SSE_GAP);
    ok(sse_subscriber_set_filter(b->s, tags, 1));
    ok(sse_channel_tick(&ch, now_ms += 100)); /* a heartbeat has no place before the gap */
    turn();
    heard(b, "gap=" NULLS "@e-2,mine@e-4");
}

static void an_event_that_was_begun_is_taken_whole_though_the_history_drops_it(size_t way)
{
    size_t cut;

    for (cut = 1; cut < 30; cut++) {
        begin_lag(way, SSE_JOIN_GAPS);
        say_numbers(1, 1);
        assert_int_equal(take_some(a, cut), SSE_AGAIN);
        tell(a, "p");
        say_numbers(2, 6);
        take_all(a);
        heard(a, "place=@e-0,1@e-1,private=p@e-1,"
                 "gap={\"first\":\"e-2\",\"last\":\"e-3\",\"count\":2}@e-3,4@e-4,5@e-5,6@e-6");

        begin_lag(way, 0); /* without gaps it is closed after that */
        say_numbers(1, 1);
        take_some(a, cut);
        say_numbers(2, 6);
        take_all(a);
        turn();
        heard(a, "place=@e-0,1@e-1");
        assert_int_equal(a->reason, SSE_E_LAGGED);
        assert_int_equal(count(CLOSED), 1);
    }
}

static void a_rest_that_does_not_fit_the_queue_tears_the_stream(size_t way)
{
    size_t cut;

    for (cut = 100; cut < 2050; cut += 50) {
        begin_lag(way, cut & 4 ? SSE_JOIN_GAPS : 0);
        say_long(2000);
        assert_int_equal(take_some(a, cut), SSE_AGAIN);
        say_numbers(2, 3); /* it is there yet */
        assert_int_equal(take_some(a, 1), SSE_AGAIN);
        say_numbers(4, 9);
        take_all(a);
        if (a->reason == SSE_OK)
            turn();
        if (cut < 1000) /* a piece that was offered is in the queue, and is taken */
            assert_int_equal(a->reason, SSE_E_TORN);
        else if (cut > 1850)
            assert_int_not_equal(a->reason, SSE_E_TORN);
        assert_int_equal(heard_events(a) > 1, a->reason != SSE_E_TORN);
    }
}

/* Takes all, and would block. */
static int full_sink(void *user, const void *bytes, size_t len, size_t *taken)
{
    client_sink(user, bytes, len, taken);
    return SSE_AGAIN;
}

static void a_piece_that_was_offered_is_taken_to_its_end_and_then_the_stream_is_torn(size_t way)
{
    const void *bytes;
    size_t len;

    begin_lag(way, SSE_JOIN_GAPS);
    a->len = 0;
    say_long(2000);
    ok(sse_subscriber_peek(a->s, &bytes, &len));
    assert_int_equal(len, CLIENT_QUEUE);
    say_numbers(2, 9);
    assert_int_equal(take_some(a, 10), SSE_AGAIN);
    assert_int_equal(sse_subscriber_flush(a->s, full_sink), SSE_AGAIN);
    assert_int_equal(a->len, CLIENT_QUEUE);
    assert_int_equal(take_all(a), SSE_E_TORN);
}

static void a_gap_finds_room_in_a_queue_full_of_private_events(size_t way)
{
    static char text[130];
    size_t sent;

    memset(text, 'p', sizeof text - 1);
    begin_lag(way, SSE_JOIN_GAPS);
    say_numbers(1, 1);
    take_some(a, 3);
    say_numbers(2, 3);
    for (sent = 0; tell(a, text) == SSE_OK; sent++) {
    }
    assert_in_range(sent, 1, 3);
    say_numbers(4, 9);
    take_all(a); /* a place, 1, a gap, the private events, a gap, 7 to 9 */
    assert_int_equal(heard_events(a), 7 + sent);
    assert_non_null(strstr(heard_text(a), "1@e-1,gap={\"first\":\"e-2\",\"last\":\"e-3\""));
    assert_non_null(strstr(heard_text(a), "gap={\"first\":\"e-4\",\"last\":\"e-6\""));
    ok(tell(a, text));
}

static void a_loss_that_a_read_meets_after_bytes_is_told_later(void)
{
    int by_next;

    for (by_next = 0; by_next < 2; by_next++) {
        char bytes[200];
        size_t len;

        begin_lag(READ, 0);
        say_numbers(1, 1);
        take_some(a, 3);
        say_numbers(2, 9);
        ok(sse_subscriber_set_limits(a->s, 0, 0, 5));
        ok(sse_subscriber_read(a->s, bytes, sizeof bytes, &len));
        assert_in_range(len, 1, 40);
        ok(sse_channel_tick(&ch, now_ms += 10));
        ok(sse_channel_tick(&ch, now_ms += 10)); /* the age that comes now is no reason */
        assert_int_equal(by_next ? (int)turn() : take_all(a), by_next ? 1 : SSE_E_LAGGED);
        assert_int_equal(a->reason, SSE_E_LAGGED);
        assert_null(sse_channel_next(&ch));
    }
}

static void the_rest_of_an_event_is_kept_if_it_just_fits_the_queue(void)
{
    size_t more, len;
    const void *bytes;

    for (more = 0; more < 2; more++) {
        begin(READ, 4, 0);
        a->flags = SSE_JOIN_GAPS;
        ok(join(a, NULL));
        turn();
        say_long(1000);
        ok(sse_history_get(history, 1, &bytes, &len));
        assert_int_equal(take_some(a, len - CLIENT_QUEUE - more), SSE_AGAIN);
        say_numbers(2, 9); /* the history drops it */
        assert_int_equal(take_all(a), more == 0 ? SSE_OK : SSE_E_TORN);
    }
}

int main(void)
{
    static client_test tests[] = {
        ONCE(the_rest_of_an_event_is_kept_if_it_just_fits_the_queue),
        EACH_WAY(without_gaps_a_lagging_subscriber_is_closed),
        EACH_WAY(with_gaps_a_gap_event_stands_where_events_are_missing),
        ONCE(a_gap_says_what_is_known_and_the_clients_business),
        EACH_WAY(an_event_that_was_begun_is_taken_whole_though_the_history_drops_it),
        EACH_WAY(a_rest_that_does_not_fit_the_queue_tears_the_stream),
        EACH_WAY(a_piece_that_was_offered_is_taken_to_its_end_and_then_the_stream_is_torn),
        EACH_WAY(a_gap_finds_room_in_a_queue_full_of_private_events),
        ONCE(a_loss_that_a_read_meets_after_bytes_is_told_later),
    };

    return client_tests(tests, sizeof tests / sizeof *tests);
}
