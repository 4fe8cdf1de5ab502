/* SPDX-License-Identifier: MIT */
/* Where bytes are written. */
#include "out.h"

#include <string.h>

void sse_out_put(sse_out *o, const void *bytes, size_t n)
{
    const char *p = bytes;
    size_t pos = o->start + o->len;
    size_t ahead;

    o->len += n;
    if (o->len > o->cap)
        return;
    if (pos >= o->size)
        pos -= o->size;
    ahead = o->size - pos;
    if (n > ahead) { /* what goes past the end goes to the beginning */
        memcpy(o->ring, p + ahead, n - ahead);
        n = ahead;
    }
    memcpy(o->ring + pos, p, n);
}
