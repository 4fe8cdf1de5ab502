/* SPDX-License-Identifier: MIT */
/* out.h - private: where bytes are written, linear memory or the free part of a ring.
 *
 * An out counts on past its end, so that writing and measuring are one code path:
 *
 *     cap                         a ring: the free part may wrap
 *   +-----------+                 +-----------------------+
 *   |aaabb      | cc              |bb   used   |aaa       |
 *   +-----------+                 +-----------------------+
 *        len = 7 > cap                          ^ start
 *
 * Once len is above cap nothing more is written. Callers bound the sum of what they put, so that
 * len cannot wrap. The next byte goes len bytes behind start, so setting len moves that place. */
#ifndef SSE_OUT_H
#define SSE_OUT_H

#include "sse/status.h"

typedef struct sse_out {
    char *ring;   /* all of the memory */
    size_t size;  /* its length */
    size_t start; /* where the first byte goes; past the end of the ring is at its beginning */
    size_t cap;   /* how much may be written */
    size_t len;   /* how much was put */
} sse_out;

/* Linear memory. */
static inline sse_out sse_out_to(void *dst, size_t cap)
{
    sse_out o = {dst, cap, 0, cap, 0};

    return o;
}

/* Put n bytes; n may be 0. */
void sse_out_put(sse_out *o, const void *bytes, size_t n);

/* Put a string literal. */
#define SSE_OUT_LIT(o, text) sse_out_put((o), "" text, sizeof(text) - 1)

/* Finish: store the length, and tell SSE_OK or SSE_E_SPACE. */
static inline int sse_out_end(const sse_out *o, size_t *len)
{
    *len = o->len;
    return o->len > o->cap ? SSE_E_SPACE : SSE_OK;
}

#endif
