/* SPDX-License-Identifier: MIT */
/* drain.h - the clients of one server, all in a process of their own, so that what they cost is not
 * counted as the server's. They ask for /events, take what comes, and check all of it: check.h. */
#ifndef FANOUT_DRAIN_H
#define FANOUT_DRAIN_H

#include "book.h"

#include <sys/types.h>

/* Who comes. */
typedef struct visit {
    int port;
    uint32_t clients;
    uint32_t window;   /* bytes that the kernel may keep for each */
    const char *after; /* their last event ID; NULL: none */
    uint64_t first;    /* the number of the event that they get first, */
    uint64_t last;     /* and of the last that is published, yet */
} visit;

/* What they have had since it was last told. */
typedef struct tally {
    double p50_ms, p99_ms, p999_ms, max_ms; /* from when an event was due to when it had come */
    uint64_t delivered;                     /* events, over all clients */
    uint64_t gaps, lost;
    uint32_t gapped; /* clients that have had a gap */
} tally;

typedef struct drain {
    pid_t pid;
    int control;
} drain;

/* Connect the clients; returns when each has the head of its stream. */
void drain_start(drain *d, const visit *v, book *b);

/* Say what comes next, before it is published: the number of the last event. */
void drain_expect(drain *d, uint64_t last);

/* Return when each client that is not held has had the last event. */
void drain_wait(drain *d);

/* Let the first clients read no more, so many of them; and all of them read again. */
void drain_hold(drain *d, uint32_t count);
void drain_release(drain *d);

/* Returns when each that is not held stands between two events. */
tally drain_tally(drain *d);

/* End the process. */
void drain_stop(drain *d);

#endif
