/* SPDX-License-Identifier: MIT */
#define _POSIX_C_SOURCE 200809L

#include "text.h"

#include <string.h>
#include <strings.h>

int text_is(sse_str s, const char *text)
{
    return s.len == strlen(text) && memcmp(s.ptr, text, s.len) == 0;
}

int text_is_name(sse_str s, const char *text)
{
    return s.len == strlen(text) && strncasecmp(s.ptr, text, s.len) == 0;
}

sse_str text_cut(sse_str *s, char separator)
{
    const char *const at = s->len > 0 ? memchr(s->ptr, separator, s->len) : NULL;
    const sse_str before = {s->ptr, at ? (size_t)(at - s->ptr) : s->len};

    *s = at ? (sse_str){at + 1, s->len - before.len - 1} : (sse_str){NULL, 0};
    return before;
}

sse_str text_line(sse_str *s)
{
    sse_str line = text_cut(s, '\n');

    if (line.len > 0 && line.ptr[line.len - 1] == '\r')
        line.len--;
    return line;
}

static int is_blank(char c)
{
    return c == ' ' || c == '\t';
}

sse_str text_trim(sse_str s)
{
    for (; s.len > 0 && is_blank(s.ptr[0]); s.len--)
        s.ptr++;
    while (s.len > 0 && is_blank(s.ptr[s.len - 1]))
        s.len--;
    return s;
}
