/* SPDX-License-Identifier: MIT */
/* stage.h - a server with its clients, and events that go from the one to the others. */
#ifndef FANOUT_STAGE_H
#define FANOUT_STAGE_H

#include "drain.h"
#include "host.h"

enum kind { FLOOR, CHANNEL, SSECAT, KINDS };

/* The names of the three. */
extern const char *const kinds[KINDS];

/* The programs. */
typedef struct tools {
    const char *here; /* the folder of bench_floor and bench_server */
    char *ssecat;
    uint32_t descriptors;
} tools;

/* What to start. */
typedef struct setup {
    enum kind kind;
    uint32_t clients;
    size_t size;        /* of the body of each event */
    uint32_t events;    /* of the log of a channel; 0: so few that a held client lags soon */
    uint32_t pace_ms;   /* of the subscribers of a channel */
    const char *counts; /* count instructions, and write how many to this file; NULL: do not */
} setup;

typedef struct stage {
    enum kind kind;
    uint32_t clients;
    host host;
    drain drain;
    book *book;
    int posts[PUBLISHERS];
    uint32_t events; /* of the log */
    size_t window;   /* bytes that the kernel keeps for a client, on either side */
    uint64_t published;
    uint32_t overrun;   /* events of the latest stage_overrun */
    uint64_t empty_kib; /* its memory before its clients came */
} stage;

/* How large the queue of a channel's subscriber is where the bodies of events have a size. */
size_t stage_queue(size_t size);

void stage_start(stage *s, const tools *t, const setup *how);

/* Publish so many turns, each with so many events that come together; nothing more is published
 * until all have arrived. */
void stage_deliver(stage *s, uint32_t turns, uint32_t events);

/* The same with PUBLISHERS at a time, each of whom publishes so many, one after the other. */
void stage_deliver_busy(stage *s, uint32_t each);

/* Publish so many, one by one, at a rate of so many a second by the clock: whether those before
 * have arrived does not matter, and the latency of one that is published late counts from when it
 * was due. Returns when all have arrived. */
void stage_deliver_at(stage *s, uint32_t rate, uint32_t events);

/* Publish so much that a held client lags by more than the log. */
void stage_overrun(stage *s);

/* See to it that all clients have had every event, and none a gap since they were asked before, and
 * end it. */
void stage_end(stage *s);

#endif
