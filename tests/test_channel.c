/* SPDX-License-Identifier: MIT */
/* test_channel.c - publishing, whose turn it is, what the channel refuses and counts. */
#include "client.h"

#include <sys/mman.h>
#include <unistd.h>

/* Join, and take the place. */
static void join_and_turn(client *c)
{
    ok(join(c, NULL));
    turn();
}

static void a_subscriber_takes_at_most_160_bytes(void)
{
    if (sizeof(void *) == 8)
        assert_in_range(sizeof(sse_subscriber), 1, 160);
    assert_int_equal(sse_subscriber_size(), sizeof(sse_subscriber));
    assert_int_equal(sse_channel_size(), sizeof(sse_channel));
    assert_int_equal(sse_subscriber_queue_min(), SSE_SUBSCRIBER_QUEUE_MIN);
}

static void what_is_no_channel_and_no_history_is_refused(void)
{
    static uint64_t none[SSE_HISTORY_WORDS(1, 64)];
    static sse_channel zero, other, *const no_channel[] = {NULL, &zero};
    static sse_subscriber fresh;
    static size_t memory[SSE_WRITER_WORDS(600)];
    sse_writer *const queue = sse_writer_init(memory, sizeof memory, 0);
    const sse_event ev = {.data = {"x", 1}};
    size_t i;

    begin(0, 8, 0);
    assert_int_equal(sse_channel_init(NULL, history, 0, 0, 0), SSE_E_ARG);
    assert_int_equal(sse_channel_init(&other, NULL, 0, 0, 0), SSE_E_ARG);
    assert_int_equal(sse_channel_init(&other, (sse_history *)(void *)none, 0, 0, 0), SSE_E_ARG);
    for (i = 0; i < 2; i++) {
        sse_channel *const no = no_channel[i];

        assert_int_equal(sse_channel_set_heartbeat(no, NULL, 0, NULL, 0), SSE_E_ARG);
        assert_int_equal(sse_channel_publish(no, &ev, 0, 0), SSE_E_ARG);
        assert_int_equal(sse_channel_publish_parts(no, NULL, 0, NULL, 0, "x", 1, 0, 0), SSE_E_ARG);
        assert_int_equal(sse_channel_fits(no, 1), 0);
        assert_int_equal(sse_channel_tick(no, 1), SSE_E_ARG);
        assert_null(sse_channel_next(no));
        assert_null(sse_channel_flush(no, client_sink));
        assert_int_equal(sse_channel_timeout(no, 1), -1);
        assert_int_equal(sse_channel_drain(no, NULL, 0, NULL, 0, 0, 0, 0, 0), SSE_E_ARG);
        assert_int_equal(sse_channel_count(no, SSE_COUNT_JOINED), 0);
        assert_int_equal(sse_subscriber_join(&fresh, no, queue, a, 0, NULL, 0, NULL, 0), SSE_E_ARG);
    }
}

static void next_returns_a_subscriber_once_and_again_after_it_took_every_byte(size_t way)
{
    begin(way, 8, 0);
    ok(join(a, NULL));
    assert_ptr_equal(sse_channel_next(&ch), a->s);                /* its place */
    assert_int_equal(sse_subscriber_consume(a->s, 1), SSE_E_ARG); /* which is not offered yet */
    assert_null(sse_channel_next(&ch));
    say("one");
    assert_null(sse_channel_next(&ch));
    ok(take_all(a));
    assert_null(sse_channel_next(&ch));
    say("two");
    say("three");
    assert_ptr_equal(sse_channel_next(&ch), a->s);
    assert_null(sse_channel_next(&ch));
    ok(take_all(a));
    ok(tell(a, "four"));
    assert_ptr_equal(sse_channel_next(&ch), a->s);
    ok(tell(a, "five"));
    assert_null(sse_channel_next(&ch));
    ok(take_all(a));
    heard(a, "place=@e-0,one@e-1,two@e-2,three@e-3,private=four@e-3,private=five@e-3");
}

static void who_stops_in_the_middle_keeps_its_turn_and_is_not_returned_again(size_t way)
{
    begin(way, 8, 0);
    join_and_turn(a);
    a->limited = 1;
    a->budget = 5;
    say("one");
    assert_int_equal(turn(), 1);
    a->budget = 3;
    say("two");
    assert_int_equal(turn(), 0);
    assert_int_equal(take_all(a), SSE_AGAIN);
    say("three");
    assert_int_equal(turn(), 0);
    a->limited = 0;
    ok(take_all(a));
    heard(a, "place=@e-0,one@e-1,two@e-2,three@e-3");
    say("four");
    ok(take_all(a)); /* its socket was writable */
    assert_int_equal(turn(), 0);
    say("five");
    assert_int_equal(take_some(a, 4), SSE_AGAIN);
    assert_int_equal(turn(), 0);
    ok(take_all(a));
    say("six");
    assert_int_equal(turn(), 1);
    assert_int_equal(heard_events(a), 7);
}

