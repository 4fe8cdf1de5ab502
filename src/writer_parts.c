/* SPDX-License-Identifier: MIT */
/* The writer: the flat calls, for callers that have no struct, the way back out of an event, and
 * the constants as functions. */
#include "sse/writer.h"

#include "encode.h"
#include "queue.h"
#include "str.h"

/* see sse/writer.h */
int sse_writer_send_parts(sse_writer *w, const char *type, size_t type_len, const char *id,
                          size_t id_len, const char *data, size_t data_len)
{
    const sse_event ev = sse_event_of(type, type_len, id, id_len, data, data_len);

    return sse_writer_send(w, &ev);
}

/* see sse/writer.h */
int sse_writer_begin_parts(sse_writer *w, const char *type, size_t type_len, const char *id,
                           size_t id_len)
{
    const sse_event head = {{NULL, 0}, {type, type_len}, {id, id_len}, 0, {NULL, 0}};

    return sse_writer_begin(w, &head);
}

/* see sse/writer.h */
int sse_writer_comment(sse_writer *w, const char *text, size_t len)
{
    const sse_event ev = sse_comment_of(text, len);

    return sse_writer_send(w, &ev);
}

/* see sse/writer.h */
int sse_writer_retry(sse_writer *w, uint32_t retry_ms)
{
    const sse_event ev = sse_retry_of(retry_ms);

    return sse_writer_send(w, &ev);
}

/* see sse/writer.h */
int sse_writer_cancel(sse_writer *w)
{
    const int status = sse_queue_refuse(w, QUEUE_OPEN | QUEUE_CLOSED, QUEUE_OPEN);

    if (status != SSE_OK)
        return status;
    if (w->event > w->used - w->offer)
        return SSE_E_STATE;
    w->used -= w->event;
    w->event = 0;
    if (w->used == 0)
        w->read = 0;
    w->state &= ~(size_t)(QUEUE_OPEN | QUEUE_CR);
    return SSE_OK;
}

/* see sse/writer.h */
size_t sse_writer_overhead(void)
{
    return SSE_WRITER_OVERHEAD;
}

/* see sse/writer.h */
size_t sse_writer_capacity_min(void)
{
    return SSE_WRITER_CAPACITY_MIN;
}
