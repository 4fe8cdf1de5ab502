/* SPDX-License-Identifier: MIT */
/* Text that comes in pieces: what is whole, and what is not UTF-8. */
#include "sse/text.h"

#include "str.h"

#include <string.h>

/* The longest character, in bytes. */
enum { CHAR_MAX_LEN = 4 };

/* The length of the character at p, where n bytes are; 0 if none is. */
static size_t char_at(const char *p, size_t n)
{
    size_t len;

    for (len = 1; len <= n && len <= CHAR_MAX_LEN; len++)
        if (sse_utf8_valid(p, len))
            return len;
    return 0;
}

/* Whether n bytes, fewer than CHAR_MAX_LEN, are the beginning of a character and not all of it. The
 * second byte of some must be below 0xA0, of others it must not be. */
static int begins_char(const char *p, size_t n)
{
    char low[CHAR_MAX_LEN + 1] = "\x80\x80\x80\x80", high[CHAR_MAX_LEN + 1] = "\xA0\xA0\xA0\xA0";

    memcpy(low, p, n);
    memcpy(high, p, n);
    return char_at(low, CHAR_MAX_LEN) > n || char_at(high, CHAR_MAX_LEN) > n;
}

/* How many bytes at p, where no character is, become one U+FFFD: those that begin one, or the first
 * byte. There are n. */
static size_t broken_at(const char *p, size_t n)
{
    size_t len = n < CHAR_MAX_LEN ? n : CHAR_MAX_LEN - 1;

    while (len > 1 && !begins_char(p, len))
        len--;
    return len;
}

/* see sse/text.h */
size_t sse_utf8_whole(const char *ptr, size_t len)
{
    size_t n;

    for (n = 1; n <= len && n < CHAR_MAX_LEN; n++)
        if (begins_char(ptr + len - n, n))
            return len - n;
    return len;
}

/* What becomes of the next bytes: a character stays, what is none becomes one U+FFFD. Returns how
 * many bytes that takes. */
static size_t mend(const char *p, size_t n, sse_str *made)
{
    *made = sse_str_of(p, char_at(p, n));
    if (made->len > 0)
        return made->len;
    *made = SSE_LIT("\xEF\xBF\xBD");
    return broken_at(p, n);
}

/* Repairs n bytes as far as cap allows. Returns how many were taken. */
static size_t repair(const char *src, size_t n, char *dst, size_t cap, size_t *made)
{
    size_t i = 0, taken;
    sse_str bytes;

    if (n > 0 && n <= cap && sse_utf8_valid(src, n)) { /* as most is */
        memcpy(dst, src, n);
        *made = n;
        return n;
    }
    for (; i < n; i += taken) {
        taken = mend(src + i, n - i, &bytes);
        if (bytes.len > cap - *made)
            break;
        memcpy(dst + *made, bytes.ptr, bytes.len);
        *made += bytes.len;
    }
    return i;
}

/* see sse/text.h */
int sse_utf8_repair(const char *src, size_t len, int last, char *dst, size_t cap, size_t *taken,
                    size_t *made)
{
    size_t end;

    if (taken)
        *taken = 0;
    if (made)
        *made = 0;
    if (taken == NULL || made == NULL || sse_is_missing(src, len) || sse_is_missing(dst, cap))
        return SSE_E_ARG;
    end = last ? len : sse_utf8_whole(src, len);
    *taken = repair(src, end, dst, cap, made);
    return *taken < end ? SSE_AGAIN : SSE_OK;
}
