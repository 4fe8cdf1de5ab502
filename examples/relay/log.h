/* SPDX-License-Identifier: MIT */
/* log.h - the newest entries of a stream, as they were verified, and what was withdrawn.
 *
 *     dropped | a | b | c | d | e |            ids, for comparing with Redis
 *             | . | . | . | . | . |  channel   the events, for clients
 *               ^ oldest        ^ last: what a turn must find in Redis
 *
 * A log that Redis contradicts is never mended: its clients are sent away, and a new one begins.
 * The old one goes when its last client does. */
#ifndef RELAY_LOG_H
#define RELAY_LOG_H

#include "../ssecat/clients.h"
#include "entry.h"
#include "gap.h"
#include "options.h"

/* A channel and its history, from one renewal of the log to the next. */
typedef struct epoch {
    clients_channel channel; /* first: a channel is its epoch */
    sse_history *history;
    struct epoch *next; /* older */
} epoch;

typedef struct log_record {
    entry_id id;
    uint64_t number; /* of its event in the history */
} log_record;

/* An entry that clients may have got, and that is not in the stream. */
typedef struct log_phantom {
    entry_id id, after; /* what a client with it goes on after */
    uint64_t withdrawn; /* entries after that, up to this one */
} log_phantom;

typedef struct log {
    const options *options;
    clients *to;
    epoch *now, *old;
    log_record *records; /* a ring of options->history */
    size_t first, count;
    entry_id last;    /* the place of the newest entry; hash 0: see is_anchored */
    entry_id newest;  /* of those that clients may have: it is above last where that was deleted */
    int is_anchored;  /* Redis has an entry there */
    int has_ordinal;  /* how many entries the stream has had, up to those read, is known */
    uint64_t ordinal; /* that number, with those that were read and then deleted; without those that
                         were deleted before they were read */
    entry_id deleted; /* max-deleted-entry-id when the ordinal was last certain */
    int is_whole;     /* nothing after `base` has been dropped */
    entry_id base;    /* the place where an empty log began */
    log_phantom *phantoms;
    size_t phantom_count, phantom_at;
    entry_memory memory;
    uint64_t entries, drains;    /* drains: also the number of this log */
    uint64_t gone[SSE_COUNTERS]; /* the counters of the epochs that are gone */
} log;

void log_init(log *l, const options *o, clients *to);

/* Begin anew, after a place. Clients of the old log are sent away. */
void log_renew(log *l, const entry_id *base);

/* Append an entry, and publish it. */
void log_append(log *l, const entry *e);

/* Tell all clients of a hole. */
void log_tell(log *l, const gap *g);

/* The record at an index from the oldest. */
const log_record *log_at(const log *l, size_t index);

/* Whether an entry is in it. */
int log_has(const log *l, const entry_id *id);

/* Remember the records from an index on as withdrawn; after: what comes before them. */
void log_withdraw(log *l, size_t from, const entry_id *after);

/* Go on after a record that is not the last one: those after it were deleted from Redis. Clients
 * keep them. */
void log_step_back(log *l, size_t kept);

/* Find an entry that was withdrawn, or NULL. */
const log_phantom *log_find_phantom(const log *l, const entry_id *id);

/* A counter of all its channels: enum sse_channel_counter. */
uint64_t log_counter(const log *l, int counter);

/* Free the epochs that have no clients. */
void log_bury(log *l);

void log_free(log *l);

#endif
