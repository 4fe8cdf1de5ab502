/* SPDX-License-Identifier: MIT */
/* stall.c - whether clients that read nothing cost memory, or the others time: a channel by itself,
 * and ssecat. */
#include "figures.h"

#include "common.h"

#include <inttypes.h>
#include <stdio.h>

#define LIMIT_LATENCY 1.1

enum {
    READERS = 4500, /* and a ninth of them more, who stall: a tenth of all */
    FEW = 10,
    SMALL = 90,
    SIZE = 1024,
    LOG_EVENTS = 64,
    FILL = 352,    /* events that fill every log, */
    TOGETHER = 16, /* so many in a turn */
    MANY = 200000,
    MANY_SMALL = 10000,
    STALL_ROUNDS = 11,
    TURNS = 4
};

static void start(const plan *p, stage *s, enum kind kind, uint32_t clients)
{
    const setup how = {.kind = kind, .clients = clients, .size = SIZE, .events = LOG_EVENTS};

    stage_start(s, &p->tools, &how);
    stage_deliver(s, FILL / TOGETHER, TOGETHER);
}

static double growth(uint64_t before, uint64_t after)
{
    return after > before ? (double)(after - before) : 0;
}

/* Publish events while the first clients read nothing. */
static void measure_growth(stage *s, uint32_t stalled, uint32_t events)
{
    const uint64_t before = host_memory_kib(&s->host);
    uint64_t after;

    drain_hold(&s->drain, stalled);
    stage_deliver(s, events / TOGETHER, TOGETHER);
    after = host_memory_kib(&s->host);
    printf("%s: %" PRIu32 " of %" PRIu32 " clients read nothing while %.1f MB are published:\n"
           "  memory %" PRIu64 " KiB before, %" PRIu64 " KiB after; grown by %.0f KiB",
           kinds[s->kind], stalled, s->clients, events * (SIZE / 1e6), before, after,
           growth(before, after));
    judge(growth(before, after), GROWTH_KIB);
}

/* Held clients have missed something, and are told how much. ssecat cuts off who takes
 * nothing for half a minute. */
static void let_go(stage *s, uint32_t stalled)
{
    if (s->kind == SSECAT) {
        stage_end(s);
        return;
    }
    drain_tally(&s->drain);
    drain_release(&s->drain);
    drain_wait(&s->drain);
    if (drain_tally(&s->drain).gapped != stalled)
        die_plainly("not those have lagged that have stalled");
    stage_end(s);
}

/* Compare the times of arrival with and without those that stall, in rounds. */
static void measure_latency(stage *without, stage *with)
{
    static double p50[2][ROUNDS], p99[2][ROUNDS];
    stage *const both[2] = {without, with};
    uint32_t r;
    int i;

    for (r = 0; r < STALL_ROUNDS; r++)
        for (i = 0; i < 2; i++) {
            tally t;

            drain_tally(&both[i]->drain);
            stage_deliver(both[i], TURNS, 1);
            t = drain_tally(&both[i]->drain);
            p50[i][r] = t.p50_ms;
            p99[i][r] = t.p99_ms;
        }
    for (i = 0; i < 2; i++)
        printf("  latency %s: p50 %.2f ms, p99 %.2f ms\n", i ? "of the others" : "without them ",
               median(p50[i], STALL_ROUNDS), median(p99[i], STALL_ROUNDS));
    printf("  %.3f times as long", median_ratio(p99[1], p99[0], STALL_ROUNDS));
    judge(median_ratio(p99[1], p99[0], STALL_ROUNDS), LIMIT_LATENCY);
}

void measure_stall(const plan *p)
{
    const uint32_t readers = p->smoke ? SMALL : most_clients(p, READERS), stalled = readers / 9;
    int k;

    putchar('\n');
    for (k = CHANNEL; k <= SSECAT; k++) {
        static stage with, without;

        start(p, &with, (enum kind)k, readers + stalled);
        measure_growth(&with, stalled, FILL);
        if (!p->smoke) {
            start(p, &without, (enum kind)k, readers);
            measure_latency(&without, &with);
            stage_end(&without);
        }
        let_go(&with, stalled);

        start(p, &with, (enum kind)k, FEW);
        measure_growth(&with, 1, p->smoke ? MANY_SMALL : MANY);
        let_go(&with, 1);
    }
}
