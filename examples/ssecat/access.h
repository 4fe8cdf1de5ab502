/* SPDX-License-Identifier: MIT */
/* access.h - whose requests are served: the host that they name. */
#ifndef SSECAT_ACCESS_H
#define SSECAT_ACCESS_H

#include "../serve/request.h"

#include "options.h"

typedef struct access_rules {
    const options *options;
    int is_local; /* all addresses that it listens on are of the loopback */
    int refused;  /* a host has been refused, and that was said */
} access_rules;

/* Whether the host that a request names is one of this server.
 *
 * A page of any site can have its own name resolve to 127.0.0.1 and then read, as from its own
 * server, whatever listens there. It cannot change the name in its requests. So what listens on the
 * loopback alone serves the names of the loopback, and those that the options add; with other
 * addresses it serves any name, unless the options say which. Browsers always name a host: a
 * request without one is served. */
int access_has_host(access_rules *a, const request *r);

#endif
