/* SPDX-License-Identifier: MIT */
/* sentinel.h - where the primary is: what more than half of the sentinels name, or the one address
 * that the options name. Each sentinel is asked once a second. */
#ifndef RELAY_SENTINEL_H
#define RELAY_SENTINEL_H

#include "conn.h"
#include "options.h"

typedef struct sentinel {
    conn conn;
    address at;
    struct sentinels *of;
    uint64_t next_ms;   /* when to ask again, or to connect */
    uint64_t asked_ms;  /* when its last answer was asked for; 0: it has not answered */
    uint64_t asking_ms; /* when the one that is to come was; 0: none is */
    address primary;    /* what it has named */
} sentinel;

typedef struct sentinels {
    const options *options;
    sentinel at[OPTIONS_SENTINELS_MAX];
    size_t count; /* 0: there is one address */
    address only;
    uint64_t disagree_ms; /* when that was said last */
} sentinels;

void sentinels_init(sentinels *ss, const options *o, conns *ls);

/* Find what most of them name.
 *
 *   since_ms   answers that were asked for earlier do not count; 0: those of the last seconds do
 *
 * Returns 1, or 0 where they do not agree. */
int sentinels_name(sentinels *ss, uint64_t since_ms, address *primary);

/* Ask at once, as far as they are connected. */
void sentinels_ask(sentinels *ss);

/* Do what is due. Returns when to come again. */
uint64_t sentinels_tick(sentinels *ss);

void sentinels_close(sentinels *ss);

#endif
