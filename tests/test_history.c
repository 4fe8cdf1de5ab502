/* SPDX-License-Identifier: MIT */
/* test_history.c - which events a history accepts, and how it stores them. What it drops is in
 * test_history_drop.c, its memory in test_history_init.c, ids in test_history_ids.c, long lives in
 * test_history_model.c. */
#include "history.h"

#include "../src/history_layout.h"

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
    const size_t size = (size_t)SSE_HISTORY_OVERHEAD + 3 * SSE_HISTORY_SLOT + 100;
    sse_event ev = {{NULL, 0}, {NULL, 0}, {NULL, 0}, 0, {data, 92}};
    sse_history *real = sse_history_init(memory, size, 3, 0, 0, NULL, 0);

    (void)state;
    assert_true(sizeof memory >= size);
    assert_int_equal(sse_history_append(real, &ev, 0, 0, 0), SSE_OK);
    ev.data.len = 93;
    assert_int_equal(sse_history_append(real, &ev, 0, 0, 0), SSE_E_TOOBIG);
    assert_int_equal(sse_history_first(real), 1);
    assert_int_equal(sse_history_next(real), 2);
}

static void null_and_all_zero_memory_are_refused_by_each_function(void **state)
{
    static const uint64_t zero[SSE_HISTORY_WORDS(1, 64)];
    const sse_event ev = {{NULL, 0}, {NULL, 0}, {NULL, 0}, 0, {"x", 1}};
    uint64_t memory[SSE_HISTORY_WORDS(1, 64)] = {0};
    sse_history *histories[2] = {NULL, (sse_history *)memory};
    char id[SSE_HISTORY_ID_MAX];
    const void *bytes = id;
    int i;

    (void)state;
    for (i = 0; i < 2; i++) {
        uint64_t next = 99;
        size_t len = 99;

        assert_int_equal(sse_history_append(histories[i], &ev, 0, 0, 0), SSE_E_ARG);
        assert_int_equal(sse_history_expire(histories[i], 1), SSE_E_ARG);
        assert_int_equal(sse_history_find(histories[i], "1-1", 3, &next), SSE_E_ARG);
        assert_int_equal(next, 0);
        assert_int_equal(sse_history_id(histories[i], 1, id, sizeof id, &len), SSE_E_ARG);
        assert_int_equal(len, 0);
        len = 99;
        assert_int_equal(sse_history_get(histories[i], 1, &bytes, &len), SSE_E_ARG);
        assert_int_equal(len, 0);
        assert_null(bytes);
        assert_int_equal(sse_history_first(histories[i]), 0);
        assert_int_equal(sse_history_next(histories[i]), 0);
    }
    assert_memory_equal(memory, zero, sizeof zero);
}

static void an_out_parameter_that_is_null_is_refused(void **state)
{
    char id[SSE_HISTORY_ID_MAX];
    const void *bytes = id;
    uint64_t epoch;
    size_t len = 99;

    (void)state;
    for (epoch = 0; epoch < 2; epoch++) {
        history_begin(&h, 4, 100, 0, epoch);
        history_append(&h, 20, 0, 0, 0);
        assert_int_equal(sse_history_find(h.real, "1-1", 3, NULL), SSE_E_ARG);
        assert_int_equal(sse_history_id(h.real, 1, id, sizeof id, NULL), SSE_E_ARG);
        assert_int_equal(sse_history_id(h.real, 1, NULL, 1, &len), SSE_E_ARG);
        assert_int_equal(len, 0);
        len = 99;
        assert_int_equal(sse_history_get(h.real, 1, NULL, &len), SSE_E_ARG);
        assert_int_equal(len, 0);
        assert_int_equal(sse_history_get(h.real, 1, &bytes, NULL), SSE_E_ARG);
        assert_null(bytes);
        bytes = id;
        history_end(&h);
    }
}

static void an_event_that_cannot_be_sent_is_refused_and_changes_nothing(void **state)
{
    static const struct refusal {
        sse_event ev;
        int status;
    } refused[] = {
        {{{NULL, 0}, {NULL, 0}, {NULL, 0}, 0, {NULL, 0}}, SSE_E_ARG},
        {{{NULL, 0}, {NULL, 0}, {NULL, 0}, 0, {NULL, 1}}, SSE_E_ARG},
        {{{NULL, 0}, {NULL, 0}, {NULL, 0}, SSE_RETRY_MAX + 1, {"x", 1}}, SSE_E_RANGE},
        {{{NULL, 0}, {NULL, 0}, {NULL, 0}, 0, {"x", SSE_PART_MAX + 1}}, SSE_E_TOOBIG},
        {{{NULL, 0}, {"a\ndata: b", 9}, {NULL, 0}, 0, {"x", 1}}, SSE_E_FIELD},
    };
    static unsigned char before[8192];
    uint64_t epoch;
    size_t i;

    (void)state;
    for (epoch = 0; epoch < 2; epoch++) {
        history_begin(&h, 4, 100, 0, epoch);
        for (i = 0; i < 6; i++)
            history_append(&h, 30, 1, 1, i);
        memcpy(before, h.real, h.size);
        assert_int_equal(sse_history_append(h.real, NULL, 0, 0, 9), SSE_E_ARG);
        for (i = 0; i < sizeof refused / sizeof refused[0]; i++)
            assert_int_equal(sse_history_append(h.real, &refused[i].ev, 1, 1, 9),
                             refused[i].status);
        assert_int_equal(history_append(&h, 101, 1, 1, 9), SSE_E_TOOBIG);
        assert_memory_equal(before, h.real, h.size);
        history_check(&h, h.real);
        history_end(&h);
    }
}

