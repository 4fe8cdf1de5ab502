/* SPDX-License-Identifier: MIT */
/* access.h - whose requests are served: the host that they name, the token that they bring, and the
 * origins whose pages may read the answers. */
#ifndef SSECAT_ACCESS_H
#define SSECAT_ACCESS_H

#include "../serve/request.h"

#include "http_options.h"

#include <stddef.h>

enum { ACCESS_TOKEN_MAX = 1024 };

typedef struct access_rules {
    const http_options *options;
    int is_local; /* all addresses that it listens on are of the loopback */
    int refused;  /* a host has been refused, and that was said */
    char token[ACCESS_TOKEN_MAX];
    size_t token_len; /* 0: none is asked for */
} access_rules;

/* Set the rules, with the token of the file that the options name. Returns 0, or -1 when it has
 * said what is wrong with the file. */
int access_init(access_rules *a, const http_options *o);

/* Whether the host that a request names is one of this server.
 *
 * A page of any site can have its own name resolve to 127.0.0.1 and then read, as from its own
 * server, whatever listens there. It cannot change the name in its requests. So what listens on the
 * loopback alone serves the names of the loopback, and those that the options add; with other
 * addresses it serves any name, unless the options say which. Browsers always name a host: a
 * request without one is served. */
int access_has_host(access_rules *a, const request *r);

/* Whether a request brings the token, or none is asked for: "Authorization: Bearer TOKEN", the
 * cookie NAME-token with the name of the program, or access_token in the query, percent-encoded. */
int access_has_token(const access_rules *a, const request *r);

/* Return what goes into Access-Control-Allow-Origin: "*", or the one of the allowed origins that
 * asks, or the first one; NULL: no other origin may read. r is NULL where there is no request. */
const char *access_origin(const access_rules *a, const request *r);

#endif
