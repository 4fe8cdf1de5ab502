/* SPDX-License-Identifier: MIT */
/* http_answer.h - private: what an answer is, whatever form it takes. */
#ifndef SSE_HTTP_ANSWER_H
#define SSE_HTTP_ANSWER_H

#include "out.h"
#include "sse/http.h"

/* Checks all of an answer; returns as sse_http_fields. */
int sse_http_check(const sse_http_answer *a);

/* Whether a good answer is a stream. */
static inline int sse_http_is_stream(const sse_http_answer *a)
{
    return a->status == 0 || a->status == 200;
}

/* Whether the body of a good answer is chunks. */
static inline int sse_http_is_chunked(const sse_http_answer *a)
{
    return sse_http_is_stream(a) && (a->flags & SSE_HTTP_CHUNKED) != 0;
}

/* Lists the fields that a good answer has of its own. A number is rendered into scratch. Returns
 * how many there are. */
size_t sse_http_own_fields(const sse_http_answer *a, sse_http_field fields[SSE_HTTP_FIELDS_MAX],
                           char scratch[SSE_HTTP_SCRATCH]);

/* Puts a good answer: its head, where the version has one, and the first bytes of its body. */
void sse_http_put(sse_out *o, const sse_http_answer *a);

#endif