static void an_id_is_refused_where_ids_are_automatic_and_an_invalid_one_always(void **state)
{
    sse_event ev = {{NULL, 0}, {NULL, 0}, {"", 0}, 0, {"x", 1}};

    (void)state;
    history_begin(&h, 4, 100, 0, 5);
    assert_int_equal(sse_history_append(h.real, &ev, 0, 0, 0), SSE_E_ARG);
    ev.id = SSE_LIT("5-1");
    assert_int_equal(sse_history_append(h.real, &ev, 0, 0, 0), SSE_E_ARG);
    assert_int_equal(sse_history_next(h.real), 1);
    history_end(&h);

    history_begin(&h, 4, 100, 0, 0);
    ev.id = SSE_LIT("a\n");
    assert_int_equal(sse_history_append(h.real, &ev, 0, 0, 0), SSE_E_FIELD);
    ev.id = SSE_LIT(" a");
    assert_int_equal(sse_history_append(h.real, &ev, 0, 0, 0), SSE_E_FIELD);
    ev.id = SSE_LIT("");
    assert_int_equal(history_give(&h, &ev, 0, 0, 0), SSE_OK);
    history_end(&h);
}

/* The other parts, and each way of not being dispatched. */
static void an_event_is_stored_as_sse_event_encode_writes_it(void **state)
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
    for (flags = 0; flags <= SSE_HISTORY_CHUNKED; flags += SSE_HISTORY_CHUNKED)
        for (epoch = 0; epoch < 2; epoch++) {
            history_begin(&h, 8, 1000, flags, epoch);
            for (i = 0; i < sizeof events / sizeof events[0]; i++)
                assert_int_equal(history_give(&h, &events[i], i % HISTORY_TAGS, 0, i), SSE_OK);
            history_check(&h, h.real);
            history_end(&h);
        }
}

/* Each by itself: how long an event will be is guessed from all of them. */
static void an_event_of_any_one_part_is_stored(void **state)
{
    static const sse_event events[] = {
        {{"abcd", 4}, {NULL, 0}, {NULL, 0}, 0, {NULL, 0}},
        {{NULL, 0}, {NULL, 0}, {"abcd", 4}, 0, {NULL, 0}},
        {{NULL, 0}, {"abcd", 4}, {NULL, 0}, 0, {NULL, 0}},
        {{NULL, 0}, {NULL, 0}, {NULL, 0}, 0, {"abcd", 4}},
        {{NULL, 0}, {NULL, 0}, {NULL, 0}, 1, {NULL, 0}},
    };
    size_t i;

    (void)state;
    history_begin(&h, 8, 1000, 0, 0);
    for (i = 0; i < sizeof events / sizeof events[0]; i++)
        assert_int_equal(history_give(&h, &events[i], 0, 0, 0), SSE_OK);
    history_check(&h, h.real);
    history_reopen(&h, 0);
    history_check(&h, h.real);
    history_end(&h);
}

/* A part of a flat call that is absent differs from one that is empty, except the data. */
static void an_event_can_be_given_in_parts(void **state)
{
    static const struct parts {
        const char *type, *id, *data;
        const char *want;
    } given[] = {
        {NULL, NULL, NULL, "data: \n\n"},
        {NULL, NULL, "", "data: \n\n"},
        {"", "", "x", "id: \ndata: x\n\n"},
        {"tick", NULL, "a\nb", "event: tick\ndata: a\ndata: b\n\n"},
        {NULL, "7", "x", "id: 7\ndata: x\n\n"},
    };
    const void *bytes;
    uint64_t n;
    size_t len;

    (void)state;
    history_begin(&h, 8, 1000, 0, 0);
    for (n = 1; n <= sizeof given / sizeof given[0]; n++) {
        const struct parts *p = &given[n - 1];
        const sse_slot *slot;

        assert_int_equal(sse_history_append_parts(h.real, p->type, p->type ? strlen(p->type) : 0,
                                                  p->id, p->id ? strlen(p->id) : 0, p->data,
                                                  p->data ? strlen(p->data) : 0, 2, 3, n),
                         SSE_OK);
        assert_int_equal(sse_history_get(h.real, n, &bytes, &len), SSE_OK);
        assert_int_equal(len, strlen(p->want));
        assert_memory_equal(bytes, p->want, len);
        slot = sse_history_slot(h.real, n);
        assert_true(slot->tag == 2 && slot->key == 3 && slot->time_ms == n);
    }
    assert_int_equal(sse_history_append_parts(h.real, NULL, 1, NULL, 0, "x", 1, 0, 0, 0),
                     SSE_E_ARG);
    assert_int_equal(sse_history_append_parts(h.real, NULL, 0, NULL, 1, "x", 1, 0, 0, 0),
                     SSE_E_ARG);
    assert_int_equal(sse_history_append_parts(h.real, NULL, 0, NULL, 0, NULL, 1, 0, 0, 0),
                     SSE_E_ARG);
    assert_int_equal(sse_history_append_parts(NULL, NULL, 0, NULL, 0, "x", 1, 0, 0, 0), SSE_E_ARG);
    assert_int_equal(sse_history_next(h.real), n);
    history_end(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_bytes_of_the_room_hold_events),
        cmocka_unit_test(null_and_all_zero_memory_are_refused_by_each_function),
        cmocka_unit_test(an_out_parameter_that_is_null_is_refused),
        cmocka_unit_test(an_event_that_cannot_be_sent_is_refused_and_changes_nothing),
        cmocka_unit_test(an_id_is_refused_where_ids_are_automatic_and_an_invalid_one_always),
        cmocka_unit_test(an_event_is_stored_as_sse_event_encode_writes_it),
        cmocka_unit_test(an_event_of_any_one_part_is_stored),
        cmocka_unit_test(an_event_can_be_given_in_parts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
