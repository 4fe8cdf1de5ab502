/* SPDX-License-Identifier: MIT */
/* sink.h - a scripted peer: a transport that takes what a script says, and remembers.
 *
 *     static const sink_step steps[] = {SINK_TAKE(3), SINK_BLOCK, SINK_FAIL};
 *     static sink peer;
 *
 *     sink_start(&peer, steps, 3, SINK_ALL);
 *     sse_writer_flush(w, sink_take, &peer);
 *
 * It holds the bytes it took and every offer it got, and checks each offer against the contract of
 * sse_sink: it is never empty, and what was offered in vain is offered again unmoved and unchanged,
 * as TLS libraries demand. Running out of room ends the program. */
#ifndef TESTS_SINK_H
#define TESTS_SINK_H

#include "sse/writer.h"

/* What the peer does in one call. */
typedef struct sink_step {
    int status;   /* what it returns */
    size_t taken; /* how much it takes, as far as it was offered, or one of these: */
} sink_step;

#define SINK_ALL    ((size_t)-1) /* all of the offer */
#define SINK_MORE   ((size_t)-2) /* all of the offer, and it claims one byte more */
#define SINK_SILENT ((size_t)-3) /* none of it, and *taken stays unwritten */

/* Initialisers of a step. */
/* clang-format off */
#define SINK_TAKE(n) {SSE_OK, (n)}
#define SINK_BLOCK   {SSE_AGAIN, 0} /* would block, said in one way, */
#define SINK_NONE    {SSE_OK, 0}    /* and in the other */
#define SINK_FAIL    {SSE_E_IO, 0}
/* clang-format on */

#define SINK_CALLS_MAX 16384
#define SINK_BYTES_MAX 65536

/* One call of the sink. */
typedef struct sink_offer {
    const void *bytes;
    size_t len;
    size_t taken;
} sink_offer;

typedef struct sink {
    const sink_step *steps; /* the script */
    size_t step_count;
    sink_step rest;           /* what the peer does behind the end of the script */
    void (*during)(void *to); /* called in each call, before anything is taken; or NULL */
    void *to;
    size_t calls; /* how often it was called */
    sink_offer offers[SINK_CALLS_MAX];
    size_t len; /* how much was taken */
    char bytes[SINK_BYTES_MAX];
    char refused[SINK_BYTES_MAX]; /* a copy of the last offer, if nothing was taken of it */
    const char *broken;           /* how an offer broke the contract; NULL: none did */
} sink;

/* Start a peer: nothing was taken. Behind its script it takes rest bytes a call. */
void sink_start(sink *s, const sink_step *steps, size_t step_count, size_t rest);

/* The sse_sink; user is the peer. */
int sink_take(void *user, const void *bytes, size_t len, size_t *taken);

#endif
