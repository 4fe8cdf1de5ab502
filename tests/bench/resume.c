/* SPDX-License-Identifier: MIT */
/* resume.c - what it costs to find where a client goes on, and to get the event that comes there,
 * in histories of a thousand to a million events.
 *
 *     resume                    the tables: medians of interleaved rounds, ratios within one round
 *     resume --smoke            every answer is right, in small histories, and nothing is timed
 *     resume --count [own]      a million events, 100,000 questions to each of the functions of
 *                               resume_ask.h, once, for a profiler that counts instructions; about
 *                               automatic ids, or the caller's own
 *
 * The ids are asked in random order, written out beforehand. Each history has dropped some events.
 */
#define _POSIX_C_SOURCE 200809L

#include "resume_ask.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    SIZES = 4, /* histories, of a thousand events and ten times as many each */
    SMOKE_SIZES = 2,
    ASKED = 100000, /* questions for each */
    TASKS = 2,
    SHARE = ASKED / TASKS, /* each task has its own, which the one before has not read */
    ROUNDS = 21,
    ROOM = 96 /* bytes for an event */
};

#define EPOCH        0x19a3f0c2e41
#define NAME         "/bench"
#define TARGET_NS    100.0 /* find by automatic id in the largest history */
#define TARGET_GROWN 1.5   /* the same, against the smallest one */

typedef struct pair {
    const char *name;
    const char *limit_name;
    task *cost, *limit;
} pair;

/* To find an id of the caller's own, the one in the history is looked at, too. */
static const pair pairs[2][TASKS] = {
    {{"find", "the id", find_only, id_only}, {"find and get", "id, 1 byte", find_get, id_touch}},
    {{"find", "id, 1 byte", find_only, id_touch},
     {"find and get", "id, 1 byte", find_get, id_touch}}};

typedef struct history {
    uint32_t events;
    void *memory;
    sse_history *real;
    question *asked;
} history;

static void fail(const char *what)
{
    fprintf(stderr, "resume: %s\n", what);
    exit(EXIT_FAILURE);
}

/* Of this process: what others do on the same processor is not counted. */
static double now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static uint64_t dice(void)
{
    static uint64_t x = 88172645463325252u;

    x ^= x << 13;
    x ^= x >> 7;
    return x ^= x << 17;
}

/* Write the id of an event. Those of the caller's own have no order. Returns the length. */
static unsigned char write_id(const history *h, char *id, uint64_t number, int own)
{
    size_t len;

    if (own)
        return (unsigned char)snprintf(id, ID_MOST, "order-%016" PRIx64,
                                       number * UINT64_C(0x9e3779b97f4a7c15));
    if (sse_history_id(h->real, number, id, ID_MOST, &len) != SSE_OK)
        fail("an event has no id");
    return (unsigned char)len;
}

static sse_event event_with(const char *id, size_t len)
{
    const sse_event ev = {
        .id = {id, len}, .type = {"tick", 4}, .data = {"a line of an ordinary length", 28}};

    return ev;
}

static void append_all(history *h, int own)
{
    const uint32_t count = h->events + h->events / 2;
    char id[ID_MOST];
    uint32_t i;

    for (i = 1; i <= count; i++) {
        const size_t len = own ? write_id(h, id, i, own) : 0;
        const sse_event ev = event_with(own ? id : NULL, len);

        if (sse_history_append(h->real, &ev, 0, 0, i) != SSE_OK)
            fail("an event cannot be appended");
    }
    if (sse_history_next(h->real) - sse_history_first(h->real) != h->events)
        fail("a history has not as many events as it should");
}

/* Make up a question, and see to it that the event after the id comes there. */
static void draw(const history *h, question *q, int own)
{
    const uint64_t number = sse_history_first(h->real) + dice() % (h->events - 1);
    char id[ID_MOST], want[2 * ROOM];
    const sse_event ev = event_with(id, write_id(h, id, number + 1, own));
    const void *bytes = NULL;
    size_t i, len, stored = 0; /* for compilers that do not know that fail never returns */

    q->len = write_id(h, q->id, number, own);
    q->next = number + 1;
    q->sum = 0;
    for (i = 0; i < q->len; i++)
        q->sum = (unsigned char)(q->sum + (unsigned char)q->id[i]);
    if (sse_event_encode(&ev, want, sizeof want, &len) != SSE_OK ||
        sse_history_get(h->real, q->next, &bytes, &stored) != SSE_OK)
        fail("an event is not there");
    if (stored != len || memcmp(bytes, want, len) != 0)
        fail("what comes after an id is something else");
    q->place = bytes;
}