static void publish_visits_no_subscriber(void)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t i;

    begin(0, 8, 0);
    for (i = 0; i < 5; i++)
        join_and_turn(&all[i]);
    ok(mprotect(all[2].memory.map + page, page, PROT_NONE)); /* neither first nor last of a list */
    for (i = 0; i < 20; i++)
        say("x");
    ok(mprotect(all[2].memory.map + page, page, PROT_READ | PROT_WRITE));
}

static void a_subscriber_with_nothing_to_see_is_not_returned(size_t way)
{
    static const uint64_t tags[] = {3, 7};
    int i;

    begin(way, 8, 0);
    b->flags = SSE_JOIN_PLAIN;
    ok(join(b, NULL));
    assert_null(sse_channel_next(&ch));
    ok(join(a, NULL));
    ok(sse_subscriber_set_filter(a->s, tags, 2));
    ok(sse_subscriber_set_filter(b->s, tags, 0));
    assert_int_equal(turn(), 1);
    for (i = 0; i < 30; i++) { /* more than the history holds */
        say_to(i % 2 ? 1 : 8, 0, "hidden");
        assert_null(sse_channel_next(&ch));
    }
    say_to(7, 0, "shown");
    assert_int_equal(turn(), 1);
    heard(a, "place=@e-0,shown@e-31");
    assert_int_equal(count(GAPS) + b->len, 0);
}

static void flush_serves_all_that_next_would_return_and_returns_those_that_are_closed(void)
{
    sse_subscriber *s;
    int closed = 0, i;

    begin(FLUSH, 8, 0);
    for (i = 0; i < 3; i++)
        join_and_turn(&all[i]);
    all[2].limited = 1;
    say("one");
    ok(sse_subscriber_close(b->s));
    all[3].failure = SSE_E_IO;
    ok(join(&all[3], NULL));
    assert_null(sse_channel_flush(&ch, NULL));
    while ((s = sse_channel_flush(&ch, client_sink)) != NULL) {
        client *const c = sse_subscriber_user(s);

        assert_true(c == b || c == &all[3]);
        assert_int_equal(note(c, sse_subscriber_status(s)), c == b ? SSE_END : SSE_E_IO);
        closed++;
    }
    assert_int_equal(closed, 2);
    heard(a, "place=@e-0,one@e-1");
    heard(b, "place=@e-0,one@e-1");
    heard(&all[2], "place=@e-0");
    assert_null(sse_channel_flush(&ch, client_sink));
    assert_int_equal(a->calls + b->calls, 4);
}

static void what_cannot_be_published_or_sent_changes_nothing(void)
{
    static const char large[5000] = "x";
    static const struct {
        sse_event ev;
        int status;
    } bad[] = {
        {{.type = {NULL, 0}}, SSE_E_ARG}, /* no part at all */
        {{.data = {NULL, 1}}, SSE_E_ARG},
        {{.id = {"mine", 4}, .data = {"x", 1}}, SSE_E_ARG}, /* ids are automatic */
        {{.retry_ms = SSE_RETRY_MAX + 1, .data = {"x", 1}}, SSE_E_RANGE},
        {{.data = {large, sizeof large}}, SSE_E_TOOBIG},
        {{.type = {"a\nb", 3}, .data = {"x", 1}}, SSE_E_FIELD},
    };
    size_t i;

    begin(READ, 8, 0);
    join_and_turn(a);
    assert_int_equal(sse_channel_publish(&ch, NULL, 0, 0), SSE_E_ARG);
    assert_int_equal(sse_subscriber_send(a->s, NULL), SSE_E_ARG);
    for (i = 0; i < sizeof bad / sizeof *bad; i++) {
        const sse_event *const ev = &bad[i].ev;
        const sse_str type = ev->type, id = ev->id, data = ev->data;

        assert_int_equal(sse_channel_publish(&ch, ev, 0, 0), bad[i].status);
        assert_int_equal(sse_subscriber_send(a->s, ev), bad[i].status);
        if (i == 0 || ev->retry_ms > 0)
            continue;
        assert_int_equal(sse_channel_publish_parts(&ch, type.ptr, type.len, id.ptr, id.len,
                                                   data.ptr, data.len, 0, 0),
                         bad[i].status);
        assert_int_equal(
            sse_subscriber_send_parts(a->s, type.ptr, type.len, id.ptr, id.len, data.ptr, data.len),
            bad[i].status);
    }
    assert_null(sse_channel_next(&ch));
    assert_int_equal(count(EVENTS), 0);
}

