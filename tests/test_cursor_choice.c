/* test_cursor_choice.c - readers that do not get all events: filters by tag, and coalescing by
 * key. */
#include "sse/cursor.h"

#include "dice.h"
#include "history.h"
#include "reader.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static history h;
static reader r;
static reader_stream stream;

static const uint64_t tag_one = 1;

static int finish(void **state)
{
    (void)state;
    reader_end(&r);
    history_end(&h);
    return 0;
}

/* A log with events of 40 bytes, one for each digit, which is its tag. */
static void begin_tagged(const char *tags, const uint64_t *tag)
{
    history_begin(&h, 10, 500, 0xa, 0);
    for (; *tags; tags++)
        history_append(&h, 40, (uint64_t)(*tags - '0'), 0, 0);
    reader_begin(&r, &h, &stream, 1, 0, tag);
}

/* One whose keys these are; the tag of capitals is 1. */
static void append_keyed(const char *keys)
{
    for (; *keys; keys++) {
        const int capital = *keys >= 'A' && *keys <= 'Z';

        history_append(&h, 40, (uint64_t)capital, *keys == '0' ? 0 : (uint64_t)(*keys | 0x20), 0);
    }
}

static void begin_keyed(const char *keys, const uint64_t *tag)
{
    history_begin(&h, 10, 500, 0xa, 0);
    append_keyed(keys);
    reader_begin(&r, &h, &stream, 1, SSE_COALESCE, tag);
}

/* Take all that there is, and demand that these events have been taken in the end. */
static void assert_takes(const char *digits)
{
    size_t i;

    while (reader_peek(&r, READER_RUNS) == SSE_OK)
        assert_int_equal(reader_consume(&r, r.offer), SSE_OK);
    assert_int_equal(r.count, strlen(digits));
    for (i = 0; i < r.count; i++)
        assert_int_equal(stream.numbers[i], digits[i] - '0');
}

static void a_filter_hides_events_in_any_place(void **state)
{
    (void)state;
    begin_tagged("010110", &tag_one);
    assert_takes("245");
}

static void neighbours_are_one_run(void **state)
{
    (void)state;
    begin_tagged("01101110", &tag_one);
    assert_int_equal(reader_peek(&r, READER_RUNS), SSE_OK);
    assert_int_equal(r.run_count, 2);
    assert_int_equal(r.runs[0].len, 80);
    assert_int_equal(r.runs[1].len, 120);
    assert_takes("23567");
}

static void runs_that_a_small_cap_does_not_show_come_later(void **state)
{
    (void)state;
    begin_tagged("1010101", &tag_one);
    while (reader_peek(&r, 1) == SSE_OK) {
        assert_int_equal(r.run_count, 1);
        assert_int_equal(reader_consume(&r, r.offer), SSE_OK);
    }
    assert_takes("1357");
}

static void what_is_hidden_makes_nothing_to_see(void **state)
{
    (void)state;
    begin_tagged("000", &tag_one);
    assert_int_equal(reader_peek(&r, 4), SSE_AGAIN);
    assert_int_equal(reader_read(&r, 100), SSE_AGAIN);
    history_append(&h, 40, 1, 0, 0);
    assert_takes("4");
}

/* Of the user pointer, and of nothing but the tags that were given. */
static int is_asked(void *user, uint64_t tag)
{
    unsigned *asked = user;

    *asked |= 1u << (tag == UINT64_MAX ? 2 : tag == 1ull << 40 ? 1 : 0);
    return tag == UINT64_MAX;
}

static void a_filter_is_asked_with_the_whole_tag(void **state)
{
    static const sse_event ev = {{NULL, 0}, {NULL, 0}, {NULL, 0}, 0, {"x", 1}};
    static uint64_t memory[SSE_HISTORY_WORDS(4, 200)];
    sse_history *log = sse_history_init(memory, sizeof memory, 4, 0, 0);
    unsigned asked = 0;
    sse_cursor c;
    sse_str run;
    size_t count;

    (void)state;
    assert_int_equal(sse_history_append(log, &ev, 1ull << 40, 0, 0), SSE_OK);
    assert_int_equal(sse_history_append(log, &ev, UINT64_MAX, 0, 0), SSE_OK);
    assert_int_equal(sse_cursor_init(&c, 1, 0, is_asked, &asked), SSE_OK);
    assert_int_equal(sse_cursor_peek(&c, log, &run, 1, &count), SSE_OK);
    assert_int_equal(asked, 6);
    assert_int_equal(run.len, 9);
    assert_int_equal(sse_cursor_consume(&c, log, run.len), SSE_OK);
    assert_int_equal(sse_cursor_next(&c), 3);
}

static void only_the_newest_of_each_key_is_seen(void **state)
{
    (void)state;
    begin_keyed("abacab", NULL);
    assert_takes("456");
}

