/* SPDX-License-Identifier: MIT */
/* Text to lines: what is put for data and comments. */
#include "lines.h"

/* The length of the line at p, which has n bytes: up to the first LF or CR. */
static size_t line_len(const char *p, size_t n)
{
    size_t i = 0;

    for (;;) {
        if (BY_WORDS)
            while (n - i >= WORD_LEN && !sse_word_low(sse_word_at(p + i)))
                i += WORD_LEN;
        if (i == n || p[i] == '\n' || p[i] == '\r')
            return i;
        i++;
    }
}

enum {
    GROWTH = sizeof SSE_DATA_BREAK - 2, /* bytes by which a break of one byte grows */
    PIECE = 16,                         /* bytes copied at once behind a break */
    MARGIN = BLOCK_LEN + PIECE          /* bytes of text that must be left to do so */
};

/* Copy what is between two places, in pieces: up to PIECE - 1 bytes more are copied, too. */
static inline void copy_pieces(char *q, const char *p, unsigned from, unsigned to)
{
    for (; from < to; from += PIECE)
        memcpy(q + from, p + from, PIECE);
}

/* Copy what is left, less than a block, together with bytes of the block before, if none of these
 * are low. */
static inline sse_stop copy_last(char *q, const char *p, const char *end)
{
    const sse_block last = sse_block_at(end - BLOCK_LEN);

    if (sse_block_low(&last))
        return sse_stop_at(q, p);
    q += end - p;
    sse_block_put(q - BLOCK_LEN, &last);
    return sse_stop_at(q, end);
}

sse_stop sse_blocks_copy(char *to, size_t spare, const char *text, const char *end)
{
    const char *p = text;
    char *q = to;

    while (BY_WORDS && (size_t)(end - p) >= BLOCK_LEN) {
        const sse_block block = sse_block_at(p);

        if (sse_block_low(&block)) {
            uint64_t breaks = sse_block_breaks(&block);

            if ((size_t)(end - p) < MARGIN)
                return sse_stop_at(q, p);
            sse_block_put(q, &block);
            while (breaks) {
                const unsigned i = sse_lowest(breaks);

                if (spare < GROWTH || p[i] == '\r')
                    return sse_stop_at(q + i, p + i);
                memcpy(q + i, SSE_DATA_BREAK, sizeof SSE_DATA_BREAK);
                q += GROWTH;
                spare -= GROWTH;
                breaks &= breaks - 1;
                copy_pieces(q, p, i + 1, breaks ? sse_lowest(breaks) : BLOCK_LEN);
            }
        } else {
            sse_block_put(q, &block);
        }
        p += BLOCK_LEN;
        q += BLOCK_LEN;
    }
    return BY_WORDS ? copy_last(q, p, end) : sse_stop_at(q, p);
}

/* Put the beginning of data: as far as it goes in one piece of memory and one pass. */
static const char *put_ahead(sse_out *o, const char *text, size_t len, size_t room)
{
    size_t piece;
    char *const at = sse_out_ahead(o, &piece);
    const size_t fits = piece < room ? piece : room;
    const size_t n = len < fits ? len : fits;
    sse_stop stop;

    if (n == 0)
        return text;
    stop = sse_lines_copy(at, fits - n, text, n);
    o->len += (size_t)(stop.to - at);
    return stop.from;
}

const char *sse_lines_put(sse_out *o, const char *brk, size_t brk_len, const sse_str *text,
                          size_t room)
{
    const char *p = text->ptr;
    const char *const end = p + text->len;

    for (;;) {
        size_t run;

        if (BY_WORDS && brk_len == sizeof SSE_DATA_BREAK - 1) {
            run = o->len;
            p = put_ahead(o, p, (size_t)(end - p), room);
            room -= o->len - run;
        }
        run = (size_t)(end - p);
        run = line_len(p, run < room ? run : room);
        sse_out_put(o, p, run);
        p += run;
        room -= run;
        if (p == end || room < brk_len)
            return p;
        sse_out_put(o, brk, brk_len);
        room -= brk_len;
        if (*p++ == '\r' && p < end && *p == '\n')
            p++; /* both are one break */
    }
}
