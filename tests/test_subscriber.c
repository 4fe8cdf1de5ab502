/* test_subscriber.c - how one client is served: the offer, private events, the ends of a stream. */
#include "fanout.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static const uint32_t modes[] = {0, SSE_STAGED};

static hall h;
static client a;

/* Begin with one client of a hall. */
static void begin(uint32_t framing, int pushes, uint32_t flags, uint32_t heartbeat_ms)
{
    memset(&a, 0, sizeof a);
    a.pushes = pushes;
    a.flags = flags;
    hall_open(&h, 16, 3000, framing, heartbeat_ms);
    assert_int_equal(client_join(&a, &h, NULL), SSE_OK);
}

static void end(void)
{
    if (a.s)
        client_end(&a);
    hall_close(&h);
}

static void an_offer_is_frozen_until_consume(void **state)
{
    const void *bytes, *again;
    size_t i, len, len_again;
    char copy[200];

    (void)state;
    for (i = 0; i < 2; i++) {
        begin(0, 0, modes[i], 0);
        assert_int_equal(sse_subscriber_peek(a.s, &bytes, &len), SSE_AGAIN);
        assert_null(bytes);
        assert_int_equal(len, 0);
        say(&h, "one");
        assert_int_equal(sse_subscriber_peek(a.s, &bytes, &len), SSE_OK);
        memcpy(copy, bytes, len);
        say(&h, "two");
        client_tell(&a, "p");
        assert_int_equal(sse_subscriber_peek(a.s, &again, &len_again), SSE_OK);
        assert_ptr_equal(again, bytes);
        assert_int_equal(len_again, len);
        assert_memory_equal(again, copy, len);
        assert_int_equal(sse_subscriber_consume(a.s, len + 1), SSE_E_ARG);
        assert_int_equal(sse_subscriber_consume(a.s, 0), SSE_OK);
        client_pull(&a);
        heard(&a, "one@e-1,two@e-2,private=p@e-2");
        end();
    }
}

static void any_sequence_of_accepted_lengths_gives_the_same_stream(void **state)
{
    size_t i, n;

    (void)state;
    for (i = 0; i < 8; i++) {
        for (n = 1; n < 60; n++) {
            begin(i & 1 ? SSE_CHUNKED : 0, (i & 2) != 0, modes[i / 4], 0);
            a.most = n;
            say(&h, "one");
            say(&h, "two");
            client_tell(&a, "p");
            client_tell(&a, "q");
            if (a.pushes)
                assert_int_equal(sse_subscriber_flush(a.s), SSE_OK);
            else
                while (client_read(&a, n) == SSE_OK)
                    ;
            heard(&a, "one@e-1,two@e-2,private=p@e-2,private=q@e-2");
            end();
        }
    }
}

static void a_private_event_is_never_inside_another_one(void **state)
{
    size_t i, cut;

    (void)state;
    for (i = 0; i < 4; i++) {
        for (cut = 1; cut < 45; cut++) {
            begin(i & 1 ? SSE_CHUNKED : 0, 0, modes[i / 2], 0);
            say(&h, "one");
            say(&h, "two");
            client_read(&a, cut);
            assert_int_equal(client_tell(&a, "p"), SSE_OK);
            say(&h, "three");
            client_pull(&a);
            heard(&a, "one@e-1,two@e-2,private=p@e-2,three@e-3");
            end();
        }
    }
}

