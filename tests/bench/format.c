/* SPDX-License-Identifier: MIT */
/* format.c - what it costs to format an event, against the least that it can cost: a memcpy of the
 * same bytes, ready made.
 *
 *     format [TITLE]            the table: medians of interleaved rounds, ratios within one round
 *     format --smoke            each contender writes the same bytes, and nothing is timed
 *     format --loads, --contenders
 *                               their names, a line each
 *     format --run LOAD CONTENDER TIMES
 *                               do one thing so many times, for who counts instructions; a load is
 *                               told by its number
 *
 * Beside sse_event_encode, and the writer's send and consume, stand the two ways in which people
 * write it by hand: snprintf for each line, and memchr with memcpy. Both know line feeds only.
 * Where there is SSE2, so does a loop that copies with it and does nothing else: what a library can
 * do that is compiled for any x86-64, while the memcpy of libc takes the widest registers there
 * are. */
#define _POSIX_C_SOURCE 200809L

#include <sse/sse.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

enum {
    KIB = 1024,
    MOST = 64 * KIB,      /* bytes of data */
    OUT = 7 * MOST + KIB, /* bytes of an event, if all of that is line feeds */
    ROUNDS = 21,
    ROUND_NS = 1000000 /* about as long as one contender takes in a round */
};

typedef struct load {
    const char *name;
    size_t size;   /* of the data */
    size_t every;  /* a line feed ends each so many bytes of it; 0: none */
    int named;     /* it has an id and a type, too */
    double target; /* of encode, in memcpys; 0: none */
} load;

static const load loads[] = {
    {"20-byte token", 20, 0, 0, 2.5},          {"200-byte JSON, id, type", 200, 0, 1, 0},
    {"4 KiB, one line", 4 * KIB, 0, 0, 1.6},   {"64 KiB, one line", MOST, 0, 0, 1.2},
    {"64 KiB, lines of 80", MOST, 80, 0, 3.0}, {"64 KiB of breaks", MOST, 1, 0, 0},
};

enum { LOADS = sizeof loads / sizeof *loads };

/* The event that is formatted, its bytes, and where contenders put them. Each begins elsewhere in a
 * page: processors take a store and a load at the same place of two pages for dependent. */
static sse_event event;
static char *text;
static char *ready;
static size_t ready_len;
static char *out;
static char *queue;
static sse_writer *writer;

enum { PAGE = 4096, ARENA = (OUT / PAGE + 2) * PAGE };

static void lay_out(void)
{
    void *memory;

    if (posix_memalign(&memory, PAGE, 4 * (size_t)ARENA) != 0)
        abort();
    memset(memory, 0, 4 * (size_t)ARENA);
    text = memory;
    ready = text + ARENA + 1 * KIB;
    out = ready + ARENA + 1 * KIB;
    queue = out + ARENA + 1 * KIB;
}

static size_t by_memcpy(void)
{
    memcpy(out, ready, ready_len);
    return ready_len;
}

#ifdef __SSE2__
static size_t by_sse2(void)
{
    size_t i;

    for (i = 0; i < ready_len; i += 16)
        _mm_storeu_si128((void *)(out + i), _mm_loadu_si128((void *)(ready + i)));
    return ready_len;
}
#endif

static size_t by_encode(void)
{
    size_t len;

    return sse_event_encode(&event, out, OUT, &len) == SSE_OK ? len : 0;
}

static size_t by_writer(void)
{
    const void *bytes;
    size_t len;

    if (sse_writer_send(writer, &event) != SSE_OK ||
        sse_writer_peek(writer, &bytes, &len) != SSE_OK ||
        sse_writer_consume(writer, len) != SSE_OK)
        return 0;
    return len;
}

static size_t by_snprintf(void)
{
    const char *p = event.data.ptr;
    const char *const end = p + event.data.len;
    size_t n = 0;

    if (event.type.ptr)
        n += (size_t)snprintf(out + n, OUT - n, "event: %.*s\n", (int)event.type.len,
                              event.type.ptr);
    if (event.id.ptr)
        n += (size_t)snprintf(out + n, OUT - n, "id: %.*s\n", (int)event.id.len, event.id.ptr);
    for (;;) {
        const char *const lf = memchr(p, '\n', (size_t)(end - p));

        n += (size_t)snprintf(out + n, OUT - n, "data: %.*s\n", (int)((lf ? lf : end) - p), p);
        if (lf == NULL)
            break;
        p = lf + 1;
    }
    return n + (size_t)snprintf(out + n, OUT - n, "\n");
}

static char *put(char *at, const char *bytes, size_t n)
{
    memcpy(at, bytes, n);
    return at + n;
}

static char *put_line(char *at, const char *name, size_t name_len, const char *value, size_t n)
{
    at = put(put(at, name, name_len), value, n);
    *at = '\n';
    return at + 1;
}

static size_t by_memchr(void)
{
    const char *p = event.data.ptr;
    const char *const end = p + event.data.len;
    char *at = out;

    if (event.type.ptr)
        at = put_line(at, "event: ", 7, event.type.ptr, event.type.len);
    if (event.id.ptr)
        at = put_line(at, "id: ", 4, event.id.ptr, event.id.len);
    for (;;) {
        const char *const lf = memchr(p, '\n', (size_t)(end - p));

        at = put_line(at, "data: ", 6, p, (size_t)((lf ? lf : end) - p));
        if (lf == NULL)
            break;
        p = lf + 1;
    }
    *at = '\n';
    return (size_t)(at + 1 - out);
}