static void an_event_is_given_as_a_struct_or_in_parts(void)
{
    const sse_event ev = {.comment = {"c", 1}, .type = {"t", 1}, .retry_ms = 5, .data = {"x", 1}};

    begin(READ, 8, 0);
    ok(join(a, NULL));
    ok(sse_channel_publish(&ch, &ev, 0, 0));
    ok(sse_channel_publish_parts(&ch, "t", 1, NULL, 0, "x", 1, 9, 0));
    ok(sse_channel_publish_parts(&ch, NULL, 0, NULL, 0, NULL, 0, 0, 0));
    ok(sse_subscriber_send(a->s, &ev));
    ok(sse_subscriber_send_parts(a->s, NULL, 0, NULL, 0, NULL, 0));
    turn();
    heard(a, "place=@e-0,t=x@e-1,t=x@e-2,@e-3,t=x@e-3,@e-3");
    assert_int_equal(heard_comments(a), 2);
    assert_int_equal(heard_retry(a), 5);

    begin_plain(8);
    ok(join(a, NULL));
    ok(sse_channel_publish_parts(&ch, NULL, 0, "mine", 4, "x", 1, 0, 0));
    ok(sse_channel_publish_parts(&ch, NULL, 0, NULL, 0, "y", 1, 0, 0));
    ok(sse_subscriber_send_parts(a->s, NULL, 0, "too", 3, "z", 1));
    turn();
    heard(a, "x@mine,y@mine,z@too");
    ok(join(b, "mine"));
    turn();
    heard(b, "y@");
}

static void what_the_history_can_hold_every_subscriber_can_take(size_t way)
{
    static char text[4000];
    sse_event ev = {.data = {text, sizeof text}};
    int tries;

    begin(way, 8, 0);
    memset(text, 'x', sizeof text);
    a->capacity = SSE_SUBSCRIBER_QUEUE_MIN;
    join_and_turn(a);
    while (sse_channel_publish(&ch, &ev, 0, 0) == SSE_E_TOOBIG)
        ev.data.len--;
    assert_in_range(ev.data.len, 3900, 3999);
    for (tries = 0; tries < 3; tries++) { /* and no reconnection is blocked by it */
        turn();
        ok(a->reason);
        assert_string_equal(heard_id(a), "e-1");
        leave(a);
        a->capacity = SSE_SUBSCRIBER_QUEUE_MIN;
        ok(join(a, "e-0"));
    }
}

static void a_turn_ends_at_so_many_bytes_and_goes_on_after_the_next_tick(size_t way)
{
    const int by_channel = way % FACES == READ; /* flush takes turns, by whatever it is called */
    const void *bytes;
    size_t event_len;
    int i, rounds;

    begin(way / FACES * FACES, 64, 0);
    for (i = 0; i < 36; i++)
        say_long(60);
    ok(sse_history_get(history, 1, &bytes, &event_len));
    ok(sse_channel_init(&ch, history, 0, (uint32_t)(4 * event_len), now_ms));
    a->most = way % FACES * 12; /* all of an offer, or a part of it */
    a->flags = SSE_JOIN_OLDEST | SSE_JOIN_PLAIN;
    ok(join(a, NULL));
    ok(sse_subscriber_set_limits(a->s, way % 2 ? 1000 : 0, 0, 0)); /* a pace splits no turn */
    ok(join(b, NULL));                                             /* is served while a waits */
    for (rounds = 0; rounds < 1000 && sse_subscriber_behind(a->s) > 0; rounds++) {
        const size_t len = a->len;

        if (by_channel)
            assert_null(sse_channel_flush(&ch, client_sink));
        else
            assert_int_equal(turn(), rounds == 0 ? 2 : 1);
        if (rounds == 0) {
            assert_int_equal(a->len, 4 * event_len);
            ok(tell(a, "waits, too"));
            assert_int_equal(sse_channel_fits(&ch, 2000), 0);
        } else {
            assert_in_range(a->len - len, 1,
                            5 * event_len); /* ends with the event that reaches it */
        }
        heard(b, "place=@e-36");
        assert_null(sse_channel_next(&ch));
        assert_int_equal(sse_subscriber_blocked_ms(a->s), 0); /* it is not in its turn */
        if (sse_subscriber_behind(a->s) > 0)
            assert_int_equal(timeout(), 0);
        ok(sse_channel_tick(&ch, now_ms));
    }
    assert_in_range(rounds, 6, 10);
    assert_int_equal(heard_events(a), 37);
    assert_string_equal(heard_id(a), "e-36");
    assert_null(sse_channel_next(&ch));
    if (way % 2 == 0)
        assert_int_equal(timeout(), -1);
    ok(sse_subscriber_set_limits(a->s, 0, 0, 0));
    say_long(400);
    ok(tell(a, "p")); /* goes with what was published before it */
    assert_int_equal(turn(), 2);
    assert_non_null(strstr(heard_text(a), "@e-37,private=p@e-37"));
}

