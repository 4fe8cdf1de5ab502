/* SPDX-License-Identifier: MIT */
/* test_subscriber.c - joining and resuming, places and gaps, filters, private events, the ends. */
#include "client.h"

#include <stdio.h>

#define NULLS "{\"first\":null,\"last\":null,\"count\":null}"
#define HEAD  "HTTP/1.1 200 OK\r\n\r\n"

static const uint64_t seven[] = {7};

/* Leave, and come back with the last event ID. */
static int reconnect(client *c)
{
    char id[64];

    strcpy(id, heard_id(c));
    leave(c);
    return join(c, id);
}

/* Joining. */

static void a_start_begins_with_a_place_and_goes_on_with_what_comes(size_t way)
{
    begin(way, 4, 0);
    say_numbers(1, 6);
    ok(join(a, NULL));
    ok(resume(b, "", ""));
    all[2].flags = SSE_JOIN_OLDEST;
    ok(join(&all[2], NULL));
    turn();
    say("new");
    turn();
    heard(a, "place=@e-6,new@e-7");
    heard(b, "place=@e-6,new@e-7");
    heard(&all[2], "place=@e-2,3@e-3,4@e-4,5@e-5,6@e-6,new@e-7");

    begin_plain(4); /* there are no places */
    ok(join(a, NULL));
    say("new");
    turn();
    heard(a, "new@");
}

static void the_head_goes_first_then_the_place_or_the_gap(size_t way)
{
    static const char *const ids[] = {NULL, "f-1", "e-2"};
    static const char *const want[] = {"place=@e-2,3@e-3", "gap=" NULLS "@e-0,1@e-1,2@e-2,3@e-3",
                                       "3@e-3"};
    size_t i;

    for (i = 0; i < 3; i++) {
        begin(way, 4, 0);
        say_numbers(1, 2);
        a->head = HEAD;
        assert_int_equal(join(a, ids[i]), i == 1 ? SSE_GAP : SSE_OK);
        say_numbers(3, 3);
        turn();
        assert_memory_equal(a->bytes, HEAD, strlen(HEAD));
        heard(a, want[i]);
    }
}

static void a_line_that_is_cut_anywhere_after_the_place_costs_no_event(size_t way)
{
    static const char *const want[] = {"", "1@e-1,2@e-2,3@e-3", "2@e-2,3@e-3", "3@e-3", ""};
    size_t cut, had;

    for (cut = 30; cut < 200; cut++) {
        begin(way, 4, 0);
        ok(join(a, NULL));
        take_some(a, cut); /* before there is any event, */
        say_numbers(1, 3);
        take_some(a, cut > a->len ? cut - a->len : 0); /* or in the midst of them */
        had = heard_events(a);
        if (had > 0) {
            ok(reconnect(a));
            turn();
            heard(a, want[had]);
        }
    }
}

