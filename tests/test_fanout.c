/* test_fanout.c - the contract of channels and subscribers, case by case. */
#include "listener.h"
#include "parsed.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static station st;
static listener a, b;

static int begin(void **state)
{
    (void)state;
    station_init(&st, 100, 4096, 0, 0);
    return 0;
}

static int end(void **state)
{
    (void)state;
    listener_free(&a);
    listener_free(&b);
    station_free(&st);
    return 0;
}

#define in_station(name) cmocka_unit_test_setup_teardown(name, begin, end)

static void publish(sse_published *result)
{
    assert_int_equal(station_publish(&st, 0, 0, 10, result), SSE_OK);
}

static void join(listener *l, int pulls, uint32_t flags)
{
    assert_int_equal(listener_join(l, &st, pulls, flags, -1, 0, 0), SSE_OK);
    listener_take(l, 1000, 100000);
}

static void got(const listener *l, const char *text)
{
    const sse_str bytes = {l->bytes, l->len};
    const sse_str want = {text, strlen(text)};

    assert_same_text(bytes, want);
}

static void begins(const listener *l, const char *text)
{
    assert_true(l->len >= strlen(text));
    assert_memory_equal(l->bytes, text, strlen(text));
}

static sse_counters counters(void)
{
    sse_counters n;

    assert_int_equal(sse_channel_counters(&st.channel, &n), SSE_OK);
    return n;
}

static void a_subscriber_takes_at_most_160_bytes(void **state)
{
    (void)state;
    assert_in_range(sse_subscriber_size(), 1, 160);
    assert_int_equal(sse_subscriber_size(), sizeof(sse_subscriber));
    assert_int_equal(sse_join_size(), sizeof(sse_join));
    assert_int_equal(sse_channel_size(), sizeof(sse_channel));
    assert_int_equal(sse_counters_size(), sizeof(sse_counters));
    assert_int_equal(sse_published_size(), sizeof(sse_published));
}

static void what_is_no_channel_is_refused(void **state)
{
    static sse_channel none;
    static const sse_event with_id = {.id = {"1", 1}, .data = {"", 0}};
    static const sse_event bad = {.type = {"\n", 1}};
    sse_counters n;
    uint64_t wait_ms = 0;
    const sse_event ev = {.data = {"", 0}};

    (void)state;
    assert_int_equal(sse_channel_init(NULL, st.log, 0, NULL, 0), SSE_E_ARG);
    assert_int_equal(sse_channel_init(&none, NULL, 0, NULL, 0), SSE_E_ARG);
    assert_int_equal(sse_channel_init(&none, st.log, 0, &with_id, 0), SSE_E_ARG);
    assert_int_equal(sse_channel_init(&none, st.log, 0, &bad, 0), SSE_E_FIELD);
    assert_int_equal(sse_channel_publish(&none, &ev, 0, 0, NULL), SSE_E_ARG);
    assert_int_equal(sse_channel_flush(&none), SSE_E_ARG);
    assert_int_equal(sse_channel_tick(&none, 0), SSE_E_ARG);
    assert_int_equal(sse_channel_wait(&none, &wait_ms), SSE_E_ARG);
    assert_true(wait_ms == UINT64_MAX);
    assert_int_equal(sse_channel_drain(&none, NULL, 0, 0, 0), SSE_E_ARG);
    assert_int_equal(sse_channel_counters(&none, &n), SSE_E_ARG);
    assert_int_equal(sse_channel_counters(&st.channel, NULL), SSE_E_ARG);
    assert_int_equal(sse_channel_fits(&none, 1), 0);
}

