/* SPDX-License-Identifier: MIT */
/* ascii.h - private: letters and blanks as HTTP sees them, whatever the locale. */
#ifndef SSE_ASCII_H
#define SSE_ASCII_H

#include "sse/base.h"

char sse_ascii_lower(char c);

/* Whether a byte is a space or a tab. */
int sse_ascii_is_blank(char c);

/* A text without the blanks at its ends. */
sse_str sse_ascii_trim(sse_str s);

/* Whether a text is a token: the name of a field, a half of a media type. */
int sse_ascii_is_token(sse_str s);

/* Whether two texts are the same in lower case. */
int sse_ascii_same(sse_str a, sse_str b);

#endif
