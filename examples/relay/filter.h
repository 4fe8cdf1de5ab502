/* SPDX-License-Identifier: MIT */
/* filter.h - which entries a client gets: all, those with some values of the field that clients
 * filter by, or those of its user. An entry without that field is for everybody. */
#ifndef RELAY_FILTER_H
#define RELAY_FILTER_H

#include "../ssecat/answer.h"
#include "options.h"

typedef struct filter {
    uint64_t *values; /* in their order; NULL: it gets all entries */
    size_t count;
} filter;

/* Return 200, 400 where a request names too many values, or some that are badly encoded, or 403
 * where it does not say of which user it is. */
int filter_check(const question *q, const options *o);

/* Set the filter that a request asks for, which has passed the check. Returns 0, or -1 where there
 * is no memory. */
int filter_set(filter *f, const question *q, const options *o);

/* Whether an entry with a value, or 0 for none, is for this client. */
int filter_shows(const filter *f, uint64_t value);

void filter_free(filter *f);

#endif
