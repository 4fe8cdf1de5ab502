#include "out.h"

#include "sse/status.h"

#include <string.h>

sse_out sse_out_to(void *dst, size_t cap)
{
    sse_out o = {dst, cap, 0, cap, 0};

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

void sse_out_number(sse_out *o, uint32_t number)
{
    /* Subtraction in place of division: small processors have no divide instruction, and the call
     * that stands in for it would be the core's only one outside of memory functions. */
    static const uint32_t powers[] = {1000000000, 100000000, 10000000, 1000000, 100000,
                                      10000,      1000,      100,      10,      1};
    char digits[10];
    size_t n = 0, i;

    for (i = 0; i < 10; i++) {
        char digit = '0';

        for (; number >= powers[i]; number -= powers[i])
            digit++;
        if (n > 0 || digit > '0' || i == 9)
            digits[n++] = digit;
    }
    sse_out_put(o, digits, n);
}

int sse_out_end(const sse_out *o, size_t *len)
{
    *len = o->len;
    return o->len > o->cap ? SSE_E_SPACE : SSE_OK;
}