static void what_cannot_be_joined_is_refused_and_changes_nothing(void)
{
    static size_t none[40];
    static const char large[500] = "HTTP/1.1 200 OK";
    static block memory;
    static sse_subscriber s;
    sse_writer *const queue = block_writer(&memory, SSE_SUBSCRIBER_QUEUE_MIN, 0);
    sse_writer *const zero = (sse_writer *)(void *)none;
    const void *bytes;
    size_t len;

    begin(0, 4, 0);
#define JOIN(s, ch, queue, flags) sse_subscriber_join(s, ch, queue, NULL, flags, NULL, 0, NULL, 0)
    assert_int_equal(JOIN(NULL, &ch, queue, 0), SSE_E_ARG);
    assert_int_equal(JOIN(&s, NULL, queue, 0), SSE_E_ARG);
    assert_int_equal(JOIN(&s, &ch, NULL, 0), SSE_E_ARG);
    assert_int_equal(JOIN(&s, &ch, zero, 0), SSE_E_ARG);
    assert_int_equal(JOIN(&s, &ch, queue, 0x10000), SSE_E_ARG);
    assert_int_equal(JOIN(&s, &ch, queue, SSE_JOIN_GAPS | SSE_JOIN_PLAIN), SSE_E_ARG);
    assert_int_equal(sse_subscriber_join(&s, &ch, queue, NULL, 0, NULL, 1, NULL, 0), SSE_E_ARG);
    assert_int_equal(sse_subscriber_join(&s, &ch, queue, NULL, 0, NULL, 0, NULL, 1), SSE_E_ARG);
    assert_int_equal(JOIN(&s, &ch, block_writer(&memory, SSE_SUBSCRIBER_QUEUE_MIN - 1, 0), 0),
                     SSE_E_ARG);
    block_writer(&memory, SSE_SUBSCRIBER_QUEUE_MIN, SSE_WRITER_CHUNKED);
    assert_int_equal(JOIN(&s, &ch, queue, 0), SSE_E_ARG);
    ok(sse_writer_close(block_writer(&memory, SSE_SUBSCRIBER_QUEUE_MIN, 0)));
    assert_int_equal(JOIN(&s, &ch, queue, 0), SSE_E_ARG);
    ok(sse_writer_begin(block_writer(&memory, SSE_SUBSCRIBER_QUEUE_MIN, 0), NULL));
    assert_int_equal(JOIN(&s, &ch, queue, 0), SSE_E_ARG);
    ok(sse_writer_raw(block_writer(&memory, SSE_SUBSCRIBER_QUEUE_MIN, 0), large, 9));
    ok(sse_writer_peek(queue, &bytes, &len)); /* somebody holds on to its bytes */
    assert_int_equal(JOIN(&s, &ch, queue, 0), SSE_E_ARG);
    ok(sse_writer_raw(block_writer(&memory, SSE_SUBSCRIBER_QUEUE_MIN, 0), large, 313));
    assert_int_equal(JOIN(&s, &ch, queue, 0), SSE_E_TOOBIG);
    assert_int_equal(count(JOINED), 0);
    assert_int_equal(sse_subscriber_status(&s), SSE_E_STATE);
    ok(sse_subscriber_leave(&s));
    ok(sse_writer_raw(block_writer(&memory, SSE_SUBSCRIBER_QUEUE_MIN, 0), large, 312));
    ok(JOIN(&s, &ch, queue, 0));
    ok(sse_subscriber_leave(&s));
    ok(join(a, NULL));
    block_writer(&memory, SSE_SUBSCRIBER_QUEUE_MIN, 0);
    assert_int_equal(JOIN(a->s, &ch, queue, 0), SSE_E_STATE); /* it is in a channel */
    assert_int_equal(count(SUBSCRIBERS), 1);
    block_free(&memory);
}

/* Resuming. */

static void a_known_id_is_continued(size_t way)
{
    static const struct {
        int published;
        const char *header, *query, *want;
    } cases[] = {
        {3, "e-1", NULL, "2@e-2,3@e-3"},
        {3, "e-3", NULL, ""},
        {3, "e-0", NULL, "1@e-1,2@e-2,3@e-3"},
        {6, "e-2", NULL, "3@e-3,4@e-4,5@e-5,6@e-6"}, /* dropped, but nothing is missing */
        {3, NULL, "lastEventId=e-2", "3@e-3"},
        {3, "", "lastEventId=e-2", "3@e-3"},          /* an empty field is no id */
        {3, "e-1", "lastEventId=e-2", "2@e-2,3@e-3"}, /* the field counts first */
    };
    size_t i;

    for (i = 0; i < sizeof cases / sizeof *cases; i++) {
        begin(way, 4, 0);
        say_numbers(1, cases[i].published);
        ok(resume(a, cases[i].header, cases[i].query));
        turn();
        heard(a, cases[i].want);
        assert_int_equal(count(RESUMED), 1);
    }
}

