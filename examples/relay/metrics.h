/* SPDX-License-Identifier: MIT */
/* metrics.h - counters, as Prometheus reads them. README.md says what each one counts. */
#ifndef RELAY_METRICS_H
#define RELAY_METRICS_H

#include "../ssecat/clients.h"

/* see answer.h */
size_t metrics_max(const clients *cs);
int metrics_write(char *dst, size_t *len, const clients *cs);

#endif
