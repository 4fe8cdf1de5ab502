/* SPDX-License-Identifier: MIT */
/* wrapper.c - a library on top of libsse. */
#include <sse/sse.h>

int wrap(const char *text, size_t len, char *bytes, size_t size, size_t *made);

int wrap(const char *text, size_t len, char *bytes, size_t size, size_t *made)
{
    const sse_event ev = {.data = {text, len}};

    return sse_event_encode(&ev, bytes, size, made);
}
