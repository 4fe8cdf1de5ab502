/* queue.h - private: the memory of a writer, and what a channel puts into it beside events. */
#ifndef SSE_QUEUE_H
#define SSE_QUEUE_H

#include "sse/writer.h"

/* The block: this header, and the ring behind it.
 *
 *     +--------+--------------------------------------------------+
 *     | header |    free   | offer | more queued |      free      |
 *     +--------+--------------------------------------------------+
 *                          ^ read                ^ read + used
 *
 * The ring may wrap anywhere; queued bytes never move. RESERVE bytes are out of reach for events,
 * so that there is always room for the last chunk. The members are all size_t, which makes an array
 * of size_t proper memory for a writer. */
struct sse_writer {
    size_t size;  /* bytes of the ring; 0: not a writer */
    size_t read;  /* where the oldest queued byte is */
    size_t used;  /* queued bytes */
    size_t offer; /* how many of them are offered; 0: none */
    size_t state; /* the flags below */
};

/* Queue bytes that are whole events, framed as the writer frames them, or the rest of one that has
 * begun to go out. Returns as sse_writer_raw. */
int sse_writer_pass(sse_writer *w, const void *bytes, size_t len);

#endif
