/* SPDX-License-Identifier: MIT */
/* incoming.h - a request while it arrives, in memory that grows with it.
 *
 * Most heads have a few hundred bytes. Cookies of other programs on the same host can make one
 * long, and many clients that never end theirs shall not take all the memory: heads that have
 * outgrown their first room share INCOMING_MORE. */
#ifndef SSECAT_INCOMING_H
#define SSECAT_INCOMING_H

#include "../serve/request.h"

#include <stddef.h>

enum {
    INCOMING_FIRST = 2048,    /* bytes that each head has from the beginning */
    INCOMING_MAX = 64 * 1024, /* the most bytes of a head */
    INCOMING_MORE = 8 << 20   /* the most bytes of all that have grown */
};

typedef struct incoming {
    request request;
    size_t len, cap;
    char bytes[];
} incoming;

/* Make room for the first bytes of a request; NULL: there is no memory. */
incoming *incoming_new(void);

/* Make room for more where there is none; used: the bytes of all that have grown. Returns 0, or -1
 * where there is no memory; *in is then as it was. */
int incoming_grow(incoming **in, size_t *used);

/* Free the memory, if there is any. */
void incoming_free(incoming **in, size_t *used);

#endif
