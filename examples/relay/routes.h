/* SPDX-License-Identifier: MIT */
/* routes.h - the paths that sse-relay serves. */
#ifndef RELAY_ROUTES_H
#define RELAY_ROUTES_H

#include "../ssecat/clients.h"

/* The program of these clients is a struct relay. */
extern const site routes_site;

#endif