static void who_cannot_be_served_cannot_join(void **state)
{
    size_t small[SSE_WRITER_WORDS(SSE_SUBSCRIBER_QUEUE_MIN - 8)], fit[SSE_WRITER_WORDS(256)];
    sse_join how = {.writer = sse_writer_init(small, sizeof small, 0)};
    sse_subscriber s;

    (void)state;
    assert_int_equal(sse_channel_join(&st.channel, &s, &how, NULL, 0), SSE_E_ARG);
    how.writer = sse_writer_init(fit, sizeof fit, SSE_CHUNKED);
    assert_int_equal(sse_channel_join(&st.channel, &s, &how, NULL, 0), SSE_E_ARG);
    how.writer = NULL;
    assert_int_equal(sse_channel_join(&st.channel, &s, &how, NULL, 0), SSE_E_ARG);
    how.writer = sse_writer_init(fit, sizeof fit, 0);
    how.flags = 16;
    assert_int_equal(sse_channel_join(&st.channel, &s, &how, NULL, 0), SSE_E_ARG);
    how.flags = 0;
    assert_int_equal(sse_channel_join(&st.channel, &s, &how, NULL, 1), SSE_E_ARG);
    assert_int_equal(sse_channel_join(&st.channel, NULL, &how, NULL, 0), SSE_E_ARG);
    assert_int_equal(sse_channel_join(&st.channel, &s, NULL, NULL, 0), SSE_E_ARG);
    assert_int_equal(sse_channel_join(&st.channel, &s, &how, NULL, 0), SSE_OK);
    assert_int_equal(sse_subscriber_leave(&s), SSE_OK);
    assert_int_equal(sse_subscriber_leave(&s), SSE_E_STATE);
    assert_int_equal(sse_subscriber_leave(NULL), SSE_E_ARG);
    assert_int_equal(sse_subscriber_flush(&s), SSE_E_ARG);
}

static void publishing_does_no_io_and_tells_what_came_of_it(void **state)
{
    sse_published result;

    (void)state;
    join(&a, 0, 0);
    join(&b, 1, 0);
    publish(&result);
    assert_int_equal(result.number, 1);
    assert_int_equal(result.woken, 2);
    assert_int_equal(result.waiting, 0);
    assert_int_equal(a.len + b.len, 0);
    publish(&result);
    assert_int_equal(result.woken, 0);
    assert_int_equal(result.waiting, 2);
    listener_take(&b, 1000, 1000);
    publish(&result);
    assert_int_equal(result.woken, 1);
    assert_int_equal(result.waiting, 1);
    assert_int_equal(counters().woken, 3);
    assert_int_equal(counters().events, 3);
}

static void what_is_refused_is_not_published(void **state)
{
    const sse_event bad = {.type = {"a\nb", 3}};
    sse_published result = {9, 9, 9, 9, 9};

    (void)state;
    join(&a, 0, 0);
    assert_int_equal(sse_channel_publish(&st.channel, &bad, 0, 0, &result), SSE_E_FIELD);
    assert_int_equal(result.number + result.woken + result.waiting + result.closed, 0);
    assert_int_equal(counters().events, 0);
    assert_int_equal(a.woken, 0);
}

static void a_wake_comes_once_for_each_time_that_nothing_was_left(void **state)
{
    (void)state;
    join(&a, 1, 0);
    publish(NULL);
    publish(NULL);
    assert_int_equal(a.woken, 1);
    listener_take(&a, 10, 5); /* some */
    publish(NULL);
    assert_int_equal(a.woken, 1);
    listener_take(&a, 1000, 1000); /* all */
    assert_int_equal(a.woken, 0);
    publish(NULL);
    assert_int_equal(a.woken, 1);
}

static void a_flush_reaches_each_that_is_awake_and_none_that_is_blocked(void **state)
{
    (void)state;
    join(&a, 0, 0);
    join(&b, 0, 0);
    publish(NULL);
    a.most = b.most = 1000;
    a.budget = 10;
    b.budget = 1000;
    sse_channel_flush(&st.channel);
    assert_int_equal(a.len, 10);
    got(&b, "id: e-1\ndata: 1:bbbbbbbbbb\n\n");
    a.budget = 1000; /* nobody has said that it can take more */
    publish(NULL);
    sse_channel_flush(&st.channel);
    assert_int_equal(a.len, 10);
    assert_int_equal(sse_subscriber_flush(&a.s), SSE_OK);
    assert_int_equal(a.len, b.len);
    listener_check(&a, 1);
}

