/* test_channel.c - publishing, whose turn it is, what the channel refuses and counts. */
#include "client.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>

static server v;
static client a, b, more[3];

static void begin(size_t way)
{
    server_open(&v, 8, 2000, way / FACES != 0, 0);
    a.face = b.face = way % FACES;
}

static void end(void)
{
    size_t i;

    client_end(&a);
    client_end(&b);
    for (i = 0; i < 3; i++)
        client_end(&more[i]);
    server_close(&v);
}

/* Join, and take the place. */
static void join(client *c)
{
    assert_int_equal(client_join(c, &v, NULL), SSE_OK);
    server_turn(&v);
}

static uint64_t count(enum sse_channel_counter counter)
{
    return sse_channel_count(&v.ch, counter);
}

static void a_subscriber_takes_at_most_160_bytes(void **state)
{
    (void)state;
    if (sizeof(void *) == 8)
        assert_in_range(sizeof(sse_subscriber), 1, 160);
    assert_int_equal(sse_subscriber_size(), sizeof(sse_subscriber));
    assert_int_equal(sse_channel_size(), sizeof(sse_channel));
    assert_int_equal(sse_subscriber_queue_min(), SSE_SUBSCRIBER_QUEUE_MIN);
}

static void init_refuses_null_and_what_is_no_history(void **state)
{
    uint64_t none[SSE_HISTORY_WORDS(1, 64)] = {0};
    sse_channel ch;

    (void)state;
    begin(0);
    assert_int_equal(sse_channel_init(NULL, v.history, 0, 0, 0), SSE_E_ARG);
    assert_int_equal(sse_channel_init(&ch, NULL, 0, 0, 0), SSE_E_ARG);
    assert_int_equal(sse_channel_init(&ch, (sse_history *)(void *)none, 0, 0, 0), SSE_E_ARG);
    assert_int_equal(sse_channel_init(&ch, v.history, 0, 0, 0), SSE_OK);
    end();
}

static void a_channel_that_is_null_is_refused(void **state)
{
    const sse_event ev = {.data = {"x", 1}};

    (void)state;
    assert_int_equal(sse_channel_heartbeat(NULL, NULL, 0, NULL, 0), SSE_E_ARG);
    assert_int_equal(sse_channel_publish(NULL, &ev, 0, 0), SSE_E_ARG);
    assert_int_equal(sse_channel_publish_parts(NULL, NULL, 0, NULL, 0, "x", 1, 0, 0), SSE_E_ARG);
    assert_int_equal(sse_channel_fits(NULL, 1), 0);
    assert_int_equal(sse_channel_tick(NULL, 1), SSE_E_ARG);
    assert_null(sse_channel_next(NULL));
    assert_null(sse_channel_flush(NULL, client_sink));
    assert_int_equal(sse_channel_timeout(NULL, 1), -1);
    assert_int_equal(sse_channel_drain(NULL, NULL, 0, NULL, 0, 0, 0, 0, 0), SSE_E_ARG);
    assert_int_equal(sse_channel_count(NULL, SSE_COUNT_JOINED), 0);
}

static void next_returns_a_subscriber_once_and_again_after_it_took_every_byte(void **state)
{
    size_t way;

    (void)state;
    for (way = 0; way < CLIENT_WAYS; way++) {
        begin(way);
        assert_int_equal(client_join(&a, &v, NULL), SSE_OK);
        assert_ptr_equal(sse_channel_next(&v.ch), a.s); /* its place */
        assert_null(sse_channel_next(&v.ch));
        say(&v, "one");
        assert_null(sse_channel_next(&v.ch));
        assert_int_equal(client_take(&a), SSE_OK);
        assert_null(sse_channel_next(&v.ch));
        say(&v, "two");
        say(&v, "three");
        assert_ptr_equal(sse_channel_next(&v.ch), a.s);
        assert_null(sse_channel_next(&v.ch));
        assert_int_equal(client_take(&a), SSE_OK);
        assert_int_equal(client_send(&a, "four"), SSE_OK);
        assert_ptr_equal(sse_channel_next(&v.ch), a.s);
        assert_int_equal(client_send(&a, "five"), SSE_OK);
        assert_null(sse_channel_next(&v.ch));
        assert_int_equal(client_take(&a), SSE_OK);
        heard(&a, "place=@e-0,one@e-1,two@e-2,three@e-3,private=four@e-3,private=five@e-3");
        end();
    }
}

