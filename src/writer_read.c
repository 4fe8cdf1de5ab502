/* SPDX-License-Identifier: MIT */
/* The writer: what comes out, by pull and by push. */
#include "sse/writer.h"

#include "queue.h"

#include <string.h>

/* see sse/writer.h */
int sse_writer_peek(sse_writer *w, const void **bytes, size_t *len)
{
    int status = sse_queue_refuse(w, QUEUE_SINKING, 0);

    if (bytes == NULL || len == NULL)
        return SSE_E_ARG;
    *bytes = NULL;
    *len = 0;
    if (status != SSE_OK)
        return status;
    if (w->used == 0)
        return w->state & QUEUE_CLOSED ? SSE_END : SSE_AGAIN;
    if (w->offer == 0)
        w->offer = w->used < w->size - w->read ? w->used : w->size - w->read;
    *bytes = (char *)(w + 1) + w->read;
    *len = w->offer;
    return SSE_OK;
}

/* see sse/writer.h */
int sse_writer_consume(sse_writer *w, size_t n)
{
    int status = sse_queue_refuse(w, QUEUE_SINKING, 0);

    if (status != SSE_OK)
        return status;
    if (n > w->offer)
        return SSE_E_ARG;
    w->offer = 0;
    w->read += n;
    w->used -= n;
    if (w->used == 0 || w->read == w->size)
        w->read = 0;
    return SSE_OK;
}

/* see sse/writer.h */
int sse_writer_read(sse_writer *w, void *dst, size_t cap, size_t *len)
{
    const void *bytes;
    int status = sse_queue_refuse(w, QUEUE_SINKING, 0);

    if (len == NULL)
        return SSE_E_ARG;
    *len = 0;
    if (status == SSE_OK && (dst == NULL || cap == 0))
        status = SSE_E_ARG;
    if (status == SSE_OK)
        status = sse_writer_peek(w, &bytes, len);
    if (status != SSE_OK)
        return status;
    if (*len > cap)
        *len = cap;
    memcpy(dst, bytes, *len);
    return sse_writer_consume(w, *len);
}

/* see sse/writer.h */
int sse_writer_flush(sse_writer *w, sse_sink *sink, void *user)
{
    const void *bytes;
    size_t n, taken;
    int status, sunk;

    while ((status = sse_writer_peek(w, &bytes, &n)) == SSE_OK) {
        taken = 0;
        w->state |= QUEUE_SINKING;
        sunk = sink(user, bytes, n, &taken);
        w->state &= ~(size_t)QUEUE_SINKING;
        if (sunk < SSE_OK || sunk > SSE_AGAIN || taken > n) {
            w->state |= QUEUE_FAILED;
            return SSE_E_IO;
        }
        if (taken == 0)
            return SSE_AGAIN;
        sse_writer_consume(w, taken);
        if (sunk == SSE_AGAIN)
            return sunk;
    }
    return status == SSE_AGAIN ? SSE_OK : status;
}
