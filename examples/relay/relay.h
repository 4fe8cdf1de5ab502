/* SPDX-License-Identifier: MIT */
/* relay.h - the program: what clients, streams and sentinels share. */
#ifndef RELAY_RELAY_H
#define RELAY_RELAY_H

#include "../ssecat/client.h"
#include "stream.h"

typedef struct relay {
    options options;
    access_rules access;
    clients clients; /* its program is the relay */
    conns conns;
    sentinels sentinels;
    stream streams[TABLE_LIST_MAX];
    size_t count;
} relay;

/* What the program wants with a client: the first member of a visit or a publication. */
typedef struct errand {
    void (*gone)(struct errand *e); /* the connection is closed */
} errand;

/* Find the stream that a query names; the only one where it names none. NULL: there is none. */
stream *relay_stream(relay *r, sse_str query);

#endif
