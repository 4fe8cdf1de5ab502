/* SPDX-License-Identifier: MIT */
/* test_sequences_channel.c - every sequence of calls up to a length for a channel with two clients,
 * against the model of support/model.h. The history keeps two events, so that some are lost, and
 * the times are such that heartbeats, paces and limits come due within a few calls.
 *
 *     test_sequences_channel [LENGTH]   4 as a test */
#include "model.h"
#include "sequence.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdlib.h>
#include <cmocka.h>

enum { A, B };

static size_t length = 4;

/* A call of the model, by name. */
#define STEP(name, call)  \
    static int name(void) \
    {                     \
        call;             \
        return 0;         \
    }
#define FLUSH(i, most, budget, fail_at)                        \
    do {                                                       \
        const sinking how_ = {(most), (budget), (fail_at), 2}; \
        world_flush(i, &how_);                                 \
    } while (0)

STEP(publish, world_publish(0, 0, 12))
STEP(publish_state, world_publish(1, 1, 30))
STEP(next, world_next())
STEP(send_a, world_send(A, 6))
STEP(read_a, world_read(A, 9))
STEP(read_a_all, world_read(A, 4000))
STEP(flush_a, FLUSH(A, SIZE_MAX, SIZE_MAX, 0))
STEP(flush_a_some, FLUSH(A, 8, 24, 0))
STEP(fail_a, FLUSH(A, SIZE_MAX, SIZE_MAX, 1))
STEP(peek_a, world_peek(A))
STEP(consume_a_none, world_consume(A, 0))
STEP(consume_a_one, world_consume(A, 1))
STEP(consume_a_all, world_consume(A, w.all[A].offer_len))
STEP(close_a, world_close(A))
STEP(leave_a, world_leave(A))
STEP(join_a, world_join(A, SSE_JOIN_GAPS, FROM_LAST, w.all[A].last))
STEP(join_a_lost, world_join(A, SSE_JOIN_GAPS, FROM_UNKNOWN, 0))
STEP(read_b, world_read(B, 4000))
STEP(peek_b, world_peek(B))
STEP(consume_b, world_consume(B, w.all[B].offer_len))
STEP(filter_b, world_filter(B, w.all[B].filter == 2 ? 1 : 2))
STEP(join_b, world_join(B, SSE_JOIN_COALESCE, FROM_NOWHERE, 0))
STEP(tick, world_tick(w.given_ms + 10))
STEP(tick_long, world_tick(w.given_ms + 60))
STEP(drain, world_drain(1000, 20, 100))

static const sequence_call calls[] = {
    CALL(publish),       CALL(publish_state), CALL(next),           CALL(send_a),
    CALL(read_a),        CALL(read_a_all),    CALL(flush_a),        CALL(flush_a_some),
    CALL(fail_a),        CALL(peek_a),        CALL(consume_a_none), CALL(consume_a_one),
    CALL(consume_a_all), CALL(close_a),       CALL(leave_a),        CALL(join_a),
    CALL(join_a_lost),   CALL(read_b),        CALL(peek_b),         CALL(consume_b),
    CALL(filter_b),      CALL(join_b),        CALL(tick),           CALL(tick_long),
    CALL(drain),
};

/* What is free in a queue is of no account. */
static void settle(void)
{
    int i;

    for (i = 0; i < CLIENTS; i++)
        if (w.all[i].in)
            blank_free(lib.of[i].queue[w.all[i].queue], SSE_WRITER_OVERHEAD + w.all[i].capacity);
}

/* At the end of each sequence everybody takes what there is. */
static void check(size_t left)
{
    if (left == 0)
        world_finish();
}

static void is_wrong(void)
{
    fail();
}

static void walk(const kind *k, void (*start)(void), size_t least)
{
    const sequence q = {
        calls, sizeof calls / sizeof calls[0], &lib, sizeof lib, &w, sizeof w, settle, check};
    size_t count;

    world_keeps = 1;
    world_failed = is_wrong;
    world_open(k);
    world_join(A, SSE_JOIN_GAPS, FROM_NOWHERE, 0);
    world_join(B, SSE_JOIN_COALESCE, FROM_NOWHERE, 0);
    world_filter(B, 1);
    start();
    settle();
    count = sequence_walk(&q, length);
    assert_true(count > least);
    print_message("%zu calls changed something\n", count);
}

static void start_idle(void)
{
    read_a_all();
    read_b();
    publish();
}

static void start_in_an_event(void)
{
    read_b();
    publish_state();
    publish();
    next();
    next();
    read_a_all();
    publish();
    next();
    flush_a_some();
    send_a();
}

static void start_with_limits(void)
{
    world_limits(A, 0, 40, 0);
    world_limits(B, 30, 0, 200);
    tick();
    read_a_all();
    read_b();
    publish_state();
    while (world_next() != NOBODY)
        ;
}

/* clang-format off */
static const kind raw = {2, 200, 0, 0, 50, 0, 0}, chunked = {2, 250, 1, 0, 50, 40, 1},
                  own_ids = {2, 200, 0, 1, 50, 0, 0};
/* clang-format on */

static void from_rest_every_sequence_gives_what_the_model_says(void **state)
{
    (void)state;
    walk(&raw, start_idle, 20000);
}

static void with_a_part_of_an_event_every_sequence_gives_what_the_model_says(void **state)
{
    (void)state;
    walk(&chunked, start_in_an_event, 20000);
}

static void with_limits_every_sequence_gives_what_the_model_says(void **state)
{
    (void)state;
    walk(&raw, start_with_limits, 20000);
}

static void with_ids_of_the_callers_every_sequence_gives_what_the_model_says(void **state)
{
    (void)state;
    walk(&own_ids, start_in_an_event, 20000);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        sequence_test(from_rest_every_sequence_gives_what_the_model_says),
        sequence_test(with_a_part_of_an_event_every_sequence_gives_what_the_model_says),
        sequence_test(with_limits_every_sequence_gives_what_the_model_says),
        sequence_test(with_ids_of_the_callers_every_sequence_gives_what_the_model_says),
    };

    if (argc > 1)
        length = strtoul(argv[1], NULL, 10);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
