/* SPDX-License-Identifier: MIT */
/* client.h - one connection, through the states of its life.
 *
 *     accepted
 *        |
 *     READING ---- neither a stream nor an action ----------> ANSWERING --.
 *        |  `--- too slow: 408 ----------------------------------^       | all was taken
 *        |  `--- an action ----> ACTING ---- its answer ---------^       |
 *        | GET of a stream                                               v
 *     STREAMING ---- drain: what is queued, a farewell --------------> LINGERING
 *        |                                                               | the peer closed, or
 *        | gone, or stalled                                              | a second has passed
 *        v                                                               v
 *     closed <-----------------------------------------------------------'
 *
 * A stream is a subscriber of a channel, or has joined none yet: then the program fills its writer.
 *
 * LINGERING, with the sending side shut, is there because a socket that is closed with unread bytes
 * resets the connection, and the peer might lose the answer. */
#ifndef SSECAT_CLIENT_H
#define SSECAT_CLIENT_H

#include "clients.h"
#include "incoming.h"

#include <sse/sse.h>

enum {
    HEAD_MS = 5000,   /* for the head of a request to come */
    ANSWER_MS = 5000, /* for an answer, or the rest of a stream, to be taken */
    STALL_MS = 20000, /* for a stream to take a byte of what it is owed */
    ACT_MS = 15000,   /* for an action */
    LINGER_MS = 1000  /* for the peer to close */
};

enum state { READING, ACTING, ANSWERING, STREAMING, LINGERING };

struct client {
    client *next;
    client *previous;
    int fd; /* -1: closed */
    enum state state;
    int writable;         /* the socket takes bytes, as far as is known */
    uint64_t serial;      /* tells clients apart */
    uint64_t deadline_ms; /* when the state has lasted too long; UINT64_MAX: never */
    clients *of;
    sse_subscriber subscriber; /* while it is STREAMING */
    sse_writer *writer;        /* from the answer on */
    incoming *incoming;        /* its request, until the answer */
    int has_joined;            /* it is a subscriber */
    int was_told;              /* that it may send the body */
    void *errand;              /* what the program wants with it; NULL: nothing */
};

/* Enter a state, for limit_ms at the most; UINT64_MAX: for good. */
void client_enter(client *c, enum state state, uint64_t limit_ms);

/* Read what has come, and answer the request when it is complete. */
void client_receive(client *c);

/* Answer 408 to a request that has begun and does not end. */
void client_too_slow(client *c);

/* Send what the socket takes. At the end of an answer, or of a stream, shut the sending side. */
void client_flush(client *c);

/* Give a client an empty writer. Returns 0, or -1 where there is no memory. */
int client_make_writer(client *c, size_t capacity);

/* Join a channel, with the writer, as sse_subscriber_join does and with what that returns. */
int client_join(client *c, sse_channel *channel, uint32_t flags, sse_str id, sse_str query);

/* Answer an action. fields: Content-Type and others. */
void client_answer(client *c, int status, const char *fields, const char *text, size_t len);

/* End the stream of a client that has joined no channel, after what is in its writer. */
void client_end(client *c);

/* Send a client that has joined no channel away: a stream gets an event of this type. */
void client_send_away(client *c, const char *type, uint32_t retry_ms);

/* The stream of a client is closed, and why. */
void client_ended(client *c, int reason);

/* Give bytes to the socket of a client: the sink of its stream. */
int client_send(void *user, const void *bytes, size_t len, size_t *taken);

/* Close the connection of a client that has bytes to take and does not, and say so. */
void client_cut(client *c);

/* Close the connection. The client can be named until clients_bury. */
void client_close(client *c);

#endif
