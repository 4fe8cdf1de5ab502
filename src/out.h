/* out.h - private: where bytes are written, linear memory or the free part of a ring.
 *
 * An out counts on past its end, so that writing and measuring are one code path:
 *
 *     cap                         a ring: the free part may wrap
 *   +-----------+                 +-----------------------+
 *   |aaabb      | cc              |bb   used   |aaa       |
 *   +-----------+                 +-----------------------+
 *        len = 7 > cap                          ^ pos at first
 *
 * Once len is above cap nothing more is written. Callers bound the sum of what they put, so that
 * len cannot wrap. */
#ifndef SSE_OUT_H
#define SSE_OUT_H

#include <stddef.h>
#include <stdint.h>

typedef struct sse_out {
    char *ring;  /* all of the memory */
    size_t size; /* its length */
    size_t pos;  /* where the next byte goes */
    size_t cap;  /* how much of it may be written */
    size_t len;  /* how much was put */
    size_t head; /* how much of that is kept free at the front, for the writer */
} sse_out;

/* Linear memory. */
sse_out sse_out_to(void *dst, size_t cap);

/* Put n bytes; n may be 0. */
void sse_out_put(sse_out *o, const void *bytes, size_t n);

/* Write a number in decimal digits, ten at the most, ahead of end; returns the first of them. */
char *sse_digits(char *end, uint32_t number);

/* Put a string literal. */
#define SSE_OUT_LIT(o, text) sse_out_put((o), "" text, sizeof(text) - 1)

/* Finish: store the length, and tell SSE_OK or SSE_E_SPACE. */
int sse_out_end(const sse_out *o, size_t *len);

#endif
