/* SPDX-License-Identifier: MIT */
/* clients.h - the connections of a program, all of them. What each goes through is in client.h. */
#ifndef SSECAT_CLIENTS_H
#define SSECAT_CLIENTS_H

#include "access.h"
#include "http_options.h"

#include <sse/sse.h>

#include <stddef.h>
#include <stdint.h>

/* Bytes of the queue that each stream has for itself: the head, heartbeats, gap events, and the
 * rest of a line whose beginning was sent when the socket was full. */
#define CLIENTS_QUEUE 2048

/* Connections beside the streams: pages, requests, refusals. */
#define CLIENTS_BESIDE 64

typedef struct client client;
typedef struct route route; /* answer.h */

/* What a program serves on its connections. */
typedef struct site {
    const route *routes;
    size_t count;
    size_t body_max; /* the most bytes of a body; more are answered 413 */

    /* NULL, or: a stream that has joined no channel has taken all that is in its writer. */
    void (*drained)(client *c);
    /* NULL, or: what is to be sent stands in a file that was made shorter. */
    void (*lost)(void);
    /* NULL, or: a connection with an errand is closed. */
    void (*gone)(client *c);
} site;

/* A channel with its place among all of them. */
typedef struct clients_channel {
    sse_channel channel;
    struct clients_channel *next;
} clients_channel;

typedef struct clients {
    const http_options *options;
    const site *site;
    void *program; /* for the site */
    access_rules *access;
    clients_channel *channels; /* the streams are their subscribers */
    int epoll;
    client *first;        /* all that are open */
    client *closed;       /* closed in this turn; events of the same turn may still name them */
    size_t count;         /* open connections */
    size_t streaming;     /* how many of them are streams */
    size_t incoming;      /* bytes of requests that are long, while they arrive */
    uint64_t serial;      /* of the newest connection */
    uint64_t now_ms;      /* the time of this turn */
    uint64_t wake_ms;     /* when clients_tick has something to do; UINT64_MAX: never */
    uint64_t deadline_ms; /* when the first deadline is; UINT64_MAX: there is none */
} clients;

void clients_init(clients *cs, const http_options *o, const site *s, void *program,
                  access_rules *access, int epoll, uint64_t now_ms);

/* Start a channel, which is the caller's memory, and have its subscribers served. */
void clients_open(clients *cs, clients_channel *ch, sse_history *history);

/* Forget a channel that has no subscribers. */
void clients_forget(clients *cs, clients_channel *ch);

/* See to it that clients_tick is called at this time, or earlier. */
void clients_wake_at(clients *cs, uint64_t ms);

/* Take a connection that was accepted. Owns the socket. */
void clients_add(clients *cs, int fd);

/* Whether one more connection may be accepted. */
int clients_may_accept(const clients *cs);

/* React to what epoll says of a client. */
void clients_ready(client *c, uint32_t events);

/* Whether an event of this length can be published so that no stream loses one. */
int clients_fit(clients *cs, clients_channel *ch, size_t len);

/* Send what can be sent: once a turn, so that lines that came together leave together. */
void clients_flush(clients *cs);

/* Set the time, and do what is due: time-outs, heartbeats. */
void clients_tick(clients *cs, uint64_t now_ms);

/* How many events the slowest stream has not taken. */
uint64_t clients_behind(const clients *cs);

/* Close all: streams get what they are owed and a time to come back, others go at once.
 *
 *   type   of the event that says so: one that has an agreed meaning, so that clients can stay
 *          away, or "retry" */
void clients_drain(clients *cs, const char *type);

/* Free the clients that were closed; call it at the end of a turn. */
void clients_bury(clients *cs);

/* Close and free everything. */
void clients_free(clients *cs);

#endif