static void who_stops_in_the_middle_keeps_its_turn_and_is_not_returned_again(void **state)
{
    size_t way;

    (void)state;
    for (way = 0; way < CLIENT_WAYS; way++) {
        begin(way);
        join(&a);
        a.turns = 0;
        a.limited = 1;
        a.budget = 5;
        say(&v, "one");
        assert_int_equal(server_turn(&v), 1);
        a.budget = 3;
        say(&v, "two");
        assert_int_equal(server_turn(&v), 0);
        assert_int_equal(client_take(&a), SSE_AGAIN);
        say(&v, "three");
        assert_int_equal(server_turn(&v), 0);
        a.limited = 0;
        assert_int_equal(client_take(&a), SSE_OK);
        heard(&a, "place=@e-0,one@e-1,two@e-2,three@e-3");
        say(&v, "four");
        assert_int_equal(server_turn(&v), 1);
        assert_int_equal(a.turns, 2);
        end();
    }
}

static void who_takes_without_having_been_returned_is_not_returned_for_it_later(void **state)
{
    size_t way;

    (void)state;
    for (way = 0; way < CLIENT_WAYS; way++) {
        begin(way);
        join(&a);
        say(&v, "one");
        assert_int_equal(client_take(&a), SSE_OK); /* a writable socket, say */
        assert_null(sse_channel_next(&v.ch));
        say(&v, "two");
        assert_int_equal(client_take_some(&a, 4), SSE_AGAIN);
        assert_null(sse_channel_next(&v.ch));
        assert_int_equal(client_take(&a), SSE_OK);
        heard(&a, "place=@e-0,one@e-1,two@e-2");
        end();
    }
}

static void next_returns_each_that_has_something_and_nobody_else(void **state)
{
    sse_subscriber *first, *second;

    (void)state;
    begin(READ);
    join(&a);
    join(&b);
    more[0].flags = SSE_JOIN_PLAIN;
    assert_int_equal(client_join(&more[0], &v, NULL), SSE_OK);
    assert_null(sse_channel_next(&v.ch)); /* it has nothing to take */
    client_send(&b, "p");
    assert_ptr_equal(sse_channel_next(&v.ch), b.s);
    assert_null(sse_channel_next(&v.ch));
    say(&v, "one");
    first = sse_channel_next(&v.ch);
    second = sse_channel_next(&v.ch);
    assert_true((first == a.s && second == more[0].s) || (first == more[0].s && second == a.s));
    assert_null(sse_channel_next(&v.ch));
    end();
}

static void publish_visits_no_subscriber(void **state)
{
    client *const all[] = {&a, &b, &more[0], &more[1], &more[2]};
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t i;

    (void)state;
    begin(0);
    for (i = 0; i < 5; i++)
        join(all[i]);
    assert_int_equal(mprotect(more[0].memory.map + page, page, PROT_NONE), 0);
    for (i = 0; i < 20; i++)
        say(&v, "x");
    assert_int_equal(mprotect(more[0].memory.map + page, page, PROT_READ | PROT_WRITE), 0);
    end();
}

static void a_filtered_subscriber_with_nothing_to_see_is_not_returned(void **state)
{
    static const uint64_t tags[] = {3, 7};
    int i;

    (void)state;
    begin(READ);
    assert_int_equal(client_join(&a, &v, NULL), SSE_OK);
    assert_int_equal(sse_subscriber_filter(a.s, tags, 2), SSE_OK);
    server_turn(&v);
    for (i = 0; i < 30; i++) { /* more than the history holds */
        say_to(&v, i % 2 ? 1 : 8, 0, "hidden");
        assert_null(sse_channel_next(&v.ch));
    }
    say_to(&v, 7, 0, "shown");
    assert_ptr_equal(sse_channel_next(&v.ch), a.s);
    client_take(&a);
    heard(&a, "place=@e-0,shown@e-31");
    assert_int_equal(count(SSE_COUNT_GAPS), 0);
    end();
}