static void the_bytes_of_a_delivery_are_those_in_the_log(void **state)
{
    const void *one, *other;
    size_t len;

    (void)state;
    join(&a, 1, 0);
    join(&b, 1, 0);
    publish(NULL);
    assert_int_equal(sse_subscriber_peek(&a.s, &one, &len), SSE_OK);
    assert_int_equal(sse_subscriber_peek(&b.s, &other, &len), SSE_OK);
    assert_ptr_equal(one, other); /* copied never */
    assert_in_range((uintptr_t)one, (uintptr_t)st.memory, (uintptr_t)st.memory + 100 * 80 + 4096);
    assert_int_equal(len, 28);
}

static void an_offer_is_frozen_until_it_is_consumed(void **state)
{
    const void *bytes, *again;
    size_t len, len_again;

    (void)state;
    join(&a, 1, 0);
    publish(NULL);
    assert_int_equal(sse_subscriber_peek(&a.s, &bytes, &len), SSE_OK);
    publish(NULL);
    listener_send(&a);
    assert_int_equal(sse_subscriber_peek(&a.s, &again, &len_again), SSE_OK);
    assert_ptr_equal(bytes, again);
    assert_int_equal(len, len_again);
    assert_int_equal(sse_subscriber_consume(&a.s, len + 1), SSE_E_ARG);
    assert_int_equal(sse_subscriber_consume(&a.s, 0), SSE_OK);
    assert_int_equal(sse_subscriber_peek(&a.s, &again, &len_again), SSE_OK);
    assert_int_equal(len_again, 2 * len);
    listener_take(&a, 1000, 1000);
    listener_check(&a, 1);
}

static void a_private_event_comes_behind_what_was_published_before(void **state)
{
    (void)state;
    join(&a, 0, 0);
    publish(NULL);
    listener_send(&a);
    publish(NULL);
    listener_take(&a, 1000, 1000);
    got(&a, "id: e-1\ndata: 1:bbbbbbbbbb\n\n"
            "event: private\ndata: 0\n\n"
            "id: e-2\ndata: 2:cccccccccc\n\n");
    assert_int_equal(counters().delivered, a.len);
}

static void a_private_event_waits_behind_the_log_while_the_head_goes_first(void **state)
{
    size_t memory[SSE_WRITER_WORDS(256)];
    sse_join how = {.writer = sse_writer_init(memory, sizeof memory, 0), .flags = SSE_FROM_LOG};
    static const sse_event private = {.data = {"p", 1}};
    static const char want[] = "HEAD\r\n\r\nid: e-1\ndata: 1:bbbbbbbbbb\n\ndata: p\n\n";
    char bytes[100];
    sse_subscriber s;
    size_t len = 0, n;

    (void)state;
    publish(NULL);
    sse_writer_raw(how.writer, "HEAD\r\n\r\n", 8);
    assert_int_equal(sse_channel_join(&st.channel, &s, &how, NULL, 0), SSE_OK);
    assert_int_equal(sse_subscriber_send(&s, &private), SSE_OK);
    while (sse_subscriber_read(&s, bytes + len, sizeof bytes - len, &n) == SSE_OK)
        len += n;
    assert_int_equal(len, sizeof want - 1);
    assert_memory_equal(bytes, want, len);
    assert_int_equal(sse_subscriber_leave(&s), SSE_OK);
}