static void a_gap_event_says_which_events_are_missing_and_is_a_place(size_t way)
{
    begin(way, 4, 0);
    say_numbers(1, 8);
    assert_int_equal(join(a, "e-2"), SSE_GAP);
    while (heard_events(a) == 0)
        take_some(a, 1);
    heard(a, "gap={\"first\":\"e-3\",\"last\":\"e-4\",\"count\":2}@e-4");
    ok(reconnect(a));
    turn();
    heard(a, "5@e-5,6@e-6,7@e-7,8@e-8");
    assert_int_equal(count(GAPS), 1);
}

/* Returns an id of another history, which began at the same time. */
static const char *foreign_id(void)
{
    static uint64_t memory[SSE_HISTORY_WORDS(8, 1000)];
    static char id[SSE_HISTORY_ID_MAX + 1];
    sse_history *const other = sse_history_init(memory, sizeof memory, 8, 0, 14, "other", 5);
    size_t len;

    ok(sse_history_append_parts(other, NULL, 0, NULL, 0, "x", 1, 0, 0, 0));
    ok(sse_history_id(other, 1, id, sizeof id, &len));
    return id;
}

static void an_id_that_is_unknown_malformed_or_too_long_is_a_gap_and_never_a_start(void)
{
    static char longest[4000];
    const char *const fields[] = {"f-1",  "e-9",  "e-",    "e-01",      "e-0x1",
                                  "mine", "\x01", longest, foreign_id()};
    static const char *const queries[] = {"lastEventId=%", "lastEventId=%zz", "lastEventId=a%4",
                                          "lastEventId=%00", "lastEventId=mine"};
    const size_t field_count = sizeof fields / sizeof *fields;
    size_t i;

    memset(longest, 'x', sizeof longest - 1);
    for (i = 0; i < field_count + sizeof queries / sizeof *queries; i++) {
        begin(i % WAYS, 4, 0);
        say_numbers(1, 5);
        assert_int_equal(i < field_count ? join(a, fields[i])
                                         : resume(a, NULL, queries[i - field_count]),
                         SSE_GAP);
        turn();
        heard(a, "gap=" NULLS "@e-1,2@e-2,3@e-3,4@e-4,5@e-5");
        assert_int_equal(count(RESUMED), 0);
    }
    for (i = 0; i < 2; i++) {
        begin_plain(4);
        say("one");
        assert_int_equal(join(a, i ? longest : "gone"), SSE_GAP);
        turn();
        heard(a, "gap=" NULLS "@,one@");
    }
}

static void with_plain_there_are_no_events_but_the_callers(size_t way)
{
    begin(way, 4, 100);
    a->flags = b->flags = SSE_JOIN_PLAIN;
    say_numbers(1, 6);
    assert_int_equal(join(a, "f-1"), SSE_E_RANGE);
    assert_int_equal(sse_subscriber_status(a->s), SSE_E_STATE);
    assert_int_equal(join(a, "e-1"), SSE_E_RANGE);
    assert_int_equal(count(JOINED), 0);
    ok(join(a, "e-2"));
    ok(join(b, NULL));
    ok(sse_subscriber_set_filter(b->s, seven, 1));
    turn();
    heard(a, "3@e-3,4@e-4,5@e-5,6@e-6");
    assert_int_equal(b->len, 0);
    tick(100);
    heard(b, "");
    assert_string_equal(heard_id(b), "");
    assert_int_equal(heard_comments(b), 1); /* the heartbeat, without a place */
    say_numbers(7, 11);
    assert_int_equal(take_all(a), SSE_E_LAGGED);
}

