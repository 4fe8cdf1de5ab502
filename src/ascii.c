#include "ascii.h"

char sse_ascii_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 'a' - 'A') : c;
}

int sse_ascii_is_blank(char c)
{
    return c == ' ' || c == '\t';
}

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