static void an_event_without_a_key_stands_for_itself(void **state)
{
    (void)state;
    begin_keyed("00a0a", NULL);
    assert_takes("1245");
}

static void an_event_stands_for_those_of_its_own_tag_only(void **state)
{
    (void)state;
    begin_keyed("aAaAb", NULL);
    assert_takes("345");
}

static void a_filtered_reader_gets_the_newest_that_it_may_see(void **state)
{
    (void)state;
    begin_keyed("AaAaBa", &tag_one);
    assert_takes("35");
}

static void what_comes_behind_an_offer_does_not_change_it(void **state)
{
    (void)state;
    begin_keyed("ab", NULL);
    assert_int_equal(reader_peek(&r, 4), SSE_OK);
    append_keyed("a");
    reader_is_frozen(&r);
    assert_int_equal(r.offer, 80);
    assert_takes("123");
}

static void an_event_that_was_begun_is_finished(void **state)
{
    (void)state;
    begin_keyed("ab", NULL);
    assert_int_equal(reader_read(&r, 7), SSE_OK);
    append_keyed("a");
    assert_int_equal(reader_read(&r, 33), SSE_OK);
    assert_int_equal(r.count, 1);
    assert_int_equal(r.at, 0);
    assert_int_equal(stream.numbers[0], 1);
    while (reader_read(&r, 40) == SSE_OK)
        ;
    assert_int_equal(stream.numbers[r.count - 1], 3);
}

static void a_slow_reader_gets_the_newest_when_it_comes_back(void **state)
{
    (void)state;
    begin_keyed("a", NULL);
    assert_takes("1");
    append_keyed("aaabaa");
    assert_takes("157");
}

static void readers_of_each_kind_share_a_log(void **state)
{
    static reader_stream other_stream;
    static reader other;

    (void)state;
    begin_keyed("aAbB", NULL);
    reader_begin(&other, &h, &other_stream, 1, 0, &tag_one);
    assert_int_equal(reader_peek(&r, 4), SSE_OK);
    assert_int_equal(reader_peek(&other, 4), SSE_OK);
    append_keyed("AA");
    reader_is_frozen(&r);
    reader_is_frozen(&other);
    while (reader_read(&other, 30) == SSE_OK)
        ;
    assert_int_equal(other.count, 4);
    reader_end(&other);
    assert_takes("12346");
}

/* A tag and a key are whole numbers, not their low halves. */
static void keys_are_told_apart_by_all_their_bits(void **state)
{
    unsigned bit;

    (void)state;
    for (bit = 0; bit < 64; bit++) {
        history_begin(&h, 10, 500, 0xa, 0);
        history_append(&h, 40, 1, 1, 0);
        history_append(&h, 40, 1, 1 ^ 1ull << bit, 0);
        history_append(&h, 40, 1 ^ 1ull << bit, 1, 0);
        reader_begin(&r, &h, &stream, 1, SSE_COALESCE, NULL);
        assert_takes("123");
        reader_end(&r);
        history_end(&h);
    }
}

/* More names than buckets, if that is how the log finds them, and fewer. */
static void any_number_of_keys_is_told_apart(void **state)
{
    size_t keys, i;

    (void)state;
    dice_seed(1);
    for (keys = 1; keys < 40; keys++) {
        history_begin(&h, 10 + (uint32_t)(keys % 30), 1200, 0xa, 0);
        for (i = 0; i < 300; i++) {
            history_append(&h, 24, below(2), 1 + below(keys), 0);
            if (i % 3 == 0)
                history_check(&h, h.log);
        }
        history_end(&h);
    }
}

#define reader_test(name) cmocka_unit_test_teardown(name, finish)

int main(void)
{
    const struct CMUnitTest tests[] = {
        reader_test(a_filter_hides_events_in_any_place),
        reader_test(neighbours_are_one_run),
        reader_test(runs_that_a_small_cap_does_not_show_come_later),
        reader_test(what_is_hidden_makes_nothing_to_see),
        cmocka_unit_test(a_filter_is_asked_with_the_whole_tag),
        reader_test(only_the_newest_of_each_key_is_seen),
        reader_test(an_event_without_a_key_stands_for_itself),
        reader_test(an_event_stands_for_those_of_its_own_tag_only),
        reader_test(a_filtered_reader_gets_the_newest_that_it_may_see),
        reader_test(what_comes_behind_an_offer_does_not_change_it),
        reader_test(an_event_that_was_begun_is_finished),
        reader_test(a_slow_reader_gets_the_newest_when_it_comes_back),
        reader_test(readers_of_each_kind_share_a_log),
        cmocka_unit_test(keys_are_told_apart_by_all_their_bits),
        cmocka_unit_test(any_number_of_keys_is_told_apart),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
