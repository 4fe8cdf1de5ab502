/* SPDX-License-Identifier: MIT */
/* word.h - private: text looked at a word at a time, where speed matters. Builds for size look at
 * bytes: there BY_WORDS is 0, and the compiler checks what depends on it and leaves it out.
 *
 * Most text has no byte up to CR at all, which is cheaper to tell than that it has no LF and no CR:
 * such a byte is called low. */
#ifndef SSE_WORD_H
#define SSE_WORD_H

#include "sse/base.h"

#include <string.h>

#ifdef __OPTIMIZE_SIZE__
#define BY_WORDS 0
#else
#define BY_WORDS 1
#endif

#define WORD_LEN  sizeof(size_t)
#define WORD_ONES ((size_t)-1 / 0xFF) /* 1 in each byte of a word */

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
    return (word - WORD_ONES * ('\r' + 1)) & ~word & WORD_ONES << 7;
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

    if (n >= WORD_LEN) {
        for (i = 0; i + WORD_LEN < n; i += WORD_LEN)
            if (!sse_copy_word(q + i, p + i))
                return 0;
        return sse_copy_word(q + n - WORD_LEN, p + n - WORD_LEN);
    }
    for (i = 0; i < n; i++) {
        if (p[i] == '\n' || p[i] == '\r')
            return 0;
        q[i] = p[i];
    }
    return 1;
}

#endif
