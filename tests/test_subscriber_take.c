/* SPDX-License-Identifier: MIT */
/* test_subscriber_take.c - bytes are taken: flush, read, peek and consume. */
#include "client.h"
#include "dice.h"

#define STREAM "place=@e-0,one@e-1,two@e-2,private=p@e-2,private=q@e-2"

/* A client that has a stream to take. */
static void begin_stream(size_t way)
{
    begin(way, 8, 100);
    ok(join(a, NULL));
    say("one");
    say("two");
    tell(a, "p");
    tell(a, "q");
}

/* A client that has taken its place. */
static void begin_idle(size_t way)
{
    begin(way, 8, 100);
    ok(join(a, NULL));
    turn();
}

static void any_lengths_that_are_taken_give_the_same_stream(size_t way)
{
    size_t n;

    for (n = 1; n < 120; n++) {
        begin_stream(way);
        a->most = n;
        turn();
        heard(a, STREAM);
        begin_stream(way);
        while (take_some(a, n) == SSE_AGAIN) { /* it blocks after each n bytes */
        }
        heard(a, STREAM);
    }
}

static void the_ways_of_taking_can_change_at_any_byte(size_t way)
{
    size_t round, i;

    dice_seed(way);
    for (round = 0; round < 50; round++) {
        begin_idle(way);
        for (i = 0; i < 40; i++) {
            a->face = (face)below(FACES);
            a->most = below(30);
            take_some(a, 1 + below(60));
            if (a->face != PEEK) /* nothing is offered any more */
                assert_int_equal(sse_subscriber_consume(a->s, 1), SSE_E_ARG);
            if (i % 8 == 0)
                say_long(below(80));
            if (i % 8 == 4)
                tell(a, "p");
        }
        a->most = 0;
        take_all(a);
        assert_int_equal(heard_events(a), 11);
        assert_string_equal(heard_id(a), "e-5");
    }
}

static void flush_copies_the_rest_of_an_event_in_which_the_sink_stops_and_nothing_else(size_t way)
{
    const size_t framing = way / FACES * FACES, most = way % FACES * 13;
    size_t cut;

    begin_idle(framing);
    a->copied = a->calls = 0;
    a->most = most;
    say_long(300);
    say_long(300);
    say_long(300);
    turn();
    assert_int_equal(heard_events(a), 4);
    assert_int_equal(a->copied, 0);
    if (most == 0)
        assert_int_equal(a->calls, 1); /* all events in one offer */
    for (cut = 1; cut < 1100; cut += 50) {
        begin_idle(framing);
        a->copied = 0;
        say_long(300);
        say_long(300);
        say_long(300);
        take_some(a, cut);
        take_all(a);
        assert_int_equal(heard_events(a), 4);
        assert_in_range(a->copied, 0, 350);
    }
}

static const struct answer {
    int status;
    size_t more;
} failures[] = {{SSE_END, 0}, {SSE_GAP, 0}, {SSE_E_ARG, 0}, {-500, 0}, {SSE_OK, 1}, {SSE_AGAIN, 1}};

static const struct answer *answer;

static int failing_sink(void *user, const void *bytes, size_t len, size_t *taken)
{
    (void)user;
    (void)bytes;
    *taken = len + answer->more;
    return answer->status;
}

/* Takes three bytes at the most, and would block. */
static int blocking_sink(void *user, const void *bytes, size_t len, size_t *taken)
{
    client_sink(user, bytes, len < 3 ? len : 3, taken);
    return SSE_AGAIN;
}

/* Takes nothing, and does not say so. */
static int silent_sink(void *user, const void *bytes, size_t len, size_t *taken)
{
    (void)user;
    (void)bytes;
    (void)len;
    (void)taken;
    return SSE_OK;
}

