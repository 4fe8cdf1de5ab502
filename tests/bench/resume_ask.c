/* SPDX-License-Identifier: MIT */
#include "resume_ask.h"

size_t find_only(const sse_history *h, const question *asked, size_t count)
{
    size_t i, right = 0;

    for (i = 0; i < count; i++) {
        uint64_t next;

        right += sse_history_find(h, asked[i].id, asked[i].len, &next) == SSE_OK &&
                 next == asked[i].next;
    }
    return right;
}

size_t find_get(const sse_history *h, const question *asked, size_t count)
{
    size_t i, right = 0;

    for (i = 0; i < count; i++) {
        uint64_t next;
        const void *bytes;
        size_t len;

        right += sse_history_find(h, asked[i].id, asked[i].len, &next) == SSE_OK &&
                 sse_history_get(h, next, &bytes, &len) == SSE_OK && bytes == asked[i].place;
    }
    return right;
}

static unsigned char sum_of(const question *q)
{
    unsigned sum = 0;
    size_t i;

    for (i = 0; i < q->len; i++)
        sum += (unsigned char)q->id[i];
    return (unsigned char)sum;
}

size_t id_only(const sse_history *h, const question *asked, size_t count)
{
    size_t i, right = 0;

    (void)h;
    for (i = 0; i < count; i++)
        right += sum_of(&asked[i]) == asked[i].sum;
    return right;
}

size_t id_touch(const sse_history *h, const question *asked, size_t count)
{
    size_t i, right = 0;

    (void)h;
    for (i = 0; i < count; i++)
        right += sum_of(&asked[i]) == asked[i].sum && asked[i].place[0] == 'e';
    return right;
}