/* Every call there is, from inside the sink of a client; b is another one. */
static void call_all(client *c)
{
    const sse_event ev = {.data = {"x", 1}};
    static sse_subscriber fresh;
    static sse_channel other;
    static block memory;
    sse_writer *const queue = block_writer(&memory, 600, chunked ? SSE_WRITER_CHUNKED : 0);

    assert_int_equal(sse_channel_set_heartbeat(&ch, "t", 1, "", 0), SSE_E_BUSY);
    assert_int_equal(sse_channel_publish(&ch, &ev, 0, 0), SSE_E_BUSY);
    assert_int_equal(sse_channel_publish_parts(&ch, NULL, 0, NULL, 0, "x", 1, 0, 0), SSE_E_BUSY);
    assert_int_equal(sse_channel_tick(&ch, now_ms + 5000), SSE_E_BUSY);
    assert_null(sse_channel_next(&ch));
    assert_null(sse_channel_flush(&ch, client_sink));
    assert_int_equal(sse_channel_drain(&ch, NULL, 0, NULL, 0, 0, 0, 0, 0), SSE_E_BUSY);
    assert_int_equal(sse_channel_fits(&ch, 1), 0);
    assert_int_equal(sse_subscriber_join(&fresh, &ch, queue, NULL, 0, NULL, 0, NULL, 0),
                     SSE_E_BUSY);
    ok(sse_channel_init(&other, history, 0, 0, 0));
    assert_int_equal(sse_subscriber_join(b->s, &other, queue, NULL, 0, NULL, 0, NULL, 0),
                     SSE_E_BUSY);
    refuses(c->s, SSE_E_BUSY);
    refuses(b->s, SSE_E_BUSY);
    block_free(&memory);
}

static void inside_a_sink_every_call_is_refused_and_changes_nothing(size_t way)
{
    begin(way / FACES * FACES, 8, 0);
    join_and_turn(a);
    join_and_turn(b);
    a->most = 7;
    a->during = call_all;
    say("one");
    tell(a, "p");
    tell(b, "q"); /* so a is first, and b could be next */
    if (way % FACES)
        assert_null(sse_channel_flush(&ch, client_sink));
    else
        turn();
    a->during = NULL;
    say("two");
    turn();
    heard(a, "place=@e-0,one@e-1,private=p@e-1,two@e-2");
    heard(b, "place=@e-0,one@e-1,private=q@e-1,two@e-2");
}

static void fits_is_1_where_nobody_loses_an_event_that_it_has_not_taken(void)
{
    int i;

    begin(READ, 8, 0);
    assert_int_equal(sse_channel_fits(&ch, 10), 1);
    assert_int_equal(sse_channel_fits(&ch, 100000), 0);
    assert_int_equal(sse_channel_fits(&ch, (size_t)-1), 0);
    say_numbers(1, 8); /* there is nobody who could lose one */
    assert_int_equal(sse_channel_fits(&ch, 10), 1);
    a->flags = b->flags = SSE_JOIN_GAPS;
    join_and_turn(a);
    join_and_turn(b);
    for (i = 0; i < 8; i++) {
        assert_int_equal(sse_channel_fits(&ch, 20), 1);
        take_all(b);
        say("x");
    }
    assert_int_equal(sse_channel_fits(&ch, 20), 0); /* a has all to take, b the last one */
    take_all(a);
    take_all(b);
    assert_int_equal(sse_channel_fits(&ch, 20), 1);
    for (i = 0; i < 9; i++) {
        say("x"); /* a loses the first, and does not count until it has caught up */
        take_all(b);
    }
    assert_int_equal(sse_channel_fits(&ch, 20), 1);
    take_some(a, 3);                                    /* of the gap event */
    assert_int_equal(sse_channel_fits(&ch, 100000), 0); /* which looks at all places anew */
    assert_int_equal(sse_channel_fits(&ch, 20), 1);
    assert_int_equal(join(&all[3], "gone-1"), SSE_GAP); /* has lost nothing since it came */
    take_some(&all[3], 3);
    assert_int_equal(sse_channel_fits(&ch, 20), 0);
    leave(&all[3]);
    say_long(3000);
    assert_int_equal(sse_channel_fits(&ch, 3000), 0);
    take_all(b);
    assert_int_equal(sse_channel_fits(&ch, 3000), 1);
    take_all(a);
    ok(join(&all[2], "e-25")); /* has the long one to take, */
    assert_int_equal(sse_channel_fits(&ch, 3000), 0);
    ok(sse_subscriber_set_limits(all[2].s, 0, 0, 1)); /* and does not count when it is closed */
    ok(sse_channel_tick(&ch, now_ms += 5));
    ok(sse_channel_tick(&ch, now_ms += 5));
    assert_int_equal(sse_channel_fits(&ch, 3000), 1);
    ok(sse_subscriber_close(a->s)); /* wants nothing that is published now, */
    say_long(3000);
    ok(sse_subscriber_close(b->s)); /* but b does */
    assert_int_equal(sse_channel_fits(&ch, 3000), 0);
    take_all(b);
    assert_int_equal(sse_channel_fits(&ch, 3000), 1);
}