static void a_sink_that_fails_closes_and_one_that_would_block_may_have_taken_some(void)
{
    size_t i;

    for (i = 0; i < sizeof failures / sizeof *failures; i++) {
        answer = &failures[i];
        begin_stream(FLUSH);
        assert_int_equal(sse_subscriber_flush(a->s, NULL), SSE_E_ARG);
        assert_int_equal(note(a, sse_subscriber_flush(a->s, failing_sink)), SSE_E_IO);
        assert_null(sse_channel_next(&ch));
        assert_int_equal(count(CLOSED), 1);
    }
    begin_stream(FLUSH);
    assert_int_equal(sse_subscriber_flush(a->s, silent_sink), SSE_AGAIN);
    for (i = 0; i < 500 && sse_subscriber_flush(a->s, blocking_sink) == SSE_AGAIN; i++) {
    }
    assert_in_range(i, 30, 499);
    heard(a, STREAM);
}

static void what_read_peek_and_consume_are_given_is_checked_and_what_they_give_is_written(void)
{
    const void *bytes = "";
    size_t len = 9, offered = 9;
    char byte;

    begin(READ, 8, 100);
    ok(join(a, NULL));
    assert_int_equal(sse_subscriber_read(a->s, NULL, 1, &len), SSE_E_ARG);
    assert_int_equal(sse_subscriber_peek(a->s, NULL, &offered), SSE_E_ARG);
    assert_int_equal(sse_subscriber_peek(a->s, &bytes, NULL), SSE_E_ARG);
    assert_true(len == 0 && offered == 0 && bytes == NULL);
    len = 9;
    assert_int_equal(sse_subscriber_read(a->s, &byte, 0, &len), SSE_E_ARG);
    assert_int_equal(len, 0);
    assert_int_equal(sse_subscriber_read(a->s, &byte, 1, NULL), SSE_E_ARG);
    assert_int_equal(sse_subscriber_consume(a->s, 1), SSE_E_ARG); /* nothing is offered */
    ok(sse_subscriber_consume(a->s, 0));
    turn();
    heard(a, "place=@e-0");
    len = offered = 9;
    bytes = "";
    assert_int_equal(sse_subscriber_read(a->s, &byte, 1, &len), SSE_AGAIN);
    assert_int_equal(sse_subscriber_peek(a->s, &bytes, &offered), SSE_AGAIN);
    assert_true(len == 0 && offered == 0 && bytes == NULL);
    ok(sse_subscriber_consume(a->s, 0));
    say("one");
    ok(sse_subscriber_peek(a->s, &bytes, &offered));
    ok(sse_subscriber_consume(a->s, 1)); /* that ends the offer */
    assert_int_equal(sse_subscriber_consume(a->s, 1), SSE_E_ARG);
}

static void who_has_read_every_byte_is_returned_when_more_has_come(void)
{
    const void *bytes;
    char copy[200];
    size_t more, len, all_len;

    for (more = 0; more < 2; more++) { /* the memory is just filled, or is not */
        begin_idle(READ);
        say("one");
        ok(sse_history_get(history, 1, &bytes, &all_len));
        assert_non_null(sse_channel_next(&ch));
        ok(sse_subscriber_read(a->s, copy, all_len + more, &len));
        assert_true(len == all_len && memcmp(copy, bytes, len) == 0);
        assert_null(sse_channel_next(&ch));
        say("two");
        assert_ptr_equal(sse_channel_next(&ch), a->s);
    }
}

