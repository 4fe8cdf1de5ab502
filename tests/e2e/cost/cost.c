/* cost.c - what fan-out costs, against the least that it can cost.
 *     cost SSECAT [--smoke] [--clients N]
 *
 * Three servers have 10,000 clients each, or as many as there are descriptors for: ssecat; one that
 * is a channel and nothing else; and the floor, a bare loop of send. They get the same events in
 * turn, in rounds, so that what disturbs one of them disturbs all. What is told is the median over
 * the rounds of what a delivery costs with one, divided by what it costs with the floor. Cost is
 * processor time of the server, user and kernel.
 *
 * Then ssecat alone: whether a client that never reads costs memory, or the others time.
 *
 * With --smoke it is small and quick, and asks only whether every client gets every byte, and for
 * the memory; else it also fails where a target is missed. */
#define _GNU_SOURCE

#include "common.h"
#include "stage.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    CLIENTS = 10000,
    SPARE = 64,   /* descriptors that are no client's */
    TURNS = 4,    /* of a round */
    TOGETHER = 8, /* events that arrive in one turn of a server's loop */
    ROUNDS = 25,
    BULK = 1000,     /* bytes of an event where it is the amount that matters, */
    BULK_TURN = 32,  /* and how many of these arrive in one turn */
    GROWTH_KIB = 256 /* what is not yet growth */
};

#define TARGET_ALONE    1.05
#define TARGET_TOGETHER 0.2
#define TARGET_STALLED  1.1

typedef struct plan {
    char *ssecat;
    char *here; /* the folder of the other programs */
    uint32_t clients;
    uint32_t rounds;
    int smoke;
} plan;

static int missed;