static void who_comes_back_and_does_not_read_is_noticed_to_lag(void **state)
{
    sse_published result;
    int i;

    (void)state;
    for (i = 0; i < 150; i++)
        publish(NULL);
    assert_int_equal(listener_join(&a, &st, 1, 0, -1, 0, 51), SSE_OK);
    publish(&result);
    assert_int_equal(result.lagged, 0);
    publish(&result);
    assert_int_equal(result.lagged, 1);
    assert_int_equal(result.closed, 1);
    assert_int_equal(a.reason, SSE_GAP);
}

static void a_gap_names_no_id_of_another_incarnation(void **state)
{
    const size_t size = sizeof(uint64_t) * SSE_REPLAY_WORDS(100, 4096);
    static const char want[] = "event: gap\nid: f-103\ndata: {\"first\":null,\"last\":null,"
                               "\"count\":3}\n\n";
    int i;

    (void)state;
    for (i = 0; i < 103; i++)
        publish(NULL);
    assert_ptr_equal(sse_replay_open(st.memory, size, 100, 15, 0), st.log);
    sse_channel_init(&st.channel, st.log, 0, NULL, 0);
    assert_int_equal(listener_join(&a, &st, 1, SSE_SKIP, -1, 0, 100), SSE_OK);
    for (i = 0; i < 100; i++)
        publish(NULL);
    listener_take(&a, 1000, sizeof want - 1);
    got(&a, want);
}

static void a_private_event_never_comes_inside_another(void **state)
{
    size_t cut;

    (void)state;
    for (cut = 1; cut < 28; cut++) {
        join(&a, cut % 2, cut % 3 ? 0 : SSE_STAGED);
        publish(NULL);
        listener_take(&a, 1000, cut);
        assert_int_equal(a.len, cut);
        assert_int_equal(listener_send(&a), SSE_OK);
        listener_take(&a, 1, 1000);
        listener_check(&a, 1);
        listener_free(&a);
    }
}

static void the_head_comes_first(void **state)
{
    size_t memory[SSE_WRITER_WORDS(256)];
    sse_join how = {.writer = sse_writer_init(memory, sizeof memory, 0), .flags = SSE_FROM_LOG};
    sse_subscriber s;
    char bytes[100];
    size_t len;

    (void)state;
    publish(NULL);
    sse_writer_raw(how.writer, "HEAD\r\n\r\n", 8);
    assert_int_equal(sse_channel_join(&st.channel, &s, &how, NULL, 0), SSE_OK);
    assert_int_equal(sse_subscriber_read(&s, bytes, sizeof bytes, &len), SSE_OK);
    assert_int_equal(len, 8);
    assert_memory_equal(bytes, "HEAD\r\n\r\n", 8);
    assert_int_equal(sse_subscriber_read(&s, bytes, sizeof bytes, &len), SSE_OK);
    assert_int_equal(len, 28);
    assert_int_equal(sse_subscriber_leave(&s), SSE_OK);
}

static void closing_delivers_what_was_published_and_then_the_end(void **state)
{
    (void)state;
    join(&a, 0, 0);
    publish(NULL);
    listener_send(&a);
    assert_int_equal(sse_subscriber_close(&a.s), SSE_OK);
    assert_int_equal(listener_send(&a), SSE_E_STATE);
    publish(NULL);
    listener_take(&a, 3, 1000);
    got(&a, "id: e-1\ndata: 1:bbbbbbbbbb\n\nevent: private\ndata: 0\n\n");
    assert_false(a.open);
    assert_int_equal(a.reason, SSE_END);
    assert_int_equal(counters().subscribers, 0);
    assert_int_equal(counters().closed, 0);
}

static void a_sink_that_fails_closes_its_subscriber_and_no_other(void **state)
{
    (void)state;
    join(&a, 0, 0);
    join(&b, 0, 0);
    a.fails = 1;
    b.budget = 1000;
    publish(NULL);
    sse_channel_flush(&st.channel);
    assert_false(a.open);
    assert_int_equal(a.reason, SSE_E_IO);
    assert_int_equal(counters().closed, 1);
    listener_check(&b, 1);
    assert_true(b.open && b.len > 0);
}

