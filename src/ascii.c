/* SPDX-License-Identifier: MIT */
/* ascii.c - letters and blanks as HTTP sees them. */
#include "ascii.h"

#include <string.h>

/* see ascii.h */
char sse_ascii_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 'a' - 'A') : c;
}

/* see ascii.h */
int sse_ascii_is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* see ascii.h */
sse_str sse_ascii_trim(sse_str s)
{
    while (s.len > 0 && sse_ascii_is_blank(s.ptr[0])) {
        s.ptr++;
        s.len--;
    }
    while (s.len > 0 && sse_ascii_is_blank(s.ptr[s.len - 1]))
        s.len--;
    return s;
}

/* see ascii.h */
int sse_ascii_same(sse_str a, sse_str b)
{
    size_t i;

    if (a.len != b.len)
        return 0;
    for (i = 0; i < a.len; i++)
        if (sse_ascii_lower(a.ptr[i]) != sse_ascii_lower(b.ptr[i]))
            return 0;
    return 1;
}

/* see ascii.h */
int sse_ascii_is_token(sse_str s)
{
    static const char marks[] = "!#$%&'*+-.^_`|~";
    size_t i;

    for (i = 0; i < s.len; i++) {
        char c = sse_ascii_lower(s.ptr[i]);

        if ((c < 'a' || c > 'z') && (c < '0' || c > '9') && !memchr(marks, c, sizeof marks - 1))
            return 0;
    }
    return s.len > 0;
}
