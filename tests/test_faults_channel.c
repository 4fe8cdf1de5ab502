/* SPDX-License-Identifier: MIT */
/* test_faults_channel.c - a sink that fails, blocks or takes one byte, at each of its calls in
 * turn, in a table of scenes, against the model of support/model.h. */
#include "model.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

/* A scene: a letter a call.
 *
 *     e E k   publish an event: short; longer than the queue; the state of a key, with a tag
 *     s       send one to client 0 alone
 *     f F     flush client 0; all that have something
 *     r p q   client 0 reads 7 bytes; peeks; consumes half of the offer
 *     x c j   client 0 gets another filter; closes; comes back if it is gone
 *     t d     time passes; the channel drains */
typedef struct scene {
    const char *calls;
    kind kind;
} scene;

/* clang-format off */
static const scene scenes[] = {
    {"FeeeFeF",         {8, 1600, 0, 0, 0,  0,  0}}, /* live */
    {"eeejfeeFeF",      {8, 1600, 1, 0, 0,  0,  0}},
    {"eeeeefeeeefeef",  {3, 200,  0, 0, 0,  0,  0}}, /* the history wraps after a block */
    {"eeeeefeeeefeef",  {3, 250,  1, 1, 0,  0,  0}},
    {"fefeefekeFekeF",  {2, 128,  0, 0, 0,  0,  0}},
    {"feEfeeFEfEf",     {4, 1600, 0, 0, 0,  0,  0}}, /* events that are longer than the queue */
    {"feEfeEFEfEf",     {4, 1600, 1, 0, 0,  0,  0}},
    {"fesesfseesfF",    {8, 1600, 0, 0, 0,  0,  0}}, /* private ones between them */
    {"fesesfseesfF",    {4, 300,  1, 0, 0,  0,  0}},
    {"eeeeeeFtFtFtF",   {8, 1600, 0, 0, 0,  60, 0}}, /* turns that go on */
    {"eeEeesFtFtFtF",   {8, 1600, 1, 0, 0,  99, 0}},
    {"FtFtFetftF",      {8, 1600, 0, 0, 50, 0,  0}}, /* heartbeats */
    {"FxtFktFxtfktF",   {8, 1600, 1, 0, 50, 0,  1}}, /* with places */
    {"FkekxFkekxfkF",   {8, 1600, 0, 0, 0,  0,  0}}, /* filters that change */
    {"pqekpqfepfpqF",   {8, 1600, 0, 0, 0,  0,  0}}, /* two faces */
    {"reErfperfpEqfF",  {4, 1000, 1, 0, 0,  0,  0}},
    {"eescefeF",        {8, 1600, 0, 0, 0,  0,  0}}, /* the end */
    {"eescefeF",        {8, 1600, 1, 0, 0,  0,  0}},
    {"eesFedFetFtF",    {8, 1600, 0, 0, 50, 0,  0}}, /* the drain */
    {"eesFedFetFtF",    {2, 200,  1, 0, 50, 0,  0}},
};
/* clang-format on */

static void join(int i, uint64_t number)
{
    static const uint32_t flags[] = {SSE_JOIN_GAPS, SSE_JOIN_COALESCE, SSE_JOIN_PLAIN};

    world_join(i, flags[i] | SSE_JOIN_OLDEST, FROM_LAST, number);
    if (i == 1)
        world_filter(i, 1);
}

static void call(char what)
{
    static const sinking all = {SIZE_MAX, SIZE_MAX, 0, 1};
    client *const c = &w.all[0];

    switch (what) {
    case 'e':
        world_publish(0, 0, 20 + w.end % 3 * 30);
        break;
    case 'E':
        world_publish(0, 0, 800);
        break;
    case 'k':
        world_publish(1, 1, 25);
        break;
    case 's':
        world_send(0, 30);
        break;
    case 'f':
        world_flush(0, &all);
        break;
    case 'F':
        world_turn(&all);
        break;
    case 'r':
        world_read(0, 7);
        break;
    case 'p':
        world_peek(0);
        break;
    case 'q':
        world_consume(0, c->offer_len / 2);
        break;
    case 'x':
        world_filter(0, c->filter == 2 ? 1 : 2);
        break;
    case 'c':
        world_close(0);
        break;
    case 't':
        world_tick(w.given_ms + 60);
        break;
    case 'd':
        world_drain(1000, 20, 500);
        break;
    default:
        if (!c->in)
            join(0, w.end - 1);
    }
}

/* Returns how often a sink was called. */
static unsigned play(const scene *s)
{
    const unsigned fault_at = world_fault.at;
    unsigned calls;
    const char *at;
    int i;

    world_sunk = 0;
    world_open(&s->kind);
    for (i = 0; i < CLIENTS; i++)
        join(i, NEVER);
    for (at = s->calls; *at != '\0'; at++)
        call(*at);
    if (!w.draining && !w.all[0].in) { /* who was cut off comes back, and misses nothing */
        join(0, w.end - 1);
        call('F');
    }
    calls = world_sunk;
    world_fault.at = 0;
    world_finish();
    world_fault.at = fault_at;
    return calls;
}

static void with_a_fault(size_t most, int blocks)
{
    size_t i;

    for (i = 0; i < sizeof scenes / sizeof scenes[0]; i++) {
        unsigned calls;

        world_fault.most = most;
        world_fault.blocks = blocks;
        world_fault.at = 0;
        calls = play(&scenes[i]);
        assert_true(calls > 4);
        do
            world_fault.at++;
        while (play(&scenes[i]) > world_fault.at || world_fault.at < calls);
    }
    world_fault.at = 0;
}

static void a_sink_may_fail_at_any_call(void **state)
{
    (void)state;
    with_a_fault(SIZE_MAX, 0);
}

static void a_sink_may_block_at_any_call(void **state)
{
    (void)state;
    with_a_fault(0, 1);
}

static void a_sink_may_take_one_byte_at_any_call(void **state)
{
    (void)state;
    with_a_fault(1, 0);
}

static void a_sink_may_take_some_bytes_and_block_at_any_call(void **state)
{
    size_t n;

    (void)state;
    for (n = 2; n < 130; n += 7)
        with_a_fault(n, n % 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sink_may_fail_at_any_call),
        cmocka_unit_test(a_sink_may_block_at_any_call),
        cmocka_unit_test(a_sink_may_take_one_byte_at_any_call),
        cmocka_unit_test(a_sink_may_take_some_bytes_and_block_at_any_call),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
