/* SPDX-License-Identifier: MIT */
/* http_send.c - an answer goes into the queue of its connection. */
#include "http_answer.h"
#include "queue.h"

/* see sse/http.h */
int sse_http_send(const sse_http_answer *a, sse_writer *w)
{
    sse_out o;
    int status = sse_queue_refuse(w, QUEUE_BEGUN, 0);

    if (status == SSE_OK)
        status = sse_queue_claim(w, 0, QUEUE_RAW, &o);
    if (status != SSE_OK)
        return status;
    if (a == NULL)
        return SSE_E_ARG;
    status = sse_http_check(a);
    if (status != SSE_OK)
        return status;
    if (sse_http_is_chunked(a) != ((w->state & QUEUE_CHUNKED) != 0))
        return SSE_E_ARG;
    sse_http_put(&o, a);
    return sse_queue_commit(w, &o, QUEUE_RAW, 0);
}