static void who_comes_back_goes_on_where_it_was(void **state)
{
    int i;

    (void)state;
    for (i = 0; i < 5; i++)
        publish(NULL);
    assert_int_equal(listener_join(&a, &st, 0, 0, -1, 0, 3), SSE_OK);
    listener_take(&a, 1000, 1000);
    got(&a, "id: e-4\ndata: 4:eeeeeeeeee\n\nid: e-5\ndata: 5:ffffffffff\n\n");
    assert_int_equal(counters().resumed, 1);
    assert_int_equal(counters().missed, 0);
}

static void who_comes_back_too_late_is_told_what_is_missing(void **state)
{
    int i;

    (void)state;
    for (i = 0; i < 103; i++)
        publish(NULL);
    assert_int_equal(listener_join(&a, &st, 0, 0, -1, 0, 1), SSE_GAP);
    listener_take(&a, 1000, 75);
    begins(&a, "event: gap\nid: e-3\ndata: {\"first\":\"e-2\",\"last\":\"e-3\",\"count\":2}\n\n");
    listener_take(&a, 1000, 10000);
    listener_check(&a, 1);
    assert_int_equal(counters().missed, 1);
    assert_int_equal(counters().gaps, 1);
    assert_int_equal(counters().lagged, 0);
}

static void what_a_filtered_subscriber_misses_is_not_told_by_number(void **state)
{
    int i;

    (void)state;
    for (i = 0; i < 103; i++)
        assert_int_equal(station_publish(&st, (uint64_t)i % 2, 0, 1, NULL), SSE_OK);
    assert_int_equal(listener_join(&a, &st, 0, 0, 1, 0, 1), SSE_GAP);
    listener_take(&a, 1000, 10000);
    begins(&a, "event: gap\ndata: {\"first\":null,\"last\":null,\"count\":null}\n\n"
               "id: e-4\n");
    listener_check(&a, 1);
}

static void a_foreign_event_wakes_nobody(void **state)
{
    sse_published result;
    int i;

    (void)state;
    assert_int_equal(listener_join(&a, &st, 1, 0, 7, 0, 0), SSE_OK);
    listener_take(&a, 1000, 1000);
    for (i = 0; i < 300; i++) { /* more than the log has */
        publish(&result);
        assert_int_equal(result.woken + result.waiting + result.lagged, 0);
    }
    assert_int_equal(a.woken, 0);
    assert_int_equal(station_publish(&st, 7, 0, 1, &result), SSE_OK);
    assert_int_equal(result.woken, 1);
    listener_take(&a, 1000, 1000);
    got(&a, "id: e-301\ndata: 301:p\n\n");
}

static void too_slow_is_closed_or_skips_as_it_joined(void **state)
{
    sse_published result;
    uint64_t lagged = 0, closed = 0;
    int i;

    (void)state;
    join(&a, 0, 0);
    join(&b, 0, SSE_SKIP);
    a.budget = b.budget = 0;
    for (i = 0; i < 105; i++) {
        publish(&result);
        sse_channel_flush(&st.channel);
        lagged += result.lagged;
        closed += result.closed;
    }
    assert_int_equal(lagged, 2);
    assert_int_equal(closed, 1);
    assert_false(a.open);
    assert_int_equal(a.reason, SSE_GAP);
    listener_take(&b, 1000, 10000);
    begins(&b, "event: gap\nid: e-5\ndata: {\"first\":\"e-1\",\"last\":\"e-5\",\"count\":5}\n\n");
    listener_check(&b, 1);
    assert_int_equal(counters().lagged, 2);
}

static void the_rest_of_an_event_outlives_the_log(void **state)
{
    int i;

    (void)state;
    join(&a, 0, SSE_SKIP);
    publish(NULL);
    listener_take(&a, 1000, 9);
    for (i = 0; i < 300; i++)
        publish(NULL);
    listener_take(&a, 1000, 10000);
    begins(&a, "id: e-1\ndata: 1:bbbbbbbbbb\n\nevent: gap\n");
    listener_check(&a, 1);
}

