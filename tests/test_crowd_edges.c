/* test_crowd_edges.c - subscribers that have a sink and nothing else, and what sets one apart from
 * the crowd. */
#include "fanout.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static hall h;
static sse_subscriber s;
static size_t memory[SSE_WRITER_WORDS(CLIENT_QUEUE)];
static char bytes[CLIENT_BYTES];
static size_t len, last_offer;
static int blocked, silent;

static int take(void *user, const void *offer, size_t n, size_t *taken)
{
    (void)user;
    last_offer = n;
    if (blocked)
        return SSE_AGAIN;
    if (silent)
        return SSE_OK;
    memcpy(bytes + len, offer, n);
    len += n;
    *taken = n;
    return SSE_OK;
}

static int even(void *user, uint64_t tag)
{
    (void)user;
    return tag % 2 == 0;
}

/* Join a hall whose log has so many events, with a sink and without a wake. */
static void begin(uint32_t events, uint32_t flags, sse_filter *filter, uint32_t pace_ms)
{
    sse_join how;

    memset(&how, 0, sizeof how);
    hall_open(&h, events, 3000, 0, 0);
    how.writer = sse_writer_init(memory, sizeof memory, 0);
    how.sink = take;
    how.filter = filter;
    how.flags = flags;
    how.pace_ms = pace_ms;
    len = 0;
    blocked = 0;
    silent = 0;
    assert_int_equal(sse_channel_join(&h.ch, &s, &how, NULL, 0), SSE_OK);
    sse_channel_flush(&h.ch);
}

/* Join one more with the same sink, behind the other in all lists. */
static void join_other(uint32_t flags)
{
    static size_t queue[SSE_WRITER_WORDS(CLIENT_QUEUE)];
    static sse_subscriber other;
    sse_join how;

    memset(&how, 0, sizeof how);
    how.writer = sse_writer_init(queue, sizeof queue, 0);
    how.sink = take;
    how.flags = flags;
    assert_int_equal(sse_channel_join(&h.ch, &other, &how, NULL, 0), SSE_OK);
    sse_channel_flush(&h.ch);
}

static void end(void)
{
    assert_int_equal(sse_subscriber_leave(&s), SSE_OK);
    hall_close(&h);
}

static void got(const char *want)
{
    if (len != strlen(want) || memcmp(bytes, want, len) != 0)
        fail_msg("got %.*s", (int)len, bytes);
}

static void whoever_has_a_filter_sees_a_part(void **state)
{
    (void)state;
    begin(8, 0, even, 0);
    assert_int_equal(say_to(&h, 1, 0, "hidden").woken, 0);
    sse_channel_flush(&h.ch);
    assert_int_equal(say_to(&h, 2, 0, "shown").woken, 1);
    sse_channel_flush(&h.ch);
    got("id: e-2\ndata: shown\n\n");
    end();
}

static void whoever_has_a_pace_waits_for_it(void **state)
{
    (void)state;
    begin(8, 0, NULL, 100);
    say(&h, "one");
    sse_channel_flush(&h.ch);
    say(&h, "two");
    sse_channel_flush(&h.ch);
    got("id: e-1\ndata: one\n\n");
    sse_channel_tick(&h.ch, 1100);
    sse_channel_flush(&h.ch);
    got("id: e-1\ndata: one\n\nid: e-2\ndata: two\n\n");
    end();
}

static void whoever_coalesces_gets_the_newest_only(void **state)
{
    (void)state;
    begin(8, SSE_COALESCE, NULL, 0);
    say_to(&h, 0, 5, "old");
    say_to(&h, 0, 5, "new");
    sse_channel_flush(&h.ch);
    got("id: e-2\ndata: new\n\n");
    end();
}

static void whoever_coalesces_gets_the_newest_only_behind_one_that_gets_all(void **state)
{
    (void)state;
    begin(8, 0, NULL, 0);
    join_other(SSE_COALESCE);
    say_to(&h, 0, 5, "old");
    say_to(&h, 0, 5, "new");
    sse_channel_flush(&h.ch);
    got("id: e-1\ndata: old\n\nid: e-2\ndata: new\n\nid: e-2\ndata: new\n\n");
    end();
}

static void whoever_skips_is_told_of_a_gap(void **state)
{
    (void)state;
    begin(1, SSE_SKIP, NULL, 0);
    say(&h, "one");
    say(&h, "two");
    sse_channel_flush(&h.ch);
    got("event: gap\nid: e-1\ndata: {\"first\":\"e-1\",\"last\":\"e-1\",\"count\":1}\n\n"
        "id: e-2\ndata: two\n\n");
    end();
}

