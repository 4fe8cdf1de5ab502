/* SPDX-License-Identifier: MIT */
/* queue.h - private: the memory of a writer, and what it is made of.
 *
 * The block is this header, and the ring after it.
 *
 *     +--------+--------------------------------------------------+
 *     | header |    free   | offer | more queued |      free      |
 *     +--------+--------------------------------------------------+
 *                          ^ read                ^ read + used
 *
 * The ring may wrap anywhere; queued bytes never move. The bytes of SSE_CHUNK_LAST are out of reach
 * for events, so that there is always room for the last chunk. */
#ifndef SSE_QUEUE_H
#define SSE_QUEUE_H

#include "out.h"
#include "sse/writer.h"

/* sse_writer.state
 *
 *                        begin
 *         +----------+ --------> +------+ --.
 *    send | boundary |           | open |   | append
 *         +----------+ <-------- +------+ <-'
 *                    finish, cancel
 *
 * Close leaves either state for good, a sink that fails leaves any. */
enum {
    QUEUE_CHUNKED = SSE_WRITER_CHUNKED,
    QUEUE_OPEN = 2,    /* an event is open */
    QUEUE_CR = 4,      /* its data ends in CR so far: an LF that comes next belongs to that break */
    QUEUE_CLOSED = 8,  /* nothing more comes */
    QUEUE_FAILED = 16, /* the sink failed */
    QUEUE_SINKING = 32, /* a sink is being called */
    QUEUE_BEGUN = 64    /* an event was queued: with chunks, raw bytes are one, too */
};

/* The members are all size_t, which makes an array of size_t proper memory for a writer. */
struct sse_writer {
    size_t size;  /* bytes of the ring; 0: not a writer */
    size_t read;  /* where the oldest queued byte is */
    size_t used;  /* queued bytes */
    size_t offer; /* how many of them are offered; 0: none */
    size_t event; /* bytes of the open event so far; more than `used` if some were consumed */
    size_t state; /* the flags above */
};

/* Refuse a call: w is no writer, its sink failed, or the states in `of` are not exactly those in
 * `want`. Returns SSE_OK or the error. */
int sse_queue_refuse(const sse_writer *w, size_t of, size_t want);

/* When what is put becomes a chunk: if w is in all of the given states. */
enum { QUEUE_EVENTS = QUEUE_CHUNKED, QUEUE_RAW = QUEUE_CHUNKED | QUEUE_BEGUN };

/* Make o the free part of the ring, as far as events can reach, for a part of a chunk if w is in
 * the states `framed`. Returns SSE_OK; the error where w is not open or closed exactly as `want`
 * has it, or refuses. */
int sse_queue_claim(sse_writer *w, size_t want, size_t framed, sse_out *o);

/* Queue what was put into o, all of it or nothing, and go to a state: 0, QUEUE_BEGUN, or QUEUE_OPEN
 * with or without QUEUE_CR. `framed` is as for the claim. Returns SSE_OK, SSE_AGAIN or
 * SSE_E_TOOBIG. */
int sse_queue_commit(sse_writer *w, sse_out *o, size_t framed, size_t state);

/* What follows is for a subscriber, whose queue a writer is. queue_front.c. */

/* sse_writer_send that leaves `keep` bytes of the capacity free: it returns SSE_AGAIN where these
 * would be used, and SSE_E_TOOBIG where they always would. */
int sse_queue_send(sse_writer *w, const sse_event *ev, size_t keep);

/* How many bytes can be put at either end. */
size_t sse_queue_free(const sse_writer *w);

/* Put an event before what is queued, framed where there are chunks. The queue begins at the
 * boundary of an event.
 *
 *   ev    NULL: no event but a line, the empty comment, which belongs to the block that follows
 *   len   out: the bytes put; 0 where the result is not SSE_OK
 *
 * Returns SSE_OK; SSE_AGAIN where it does not fit; SSE_E_STATE while bytes are offered, and
 * SSE_E_IO after a failure; the errors of sse_event_encode. */
int sse_queue_event_front(sse_writer *w, const sse_event *ev, size_t *len);

/* Put bytes before what is queued, as they are. They fit, and nothing is offered. */
void sse_queue_bytes_front(sse_writer *w, const void *bytes, size_t len);

/* sse_writer_peek, whose new offer has at most `most` bytes, which is above 0. */
int sse_queue_limit_peek(sse_writer *w, size_t most, const void **bytes, size_t *len);

/* Forget the offer, as sse_writer_consume of 0. */
void sse_queue_withdraw(sse_writer *w);

#endif
