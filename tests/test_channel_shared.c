/* SPDX-License-Identifier: MIT */
/* test_channel_shared.c - several channels publish to one history, as processes do that share its
 * memory, and one of them ends inside a call. */
#include "sse/sse.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

enum { EVENTS = 8, ROOM = 4000, QUEUE = 1024, EPOCH = 10 };

static uint64_t memory[SSE_HISTORY_WORDS(EVENTS, ROOM)];
static sse_history *history;
static sse_channel ours, theirs;
static sse_subscriber s;
static size_t queue[SSE_WRITER_WORDS(QUEUE)];
static char got[2000];
static size_t got_len;

static void begin(void)
{
    history = sse_history_init(memory, sizeof memory, EVENTS, 0, EPOCH, "a", 1);
    assert_int_equal(sse_channel_init(&ours, history, 0, 0, 0), SSE_OK);
    assert_int_equal(sse_channel_init(&theirs, history, 0, 0, 0), SSE_OK);
}

static void join(sse_channel *ch, const char *id)
{
    sse_writer *const w = sse_writer_init(queue, sizeof queue, 0);

    memset(&s, 0, sizeof s);
    assert_true(sse_subscriber_join(&s, ch, w, NULL, SSE_JOIN_GAPS, id, id ? strlen(id) : 0, NULL,
                                    0) >= SSE_OK);
}

static void publish(sse_channel *ch, const char *text)
{
    assert_int_equal(sse_channel_publish_parts(ch, NULL, 0, NULL, 0, text, strlen(text), 0, 0),
                     SSE_OK);
}

static int take(void *user, const void *bytes, size_t len, size_t *taken)
{
    (void)user;
    assert_true(got_len + len < sizeof got);
    memcpy(got + got_len, bytes, len);
    got_len += len;
    got[got_len] = '\0';
    *taken = len;
    return SSE_OK;
}

/* All that there is, in one of three ways. */
static const char *all(int way)
{
    char bytes[100];
    const void *at = bytes;
    size_t len, taken;

    got_len = 0;
    got[0] = '\0';
    if (way == 0) {
        assert_int_equal(sse_subscriber_flush(&s, take), SSE_OK);
        return got;
    }
    while ((way == 1 ? sse_subscriber_read(&s, bytes, sizeof bytes, &len)
                     : sse_subscriber_peek(&s, &at, &len)) == SSE_OK) {
        take(NULL, at, len, &taken);
        if (way == 2)
            assert_int_equal(sse_subscriber_consume(&s, len), SSE_OK);
    }
    return got;
}

/* The id of an event of this run, and its place in a stream. */
static const char *id(uint64_t number)
{
    static char text[SSE_HISTORY_ID_MAX + 1];
    size_t len;

    assert_int_equal(sse_history_id(history, number, text, sizeof text - 1, &len), SSE_OK);
    text[len] = '\0';
    return text;
}

static const char *event(uint64_t number, const char *data)
{
    static char text[100];

    snprintf(text, sizeof text, "id: %s\ndata: %s\n\n", id(number), data);
    return text;
}

static void each_way_gives_what_another_channel_has_published(void **state)
{
    int way;

    (void)state;
    for (way = 0; way < 3; way++) {
        begin();
        join(&ours, NULL);
        all(way);
        publish(&theirs, "theirs");
        assert_string_equal(all(way), event(1, "theirs"));
        assert_string_equal(all(way), "");
        publish(&ours, "ours");
        publish(&theirs, "theirs again");
        assert_non_null(strstr(all(way), event(2, "ours")));
        assert_non_null(strstr(got, event(3, "theirs again")));
    }
}

static void next_and_the_timeout_do_not_notice_it(void **state)
{
    (void)state;
    begin();
    join(&ours, NULL);
    all(0);
    publish(&theirs, "theirs");
    assert_null(sse_channel_next(&ours));
    assert_int_equal(sse_channel_timeout(&ours, 0), -1);
    publish(&ours, "ours");
    assert_int_equal(sse_channel_timeout(&ours, 0), 0);
    assert_ptr_equal(sse_channel_next(&ours), &s);
    assert_non_null(strstr(all(0), event(1, "theirs")));
    assert_non_null(strstr(got, event(2, "ours")));
}

static void a_client_comes_back_to_another_channel(void **state)
{
    char last[SSE_HISTORY_ID_MAX + 1];

    (void)state;
    begin();
    publish(&ours, "one");
    publish(&theirs, "two");
    strcpy(last, id(1));
    join(&theirs, last);
    assert_string_equal(all(1), event(2, "two"));
    assert_int_equal(sse_channel_count(&theirs, SSE_COUNT_RESUMED), 1);
}