typedef struct contender {
    const char *name;
    size_t (*run)(void); /* returns the length of what it wrote */
} contender;

static const contender contenders[] = {
    {"memcpy", by_memcpy},     {"encode", by_encode}, {"writer", by_writer},
    {"snprintf", by_snprintf}, {"memchr", by_memchr},
#ifdef __SSE2__
    {"SSE2-copy", by_sse2},
#endif
};

enum { CONTENDERS = sizeof contenders / sizeof *contenders };

static void prepare(const load *l)
{
    size_t i;

    for (i = 0; i < l->size; i++)
        text[i] = l->every && i % l->every == l->every - 1 ? '\n' : (char)('a' + i % 26);
    event = (sse_event){.data = {text, l->size}};
    if (l->named) {
        event.id = SSE_LIT("19a3f0c2e41-1000000");
        event.type = SSE_LIT("price");
    }
    ready_len = by_encode();
    memcpy(ready, out, ready_len);
    writer = sse_writer_init(queue, OUT + SSE_WRITER_OVERHEAD, 0);
}

/* Whether a contender writes what the others write. */
static int agrees(const contender *c)
{
    const void *bytes;
    size_t len;

    memset(out, 0, ready_len);
    if (c->run != by_writer)
        return c->run() == ready_len && memcmp(out, ready, ready_len) == 0;
    return sse_writer_send(writer, &event) == SSE_OK &&
           sse_writer_peek(writer, &bytes, &len) == SSE_OK && len == ready_len &&
           memcmp(bytes, ready, len) == 0 && sse_writer_consume(writer, len) == SSE_OK;
}

static double now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* Run it so many times. Returns the time of one. */
static double time_of(const contender *c, unsigned times)
{
    const double start = now_ns();
    unsigned i;

    for (i = 0; i < times; i++)
        if (c->run() != ready_len)
            abort();
    return (now_ns() - start) / times;
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double median(double *values)
{
    qsort(values, ROUNDS, sizeof *values, ascending);
    return values[ROUNDS / 2];
}

static void measure(const load *l)
{
    static double times[CONTENDERS][ROUNDS], ratios[CONTENDERS][ROUNDS];
    unsigned repeat[CONTENDERS];
    int i, r;

    for (i = 0; i < CONTENDERS; i++)
        repeat[i] = (unsigned)(ROUND_NS / (time_of(&contenders[i], 10) + 1)) + 1;
    for (r = 0; r < ROUNDS; r++)
        for (i = 0; i < CONTENDERS; i++) {
            times[i][r] = time_of(&contenders[i], repeat[i]);
            ratios[i][r] = times[i][r] / times[0][r];
        }
    printf("%-24s", l->name);
    for (i = 0; i < CONTENDERS; i++)
        printf(i ? "  %9.2f" : " %8.1f ns", i ? median(ratios[i]) : median(times[i]));
    if (l->target > 0)
        printf("   %.1f", l->target);
    putchar('\n');
}

/* Returns whether all contenders agree about all loads. */
static int check(void)
{
    int i, k;

    for (k = 0; k < LOADS; k++) {
        prepare(&loads[k]);
        for (i = 0; i < CONTENDERS; i++)
            if (ready_len == 0 || !agrees(&contenders[i])) {
                printf("%s: %s writes something else\n", loads[k].name, contenders[i].name);
                return 0;
            }
    }
    return 1;
}

static int run(const char *which, const char *who, unsigned times)
{
    const unsigned k = (unsigned)strtoul(which, NULL, 10);
    unsigned i = 0;

    while (i < CONTENDERS && strcmp(contenders[i].name, who) != 0)
        i++;
    if (k >= LOADS || i == CONTENDERS)
        return EXIT_FAILURE;
    prepare(&loads[k]);
    time_of(&contenders[i], times);
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    int i;

    lay_out();
    if (argc == 2 && strcmp(argv[1], "--loads") == 0) {
        for (i = 0; i < LOADS; i++)
            puts(loads[i].name);
        return EXIT_SUCCESS;
    }
    if (argc == 2 && strcmp(argv[1], "--contenders") == 0) {
        for (i = 0; i < CONTENDERS; i++)
            puts(contenders[i].name);
        return EXIT_SUCCESS;
    }
    if (argc == 5 && strcmp(argv[1], "--run") == 0)
        return run(argv[2], argv[3], (unsigned)strtoul(argv[4], NULL, 10));
    if (!check())
        return EXIT_FAILURE;
    if (argc > 1 && strcmp(argv[1], "--smoke") == 0) {
        printf("%d contenders wrote the same for %d loads\n", CONTENDERS, LOADS);
        return EXIT_SUCCESS;
    }
    printf("%-24s", argc > 1 ? argv[1] : "");
    for (i = 0; i < CONTENDERS; i++)
        printf(i ? "  %9s" : " %11s", contenders[i].name);
    puts("   target of encode");
    for (i = 0; i < LOADS; i++) {
        prepare(&loads[i]);
        measure(&loads[i]);
    }
    return EXIT_SUCCESS;
}
