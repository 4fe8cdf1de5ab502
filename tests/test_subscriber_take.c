/* test_subscriber_take.c - bytes are taken: flush, read, peek and consume. */
#include "client.h"
#include "dice.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static server v;
static client a;

static void begin(size_t way)
{
    server_open(&v, 8, 4000, way / FACES != 0, 100);
    a.face = way % FACES;
    assert_int_equal(client_join(&a, &v, NULL), SSE_OK);
}

static int end(void **state)
{
    (void)state;
    client_end(&a);
    server_close(&v);
    return 0;
}

#define STREAM "place=@e-0,one@e-1,two@e-2,private=p@e-2,private=q@e-2"

static void say_stream(void)
{
    say(&v, "one");
    say(&v, "two");
    client_send(&a, "p");
    client_send(&a, "q");
}

static void any_lengths_that_are_taken_give_the_same_stream(void **state)
{
    size_t way, n;

    for (way = 0; way < CLIENT_WAYS; way++) {
        for (n = 1; n < 120; n++) {
            begin(way);
            a.most = n;
            say_stream();
            server_turn(&v);
            heard(&a, STREAM);
            end(state);
            begin(way);
            say_stream();
            while (client_take_some(&a, n) == SSE_AGAIN) { /* it blocks after each n bytes */
            }
            heard(&a, STREAM);
            end(state);
        }
    }
}

static void the_ways_of_taking_can_change_at_any_byte(void **state)
{
    size_t round;

    dice_seed(3);
    for (round = 0; round < 300; round++) {
        size_t i;

        begin(round % CLIENT_WAYS);
        for (i = 0; i < 40; i++) {
            a.face = below(FACES);
            a.most = below(30);
            client_take_some(&a, below(60));
            if (i % 8 == 0)
                say_long(&v, below(80));
            if (i % 8 == 4)
                client_send(&a, "p");
        }
        a.most = 0;
        client_take(&a);
        assert_int_equal(heard_events(&a), 11);
        assert_string_equal(heard_last_id(&a), "e-5");
        end(state);
    }
}

static void flush_copies_nothing_and_offers_many_events_at_once(void **state)
{
    size_t chunked, most;

    for (chunked = 0; chunked < 2; chunked++) {
        for (most = 0; most < 40; most += 13) {
            begin(FACES * chunked);
            server_turn(&v);
            a.copied = a.calls = 0;
            a.most = most;
            say(&v, "one");
            say(&v, "two");
            say_long(&v, 1000);
            server_turn(&v);
            assert_int_equal(heard_events(&a), 4);
            assert_int_equal(a.copied, 0);
            if (most == 0)
                assert_int_equal(a.calls, 1);
            end(state);
        }
    }
}

static void flush_copies_the_rest_of_an_event_in_which_the_sink_stopped_and_no_more(void **state)
{
    size_t cut;

    for (cut = 1; cut < 1100; cut += 50) {
        begin(FLUSH);
        server_turn(&v);
        a.copied = 0;
        say_long(&v, 300);
        say_long(&v, 300);
        say_long(&v, 300);
        assert_int_equal(client_take_some(&a, cut), cut < 1000 ? SSE_AGAIN : SSE_OK);
        client_take(&a);
        assert_int_equal(heard_events(&a), 4);
        assert_in_range(a.copied, 0, 350);
        end(state);
    }
}

static const struct sink_answer {
    int status;
    size_t more;
} failures[] = {{SSE_END, 0}, {SSE_GAP, 0}, {SSE_E_ARG, 0}, {-500, 0}, {SSE_OK, 1}, {SSE_AGAIN, 1}};

static const struct sink_answer *answer;

static int failing_sink(void *user, const void *bytes, size_t len, size_t *taken)
{
    (void)user;
    (void)bytes;
    *taken = len + answer->more;
    return answer->status;
}

/* Takes three bytes and would block. */
static int blocking_sink(void *user, const void *bytes, size_t len, size_t *taken)
{
    client_sink(user, bytes, len < 3 ? len : 3, taken);
    return SSE_AGAIN;
}

static void a_sink_that_fails_closes_with_an_io_error(void **state)
{
    size_t i;

    for (i = 0; i < sizeof failures / sizeof *failures; i++) {
        answer = &failures[i];
        begin(FLUSH);
        assert_int_equal(sse_subscriber_flush(a.s, NULL), SSE_E_ARG);
        assert_int_equal(client_note(&a, sse_subscriber_flush(a.s, failing_sink)), SSE_E_IO);
        assert_null(sse_channel_next(&v.ch));
        assert_int_equal(sse_channel_count(&v.ch, SSE_COUNT_CLOSED), 1);
        end(state);
    }
}

