#include "sse/text.h"

#include "word.h"

#include <string.h>

#ifdef SSE_WORD
/* The length of the longest beginning of text, in whole words, that is plain at a glance: no byte
 * of it is below `least`, and none is above '~'. */
static size_t plain_len(const char *p, size_t len, unsigned least)
{
    size_t i = 0;

    while (len - i >= SSE_WORD) {
        const size_t word = sse_word_at(p + i);

        if (((word - SSE_BYTES * least) | word | (word + SSE_BYTES)) & SSE_BYTES << 7)
            break;
        i += SSE_WORD;
    }
    return i;
}
#endif

/* Whether text is UTF-8 and has no byte below `least`, nor DEL unless least is 0. */
static int valid(const char *ptr, size_t len, unsigned least)
{
    const unsigned char *p = (const unsigned char *)ptr;
    unsigned more = 0, low = 0x80, high = 0xBF;

#ifdef SSE_WORD
    if (len > 0) {
        const size_t plain = plain_len(ptr, len, least);

        p += plain;
        len -= plain;
    }
#endif
    for (; len > 0; p++, len--) {
        unsigned c = *p;

        if (more > 0) {
            if (c < low || c > high)
                return 0;
            more--;
            low = 0x80;
            high = 0xBF;
        } else if (c >= 0x80) {
            if (c < 0xC2 || c > 0xF4)
                return 0;
            more = 1u + (c >= 0xE0) + (c >= 0xF0);
            if (c == 0xE0)
                low = 0xA0;
            if (c == 0xF0)
                low = 0x90;
            if (c == 0xED)
                high = 0x9F;
            if (c == 0xF4)
                high = 0x8F;
        } else if (c < least || (c == 0x7F && least > 0))
            return 0;
    }
    return more == 0;
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
