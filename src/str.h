/* SPDX-License-Identifier: MIT */
/* str.h - private: what is asked about ranges of bytes, in one place. */
#ifndef SSE_STR_H
#define SSE_STR_H

#include "sse/base.h"

#include <string.h>

/* Whether memory that has a length is missing: NULL with a length is a mistake everywhere. */
static inline int sse_is_missing(const void *ptr, size_t len)
{
    return ptr == NULL && len > 0;
}

/* The same for a range. */
static inline int sse_str_missing(const sse_str *s)
{
    return sse_is_missing(s->ptr, s->len);
}

/* A range. */
static inline sse_str sse_str_of(const char *ptr, size_t len)
{
    const sse_str s = {ptr, len};

    return s;
}

/* A range that is present: NULL without a length is empty text. */
static inline sse_str sse_str_present(const char *ptr, size_t len)
{
    return sse_str_of(ptr == NULL && len == 0 ? "" : ptr, len);
}

/* Whether two texts have the same bytes. b is not empty. */
static inline int sse_str_same(sse_str a, sse_str b)
{
    return a.len == b.len && memcmp(a.ptr, b.ptr, a.len) == 0;
}

#endif