static void events_of_an_earlier_run_are_resumed_and_have_no_name_in_a_gap(void)
{
    char id[SSE_HISTORY_ID_MAX + 1] = "", want[200];
    size_t len;

    begin(READ, 4, 0);
    say_numbers(1, 6);
    history = sse_history_open(history, sse_history_size(4, 4000), 4, 0, 15, "test", 4);
    assert_non_null(history);
    ok(sse_channel_init(&ch, history, 0, 0, now_ms));
    ok(join(b, "e-5"));
    turn();
    heard(b, "6@e-6");
    a->flags = all[2].flags = SSE_JOIN_GAPS;
    ok(join(a, "e-4"));
    ok(join(&all[2], "e-4"));
    say_numbers(7, 10);
    take_all(&all[2]); /* to whom all is missing that the earlier run had left */
    ok(sse_history_id(history, 6, id, sizeof id, &len));
    sprintf(want, "gap={\"first\":null,\"last\":null,\"count\":2}@%s,7@", id);
    assert_memory_equal(heard_text(&all[2]), want, strlen(want));
    say_numbers(11, 11);
    turn();
    ok(sse_history_id(history, 7, id, sizeof id, &len));
    sprintf(want, "gap={\"first\":null,\"last\":\"%s\",\"count\":3}@%s,8@", id, id);
    assert_memory_equal(heard_text(a), want, strlen(want));
}

/* Filters. */

static void a_filter_shows_its_tags_and_tag_0(size_t way)
{
    static const uint64_t some[] = {3, 7, 7, 9}, wrong[] = {2, 3, 2};
    guard none = guard_none(8);
    uint64_t tag;

    begin(way, 16, 0);
    ok(join(a, NULL));
    ok(join(b, NULL));
    ok(sse_subscriber_set_filter(a->s, some, 4));
    assert_int_equal(sse_subscriber_set_filter(a->s, wrong, 3), SSE_E_ARG); /* it stays */
    assert_int_equal(sse_subscriber_set_filter(a->s, NULL, 1), SSE_E_ARG);
    if (SIZE_MAX > UINT32_MAX) /* of so many none is read */
        assert_int_equal(sse_subscriber_set_filter(a->s, (uint64_t *)(void *)none.ptr, SIZE_MAX),
                         SSE_E_ARG);
    guard_free(&none);
    ok(sse_subscriber_set_filter(b->s, wrong, 0));
    for (tag = 0; tag < 11; tag++)
        say_to(tag, 0, "x");
    turn();
    heard(a, "place=@e-0,x@e-1,x@e-4,x@e-8,x@e-10");
    heard(b, "place=@e-0,x@e-1");
    ok(sse_subscriber_set_filter(a->s, NULL, 0)); /* as an empty list is in C++ */
    say_to(3, 0, "three");
    say("all");
    turn();
    heard(a, "place=@e-0,x@e-1,x@e-4,x@e-8,x@e-10,all@e-13");
    heard(b, "place=@e-0,x@e-1,all@e-13");
}

static void a_later_filter_holds_from_the_event_that_is_taken_next(size_t way)
{
    static const uint64_t first[] = {1}, second[] = {2};
    size_t cut;

    for (cut = 0; cut < 30; cut++) {
        begin(way, 8, 0);
        ok(join(a, NULL));
        ok(sse_subscriber_set_filter(a->s, first, 1));
        turn();
        if (cut > 0) { /* an event that was begun is taken whole */
            say_to(1, 0, "is begun");
            assert_int_equal(take_some(a, cut), SSE_AGAIN);
        } else {
            say_to(2, 0, "stays hidden");
        }
        say_to(1, 0, "is next");
        say_to(2, 0, "is shown");
        ok(sse_subscriber_set_filter(a->s, second, 1));
        say_to(1, 0, "is hidden");
        take_all(a);
        heard(a, cut > 0 ? "place=@e-0,is begun@e-1,is shown@e-3" : "place=@e-0,is shown@e-3");
    }
}