static void judge(int good)
{
    puts(good ? "" : "   missed");
    missed += !good;
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double median(double *values, uint32_t count)
{
    qsort(values, count, sizeof *values, ascending);
    return values[count / 2];
}

static void report(double costs[KINDS][ROUNDS], uint32_t rounds, const char *title, double target)
{
    double ratios[KINDS][ROUNDS];
    uint32_t r;
    int i;

    for (i = 0; i < KINDS; i++)
        for (r = 0; r < rounds; r++)
            ratios[i][r] = costs[i][r] / costs[FLOOR][r];
    printf("\n%-20s   us a delivery    of the floor\n", title);
    for (i = 0; i < KINDS; i++) {
        const double ratio = median(ratios[i], rounds);

        printf("  %-18s %15.3f %16.3f", kinds[i], median(costs[i], rounds) / 1000, ratio);
        if (i == FLOOR) {
            putchar('\n');
            continue;
        }
        printf("   target %.2f", target);
        judge(ratio <= target);
    }
}

static void measure_cost(const plan *p)
{
    static stage stages[KINDS];
    static double alone[KINDS][ROUNDS], together[KINDS][ROUNDS];
    uint32_t r;
    int i;

    for (i = 0; i < KINDS; i++) {
        stage_start(&stages[i], (enum kind)i, p->here, p->ssecat, p->clients, 1);
        stage_deliver(&stages[i], 2, TOGETHER, EVENT); /* not counted: all is touched once */
    }
    for (r = 0; r < p->rounds; r++) {
        for (i = 0; i < KINDS; i++)
            alone[i][r] = stage_cost(&stages[i], TURNS, 1);
        for (i = 0; i < KINDS; i++)
            together[i][r] = stage_cost(&stages[i], 1, TOGETHER);
    }
    for (i = 0; i < KINDS; i++) {
        stage_check(&stages[i]);
        stage_stop(&stages[i]);
    }
    if (p->smoke)
        return;
    report(alone, p->rounds, "one event a turn", TARGET_ALONE);
    report(together, p->rounds, "eight events a turn", TARGET_TOGETHER);
}

static void start_ssecat(const plan *p, stage *s, uint32_t clients)
{
    stage_start(s, SSECAT, p->here, p->ssecat, clients, 0);
    stage_deliver(s, HISTORY / BULK / BULK_TURN * 3 / 2, BULK_TURN, BULK); /* the log is full */
    stage_deliver(s, TURNS, 1, EVENT);
    drain_latency(&s->drain);
}

/* Publish an amount while one client reads nothing. */
static void measure_memory(const plan *p, stage *s, uint32_t bulk_mb)
{
    const uint64_t before = server_memory_kib(&s->server);
    uint64_t after;

    drain_stall(&s->drain, 1);
    stage_deliver(s, (uint32_t)(bulk_mb * 1e6 / BULK / BULK_TURN), BULK_TURN, BULK);
    drain_latency(&s->drain);
    after = server_memory_kib(&s->server);
    printf("%sssecat, %" PRIu32 " clients, one of which reads nothing while %" PRIu32
           " MB are published:\n  memory %" PRIu64 " KiB before, %" PRIu64 " KiB after",
           p->smoke ? "" : "\n", s->drain.clients, bulk_mb, before, after);
    judge(after <= before + GROWTH_KIB);
}

/* Compare the times of arrival with and without the client that reads nothing, in rounds. */
static void measure_latency(const plan *p, stage *without, stage *with)
{
    static double half[2][ROUNDS], most[2][ROUNDS], ratio[ROUNDS];
    stage *const both[2] = {without, with};
    uint32_t r;
    int i;

    for (r = 0; r < p->rounds; r++) {
        for (i = 0; i < 2; i++) {
            latency l;

            stage_deliver(both[i], TURNS, 1, EVENT);
            l = drain_latency(&both[i]->drain);
            half[i][r] = l.p50_ms;
            most[i][r] = l.p99_ms;
        }
        ratio[r] = most[1][r] / most[0][r];
    }
    for (i = 0; i < 2; i++)
        printf("  latency %s: half %.2f ms, 99 %% %.2f ms\n", i ? "of the others" : "without it",
               median(half[i], p->rounds), median(most[i], p->rounds));
    printf("  %.3f times as long   target %.2f", median(ratio, p->rounds), TARGET_STALLED);
    judge(median(ratio, p->rounds) <= TARGET_STALLED);
}

static void measure_stall(const plan *p)
{
    stage without, with;

    start_ssecat(p, &with, p->clients);
    measure_memory(p, &with, 1);
    if (!p->smoke) {
        start_ssecat(p, &without, p->clients);
        measure_latency(p, &without, &with);
        stage_stop(&without);
    }
    stage_stop(&with);

    start_ssecat(p, &with, 10);
    measure_memory(p, &with, p->smoke ? 10 : 1000);
    stage_stop(&with);
}

static uint32_t most_clients(uint32_t wanted)
{
    const uint32_t most = raise_descriptors() - SPARE;

    if (wanted <= most)
        return wanted;
    printf("%" PRIu32 " clients instead of %" PRIu32 ": there are no more descriptors\n", most,
           wanted);
    return most;
}

int main(int argc, char **argv)
{
    plan p = {.clients = CLIENTS, .rounds = ROUNDS};
    char *const slash = strrchr(argv[0], '/');
    int i, right = argc > 1 && slash != NULL;

    for (i = 2; i < argc; i++) {
        if (strcmp(argv[i], "--smoke") == 0) {
            p.smoke = 1;
            p.clients = 200;
            p.rounds = 2;
        } else if (strcmp(argv[i], "--clients") == 0 && i + 1 < argc) {
            p.clients = (uint32_t)strtoul(argv[++i], NULL, 10);
        } else {
            right = 0;
        }
    }
    if (!right || p.clients < 10 || p.clients > 1000000) {
        fputs("Usage: path/to/cost SSECAT [--smoke] [--clients N]\n", stderr);
        return EXIT_FAILURE;
    }
    *slash = '\0';
    p.here = argv[0];
    p.ssecat = argv[1];
    setvbuf(stdout, NULL, _IOLBF, 0);
    p.clients = most_clients(p.clients);
    pin(CLIENTS_CPU);
    measure_cost(&p);
    measure_stall(&p);
    return missed ? EXIT_FAILURE : EXIT_SUCCESS;
}