static void a_sink_that_would_block_may_have_taken_some(void **state)
{
    int i;

    begin(FLUSH);
    say_stream();
    for (i = 0; i < 500 && sse_subscriber_flush(a.s, blocking_sink) == SSE_AGAIN; i++) {
    }
    assert_in_range(i, 30, 499);
    heard(&a, STREAM);
    end(state);
}

static void what_read_peek_and_consume_are_given_is_checked(void **state)
{
    const void *bytes = &v;
    char byte;
    size_t len = 9;

    begin(READ);
    assert_int_equal(sse_subscriber_read(a.s, NULL, 1, &len), SSE_E_ARG);
    assert_int_equal(len, 0);
    len = 9;
    assert_int_equal(sse_subscriber_read(a.s, &byte, 0, &len), SSE_E_ARG);
    assert_int_equal(len, 0);
    assert_int_equal(sse_subscriber_read(a.s, &byte, 1, NULL), SSE_E_ARG);
    assert_int_equal(sse_subscriber_peek(a.s, &bytes, NULL), SSE_E_ARG);
    assert_null(bytes);
    len = 9;
    assert_int_equal(sse_subscriber_peek(a.s, NULL, &len), SSE_E_ARG);
    assert_int_equal(len, 0);
    assert_int_equal(sse_subscriber_consume(a.s, 1), SSE_E_ARG); /* nothing is offered */
    assert_int_equal(sse_subscriber_consume(a.s, 0), SSE_OK);
    server_turn(&v);
    heard(&a, "place=@e-0");
    len = 9;
    assert_int_equal(sse_subscriber_read(a.s, &byte, 1, &len), SSE_AGAIN);
    assert_int_equal(len, 0);
    len = 9;
    bytes = &v;
    assert_int_equal(sse_subscriber_peek(a.s, &bytes, &len), SSE_AGAIN);
    assert_null(bytes);
    assert_int_equal(len, 0);
    assert_int_equal(sse_subscriber_consume(a.s, 0), SSE_OK);
    end(state);
}

static void who_has_read_every_byte_is_returned_when_more_has_come(void **state)
{
    static char bytes[2000];
    size_t more, len, all;

    for (more = 0; more < 2; more++) { /* the memory is just filled, or is not */
        begin(READ);
        server_turn(&v);
        say(&v, "one");
        all = sse_history_get(v.history, 1, &(const void *){NULL}, &len) == SSE_OK ? len : 0;
        assert_non_null(sse_channel_next(&v.ch));
        assert_int_equal(sse_subscriber_read(a.s, bytes, all + more, &len), SSE_OK);
        assert_int_equal(len, all);
        assert_null(sse_channel_next(&v.ch));
        say(&v, "two");
        assert_ptr_equal(sse_channel_next(&v.ch), a.s);
        end(state);
    }
}

static void an_offer_is_frozen_until_it_is_consumed(void **state)
{
    static const uint64_t tags[] = {7};
    static const size_t parts[] = {1, 20, 10000};
    size_t chunked, p, i;

    for (chunked = 0; chunked < 2; chunked++) {
        for (p = 0; p < 3; p++) {
            const void *bytes, *again;
            char copy[CLIENT_QUEUE];
            size_t len, len_again, n;

            begin(PEEK + FACES * chunked);
            sse_subscriber_leave(a.s);
            a.flags = SSE_JOIN_GAPS;
            client_join(&a, &v, NULL);
            server_turn(&v);
            say(&v, "one");
            say(&v, "two");
            assert_int_equal(sse_subscriber_peek(a.s, &bytes, &len), SSE_OK);
            memcpy(copy, bytes, len);
            for (i = 0; i < 30; i++) { /* past the end of the history, and of intervals */
                client_send(&a, "p");
                say(&v, "later");
                server_tick(&v, 150);
                assert_null(sse_channel_next(&v.ch));
            }
            assert_int_equal(sse_subscriber_filter(a.s, tags, 1), SSE_OK);
            assert_int_equal(sse_subscriber_limits(a.s, 500, 0, 0), SSE_OK);
            assert_int_equal(sse_subscriber_consume(a.s, len + 1), SSE_E_ARG);
            assert_int_equal(sse_subscriber_peek(a.s, &again, &len_again), SSE_OK);
            assert_true(again == bytes && len_again == len);
            assert_memory_equal(again, copy, len);
            n = parts[p] < len ? parts[p] : len;
            a.limited = 1;
            a.budget = n;
            client_take(&a);
            a.limited = 0;
            client_take(&a);
            assert_non_null(strstr(heard_text(&a), "place=@e-0,one@e-1,two@e-2,"));
            end(state);
        }
    }
}

