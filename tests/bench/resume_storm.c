/* SPDX-License-Identifier: MIT */
/* resume_storm.c - what it costs when 10,000 clients come back at once, each a random distance
 * behind, against the least that it can cost.
 *
 *     resume_storm SSECAT [--smoke] [--clients N]
 *
 * Two servers see the same storms in turn, in rounds: ssecat, and the floor, resume_bare, which
 * does nothing but send the same bytes to each client. All connect at once, say which event they
 * had last, and check each byte of what comes, up to the newest event. What is told is the median
 * over the rounds, and that of the ratio of ssecat to the floor. Cost is processor time of the
 * server, user and kernel; memory is what it holds of it.
 *
 * The clients are a few events behind, where it is connections that cost, and then many, where it
 * is bytes. With --smoke it is small and quick, and asks only whether every client gets every byte;
 * else it also fails where a target is missed, or where the memory does not come back. */
#define _GNU_SOURCE

#include "resume_crowd.h"
#include "resume_host.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    CLIENTS = 10000,
    SPARE = 80, /* descriptors that are no client's */
    ROUNDS = 9,
    EVENTS = 4096, /* that the servers have */
    HISTORY = 2 * EVENTS * EVENT,
    GROWTH_KIB = 256 /* what is not yet growth */
};

enum kind { FLOOR, SSECAT, KINDS };

#define TARGET_COST 1.5
#define TARGET_TIME 1.5

typedef struct figures {
    double cpu_ns[KINDS][ROUNDS];
    double time_ns[KINDS][ROUNDS];
    double mb[ROUNDS];
} figures;

typedef struct storm {
    char *ssecat;
    char bare[4096]; /* the program beside this one */
    uint32_t rounds;
    int smoke;
    story story;
    host hosts[KINDS];
    crowd crowd;
    uint64_t before_kib[KINDS], first_kib[KINDS], with_kib[KINDS], after_kib[KINDS];
} storm;

static int missed;

static void judge(int good)
{
    puts(good ? "" : "   missed");
    missed += !good;
}

static uint32_t dice(uint32_t sides)
{
    static uint64_t x = 88172645463325252u;

    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    return (uint32_t)((x >> 32) % sides);
}

static void start_ssecat(storm *s)
{
    char most[32], history[32];
    char *command[] = {s->ssecat,      "--port=0", "--heartbeat=0", "--patience=0",
                       "--from-start", most,       history,         NULL};
    char *const lines = malloc(EVENTS * EVENT), *at = lines;
    uint32_t n;

    if (lines == NULL)
        fail("memory");
    for (n = 1; n <= EVENTS; n++) {
        at += story_line(at, n);
        *at++ = '\n';
    }
    snprintf(most, sizeof most, "--max-clients=%" PRIu32, s->crowd.count);
    snprintf(history, sizeof history, "--history=%d", HISTORY);
    host_start(&s->hosts[SSECAT], command, lines, (size_t)(at - lines));
    free(lines);
    story_hear(&s->story, s->hosts[SSECAT].port, EVENTS);
}

static void start_floor(storm *s)
{
    char head[24], event[24], all[24];
    char *command[] = {s->bare, head, event, all, NULL};

    snprintf(head, sizeof head, "%zu", s->story.head);
    snprintf(event, sizeof event, "%zu", s->story.event);
    snprintf(all, sizeof all, "%zu", s->story.all);
    host_start(&s->hosts[FLOOR], command, s->story.bytes, s->story.all);
}

static void start(storm *s)
{
    s->crowd.clients = calloc(s->crowd.count, sizeof *s->crowd.clients);
    if (s->crowd.clients == NULL)
        fail("memory");
    s->crowd.story = &s->story;
    start_ssecat(s);
    start_floor(s);
    pin(CROWD_CPU);
}

/* Let all clients come back to a server, and leave it. */
static void rush(storm *s, enum kind kind, double *cpu_ns, double *time_ns)
{
    host *const h = &s->hosts[kind];
    uint64_t before;

    host_rest(h);
    before = host_cpu_ns(h);
    *time_ns = (double)crowd_rush(&s->crowd, h->port);
    *cpu_ns = (double)(host_cpu_ns(h) - before);
    s->with_kib[kind] = host_memory_kib(h);
    crowd_leave(&s->crowd);
    host_rest(h);
    s->after_kib[kind] = host_memory_kib(h);
}

