#include "out.h"

#include "sse/status.h"

#include <string.h>

sse_out sse_out_to(void *dst, size_t cap)
{
    sse_out o = {dst, cap, 0, cap, 0, 0};

    return o;
}

void sse_out_put(sse_out *o, const void *bytes, size_t n)
{
    size_t first = o->size - o->pos;

    o->len += n;
    if (o->len > o->cap)
        return;
    if (first > n)
        first = n;
    memcpy(o->ring + o->pos, bytes, first);
    o->pos += first;
    if (first < n) {
        memcpy(o->ring, (const char *)bytes + first, n - first);
        o->pos = n - first;
    }
}

char *sse_digits(char *end, uint32_t number)
{
    /* Long division in binary. Small processors cannot divide, and the function that stands in for
     * it would be the only one that the core needs beside memory functions. */
    do {
        unsigned rest = 0, bit;

        for (bit = 0; bit < 32; bit++) {
            rest = rest << 1 | number >> 31;
            number <<= 1;
            if (rest >= 10) {
                rest -= 10;
                number |= 1;
            }
        }
        *--end = (char)('0' + rest);
    } while (number > 0);
    return end;
}

int sse_out_end(const sse_out *o, size_t *len)
{
    *len = o->len;
    return o->len > o->cap ? SSE_E_SPACE : SSE_OK;
}
