/* test_history.c - the log: which events it accepts, which it keeps and which it drops. Its memory
 * is in test_history_init.c, ids in test_history_ids.c, long lives in test_history_model.c. */
#include "sse/history.h"

#include "history.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static history h;

static void all_bytes_of_the_room_hold_events(void **state)
{
    static uint64_t memory[SSE_HISTORY_WORDS(3, 100)];
    static const char data[93];
    const size_t size = SSE_HISTORY_OVERHEAD + 3 * SSE_HISTORY_SLOT + 100;
    sse_event ev = {{NULL, 0}, {NULL, 0}, {NULL, 0}, 0, {data, 92}};
    sse_history *log = sse_history_init(memory, size, 3, 0, 0);

    (void)state;
    assert_true(sizeof memory >= size);
    assert_int_equal(sse_history_append(log, &ev, 0, 0, 0), SSE_OK);
    ev.data.len = 93;
    assert_int_equal(sse_history_append(log, &ev, 0, 0, 0), SSE_E_TOOBIG);
    assert_int_equal(sse_history_first(log), 1);
    assert_int_equal(sse_history_end(log), 2);
}

static void a_log_that_is_none_is_refused_by_all(void **state)
{
    static const uint64_t zero[SSE_HISTORY_WORDS(1, 64)];
    const sse_event ev = {{NULL, 0}, {NULL, 0}, {NULL, 0}, 0, {"x", 1}};
    uint64_t memory[SSE_HISTORY_WORDS(1, 64)] = {0};
    sse_history *logs[2] = {NULL, (sse_history *)memory};
    char id[SSE_HISTORY_ID_MAX];
    int i;

    (void)state;
    for (i = 0; i < 2; i++) {
        uint64_t next = 99;
        size_t len = 99;

        assert_int_equal(sse_history_append(logs[i], &ev, 0, 0, 0), SSE_E_ARG);
        assert_int_equal(sse_history_expire(logs[i], 1), SSE_E_ARG);
        assert_int_equal(sse_history_find(logs[i], "1-1", 3, &next), SSE_E_ARG);
        assert_int_not_equal(next, 99);
        assert_int_equal(sse_history_id(logs[i], 1, id, &len), SSE_E_ARG);
        assert_int_equal(len, 0);
        assert_int_equal(sse_history_fits(logs[i], 8, 1), 0);
    }
    assert_int_equal(sse_history_first(NULL), 0);
    assert_int_equal(sse_history_end(NULL), 0);
    assert_memory_equal(memory, zero, sizeof zero);
}

static void an_event_that_cannot_be_sent_is_refused_and_changes_nothing(void **state)
{
    static const struct refusal {
        sse_event ev;
        int status;
    } refused[] = {
        {{{NULL, 0}, {NULL, 0}, {NULL, 0}, {NULL, 0}, 0}, SSE_E_ARG},
        {{{NULL, 0}, {NULL, 0}, {NULL, 0}, {NULL, 1}, 0}, SSE_E_ARG},
        {{{NULL, 0}, {NULL, 0}, {NULL, 0}, {"x", 1}, SSE_RETRY_MAX + 1}, SSE_E_RANGE},
        {{{NULL, 0}, {NULL, 0}, {NULL, 0}, {"x", SSE_PART_MAX + 1}, 0}, SSE_E_TOOBIG},
        {{{NULL, 0}, {NULL, 0}, {"a\ndata: b", 9}, {"x", 1}, 0}, SSE_E_FIELD},
    };
    static unsigned char before[8192];
    uint64_t epoch;
    size_t i;

    (void)state;
    for (epoch = 0; epoch < 2; epoch++) {
        history_begin(&h, 4, 100, epoch, 0);
        for (i = 0; i < 6; i++)
            history_append(&h, 30, 1, 1, i);
        memcpy(before, h.log, h.size);
        assert_int_equal(sse_history_append(h.log, NULL, 0, 0, 9), SSE_E_ARG);
        for (i = 0; i < sizeof refused / sizeof refused[0]; i++)
            assert_int_equal(sse_history_append(h.log, &refused[i].ev, 1, 1, 9), refused[i].status);
        assert_int_equal(history_append(&h, 101, 1, 1, 9), SSE_E_TOOBIG);
        assert_memory_equal(before, h.log, h.size);
        history_check(&h, h.log);
        history_end(&h);
    }
}

