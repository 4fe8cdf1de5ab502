/* SPDX-License-Identifier: MIT */
/* turns.c - what a delivery costs where events come one by one, and where they come together: many
 * in one write, or from several publishers of whom each sends the next when it has its answer. */
#include "figures.h"

#include <stdio.h>

enum { CLIENTS = 10000, SMALL = 50, SIZE = 64, TURNS = 4, TOGETHER = 8, EACH = 5 };

static void one(stage *s)
{
    stage_deliver(s, TURNS, 1);
}

static void eight(stage *s)
{
    stage_deliver(s, 1, TOGETHER);
}

static void busy(stage *s)
{
    stage_deliver_busy(s, EACH);
}

static const struct way {
    const char *title;
    void (*deliver)(stage *s);
    int kinds; /* that can do it: a pipe has one publisher */
    uint32_t rounds;
    double limit;
} ways[] = {
    {"one event a turn", one, KINDS, 11, 1.05},
    {"eight events at once", eight, KINDS, 11, 0.2},
    {"eight publishers", busy, SSECAT, 5, 0.2},
};

static void report(const struct way *w, double cost[KINDS][ROUNDS])
{
    int k;

    printf("\n%-22s CPU s per 1e6    of the floor\n", w->title);
    for (k = 0; k < w->kinds; k++) {
        const double ratio = median_ratio(cost[k], cost[FLOOR], w->rounds);

        printf("  %-20s %13.3f %15.3f", kinds[k], median(cost[k], w->rounds) / 1000, ratio);
        if (k == FLOOR)
            putchar('\n');
        else
            judge(ratio, w->limit);
    }
}

void measure_turns(const plan *p)
{
    static stage stages[KINDS];
    static double cost[KINDS][ROUNDS];
    const uint32_t clients = p->smoke ? SMALL : most_clients(p, CLIENTS);
    size_t i;
    uint32_t r;
    int k;

    for (k = 0; k < KINDS; k++) {
        const setup how = {.kind = (enum kind)k, .clients = clients, .size = SIZE};

        stage_start(&stages[k], &p->tools, &how);
        stage_deliver(&stages[k], 2, TOGETHER); /* not counted: all is touched once */
    }
    for (i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        for (r = 0; r < (p->smoke ? 1 : ways[i].rounds); r++)
            for (k = 0; k < ways[i].kinds; k++) {
                const uint64_t begun = round_begin(&stages[k]);

                ways[i].deliver(&stages[k]);
                cost[k][r] = round_end(&stages[k], begun).cost_ns;
            }
        if (!p->smoke)
            report(&ways[i], cost);
    }
    for (k = 0; k < KINDS; k++)
        stage_end(&stages[k]);
}
