/* test_subscriber.c - joining and resuming, places and gaps, filters, private events, the ends. */
#include "client.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define NULLS "{\"first\":null,\"last\":null,\"count\":null}"
#define HEAD  "HTTP/1.1 200 OK\r\n\r\n"

static server v;
static client a, b;

/* A history of four events. */
static void begin(size_t way)
{
    server_open(&v, 4, 2000, way / FACES != 0, 100);
    a.face = b.face = way % FACES;
}

static void end(void)
{
    client_end(&a);
    client_end(&b);
    server_close(&v);
}

/* Publish the numbers from one to another. */
static void say_numbers(int from, int to)
{
    for (; from <= to; from++) {
        char text[12];

        sprintf(text, "%d", from);
        say(&v, text);
    }
}

/* Leave, and come back with the last event ID. Returns as sse_subscriber_join. */
static int reconnect(client *c)
{
    const uint32_t flags = c->flags;
    const face way = c->face;
    char id[64];

    strcpy(id, heard_last_id(c));
    client_end(c);
    c->flags = flags;
    c->face = way;
    return client_join(c, &v, id);
}

/* Joining. */

static void a_start_begins_with_a_place_and_goes_on_with_what_comes(void **state)
{
    size_t way;

    (void)state;
    for (way = 0; way < CLIENT_WAYS; way++) {
        begin(way);
        say(&v, "old");
        assert_int_equal(client_join(&a, &v, NULL), SSE_OK);
        assert_int_equal(client_resume(&b, &v, "", ""), SSE_OK);
        say(&v, "new");
        server_turn(&v);
        heard(&a, "place=@e-1,new@e-2");
        heard(&b, "place=@e-1,new@e-2");
        end();
    }
}

static void with_oldest_a_start_begins_with_the_oldest_event(void **state)
{
    (void)state;
    begin(READ);
    say_numbers(1, 6);
    a.flags = SSE_JOIN_OLDEST;
    assert_int_equal(client_join(&a, &v, NULL), SSE_OK);
    server_turn(&v);
    heard(&a, "place=@e-2,3@e-3,4@e-4,5@e-5,6@e-6");
    end();
}

static void the_head_goes_first_then_the_place_or_the_gap(void **state)
{
    static const char *const ids[] = {NULL, "f-1", "e-2"};
    static const char *const want[] = {"place=@e-2,3@e-3", "gap=" NULLS "@e-0,1@e-1,2@e-2,3@e-3",
                                       "3@e-3"};
    size_t way, i;

    (void)state;
    for (way = 0; way < CLIENT_WAYS; way++) {
        for (i = 0; i < 3; i++) {
            begin(way);
            say_numbers(1, 2);
            a.head = HEAD;
            assert_int_equal(client_join(&a, &v, ids[i]), i == 1 ? SSE_GAP : SSE_OK);
            say_numbers(3, 3);
            server_turn(&v);
            assert_memory_equal(a.bytes, HEAD, strlen(HEAD));
            heard(&a, want[i]);
            end();
        }
    }
}

static void a_client_that_is_cut_before_its_first_event_loses_nothing(void **state)
{
    size_t way;

    (void)state;
    for (way = 0; way < CLIENT_WAYS; way++) {
        begin(way);
        say(&v, "old");
        assert_int_equal(client_join(&a, &v, NULL), SSE_OK);
        server_turn(&v);
        assert_string_equal(heard_last_id(&a), "e-1");
        say(&v, "lost with the line");
        assert_int_equal(reconnect(&a), SSE_OK);
        server_turn(&v);
        heard(&a, "lost with the line@e-2");
        end();
    }
}

static void a_line_that_is_cut_anywhere_costs_no_event(void **state)
{
    size_t way, cut;

    (void)state;
    for (way = 0; way < CLIENT_WAYS; way++) {
        for (cut = 1; cut < 200; cut++) {
            size_t had;

            begin(way);
            assert_int_equal(client_join(&a, &v, NULL), SSE_OK);
            say_numbers(1, 3);
            client_take_some(&a, cut);
            had = heard_events(&a);
            if (had > 0) { /* less than a place is no beginning */
                assert_int_equal(reconnect(&a), SSE_OK);
                server_turn(&v);
                heard(&a, had == 1   ? "1@e-1,2@e-2,3@e-3"
                          : had == 2 ? "2@e-2,3@e-3"
                          : had == 3 ? "3@e-3"
                                     : "");
            }
            end();
        }
    }
}

static void where_ids_are_the_callers_there_is_no_place(void **state)
{
    (void)state;
    server_open_plain(&v, 4, 2000, 0, 0);
    assert_int_equal(client_join(&a, &v, NULL), SSE_OK);
    say(&v, "one");
    server_turn(&v);
    heard(&a, "one@");
    end();
}

