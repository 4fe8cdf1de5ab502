/* SPDX-License-Identifier: MIT */
/* chunk.h - private: HTTP/1.1 chunks.
 *
 *     0000004c CR LF | payload | CR LF
 *
 * The length of the payload is not known when it is put, so a chunk is put in three steps: leave
 * room for the head and put the payload, close, and fill in the head.
 *
 * Spec: RFC 9112, section 7.1. */
#ifndef SSE_CHUNK_H
#define SSE_CHUNK_H

#include "out.h"

enum {
    SSE_CHUNK_DIGITS = 8,                  /* of the length, hexadecimal */
    SSE_CHUNK_HEAD = SSE_CHUNK_DIGITS + 2, /* with CR and LF */
    SSE_CHUNK_FRAME = SSE_CHUNK_HEAD + 2   /* with the CR and LF after the payload */
};

/* The chunk that ends a body, and its length. */
#define SSE_CHUNK_LAST "0\r\n\r\n"
enum { SSE_CHUNK_LAST_LEN = sizeof SSE_CHUNK_LAST - 1 };

/* Leave room for the head of a chunk; the payload is put next. */
static inline void sse_chunk_open(sse_out *o)
{
    o->len += SSE_CHUNK_HEAD;
}

/* Put what ends a chunk. */
static inline void sse_chunk_close(sse_out *o)
{
    SSE_OUT_LIT(o, "\r\n");
}

/* Put the head of the chunk that was opened where `at` bytes had been put and that was closed last.
 * Where o has no memory for all of it, nothing is put past its end. */
static inline void sse_chunk_fill(sse_out *o, size_t at)
{
    const size_t end = o->len;
    uint32_t payload = (uint32_t)(end - at - SSE_CHUNK_FRAME);
    char digits[SSE_CHUNK_DIGITS];
    char *p = digits + sizeof digits;

    do {
        unsigned digit = '0' + (payload & 15);

        if (digit > '9')
            digit += 'a' - '9' - 1;
        *--p = (char)digit;
        payload >>= 4;
    } while (p > digits);
    o->len = at;
    sse_out_put(o, digits, sizeof digits);
    SSE_OUT_LIT(o, "\r\n");
    o->len = end;
}

#endif
