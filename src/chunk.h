/* chunk.h - private: HTTP/1.1 chunks.
 *
 *     0000004c CR LF | payload | CR LF        the head has its room before the length is known
 *
 * Spec: RFC 9112, section 7.1. */
#ifndef SSE_CHUNK_H
#define SSE_CHUNK_H

#include "out.h"

enum {
    SSE_CHUNK_DIGITS = 8,                  /* of the length, hexadecimal */
    SSE_CHUNK_HEAD = SSE_CHUNK_DIGITS + 2, /* behind them CR, LF */
    SSE_CHUNK_FRAME = SSE_CHUNK_HEAD + 2   /* and CR, LF behind the payload */
};

/* Put the head of a chunk whose payload and tail have been put, and go to its start. */
static inline void sse_chunk_head(sse_out *o)
{
    const uint32_t payload = (uint32_t)(o->len - o->frame);
    unsigned shift = 4 * SSE_CHUNK_DIGITS;

    o->len = 0;
    do {
        shift -= 4;
        sse_out_put(o, &"0123456789abcdef"[payload >> shift & 15], 1);
    } while (shift > 0);
    SSE_OUT_LIT(o, "\r\n");
}

#endif
