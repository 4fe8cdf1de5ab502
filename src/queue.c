/* SPDX-License-Identifier: MIT */
/* The queue: what goes in at its end, and what is offered at its front. Drawn in queue.h. */
#include "queue.h"

#include "assert.h"
#include "chunk.h"

SSE_STATIC_ASSERT(sizeof(struct sse_writer) + SSE_CHUNK_LAST_LEN == SSE_WRITER_OVERHEAD,
                  writer_overhead);

int sse_queue_refuse(const sse_writer *w, size_t of, size_t want)
{
    if (w == NULL || w->size == 0)
        return SSE_E_ARG;
    if (w->state & QUEUE_FAILED)
        return SSE_E_IO;
    return (w->state & of) == want ? SSE_OK : SSE_E_STATE;
}

/* Whether w is in all of the states. */
static int is_in(const sse_writer *w, size_t states)
{
    return (w->state & states) == states;
}

int sse_queue_claim(sse_writer *w, size_t want, size_t framed, sse_out *o)
{
    const int status = sse_queue_refuse(w, QUEUE_OPEN | QUEUE_CLOSED, want);

    if (status != SSE_OK)
        return status;
    o->ring = (char *)(w + 1);
    o->size = w->size;
    o->start = w->read + w->used;
    o->cap = w->size - w->used - SSE_CHUNK_LAST_LEN;
    o->len = 0;
    if (is_in(w, framed))
        sse_chunk_open(o);
    return SSE_OK;
}

int sse_queue_commit(sse_writer *w, sse_out *o, size_t framed, size_t state)
{
    size_t frame = 0;

    if (is_in(w, framed)) {
        sse_chunk_close(o);
        frame = SSE_CHUNK_FRAME;
    }
    if (o->len > frame) { /* a chunk without a payload would end the stream */
        if (o->len > o->cap)
            return o->len > w->size - SSE_CHUNK_LAST_LEN ? SSE_E_TOOBIG : SSE_AGAIN;
        if (frame)
            sse_chunk_fill(o, 0);
        w->event = w->event > w->used ? (size_t)-1 : w->event + o->len;
        if (!(state & QUEUE_OPEN))
            w->event = 0;
        w->used += o->len;
    }
    w->state = (w->state & ~(size_t)(QUEUE_OPEN | QUEUE_CR)) | state;
    return SSE_OK;
}