static void what_cannot_be_joined_is_refused_and_changes_nothing(void **state)
{
    static size_t none[40];
    static const char large[500] = "HTTP/1.1 200 OK";
    sse_subscriber s;
    block memory = {.size = 0};
    sse_writer *const queue = block_writer(&memory, SSE_SUBSCRIBER_QUEUE_MIN, 0);

    (void)state;
    memset(&s, 0, sizeof s);
    begin(0);
#define JOIN(s, ch, queue, flags) sse_subscriber_join(s, ch, queue, NULL, flags, NULL, 0, NULL, 0)
    assert_int_equal(JOIN(NULL, &v.ch, queue, 0), SSE_E_ARG);
    assert_int_equal(JOIN(&s, NULL, queue, 0), SSE_E_ARG);
    assert_int_equal(JOIN(&s, &v.ch, NULL, 0), SSE_E_ARG);
    assert_int_equal(JOIN(&s, &v.ch, (sse_writer *)(void *)none, 0), SSE_E_ARG);
    assert_int_equal(JOIN(&s, &v.ch, queue, 0x10000), SSE_E_ARG);
    assert_int_equal(JOIN(&s, &v.ch, queue, SSE_JOIN_GAPS | SSE_JOIN_PLAIN), SSE_E_ARG);
    assert_int_equal(sse_subscriber_join(&s, &v.ch, queue, NULL, 0, NULL, 1, NULL, 0), SSE_E_ARG);
    assert_int_equal(sse_subscriber_join(&s, &v.ch, queue, NULL, 0, NULL, 0, NULL, 1), SSE_E_ARG);
    block_writer(&memory, SSE_SUBSCRIBER_QUEUE_MIN - 1, 0);
    assert_int_equal(JOIN(&s, &v.ch, (sse_writer *)(void *)memory.start, 0), SSE_E_ARG);
    block_writer(&memory, SSE_SUBSCRIBER_QUEUE_MIN, SSE_WRITER_CHUNKED);
    assert_int_equal(JOIN(&s, &v.ch, queue, 0), SSE_E_ARG);
    sse_writer_close(block_writer(&memory, SSE_SUBSCRIBER_QUEUE_MIN, 0));
    assert_int_equal(JOIN(&s, &v.ch, queue, 0), SSE_E_ARG);
    sse_writer_begin(block_writer(&memory, SSE_SUBSCRIBER_QUEUE_MIN, 0), NULL);
    assert_int_equal(JOIN(&s, &v.ch, queue, 0), SSE_E_ARG);
    assert_int_equal(sse_writer_raw(block_writer(&memory, SSE_SUBSCRIBER_QUEUE_MIN, 0), large, 313),
                     SSE_OK);
    assert_int_equal(JOIN(&s, &v.ch, queue, 0), SSE_E_TOOBIG);
    assert_int_equal(sse_channel_count(&v.ch, SSE_COUNT_JOINED), 0);
    assert_int_equal(sse_subscriber_status(&s), SSE_E_STATE);
    assert_int_equal(sse_subscriber_leave(&s), SSE_OK);
    assert_int_equal(sse_writer_raw(block_writer(&memory, SSE_SUBSCRIBER_QUEUE_MIN, 0), large, 312),
                     SSE_OK);
    assert_int_equal(JOIN(&s, &v.ch, queue, 0), SSE_OK);
    assert_int_equal(client_join(&a, &v, NULL), SSE_OK);
    assert_int_equal(sse_subscriber_leave(&s), SSE_OK);
    block_writer(&memory, SSE_SUBSCRIBER_QUEUE_MIN, 0);
    assert_int_equal(JOIN(a.s, &v.ch, queue, 0), SSE_E_STATE); /* it is in a channel */
    assert_int_equal(sse_channel_count(&v.ch, SSE_COUNT_SUBSCRIBERS), 1);
    block_free(&memory);
    end();
}

/* Resuming. */

static void a_known_id_is_continued(void **state)
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
    size_t way, i;

    (void)state;
    for (way = 0; way < CLIENT_WAYS; way++) {
        for (i = 0; i < sizeof cases / sizeof *cases; i++) {
            begin(way);
            say_numbers(1, cases[i].published);
            assert_int_equal(client_resume(&a, &v, cases[i].header, cases[i].query), SSE_OK);
            server_turn(&v);
            heard(&a, cases[i].want);
            assert_int_equal(sse_channel_count(&v.ch, SSE_COUNT_RESUMED), 1);
            end();
        }
    }
}

static void a_gap_event_says_which_events_are_missing(void **state)
{
    size_t way;

    (void)state;
    for (way = 0; way < CLIENT_WAYS; way++) {
        begin(way);
        say_numbers(1, 8);
        assert_int_equal(client_join(&a, &v, "e-2"), SSE_GAP);
        server_turn(&v);
        heard(&a,
              "gap={\"first\":\"e-3\",\"last\":\"e-4\",\"count\":2}@e-4,5@e-5,6@e-6,7@e-7,8@e-8");
        assert_int_equal(sse_channel_count(&v.ch, SSE_COUNT_GAPS), 1);
        assert_int_equal(sse_channel_count(&v.ch, SSE_COUNT_RESUMED), 0);
        say_numbers(9, 9); /* and the client can go on from the gap */
        assert_int_equal(reconnect(&a), SSE_OK);
        end();
    }
}