static void whoever_is_staged_is_offered_the_same_again(void **state)
{
    size_t offered;

    (void)state;
    begin(8, SSE_STAGED, NULL, 0);
    blocked = 1;
    say(&h, "one");
    sse_channel_flush(&h.ch);
    offered = last_offer;
    say(&h, "two");
    assert_int_equal(sse_subscriber_flush(&s), SSE_AGAIN);
    assert_int_equal(last_offer, offered);
    blocked = 0;
    assert_int_equal(sse_subscriber_flush(&s), SSE_OK);
    got("id: e-1\ndata: one\n\nid: e-2\ndata: two\n\n");
    end();
}

static void whoever_has_no_sink_is_not_flushed(void **state)
{
    char copy[64];
    sse_join how;
    size_t n;

    (void)state;
    memset(&how, 0, sizeof how);
    hall_open(&h, 8, 3000, 0, 0);
    how.writer = sse_writer_init(memory, sizeof memory, 0);
    assert_int_equal(sse_channel_join(&h.ch, &s, &how, NULL, 0), SSE_OK);
    assert_int_equal(sse_subscriber_read(&s, copy, sizeof copy, &n), SSE_AGAIN);
    say(&h, "one");
    assert_int_equal(sse_channel_flush(&h.ch), SSE_OK);
    assert_int_equal(sse_subscriber_read(&s, copy, sizeof copy, &n), SSE_OK);
    end();
}

/* What is behind the place where the memory of the log wraps is a second run. */
static void the_crowd_gets_all_where_the_log_wraps(void **state)
{
    static char want[CLIENT_BYTES];
    sse_counters counters;
    size_t at = 0;
    int i;

    (void)state;
    begin(64, 0, NULL, 0);
    for (i = 1; i <= 300; i++) {
        char text[16];

        snprintf(text, sizeof text, "%d", i);
        say(&h, text);
        at += (size_t)snprintf(want + at, sizeof want - at, "id: e-%d\ndata: %d\n\n", i, i);
        if (i % 7 == 0)
            assert_int_equal(sse_channel_flush(&h.ch), SSE_OK);
    }
    sse_channel_flush(&h.ch);
    got(want);
    assert_int_equal(sse_channel_counters(&h.ch, &counters), SSE_OK);
    assert_int_equal(counters.delivered, at);
    end();
}

/* What is read by hand is of an event too long for the writer to keep the rest of. */
static void whoever_has_read_a_part_gets_the_rest_and_another_one_all(void **state)
{
    static const char two[] = "id: e-2\ndata: two\n\n";
    static char text[701], event[800], want[1700];
    char part;
    size_t n;

    (void)state;
    memset(text, 'x', 700);
    snprintf(event, sizeof event, "id: e-1\ndata: %s\n\n", text);
    snprintf(want, sizeof want, "%s%s%s%s", event + 1, event, two, two);
    begin(8, 0, NULL, 0);
    join_other(0);
    say(&h, text);
    assert_int_equal(sse_subscriber_read(&s, &part, 1, &n), SSE_OK);
    sse_channel_flush(&h.ch);
    say(&h, "two");
    sse_channel_flush(&h.ch);
    got(want);
    end();
}

static void a_sink_that_says_nothing_has_taken_nothing(void **state)
{
    sse_counters counters;

    (void)state;
    begin(8, 0, NULL, 0);
    say(&h, "one");
    silent = 1;
    sse_channel_flush(&h.ch);
    assert_int_equal(sse_channel_counters(&h.ch, &counters), SSE_OK);
    assert_int_equal(counters.delivered, 0);
    silent = 0;
    assert_int_equal(sse_subscriber_flush(&s), SSE_OK);
    got("id: e-1\ndata: one\n\n");
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whoever_has_a_filter_sees_a_part),
        cmocka_unit_test(whoever_has_a_pace_waits_for_it),
        cmocka_unit_test(whoever_coalesces_gets_the_newest_only),
        cmocka_unit_test(whoever_coalesces_gets_the_newest_only_behind_one_that_gets_all),
        cmocka_unit_test(whoever_skips_is_told_of_a_gap),
        cmocka_unit_test(whoever_is_staged_is_offered_the_same_again),
        cmocka_unit_test(whoever_has_no_sink_is_not_flushed),
        cmocka_unit_test(the_crowd_gets_all_where_the_log_wraps),
        cmocka_unit_test(whoever_has_read_a_part_gets_the_rest_and_another_one_all),
        cmocka_unit_test(a_sink_that_says_nothing_has_taken_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
