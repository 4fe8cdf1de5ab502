/* test_channel_lag.c - who is too slow, and who comes back too late: closed, or told of a gap. */
#include "fanout.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define NULLS "{\"first\":null,\"last\":null,\"count\":null}"

static hall h;
static client a;
static sse_published last;

static void begin(uint32_t framing, uint32_t flags)
{
    memset(&a, 0, sizeof a);
    a.flags = flags;
    hall_open(&h, 3, 2000, framing, 0); /* three events at most */
}

static void end(void)
{
    if (a.s)
        client_end(&a);
    hall_close(&h);
}

/* Publish "1" to "n". */
static void say_numbers(int from, int to)
{
    char text[2] = "0";

    for (; from <= to; from++) {
        text[0] = (char)('0' + from);
        last = say(&h, text);
    }
}

static sse_counters counted(void)
{
    sse_counters out;

    assert_int_equal(sse_channel_counters(&h.ch, &out), SSE_OK);
    return out;
}

static void without_skip_the_slow_is_closed(void **state)
{
    (void)state;
    begin(0, 0);
    client_join(&a, &h, NULL);
    say_numbers(1, 3);
    assert_int_equal(last.lagged, 0);
    assert_int_equal(a.closes, 0);
    say_numbers(4, 4);
    assert_int_equal(last.waiting, 1);
    assert_int_equal(last.lagged, 1);
    assert_int_equal(last.closed, 1);
    assert_int_equal(a.reason, SSE_GAP);
    assert_int_equal(counted().lagged, 1);
    assert_int_equal(counted().closed, 1);
    assert_int_equal(counted().subscribers, 0);
    heard(&a, "");
    end();
}

static void with_skip_a_gap_event_stands_where_events_are_missing(void **state)
{
    static const uint32_t flags[] = {0, SSE_STAGED};
    size_t i;

    (void)state;
    for (i = 0; i < 4; i++) {
        begin(i & 1 ? SSE_CHUNKED : 0, SSE_SKIP | flags[i / 2]);
        client_join(&a, &h, NULL);
        say_numbers(1, 1);
        client_pull(&a);
        say_numbers(2, 7);
        assert_int_equal(counted().lagged, 1); /* once, however far */
        client_pull(&a);
        heard(&a, "1@e-1,"
                  "gap={\"first\":\"e-2\",\"last\":\"e-4\",\"count\":3}@e-4,"
                  "5@e-5,6@e-6,7@e-7");
        assert_int_equal(counted().gaps, 1);
        assert_int_equal(counted().closed, 0);
        say_numbers(8, 8);
        client_pull(&a);
        end();
    }
}

static void a_gap_event_bears_the_id_of_what_was_lost_last(void **state)
{
    (void)state;
    begin(0, SSE_SKIP);
    client_join(&a, &h, NULL);
    say_numbers(1, 4);
    client_pull(&a);
    a.bytes[a.len] = '\0';
    assert_non_null(strstr(a.bytes, "id: e-1\n"));
    heard(&a, "gap={\"first\":\"e-1\",\"last\":\"e-1\",\"count\":1}@e-1,2@e-2,3@e-3,4@e-4");
    end();
}

static void a_part_that_was_taken_is_followed_by_the_rest(void **state)
{
    size_t i, cut;

    (void)state;
    for (i = 0; i < 4; i++) {
        for (cut = 1; cut < 17; cut++) {
            begin(i & 1 ? SSE_CHUNKED : 0, SSE_SKIP | (i & 2 ? SSE_STAGED : 0));
            client_join(&a, &h, NULL);
            say_numbers(1, 1);
            client_read(&a, cut);
            say_numbers(2, 6);
            if (client_pull(&a) == SSE_AGAIN) {
                heard(&a, "1@e-1,gap={\"first\":\"e-2\",\"last\":\"e-3\",\"count\":2}@e-3,"
                          "4@e-4,5@e-5,6@e-6");
            } else {
                assert_int_equal(a.reason, SSE_E_TORN);
                heard(&a, "");
            }
            end();
        }
    }
}