static void a_client_that_is_cut_after_the_gap_event_resumes_after_it(void **state)
{
    (void)state;
    begin(READ);
    say_numbers(1, 8);
    assert_int_equal(client_join(&a, &v, "e-2"), SSE_GAP);
    while (heard_events(&a) == 0)
        client_take_some(&a, 1);
    assert_int_equal(reconnect(&a), SSE_OK);
    server_turn(&v);
    heard(&a, "5@e-5,6@e-6,7@e-7,8@e-8");
    end();
}

static void an_id_that_is_unknown_malformed_or_too_long_is_a_gap_and_never_a_start(void **state)
{
    static char longest[4000];
    static const char *const fields[] = {"f-1",   "e-9",  "e-",   "e-01",
                                         "e-0x1", "mine", "\x01", longest};
    static const char *const queries[] = {"lastEventId=%", "lastEventId=%zz", "lastEventId=a%4",
                                          "lastEventId=%00", "lastEventId=mine"};
    const size_t count = sizeof fields / sizeof *fields;
    size_t i;

    (void)state;
    memset(longest, 'x', sizeof longest - 1);
    for (i = 0; i < count + sizeof queries / sizeof *queries; i++) {
        begin(i % CLIENT_WAYS);
        say_numbers(1, 5);
        assert_int_equal(client_resume(&a, &v, i < count ? fields[i] : NULL,
                                       i < count ? NULL : queries[i - count]),
                         SSE_GAP);
        server_turn(&v);
        heard(&a, "gap=" NULLS "@e-1,2@e-2,3@e-3,4@e-4,5@e-5");
        end();
    }
    for (i = 0; i < 2; i++) {
        server_open_plain(&v, 4, 2000, 0, 0);
        say(&v, "one");
        assert_int_equal(client_join(&a, &v, i ? longest : "gone"), SSE_GAP);
        server_turn(&v);
        heard(&a, "gap=" NULLS "@,one@");
        end();
    }
}

static void an_id_of_another_history_is_a_gap(void **state)
{
    uint64_t memory[SSE_HISTORY_WORDS(8, 1000)];
    char id[SSE_HISTORY_ID_MAX + 1] = "";
    sse_history *other;
    size_t len;

    (void)state;
    begin(READ);
    other = sse_history_init(memory, sizeof memory, 8, 0, 14, "other", 5); /* the same epoch */
    say_numbers(1, 3);
    assert_int_equal(sse_history_append_parts(other, NULL, 0, NULL, 0, "x", 1, 0, 0, 0), SSE_OK);
    assert_int_equal(sse_history_id(other, 1, id, sizeof id, &len), SSE_OK);
    assert_int_equal(client_join(&a, &v, id), SSE_GAP);
    server_turn(&v);
    heard(&a, "gap=" NULLS "@e-0,1@e-1,2@e-2,3@e-3");
    end();
}

static void with_plain_there_is_nothing_but_events_of_the_callers(void **state)
{
    static const uint64_t tags[] = {7};
    size_t way;

    (void)state;
    for (way = 0; way < CLIENT_WAYS; way++) {
        begin(way);
        a.flags = b.flags = SSE_JOIN_PLAIN;
        say_numbers(1, 6);
        assert_int_equal(client_join(&a, &v, "f-1"), SSE_E_LAGGED);
        assert_int_equal(sse_subscriber_status(a.s), SSE_E_STATE);
        assert_int_equal(client_join(&a, &v, "e-1"), SSE_E_LAGGED);
        assert_int_equal(sse_channel_count(&v.ch, SSE_COUNT_JOINED), 0);
        assert_int_equal(client_join(&a, &v, "e-2"), SSE_OK);
        assert_int_equal(client_join(&b, &v, NULL), SSE_OK);
        assert_int_equal(sse_subscriber_filter(b.s, tags, 1), SSE_OK);
        server_turn(&v);
        heard(&a, "3@e-3,4@e-4,5@e-5,6@e-6");
        assert_int_equal(b.len, 0);
        server_tick(&v, 100);
        server_turn(&v);
        heard(&b, "");
        assert_string_equal(heard_last_id(&b), "");
        assert_int_equal(heard_comments(&b), 1); /* the heartbeat, without a place */
        say_numbers(7, 11);
        assert_int_equal(client_take(&a), SSE_E_LAGGED);
        end();
    }
}

/* Filters. */

