/* test_channel.c - joining, publishing, waking and counting. */
#include "fanout.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static hall h;
static client a, b;

static int setup(void **state)
{
    (void)state;
    memset(&a, 0, sizeof a);
    memset(&b, 0, sizeof b);
    hall_open(&h, 8, 1000, 0, 0);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    if (a.s)
        client_end(&a);
    if (b.s)
        client_end(&b);
    hall_close(&h);
    return 0;
}

static sse_counters counted(void)
{
    sse_counters out;

    assert_int_equal(sse_channel_counters(&h.ch, &out), SSE_OK);
    return out;
}

static void a_subscriber_is_small(void **state)
{
    (void)state;
    if (sizeof(void *) == 8)
        assert_in_range(sizeof(sse_subscriber), 1, 160);
    assert_int_equal(sse_subscriber_size(), sizeof(sse_subscriber));
    assert_int_equal(sse_join_size(), sizeof(sse_join));
    assert_int_equal(sse_channel_size(), sizeof(sse_channel));
    assert_int_equal(sse_counters_size(), sizeof(sse_counters));
    assert_int_equal(sse_published_size(), sizeof(sse_published));
}

static void init_refuses_what_is_no_log_and_no_beat(void **state)
{
    static uint64_t zero[SSE_REPLAY_WORDS(1, 64)];
    sse_event beat = {{NULL, 0}, {NULL, 0}, {NULL, 0}, {NULL, 0}, 0};
    sse_channel ch;

    (void)state;
    assert_int_equal(sse_channel_init(NULL, h.log, 0, NULL, 0), SSE_E_ARG);
    assert_int_equal(sse_channel_init(&ch, NULL, 0, NULL, 0), SSE_E_ARG);
    assert_int_equal(sse_channel_init(&ch, (sse_replay *)(void *)zero, 0, NULL, 0), SSE_E_ARG);
    assert_int_equal(sse_channel_init(&ch, h.log, 0, &beat, 0), SSE_E_ARG);
    beat.type = SSE_LIT("a\nb");
    assert_int_equal(sse_channel_init(&ch, h.log, 0, &beat, 0), SSE_E_FIELD);
    beat.type = SSE_LIT("ping");
    beat.id = SSE_LIT("1");
    assert_int_equal(sse_channel_init(&ch, h.log, 0, &beat, 0), SSE_E_ARG);
    beat.id.ptr = NULL;
    beat.id.len = 0;
    assert_int_equal(sse_channel_init(&ch, h.log, 0, &beat, 0), SSE_OK);
}

static void a_channel_that_is_null_or_zero_is_refused(void **state)
{
    const sse_event ev = {{NULL, 0}, {NULL, 0}, {NULL, 0}, SSE_LIT("x"), 0};
    sse_channel zero, *const channels[] = {NULL, &zero};
    sse_subscriber s;
    sse_join how;
    sse_published result;
    sse_counters counters;
    uint64_t wait_ms = 7;
    size_t i;

    (void)state;
    memset(&zero, 0, sizeof zero);
    memset(&how, 0, sizeof how);
    for (i = 0; i < 2; i++) {
        sse_channel *const ch = channels[i];

        memset(&result, 1, sizeof result);
        assert_int_equal(sse_channel_publish(ch, &ev, 0, 0, &result), SSE_E_ARG);
        assert_int_equal(result.number + result.woken + result.waiting + result.lagged, 0);
        assert_int_equal(sse_channel_fits(ch, 1), 0);
        assert_int_equal(sse_channel_flush(ch), SSE_E_ARG);
        assert_int_equal(sse_channel_tick(ch, 1), SSE_E_ARG);
        assert_int_equal(sse_channel_wait(ch, &wait_ms), SSE_E_ARG);
        assert_true(wait_ms == UINT64_MAX);
        assert_int_equal(sse_channel_drain(ch, NULL, 1, 1, 1), SSE_E_ARG);
        assert_int_equal(sse_channel_counters(ch, &counters), SSE_E_ARG);
        assert_int_equal(sse_channel_join(ch, &s, &how, NULL, 0), SSE_E_ARG);
    }
}