static void silence_is_not_taken_for_loss_by_a_filtered_client(size_t way)
{
    int round, i;

    begin(way, 4, 100);
    ok(join(a, NULL));
    for (round = 0; round < 3; round++) {
        char place[12];

        ok(sse_subscriber_set_filter(a->s, seven, 1));
        turn();
        for (i = 0; i < 9; i++) {
            say_to(8, 0, "hidden");
            assert_int_equal(turn(), 0);
        }
        tick(100); /* its place moves on with the heartbeat */
        sprintf(place, "e-%d", 10 * round + 9);
        assert_string_equal(heard_id(a), place);
        say_to(7, 0, "lost with the line");
        ok(reconnect(a));
    }
    ok(sse_subscriber_set_filter(a->s, seven, 1));
    turn();
    heard(a, "lost with the line@e-30");
}

static void a_heartbeat_moves_no_place_past_an_event_that_is_held_back(size_t way)
{
    begin(way, 4, 100);
    ok(join(a, NULL));
    ok(sse_subscriber_set_filter(a->s, seven, 1));
    ok(sse_subscriber_set_limits(a->s, 5000, 0, 0));
    say_to(7, 0, "first");
    turn();
    say_to(8, 0, "hidden");
    say_to(7, 0, "held back");
    say_to(8, 0, "hidden");
    pass(1000, 50);
    assert_in_range(heard_events(a), 11, 20);  /* places, */
    assert_in_range(heard_id(a)[2], '1', '2'); /* of which none is past the event */
    ok(reconnect(a));
    ok(sse_subscriber_set_filter(a->s, seven, 1));
    turn();
    heard(a, "held back@e-3");
}

static void coalescing_leaves_out_what_a_newer_event_of_the_tag_and_key_replaces(size_t way)
{
    begin(way, 16, 0);
    say_to(0, 1, "a1");
    say_to(0, 2, "b1");
    say_to(0, 0, "free");
    say_to(0, 0, "free");
    say_to(0, 1, "a2");
    say_to(5, 1, "other tag");
    a->flags = SSE_JOIN_COALESCE | SSE_JOIN_OLDEST;
    ok(join(a, NULL));
    b->flags = SSE_JOIN_OLDEST; /* it has a filter, and does not coalesce */
    ok(join(b, NULL));
    ok(sse_subscriber_set_filter(b->s, seven, 1));
    turn();
    heard(a, "place=@e-0,b1@e-2,free@e-3,free@e-4,a2@e-5,other tag@e-6");
    heard(b, "place=@e-0,a1@e-1,b1@e-2,free@e-3,free@e-4,a2@e-5");
    say_to(0, 1, "a3");
    say_to(0, 1, "a4");
    turn();
    assert_non_null(strstr(heard_text(a), "other tag@e-6,a4@e-8"));
    say_to(0, 1, "a5"); /* what was published after a private event does not replace what was */
    tell(a, "p");       /* before it: it comes later */
    say_to(0, 1, "a6");
    turn();
    assert_non_null(strstr(heard_text(a), "private=p@e-9,a6@e-10"));
    say_to(7, 1, "at the end"); /* nor does what comes after the end */
    ok(sse_subscriber_close(a->s));
    say_to(7, 1, "after the end");
    ok(sse_subscriber_set_filter(a->s, seven, 1));
    turn();
    assert_non_null(strstr(heard_text(a), "a6@e-10,at the end@e-11"));
}

/* Private events. */

static void a_private_event_comes_after_what_was_published_and_inside_of_nothing(size_t way)
{
    size_t cut;

    for (cut = 0; cut < 90; cut++) {
        begin(way, 4, 0);
        ok(join(a, NULL));
        turn();
        say_numbers(1, 2);
        take_some(a, cut);
        ok(tell(a, "p"));
        say_numbers(3, 3);
        ok(tell(a, "q"));
        say_numbers(4, 4);
        take_all(a);
        assert_true(strstr(heard_text(a), "2@e-2") < strstr(heard_text(a), "private=p"));
        assert_true(strstr(heard_text(a), "3@e-3") < strstr(heard_text(a), "private=q"));
        assert_true(strstr(heard_text(a), "private=p") < strstr(heard_text(a), "private=q"));
        assert_int_equal(heard_events(a), 7);
    }
}

