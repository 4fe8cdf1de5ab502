/* SPDX-License-Identifier: MIT */
#include "word.h"

const char hostile[HOSTILE] = {'\n', '\r', '\0', ' ', ':', 'a', '\xC3', '\xA9'};

void word_first(word *w, unsigned len, unsigned base)
{
    unsigned i;

    w->len = len;
    w->base = base;
    for (i = 0; i < len; i++)
        w->at[i] = 0;
}

int word_next(word *w)
{
    unsigned i;

    for (i = w->len; i > 0; i--) {
        if (++w->at[i - 1] < w->base)
            return 1;
        w->at[i - 1] = 0;
    }
    return 0;
}