static void a_filter_shows_its_tags_and_tag_0(void **state)
{
    static const uint64_t some[] = {3, 7, 9}, none[] = {1};
    size_t way;

    (void)state;
    for (way = 0; way < CLIENT_WAYS; way++) {
        uint64_t tag;

        server_open(&v, 16, 2000, way / FACES != 0, 0);
        a.face = b.face = way % FACES;
        client_join(&a, &v, NULL);
        client_join(&b, &v, NULL);
        assert_int_equal(sse_subscriber_filter(a.s, some, 3), SSE_OK);
        assert_int_equal(sse_subscriber_filter(b.s, none, 0), SSE_OK);
        for (tag = 0; tag < 11; tag++) {
            char text[12];

            sprintf(text, "%d", (int)tag);
            say_to(&v, tag, 0, text);
        }
        server_turn(&v);
        heard(&a, "place=@e-0,0@e-1,3@e-4,7@e-8,9@e-10");
        heard(&b, "place=@e-0,0@e-1");
        assert_int_equal(sse_subscriber_filter(b.s, NULL, 0), SSE_OK);
        say_to(&v, 10, 0, "all");
        server_turn(&v);
        heard(&b, "place=@e-0,0@e-1,all@e-12");
        end();
    }
}

static void a_filter_that_is_refused_leaves_the_one_before(void **state)
{
    static const uint64_t good[] = {7}, bad[] = {3, 2};

    (void)state;
    begin(READ);
    client_join(&a, &v, NULL);
    assert_int_equal(sse_subscriber_filter(a.s, good, 1), SSE_OK);
    assert_int_equal(sse_subscriber_filter(a.s, bad, 2), SSE_E_ARG);
    assert_int_equal(sse_subscriber_filter(a.s, NULL, 1), SSE_E_ARG);
    say_to(&v, 3, 0, "hidden");
    say_to(&v, 7, 0, "shown");
    server_turn(&v);
    heard(&a, "place=@e-0,shown@e-2");
    end();
}

static void a_later_filter_holds_from_the_event_that_is_taken_next(void **state)
{
    static const uint64_t first[] = {1}, second[] = {2};
    size_t way, cut;

    (void)state;
    for (way = 0; way < CLIENT_WAYS; way++) {
        begin(way);
        client_join(&a, &v, NULL);
        server_turn(&v);
        assert_int_equal(sse_subscriber_filter(a.s, first, 1), SSE_OK);
        say_to(&v, 2, 0, "stays hidden");
        say_to(&v, 1, 0, "is next");
        say_to(&v, 2, 0, "is shown");
        assert_int_equal(sse_subscriber_filter(a.s, second, 1), SSE_OK);
        say_to(&v, 1, 0, "is hidden");
        server_turn(&v);
        heard(&a, "place=@e-0,is shown@e-3");
        end();

        for (cut = 1; cut < 30; cut++) { /* an event that was begun is taken whole */
            begin(way);
            client_join(&a, &v, NULL);
            assert_int_equal(sse_subscriber_filter(a.s, first, 1), SSE_OK);
            server_turn(&v);
            say_to(&v, 1, 0, "is begun");
            assert_int_equal(client_take_some(&a, cut), SSE_AGAIN);
            say_to(&v, 1, 0, "is hidden");
            say_to(&v, 2, 0, "is shown");
            assert_int_equal(sse_subscriber_filter(a.s, second, 1), SSE_OK);
            client_take(&a);
            heard(&a, "place=@e-0,is begun@e-1,is shown@e-3");
            end();
        }
    }
}

static void silence_is_not_taken_for_loss_by_a_filtered_client(void **state)
{
    static const uint64_t tags[] = {7};
    char place[12];
    size_t way;
    int round, i;

    (void)state;
    for (way = 0; way < CLIENT_WAYS; way++) {
        begin(way);
        assert_int_equal(client_join(&a, &v, NULL), SSE_OK);
        assert_int_equal(sse_subscriber_filter(a.s, tags, 1), SSE_OK);
        server_turn(&v);
        for (round = 0; round < 3; round++) {
            for (i = 0; i < 9; i++) {
                say_to(&v, 8, 0, "hidden");
                assert_int_equal(server_turn(&v), 0);
            }
            server_tick(&v, 100); /* its place moves on with the heartbeat */
            assert_int_equal(server_turn(&v), 1);
            sprintf(place, "e-%d", 10 * round + 9);
            assert_string_equal(heard_last_id(&a), place);
            say_to(&v, 7, 0, "shown");
            assert_int_equal(reconnect(&a), SSE_OK);
            assert_int_equal(sse_subscriber_filter(a.s, tags, 1), SSE_OK);
            server_turn(&v);
            assert_int_equal(heard_events(&a), 1);
            assert_true(strncmp(heard_text(&a), "shown@", 6) == 0);
        }
        assert_int_equal(sse_channel_count(&v.ch, SSE_COUNT_GAPS), 0);
        end();
    }
}

