/* word.h - private: text looked at a word at a time, where speed matters. Builds for size look at
 * bytes, and have no SSE_WORD.
 *
 * Most text has no byte up to CR at all, which is cheaper to tell than that it has no LF and no CR:
 * such a byte is called low. */
#ifndef SSE_WORD_H
#define SSE_WORD_H

#include "sse/base.h"

#include <string.h>

#ifndef __OPTIMIZE_SIZE__

#define SSE_WORD  sizeof(size_t)
#define SSE_BYTES ((size_t)-1 / 0xFF) /* 1 in each byte of a word */

static inline size_t sse_word_at(const char *p)
{
    size_t word;

    memcpy(&word, p, sizeof word);
    return word;
}

/* Not 0 if a byte of the word is low. Bytes above a low one may be marked by mistake, so that which
 * they are is not told. */
static inline size_t sse_word_low(size_t word)
{
    return (word - SSE_BYTES * ('\r' + 1)) & ~word & SSE_BYTES << 7;
}

/* Copy a word, if it has no low byte; tells whether. */
static inline int sse_copy_word(char *q, const char *p)
{
    const size_t word = sse_word_at(p);

    if (sse_word_low(word))
        return 0;
    memcpy(q, &word, sizeof word);
    return 1;
}

/* Copy n bytes, if it can be told at a glance that they are of one line; tells whether. */
static inline int sse_copy_short(char *q, const char *p, size_t n)
{
    size_t i;

    if (n >= SSE_WORD) {
        for (i = 0; i + SSE_WORD < n; i += SSE_WORD)
            if (!sse_copy_word(q + i, p + i))
                return 0;
        return sse_copy_word(q + n - SSE_WORD, p + n - SSE_WORD);
    }
    for (i = 0; i < n; i++) {
        if (p[i] == '\n' || p[i] == '\r')
            return 0;
        q[i] = p[i];
    }
    return 1;
}

#endif
#endif