static void two_hundred_bytes_of_the_queue_are_kept_from_private_events(void)
{
    static char text[500];
    const size_t most = CLIENT_QUEUE - SSE_SUBSCRIBER_KEPT - strlen("event: private\ndata: \n\n");

    memset(text, 'x', sizeof text - 1);
    begin(READ, 4, 0);
    ok(join(a, NULL));
    turn();
    text[most + 1] = '\0';
    assert_int_equal(tell(a, text), SSE_E_TOOBIG);
    text[most] = '\0';
    ok(tell(a, text));
    assert_int_equal(tell(a, ""), SSE_AGAIN);
    take_some(a, 1);
    assert_int_equal(tell(a, ""), SSE_AGAIN);
    take_all(a);
    ok(tell(a, text));
    take_all(a);
    assert_int_equal(heard_events(a), 3);
}

static void a_private_event_does_not_come_again_and_one_with_a_tag_does(void)
{
    begin(READ, 4, 0);
    ok(join(a, NULL));
    turn();
    tell(a, "gone");
    say_to(7, 0, "comes again");
    ok(reconnect(a));
    ok(sse_subscriber_set_filter(a->s, seven, 1));
    turn();
    heard(a, "comes again@e-1");
}

/* The ends. */

static void close_ends_the_stream_after_all_that_was_published_and_sent(size_t way)
{
    int by_next, is_idle;

    for (by_next = 0; by_next < 2; by_next++) {
        begin(way, 4, 0);
        ok(join(a, NULL));
        if (by_next)
            turn();
        say("one");
        tell(a, "p");
        ok(sse_subscriber_close(a->s));
        assert_int_equal(tell(a, "late"), SSE_E_STATE);
        say("late");
        ok(sse_subscriber_close(a->s)); /* moves no end */
        if (by_next)
            turn();
        while (a->s)
            take_all(a);
        assert_null(sse_channel_next(&ch));
        assert_int_equal(a->reason, SSE_END);
        heard(a, "place=@e-0,one@e-1,private=p@e-1");
        if (chunked)
            assert_memory_equal(a->bytes + a->len - 7, "\r\n0\r\n\r\n", 7);
    }
    for (is_idle = 0; is_idle < 2; is_idle++) {
        begin(way, 4, 0);
        a->flags = is_idle ? 0 : SSE_JOIN_PLAIN; /* with nothing to take, ever */
        ok(join(a, NULL));
        if (is_idle)
            turn();
        ok(sse_subscriber_close(a->s));
        assert_in_range(turn(), 1, 2);
        assert_int_equal(a->reason, SSE_END);
    }
}

static void calls_on_null_and_on_what_is_in_no_channel_are_refused(void)
{
    static sse_subscriber s;

    refuses(NULL, SSE_E_ARG);
    assert_null(sse_subscriber_user(NULL));
    refuses(&s, SSE_E_STATE);
    begin(READ, 4, 0);
    ok(join(a, NULL));
    ok(sse_subscriber_status(a->s));
    assert_ptr_equal(sse_subscriber_user(a->s), a);
    assert_ptr_equal(sse_channel_next(&ch), a->s);
    ok(sse_subscriber_leave(a->s)); /* in its turn */
    refuses(a->s, SSE_E_STATE);
    assert_int_equal(sse_subscriber_behind(NULL) + sse_subscriber_behind(a->s), 0);
    assert_int_equal(sse_subscriber_blocked_ms(NULL) + sse_subscriber_blocked_ms(a->s), 0);
    assert_null(sse_channel_next(&ch));
}

