/* test_subscriber_lag.c - the history drops what a subscriber has not taken: it is closed, or gets
 * a gap event, and what it has begun it gets whole. */
#include "client.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define NULLS "{\"first\":null,\"last\":null,\"count\":null}"

static server v;
static client a, b;

/* A history of three events. */
static void begin(size_t way, uint32_t flags)
{
    server_open(&v, 3, 4000, way / FACES != 0, 0);
    a.face = way % FACES;
    a.flags = flags;
    assert_int_equal(client_join(&a, &v, NULL), SSE_OK);
    server_turn(&v);
}

static int end(void **state)
{
    (void)state;
    client_end(&a);
    client_end(&b);
    server_close(&v);
    return 0;
}

static void say_numbers(int from, int to)
{
    for (; from <= to; from++) {
        char text[12];

        sprintf(text, "%d", from);
        say(&v, text);
    }
}

static void without_gaps_a_lagging_subscriber_is_closed(void **state)
{
    size_t way;
    int is_in_turn;

    for (way = 0; way < CLIENT_WAYS; way++) {
        for (is_in_turn = 0; is_in_turn < 2; is_in_turn++) {
            begin(way, 0);
            a.limited = 1;
            say_numbers(1, 1);
            if (is_in_turn)
                server_turn(&v);
            say_numbers(2, 3);
            assert_int_equal(sse_subscriber_status(a.s), SSE_OK);
            say_numbers(4, 5);
            a.limited = 0;
            if (is_in_turn) /* it is not visited until its transport comes back */
                assert_int_equal(server_turn(&v), 0);
            assert_int_equal(is_in_turn ? client_take(&a) : (server_turn(&v), a.reason),
                             SSE_E_LAGGED);
            heard(&a, is_in_turn && a.face == PEEK ? "place=@e-0,1@e-1" : "place=@e-0");
            assert_int_equal(sse_channel_count(&v.ch, SSE_COUNT_CLOSED), 1);
            end(state);
        }
    }
}

static void with_gaps_a_gap_event_stands_where_events_are_missing(void **state)
{
    size_t way;
    int round;

    for (way = 0; way < CLIENT_WAYS; way++) {
        begin(way, SSE_JOIN_GAPS);
        say_numbers(1, 1);
        server_turn(&v);
        for (round = 0; round < 2; round++) {
            say_numbers(2 + 6 * round, 7 + 6 * round);
            server_turn(&v);
        }
        heard(&a, "place=@e-0,1@e-1,gap={\"first\":\"e-2\",\"last\":\"e-4\",\"count\":3}@e-4,"
                  "5@e-5,6@e-6,7@e-7,"
                  "gap={\"first\":\"e-8\",\"last\":\"e-10\",\"count\":3}@e-10,"
                  "11@e-11,12@e-12,13@e-13");
        assert_int_equal(sse_channel_count(&v.ch, SSE_COUNT_GAPS), 2);
        assert_int_equal(sse_channel_count(&v.ch, SSE_COUNT_CLOSED), 0);
        end(state);
    }
}

static void one_event_that_is_missing_is_first_and_last(void **state)
{
    begin(READ, SSE_JOIN_GAPS);
    say_numbers(1, 4);
    server_turn(&v);
    heard(&a,
          "place=@e-0,gap={\"first\":\"e-1\",\"last\":\"e-1\",\"count\":1}@e-1,2@e-2,3@e-3,4@e-4");
    end(state);
}

static void where_ids_are_the_callers_a_gap_has_its_count_alone(void **state)
{
    server_open_plain(&v, 3, 2000, 0, 0);
    a.flags = SSE_JOIN_GAPS;
    client_join(&a, &v, NULL);
    say_numbers(1, 5);
    server_turn(&v);
    heard(&a, "gap={\"first\":null,\"last\":null,\"count\":2}@,3@,4@,5@");
    end(state);
}

static void who_sees_a_part_learns_nothing_of_the_rest(void **state)
{
    static const uint64_t tags[] = {7};
    size_t way;

    for (way = 0; way < CLIENT_WAYS; way++) {
        begin(way, SSE_JOIN_GAPS);
        assert_int_equal(sse_subscriber_filter(a.s, tags, 1), SSE_OK);
        say_to(&v, 7, 0, "mine");
        say_to(&v, 8, 0, "secret");
        say_to(&v, 8, 0, "secret");
        say_to(&v, 7, 0, "mine");
        say_to(&v, 8, 0, "secret");
        server_turn(&v);
        heard(&a, "place=@e-0,gap=" NULLS "@e-2,mine@e-4");
        end(state);
    }
}