static void a_subscriber_that_others_overtake_is_told_of_a_gap(void **state)
{
    int i;

    (void)state;
    begin();
    join(&ours, NULL);
    all(1);
    for (i = 0; i < EVENTS + 3; i++)
        publish(&theirs, "x");
    assert_non_null(strstr(all(1), "event: gap\n"));
    assert_non_null(strstr(got, "\"count\":3}"));
    assert_non_null(strstr(got, event(EVENTS + 3, "x")));
}

static void a_drain_gives_the_events_of_others_first(void **state)
{
    char bytes[500];
    size_t len;

    (void)state;
    begin();
    join(&ours, NULL);
    all(1);
    publish(&theirs, "the last one");
    assert_int_equal(sse_channel_drain(&ours, NULL, 0, NULL, 0, 0, 0, 0, 0), SSE_OK);
    assert_int_equal(sse_channel_tick(&ours, 1), SSE_OK);
    publish(&theirs, "too late");
    assert_int_equal(sse_subscriber_read(&s, bytes, sizeof bytes - 1, &len), SSE_OK);
    bytes[len] = '\0';
    assert_int_equal(strncmp(bytes, event(1, "the last one"), strlen(event(1, "the last one"))), 0);
    assert_non_null(strstr(bytes, "event: farewell\n"));
    assert_null(strstr(bytes, "too late"));
    assert_int_equal(sse_subscriber_read(&s, bytes, sizeof bytes, &len), SSE_END);
}

/* What another process does that finds that the last one has ended inside a call. */
static void open_again(void)
{
    assert_ptr_equal(sse_history_open(memory, sizeof memory, EVENTS, 0, EPOCH, "a", 1), history);
}

static void a_subscriber_goes_on_when_the_history_was_opened_again(void **state)
{
    int way;

    (void)state;
    for (way = 0; way < 3; way++) {
        begin();
        join(&ours, NULL);
        all(way);
        publish(&theirs, "one");
        all(way);
        publish(&theirs, "two");
        open_again();
        assert_string_equal(all(way), event(2, "two"));
        publish(&theirs, "three");
        assert_string_equal(all(way), event(3, "three"));
        assert_int_equal(sse_channel_count(&ours, SSE_COUNT_GAPS), 0);
    }
}

/* No client has got an event that was on its way: its number is given again. */
static void an_event_that_was_torn_is_gone_and_its_number_is_used_again(void **state)
{
    const void *bytes;
    size_t len;
    char last[SSE_HISTORY_ID_MAX + 1];

    (void)state;
    begin();
    join(&ours, NULL);
    publish(&theirs, "one");
    all(1);
    publish(&theirs, "torn");
    assert_int_equal(sse_history_get(history, 2, &bytes, &len), SSE_OK);
    ((char *)memory)[(const char *)bytes - (const char *)memory] ^= 1;
    strcpy(last, id(1));
    open_again();
    publish(&theirs, "two");
    assert_string_equal(all(1), event(2, "two"));
    join(&theirs, last);
    assert_string_equal(all(1), event(2, "two"));
    assert_int_equal(sse_channel_count(&theirs, SSE_COUNT_GAPS), 0);
}

static void half_an_event_is_followed_by_its_other_half(void **state)
{
    char bytes[10];
    size_t len;

    (void)state;
    begin();
    join(&ours, NULL);
    all(1);
    publish(&theirs, "one");
    assert_int_equal(sse_subscriber_read(&s, bytes, sizeof bytes, &len), SSE_OK);
    assert_int_equal(len, sizeof bytes);
    open_again();
    assert_string_equal(all(1), event(1, "one") + sizeof bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_way_gives_what_another_channel_has_published),
        cmocka_unit_test(next_and_the_timeout_do_not_notice_it),
        cmocka_unit_test(a_client_comes_back_to_another_channel),
        cmocka_unit_test(a_subscriber_that_others_overtake_is_told_of_a_gap),
        cmocka_unit_test(a_drain_gives_the_events_of_others_first),
        cmocka_unit_test(a_subscriber_goes_on_when_the_history_was_opened_again),
        cmocka_unit_test(an_event_that_was_torn_is_gone_and_its_number_is_used_again),
        cmocka_unit_test(half_an_event_is_followed_by_its_other_half),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