static void make(history *h, uint32_t events, int own)
{
    const size_t size = sse_history_size(events, (size_t)events * ROOM);
    size_t i;

    h->events = events;
    h->memory = malloc(size);
    h->asked = malloc(ASKED * sizeof *h->asked);
    h->real = sse_history_init(h->memory, size, events, 0, own ? 0 : EPOCH, NAME, sizeof NAME - 1);
    if (h->real == NULL || h->asked == NULL)
        fail("no memory");
    append_all(h, own);
    for (i = 0; i < ASKED; i++)
        draw(h, &h->asked[i], own);
}

static void drop(history *h)
{
    free(h->memory);
    free(h->asked);
}

static void do_all(task *t, const history *h, const question *asked, size_t count)
{
    if (t(h->real, asked, count) != count)
        fail("a wrong answer");
}

static double time_of(task *t, const history *h, int i)
{
    const double start = now_ns();

    do_all(t, h, h->asked + i * SHARE, SHARE);
    return (now_ns() - start) / SHARE;
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double median(const double *values)
{
    double sorted[ROUNDS];

    memcpy(sorted, values, sizeof sorted);
    qsort(sorted, ROUNDS, sizeof *sorted, ascending);
    return sorted[ROUNDS / 2];
}

static double median_ratio(const double *values, const double *limits)
{
    double ratios[ROUNDS];
    int r;

    for (r = 0; r < ROUNDS; r++)
        ratios[r] = values[r] / limits[r];
    return median(ratios);
}

static int judge(const char *what, double value, const char *unit, double target)
{
    const int good = value <= target;

    printf("  %s: %.2f %s   target %.2f%s\n", what, value, unit, target, good ? "" : "   missed");
    return !good;
}

/* Measure all tasks in all histories, one after the other, again and again. Returns how many
 * targets were missed. */
static int measure(const history *all, int own)
{
    static double costs[SIZES][TASKS][ROUNDS], limits[SIZES][TASKS][ROUNDS];
    double(*const most)[ROUNDS] = costs[SIZES - 1];
    const pair *const p = pairs[own];
    int r, s, t;

    for (r = 0; r < ROUNDS; r++)
        for (s = 0; s < SIZES; s++)
            for (t = 0; t < TASKS; t++) {
                costs[s][t][r] = time_of(p[t].cost, &all[s], t);
                limits[s][t][r] = time_of(p[t].limit, &all[s], t);
            }
    printf("%s\n", own ? "\nthe caller's own ids" : "automatic ids");
    for (t = 0; t < TASKS; t++) {
        printf("  %-13s     ns  %10s     of it     of 1000 events\n", p[t].name, p[t].limit_name);
        for (s = 0; s < SIZES; s++)
            printf("  %8" PRIu32 " events %6.1f  %10.1f  %8.2f  %8.2f\n", all[s].events,
                   median(costs[s][t]), median(limits[s][t]),
                   median_ratio(costs[s][t], limits[s][t]), median_ratio(costs[s][t], costs[0][t]));
    }
    if (own)
        return 0;
    return judge("find, a million events", median(most[0]), "ns", TARGET_NS) +
           judge("find, a million events", median_ratio(most[0], costs[0][0]), "of a thousand",
                 TARGET_GROWN);
}

/* Ask everything once. */
static void ask(const history *h)
{
    int t;

    for (t = 0; t < TASKS; t++) {
        do_all(pairs[0][t].cost, h, h->asked, ASKED);
        do_all(pairs[0][t].limit, h, h->asked, ASKED);
    }
}

static void count(int own)
{
    history h;

    make(&h, 1000000, own);
    ask(&h);
    drop(&h);
    printf("%d of each\n", ASKED);
}

/* Returns how many targets were missed. */
static int compare(int own, int smoke)
{
    const int sizes = smoke ? SMOKE_SIZES : SIZES;
    history all[SIZES];
    uint32_t events = 1000;
    int s, missed = 0;

    for (s = 0; s < sizes; s++, events *= 10) {
        make(&all[s], events, own);
        ask(&all[s]);
    }
    if (!smoke)
        missed = measure(all, own);
    for (s = 0; s < sizes; s++)
        drop(&all[s]);
    return missed;
}

int main(int argc, char **argv)
{
    const int smoke = argc == 2 && strcmp(argv[1], "--smoke") == 0;
    const int counted = argc > 1 && strcmp(argv[1], "--count") == 0;
    const int own = counted && argc == 3 && strcmp(argv[2], "own") == 0;
    int missed;

    if (argc != 1 + smoke + counted + own) {
        fputs("Usage: resume [--smoke | --count [own]]\n", stderr);
        return EXIT_FAILURE;
    }
    if (counted) {
        count(own);
        return EXIT_SUCCESS;
    }
    missed = compare(0, smoke) + compare(1, smoke);
    if (smoke)
        puts("every id led to its event");
    return missed ? EXIT_FAILURE : EXIT_SUCCESS;
}