static void once_closed_every_call_returns_the_reason_until_it_joins_again(void)
{
    static const int reasons[] = {SSE_END, SSE_E_IO, SSE_E_LAGGED};
    size_t i;

    for (i = 0; i < 3; i++) {
        begin(FLUSH, 4, 0);
        a->keeps = 1;
        ok(join(a, NULL));
        turn();
        say_numbers(1, reasons[i] == SSE_E_LAGGED ? 5 : 1);
        a->failure = reasons[i] == SSE_E_IO ? -1 : 0;
        if (reasons[i] == SSE_END)
            ok(sse_subscriber_close(a->s));
        assert_in_range(turn(), 1, 2);
        assert_int_equal(a->reason, reasons[i]);
        assert_int_equal(count(SUBSCRIBERS), 0);
        refuses(a->s, reasons[i]);
        refuses(a->s, reasons[i]);
        assert_ptr_equal(sse_subscriber_user(a->s), a);
        assert_null(sse_channel_next(&ch));
        a->failure = 0;
        ok(join(a, NULL));
        ok(sse_subscriber_status(a->s));
        assert_int_equal(turn(), 1);
    }
}

/* Let a be closed, so that nobody knows. */
static void grow_old(void)
{
    ok(sse_subscriber_set_limits(a->s, 0, 0, 1));
    ok(sse_channel_tick(&ch, now_ms += 10));
    ok(sse_channel_tick(&ch, now_ms += 10));
    assert_int_equal(timeout(), 0);
}

static void leave_is_safe_in_any_state(void)
{
    enum { FAILED, READY, TURN, SPENT, HELD, IDLE, UNTOLD, TOLD, LEFT, STATES };
    int i;

    for (i = 0; i < STATES; i++) {
        begin(FLUSH, 4, 0);
        if (i == SPENT)
            ok(sse_channel_init(&ch, history, 0, 1, now_ms));
        a->flags = i == FAILED ? 0x10000 : 0;
        join(a, NULL);
        if (i == SPENT || i == HELD)
            say_numbers(1, 4);
        if (i == HELD)
            ok(sse_subscriber_set_limits(a->s, 1000, 0, 0));
        if (i == TURN)
            sse_channel_next(&ch);
        if (i >= SPENT)
            turn();
        if (i == HELD)
            say("held");
        if (i == UNTOLD || i == TOLD)
            grow_old();
        if (i == TOLD)
            assert_int_equal(sse_subscriber_status(a->s), SSE_E_OLD);
        if (i == LEFT)
            ok(sse_subscriber_leave(a->s));
        leave(a); /* nothing points to its memory any more */
        assert_int_equal(count(SUBSCRIBERS), 0);
        ok(join(b, NULL));
        say("one");
        ok(sse_channel_tick(&ch, now_ms += 100));
        while (turn() > 0)
            ok(sse_channel_tick(&ch, now_ms));
        assert_non_null(strstr(heard_text(b), ",one@e-"));
    }
}

static void a_close_is_told_once_by_next_or_by_a_call_or_never_if_it_joins_again(void)
{
    enum { NEXT, CALL, JOIN_AGAIN, TIMES };
    int i;

    for (i = 0; i < TIMES; i++) {
        begin(READ, 4, 0);
        ok(join(a, NULL));
        ok(sse_subscriber_set_filter(a->s, seven, 1)); /* joining anew ends filter and limits */
        turn();
        grow_old();
        assert_int_equal(count(SUBSCRIBERS), 1);
        if (i == NEXT)
            assert_int_equal(turn(), 1);
        else if (i == CALL)
            note(a, sse_subscriber_consume(a->s, 0));
        else
            ok(join(a, NULL));
        assert_int_equal(a->reason, i == JOIN_AGAIN ? SSE_OK : SSE_E_OLD);
        assert_int_equal(count(SUBSCRIBERS), i == JOIN_AGAIN);
        assert_int_equal(count(CLOSED), 1);
        say_to(3, 0, "one");
        ok(sse_channel_tick(&ch, now_ms += 1000));
        assert_int_equal(turn(), i == JOIN_AGAIN);
        heard(a, i == JOIN_AGAIN ? "place=@e-0,place=@e-0,one@e-1" : "place=@e-0");
    }
}

