/* drain.h - the clients of one server, all in a process of their own, so that what they cost is not
 * counted as the server's.
 *
 * They connect, ask for /events, and from then on take what comes. What counts as theirs begins
 * behind the first comment of the stream. */
#ifndef COST_DRAIN_H
#define COST_DRAIN_H

#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

typedef struct drain {
    pid_t pid;
    int control;
    uint32_t clients;
    FILE *first; /* the bytes that the last client has got, while they are checked */
} drain;

typedef struct latency {
    double p50_ms;
    double p99_ms;
} latency;

/* Connect the clients; returns when each has the head of its stream. With `checked` the
 * bytes of the last one are kept, and a hash of those of each: see drain_same. */
void drain_start(drain *d, int port, uint32_t clients, int checked);

/* Say what comes next, before it is published: each client will have had so many bytes in all, and
 * start_ns is when they were sent. */
void drain_expect(drain *d, uint64_t bytes, uint64_t start_ns);

/* Return when each client that is not stalled has had just as many bytes as are expected. */
void drain_wait(drain *d);

/* Let the first clients read no more, so many of them. */
void drain_stall(drain *d, uint32_t count);

/* Tell the time from start_ns to the arrival of the last byte that was expected, over all clients
 * and all that they have expected since this was asked before. */
latency drain_latency(drain *d);

/* Tell how many clients have had the same bytes as the last one. */
uint32_t drain_same(drain *d);

/* End the process. */
void drain_stop(drain *d);

#endif
