/* test_channel_edges.c - a channel with several subscribers at different places in the log. */
#include "fanout.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static hall h;
static client a, b;

static void begin(uint32_t events, uint32_t framing)
{
    memset(&a, 0, sizeof a);
    memset(&b, 0, sizeof b);
    hall_open(&h, events, 3000, framing, 0);
}

static void end(void)
{
    if (a.s)
        client_end(&a);
    if (b.s)
        client_end(&b);
    hall_close(&h);
}

static void only_who_has_lost_events_lags(void **state)
{
    sse_published result;

    (void)state;
    begin(2, 0);
    client_join(&a, &h, NULL);
    say(&h, "one");
    client_join(&b, &h, NULL);
    say(&h, "two");
    result = say(&h, "three");
    assert_int_equal(result.lagged, 1);
    assert_int_equal(result.closed, 1);
    assert_int_equal(a.closes, 1);
    assert_int_equal(b.closes, 0);
    client_pull(&b);
    heard(&b, "two@e-2,three@e-3");
    end();
}

static void what_fits_is_told_by_who_is_furthest_behind(void **state)
{
    int a_first;

    (void)state;
    for (a_first = 0; a_first < 2; a_first++) {
        begin(3, 0);
        if (a_first)
            client_join(&a, &h, NULL);
        say(&h, "one");
        say(&h, "two");
        client_join(&b, &h, NULL);
        if (!a_first)
            client_join(&a, &h, "e-0");
        say(&h, "three");
        assert_int_equal(sse_channel_fits(&h.ch, 20), 0);
        assert_int_equal(sse_channel_fits(&h.ch, 20), 0);
        client_pull(&a);
        assert_int_equal(sse_channel_fits(&h.ch, 20), 1);
        end();
    }
}

static void who_has_lost_events_is_not_waited_for(void **state)
{
    (void)state;
    begin(2, 0);
    a.flags = SSE_SKIP;
    client_join(&a, &h, NULL);
    say(&h, "one");
    say(&h, "two");
    assert_int_equal(sse_channel_fits(&h.ch, 20), 0);
    say(&h, "three");
    assert_int_equal(sse_channel_fits(&h.ch, 20), 1);
    client_pull(&a);
    end();
}

/* Behind its gap event a client wants what the log has, as everybody does. */
static void who_has_been_told_of_a_gap_is_waited_for(void **state)
{
    const void *bytes;
    size_t len;
    int i;

    (void)state;
    begin(4, 0);
    for (i = 0; i < 8; i++)
        say(&h, "one");
    assert_int_equal(client_join(&a, &h, "e-1"), SSE_GAP);
    assert_true(sse_channel_fits(&h.ch, 10));
    assert_int_equal(sse_subscriber_peek(a.s, &bytes, &len), SSE_OK);
    assert_false(sse_channel_fits(&h.ch, 10));
    assert_int_equal(say(&h, "two").closed, 1);
    assert_int_equal(a.reason, SSE_GAP);
    end();
}

static void whoever_coalesces_lags_like_everybody_else(void **state)
{
    sse_published result;

    (void)state;
    begin(1, 0);
    a.flags = SSE_COALESCE | SSE_SKIP;
    client_join(&a, &h, NULL);
    say(&h, "one");
    result = say(&h, "two");
    assert_int_equal(result.lagged, 1);
    client_pull(&a);
    heard(&a, "gap={\"first\":\"e-1\",\"last\":\"e-1\",\"count\":1}@e-1,two@e-2");
    end();
}

static void whoever_coalesces_and_is_closed_gets_no_farewell(void **state)
{
    static const sse_event farewell = {{NULL, 0}, {NULL, 0}, {NULL, 0}, {"bye", 3}, 0};

    (void)state;
    begin(4, 0);
    a.flags = SSE_COALESCE;
    client_join(&a, &h, NULL);
    assert_int_equal(sse_channel_drain(&h.ch, &farewell, 0, 0, 1000), SSE_OK);
    assert_int_equal(sse_subscriber_close(a.s), SSE_OK);
    assert_int_equal(client_pull(&a), SSE_END);
    heard(&a, "");
    end();
}

