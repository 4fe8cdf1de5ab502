/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE

#include "access.h"

#include "../serve/text.h"
#include "say.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

/* The host of an authority: without its port, the brackets of an IPv6 address, and a final dot. */
static sse_str host_of(sse_str authority)
{
    const int bracketed = authority.len > 0 && authority.ptr[0] == '[';
    sse_str host;

    if (bracketed)
        text_cut(&authority, '[');
    host = text_cut(&authority, bracketed ? ']' : ':');
    if (host.len > 0 && host.ptr[host.len - 1] == '.')
        host.len--;
    return host;
}

static int is_of_loopback(sse_str host)
{
    char text[INET6_ADDRSTRLEN];
    struct in_addr v4;
    struct in6_addr v6;

    if (text_is_name(host, "localhost"))
        return 1;
    if (host.len >= sizeof text)
        return 0;
    memcpy(text, host.ptr, host.len);
    text[host.len] = '\0';
    if (inet_pton(AF_INET, text, &v4) == 1)
        return ntohl(v4.s_addr) >> 24 == 127;
    return inet_pton(AF_INET6, text, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

/* Whether a list has this host, or star. */
static int has(const table_list *list, sse_str host)
{
    size_t i;

    for (i = 0; i < list->count; i++) {
        const sse_str known = host_of((sse_str){list->at[i], strlen(list->at[i])});

        if (known.len > 0 && known.len == host.len &&
            strncasecmp(known.ptr, host.ptr, host.len) == 0)
            return 1;
    }
    return 0;
}

int access_has_host(access_rules *a, const request *r)
{
    const table_list *const hosts = &a->options->host;
    const sse_str host = host_of(r->host);

    if (r->host.len == 0 || (!a->is_local && hosts->count == 0) || has(hosts, SSE_LIT("*")))
        return 1;
    if (is_of_loopback(host) || has(hosts, host) || has(&a->options->bind, host))
        return 1;
    if (!a->refused)
        say_notice("a request for the host %.*s is refused; to serve it, give --host",
                   (int)(host.len < 200 ? host.len : 200), host.ptr);
    a->refused = 1;
    return 0;
}
