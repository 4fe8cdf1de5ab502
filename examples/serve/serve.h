/* SPDX-License-Identifier: MIT */
/* serve.h - the loop of broadcast.c with two places left open, for topics.c and latest.c. */
#ifndef SERVE_H
#define SERVE_H

#include "request.h"

#include <sse/sse.h>

typedef struct client {
    sse_subscriber stream;
    int fd;          /* -1: this place is free */
    uint64_t ask_ms; /* until then its request must have come; 0: it has */
    request request; /* whole when a hook is called with this client */
    size_t len;
    char head[16384]; /* of the request; cookies can be long */
    size_t queue[SSE_WRITER_WORDS(4096)];
} client;

/* What differs between the programs.
 *
 *   join   a request has come: call serve_join. Returns 0; else the status with which to refuse it
 *   line   a line of standard input has come: publish it */
typedef struct serve_hooks {
    int (*join)(client *c);
    void (*line)(const char *text, size_t len);
} serve_hooks;

/* The time in milliseconds: of a clock that never steps back; and since 1970, for an epoch. */
uint64_t serve_now(void);
uint64_t serve_epoch(void);

/* Serve at a port of the loopback, "0" for any, until the end of the input. The channel has been
 * started. Returns the exit code of the program, which has printed what is wrong. */
int serve_run(const char *port, sse_channel *channel, const serve_hooks *hooks);

/* Begin a stream, at the place where the client was; origin: whose pages may read it, "" for none.
 * Returns 0; else the status with which to refuse the request. */
int serve_join(client *c, uint32_t flags, const char *origin);

#endif
