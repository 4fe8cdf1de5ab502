/* SPDX-License-Identifier: MIT */
/* cells.c - the table: sizes of events, numbers of clients, and whether clients read. In each cell
 * the floor and the channel take turns, in rounds. */
#include "curve.h"

#include "common.h"

#include <inttypes.h>
#include <stdio.h>

#define LIMIT_READING 1.05

enum { CELL_ROUNDS = 5, LAG_ROUNDS = 3, DELIVERIES = 20000, TURNS_MIN = 4 };

static const size_t sizes[CURVE_SIZES] = {64, 1024, 16384};

enum mode { READING, STALLED, LAGGING };
static const char *const modes[] = {"all read", "a tenth stalls", "all lag"};

typedef struct cell {
    double cost[2][ROUNDS], p50[2][ROUNDS], p99[2][ROUNDS];
    uint32_t rounds;
} cell;

static void keep(cell *c, int kind, uint32_t round, round_figures f)
{
    c->cost[kind][round] = f.cost_ns;
    c->p50[kind][round] = f.got.p50_ms;
    c->p99[kind][round] = f.got.p99_ms;
}

static uint32_t turns(const plan *p, uint32_t clients)
{
    const uint32_t n = DELIVERIES / clients;

    return p->smoke || n < TURNS_MIN ? TURNS_MIN : n;
}

static void measure_rounds(const plan *p, stage *stages, cell *c, uint32_t rounds)
{
    uint32_t r;
    int k;

    c->rounds = rounds;
    for (r = 0; r < rounds; r++)
        for (k = FLOOR; k <= CHANNEL; k++) {
            const uint64_t begun = round_begin(&stages[k]);

            stage_deliver(&stages[k], turns(p, stages[k].clients), 1);
            keep(c, k, r, round_end(&stages[k], begun));
        }
}

/* Hold all, publish more than the log keeps, and let them go on. The floor keeps all of it, so that
 * its clients get every event; those of the channel must all hear of a gap. */
static void measure_lag(stage *stages, cell *c, uint32_t rounds)
{
    uint32_t r;
    int k;

    c->rounds = rounds;
    for (r = 0; r < rounds; r++)
        for (k = FLOOR; k <= CHANNEL; k++) {
            stage *const s = &stages[k];
            const uint64_t begun = round_begin(s);
            round_figures f;

            drain_hold(&s->drain, s->clients);
            stage_overrun(s);
            drain_release(&s->drain);
            drain_wait(&s->drain);
            f = round_end(s, begun);
            if (f.got.delivered + f.got.lost != (uint64_t)s->clients * s->overrun)
                die_plainly("events are missing of which no gap tells");
            if (f.got.gapped != (k == CHANNEL ? s->clients : 0))
                die_plainly("clients lag that should not, or not all that should");
            keep(c, k, r, f);
        }
}

static void print_cell(const plan *p, const stage *stages, const cell *c, enum mode mode)
{
    const double ratio = median_ratio(c->cost[CHANNEL], c->cost[FLOOR], c->rounds);
    int k;

    if (p->smoke)
        return;
    for (k = FLOOR; k <= CHANNEL; k++) {
        const stage *const s = &stages[k];

        printf("%7zu %8" PRIu32 " %-15s %-8s %8.3f %9.3f %9.3f", s->book->size, s->clients,
               modes[mode], kinds[k], median(c->cost[k], c->rounds) / 1000,
               median(c->p50[k], c->rounds), median(c->p99[k], c->rounds));
        if (k == FLOOR)
            putchar('\n');
    }
    printf(" %7.3f", ratio);
    if (mode == READING)
        judge(ratio, LIMIT_READING);
    else
        putchar('\n');
}

/* See to it that stalled clients cost the channel no memory. */
static void check_memory(stage *s, uint64_t before)
{
    const uint64_t after = host_memory_kib(&s->host);

    if (after > before + GROWTH_KIB) {
        fprintf(stderr, "fanout: memory %" PRIu64 " KiB, then %" PRIu64 " KiB\n", before, after);
        die_plainly("clients that stall cost memory");
    }
}

static void measure_cell(const plan *p, int size, uint32_t clients)
{
    const uint32_t rounds = p->smoke ? 1 : CELL_ROUNDS, lags = p->smoke ? 1 : LAG_ROUNDS;
    static stage stages[2];
    uint64_t memory;
    cell c;
    int k;

    for (k = FLOOR; k <= CHANNEL; k++) {
        const setup how = {.kind = (enum kind)k, .clients = clients, .size = sizes[size]};

        stage_start(&stages[k], &p->tools, &how);
        stage_overrun(&stages[k]); /* not counted: all is touched once, and the logs are full */
    }
    measure_rounds(p, stages, &c, rounds);
    print_cell(p, stages, &c, READING);
    for (k = FLOOR; k <= CHANNEL; k++)
        points_add(&p->curve->event[k][size], clients, median(c.cost[k], c.rounds) * clients / 1e6);

    memory = host_memory_kib(&stages[CHANNEL].host);
    for (k = FLOOR; k <= CHANNEL; k++) {
        drain_hold(&stages[k].drain, clients / 10);
        stage_overrun(&stages[k]);
    }
    measure_rounds(p, stages, &c, rounds);
    check_memory(&stages[CHANNEL], memory);
    print_cell(p, stages, &c, STALLED);
    for (k = FLOOR; k <= CHANNEL; k++) {
        drain_release(&stages[k].drain);
        drain_wait(&stages[k].drain);
        if (drain_tally(&stages[k].drain).gapped != (k == CHANNEL ? clients / 10 : 0))
            die_plainly("not those have lagged that have stalled");
    }

    measure_lag(stages, &c, lags);
    print_cell(p, stages, &c, LAGGING);
    for (k = FLOOR; k <= CHANNEL; k++)
        stage_end(&stages[k]);
}

void measure_cells(const plan *p)
{
    static const uint32_t counts[2][3] = {{100, 1000, 10000}, {10, 30, 100}};
    int size, n;

    if (!p->smoke)
        puts("  bytes  clients                 server     CPU s    p50 ms    p99 ms  of the\n"
             " of data                                  per 1e6                      floor");
    for (size = 0; size < CURVE_SIZES; size++) {
        p->curve->sizes[size] = sizes[size];
        for (n = 0; n < 3; n++)
            measure_cell(p, size, most_clients(p, counts[p->smoke][n]));
    }
    if (p->smoke)
        puts("every client has had each event, or was told how many it has not");
}