static void the_response_head_goes_first(void **state)
{
    static const char head[] = "HTTP/1.1 200 OK\r\n\r\n";
    size_t i;

    (void)state;
    for (i = 0; i < 4; i++) {
        size_t words[SSE_WRITER_WORDS(300)];
        sse_subscriber s;
        sse_join how;
        char copy[100];
        size_t len;

        memset(&how, 0, sizeof how);
        hall_open(&h, 8, 1000, 0, 0);
        say(&h, "old");
        how.flags = SSE_FROM_LOG | modes[i & 1];
        how.writer = sse_writer_init(words, sizeof words, 0);
        assert_int_equal(sse_writer_raw(how.writer, head, strlen(head)), SSE_OK);
        assert_int_equal(sse_channel_join(&h.ch, &s, &how, i & 2 ? "f-1" : NULL, i & 2 ? 3 : 0),
                         i & 2 ? SSE_GAP : SSE_OK);
        assert_int_equal(sse_subscriber_read(&s, copy, strlen(head), &len), SSE_OK);
        assert_int_equal(len, strlen(head));
        assert_memory_equal(copy, head, len);
        assert_int_equal(sse_subscriber_leave(&s), SSE_OK);
        hall_close(&h);
    }
}

static void a_private_event_may_lack_room(void **state)
{
    static char text[CLIENT_QUEUE];
    size_t i;

    (void)state;
    memset(text, 'x', 400);
    for (i = 0; i < 2; i++) {
        begin(0, 0, modes[i], 0);
        assert_int_equal(client_tell(&a, text), SSE_OK);
        assert_int_equal(client_tell(&a, text), SSE_AGAIN);
        client_pull(&a);
        assert_int_equal(client_tell(&a, text), SSE_OK);
        memset(text + 400, 'x', sizeof text - 401);
        assert_int_equal(client_tell(&a, text), SSE_E_TOOBIG);
        text[400] = '\0';
        assert_int_equal(sse_subscriber_close(a.s), SSE_OK);
        assert_int_equal(client_tell(&a, "late"), SSE_E_STATE);
        end();
    }
}

static void a_private_event_has_no_id_where_ids_are_automatic(void **state)
{
    const sse_event ev = {{NULL, 0}, SSE_LIT("7"), {NULL, 0}, SSE_LIT("x"), 0};

    (void)state;
    begin(0, 0, 0, 0);
    assert_int_equal(sse_subscriber_send(a.s, &ev), SSE_E_ARG);
    assert_int_equal(client_pull(&a), SSE_AGAIN);
    end();
}

static void staged_and_backed_up_a_private_event_waits(void **state)
{
    static char text[301];

    (void)state;
    memset(text, 'x', 300);
    begin(0, 0, SSE_STAGED, 0);
    say(&h, text);
    say(&h, text);
    say(&h, "last");
    assert_int_equal(client_tell(&a, "p"), SSE_AGAIN);
    client_pull(&a);
    assert_int_equal(client_tell(&a, "p"), SSE_OK);
    client_pull(&a);
    assert_non_null(strstr(a.bytes, "data: last\n\nevent: private"));
    end();
}

static void close_ends_the_stream_behind_all_that_was_published(void **state)
{
    size_t i;

    (void)state;
    for (i = 0; i < 8; i++) {
        begin(i & 1 ? SSE_CHUNKED : 0, (i & 2) != 0, modes[i / 4], 0);
        say(&h, "one");
        client_tell(&a, "p");
        assert_int_equal(sse_subscriber_close(a.s), SSE_OK);
        assert_int_equal(sse_subscriber_close(a.s), SSE_OK);
        say(&h, "late");
        if (a.pushes)
            assert_int_equal(sse_subscriber_flush(a.s), SSE_END);
        else
            assert_int_equal(client_pull(&a), SSE_END);
        assert_int_equal(a.closes, 1);
        assert_int_equal(a.reason, SSE_END);
        heard(&a, "one@e-1,private=p@e-1");
        if (i & 1)
            assert_memory_equal(a.bytes + a.len - 7, "\r\n0\r\n\r\n", 7);
        end();
    }
}

static void close_wakes_who_is_drained(void **state)
{
    (void)state;
    begin(0, 0, 0, 0);
    client_pull(&a);
    assert_int_equal(sse_subscriber_close(a.s), SSE_OK);
    assert_int_equal(a.wakes, 1);
    assert_int_equal(client_pull(&a), SSE_END);
    end();
}