/* One storm for each server. The clients are up to so many events behind, and one at the least. */
static void round_of(storm *s, figures *f, uint32_t r, uint32_t behind)
{
    double bytes = 0;
    uint32_t k;
    int i;

    for (k = 0; k < s->crowd.count; k++) {
        s->crowd.clients[k].has = EVENTS - 1 - dice(behind);
        bytes += (double)(EVENTS - s->crowd.clients[k].has) * (double)s->story.event;
    }
    f->mb[r] = bytes / 1e6;
    for (i = 0; i < KINDS; i++)
        rush(s, (enum kind)i, &f->cpu_ns[i][r], &f->time_ns[i][r]);
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double median(const double *values, uint32_t count)
{
    double sorted[ROUNDS];

    memcpy(sorted, values, count * sizeof *sorted);
    qsort(sorted, count, sizeof *sorted, ascending);
    return sorted[count / 2];
}

/* Print a figure of both servers, per so much in each round, and their ratio. */
static void report(const char *what, double each[KINDS][ROUNDS], const double *per, double unit,
                   uint32_t rounds, double target)
{
    double shares[KINDS][ROUNDS], ratios[ROUNDS], ratio;
    uint32_t r;
    int i;

    for (r = 0; r < rounds; r++) {
        for (i = 0; i < KINDS; i++)
            shares[i][r] = each[i][r] / per[r] / unit;
        ratios[r] = each[SSECAT][r] / each[FLOOR][r];
    }
    ratio = median(ratios, rounds);
    printf("  %-26s %10.1f %10.1f %10.2f   target %.2f", what, median(shares[FLOOR], rounds),
           median(shares[SSECAT], rounds), ratio, target);
    judge(ratio <= target);
}

static void measure(storm *s, uint32_t behind)
{
    static figures f;
    double clients[ROUNDS], ones[ROUNDS];
    uint32_t r;

    for (r = 0; r < s->rounds; r++) {
        round_of(s, &f, r, behind);
        clients[r] = s->crowd.count;
        ones[r] = 1;
    }
    printf("%" PRIu32 " clients, each 1 to %" PRIu32 " events of %zu bytes behind: all had every "
           "byte, %" PRIu32 " times\n",
           s->crowd.count, behind, s->story.event, s->rounds * KINDS);
    if (s->smoke)
        return;
    printf("  %-26s %10s %10s %10s\n", "", "floor", "ssecat", "ratio");
    report("server, us a client", f.cpu_ns, clients, 1e3, s->rounds, TARGET_COST);
    report("server, us a MB", f.cpu_ns, f.mb, 1e3, s->rounds, TARGET_COST);
    report("till all have all, ms", f.time_ns, ones, 1e6, s->rounds, TARGET_TIME);
}

static void report_memory(const storm *s)
{
    static const char *const names[KINDS] = {"floor", "ssecat"};
    int i;

    for (i = 0; i < KINDS; i++) {
        printf("  %-6s  memory %" PRIu64 " KiB before the storms, %" PRIu64
               " with all clients; when they have left, %" PRIu64 " the first time, %" PRIu64
               " the last",
               names[i], s->before_kib[i], s->with_kib[i], s->first_kib[i], s->after_kib[i]);
        judge(s->after_kib[i] <= s->first_kib[i] + GROWTH_KIB);
    }
}

static void run(storm *s)
{
    static figures unused;
    int i;

    start(s);
    for (i = 0; i < KINDS; i++)
        s->before_kib[i] = host_memory_kib(&s->hosts[i]);
    round_of(s, &unused, 0, EVENTS); /* not counted: all is touched once */
    for (i = 0; i < KINDS; i++)
        s->first_kib[i] = s->after_kib[i];
    measure(s, 16);
    measure(s, EVENTS);
    if (!s->smoke)
        report_memory(s);
    for (i = 0; i < KINDS; i++)
        host_stop(&s->hosts[i]);
    free(s->story.bytes);
    free(s->crowd.clients);
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
    static storm s = {.rounds = ROUNDS, .crowd.count = CLIENTS};
    char *const slash = strrchr(argv[0], '/');
    int i, right = argc > 1 && slash != NULL;

    for (i = 2; i < argc; i++) {
        if (strcmp(argv[i], "--smoke") == 0) {
            s.smoke = 1;
            s.rounds = 2;
            s.crowd.count = 200;
        } else if (strcmp(argv[i], "--clients") == 0 && i + 1 < argc) {
            s.crowd.count = (uint32_t)strtoul(argv[++i], NULL, 10);
        } else {
            right = 0;
        }
    }
    if (!right || s.crowd.count == 0 || s.crowd.count > 1000000) {
        fputs("Usage: path/to/resume_storm SSECAT [--smoke] [--clients N]\n", stderr);
        return EXIT_FAILURE;
    }
    s.ssecat = argv[1];
    snprintf(s.bare, sizeof s.bare, "%.*s/resume_bare", (int)(slash - argv[0]), argv[0]);
    setvbuf(stdout, NULL, _IOLBF, 0);
    s.crowd.count = most_clients(s.crowd.count);
    run(&s);
    return missed ? EXIT_FAILURE : EXIT_SUCCESS;
}