static void flush_serves_all_that_next_would_return_and_returns_those_that_are_closed(void **state)
{
    sse_subscriber *s;
    int closed = 0;

    (void)state;
    begin(FLUSH);
    join(&a);
    join(&b);
    join(&more[0]);
    more[0].limited = 1;
    say(&v, "one");
    assert_int_equal(sse_subscriber_close(b.s), SSE_OK);
    more[1].answer = SSE_E_IO;
    assert_int_equal(client_join(&more[1], &v, NULL), SSE_OK);
    while ((s = sse_channel_flush(&v.ch, client_sink)) != NULL) {
        client *const c = sse_subscriber_user(s);

        assert_true(c == &b || c == &more[1]);
        assert_int_equal(client_note(c, sse_subscriber_status(s)), c == &b ? SSE_END : SSE_E_IO);
        closed++;
    }
    assert_int_equal(closed, 2);
    heard(&a, "place=@e-0,one@e-1");
    heard(&b, "place=@e-0,one@e-1");
    heard(&more[0], "place=@e-0");
    assert_int_equal(a.calls + b.calls, 4);
    assert_null(sse_channel_flush(&v.ch, client_sink));
    assert_null(sse_channel_flush(&v.ch, NULL));
    assert_int_equal(a.calls + b.calls, 4);
    end();
}