static void an_event_that_is_lost_in_the_middle_ends_the_stream(void **state)
{
    int i;

    (void)state;
    join(&a, 0, SSE_SKIP);
    assert_int_equal(station_publish(&st, 0, 0, 1000, NULL), SSE_OK); /* longer than the queue */
    listener_take(&a, 1000, 9);
    for (i = 0; i < 300; i++)
        publish(NULL);
    assert_false(a.open);
    assert_int_equal(a.reason, SSE_E_TORN);
    assert_int_equal(a.len, 9);
}

static void who_lags_again_inside_an_event_is_told_when_it_takes(void **state)
{
    const void *bytes;
    size_t len;
    int i;

    (void)state;
    join(&a, 1, SSE_SKIP);
    for (i = 0; i < 105; i++)
        publish(NULL);
    listener_take(&a, 1000, 64); /* the gap event, and one byte more */
    assert_true(a.open);
    assert_int_equal(sse_subscriber_peek(&a.s, &bytes, &len), SSE_OK);
    assert_int_equal(sse_subscriber_consume(&a.s, len), SSE_OK); /* the rest of that event */
    assert_int_equal(sse_subscriber_peek(&a.s, &bytes, &len), SSE_OK);
    for (i = 0; i < 105; i++)
        publish(NULL);
    assert_int_equal(sse_subscriber_consume(&a.s, 1), SSE_E_TORN);
    assert_false(a.open);
    assert_int_equal(a.reason, SSE_E_TORN);
}

static void no_more_can_be_taken_than_was_offered(void **state)
{
    size_t memory[SSE_WRITER_WORDS(256)], len;
    sse_join how = {.writer = sse_writer_init(memory, sizeof memory, 0)};
    const sse_event private = {.data = {"p", 1}};
    const void *bytes;
    sse_subscriber s;
    char byte;

    (void)state;
    sse_writer_raw(how.writer, "HEAD", 4);
    assert_int_equal(sse_channel_join(&st.channel, &s, &how, NULL, 0), SSE_OK);
    assert_int_equal(sse_subscriber_send(&s, &private), SSE_OK);
    assert_int_equal(sse_subscriber_peek(&s, &bytes, &len), SSE_OK);
    assert_int_equal(len, 4);
    assert_int_equal(sse_subscriber_consume(&s, 5), SSE_E_ARG);
    assert_int_equal(sse_subscriber_read(&s, NULL, 1, &len), SSE_E_ARG);
    assert_int_equal(sse_subscriber_read(&s, &byte, 0, &len), SSE_E_ARG);
    assert_int_equal(sse_subscriber_send(&s, NULL), SSE_E_ARG);
    assert_int_equal(sse_subscriber_send(NULL, &private), SSE_E_ARG);
    assert_int_equal(sse_subscriber_close(NULL), SSE_E_ARG);
    assert_int_equal(sse_subscriber_leave(&s), SSE_OK);
}

static void what_fits_makes_nobody_lag(void **state)
{
    sse_published result;
    int i, fitted = 0;

    (void)state;
    join(&a, 0, 0);
    a.budget = 0;
    for (i = 0; i < 200; i++) {
        if (sse_channel_fits(&st.channel, 32)) {
            publish(&result);
            assert_int_equal(result.lagged, 0);
            fitted++;
        }
    }
    assert_int_equal(fitted, 100);
    listener_take(&a, 1000, 100000);
    assert_int_equal(sse_channel_fits(&st.channel, 32), 1);
    assert_int_equal(sse_channel_fits(&st.channel, 5000), 0);
    listener_check(&a, 1);
}

