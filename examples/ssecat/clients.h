/* SPDX-License-Identifier: MIT */
/* clients.h - the connections of ssecat, all of them. What each goes through is in client.h. */
#ifndef SSECAT_CLIENTS_H
#define SSECAT_CLIENTS_H

#include "access.h"
#include "options.h"

#include <sse/sse.h>

#include <stddef.h>
#include <stdint.h>

/* Bytes of the queue that each stream has for itself: the head, heartbeats, gap events, and the
 * rest of a line whose beginning was sent when the socket was full. */
#define CLIENTS_QUEUE 2048

typedef struct client client;

typedef struct clients {
    const options *options;
    access_rules *access;
    sse_channel channel; /* the streams are its subscribers */
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
    uint64_t held_ms;     /* since when a stream holds up the input; UINT64_MAX: none does */
} clients;

void clients_init(clients *cs, const options *o, access_rules *access, int epoll,
                  sse_history *history, uint64_t now_ms);

/* See to it that clients_tick is called at this time, or earlier. */
void clients_wake_at(clients *cs, uint64_t ms);

/* Take a connection that was accepted. Owns the socket. */
void clients_add(clients *cs, int fd);

/* Whether one more connection may be accepted. */
int clients_may_accept(const clients *cs);

/* React to what epoll says of a client. */
void clients_ready(client *c, uint32_t events);

/* Publish a line. Returns SSE_OK; SSE_AGAIN where a stream would lose a line by it that still has a
 * time to be waited for; SSE_E_TOOBIG where it is too long. */
int clients_publish(clients *cs, const sse_str *line);

/* Send what can be sent: once a turn, so that lines that came together leave together. */
void clients_flush(clients *cs);

/* Set the time, and do what is due: time-outs, heartbeats. */
void clients_tick(clients *cs, uint64_t now_ms);

/* How many events the slowest stream has not taken. */
uint64_t clients_behind(const clients *cs);

/* Close all: streams get what they are owed and a time to come back, others go at once. The event
 * that says so has the type of --farewell if the input has ended, so that clients can stay away,
 * and else "retry". */
void clients_drain(clients *cs, int ended);

/* Free the clients that were closed; call it at the end of a turn. */
void clients_bury(clients *cs);

/* Close and free everything. */
void clients_free(clients *cs);

#endif