static void join_refuses_what_cannot_be_served(void **state)
{
    size_t words[SSE_WRITER_WORDS(SSE_SUBSCRIBER_QUEUE_MIN)], zero[20] = {0};
    const size_t size = SSE_WRITER_OVERHEAD + SSE_SUBSCRIBER_QUEUE_MIN;
    sse_subscriber s;
    sse_join how;

    (void)state;
    memset(&how, 0, sizeof how);
    assert_int_equal(sse_channel_join(&h.ch, &s, &how, NULL, 0), SSE_E_ARG);
    how.writer = (sse_writer *)(void *)zero;
    assert_int_equal(sse_channel_join(&h.ch, &s, &how, NULL, 0), SSE_E_ARG);
    how.writer = sse_writer_init(words, size - 1, 0);
    assert_int_equal(sse_channel_join(&h.ch, &s, &how, NULL, 0), SSE_E_ARG);
    how.writer = sse_writer_init(words, size, SSE_CHUNKED);
    assert_int_equal(sse_channel_join(&h.ch, &s, &how, NULL, 0), SSE_E_ARG);
    how.writer = sse_writer_init(words, size, 0);
    assert_int_equal(sse_channel_join(&h.ch, NULL, &how, NULL, 0), SSE_E_ARG);
    assert_int_equal(sse_channel_join(&h.ch, &s, NULL, NULL, 0), SSE_E_ARG);
    how.flags = 16;
    assert_int_equal(sse_channel_join(&h.ch, &s, &how, NULL, 0), SSE_E_ARG);
    how.flags = 0;
    assert_int_equal(counted().joined, 0);
    assert_int_equal(sse_channel_join(&h.ch, &s, &how, NULL, 0), SSE_OK);
    assert_int_equal(sse_subscriber_leave(&s), SSE_OK);
    assert_int_equal(sse_subscriber_leave(&s), SSE_E_STATE);
}

static void a_new_client_begins_with_what_comes(void **state)
{
    (void)state;
    say(&h, "old");
    assert_int_equal(client_join(&a, &h, NULL), SSE_OK);
    b.flags = SSE_FROM_LOG;
    assert_int_equal(client_join(&b, &h, NULL), SSE_OK);
    say(&h, "new");
    assert_int_equal(client_pull(&a), SSE_AGAIN);
    assert_int_equal(client_pull(&b), SSE_AGAIN);
    heard(&a, "new@e-2");
    heard(&b, "old@e-1,new@e-2");
}

static void a_snapshot_is_the_newest_of_each_key_and_then_live(void **state)
{
    (void)state;
    say_to(&h, 0, 1, "a1");
    say_to(&h, 0, 2, "b1");
    say_to(&h, 0, 0, "free");
    say_to(&h, 0, 1, "a2");
    say_to(&h, 5, 1, "other tag");
    a.flags = SSE_COALESCE | SSE_FROM_LOG;
    assert_int_equal(client_join(&a, &h, NULL), SSE_OK);
    client_pull(&a);
    heard(&a, "b1@e-2,free@e-3,a2@e-4,other tag@e-5");
    say_to(&h, 0, 1, "a3");
    say_to(&h, 0, 1, "a4");
    client_pull(&a);
    heard(&a, "b1@e-2,free@e-3,a2@e-4,other tag@e-5,a4@e-7");
}

static void publish_wakes_once_after_each_again(void **state)
{
    sse_published result;

    (void)state;
    client_join(&a, &h, NULL);
    result = say(&h, "1"); /* it has not said SSE_AGAIN yet */
    assert_int_equal(a.wakes, 0);
    assert_int_equal(result.number, 1);
    assert_int_equal(result.woken, 0);
    assert_int_equal(result.waiting, 1);
    assert_int_equal(client_pull(&a), SSE_AGAIN);
    assert_int_equal(client_pull(&a), SSE_AGAIN);
    result = say(&h, "2");
    assert_int_equal(a.wakes, 1);
    assert_int_equal(result.woken, 1);
    assert_int_equal(result.waiting, 0);
    result = say(&h, "3");
    assert_int_equal(a.wakes, 1);
    assert_int_equal(result.woken, 0);
    assert_int_equal(result.waiting, 1);
    assert_int_equal(client_tell(&a, "p"), SSE_OK);
    assert_int_equal(a.wakes, 1);
    assert_int_equal(client_pull(&a), SSE_AGAIN);
    assert_int_equal(client_tell(&a, "q"), SSE_OK);
    assert_int_equal(a.wakes, 2);
    heard(&a, "1@e-1,2@e-2,3@e-3,private=p@e-3");
}

static void publish_does_no_io_and_flush_does(void **state)
{
    (void)state;
    a.pushes = 1;
    client_join(&a, &h, NULL);
    assert_int_equal(sse_channel_flush(&h.ch), SSE_OK);
    say(&h, "1");
    say(&h, "2");
    assert_int_equal(a.sunk, 0);
    assert_int_equal(a.wakes, 1);
    assert_int_equal(sse_channel_flush(&h.ch), SSE_OK);
    assert_int_equal(a.sunk, 1); /* what came together leaves together */
    heard(&a, "1@e-1,2@e-2");
    assert_int_equal(sse_channel_flush(&h.ch), SSE_OK);
    assert_int_equal(a.sunk, 1);
}

