/* SPDX-License-Identifier: MIT */
#include "moves.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

block memory;

int the_block_is_intact(void **state)
{
    int intact = block_is_intact(&memory);

    (void)state;
    block_free(&memory);
    return intact ? 0 : -1;
}

static int send_data(sse_writer *w, const char *data, size_t len)
{
    sse_event ev;

    memset(&ev, 0, sizeof ev);
    ev.data.ptr = data;
    ev.data.len = len;
    return sse_writer_send(w, &ev);
}

int send_text(sse_writer *w, const char *data)
{
    return send_data(w, data, strlen(data));
}

int send_of(sse_writer *w, size_t n)
{
    static const char line[] = "0123456789abcdefghijklmnopqrstuvwxyz";
    char data[1024];
    size_t i;

    assert_true(n >= LEAST_EVENT && n - LEAST_EVENT <= sizeof data);
    for (i = 0; i < n - LEAST_EVENT; i++)
        data[i] = line[i % (sizeof line - 1)];
    return send_data(w, data, n - LEAST_EVENT);
}

void append_text(sse_writer *w, const char *data)
{
    size_t taken = 0;

    assert_int_equal(sse_writer_append(w, data, strlen(data), &taken), SSE_OK);
    assert_int_equal(taken, strlen(data));
}

void take(sse_writer *w, size_t n)
{
    char bytes[1024];
    size_t len;

    while (n > 0) {
        assert_int_equal(sse_writer_read(w, bytes, n < sizeof bytes ? n : sizeof bytes, &len),
                         SSE_OK);
        assert_true(len > 0);
        n -= len;
    }
}