static void an_offer_is_frozen_until_it_is_consumed(size_t way)
{
    static const uint64_t tags[] = {7};
    static const size_t parts[] = {1, 20, 10000};
    const void *bytes, *again;
    char copy[CLIENT_QUEUE];
    size_t len, len_again, i;

    begin(way / FACES * FACES + PEEK, 8, 100);
    a->flags = SSE_JOIN_GAPS;
    ok(join(a, NULL));
    turn();
    say("one");
    say("two");
    ok(sse_subscriber_peek(a->s, &bytes, &len));
    memcpy(copy, bytes, len);
    for (i = 0; i < 30; i++) { /* past the end of the history, and of intervals */
        tell(a, "p");
        say("later");
        ok(sse_channel_tick(&ch, now_ms += 150));
        assert_null(sse_channel_next(&ch));
    }
    ok(sse_subscriber_set_filter(a->s, tags, 1));
    ok(sse_subscriber_set_limits(a->s, 500, 0, 0));
    assert_int_equal(sse_subscriber_consume(a->s, len + 1), SSE_E_ARG);
    ok(sse_subscriber_peek(a->s, &again, &len_again));
    assert_true(again == bytes && len_again == len && memcmp(bytes, copy, len) == 0);
    ok(sse_subscriber_consume(a->s, 0)); /* that ends it, and the next may be longer */
    ok(sse_subscriber_peek(a->s, &again, &len_again));
    assert_true(len_again >= len && memcmp(again, copy, len) == 0);
    take_some(a, parts[way % FACES]);
    take_all(a);
    assert_non_null(strstr(heard_text(a), "place=@e-0,one@e-1,two@e-2,"));
}

static void an_event_that_is_longer_than_the_queue_goes_through_it_byte_for_byte(size_t way)
{
    static const size_t lengths[] = {280, 500, 600, 1000, 3500};
    static const size_t parts[] = {0, 1, 7, 199, 400, 599};
    size_t i, k;

    for (i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        for (k = 0; k < sizeof parts / sizeof *parts; k++) {
            const void *bytes;
            size_t len;

            begin_idle(way);
            a->len = 0;
            a->most = parts[k];
            say_long(lengths[i]);
            take_some(a, lengths[i] / 2);
            while (tell(a, "p") == SSE_AGAIN) /* its queue is full of a piece */
                take_some(a, 100);
            take_all(a);
            ok(sse_history_get(history, 1, &bytes, &len));
            assert_true(a->len > len && memcmp(a->bytes, bytes, len) == 0);
            assert_non_null(strstr(heard_text(a), "@e-1,private=p@e-1"));
            say_long(300);
            tell(a, "q");
            say_long(900); /* may begin the history anew */
            take_all(a);
            assert_non_null(strstr(heard_text(a), "@e-2,private=q@e-2,"));
            assert_string_equal(heard_id(a), "e-3");
        }
    }
}

static void bytes_come_before_the_end_and_never_with_it(size_t way)
{
    size_t len = 9, taken = 0;
    char bytes[7];

    begin_stream(way);
    a->keeps = 1;
    ok(sse_subscriber_close(a->s));
    while (sse_subscriber_read(a->s, bytes, sizeof bytes, &len) == SSE_OK)
        taken += len;
    assert_int_equal(len, 0);
    assert_int_equal(sse_subscriber_status(a->s), SSE_END);
    assert_in_range(taken, 100, 400);
    assert_int_equal(count(BYTES), taken);
    assert_null(sse_channel_next(&ch));
}

int main(void)
{
    static client_test tests[] = {
        EACH_WAY(any_lengths_that_are_taken_give_the_same_stream),
        EACH_WAY(the_ways_of_taking_can_change_at_any_byte),
        EACH_WAY(flush_copies_the_rest_of_an_event_in_which_the_sink_stops_and_nothing_else),
        ONCE(a_sink_that_fails_closes_and_one_that_would_block_may_have_taken_some),
        ONCE(what_read_peek_and_consume_are_given_is_checked_and_what_they_give_is_written),
        ONCE(who_has_read_every_byte_is_returned_when_more_has_come),
        EACH_WAY(an_offer_is_frozen_until_it_is_consumed),
        EACH_WAY(an_event_that_is_longer_than_the_queue_goes_through_it_byte_for_byte),
        EACH_WAY(bytes_come_before_the_end_and_never_with_it),
    };

    return client_tests(tests, sizeof tests / sizeof *tests);
}