static void leave_closes_at_once(void **state)
{
    (void)state;
    begin(0, 0, 0, 0);
    say(&h, "one");
    client_read(&a, 3);
    client_end(&a);
    assert_int_equal(a.reason, SSE_OK);
    assert_int_equal(say(&h, "two").waiting, 0);
    end();
}

static void a_sink_that_fails_closes(void **state)
{
    sse_counters now;

    (void)state;
    begin(0, 1, 0, 0);
    a.fails = 1;
    say(&h, "one");
    assert_int_equal(sse_subscriber_flush(a.s), SSE_E_IO);
    assert_int_equal(a.reason, SSE_E_IO);
    sse_channel_counters(&h.ch, &now);
    assert_int_equal(now.closed, 1);
    assert_int_equal(now.subscribers, 0);
    end();
}

/* What a sink says that fails: a status, or how much it took. */
typedef struct answer {
    int status;
    size_t more;
} answer;

static int answer_sink(void *user, const void *bytes, size_t len, size_t *taken)
{
    const answer *const says = user;

    (void)bytes;
    *taken = len + says->more;
    return says->status;
}

static void a_sink_that_says_what_no_sink_says_has_failed(void **state)
{
    answer answers[] = {{SSE_END, 0}, {SSE_GAP, 0}, {SSE_OK, 1}, {SSE_AGAIN, 1}};
    size_t words[SSE_WRITER_WORDS(300)];
    sse_subscriber s;
    sse_join how;
    size_t i;

    (void)state;
    for (i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        memset(&how, 0, sizeof how);
        hall_open(&h, 8, 1000, 0, 0);
        how.writer = sse_writer_init(words, sizeof words, 0);
        how.sink = answer_sink;
        how.user = &answers[i];
        assert_int_equal(sse_channel_join(&h.ch, &s, &how, NULL, 0), SSE_OK);
        say(&h, "one");
        assert_int_equal(sse_subscriber_flush(&s), SSE_E_IO);
        assert_int_equal(sse_subscriber_leave(&s), SSE_E_STATE);
        hall_close(&h);
    }
}

static void without_callbacks_a_subscriber_is_served_all_the_same(void **state)
{
    static const char want[] = "id: e-1\ndata: one\n\n";
    size_t words[SSE_WRITER_WORDS(300)];
    char bytes[100];
    sse_subscriber s;
    sse_join how;
    size_t len;

    (void)state;
    memset(&how, 0, sizeof how);
    hall_open(&h, 8, 1000, 0, 0);
    how.writer = sse_writer_init(words, sizeof words, 0);
    assert_int_equal(sse_channel_join(&h.ch, &s, &how, NULL, 0), SSE_OK);
    assert_int_equal(sse_subscriber_read(&s, bytes, sizeof bytes, &len), SSE_AGAIN);
    assert_int_equal(say(&h, "one").woken, 1);
    assert_int_equal(sse_subscriber_read(&s, bytes, sizeof bytes, &len), SSE_OK);
    assert_int_equal(len, sizeof want - 1);
    assert_memory_equal(bytes, want, len);
    assert_int_equal(sse_subscriber_close(&s), SSE_OK);
    assert_int_equal(sse_subscriber_read(&s, bytes, sizeof bytes, &len), SSE_END);
    assert_int_equal(sse_subscriber_leave(&s), SSE_E_STATE);
    hall_close(&h);
}

