#include "resume_ask.h"

#include <string.h>

static char buffer[READ];

size_t find_only(const sse_history *log, const question *asked, size_t count)
{
    size_t i, right = 0;

    for (i = 0; i < count; i++) {
        uint64_t next;

        right += sse_history_find(log, asked[i].id, asked[i].len, &next) == SSE_OK &&
                 next == asked[i].next;
    }
    return right;
}

size_t find_peek(const sse_history *log, const question *asked, size_t count)
{
    size_t i, right = 0;

    for (i = 0; i < count; i++) {
        uint64_t next;
        sse_cursor c;
        sse_str run;
        size_t runs;

        right += sse_history_find(log, asked[i].id, asked[i].len, &next) == SSE_OK &&
                 sse_cursor_init(&c, next, 0, NULL, NULL) == SSE_OK &&
                 sse_cursor_peek(&c, log, &run, 1, &runs) == SSE_OK && run.ptr == asked[i].place;
    }
    return right;
}

size_t find_read(const sse_history *log, const question *asked, size_t count)
{
    size_t i, right = 0;

    for (i = 0; i < count; i++) {
        uint64_t next;
        sse_cursor c;
        size_t len;

        right += sse_history_find(log, asked[i].id, asked[i].len, &next) == SSE_OK &&
                 sse_cursor_init(&c, next, 0, NULL, NULL) == SSE_OK &&
                 sse_cursor_read(&c, log, buffer, sizeof buffer, &len) == SSE_OK &&
                 len == asked[i].place_len;
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

size_t id_only(const sse_history *log, const question *asked, size_t count)
{
    size_t i, right = 0;

    (void)log;
    for (i = 0; i < count; i++)
        right += sum_of(&asked[i]) == asked[i].sum;
    return right;
}

size_t id_touch(const sse_history *log, const question *asked, size_t count)
{
    size_t i, right = 0;

    (void)log;
    for (i = 0; i < count; i++)
        right += sum_of(&asked[i]) == asked[i].sum && asked[i].place[0] == 'e';
    return right;
}

size_t copy_only(const sse_history *log, const question *asked, size_t count)
{
    size_t i;

    (void)log;
    for (i = 0; i < count; i++)
        memcpy(buffer, asked[i].place, asked[i].place_len);
    return i;
}
