/* SPDX-License-Identifier: MIT */
/* text.h - ranges of text: compare them, and take them apart. */
#ifndef SERVE_TEXT_H
#define SERVE_TEXT_H

#include <sse/base.h>

/* Return 1 where s is this text; text_is_name: in any letter case. */
int text_is(sse_str s, const char *text);
int text_is_name(sse_str s, const char *text);

/* Cut s at the first separator, or at its end. Returns the part before it and leaves the part after
 * it in s, which is absent where there was no separator. */
sse_str text_cut(sse_str *s, char separator);

/* The same with the end of a line: CRLF, or LF alone. */
sse_str text_line(sse_str *s);

/* Return s without the blanks and tabs around it. */
sse_str text_trim(sse_str s);

#endif
