/* clients.h - the connections of ssecat, all of them. What each goes through is in client.h. */
#ifndef SSECAT_CLIENTS_H
#define SSECAT_CLIENTS_H

#include "options.h"

#include <stddef.h>
#include <stdint.h>

/* The most bytes of one publish, and of what a client may be behind before it is cut. */
#define CLIENTS_BATCH_MAX (128 * 1024)
#define CLIENTS_QUEUE     (2 * CLIENTS_BATCH_MAX)

typedef struct client client;

typedef struct clients {
    const options *options;
    int epoll;
    client *first;    /* all that are open */
    client *closed;   /* closed in this turn; events of the same turn may still name them */
    size_t count;     /* open connections */
    size_t streaming; /* how many of them are streams */
    uint64_t serial;  /* of the newest connection */
    uint64_t now_ms;  /* the time of this turn; set by the loop */
    uint64_t wake_ms; /* when clients_sweep has something to do; UINT64_MAX: never */
} clients;

void clients_init(clients *cs, const options *o, int epoll);

/* See to it that clients_sweep is called at this time, or earlier. */
void clients_wake_at(clients *cs, uint64_t ms);

/* Take a connection that was accepted. Owns the socket. */
void clients_add(clients *cs, int fd);

/* Whether one more connection may be accepted. */
int clients_may_accept(const clients *cs);

/* React to what epoll says of a client. */
void clients_ready(clients *cs, client *c, uint32_t events);

/* Whether it is time to publish more: every stream has room, but for those that are not waited for.
 * Input is read as fast as the clients that keep up can take it. */
int clients_have_room(clients *cs);

/* Queue encoded events for every stream, at most CLIENTS_BATCH_MAX bytes, and send what can be
 * sent. Cuts the streams that have no room. */
void clients_publish(clients *cs, const void *bytes, size_t len);

/* Do what is due: time-outs, heartbeats. */
void clients_sweep(clients *cs);

/* Close all: streams get a time to come back and what is queued, others go at once. */
void clients_drain(clients *cs);

/* Free the clients that were closed; call it at the end of a turn. */
void clients_bury(clients *cs);

/* Close and free everything. */
void clients_free(clients *cs);

#endif