static void a_staged_subscriber_needs_room_for_an_event(void **state)
{
    (void)state;
    join(&a, 0, SSE_STAGED);
    publish(NULL);
    assert_int_equal(station_publish(&st, 0, 0, 1000, NULL), SSE_OK);
    listener_take(&a, 1000, 10000);
    assert_false(a.open);
    assert_int_equal(a.reason, SSE_E_TOOBIG);
    got(&a, "id: e-1\ndata: 1:bbbbbbbbbb\n\n");
}

static void the_offer_of_a_staged_subscriber_outlives_the_log(void **state)
{
    const void *bytes;
    char copy[28];
    size_t len;
    int i;

    (void)state;
    join(&a, 1, SSE_STAGED | SSE_SKIP);
    publish(NULL);
    assert_int_equal(sse_subscriber_peek(&a.s, &bytes, &len), SSE_OK);
    assert_int_equal(len, 28);
    memcpy(copy, bytes, len);
    for (i = 0; i < 300; i++)
        publish(NULL);
    assert_memory_equal(bytes, copy, len);
    listener_take(&a, 1000, 10000);
    listener_check(&a, 1);
}

static void a_snapshot_is_the_newest_of_each_key(void **state)
{
    int i;

    (void)state;
    for (i = 0; i < 9; i++)
        assert_int_equal(station_publish(&st, 0, 1 + (uint64_t)i % 3, 0, NULL), SSE_OK);
    join(&a, 0, SSE_COALESCE | SSE_FROM_LOG);
    got(&a, "id: e-7\ndata: 7:\n\nid: e-8\ndata: 8:\n\nid: e-9\ndata: 9:\n\n");
    assert_int_equal(station_publish(&st, 0, 1, 0, NULL), SSE_OK);
    assert_int_equal(station_publish(&st, 0, 1, 0, NULL), SSE_OK);
    listener_take(&a, 1000, 1000);
    listener_check(&a, 1);
    assert_memory_equal(a.bytes + a.len - 20, "id: e-11\ndata: 11:\n\n", 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        in_station(a_subscriber_takes_at_most_160_bytes),
        in_station(what_is_no_channel_is_refused),
        in_station(who_cannot_be_served_cannot_join),
        in_station(publishing_does_no_io_and_tells_what_came_of_it),
        in_station(what_is_refused_is_not_published),
        in_station(a_wake_comes_once_for_each_time_that_nothing_was_left),
        in_station(a_flush_reaches_each_that_is_awake_and_none_that_is_blocked),
        in_station(the_bytes_of_a_delivery_are_those_in_the_log),
        in_station(an_offer_is_frozen_until_it_is_consumed),
        in_station(a_private_event_comes_behind_what_was_published_before),
        in_station(a_private_event_waits_behind_the_log_while_the_head_goes_first),
        in_station(who_comes_back_and_does_not_read_is_noticed_to_lag),
        in_station(a_gap_names_no_id_of_another_incarnation),
        in_station(a_private_event_never_comes_inside_another),
        in_station(the_head_comes_first),
        in_station(closing_delivers_what_was_published_and_then_the_end),
        in_station(a_sink_that_fails_closes_its_subscriber_and_no_other),
        in_station(who_comes_back_goes_on_where_it_was),
        in_station(who_comes_back_too_late_is_told_what_is_missing),
        in_station(what_a_filtered_subscriber_misses_is_not_told_by_number),
        in_station(a_foreign_event_wakes_nobody),
        in_station(too_slow_is_closed_or_skips_as_it_joined),
        in_station(the_rest_of_an_event_outlives_the_log),
        in_station(an_event_that_is_lost_in_the_middle_ends_the_stream),
        in_station(who_lags_again_inside_an_event_is_told_when_it_takes),
        in_station(no_more_can_be_taken_than_was_offered),
        in_station(what_fits_makes_nobody_lag),
        in_station(a_staged_subscriber_needs_room_for_an_event),
        in_station(the_offer_of_a_staged_subscriber_outlives_the_log),
        in_station(a_snapshot_is_the_newest_of_each_key),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
