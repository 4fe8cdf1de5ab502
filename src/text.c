#include "sse/text.h"

#include <string.h>

/* The length of the well-formed UTF-8 sequence at p, which has n bytes and n is above 0; else 0. */
static size_t sequence(const unsigned char *p, size_t n)
{
    uint32_t point = p[0];
    unsigned more, i;

    if (point < 0x80)
        return 1;
    if (point < 0xC2 || point > 0xF4)
        return 0;
    more = 1u + (point >= 0xE0) + (point >= 0xF0);
    if (n <= more)
        return 0;
    point &= 0x3Fu >> more;
    for (i = 1; i <= more; i++) {
        if ((p[i] & 0xC0) != 0x80)
            return 0;
        point = point << 6 | (p[i] & 0x3Fu);
    }
    /* Overlong: what a shorter sequence has bits for, 11 in two bytes, 16 in three. */
    if (point >> (5 * more + 1) == 0 || point > 0x10FFFF || point >> 11 == 0xD800 >> 11)
        return 0;
    return more + 1;
}

/* Whether text is UTF-8 and has no byte below `least`, nor DEL unless least is 0. */
static int valid(const char *ptr, size_t len, unsigned least)
{
    const unsigned char *p = (const unsigned char *)ptr;
    size_t step;

    for (; len > 0; p += step, len -= step) {
        step = sequence(p, len);
        if (step == 0 || p[0] < least || (p[0] == 0x7F && least > 0))
            return 0;
    }
    return 1;
}

/* see sse/text.h */
int sse_utf8_valid(const char *ptr, size_t len)
{
    return valid(ptr, len, 0);
}

/* see sse/text.h */
int sse_type_valid(const char *ptr, size_t len)
{
    return valid(ptr, len, ' ');
}

/* see sse/text.h */
int sse_id_valid(const char *ptr, size_t len)
{
    if (len > 0 && (ptr[0] == ' ' || ptr[len - 1] == ' '))
        return 0;
    return valid(ptr, len, ' ');
}

/* see sse/text.h */
int sse_id_portable(const char *ptr, size_t len)
{
    static const char unsafe[] = "\"():<>?@[\\]{}";
    size_t i;

    if (len > 128 || !sse_id_valid(ptr, len))
        return 0;
    for (i = 0; i < len; i++)
        if ((unsigned char)ptr[i] > '~' || memchr(unsafe, ptr[i], sizeof unsafe - 1))
            return 0;
    return 1;
}
