/* SPDX-License-Identifier: MIT */
/* address.h - where a server is: "host:port", as options, sentinels and the log write it. */
#ifndef RELAY_ADDRESS_H
#define RELAY_ADDRESS_H

#include <sse/base.h>

enum { ADDRESS_HOST_MAX = 256 };

typedef struct address {
    char host[ADDRESS_HOST_MAX];
    int port;
} address;

/* Read "host:port"; an IPv6 address stands in brackets. Returns 0, or -1 where it is none. */
int address_read(address *a, sse_str text);
int address_same(const address *a, const address *b);

#endif
