/* SPDX-License-Identifier: MIT */
/* routes.h - the paths that ssecat serves: the page, the stream, and what probes read. */
#ifndef SSECAT_ROUTES_H
#define SSECAT_ROUTES_H

#include "clients.h"

/* The program of these clients is a struct feed. */
extern const site routes_site;

#endif
