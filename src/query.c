/* SPDX-License-Identifier: MIT */
/* query.c - the query of a URL: its pairs, and their percent-encoding. */
#include "query.h"

#include "ascii.h"
#include "str.h"

#include <string.h>

/* see query.h */
sse_str sse_query_of(const char *query, size_t len)
{
    if (len > 0 && query[0] == '?')
        return sse_str_of(query + 1, len - 1);
    return sse_str_of(query, len);
}

/* Cuts off what comes before the first `stop`, which is dropped. Without one, all is returned and s
 * becomes absent. */
static sse_str cut(sse_str *s, char stop)
{
    sse_str first = *s;
    const char *at = memchr(s->ptr, stop, s->len);

    if (at == NULL) {
        s->ptr = NULL;
        s->len = 0;
        return first;
    }
    first.len = (size_t)(at - first.ptr);
    s->ptr = at + 1;
    s->len -= first.len + 1;
    return first;
}

/* see query.h */
int sse_query_next(sse_str *query, sse_str *name, sse_str *value)
{
    if (query->ptr == NULL)
        return 0;
    *value = cut(query, '&');
    *name = cut(value, '=');
    return 1;
}

/* The value of a hexadecimal digit; below 0 for any other byte. */
static int hex(char c)
{
    c = sse_ascii_lower(c);
    if (c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Decodes the first byte of an encoded text, which is not empty, and cuts it off. Returns 0 where
 * the encoding is broken. */
static int decode_byte(sse_str *encoded, char *byte)
{
    size_t n = 1;

    *byte = encoded->ptr[0] == '+' ? ' ' : encoded->ptr[0];
    if (*byte == '%') {
        int high, low;

        if (encoded->len < 3)
            return 0;
        high = hex(encoded->ptr[1]);
        low = hex(encoded->ptr[2]);
        if (high < 0 || low < 0)
            return 0;
        *byte = (char)(high * 16 + low);
        n = 3;
    }
    encoded->ptr += n;
    encoded->len -= n;
    return 1;
}

/* see query.h */
int sse_query_is(sse_str encoded, sse_str text)
{
    char byte;

    for (; encoded.len > 0; text.ptr++, text.len--)
        if (text.len == 0 || !decode_byte(&encoded, &byte) || byte != text.ptr[0])
            return 0;
    return text.len == 0;
}

/* see query.h */
int sse_query_decode(sse_str encoded, char *dst, size_t cap, size_t *len)
{
    size_t n = 0;
    char byte;

    *len = 0;
    for (; encoded.len > 0; n++) {
        if (!decode_byte(&encoded, &byte))
            return SSE_E_FIELD;
        if (n < cap)
            dst[n] = byte;
    }
    *len = n;
    return n > cap ? SSE_E_SPACE : SSE_OK;
}