static void consume_of_nothing_lets_the_next_offer_be_longer(void **state)
{
    const void *bytes;
    size_t len, longer;

    begin(PEEK);
    server_turn(&v);
    say(&v, "one");
    assert_int_equal(sse_subscriber_peek(a.s, &bytes, &len), SSE_OK);
    say(&v, "two");
    client_send(&a, "p");
    assert_int_equal(sse_subscriber_consume(a.s, 0), SSE_OK);
    assert_int_equal(sse_subscriber_peek(a.s, &bytes, &longer), SSE_OK);
    assert_true(longer >= len);
    server_turn(&v);
    client_take(&a);
    heard(&a, "place=@e-0,one@e-1,two@e-2,private=p@e-2");
    end(state);
}

static void read_and_flush_take_what_was_offered(void **state)
{
    size_t chunked;
    int is_read;

    for (chunked = 0; chunked < 2; chunked++) {
        for (is_read = 0; is_read < 2; is_read++) {
            const void *bytes;
            size_t len;

            begin(FACES * chunked);
            say_stream();
            assert_int_equal(sse_subscriber_peek(a.s, &bytes, &len), SSE_OK);
            a.face = is_read ? READ : FLUSH;
            client_take(&a);
            heard(&a, STREAM);
            assert_int_equal(sse_subscriber_consume(a.s, 1), SSE_E_ARG);
            end(state);
        }
    }
}

static void an_event_that_is_longer_than_the_queue_goes_through_byte_for_byte(void **state)
{
    static const size_t lengths[] = {280, 500, 600, 1000, 3500};
    static const size_t parts[] = {0, 1, 7, 199, 400, 599};
    size_t way, i, k;

    for (way = 0; way < CLIENT_WAYS; way++) {
        for (i = 0; i < sizeof lengths / sizeof *lengths; i++) {
            for (k = 0; k < sizeof parts / sizeof *parts; k++) {
                const void *bytes;
                size_t len;

                begin(way);
                server_turn(&v);
                client_forget(&a);
                a.most = parts[k];
                say_long(&v, lengths[i]);
                client_take_some(&a, lengths[i] / 2);
                while (client_send(&a, "p") == SSE_AGAIN) /* its queue may be full of a piece */
                    client_take_some(&a, 100);
                client_take(&a);
                assert_int_equal(sse_history_get(v.history, 1, &bytes, &len), SSE_OK);
                assert_true(a.len > len && memcmp(a.bytes, bytes, len) == 0);
                assert_non_null(strstr(heard_text(&a), "@e-1,private=p@e-1"));
                end(state);
            }
        }
    }
}

static void bytes_come_before_the_end_and_never_with_it(void **state)
{
    size_t len = 9, all = 0;
    char bytes[7];

    begin(READ);
    a.keeps = 1;
    say_stream();
    sse_subscriber_close(a.s);
    while (sse_subscriber_read(a.s, bytes, sizeof bytes, &len) == SSE_OK)
        all += len;
    assert_int_equal(sse_subscriber_status(a.s), SSE_END);
    assert_in_range(all, 100, 300);
    assert_int_equal(sse_channel_count(&v.ch, SSE_COUNT_BYTES), all);
    assert_null(sse_channel_next(&v.ch));
    end(state);
}

#define TEST(name) cmocka_unit_test_teardown(name, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(any_lengths_that_are_taken_give_the_same_stream),
        TEST(the_ways_of_taking_can_change_at_any_byte),
        TEST(flush_copies_nothing_and_offers_many_events_at_once),
        TEST(flush_copies_the_rest_of_an_event_in_which_the_sink_stopped_and_no_more),
        TEST(a_sink_that_fails_closes_with_an_io_error),
        TEST(a_sink_that_would_block_may_have_taken_some),
        TEST(what_read_peek_and_consume_are_given_is_checked),
        TEST(who_has_read_every_byte_is_returned_when_more_has_come),
        TEST(an_offer_is_frozen_until_it_is_consumed),
        TEST(consume_of_nothing_lets_the_next_offer_be_longer),
        TEST(read_and_flush_take_what_was_offered),
        TEST(an_event_that_is_longer_than_the_queue_goes_through_byte_for_byte),
        TEST(bytes_come_before_the_end_and_never_with_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