static void what_is_no_subscriber_is_refused(void **state)
{
    const sse_event ev = {{NULL, 0}, {NULL, 0}, {NULL, 0}, SSE_LIT("x"), 0};
    sse_subscriber zero, *const none[] = {NULL, &zero};
    const void *bytes;
    char byte;
    size_t i;

    (void)state;
    memset(&zero, 0, sizeof zero);
    for (i = 0; i < 2; i++) {
        size_t offered = 99, len = 99;

        bytes = &byte;
        assert_int_equal(sse_subscriber_peek(none[i], &bytes, &offered), SSE_E_ARG);
        assert_null(bytes);
        assert_int_equal(offered, 0);
        assert_int_equal(sse_subscriber_consume(none[i], 0), SSE_E_ARG);
        assert_int_equal(sse_subscriber_read(none[i], &byte, 1, &len), SSE_E_ARG);
        assert_int_equal(len, 0);
        assert_int_equal(sse_subscriber_flush(none[i]), SSE_E_ARG);
        assert_int_equal(sse_subscriber_send(none[i], &ev), SSE_E_ARG);
        assert_int_equal(sse_subscriber_close(none[i]), SSE_E_ARG);
        assert_int_equal(sse_subscriber_leave(none[i]), none[i] ? SSE_E_STATE : SSE_E_ARG);
    }
}

static void staged_with_a_writer_that_takes_nothing_is_closed(void **state)
{
    (void)state;
    begin(0, 0, SSE_STAGED, 0);
    assert_int_equal(sse_writer_close(a.w), SSE_OK);
    say(&h, "one");
    assert_int_equal(client_pull(&a), SSE_E_STATE);
    assert_int_equal(a.closes, 1);
    assert_int_equal(a.reason, SSE_E_STATE);
    heard(&a, "");
    end();
}

static void staged_an_event_past_the_writer_closes(void **state)
{
    static char text[CLIENT_QUEUE + 1];

    (void)state;
    memset(text, 'x', CLIENT_QUEUE);
    begin(0, 0, SSE_STAGED, 0);
    say(&h, "one");
    say(&h, text);
    assert_int_equal(client_pull(&a), SSE_E_TOOBIG);
    assert_int_equal(a.reason, SSE_E_TOOBIG);
    heard(&a, "one@e-1");
    end();
}

static void heartbeats_come_only_to_who_is_drained(void **state)
{
    size_t i;

    (void)state;
    for (i = 0; i < 2; i++) {
        begin(0, 0, modes[i], 100);
        say(&h, "one");
        sse_channel_tick(&h.ch, 5000); /* it has bytes to take */
        client_pull(&a);
        heard_comments(&a, 0);
        sse_channel_tick(&h.ch, 5099);
        assert_int_equal(client_pull(&a), SSE_AGAIN);
        heard_comments(&a, 0);
        sse_channel_tick(&h.ch, 5100);
        assert_int_equal(a.wakes, 1);
        client_pull(&a);
        heard_comments(&a, 1);
        heard(&a, "one@e-1");
        end();
    }
}

static void flush_needs_a_sink(void **state)
{
    (void)state;
    begin(0, 0, 0, 0);
    assert_int_equal(sse_subscriber_flush(a.s), SSE_E_STATE);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_offer_is_frozen_until_consume),
        cmocka_unit_test(any_sequence_of_accepted_lengths_gives_the_same_stream),
        cmocka_unit_test(a_private_event_is_never_inside_another_one),
        cmocka_unit_test(the_response_head_goes_first),
        cmocka_unit_test(a_private_event_may_lack_room),
        cmocka_unit_test(a_private_event_has_no_id_where_ids_are_automatic),
        cmocka_unit_test(staged_and_backed_up_a_private_event_waits),
        cmocka_unit_test(close_ends_the_stream_behind_all_that_was_published),
        cmocka_unit_test(close_wakes_who_is_drained),
        cmocka_unit_test(leave_closes_at_once),
        cmocka_unit_test(a_sink_that_fails_closes),
        cmocka_unit_test(a_sink_that_says_what_no_sink_says_has_failed),
        cmocka_unit_test(without_callbacks_a_subscriber_is_served_all_the_same),
        cmocka_unit_test(what_is_no_subscriber_is_refused),
        cmocka_unit_test(staged_with_a_writer_that_takes_nothing_is_closed),
        cmocka_unit_test(staged_an_event_past_the_writer_closes),
        cmocka_unit_test(heartbeats_come_only_to_who_is_drained),
        cmocka_unit_test(flush_needs_a_sink),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
