/* SPDX-License-Identifier: MIT */
/* Text: which bytes may stand in which field. */
#include "sse/text.h"

#include "word.h"

#include <string.h>

/* The length of the longest beginning of text, in whole words, that is plain at a glance: no byte
 * of it is below `least`, and none is above '~'. */
static size_t plain_len(const char *p, size_t len, unsigned least)
{
    size_t i = 0;

    while (len - i >= WORD_LEN) {
        const size_t word = sse_word_at(p + i);

        if (((word - WORD_ONES * least) | word | (word + WORD_ONES)) & WORD_ONES << 7)
            break;
        i += WORD_LEN;
    }
    return i;
}

/* The length of the character that begins at p, where n bytes are; 0 if none does. Its first two
 * bytes tell (Unicode, table 3-7), except whether all after the first are 0x80 to 0xBF. */
static size_t char_len(const unsigned char *p, size_t n)
{
    /* From these two bytes on, except the last digit: the length of what begins so. */
    static const uint16_t spans[] = {0x0001, 0x8000, 0xC282, 0xE000, 0xE0A3, 0xEDA0,
                                     0xEE83, 0xF000, 0xF094, 0xF490, 0xFFFF};
    const unsigned two = (unsigned)p[0] << 8 | (n > 1 ? p[1] : 0) | 0xF;
    const uint16_t *span = spans;
    size_t i, len;

    while (two > span[1])
        span++;
    len = *span & 0xF;
    if (len > n)
        return 0;
    for (i = 1; i < len; i++)
        if ((p[i] & 0xC0) != 0x80)
            return 0;
    return len;
}

/* Whether text is UTF-8 and has no byte below `least`, nor DEL unless least is 0. */
static int valid(const char *ptr, size_t len, unsigned least)
{
    const unsigned char *p = (const unsigned char *)ptr;
    size_t i = 0;

    if (BY_WORDS)
        i = plain_len(ptr, len, least);
    while (i < len) {
        const size_t n = char_len(p + i, len - i);

        if (n == 0 || p[i] < least || (p[i] == 0x7F && least > 0))
            return 0;
        i += n;
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
        if ((unsigned char)ptr[i] > '~' || memchr(unsafe, ptr[i], sizeof unsafe))
            return 0;
    return 1;
}
