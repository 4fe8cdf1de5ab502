/* SPDX-License-Identifier: MIT */
/* rate.c - how long events are under way that come one by one at a fixed rate, as a clock sets it.
 * A latency counts from when its event was due, so that a server which holds the publisher up does
 * not look better for it, and ends when a client has read the event. The clients share a processor
 * with each other and with the publisher: what they take to read is in it. */
#include "figures.h"

#include <inttypes.h>
#include <stdio.h>

enum {
    CLIENTS = 1000,
    SMALL = 20,
    SIZE = 64,
    RATE = 50,
    EVENTS = 250,
    RATE_ROUNDS = 5,
    LOG = 2048
};

typedef struct latencies {
    double p50[ROUNDS], p99[ROUNDS], p999[ROUNDS], cost[ROUNDS];
    double max; /* of all rounds */
} latencies;

static void keep(latencies *l, uint32_t round, round_figures f)
{
    l->p50[round] = f.got.p50_ms;
    l->p99[round] = f.got.p99_ms;
    l->p999[round] = f.got.p999_ms;
    l->cost[round] = f.cost_ns;
    if (l->max < f.got.max_ms)
        l->max = f.got.max_ms;
}

static void report(const latencies *all, uint32_t clients, uint32_t rounds)
{
    int k;

    printf("\n%d events a second, %d bytes, to %" PRIu32 " clients: ms from when an event was due\n"
           "%30s %9s %9s %9s %15s\n",
           RATE, SIZE, clients, "p50", "p99", "p99.9", "max", "CPU s per 1e6");
    for (k = 0; k < KINDS; k++)
        printf("  %-17s %10.2f %9.2f %9.2f %9.2f %15.3f\n", kinds[k], median(all[k].p50, rounds),
               median(all[k].p99, rounds), median(all[k].p999, rounds), all[k].max,
               median(all[k].cost, rounds) / 1000);
}

void measure_rate(const plan *p)
{
    static stage stages[KINDS];
    static latencies all[KINDS];
    const uint32_t clients = p->smoke ? SMALL : most_clients(p, CLIENTS);
    const uint32_t rounds = p->smoke ? 1 : RATE_ROUNDS;
    uint32_t r;
    int k;

    for (k = 0; k < KINDS; k++) {
        const setup how = {.kind = (enum kind)k, .clients = clients, .size = SIZE, .events = LOG};

        stage_start(&stages[k], &p->tools, &how);
        stage_deliver(&stages[k], 10, 1); /* not counted: all is touched once */
    }
    for (r = 0; r < rounds; r++)
        for (k = 0; k < KINDS; k++) {
            const uint64_t begun = round_begin(&stages[k]);

            stage_deliver_at(&stages[k], RATE, p->smoke ? RATE / 2 : EVENTS);
            keep(&all[k], r, round_end(&stages[k], begun));
        }
    if (!p->smoke)
        report(all, clients, rounds);
    for (k = 0; k < KINDS; k++)
        stage_end(&stages[k]);
}
