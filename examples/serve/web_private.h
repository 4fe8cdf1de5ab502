/* SPDX-License-Identifier: MIT */
/* web_private.h - what web.c, web_loop.c and web_channel.c know of each other. */
#ifndef SERVE_WEB_PRIVATE_H
#define SERVE_WEB_PRIVATE_H

#include "web.h"

struct MHD_Connection;
struct MHD_Daemon;

/* A channel of web_channel, and its streams. */
typedef struct room {
    sse_channel channel; /* first: a channel of web_channel is a room */
    struct visit *visits;
    struct room *next;
    size_t count;
    int finished, doomed;
    uint64_t memory[];
} room;

/* A request, and its stream. */
typedef struct visit {
    web_request request; /* first: a request is a visit */
    struct MHD_Connection *connection;
    char *query, *body;
    size_t body_len;
    int too_long, answered, result, parked, gone;
    room *in; /* its stream's; NULL: there is none */
    struct visit *next;
    void (*left)(void *user);
    void (*dry)(void *user);
    void *user;
    sse_subscriber stream;
    size_t queue[SSE_WRITER_WORDS(WEB_QUEUE)];
} visit;

extern room *web_rooms;
extern web_timer *web_timers; /* the next one first */

/* The time in milliseconds, of a clock that never steps back. */
uint64_t web_now(void);

void web_run_timers(void);

/* Let libmicrohttpd read from a stream again, or see that its client is gone. */
void web_wake(visit *v);

/* Serve until a signal is there to be read. */
void web_loop(struct MHD_Daemon *server, int signals, web_line *line);

/* Free the channels that are not used any more. */
void web_free_rooms(void);

#endif