static void an_id_is_refused_where_ids_are_automatic_and_a_bad_one_always(void **state)
{
    sse_event ev = {{NULL, 0}, {NULL, 0}, {"", 0}, 0, {"x", 1}};

    (void)state;
    history_begin(&h, 4, 100, 5, 0);
    assert_int_equal(sse_history_append(h.log, &ev, 0, 0, 0), SSE_E_ARG);
    ev.id = SSE_LIT("5-1");
    assert_int_equal(sse_history_append(h.log, &ev, 0, 0, 0), SSE_E_ARG);
    assert_int_equal(sse_history_end(h.log), 1);
    history_end(&h);

    history_begin(&h, 4, 100, 0, 0);
    ev.id = SSE_LIT("a\n");
    assert_int_equal(sse_history_append(h.log, &ev, 0, 0, 0), SSE_E_FIELD);
    ev.id = SSE_LIT(" a");
    assert_int_equal(sse_history_append(h.log, &ev, 0, 0, 0), SSE_E_FIELD);
    ev.id = SSE_LIT("");
    assert_int_equal(history_give(&h, &ev, 0, 0, 0), SSE_OK);
    history_end(&h);
}

/* The other parts, and each way of not being dispatched. */
static void any_event_is_kept_as_it_is_encoded(void **state)
{
    static const sse_event events[] = {
        {{NULL, 0}, {"tick", 4}, {NULL, 0}, 0, {"a\r\nb\rc\n", 7}},
        {{"hello\nworld", 11}, {NULL, 0}, {NULL, 0}, 0, {NULL, 0}},
        {{NULL, 0}, {NULL, 0}, {NULL, 0}, 3000, {NULL, 0}},
        {{"", 0}, {"", 0}, {NULL, 0}, SSE_RETRY_MAX, {"", 0}},
        {{NULL, 0}, {NULL, 0}, {NULL, 0}, 1, {" \xFF\0 ", 4}},
    };
    uint32_t flags;
    uint64_t epoch;
    size_t i;

    (void)state;
    for (flags = 0; flags < 2; flags++)
        for (epoch = 0; epoch < 2; epoch++) {
            history_begin(&h, 8, 1000, epoch, flags);
            for (i = 0; i < sizeof events / sizeof events[0]; i++)
                assert_int_equal(history_give(&h, &events[i], i % HISTORY_TAGS, 0, i), SSE_OK);
            history_check(&h, h.log);
            history_end(&h);
        }
}

static void the_oldest_go_when_there_are_too_many(void **state)
{
    size_t i;

    (void)state;
    history_begin(&h, 3, 1000, 7, 0);
    for (i = 0; i < 10; i++)
        assert_int_equal(history_append(&h, 20, 0, 0, i), SSE_OK);
    assert_int_equal(sse_history_first(h.log), 8);
    assert_int_equal(sse_history_end(h.log), 11);
    history_check(&h, h.log);
    history_end(&h);
}

/* An event lies in one piece, so that a turn of the ring can leave bytes behind its last one. */
static void the_oldest_go_as_far_as_a_place_is_needed_and_no_further(void **state)
{
    (void)state;
    history_begin(&h, 50, 100, 0, 0);
    history_append(&h, 30, 0, 0, 0);
    history_append(&h, 30, 0, 0, 0);
    history_append(&h, 40, 0, 0, 0); /* all is full */
    assert_int_equal(sse_history_first(h.log), 1);
    history_append(&h, 8, 0, 0, 0); /* in the place of the first */
    assert_int_equal(sse_history_first(h.log), 2);
    history_append(&h, 22, 0, 0, 0);
    assert_int_equal(sse_history_first(h.log), 2);
    history_append(&h, 31, 0, 0, 0); /* in that of the second, and of a byte of the third */
    assert_int_equal(sse_history_first(h.log), 4);
    history_check(&h, h.log);
    history_append(&h, 39, 0, 0, 0); /* does what is left at the end do? */
    assert_int_equal(sse_history_first(h.log), 4);
    history_append(&h, 100, 0, 0, 0);
    assert_int_equal(sse_history_first(h.log), 8);
    history_check(&h, h.log);
    history_end(&h);
}

