/* SPDX-License-Identifier: MIT */
/* The writer: how it is made, what goes in, how it is closed. What comes out: writer_read.c. */
#include "sse/writer.h"

#include "chunk.h"
#include "encode.h"
#include "lines.h"
#include "queue.h"

/* What an array of size_t is aligned to; on small processors that is less than its size. */
typedef struct word_place {
    char byte;
    size_t word;
} word_place;

/* see sse/writer.h */
sse_writer *sse_writer_init(void *mem, size_t size, uint32_t flags)
{
    sse_writer *w = mem;

    if (mem == NULL || (uintptr_t)mem % offsetof(word_place, word) != 0 ||
        (flags & ~(uint32_t)SSE_WRITER_CHUNKED) ||
        size < SSE_WRITER_OVERHEAD + SSE_WRITER_CAPACITY_MIN ||
        (flags & SSE_WRITER_CHUNKED && size != (uint32_t)size))
        return NULL;
    w->size = size - sizeof *w;
    w->read = 0;
    w->used = 0;
    w->offer = 0;
    w->event = 0;
    w->state = flags;
    return w;
}

/* Queue an event, or, where the state after it is QUEUE_OPEN, the beginning of one. */
static int enqueue(sse_writer *w, const sse_event *ev, size_t state)
{
    sse_out o;
    int status = sse_queue_claim(w, 0, QUEUE_EVENTS, &o);

    if (status == SSE_OK)
        status = sse_event_put(&o, ev, state & QUEUE_OPEN);
    if (status != SSE_OK)
        return status;
    return sse_queue_commit(w, &o, QUEUE_EVENTS, state);
}

/* see sse/writer.h */
int sse_writer_send(sse_writer *w, const sse_event *ev)
{
    return enqueue(w, ev, QUEUE_BEGUN);
}

/* see sse/writer.h */
int sse_writer_begin(sse_writer *w, const sse_event *head)
{
    return enqueue(w, head, QUEUE_OPEN);
}

/* How much text fits into o, next to the frame of its chunk if there is one. */
static size_t room_in(const sse_out *o)
{
    const size_t frame = o->len > 0 ? SSE_CHUNK_FRAME : 0;

    return o->cap > frame ? o->cap - frame : 0;
}

/* see sse/writer.h */
int sse_writer_append(sse_writer *w, const void *data, size_t len, size_t *taken)
{
    sse_str text = {data, len};
    const char *end;
    sse_out o;
    const int status = sse_queue_claim(w, QUEUE_OPEN, QUEUE_EVENTS, &o);

    if (taken == NULL)
        return SSE_E_ARG;
    *taken = 0;
    if (status != SSE_OK || len == 0)
        return status;
    if (data == NULL)
        return SSE_E_ARG;
    if (w->state & QUEUE_CR && *text.ptr == '\n') {
        text.ptr++;
        text.len--;
    }
    end = sse_lines_put(&o, SSE_DATA_BREAK, sizeof SSE_DATA_BREAK - 1, &text, room_in(&o));
    *taken = (size_t)(end - (const char *)data);
    if (*taken > 0)
        sse_queue_commit(w, &o, QUEUE_EVENTS, end[-1] == '\r' ? QUEUE_OPEN | QUEUE_CR : QUEUE_OPEN);
    return *taken < len ? SSE_AGAIN : SSE_OK;
}

/* see sse/writer.h */
int sse_writer_finish(sse_writer *w)
{
    sse_out o;
    const int status = sse_queue_claim(w, QUEUE_OPEN, QUEUE_EVENTS, &o);

    if (status != SSE_OK)
        return status;
    SSE_OUT_LIT(&o, "\n\n");
    return sse_queue_commit(w, &o, QUEUE_EVENTS, QUEUE_BEGUN);
}

/* see sse/writer.h */
int sse_writer_raw(sse_writer *w, const void *bytes, size_t len)
{
    sse_out o;
    const int status = sse_queue_claim(w, 0, QUEUE_RAW, &o);

    if (status != SSE_OK || len == 0)
        return status;
    if (bytes == NULL)
        return SSE_E_ARG;
    sse_out_put(&o, bytes,
                len < o.size ? len : o.size); /* which is too long, too, and cannot wrap */
    return sse_queue_commit(w, &o, QUEUE_RAW, 0);
}

/* see sse/writer.h */
int sse_writer_close(sse_writer *w)
{
    sse_out o;
    const int status = sse_queue_refuse(w, 0, 0);

    if (status != SSE_OK)
        return status;
    if ((w->state & (QUEUE_CHUNKED | QUEUE_CLOSED)) == QUEUE_CHUNKED) {
        sse_queue_claim(w, w->state & QUEUE_OPEN, QUEUE_CLOSED, &o);
        o.cap = SSE_CHUNK_LAST_LEN; /* which were kept for it */
        SSE_OUT_LIT(&o, SSE_CHUNK_LAST);
        w->used += SSE_CHUNK_LAST_LEN;
    }
    w->state |= QUEUE_CLOSED;
    return SSE_OK;
}

/* see sse/writer.h */
size_t sse_writer_pending(const sse_writer *w)
{
    return w ? w->used : 0;
}

/* see sse/writer.h */
int sse_writer_idle(const sse_writer *w)
{
    return sse_queue_refuse(w, QUEUE_OPEN | QUEUE_CLOSED, 0) == SSE_OK && w->used == 0;
}
