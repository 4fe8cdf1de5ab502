/* SPDX-License-Identifier: MIT */
/* pace.c - what it buys to let subscribers wait: processor time of a delivery, against the delay
 * that a pace allows, where events come one by one as a clock sets it. */
#include "figures.h"

#include <inttypes.h>
#include <stdio.h>

enum {
    PACES = 4,
    CLIENTS = 100,
    SMALL = 10,
    SIZE = 64,
    RATE = 1000, /* events a second */
    EVENTS = 3000,
    PACE_ROUNDS = 5,
    LOG = 4096
};
static const uint32_t paces_ms[PACES] = {0, 1, 5, 20};

typedef struct figures {
    double cost[ROUNDS], p50[ROUNDS], p99[ROUNDS];
} figures;

static void report(const figures *all, uint32_t rounds)
{
    int i;

    printf("\n%d events a second, %d bytes, to %d clients with a pace\n%26s %15s %9s %9s\n", RATE,
           SIZE, CLIENTS, "CPU s per 1e6", "of no pace", "p50 ms", "p99 ms");
    for (i = 0; i < PACES; i++)
        printf("  %2" PRIu32 " ms %20.3f %15.3f %9.2f %9.2f\n", paces_ms[i],
               median(all[i].cost, rounds) / 1000, median_ratio(all[i].cost, all[0].cost, rounds),
               median(all[i].p50, rounds), median(all[i].p99, rounds));
}

void measure_pace(const plan *p)
{
    static stage stages[PACES];
    static figures all[PACES];
    const uint32_t clients = p->smoke ? SMALL : CLIENTS, rounds = p->smoke ? 1 : PACE_ROUNDS;
    uint32_t r;
    int i;

    for (i = 0; i < PACES; i++) {
        const setup how = {.kind = CHANNEL,
                           .clients = clients,
                           .size = SIZE,
                           .events = LOG,
                           .pace_ms = paces_ms[i]};

        stage_start(&stages[i], &p->tools, &how);
        stage_deliver(&stages[i], 10, 1); /* not counted: all is touched once */
    }
    for (r = 0; r < rounds; r++)
        for (i = 0; i < PACES; i++) {
            const uint64_t begun = round_begin(&stages[i]);
            round_figures f;

            stage_deliver_at(&stages[i], RATE, p->smoke ? RATE / 2 : EVENTS);
            f = round_end(&stages[i], begun);
            all[i].cost[r] = f.cost_ns;
            all[i].p50[r] = f.got.p50_ms;
            all[i].p99[r] = f.got.p99_ms;
        }
    if (!p->smoke)
        report(all, rounds);
    for (i = 0; i < PACES; i++)
        stage_end(&stages[i]);
}
