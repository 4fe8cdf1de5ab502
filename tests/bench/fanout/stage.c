/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE

#include "stage.h"

#include "common.h"
#include "post.h"

#include <sse/subscriber.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

const char *const kinds[KINDS] = {"floor", "channel", "ssecat"};

enum {
    AROUND = 64,         /* bytes of an event beside its body, at most */
    WINDOW_MIN = 4096,   /* small, so that a held client lags soon */
    WINDOWS = 320 << 20, /* of all clients together: the kernel has so much */
    LOG_BYTES = 262144,  /* of a log that is soon overrun, */
    LOG_MAX = 32,        /* and events of it */
    FLOOR_EVENTS = 4096, /* a held client may not lose its place */
    TOGETHER = 8,        /* events of an overrun that are sent at once */
    ARGUMENTS = 20,
    TEXT = 4096
};

/* Arguments of a program, with the numbers written out. */
typedef struct command {
    char *argv[ARGUMENTS];
    char texts[ARGUMENTS][TEXT];
    int count;
} command;

static void add(command *c, const char *text, uint64_t number)
{
    char *const to = c->texts[c->count];

    snprintf(to, TEXT, text, number);
    c->argv[c->count++] = to;
}

static void add_path(command *c, const char *folder, const char *name)
{
    char *const to = c->texts[c->count];

    snprintf(to, TEXT, "%s/%s", folder, name);
    c->argv[c->count++] = to;
}

size_t stage_queue(size_t size)
{
    return size + SSE_SUBSCRIBER_QUEUE_MIN;
}

static void start_host(stage *s, const tools *t, const setup *how)
{
    static command c;

    memset(&c, 0, sizeof c);
    if (how->counts) {
        add(&c, "valgrind", 0);
        add(&c, "--tool=callgrind", 0);
        add(&c, "--callgrind-out-file=/dev/null", 0);
        add(&c, "--log-file=", 0);
        strncat(c.argv[3], how->counts, TEXT - 32);
    }
    if (how->kind == SSECAT) {
        c.argv[c.count++] = t->ssecat;
        add(&c, "--port=0", 0);
        add(&c, "--heartbeat=0", 0);
        add(&c, "--patience=0", 0);
        add(&c, "--max-clients=%" PRIu64, how->clients);
        add(&c, "--history=%" PRIu64, LOG_BYTES);
    } else {
        add_path(&c, t->here, how->kind == FLOOR ? "bench_floor" : "bench_server");
        add(&c, "--port", 0);
        add(&c, "0", 0);
        add(&c, "--unsent", 0);
        add(&c, "%" PRIu64, s->window);
        add(&c, "--events", 0);
        add(&c, "%" PRIu64, s->events);
        add(&c, how->kind == FLOOR ? "--slot" : "--queue", 0);
        add(&c, "%" PRIu64, how->kind == FLOOR ? how->size + AROUND : stage_queue(how->size));
    }
    if (how->kind == CHANNEL) {
        add(&c, "--room", 0);
        add(&c, "%" PRIu64, s->events * (how->size + AROUND));
        add(&c, "--pace", 0);
        add(&c, "%" PRIu64, how->pace_ms);
    }
    host_start(&s->host, c.argv);
}

void stage_start(stage *s, const tools *t, const setup *how)
{
    visit v = {.clients = how->clients, .first = 1};
    int i;

    memset(s, 0, sizeof *s);
    s->kind = how->kind;
    s->clients = how->clients;
    s->window = 4 * how->size > WINDOW_MIN ? 4 * how->size : WINDOW_MIN;
    if (s->window > WINDOWS / how->clients)
        s->window = WINDOWS / how->clients;
    s->events = how->events;
    if (how->kind == FLOOR)
        s->events = FLOOR_EVENTS;
    else if (how->events == 0)
        s->events =
            LOG_BYTES / (uint32_t)how->size < LOG_MAX ? LOG_BYTES / (uint32_t)how->size : LOG_MAX;
    s->book =
        mmap(NULL, sizeof *s->book, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (s->book == MAP_FAILED)
        die("memory");
    s->book->size = how->size;
    s->book->publishers = 1;
    start_host(s, t, how);
    s->empty_kib = host_memory_kib(&s->host);
    v.port = s->host.port;
    v.window = (uint32_t)s->window;
    drain_start(&s->drain, &v, s->book);
    for (i = 0; i < PUBLISHERS && how->kind != SSECAT; i++)
        s->posts[i] = post_connect(s->host.port);
}

static void publish(stage *s, uint32_t events, uint64_t due_ns)
{
    if (s->kind == SSECAT)
        post_lines(s->host.input, s->book, s->published + 1, events, due_ns);
    else
        post_send(s->posts[0], s->book, s->published + 1, events, due_ns);
    s->published += events;
}

static void answered(const stage *s, uint32_t events)
{
    if (s->kind != SSECAT)
        post_answered(s->posts[0], events);
}

void stage_deliver(stage *s, uint32_t turns, uint32_t events)
{
    while (turns-- > 0) {
        drain_expect(&s->drain, s->published + events);
        publish(s, events, now_ns());
        drain_wait(&s->drain);
        answered(s, events);
    }
}

void stage_deliver_busy(stage *s, uint32_t each)
{
    const uint32_t all = PUBLISHERS * each;

    s->book->publishers = PUBLISHERS;
    drain_expect(&s->drain, s->published + all);
    post_in_turn(s->posts, PUBLISHERS, s->book, s->published + 1, each);
    drain_wait(&s->drain);
    s->book->publishers = 1;
    s->published += all;
}

void stage_deliver_at(stage *s, uint32_t rate, uint32_t events)
{
    const uint64_t begun = now_ns(), second = 1000000000;
    uint32_t i;

    drain_expect(&s->drain, s->published + events);
    for (i = 1; i <= events; i++) {
        const uint64_t due = begun + i * second / rate;
        const struct timespec t = {.tv_sec = (time_t)(due / second),
                                   .tv_nsec = (long)(due % second)};

        while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) != 0)
            ;
        publish(s, 1, due);
    }
    drain_wait(&s->drain);
    answered(s, events);
}

void stage_overrun(stage *s)
{
    const size_t kept = 2 * s->window + s->window; /* the kernel doubles what a receiver asks for */
    const uint32_t log = s->kind == FLOOR ? LOG_MAX : s->events;
    const uint32_t turns =
        ((uint32_t)(kept / (s->book->size + AROUND / 2)) + 2 * log) / TOGETHER + 1;

    s->overrun = turns * TOGETHER;
    stage_deliver(s, turns, TOGETHER);
}

void stage_end(stage *s)
{
    tally t;
    int i;

    drain_wait(&s->drain);
    t = drain_tally(&s->drain);
    if (t.gaps > 0)
        die_plainly("clients that read all the time were told of a gap");
    for (i = 0; i < PUBLISHERS && s->kind != SSECAT; i++)
        close(s->posts[i]);
    drain_stop(&s->drain);
    if (s->kind == SSECAT)
        host_kill(&s->host);
    else
        host_end(&s->host);
    munmap(s->book, sizeof *s->book);
}