static void events_expire_up_to_the_first_that_is_not_older(void **state)
{
    static const uint64_t at_ms[] = {10, 20, 5, 30, UINT64_MAX, 1};
    size_t i;

    (void)state;
    history_begin(&h, 10, 1000, 9, 0);
    for (i = 0; i < sizeof at_ms / sizeof at_ms[0]; i++)
        history_append(&h, 30, 0, 0, at_ms[i]);
    history_expire(&h, 10);
    assert_int_equal(sse_history_first(h.log), 1);
    history_expire(&h, 11);
    assert_int_equal(sse_history_first(h.log), 2);
    history_expire(&h, 21);
    assert_int_equal(sse_history_first(h.log), 4);
    history_check(&h, h.log);
    history_expire(&h, UINT64_MAX);
    assert_int_equal(sse_history_first(h.log), 5);
    history_check(&h, h.log);
    history_append(&h, 30, 0, 0, 0);
    history_check(&h, h.log);
    history_end(&h);
}

static void a_log_that_has_expired_is_empty_and_goes_on(void **state)
{
    uint32_t flags;

    (void)state;
    for (flags = 0; flags < 2; flags++) {
        history_begin(&h, 10, 1000, 9, flags);
        history_expire(&h, 1);
        history_append(&h, 40, 0, 0, 1);
        history_append(&h, 40, 0, 0, 1);
        history_expire(&h, 2);
        assert_int_equal(sse_history_first(h.log), 3);
        assert_int_equal(sse_history_end(h.log), 3);
        history_check(&h, h.log);
        history_append(&h, 40, 0, 0, 3);
        history_check(&h, h.log);
        history_end(&h);
    }
}

static void what_fits_can_be_asked_ahead(void **state)
{
    (void)state;
    history_begin(&h, 3, 100, 0, 0);
    assert_int_equal(sse_history_fits(h.log, 100, 1), 1);
    assert_int_equal(sse_history_fits(h.log, 101, 1), 0);
    assert_int_equal(sse_history_fits(h.log, (size_t)-1, 1), 0);
    history_append(&h, 50, 0, 0, 0);
    history_append(&h, 20, 0, 0, 0);
    assert_int_equal(sse_history_fits(h.log, 30, 1), 1);
    assert_int_equal(sse_history_fits(h.log, 31, 1), 0);
    assert_int_equal(sse_history_fits(h.log, 50, 2), 1);
    assert_int_equal(sse_history_fits(h.log, 51, 2), 0);
    assert_int_equal(sse_history_fits(h.log, 100, 3), 1);
    assert_int_equal(sse_history_fits(h.log, (size_t)-1, 3), 0);
    history_append(&h, 8, 0, 0, 0);
    assert_int_equal(sse_history_fits(h.log, 8, 1), 0);
    assert_int_equal(sse_history_fits(h.log, 8, 2), 1);
    assert_int_equal(sse_history_fits(h.log, 100, 4), 1);
    assert_int_equal(sse_history_fits(h.log, 100, 99), 1); /* none of these is there yet */
    assert_int_equal(sse_history_fits(h.log, 101, 99), 0);
    history_append(&h, 8, 0, 0, 0);
    assert_int_equal(sse_history_first(h.log), 2);
    assert_int_equal(sse_history_fits(h.log, 8, 1), 0); /* it is gone already */
    history_end(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_bytes_of_the_room_hold_events),
        cmocka_unit_test(a_log_that_is_none_is_refused_by_all),
        cmocka_unit_test(an_event_that_cannot_be_sent_is_refused_and_changes_nothing),
        cmocka_unit_test(an_id_is_refused_where_ids_are_automatic_and_a_bad_one_always),
        cmocka_unit_test(any_event_is_kept_as_it_is_encoded),
        cmocka_unit_test(the_oldest_go_when_there_are_too_many),
        cmocka_unit_test(the_oldest_go_as_far_as_a_place_is_needed_and_no_further),
        cmocka_unit_test(events_expire_up_to_the_first_that_is_not_older),
        cmocka_unit_test(a_log_that_has_expired_is_empty_and_goes_on),
        cmocka_unit_test(what_fits_can_be_asked_ahead),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