static void an_event_that_was_begun_is_taken_whole_though_the_history_drops_it(void **state)
{
    size_t way, cut, torn = 0;

    for (way = 0; way < CLIENT_WAYS; way++) {
        for (cut = 1; cut < 30; cut++) {
            begin(way, SSE_JOIN_GAPS);
            say_numbers(1, 1);
            assert_int_equal(client_take_some(&a, cut), SSE_AGAIN);
            client_send(&a, "p");
            say_numbers(2, 6);
            client_take(&a);
            heard(&a, "place=@e-0,1@e-1,private=p@e-1,"
                      "gap={\"first\":\"e-2\",\"last\":\"e-3\",\"count\":2}@e-3,4@e-4,5@e-5,6@e-6");
            end(state);

            begin(way, 0); /* without gaps it is closed behind it, at the latest */
            say_numbers(1, 1);
            client_take_some(&a, cut);
            say_numbers(2, 6);
            client_take(&a);
            server_turn(&v);
            assert_int_equal(a.reason, SSE_E_LAGGED);
            torn += heard_events(&a) != 2;
            end(state);
        }
    }
    assert_int_equal(torn, 0);
}

static void a_rest_that_does_not_fit_the_queue_tears_the_stream(void **state)
{
    size_t way, cut;

    for (way = 0; way < CLIENT_WAYS; way++) {
        for (cut = 100; cut < 2050; cut += 50) {
            begin(way, SSE_JOIN_GAPS);
            say_long(&v, 2000);
            assert_int_equal(client_take_some(&a, cut), SSE_AGAIN);
            say_numbers(2, 9);
            client_take(&a);
            if (cut < 1000) {
                assert_int_equal(a.reason, SSE_E_TORN);
            } else if (cut > (a.face == PEEK ? 1850 : 1700)) { /* its pieces are of 600 bytes */
                assert_int_equal(a.reason, SSE_OK);
                assert_non_null(strstr(heard_text(&a), "@e-1,gap="));
            }
            if (a.reason == SSE_E_TORN)
                heard(&a, "place=@e-0");
            end(state);
        }
    }
}

static void a_gap_finds_room_in_a_queue_full_of_private_events(void **state)
{
    static char text[130];
    size_t way, sent;

    memset(text, 'p', sizeof text - 1);
    for (way = 0; way < CLIENT_WAYS; way++) {
        begin(way, SSE_JOIN_GAPS);
        say_numbers(1, 1);
        client_take_some(&a, 3);
        say_numbers(2, 3);
        for (sent = 0; client_send(&a, text) == SSE_OK; sent++) {
        }
        assert_in_range(sent, 1, 3);
        say_numbers(4, 9);
        client_take(&a); /* a place, 1, a gap, the private events, a gap, 7 to 9 */
        assert_int_equal(heard_events(&a), 7 + sent);
        assert_non_null(strstr(heard_text(&a), "1@e-1,gap={\"first\":\"e-2\",\"last\":\"e-3\""));
        assert_non_null(strstr(heard_text(&a), "gap={\"first\":\"e-4\",\"last\":\"e-6\""));
        assert_int_equal(client_send(&a, text), SSE_OK);
        end(state);
    }
}

/* The bytes are given; the loss is told by next, or by the call that comes after. */
static void a_loss_that_a_call_meets_after_bytes_is_told_later(void **state)
{
    int by_next;

    for (by_next = 0; by_next < 2; by_next++) {
        char bytes[200];
        size_t len;

        begin(READ, 0);
        say_numbers(1, 1);
        client_take_some(&a, 3);
        say_numbers(2, 9);
        assert_int_equal(sse_subscriber_read(a.s, bytes, sizeof bytes, &len), SSE_OK);
        assert_in_range(len, 1, 40);
        assert_int_equal(by_next ? (server_turn(&v), a.reason) : client_take(&a), SSE_E_LAGGED);
        assert_null(sse_channel_next(&v.ch));
        end(state);
    }
}

static void a_laggard_costs_the_others_nothing(void **state)
{
    int i;

    begin(FLUSH, SSE_JOIN_GAPS);
    client_join(&b, &v, NULL);
    server_turn(&v);
    a.limited = 1;
    for (i = 1; i <= 50; i++) {
        say_numbers(i, i);
        assert_in_range(server_turn(&v), 1, 2);
    }
    assert_int_equal(heard_events(&b), 51);
    assert_int_equal(a.turns, 2); /* its place, and its first event: it was not visited since */
    a.limited = 0;
    client_take(&a);
    assert_int_equal(heard_events(&a), 5);
    end(state);
}

#define TEST(name) cmocka_unit_test_teardown(name, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(without_gaps_a_lagging_subscriber_is_closed),
        TEST(with_gaps_a_gap_event_stands_where_events_are_missing),
        TEST(one_event_that_is_missing_is_first_and_last),
        TEST(where_ids_are_the_callers_a_gap_has_its_count_alone),
        TEST(who_sees_a_part_learns_nothing_of_the_rest),
        TEST(an_event_that_was_begun_is_taken_whole_though_the_history_drops_it),
        TEST(a_rest_that_does_not_fit_the_queue_tears_the_stream),
        TEST(a_gap_finds_room_in_a_queue_full_of_private_events),
        TEST(a_loss_that_a_call_meets_after_bytes_is_told_later),
        TEST(a_laggard_costs_the_others_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