static void a_part_whose_rest_is_too_long_to_keep_tears_the_stream(void **state)
{
    static char text[CLIENT_QUEUE + 1];

    (void)state;
    memset(text, 'x', CLIENT_QUEUE);
    begin(0, SSE_SKIP);
    client_join(&a, &h, NULL);
    say(&h, text);
    client_read(&a, 5);
    say_numbers(2, 4);
    assert_int_equal(a.reason, SSE_E_TORN);
    assert_int_equal(last.closed, 1);
    end();
}

static void an_offer_that_was_dropped_closes_with_torn(void **state)
{
    const void *bytes;
    size_t len;

    (void)state;
    begin(0, SSE_SKIP);
    client_join(&a, &h, NULL);
    say_numbers(1, 1);
    assert_int_equal(sse_subscriber_peek(a.s, &bytes, &len), SSE_OK);
    say_numbers(2, 4);
    assert_int_equal(a.closes, 1);
    assert_int_equal(a.reason, SSE_E_TORN);
    end();
}

static void staged_an_offer_outlives_what_the_log_drops(void **state)
{
    const void *bytes;
    size_t len;
    char copy[CLIENT_QUEUE];

    (void)state;
    begin(0, SSE_SKIP | SSE_STAGED);
    client_join(&a, &h, NULL);
    say_numbers(1, 1);
    assert_int_equal(sse_subscriber_peek(a.s, &bytes, &len), SSE_OK);
    memcpy(copy, bytes, len);
    say_numbers(2, 9);
    assert_memory_equal(bytes, copy, len);
    client_note(&a, bytes, len);
    assert_int_equal(sse_subscriber_consume(a.s, len), SSE_OK);
    client_pull(&a);
    heard(&a, "1@e-1,gap={\"first\":\"e-2\",\"last\":\"e-6\",\"count\":5}@e-6,7@e-7,8@e-8,9@e-9");
    end();
}

static void a_known_id_is_continued(void **state)
{
    (void)state;
    begin(0, 0);
    say_numbers(1, 3);
    assert_int_equal(client_join(&a, &h, "e-1"), SSE_OK);
    client_pull(&a);
    heard(&a, "2@e-2,3@e-3");
    end();
    begin(0, 0);
    say_numbers(1, 5);
    assert_int_equal(client_join(&a, &h, "e-2"), SSE_OK); /* dropped, but nothing is missing */
    client_pull(&a);
    heard(&a, "3@e-3,4@e-4,5@e-5");
    end();
    begin(0, 0);
    say_numbers(1, 3);
    assert_int_equal(client_join(&a, &h, "e-3"), SSE_OK);
    assert_int_equal(client_pull(&a), SSE_AGAIN);
    assert_int_equal(a.len, 0);
    end();
}

static void a_dropped_id_is_told_of_a_gap_in_numbers(void **state)
{
    static const uint32_t flags[] = {0, SSE_SKIP, SSE_STAGED, SSE_FROM_LOG};
    size_t i;

    (void)state;
    for (i = 0; i < 4; i++) {
        begin(0, flags[i]);
        say_numbers(1, 7);
        assert_int_equal(client_join(&a, &h, "e-2"), SSE_GAP);
        client_pull(&a);
        heard(&a, "gap={\"first\":\"e-3\",\"last\":\"e-4\",\"count\":2}@e-4,5@e-5,6@e-6,7@e-7");
        assert_int_equal(counted().missed, 1);
        end();
    }
}

static void an_id_that_never_was_is_told_of_a_gap_without_numbers(void **state)
{
    static const char *const ids[] = {"f-1", "e-9", "mine", "e-", "e-0x1"};
    size_t i;

    (void)state;
    for (i = 0; i < sizeof ids / sizeof *ids; i++) {
        begin(0, 0);
        say_numbers(1, 4);
        assert_int_equal(client_join(&a, &h, ids[i]), SSE_GAP);
        client_pull(&a);
        heard(&a, "gap=" NULLS "@e-1,2@e-2,3@e-3,4@e-4");
        end();
    }
}