static void what_fits_is_never_lost(size_t way)
{
    size_t n, waited = 0;

    for (n = 1; n < 1400; n += 97) {
        size_t i, text_len = n;

        begin(way, 8, 0);
        join_and_turn(a);
        for (i = 0; i < 40; i++) {
            text_len = (text_len * 5 + 3) % 1400;
            if (!sse_channel_fits(&ch, text_len + 8)) {
                waited++;
                take_all(a);
                assert_int_equal(sse_channel_fits(&ch, text_len + 8), 1);
            }
            say_long(text_len);
        }
        take_all(a);
        assert_int_equal(heard_events(a), 41);
    }
    assert_in_range(waited, 50, 300);
}

static void the_counters_count(void)
{
    begin(READ, 8, 0);
    ok(join(a, NULL));
    assert_int_equal(join(b, "f-1"), SSE_GAP);
    assert_true(count(SUBSCRIBERS) == 2 && count(JOINED) == 2 && count(RESUMED) == 0);
    say("one");
    turn();
    assert_true(count(EVENTS) == 1 && count(BYTES) == a->len + b->len && count(GAPS) == 1);
    leave(b);
    assert_true(count(SUBSCRIBERS) == 1 && count(CLOSED) == 0); /* it left */
    b->face = FLUSH;
    ok(join(b, "e-1"));
    assert_int_equal(count(RESUMED), 1);
    b->failure = SSE_E_IO;
    say("two");
    turn();
    assert_true(b->reason == SSE_E_IO && count(CLOSED) == 1);
    ok(sse_subscriber_close(a->s));
    assert_int_equal(count(SUBSCRIBERS), 1); /* nobody knows of its end */
    turn();
    assert_true(a->reason == SSE_END && count(SUBSCRIBERS) == 0 && count(CLOSED) == 1);
    assert_int_equal(count(JOINED), 3);
    assert_int_equal(sse_channel_count(&ch, SSE_COUNTERS) + sse_channel_count(&ch, -1), 0);
}

int main(void)
{
    static client_test tests[] = {
        ONCE(a_subscriber_takes_at_most_160_bytes),
        ONCE(what_is_no_channel_and_no_history_is_refused),
        EACH_WAY(next_returns_a_subscriber_once_and_again_after_it_took_every_byte),
        EACH_WAY(who_stops_in_the_middle_keeps_its_turn_and_is_not_returned_again),
        ONCE(publish_visits_no_subscriber),
        EACH_WAY(a_subscriber_with_nothing_to_see_is_not_returned),
        ONCE(flush_serves_all_that_next_would_return_and_returns_those_that_are_closed),
        ONCE(what_cannot_be_published_or_sent_changes_nothing),
        ONCE(an_event_is_given_as_a_struct_or_in_parts),
        EACH_WAY(what_the_history_can_hold_every_subscriber_can_take),
        EACH_WAY(a_turn_ends_at_so_many_bytes_and_goes_on_after_the_next_tick),
        EACH_WAY(inside_a_sink_every_call_is_refused_and_changes_nothing),
        ONCE(fits_is_1_where_nobody_loses_an_event_that_it_has_not_taken),
        EACH_WAY(what_fits_is_never_lost),
        ONCE(the_counters_count),
    };

    return client_tests(tests, sizeof tests / sizeof *tests);
}
