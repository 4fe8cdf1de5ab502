/* ascii.h - private: letters and blanks as HTTP sees them, whatever the locale. */
#ifndef SSE_ASCII_H
#define SSE_ASCII_H

#include "sse/base.h"

char sse_ascii_lower(char c);

/* Space or tab. */
int sse_ascii_is_blank(char c);

/* Whether two texts are the same but for letter case. */
int sse_ascii_same(sse_str a, sse_str b);

#endif