static void what_a_filter_hides_is_told_by_no_gap(void **state)
{
    static const uint64_t tags[] = {7};
    static const char *const ids[] = {"e-1", "f-1"};
    size_t i;

    (void)state;
    for (i = 0; i < 2; i++) {
        begin(READ);
        say_to(&v, 7, 0, "mine");
        say_to(&v, 8, 0, "secret");
        say_to(&v, 8, 0, "secret");
        say_to(&v, 8, 0, "secret");
        say_to(&v, 8, 0, "secret");
        say_to(&v, 7, 0, "mine");
        assert_int_equal(client_join(&a, &v, ids[i]), SSE_GAP);
        assert_int_equal(sse_subscriber_filter(a.s, tags, 1), SSE_OK);
        server_turn(&v);
        heard(&a, "gap=" NULLS "@e-2,mine@e-6");
        end();
    }
}

static void coalescing_skips_what_a_newer_event_of_the_tag_and_key_replaces(void **state)
{
    size_t way;

    (void)state;
    for (way = 0; way < CLIENT_WAYS; way++) {
        server_open(&v, 16, 2000, way / FACES != 0, 0);
        a.face = way % FACES;
        say_to(&v, 0, 1, "a1");
        say_to(&v, 0, 2, "b1");
        say_to(&v, 0, 0, "free");
        say_to(&v, 0, 0, "free");
        say_to(&v, 0, 1, "a2");
        say_to(&v, 5, 1, "other tag");
        a.flags = SSE_JOIN_COALESCE | SSE_JOIN_OLDEST;
        assert_int_equal(client_join(&a, &v, NULL), SSE_OK);
        server_turn(&v);
        heard(&a, "place=@e-0,b1@e-2,free@e-3,free@e-4,a2@e-5,other tag@e-6");
        say_to(&v, 0, 1, "a3");
        say_to(&v, 0, 1, "a4");
        server_turn(&v);
        assert_non_null(strstr(heard_text(&a), "other tag@e-6,a4@e-8"));
        end();
    }
}

/* Private events. */

static void a_private_event_comes_after_what_was_published_and_inside_of_nothing(void **state)
{
    size_t way, cut;

    (void)state;
    for (way = 0; way < CLIENT_WAYS; way++) {
        for (cut = 1; cut < 90; cut++) {
            begin(way);
            client_join(&a, &v, NULL);
            client_join(&b, &v, NULL);
            server_turn(&v);
            say_numbers(1, 2);
            client_take_some(&a, cut);
            assert_int_equal(client_send(&a, "p"), SSE_OK);
            say_numbers(3, 3);
            assert_int_equal(client_send(&a, "q"), SSE_OK);
            say_numbers(4, 4);
            client_take(&a);
            client_take(&b);
            heard(&b, "place=@e-0,1@e-1,2@e-2,3@e-3,4@e-4");
            assert_true(strstr(heard_text(&a), "2@e-2") < strstr(heard_text(&a), "private=p"));
            assert_true(strstr(heard_text(&a), "3@e-3") < strstr(heard_text(&a), "private=q"));
            assert_true(strstr(heard_text(&a), "private=p") < strstr(heard_text(&a), "private=q"));
            assert_int_equal(heard_events(&a), 7);
            end();
        }
    }
}

static void two_hundred_bytes_of_the_queue_are_kept_from_private_events(void **state)
{
    static char text[500];
    const size_t most = CLIENT_QUEUE - 200 - sizeof "event: private\ndata: \n\n" + 1;

    (void)state;
    memset(text, 'x', sizeof text - 1);
    begin(READ);
    client_join(&a, &v, NULL);
    server_turn(&v);
    text[most + 1] = '\0';
    assert_int_equal(client_send(&a, text), SSE_E_TOOBIG);
    text[most] = '\0';
    assert_int_equal(client_send(&a, text), SSE_OK);
    assert_int_equal(client_send(&a, ""), SSE_AGAIN);
    client_take_some(&a, 1);
    assert_int_equal(client_send(&a, ""), SSE_AGAIN);
    client_take(&a);
    assert_int_equal(heard_events(&a), 2);
    assert_int_equal(client_send(&a, text), SSE_OK);
    client_take(&a);
    assert_int_equal(heard_events(&a), 3);
    end();
}

