/* SPDX-License-Identifier: MIT */
#include "address.h"

#include "../serve/text.h"

#include <string.h>

/* Read a port. Returns 0 where it is none. */
static int read_port(sse_str text)
{
    int port = 0;
    size_t i;

    for (i = 0; i < text.len; i++) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9' || port > 65535)
            return 0;
        port = 10 * port + text.ptr[i] - '0';
    }
    return port <= 65535 ? port : 0;
}

/* Cut off the host: what is in brackets, or has no colon. Returns 0, or -1 where there is none. */
static int cut_host(sse_str *text, sse_str *host)
{
    if (text->len == 0 || text->ptr[0] != '[') {
        *host = text_cut(text, ':');
        return host->len > 0 && memchr(host->ptr, ']', host->len) == NULL ? 0 : -1;
    }
    *text = (sse_str){text->ptr + 1, text->len - 1};
    *host = text_cut(text, ']');
    return host->len > 0 && text_cut(text, ':').len == 0 ? 0 : -1;
}

int address_read(address *a, sse_str text)
{
    sse_str host;
    size_t i;

    if (cut_host(&text, &host) != 0 || host.len >= sizeof a->host)
        return -1;
    for (i = 0; i < host.len; i++) {
        if (host.ptr[i] <= ' ' || strchr(",/@[", host.ptr[i]))
            return -1;
    }
    memcpy(a->host, host.ptr, host.len);
    a->host[host.len] = '\0';
    a->port = read_port(text);
    return a->port > 0 ? 0 : -1;
}

int address_same(const address *a, const address *b)
{
    return a->port == b->port && strcmp(a->host, b->host) == 0;
}
