/* SPDX-License-Identifier: MIT */
/* word.h - all texts of a length over a small alphabet: what exhaustion counts through. */
#ifndef TESTS_LEDGER_WORD_H
#define TESTS_LEDGER_WORD_H

/* All words of a length over the numbers below base, the last letter turning fastest:
 *
 *     word_first(&w, 3, 8);
 *     do
 *         use(w.at, w.len);
 *     while (word_next(&w)); */
#define WORD_MAX 16

typedef struct word {
    unsigned len, base;
    unsigned short at[WORD_MAX];
} word;

void word_first(word *w, unsigned len, unsigned base);
int word_next(word *w);

/* The bytes that mean something to the format, and the two halves of a character. */
#define HOSTILE 8
extern const char hostile[HOSTILE];

/* Spell a word with them. */
static inline void word_spell(const word *w, char *text)
{
    unsigned i;

    for (i = 0; i < w->len; i++)
        text[i] = hostile[w->at[i]];
}

#endif