static void where_ids_are_the_callers_a_gap_is_told_by_its_count(void **state)
{
    static const char *const ids[] = {"a", "b", "c", "d", "e"};
    sse_event ev = {{NULL, 0}, {NULL, 0}, {NULL, 0}, SSE_LIT("x"), 0};
    size_t i;

    (void)state;
    begin(0, SSE_SKIP);
    h.log = sse_replay_init(h.memory, h.room, 3, 0, 0);
    assert_int_equal(sse_channel_init(&h.ch, h.log, 0, NULL, 1000), SSE_OK);
    client_join(&a, &h, NULL);
    ev.id = SSE_LIT("own");
    assert_int_equal(sse_subscriber_send(a.s, &ev), SSE_OK);
    client_pull(&a);
    for (i = 0; i < 5; i++) {
        ev.id.ptr = ids[i];
        ev.id.len = 1;
        assert_int_equal(sse_channel_publish(&h.ch, &ev, 0, 0, NULL), SSE_OK);
    }
    client_pull(&a);
    heard(&a, "x@own,gap={\"first\":null,\"last\":null,\"count\":2}@own,x@c,x@d,x@e");
    end();
}

static void who_sees_a_part_learns_nothing_of_the_rest(void **state)
{
    static const char *const ids[] = {NULL, "e-1", "f-1"};
    size_t i;

    (void)state;
    for (i = 0; i < 3; i++) {
        begin(0, SSE_SKIP | SSE_FROM_LOG);
        a.filtered = 1;
        a.tag = 7;
        if (i == 0)
            client_join(&a, &h, NULL);
        say_to(&h, 7, 0, "mine");
        say_to(&h, 8, 1, "secret");
        say_to(&h, 8, 1, "secret");
        say_to(&h, 7, 1, "mine");
        say_to(&h, 8, 1, "secret");
        if (i > 0)
            assert_int_equal(client_join(&a, &h, ids[i]), SSE_GAP);
        client_pull(&a);
        heard(&a, "gap=" NULLS "@,mine@e-4");
        a.bytes[a.len] = '\0';
        assert_null(strstr(a.bytes, "secret"));
        end();
    }
}

static void what_a_filter_hides_neither_wakes_nor_counts(void **state)
{
    (void)state;
    begin(0, SSE_SKIP | SSE_COALESCE);
    a.filtered = 1;
    a.tag = 7;
    client_join(&a, &h, NULL);
    client_pull(&a);
    assert_int_equal(say_to(&h, 8, 1, "secret").waiting, 0);
    say_to(&h, 7, 1, "mine");
    assert_int_equal(a.wakes, 1);
    last = say_to(&h, 8, 1, "secret"); /* the same key, and another tag */
    assert_int_equal(last.woken, 0);
    client_pull(&a);
    heard(&a, "mine@e-2");
    for (last.number = 0; last.number < 9;)
        last = say_to(&h, 8, 1, "secret"); /* the log drops only what it must not see */
    client_pull(&a);
    heard(&a, "mine@e-2");
    assert_int_equal(a.wakes, 1);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_skip_the_slow_is_closed),
        cmocka_unit_test(with_skip_a_gap_event_stands_where_events_are_missing),
        cmocka_unit_test(a_gap_event_bears_the_id_of_what_was_lost_last),
        cmocka_unit_test(a_part_that_was_taken_is_followed_by_the_rest),
        cmocka_unit_test(a_part_whose_rest_is_too_long_to_keep_tears_the_stream),
        cmocka_unit_test(an_offer_that_was_dropped_closes_with_torn),
        cmocka_unit_test(staged_an_offer_outlives_what_the_log_drops),
        cmocka_unit_test(a_known_id_is_continued),
        cmocka_unit_test(a_dropped_id_is_told_of_a_gap_in_numbers),
        cmocka_unit_test(an_id_that_never_was_is_told_of_a_gap_without_numbers),
        cmocka_unit_test(where_ids_are_the_callers_a_gap_is_told_by_its_count),
        cmocka_unit_test(who_sees_a_part_learns_nothing_of_the_rest),
        cmocka_unit_test(what_a_filter_hides_neither_wakes_nor_counts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