static void how_far_it_is_behind_and_how_long_it_is_blocked_can_be_asked(void)
{
    const void *bytes;
    size_t len;

    begin(READ, 4, 100);
    ok(join(a, NULL));
    assert_int_equal(sse_subscriber_blocked_ms(a->s), 0);
    turn();
    assert_int_equal(sse_subscriber_blocked_ms(a->s) + sse_subscriber_behind(a->s), 0);
    ok(sse_subscriber_set_filter(a->s, seven, 1));
    say_to(7, 0, "one");
    say_to(8, 0, "hidden ones count");
    say_to(7, 0, "two");
    assert_int_equal(sse_subscriber_behind(a->s), 3);
    a->limited = 1;
    turn();
    assert_int_equal(sse_subscriber_blocked_ms(a->s), 1);
    pass(80, 40);
    ok(sse_subscriber_peek(a->s, &bytes, &len)); /* these take no byte */
    ok(sse_subscriber_consume(a->s, 0));
    assert_int_equal(sse_subscriber_blocked_ms(a->s), 80);
    assert_int_equal(take_some(a, 5), SSE_AGAIN);
    tick(3);
    assert_in_range(sse_subscriber_blocked_ms(a->s), 1, 3);
    assert_in_range(sse_subscriber_behind(a->s), 2, 3); /* the first is not taken whole */
    a->limited = 0;
    ok(take_all(a));
    assert_int_equal(sse_subscriber_blocked_ms(a->s) + sse_subscriber_behind(a->s), 0);
}

int main(void)
{
    static client_test tests[] = {
        EACH_WAY(a_start_begins_with_a_place_and_goes_on_with_what_comes),
        EACH_WAY(the_head_goes_first_then_the_place_or_the_gap),
        EACH_WAY(a_line_that_is_cut_anywhere_after_the_place_costs_no_event),
        ONCE(what_cannot_be_joined_is_refused_and_changes_nothing),
        EACH_WAY(a_known_id_is_continued),
        EACH_WAY(a_gap_event_says_which_events_are_missing_and_is_a_place),
        ONCE(an_id_that_is_unknown_malformed_or_too_long_is_a_gap_and_never_a_start),
        EACH_WAY(with_plain_there_are_no_events_but_the_callers),
        ONCE(events_of_an_earlier_run_are_resumed_and_have_no_name_in_a_gap),
        EACH_WAY(a_filter_shows_its_tags_and_tag_0),
        EACH_WAY(a_later_filter_holds_from_the_event_that_is_taken_next),
        EACH_WAY(silence_is_not_taken_for_loss_by_a_filtered_client),
        EACH_WAY(a_heartbeat_moves_no_place_past_an_event_that_is_held_back),
        EACH_WAY(coalescing_leaves_out_what_a_newer_event_of_the_tag_and_key_replaces),
        EACH_WAY(a_private_event_comes_after_what_was_published_and_inside_of_nothing),
        ONCE(two_hundred_bytes_of_the_queue_are_kept_from_private_events),
        ONCE(a_private_event_does_not_come_again_and_one_with_a_tag_does),
        EACH_WAY(close_ends_the_stream_after_all_that_was_published_and_sent),
        ONCE(calls_on_null_and_on_what_is_in_no_channel_are_refused),
        ONCE(once_closed_every_call_returns_the_reason_until_it_joins_again),
        ONCE(leave_is_safe_in_any_state),
        ONCE(a_close_is_told_once_by_next_or_by_a_call_or_never_if_it_joins_again),
        ONCE(how_far_it_is_behind_and_how_long_it_is_blocked_can_be_asked),
    };

    return client_tests(tests, sizeof tests / sizeof *tests);
}