static void one_byte_taken_is_a_part(void **state)
{
    static char text[701];

    (void)state;
    memset(text, 'x', 700);
    begin(2, 0);
    a.capacity = SSE_SUBSCRIBER_QUEUE_MIN;
    a.flags = SSE_SKIP;
    client_join(&a, &h, NULL);
    say(&h, text);
    assert_int_equal(client_read(&a, 1), SSE_OK);
    say(&h, "two");
    say(&h, "three");
    assert_int_equal(a.closes, 1);
    assert_int_equal(a.reason, SSE_E_TORN);
    end();
}

static void what_is_staged_leaves_together(void **state)
{
    char bytes[1024];
    size_t len;
    int i;

    (void)state;
    begin(2, 0);
    a.flags = SSE_SKIP | SSE_STAGED;
    client_join(&a, &h, NULL);
    for (i = 0; i < 4; i++)
        say(&h, "x");
    assert_int_equal(sse_subscriber_read(a.s, bytes, sizeof bytes, &len), SSE_OK);
    client_note(&a, bytes, len);
    heard(&a, "gap={\"first\":\"e-1\",\"last\":\"e-2\",\"count\":2}@e-2,x@e-3,x@e-4");
    end();
}

static void a_stream_that_lost_its_end_is_not_ended_well(void **state)
{
    (void)state;
    begin(2, SSE_CHUNKED);
    a.flags = SSE_STAGED;
    client_join(&a, &h, NULL);
    say(&h, "one");
    assert_int_equal(sse_subscriber_close(a.s), SSE_OK);
    assert_int_equal(sse_replay_expire(h.log, UINT64_MAX), SSE_OK);
    assert_int_equal(client_pull(&a), SSE_GAP);
    assert_int_equal(a.len, 0);
    end();
}

/* Whether or not somebody asks what fits, which looks for who is furthest behind. */
static void whoever_is_closing_waits_for_no_later_event(void **state)
{
    int asks, i;

    (void)state;
    for (asks = 0; asks < 2; asks++) {
        begin(1, 0);
        client_join(&a, &h, NULL);
        client_pull(&a);
        assert_int_equal(client_tell(&a, "p"), SSE_OK);
        assert_int_equal(sse_subscriber_close(a.s), SSE_OK);
        for (i = 0; i < 3; i++) {
            const sse_published result = say(&h, "x");

            assert_int_equal(result.lagged, 0);
            assert_int_equal(result.closed, 0);
            if (asks)
                assert_int_equal(sse_channel_fits(&h.ch, 20), 1);
        }
        assert_int_equal(client_pull(&a), SSE_END);
        heard(&a, "private=p@");
        end();
    }
}

static void whoever_is_closing_lags_when_what_it_is_owed_is_dropped(void **state)
{
    (void)state;
    begin(1, 0);
    client_join(&a, &h, NULL);
    say(&h, "one");
    assert_int_equal(sse_subscriber_close(a.s), SSE_OK);
    assert_int_equal(sse_channel_fits(&h.ch, 20), 0);
    assert_int_equal(say(&h, "two").lagged, 1);
    assert_int_equal(a.reason, SSE_GAP);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_who_has_lost_events_lags),
        cmocka_unit_test(what_fits_is_told_by_who_is_furthest_behind),
        cmocka_unit_test(who_has_lost_events_is_not_waited_for),
        cmocka_unit_test(who_has_been_told_of_a_gap_is_waited_for),
        cmocka_unit_test(whoever_coalesces_lags_like_everybody_else),
        cmocka_unit_test(whoever_coalesces_and_is_closed_gets_no_farewell),
        cmocka_unit_test(one_byte_taken_is_a_part),
        cmocka_unit_test(what_is_staged_leaves_together),
        cmocka_unit_test(whoever_is_closing_waits_for_no_later_event),
        cmocka_unit_test(whoever_is_closing_lags_when_what_it_is_owed_is_dropped),
        cmocka_unit_test(a_stream_that_lost_its_end_is_not_ended_well),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
