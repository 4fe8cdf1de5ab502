/* resume.c - what it costs to find where a client goes on, and to look at, or copy, what comes
 * there, in logs of a thousand to a million events.
 *
 *     resume                    the tables: medians of interleaved rounds, ratios within one round
 *     resume --smoke            every answer is right, in small logs, and nothing is timed
 *     resume --count [own]      a million events, 100,000 questions to each of the functions of
 *                               resume_ask.h, once, for who counts instructions; about automatic
 *                               ids, or the caller's own
 *
 * The ids are asked in random order, written out beforehand. Each log has dropped some events. */
#define _POSIX_C_SOURCE 200809L

#include "resume_ask.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    SIZES = 4, /* logs, of a thousand events and ten times as many each */
    SMOKE_SIZES = 2,
    ASKED = 100000, /* questions for each log */
    TASKS = 3,
    SHARE = ASKED / TASKS, /* each task has its own, which the one before has not read */
    ROUNDS = 21,
    ROOM = 96 /* bytes for an event */
};

#define EPOCH        0x19a3f0c2e41
#define EPOCH_TEXT   "19a3f0c2e41"
#define TARGET_NS    100.0 /* find by automatic id in the largest log */
#define TARGET_GROWN 1.5   /* the same, against the smallest one */
#define TARGET_READ  4.0   /* find and read by the same, in memcpys */

typedef struct pair {
    const char *name;
    const char *limit_name;
    task *cost, *limit;
} pair;

/* Who looks for an id of the caller's own has to look at the one in the log, too. */
static const pair pairs[2][TASKS] = {{{"find", "the id", find_only, id_only},
                                      {"find and peek", "id, 1 byte", find_peek, id_touch},
                                      {"find and read", "memcpy", find_read, copy_only}},
                                     {{"find", "id, 1 byte", find_only, id_touch},
                                      {"find and peek", "id, 1 byte", find_peek, id_touch},
                                      {"find and read", "memcpy", find_read, copy_only}}};

typedef struct history {
    uint32_t events;
    uint64_t *memory;
    sse_history *log;
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
static unsigned char write_id(char *id, uint64_t number, int own)
{
    const int len =
        own ? snprintf(id, ID_MOST, "order-%016" PRIx64, number * UINT64_C(0x9e3779b97f4a7c15))
            : snprintf(id, ID_MOST, EPOCH_TEXT "-%" PRIu64, number);

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
        const size_t len = own ? write_id(id, i, own) : 0;
        const sse_event ev = event_with(own ? id : NULL, len);

        if (sse_history_append(h->log, &ev, 0, 0, i) != SSE_OK)
            fail("an event cannot be appended");
    }
    if (sse_history_end(h->log) - sse_history_first(h->log) != h->events)
        fail("a log has not as many events as it should");
}

/* Make up a question, and see to it that what comes there is the event behind the id. */
static void draw(const history *h, question *q, int own)
{
    const uint64_t number = sse_history_first(h->log) + dice() % (h->events - 1);
    char id[ID_MOST], bytes[2 * ROOM], dst[READ];
    const sse_event ev = event_with(id, write_id(id, number + 1, own));
    sse_cursor c;
    sse_str run;
    size_t i, len, count;

    q->len = write_id(q->id, number, own);
    q->next = number + 1;
    q->sum = 0;
    for (i = 0; i < q->len; i++)
        q->sum = (unsigned char)(q->sum + (unsigned char)q->id[i]);
    if (sse_event_encode(&ev, bytes, sizeof bytes, &len) != SSE_OK ||
        sse_cursor_init(&c, q->next, 0, NULL, NULL) != SSE_OK ||
        sse_cursor_peek(&c, h->log, &run, 1, &count) != SSE_OK)
        fail("an event is not there");
    q->place = run.ptr;
    q->place_len = run.len < READ ? run.len : READ;
    if (sse_cursor_read(&c, h->log, dst, sizeof dst, &count) != SSE_OK || count != q->place_len ||
        count < len || memcmp(dst, bytes, len) != 0 || memcmp(dst, q->place, count) != 0)
        fail("what comes behind an id is something else");
}

static void make(history *h, uint32_t events, int own)
{
    const size_t words = SSE_HISTORY_WORDS(events, (size_t)events * ROOM);
    size_t i;

    h->events = events;
    h->memory = malloc(words * sizeof *h->memory);
    h->asked = malloc(ASKED * sizeof *h->asked);
    h->log = sse_history_init(h->memory, words * sizeof *h->memory, events, own ? 0 : EPOCH, 0);
    if (h->log == NULL || h->asked == NULL)
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
    if (t(h->log, asked, count) != count)
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

/* Measure all tasks in all logs, one after the other, again and again. Returns how many targets
 * were missed. */
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
                 TARGET_GROWN) +
           judge("find and read, a million events", median_ratio(most[2], limits[SIZES - 1][2]),
                 "memcpys", TARGET_READ);
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
