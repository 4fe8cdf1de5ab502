/* SPDX-License-Identifier: MIT */
/* The queue as a subscriber uses it: what goes in before the rest, and what is kept free. */
#include "chunk.h"
#include "encode.h"
#include "queue.h"

static int is_chunked(const sse_writer *w)
{
    return (w->state & QUEUE_CHUNKED) != 0;
}

/* Put an event, or the line of an empty comment, framed where there are chunks, except for the
 * digits of its length. */
static int put_in_frame(sse_out *o, const sse_event *ev, int chunked)
{
    int status = SSE_OK;

    if (chunked)
        sse_chunk_open(o);
    if (ev != NULL)
        status = sse_event_put(o, ev, 0);
    else
        SSE_OUT_LIT(o, ":\n");
    if (chunked)
        sse_chunk_close(o);
    return status;
}

int sse_queue_send(sse_writer *w, const sse_event *ev, size_t keep)
{
    sse_out o;
    size_t need, capacity;
    int status = sse_queue_claim(w, 0, QUEUE_EVENTS, &o);

    if (status == SSE_OK)
        status = sse_event_put(&o, ev, 0);
    if (status != SSE_OK)
        return status;
    need = o.len + (is_chunked(w) ? SSE_CHUNK_FRAME - SSE_CHUNK_HEAD : 0);
    capacity = w->size - SSE_CHUNK_LAST_LEN;
    if (keep > capacity || need > capacity - keep)
        return SSE_E_TOOBIG;
    if (need + keep > o.cap)
        return SSE_AGAIN;
    return sse_queue_commit(w, &o, QUEUE_EVENTS, QUEUE_BEGUN);
}

size_t sse_queue_free(const sse_writer *w)
{
    const size_t last = QUEUE_CHUNKED | QUEUE_CLOSED;
    const size_t reserve = (w->state & last) == last ? 0 : SSE_CHUNK_LAST_LEN;

    return w->size - w->used - reserve;
}

/* Make room for len bytes before what is queued: they fit, and nothing is offered. */
static sse_out grow(sse_writer *w, size_t len)
{
    sse_out o = sse_out_to((char *)(w + 1), w->size);

    w->read = w->read >= len ? w->read - len : w->read + (w->size - len);
    w->used += len;
    o.start = w->read;
    return o;
}

int sse_queue_event_front(sse_writer *w, const sse_event *ev, size_t *len)
{
    sse_out o = sse_out_to(NULL, 0);
    int status = sse_queue_refuse(w, 0, 0);

    *len = 0;
    if (status != SSE_OK)
        return status;
    if (w->offer > 0)
        return SSE_E_STATE;
    status = put_in_frame(&o, ev, is_chunked(w));
    if (status != SSE_OK)
        return status;
    if (o.len > sse_queue_free(w))
        return SSE_AGAIN;
    *len = o.len;
    o = grow(w, o.len);
    put_in_frame(&o, ev, is_chunked(w));
    if (is_chunked(w))
        sse_chunk_fill(&o, 0);
    w->state |= QUEUE_BEGUN;
    return SSE_OK;
}

void sse_queue_bytes_front(sse_writer *w, const void *bytes, size_t len)
{
    sse_out o = grow(w, len);

    sse_out_put(&o, bytes, len);
}

int sse_queue_limit_peek(sse_writer *w, size_t most, const void **bytes, size_t *len)
{
    const size_t offered = w->offer;
    const int status = sse_writer_peek(w, bytes, len);

    if (status == SSE_OK && offered == 0 && *len > most)
        *len = w->offer = most;
    return status;
}

void sse_queue_withdraw(sse_writer *w)
{
    w->offer = 0;
}