static void send_refuses_what_cannot_be_sent_and_queues_nothing(void **state)
{
    static const char large[1000] = "x";
    static const struct {
        sse_event ev;
        int status;
    } bad[] = {
        {{.type = {NULL, 0}}, SSE_E_ARG},
        {{.data = {NULL, 1}}, SSE_E_ARG},
        {{.id = {"mine", 4}, .data = {"x", 1}}, SSE_E_ARG},
        {{.retry_ms = SSE_RETRY_MAX + 1, .data = {"x", 1}}, SSE_E_RANGE},
        {{.data = {large, sizeof large}}, SSE_E_TOOBIG},
        {{.type = {"a\nb", 3}, .data = {"x", 1}}, SSE_E_FIELD},
    };
    const sse_event good = {.comment = {"c", 1}, .type = {"t", 1}, .retry_ms = 5, .data = {"x", 1}};
    size_t i;

    (void)state;
    begin(READ);
    client_join(&a, &v, NULL);
    server_turn(&v);
    assert_int_equal(sse_subscriber_send(a.s, NULL), SSE_E_ARG);
    for (i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(sse_subscriber_send(a.s, &bad[i].ev), bad[i].status);
    assert_int_equal(sse_subscriber_send_parts(a.s, NULL, 1, NULL, 0, NULL, 0), SSE_E_ARG);
    assert_int_equal(sse_subscriber_send_parts(a.s, NULL, 0, "i", 1, NULL, 0), SSE_E_ARG);
    assert_null(sse_channel_next(&v.ch));
    assert_int_equal(sse_subscriber_send(a.s, &good), SSE_OK);
    assert_int_equal(sse_subscriber_send_parts(a.s, NULL, 0, NULL, 0, NULL, 0), SSE_OK);
    server_turn(&v);
    heard(&a, "place=@e-0,t=x@e-0,@e-0");
    assert_int_equal(heard_retry(&a), 5);
    assert_int_equal(heard_comments(&a), 1);
    end();

    server_open_plain(&v, 4, 2000, 0, 0);
    client_join(&a, &v, NULL);
    assert_int_equal(sse_subscriber_send_parts(a.s, "t", 1, "mine", 4, "x", 1), SSE_OK);
    server_turn(&v);
    heard(&a, "t=x@mine");
    end();
}

static void a_private_event_does_not_come_again_and_one_with_a_tag_does(void **state)
{
    static const uint64_t user[] = {77};

    (void)state;
    begin(READ);
    client_join(&a, &v, NULL);
    sse_subscriber_filter(a.s, user, 1);
    server_turn(&v);
    client_send(&a, "gone");
    say_to(&v, 77, 0, "comes again");
    assert_int_equal(reconnect(&a), SSE_OK);
    sse_subscriber_filter(a.s, user, 1);
    server_turn(&v);
    heard(&a, "comes again@e-1");
    end();
}

/* The ends. */

static void close_ends_the_stream_after_all_that_was_published_and_sent(void **state)
{
    size_t way;
    int is_told_by_next;

    (void)state;
    for (way = 0; way < CLIENT_WAYS; way++) {
        for (is_told_by_next = 0; is_told_by_next < 2; is_told_by_next++) {
            begin(way);
            client_join(&a, &v, NULL);
            if (is_told_by_next)
                server_turn(&v);
            say(&v, "one");
            client_send(&a, "p");
            assert_int_equal(sse_subscriber_close(a.s), SSE_OK);
            assert_int_equal(sse_subscriber_close(a.s), SSE_OK);
            assert_int_equal(client_send(&a, "late"), SSE_E_STATE);
            say(&v, "late");
            if (is_told_by_next) {
                server_turn(&v);
            } else {
                while (a.s)
                    client_take(&a);
                assert_null(sse_channel_next(&v.ch));
            }
            assert_int_equal(a.reason, SSE_END);
            heard(&a, "place=@e-0,one@e-1,private=p@e-1");
            if (v.chunked)
                assert_memory_equal(a.bytes + a.len - 7, "\r\n0\r\n\r\n", 7);
            end();
        }
    }
}

static void close_of_a_subscriber_that_has_taken_all_is_told_by_next(void **state)
{
    size_t way;

    (void)state;
    for (way = 0; way < CLIENT_WAYS; way++) {
        begin(way);
        client_join(&a, &v, NULL);
        server_turn(&v);
        assert_int_equal(sse_subscriber_close(a.s), SSE_OK);
        assert_in_range(server_turn(&v), 1, 2);
        assert_int_equal(a.reason, SSE_END);
        assert_null(sse_channel_next(&v.ch));
        end();
    }
}

/* Every call on a subscriber: it returns the same, and leaves nothing unwritten. */
static void every_call_returns(sse_subscriber *s, int status)
{
    static const uint64_t tags[] = {1};
    const sse_event ev = {.data = {"x", 1}};
    const void *bytes = &ev;
    size_t len = 9, offered = 9;
    char byte;

    assert_int_equal(sse_subscriber_filter(s, tags, 1), status);
    assert_int_equal(sse_subscriber_limits(s, 1, 1, 1), status);
    assert_int_equal(sse_subscriber_send(s, &ev), status);
    assert_int_equal(sse_subscriber_send_parts(s, NULL, 0, NULL, 0, "x", 1), status);
    assert_int_equal(sse_subscriber_flush(s, client_sink), status);
    assert_int_equal(sse_subscriber_read(s, &byte, 1, &len), status);
    assert_int_equal(len, 0);
    assert_int_equal(sse_subscriber_peek(s, &bytes, &offered), status);
    assert_null(bytes);
    assert_int_equal(offered, 0);
    assert_int_equal(sse_subscriber_consume(s, 0), status);
    assert_int_equal(sse_subscriber_close(s), status);
    assert_int_equal(sse_subscriber_status(s), status);
    assert_int_equal(sse_subscriber_behind(s), 0);
    assert_int_equal(sse_subscriber_blocked_ms(s), 0);
    if (s)
        assert_int_equal(sse_subscriber_leave(s), SSE_OK);
}

static void calls_on_null_and_on_a_subscriber_that_is_in_no_channel_are_refused(void **state)
{
    sse_subscriber s;

    (void)state;
    memset(&s, 0, sizeof s);
    every_call_returns(NULL, SSE_E_ARG);
    assert_int_equal(sse_subscriber_leave(NULL), SSE_E_ARG);
    assert_null(sse_subscriber_user(NULL));
    every_call_returns(&s, SSE_E_STATE);
    begin(READ);
    client_join(&a, &v, NULL);
    assert_int_equal(sse_subscriber_status(a.s), SSE_OK);
    assert_ptr_equal(sse_subscriber_user(a.s), &a);
    assert_int_equal(sse_subscriber_leave(a.s), SSE_OK);
    every_call_returns(a.s, SSE_E_STATE);
    assert_null(sse_channel_next(&v.ch));
    end();
}

static void once_closed_every_call_returns_the_reason_until_it_joins_again(void **state)
{
    static const int reasons[] = {SSE_END, SSE_E_IO, SSE_E_LAGGED};
    size_t i;

    (void)state;
    for (i = 0; i < 3; i++) {
        begin(FLUSH);
        a.keeps = 1;
        client_join(&a, &v, NULL);
        server_turn(&v);
        say_numbers(1, reasons[i] == SSE_E_LAGGED ? 5 : 1);
        a.answer = reasons[i] == SSE_E_IO ? -1 : 0;
        if (reasons[i] == SSE_END)
            sse_subscriber_close(a.s);
        while (a.reason == SSE_OK)
            assert_in_range(server_turn(&v), 1, 2);
        assert_int_equal(a.reason, reasons[i]);
        assert_int_equal(sse_channel_count(&v.ch, SSE_COUNT_SUBSCRIBERS), 0);
        every_call_returns(a.s, reasons[i]);
        every_call_returns(a.s, reasons[i]);
        assert_ptr_equal(sse_subscriber_user(a.s), &a);
        assert_null(sse_channel_next(&v.ch));
        a.answer = 0;
        assert_int_equal(client_join(&a, &v, NULL), SSE_OK);
        assert_int_equal(sse_subscriber_status(a.s), SSE_OK);
        assert_int_equal(server_turn(&v), 1);
        end();
    }
}

static void leave_is_safe_in_any_state(void **state)
{
    enum { NEVER, FAILED, READY, TURN, IDLE, UNTOLD, TOLD, LEFT, STATES };
    int i;

    (void)state;
    for (i = 0; i < STATES; i++) {
        begin(READ);
        a.keeps = 1;
        a.flags = i == FAILED ? 0x10000 : 0;
        client_join(&a, &v, NULL);
        if (i == NEVER) {
            sse_subscriber_leave(a.s);
            memset(a.s, 0, sizeof *a.s);
        }
        if (i == TURN)
            sse_channel_next(&v.ch);
        if (i >= IDLE)
            server_turn(&v);
        if (i == UNTOLD || i == TOLD) {
            assert_int_equal(sse_subscriber_limits(a.s, 0, 0, 1), SSE_OK);
            server_tick(&v, 100);
            server_tick(&v, 100);
        }
        if (i == TOLD)
            assert_int_equal(sse_subscriber_status(a.s), SSE_E_OLD);
        if (i == LEFT)
            assert_int_equal(sse_subscriber_leave(a.s), SSE_OK);
        assert_int_equal(sse_subscriber_leave(a.s), SSE_OK);
        assert_int_equal(sse_channel_count(&v.ch, SSE_COUNT_SUBSCRIBERS), 0);
        guard_free(&a.memory); /* nothing points to it any more */
        block_free(&a.block);
        a.s = NULL;
        client_join(&b, &v, NULL);
        say(&v, "one");
        server_tick(&v, 100);
        assert_int_equal(server_turn(&v), 1);
        heard(&b, "place=@e-0,one@e-1");
        end();
    }
}

static void who_joins_again_after_a_close_that_nobody_was_told_of_is_told_no_more(void **state)
{
    (void)state;
    begin(READ);
    client_join(&a, &v, NULL);
    client_join(&b, &v, NULL);
    server_turn(&v);
    sse_subscriber_limits(a.s, 0, 0, 1);
    server_tick(&v, 10);
    server_tick(&v, 10); /* a is closed */
    assert_int_equal(client_join(&a, &v, NULL), SSE_OK);
    assert_int_equal(sse_channel_count(&v.ch, SSE_COUNT_SUBSCRIBERS), 2);
    say(&v, "one");
    assert_int_equal(server_turn(&v), 2);
    assert_int_equal(a.reason, SSE_OK);
    heard(&a, "place=@e-0,place=@e-0,one@e-1");
    heard(&b, "place=@e-0,one@e-1");
    end();
}

static void a_close_is_told_once_by_next_or_by_a_call(void **state)
{
    int i;

    (void)state;
    for (i = 0; i < 2; i++) {
        begin(READ);
        client_join(&a, &v, NULL);
        server_turn(&v);
        sse_subscriber_limits(a.s, 0, 0, 1);
        server_tick(&v, 10);
        server_tick(&v, 10);
        assert_int_equal(sse_channel_count(&v.ch, SSE_COUNT_SUBSCRIBERS), 1);
        assert_int_equal(sse_channel_timeout(&v.ch, v.now_ms), 0);
        if (i == 0)
            assert_int_equal(server_turn(&v), 1);
        else
            assert_int_equal(client_note(&a, sse_subscriber_behind(a.s) == 0
                                                 ? sse_subscriber_status(a.s)
                                                 : SSE_OK),
                             SSE_E_OLD);
        assert_int_equal(a.reason, SSE_E_OLD); /* and its memory is unmapped */
        assert_int_equal(sse_channel_count(&v.ch, SSE_COUNT_SUBSCRIBERS), 0);
        say(&v, "one");
        server_tick(&v, 1000);
        assert_int_equal(server_turn(&v), 0);
        end();
    }
}

static void how_far_it_is_behind_and_how_long_it_is_blocked_can_be_asked(void **state)
{
    static const uint64_t tags[] = {7};

    (void)state;
    begin(READ);
    client_join(&a, &v, NULL);
    assert_int_equal(sse_subscriber_blocked_ms(a.s), 0);
    server_turn(&v);
    assert_int_equal(sse_subscriber_blocked_ms(a.s), 0);
    assert_int_equal(sse_subscriber_behind(a.s), 0);
    sse_subscriber_filter(a.s, tags, 1);
    say_to(&v, 7, 0, "one");
    say_to(&v, 8, 0, "hidden ones count");
    say_to(&v, 7, 0, "two");
    assert_int_equal(sse_subscriber_behind(a.s), 3);
    a.limited = 1;
    server_turn(&v);
    assert_int_equal(sse_subscriber_blocked_ms(a.s), 1);
    server_tick(&v, 40);
    server_tick(&v, 40);
    assert_int_equal(sse_subscriber_blocked_ms(a.s), 80);
    a.budget = 5;
    client_take(&a);
    server_tick(&v, 3);
    assert_in_range(sse_subscriber_blocked_ms(a.s), 1, 3);
    assert_int_equal(sse_subscriber_behind(a.s), 3); /* the first is not taken whole */
    a.limited = 0;
    client_take(&a);
    assert_int_equal(sse_subscriber_behind(a.s), 0);
    assert_int_equal(sse_subscriber_blocked_ms(a.s), 0);
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
        TEST(a_start_begins_with_a_place_and_goes_on_with_what_comes),
        TEST(with_oldest_a_start_begins_with_the_oldest_event),
        TEST(the_head_goes_first_then_the_place_or_the_gap),
        TEST(a_client_that_is_cut_before_its_first_event_loses_nothing),
        TEST(a_line_that_is_cut_anywhere_costs_no_event),
        TEST(where_ids_are_the_callers_there_is_no_place),
        TEST(what_cannot_be_joined_is_refused_and_changes_nothing),
        TEST(a_known_id_is_continued),
        TEST(a_gap_event_says_which_events_are_missing),
        TEST(a_client_that_is_cut_after_the_gap_event_resumes_after_it),
        TEST(an_id_that_is_unknown_malformed_or_too_long_is_a_gap_and_never_a_start),
        TEST(an_id_of_another_history_is_a_gap),
        TEST(with_plain_there_is_nothing_but_events_of_the_callers),
        TEST(a_filter_shows_its_tags_and_tag_0),
        TEST(a_filter_that_is_refused_leaves_the_one_before),
        TEST(a_later_filter_holds_from_the_event_that_is_taken_next),
        TEST(silence_is_not_taken_for_loss_by_a_filtered_client),
        TEST(what_a_filter_hides_is_told_by_no_gap),
        TEST(coalescing_skips_what_a_newer_event_of_the_tag_and_key_replaces),
        TEST(a_private_event_comes_after_what_was_published_and_inside_of_nothing),
        TEST(two_hundred_bytes_of_the_queue_are_kept_from_private_events),
        TEST(send_refuses_what_cannot_be_sent_and_queues_nothing),
        TEST(a_private_event_does_not_come_again_and_one_with_a_tag_does),
        TEST(close_ends_the_stream_after_all_that_was_published_and_sent),
        TEST(close_of_a_subscriber_that_has_taken_all_is_told_by_next),
        TEST(calls_on_null_and_on_a_subscriber_that_is_in_no_channel_are_refused),
        TEST(once_closed_every_call_returns_the_reason_until_it_joins_again),
        TEST(leave_is_safe_in_any_state),
        TEST(who_joins_again_after_a_close_that_nobody_was_told_of_is_told_no_more),
        TEST(a_close_is_told_once_by_next_or_by_a_call),
        TEST(how_far_it_is_behind_and_how_long_it_is_blocked_can_be_asked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
