/* SPDX-License-Identifier: MIT */
/* sequence_moves.h - the transport's side of a writer beside the model in sequence_writer.h: each
 * function makes a call, demands what the model says of it, and notes in the model what was moved.
 * Needs cmocka. */
#ifndef TESTS_SEQUENCE_MOVES_H
#define TESTS_SEQUENCE_MOVES_H

#include "sequence_writer.h"

/* What comes next for the transport: SSE_OK, SSE_AGAIN, SSE_END or SSE_E_IO. */
int wire_next(const wire *m);

/* These return whether the call was refused, and so has to have changed nothing. */
int wire_peek(wire *m, sse_writer *w);
int wire_consume(wire *m, sse_writer *w, size_t n);
int wire_read(wire *m, sse_writer *w, size_t cap);

#define TAKE_ALL  ((size_t)-1)
#define TAKE_OVER ((size_t)-2) /* it claims more than it was offered */

/* What a sink does in a call. */
typedef struct wire_step {
    int status;
    size_t taken; /* as far as it was offered, or one of the above */
} wire_step;

/* Flush through a sink that does one thing in its first call, and another one in those that follow.
 * In each of them it finds that it must not move bytes itself; in the first it calls during. */
int wire_flush(wire *m, sse_writer *w, wire_step first, wire_step rest, int (*during)(void));

#endif
