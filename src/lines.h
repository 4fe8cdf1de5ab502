/* SPDX-License-Identifier: MIT */
/* lines.h - private: text becomes lines of data or of a comment. */
#ifndef SSE_LINES_H
#define SSE_LINES_H

#include "out.h"
#include "vector.h"

/* What a line end in data becomes. */
#define SSE_DATA_BREAK "\ndata: "

/* Put text, with brk in place of each line end, in no more than room bytes: stop in the middle of a
 * line if need be, never in the middle of brk. Returns where in the text it stopped. */
const char *sse_lines_put(sse_out *o, const char *brk, size_t brk_len, const sse_str *text,
                          size_t room);

/* Where the next byte goes, and how many may be written from there on in one piece, which may be
 * none. */
static inline char *sse_out_ahead(const sse_out *o, size_t *n)
{
    size_t pos = o->start + o->len;

    if (o->len >= o->cap) {
        *n = 0;
        return o->ring;
    }
    if (pos >= o->size)
        pos -= o->size;
    *n = o->size - pos < o->cap - o->len ? o->size - pos : o->cap - o->len;
    return o->ring + pos;
}

/* Where a copy stopped: in memory, and in the text. */
typedef struct sse_stop {
    char *to;
    const char *from;
} sse_stop;

static inline sse_stop sse_stop_at(char *to, const char *from)
{
    const sse_stop stop = {to, from};

    return stop;
}

/* Put the beginning of data, a block or more, in one pass. There is room at `to` for the text as it
 * is, and for `spare` bytes more. Stops where these are used up, at a CR, or near the end. lines.c.
 */
sse_stop sse_blocks_copy(char *to, size_t spare, const char *text, const char *end);

/* The same for data of any length. */
static inline sse_stop sse_lines_copy(char *to, size_t spare, const char *text, size_t len)
{
    if (len >= BLOCK_LEN)
        return sse_blocks_copy(to, spare, text, text + len);
    if (sse_copy_short(to, text, len))
        return sse_stop_at(to + len, text + len);
    return sse_stop_at(to, text);
}

#endif
