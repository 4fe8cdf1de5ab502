/* SPDX-License-Identifier: MIT */
#include "chunks.h"

#include <string.h>

/* A place in the framed bytes. */
typedef struct cursor {
    const char *at;
    const char *end;
} cursor;

/* Step over a line end. CHUNKS_ENDED: it is there; CHUNKS_OPEN: it is cut. */
static enum chunks line_end(cursor *c)
{
    size_t left = (size_t)(c->end - c->at);
    size_t n = left < 2 ? left : 2;

    if (memcmp(c->at, "\r\n", n) != 0)
        return CHUNKS_BROKEN;
    c->at += n;
    return n == 2 ? CHUNKS_ENDED : CHUNKS_OPEN;
}

/* Read a length and its line end. Returns as line_end. */
static enum chunks length(cursor *c, size_t *size)
{
    const char *start = c->at;

    *size = 0;
    for (; c->at < c->end; c->at++) {
        static const char digits[] = "0123456789abcdef0123456789ABCDEF";
        const char *digit = memchr(digits, *c->at, sizeof digits - 1);

        if (digit == NULL)
            break;
        if (*size > ((size_t)-1 >> 4))
            return CHUNKS_BROKEN;
        *size = *size << 4 | (size_t)((digit - digits) & 15);
    }
    if (c->at == c->end)
        return CHUNKS_OPEN;
    return c->at == start ? CHUNKS_BROKEN : line_end(c);
}

enum chunks unchunk(const void *bytes, size_t len, char *out, size_t *out_len)
{
    cursor c;
    size_t size = 1;
    enum chunks state = CHUNKS_OPEN;

    c.at = bytes;
    c.end = c.at + len;
    *out_len = 0;
    while (size > 0 && c.at < c.end) {
        size_t left;

        state = length(&c, &size);
        if (state != CHUNKS_ENDED)
            return state;
        left = (size_t)(c.end - c.at);
        memmove(out + *out_len, c.at, left < size ? left : size);
        *out_len += left < size ? left : size;
        if (left < size)
            return CHUNKS_OPEN;
        c.at += size;
        state = line_end(&c);
        if (state != CHUNKS_ENDED)
            return state;
    }
    if (size > 0)
        return CHUNKS_OPEN;
    return c.at == c.end ? CHUNKS_ENDED : CHUNKS_BROKEN;
}