static void who_is_blocked_is_left_alone_until_it_can_take_more(void **state)
{
    (void)state;
    a.pushes = a.limited = 1;
    a.budget = 5;
    client_join(&a, &h, NULL);
    say(&h, "1");
    sse_channel_flush(&h.ch);
    a.sunk = 0;
    a.budget = 1000;
    assert_int_equal(say(&h, "2").waiting, 1);
    sse_channel_flush(&h.ch);
    assert_int_equal(a.sunk, 0);
    assert_int_equal(a.wakes, 0);
    assert_int_equal(sse_subscriber_flush(a.s), SSE_OK);
    heard(&a, "1@e-1,2@e-2");
}

static void what_cannot_be_published_changes_nothing(void **state)
{
    sse_event ev = {{NULL, 0}, {NULL, 0}, {NULL, 0}, {NULL, 0}, 0};
    static char large[2000];
    sse_published result;

    (void)state;
    client_join(&a, &h, NULL);
    client_pull(&a);
    assert_int_equal(sse_channel_publish(&h.ch, &ev, 0, 0, &result), SSE_E_ARG);
    ev.data.ptr = large;
    ev.data.len = sizeof large;
    assert_int_equal(sse_channel_publish(&h.ch, &ev, 0, 0, &result), SSE_E_TOOBIG);
    ev.data.len = 1;
    ev.type = SSE_LIT("a\nb");
    assert_int_equal(sse_channel_publish(&h.ch, &ev, 0, 0, NULL), SSE_E_FIELD);
    ev.type = SSE_LIT("a");
    ev.id = SSE_LIT("mine");
    memset(&result, 1, sizeof result);
    assert_int_equal(sse_channel_publish(&h.ch, &ev, 0, 0, &result), SSE_E_ARG);
    assert_int_equal(result.number + result.woken + result.waiting + result.lagged, 0);
    assert_int_equal(counted().events, 0);
    assert_int_equal(a.wakes, 0);
    assert_int_equal(sse_replay_end(h.log), 1);
}

static void fits_tells_whether_someone_would_lose_an_event(void **state)
{
    int i;

    (void)state;
    assert_int_equal(sse_channel_fits(&h.ch, 10), 1);
    assert_int_equal(sse_channel_fits(&h.ch, 100000), 0);
    client_join(&a, &h, NULL);
    for (i = 0; i < 8; i++) {
        assert_int_equal(sse_channel_fits(&h.ch, 10), 1);
        say(&h, "x");
    }
    assert_int_equal(sse_channel_fits(&h.ch, 10), 0);
    client_pull(&a);
    assert_int_equal(sse_channel_fits(&h.ch, 10), 1);
    assert_int_equal(say(&h, "x").lagged, 0);
    assert_int_equal(counted().lagged, 0);
}

static void the_counters_count(void **state)
{
    sse_counters now;

    (void)state;
    client_join(&a, &h, NULL);
    b.flags = SSE_SKIP;
    assert_int_equal(client_join(&b, &h, "f-1"), SSE_GAP);
    client_pull(&a);
    say(&h, "1");
    client_pull(&a);
    now = counted();
    assert_int_equal(now.subscribers, 2);
    assert_int_equal(now.joined, 2);
    assert_int_equal(now.missed, 1);
    assert_int_equal(now.resumed, 0);
    assert_int_equal(now.events, 1);
    assert_int_equal(now.bytes, strlen("id: e-1\ndata: 1\n\n"));
    assert_int_equal(now.delivered, now.bytes);
    assert_int_equal(now.woken, 1);
    assert_int_equal(now.gaps, 0); /* not told yet */
    client_pull(&b);
    assert_int_equal(counted().gaps, 1);
    assert_int_equal(counted().delivered, a.len + b.len);
    client_end(&b);
    now = counted();
    assert_int_equal(now.subscribers, 1);
    assert_int_equal(now.closed, 0); /* it left of its own accord */
    assert_int_equal(client_join(memset(&b, 0, sizeof b), &h, "e-1"), SSE_OK);
    assert_int_equal(counted().resumed, 1);
    assert_int_equal(sse_channel_counters(&h.ch, NULL), SSE_E_ARG);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_subscriber_is_small),
        TEST(init_refuses_what_is_no_log_and_no_beat),
        TEST(a_channel_that_is_null_or_zero_is_refused),
        TEST(join_refuses_what_cannot_be_served),
        TEST(a_new_client_begins_with_what_comes),
        TEST(a_snapshot_is_the_newest_of_each_key_and_then_live),
        TEST(publish_wakes_once_after_each_again),
        TEST(publish_does_no_io_and_flush_does),
        TEST(who_is_blocked_is_left_alone_until_it_can_take_more),
        TEST(what_cannot_be_published_changes_nothing),
        TEST(fits_tells_whether_someone_would_lose_an_event),
        TEST(the_counters_count),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
