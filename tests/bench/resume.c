/* resume.c - what it costs to find where a client goes on: sse_replay_find by automatic id, and the
 * first peek of a cursor from there, in logs of a thousand to a million events.
 *
 *     resume [--smoke]       a thousand and ten thousand events, and nothing is timed
 *
 * Ids are asked in random order, written out beforehand. Beside each time stands that of a walk
 * over the same ids which only adds up their bytes: what the memory alone costs. Fails where an id
 * leads to the wrong event. */
#define _POSIX_C_SOURCE 200809L

#include <sse/sse.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ASKED = 100000, ROUNDS = 7, BYTES_PER_EVENT = 128 };

typedef struct asked {
    uint64_t number;
    size_t len;
    char id[SSE_REPLAY_ID_MAX];
} asked;

static asked ids[ASKED];

static double now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static uint64_t dice(void)
{
    static uint64_t x = 88172645463325252u;

    x ^= x << 13;
    x ^= x >> 7;
    return x ^= x << 17;
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double median(double *times)
{
    qsort(times, ROUNDS, sizeof *times, by_value);
    return times[ROUNDS / 2] / ASKED;
}

static sse_replay *fill(void *memory, size_t size, uint32_t events)
{
    static const sse_event ev = {.type = {"tick", 4}, .data = {"a line of an ordinary length", 28}};
    sse_replay *log = sse_replay_init(memory, size, events, 0x19a3f0c2e41, 0);
    uint32_t i;

    for (i = 0; log && i < events + events / 2; i++) /* it has dropped some */
        if (sse_replay_append(log, &ev, 0, 0, i) != SSE_OK)
            return NULL;
    return log;
}

/* Ask for all ids. Returns the time, or -1 where an answer is wrong. */
static double ask(const sse_replay *log, int peek)
{
    const double start = now_ns();
    size_t i, count;

    for (i = 0; i < ASKED; i++) {
        uint64_t next;
        sse_cursor c;
        sse_str run;

        if (sse_replay_find(log, ids[i].id, ids[i].len, &next) != SSE_OK ||
            next != ids[i].number + 1)
            return -1;
        if (!peek)
            continue;
        sse_cursor_init(&c, next, 0, NULL, NULL);
        if (sse_cursor_peek(&c, log, &run, 1, &count) !=
            (next == sse_replay_end(log) ? SSE_AGAIN : SSE_OK))
            return -1;
    }
    return now_ns() - start;
}

static double walk(void)
{
    static volatile unsigned sum;
    const double start = now_ns();
    size_t i, k;

    for (i = 0; i < ASKED; i++) {
        unsigned bytes = 0;

        for (k = 0; k < ids[i].len; k++)
            bytes += (unsigned char)ids[i].id[k];
        sum = sum + bytes;
    }
    return now_ns() - start;
}

static int measure(uint32_t events, int timed)
{
    const size_t size =
        SSE_REPLAY_WORDS(events, (size_t)events * BYTES_PER_EVENT) * sizeof(uint64_t);
    double found[ROUNDS], peeked[ROUNDS], walked[ROUNDS];
    void *memory = malloc(size);
    sse_replay *log = memory ? fill(memory, size, events) : NULL;
    int i, failed = log == NULL;

    for (i = 0; !failed && i < ASKED; i++) {
        ids[i].number = sse_replay_first(log) + dice() % events;
        failed = sse_replay_id(log, ids[i].number, ids[i].id, &ids[i].len) != SSE_OK;
    }
    for (i = 0; !failed && i < ROUNDS; i++) {
        walked[i] = walk();
        found[i] = ask(log, 0);
        peeked[i] = ask(log, 1);
        failed = found[i] < 0 || peeked[i] < 0;
    }
    free(memory);
    if (failed)
        printf("%" PRIu32 " events: a wrong answer\n", events);
    else if (timed)
        printf("%8" PRIu32 " events: find %4.0f ns, with the first peek %4.0f ns; a walk over the "
               "ids %4.0f ns\n",
               events, median(found), median(peeked), median(walked));
    return failed;
}

int main(int argc, char **argv)
{
    const int smoke = argc > 1 && strcmp(argv[1], "--smoke") == 0;
    uint32_t events;

    for (events = 1000; events <= (smoke ? 10000 : 1000000); events *= 10)
        if (measure(events, !smoke))
            return EXIT_FAILURE;
    if (smoke)
        puts("every id led to its event");
    return EXIT_SUCCESS;
}