static void what_cannot_be_published_changes_nothing(void **state)
{
    static const char large[4000] = "x";
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

    (void)state;
    begin(READ);
    join(&a);
    assert_int_equal(sse_channel_publish(&v.ch, NULL, 0, 0), SSE_E_ARG);
    for (i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(sse_channel_publish(&v.ch, &bad[i].ev, 0, 0), bad[i].status);
    assert_int_equal(sse_channel_publish_parts(&v.ch, NULL, 1, NULL, 0, "x", 1, 0, 0), SSE_E_ARG);
    assert_int_equal(sse_channel_publish_parts(&v.ch, NULL, 0, "i", 1, "x", 1, 0, 0), SSE_E_ARG);
    assert_int_equal(sse_channel_publish_parts(&v.ch, NULL, 0, NULL, 0, NULL, 1, 0, 0), SSE_E_ARG);
    assert_int_equal(sse_channel_publish_parts(&v.ch, "\n", 1, NULL, 0, "x", 1, 0, 0), SSE_E_FIELD);
    assert_null(sse_channel_next(&v.ch));
    assert_int_equal(count(SSE_COUNT_EVENTS), 0);
    assert_int_equal(sse_history_next(v.history), 1);
    end();
}

static void publish_parts_publishes_the_same_event(void **state)
{
    const sse_event ev = {.type = SSE_LIT("t"), .data = SSE_LIT("x")};

    (void)state;
    begin(READ);
    join(&a);
    assert_int_equal(sse_channel_publish(&v.ch, &ev, 0, 0), SSE_OK);
    assert_int_equal(sse_channel_publish_parts(&v.ch, "t", 1, NULL, 0, "x", 1, 0, 0), SSE_OK);
    assert_int_equal(sse_channel_publish_parts(&v.ch, NULL, 0, NULL, 0, NULL, 0, 0, 0), SSE_OK);
    assert_int_equal(sse_channel_publish_parts(&v.ch, "u", 1, NULL, 0, NULL, 0, 9, 0), SSE_OK);
    server_turn(&v);
    heard(&a, "place=@e-0,t=x@e-1,t=x@e-2,@e-3,u=@e-4");
    end();

    server_open_plain(&v, 8, 2000, 0, 0);
    join(&a);
    assert_int_equal(sse_channel_publish_parts(&v.ch, NULL, 0, "mine", 4, "x", 1, 0, 0), SSE_OK);
    assert_int_equal(sse_channel_publish_parts(&v.ch, NULL, 0, NULL, 0, "y", 1, 0, 0), SSE_OK);
    server_turn(&v);
    heard(&a, "x@mine,y@mine");
    end();
}

static void what_the_history_can_hold_every_subscriber_can_take(void **state)
{
    sse_event ev = {.data = {NULL, 0}};
    static char text[2000];
    size_t way;

    (void)state;
    memset(text, 'x', sizeof text);
    ev.data.ptr = text;
    for (way = 0; way < CLIENT_WAYS; way++) {
        int tries;

        begin(way);
        a.capacity = SSE_SUBSCRIBER_QUEUE_MIN;
        a.flags = SSE_JOIN_GAPS;
        join(&a);
        for (ev.data.len = sizeof text; sse_channel_publish(&v.ch, &ev, 0, 0) != SSE_OK;)
            ev.data.len--;
        assert_in_range(ev.data.len, 1900, 1999);
        for (tries = 0; tries < 3; tries++) { /* and no reconnection is blocked by it */
            server_turn(&v);
            assert_int_equal(a.reason, SSE_OK);
            assert_int_equal(heard_events(&a), tries == 0 ? 2 : 1);
            assert_non_null(strstr(heard_text(&a), "xxx"));
            assert_string_equal(heard_last_id(&a), "e-1");
            client_end(&a);
            a.face = way % FACES;
            a.capacity = SSE_SUBSCRIBER_QUEUE_MIN;
            assert_int_equal(client_join(&a, &v, "e-0"), SSE_OK);
        }
        end();
    }
}

/* Returns how many bytes it took to make flush return. */
static size_t flush_once(client *c)
{
    const size_t before = c->len;

    assert_int_equal(client_take(c), SSE_OK);
    return c->len - before;
}

static void a_turn_of_so_many_bytes_lets_the_others_have_theirs(void **state)
{
    size_t chunked;
    int i, rounds;

    (void)state;
    for (chunked = 0; chunked < 2; chunked++) {
        server_open(&v, 64, 8000, chunked != 0, 0);
        assert_int_equal(sse_channel_init(&v.ch, v.history, 0, 400, v.now_ms), SSE_OK);
        for (i = 0; i < 40; i++)
            say_long(&v, 60);
        a.flags = SSE_JOIN_OLDEST | SSE_JOIN_PLAIN;
        assert_int_equal(client_join(&a, &v, NULL), SSE_OK);
        for (rounds = 0; rounds < 1000 && sse_subscriber_behind(a.s) > 0; rounds++) {
            assert_ptr_equal(sse_channel_next(&v.ch), a.s);
            if (rounds == 0)
                join(&b);                            /* is served while a waits */
            assert_in_range(flush_once(&a), 1, 520); /* ends with the event that reaches 400 */
            assert_null(sse_channel_next(&v.ch));
            assert_null(sse_channel_next(&v.ch));
            if (sse_subscriber_behind(a.s) > 0)
                assert_int_equal(sse_channel_timeout(&v.ch, v.now_ms), 0);
            assert_int_equal(heard_events(&b), 1);
            server_tick(&v, 0);
        }
        assert_in_range(rounds, 6, 10);
        assert_int_equal(heard_events(&a), 40);
        assert_null(sse_channel_next(&v.ch));
        assert_int_equal(sse_channel_timeout(&v.ch, v.now_ms), -1);
        end();
    }
}

static void flush_of_the_channel_is_fair_too(void **state)
{
    int i, turns;

    (void)state;
    server_open(&v, 64, 8000, 0, 0);
    assert_int_equal(sse_channel_init(&v.ch, v.history, 0, 400, v.now_ms), SSE_OK);
    for (i = 0; i < 40; i++)
        say_long(&v, 60);
    a.flags = b.flags = SSE_JOIN_OLDEST;
    assert_int_equal(client_join(&a, &v, NULL), SSE_OK);
    assert_int_equal(client_join(&b, &v, NULL), SSE_OK);
    for (turns = 0; turns < 1000; turns++) {
        if (sse_subscriber_behind(a.s) + sse_subscriber_behind(b.s) == 0)
            break;
        assert_null(sse_channel_flush(&v.ch, client_sink));
        assert_true(a.len < b.len + 700 && b.len < a.len + 700);
        server_tick(&v, 0);
    }
    assert_true(turns < 1000);
    assert_int_equal(heard_events(&a), 41);
    assert_int_equal(heard_events(&b), 41);
    end();
}

/* Every call there is, from inside the sink of a; b is another subscriber. */
static void call_all(client *c)
{
    static const uint64_t tags[] = {1};
    const sse_event ev = {.data = SSE_LIT("x")};
    sse_subscriber *const both[] = {c->s, b.s};
    static sse_subscriber fresh;
    static block memory;
    size_t i;

    assert_int_equal(sse_channel_heartbeat(&v.ch, "t", 1, "", 0), SSE_E_BUSY);
    assert_int_equal(sse_channel_publish(&v.ch, &ev, 0, 0), SSE_E_BUSY);
    assert_int_equal(sse_channel_publish_parts(&v.ch, NULL, 0, NULL, 0, "x", 1, 0, 0), SSE_E_BUSY);
    assert_int_equal(sse_channel_tick(&v.ch, v.now_ms + 5000), SSE_E_BUSY);
    assert_null(sse_channel_next(&v.ch));
    assert_null(sse_channel_flush(&v.ch, client_sink));
    assert_int_equal(sse_channel_drain(&v.ch, NULL, 0, NULL, 0, 0, 0, 0, 0), SSE_E_BUSY);
    assert_int_equal(
        sse_subscriber_join(&fresh, &v.ch,
                            block_writer(&memory, CLIENT_QUEUE, v.chunked ? SSE_WRITER_CHUNKED : 0),
                            NULL, 0, NULL, 0, NULL, 0),
        SSE_E_BUSY);
    for (i = 0; i < 2; i++) {
        sse_subscriber *const s = both[i];
        const void *bytes = &ev;
        size_t len = 9;
        char byte;

        assert_int_equal(sse_subscriber_filter(s, tags, 1), SSE_E_BUSY);
        assert_int_equal(sse_subscriber_limits(s, 1, 1, 1), SSE_E_BUSY);
        assert_int_equal(sse_subscriber_send(s, &ev), SSE_E_BUSY);
        assert_int_equal(sse_subscriber_send_parts(s, NULL, 0, NULL, 0, "x", 1), SSE_E_BUSY);
        assert_int_equal(sse_subscriber_flush(s, client_sink), SSE_E_BUSY);
        assert_int_equal(sse_subscriber_read(s, &byte, 1, &len), SSE_E_BUSY);
        assert_int_equal(len, 0);
        len = 9;
        assert_int_equal(sse_subscriber_peek(s, &bytes, &len), SSE_E_BUSY);
        assert_null(bytes);
        assert_int_equal(len, 0);
        assert_int_equal(sse_subscriber_consume(s, 0), SSE_E_BUSY);
        assert_int_equal(sse_subscriber_close(s), SSE_E_BUSY);
        assert_int_equal(sse_subscriber_leave(s), SSE_E_BUSY);
        assert_int_equal(sse_subscriber_status(s), SSE_E_BUSY);
    }
    block_free(&memory);
}

static void inside_a_sink_every_call_is_refused_and_changes_nothing(void **state)
{
    size_t chunked, by_channel;

    (void)state;
    for (chunked = 0; chunked < 2; chunked++) {
        for (by_channel = 0; by_channel < 2; by_channel++) {
            begin(FLUSH + FACES * chunked);
            join(&a);
            join(&b);
            a.most = 7;
            a.during = call_all;
            say(&v, "one");
            client_send(&a, "p");
            if (by_channel)
                assert_null(sse_channel_flush(&v.ch, client_sink));
            else
                server_turn(&v);
            a.during = NULL;
            say(&v, "two");
            server_turn(&v);
            heard(&a, "place=@e-0,one@e-1,private=p@e-1,two@e-2");
            heard(&b, "place=@e-0,one@e-1,two@e-2");
            end();
        }
    }
}

static void fits_is_1_where_nobody_loses_an_event_that_it_has_not_taken(void **state)
{
    int i;

    (void)state;
    begin(READ);
    assert_int_equal(sse_channel_fits(&v.ch, 10), 1);
    assert_int_equal(sse_channel_fits(&v.ch, 100000), 0);
    assert_int_equal(sse_channel_fits(&v.ch, (size_t)-1), 0);
    a.flags = b.flags = SSE_JOIN_GAPS;
    join(&a);
    join(&b);
    for (i = 0; i < 8; i++) {
        assert_int_equal(sse_channel_fits(&v.ch, 20), 1);
        say(&v, "x");
        client_take(&b);
    }
    assert_int_equal(sse_channel_fits(&v.ch, 20), 0);
    client_take(&a);
    assert_int_equal(sse_channel_fits(&v.ch, 20), 1);
    for (i = 0; i < 9; i++) {
        say(&v, "x"); /* a loses the first, and does not count until it has caught up */
        client_take(&b);
    }
    assert_int_equal(sse_channel_fits(&v.ch, 20), 1);
    client_take(&a);
    say_long(&v, 1500);
    assert_int_equal(sse_channel_fits(&v.ch, 1500), 0);
    server_turn(&v);
    assert_int_equal(sse_channel_fits(&v.ch, 1500), 1);
    end();
}

static void what_fits_is_never_lost(void **state)
{
    size_t n, lost = 0, waited = 0;

    (void)state;
    for (n = 1; n < 400; n += 7) {
        char text[400];
        sse_event ev = {.data = {text, n}};
        size_t i, len;

        begin(n % CLIENT_WAYS);
        memset(text, 'x', sizeof text);
        join(&a);
        for (i = 0; i < 40; i++) {
            sse_event_encode(&ev, NULL, 0, &len);
            if (!sse_channel_fits(&v.ch, len)) {
                waited++;
                client_take(&a);
                assert_int_equal(sse_channel_fits(&v.ch, len), 1);
            }
            assert_int_equal(sse_channel_publish(&v.ch, &ev, 0, 0), SSE_OK);
            ev.data.len = (ev.data.len * 5 + 3) % 400;
        }
        client_take(&a);
        lost += heard_events(&a) != 41;
        end();
    }
    assert_int_equal(lost, 0);
    assert_in_range(waited, 100, 57 * 40);
}

static void the_counters_count(void **state)
{
    (void)state;
    begin(READ);
    assert_int_equal(client_join(&a, &v, NULL), SSE_OK);
    assert_int_equal(client_join(&b, &v, "f-1"), SSE_GAP);
    assert_int_equal(count(SSE_COUNT_SUBSCRIBERS), 2);
    assert_int_equal(count(SSE_COUNT_JOINED), 2);
    assert_int_equal(count(SSE_COUNT_RESUMED), 0);
    say(&v, "one");
    server_turn(&v);
    assert_int_equal(count(SSE_COUNT_EVENTS), 1);
    assert_int_equal(count(SSE_COUNT_BYTES), a.len + b.len);
    assert_int_equal(count(SSE_COUNT_GAPS), 1);
    client_end(&b);
    assert_int_equal(count(SSE_COUNT_SUBSCRIBERS), 1);
    assert_int_equal(count(SSE_COUNT_CLOSED), 0); /* it left */
    b.face = FLUSH;
    assert_int_equal(client_join(&b, &v, "e-1"), SSE_OK);
    assert_int_equal(count(SSE_COUNT_RESUMED), 1);
    b.answer = SSE_E_IO;
    say(&v, "two");
    server_turn(&v);
    assert_int_equal(b.reason, SSE_E_IO);
    assert_int_equal(count(SSE_COUNT_CLOSED), 1);
    assert_int_equal(sse_subscriber_close(a.s), SSE_OK);
    assert_int_equal(count(SSE_COUNT_SUBSCRIBERS), 1);
    server_turn(&v);
    assert_int_equal(a.reason, SSE_END);
    assert_int_equal(count(SSE_COUNT_CLOSED), 1); /* SSE_END is no failure */
    assert_int_equal(count(SSE_COUNT_SUBSCRIBERS), 0);
    assert_int_equal(count(SSE_COUNT_JOINED), 3);
    assert_int_equal(sse_channel_count(&v.ch, SSE_COUNTERS), 0);
    assert_int_equal(sse_channel_count(&v.ch, -1), 0);
    end();
}

static void a_closed_subscriber_counts_until_the_caller_knows(void **state)
{
    int i;

    (void)state;
    begin(READ);
    join(&a);
    for (i = 0; i < 20; i++)
        say(&v, "x");
    assert_int_equal(count(SSE_COUNT_SUBSCRIBERS), 1);
    assert_int_equal(client_take(&a), SSE_E_LAGGED);
    assert_int_equal(count(SSE_COUNT_SUBSCRIBERS), 0);
    assert_int_equal(count(SSE_COUNT_CLOSED), 1);
    assert_null(sse_channel_next(&v.ch));
    end();
}

/* A test that has failed leaves things behind. */
static int clean(void **state)
{
    (void)state;
    end();
    return 0;
}

#define TEST(name) cmocka_unit_test_teardown(name, clean)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_subscriber_takes_at_most_160_bytes),
        TEST(init_refuses_null_and_what_is_no_history),
        TEST(a_channel_that_is_null_is_refused),
        TEST(next_returns_a_subscriber_once_and_again_after_it_took_every_byte),
        TEST(who_stops_in_the_middle_keeps_its_turn_and_is_not_returned_again),
        TEST(who_takes_without_having_been_returned_is_not_returned_for_it_later),
        TEST(next_returns_each_that_has_something_and_nobody_else),
        TEST(publish_visits_no_subscriber),
        TEST(a_filtered_subscriber_with_nothing_to_see_is_not_returned),
        TEST(flush_serves_all_that_next_would_return_and_returns_those_that_are_closed),
        TEST(what_cannot_be_published_changes_nothing),
        TEST(publish_parts_publishes_the_same_event),
        TEST(what_the_history_can_hold_every_subscriber_can_take),
        TEST(a_turn_of_so_many_bytes_lets_the_others_have_theirs),
        TEST(flush_of_the_channel_is_fair_too),
        TEST(inside_a_sink_every_call_is_refused_and_changes_nothing),
        TEST(fits_is_1_where_nobody_loses_an_event_that_it_has_not_taken),
        TEST(what_fits_is_never_lost),
        TEST(the_counters_count),
        TEST(a_closed_subscriber_counts_until_the_caller_knows),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
