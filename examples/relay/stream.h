/* SPDX-License-Identifier: MIT */
/* stream.h - a stream of Redis that is served: its state, its log, its connections, its clients. */
#ifndef RELAY_STREAM_H
#define RELAY_STREAM_H

#include "conn.h"
#include "log.h"
#include "options.h"
#include "reply.h"
#include "sentinel.h"

enum stream_state {
    STREAM_CONNECT,
    STREAM_WARM,
    STREAM_FORK,
    STREAM_LIVE,
    STREAM_LOST,
    STREAM_STATES
};

enum stream_fork { FORK_MATCH, FORK_CUT, FORK_NONE, FORK_RESULTS };
enum stream_publish {
    PUBLISH_OK,
    PUBLISH_UNCONFIRMED,
    PUBLISH_REFUSED,
    PUBLISH_UNKNOWN,
    PUBLISHES
};
enum {
    STREAM_TOLD_MAX = 64,
    STREAM_READ = 4 << 20 /* bytes of entries that are read at a time, about */
};

typedef struct stream_counts {
    uint64_t turns, unconfirmed, lost, phantoms, fork_length, holes, hole_entries;
    uint64_t forks[FORK_RESULTS];
    uint64_t from_log, from_redis, pages, unneeded;
    uint64_t gaps[GAP_REASONS];
    uint64_t published[PUBLISHES];
} stream_counts;

/* A line of the log that is not to come too often. */
typedef struct stream_line {
    uint64_t next_ms; /* when it may be said again */
    uint64_t skipped; /* how often it was not said since */
} stream_line;

/* A connection beside the one that follows: it is opened while the stream is LIVE. */
typedef struct side {
    conn conn;
    uint64_t next_ms; /* when it may be opened again */
} side;

typedef struct stream stream;

struct stream {
    const char *key;
    const options *options;
    clients *to;
    sentinels *sentinels;
    enum stream_state state;
    log log;
    stream_counts counts;

    /* Following: follow.c, fork.c. */
    conn follow;
    address at;              /* of the primary */
    char replid[REPLID_MAX]; /* that is verified: R */
    void (*step)(stream *s); /* what is due; NULL: an answer is awaited */
    uint64_t due_ms;
    uint64_t pause_ms;         /* before it connects again */
    char lost_why[200];        /* since it was LIVE, the last time; empty: it was not LOST */
    int is_repeated;           /* it was so the time before, too: nothing of it is said again */
    int held;                  /* that replicas do not confirm was said */
    size_t entry_bytes;        /* of an entry, as far as the latest tell; 0: there was none */
    size_t asked;              /* entries at most that are new, of the read that is out */
    redisReply *batch;         /* entries, or a probe, that are not verified yet */
    reply_info info;           /* that came with entries */
    int is_confirmed;          /* enough replicas have them */
    void (*settle)(stream *s); /* what looks at them */
    size_t fork_at;     /* the record that was compared last, or is next while there is no match */
    int fork_is_same;   /* the id of the replication is what it was: nothing can be lost */
    int fork_has_match; /* a record was found in Redis */
    char fork_replid[REPLID_MAX]; /* with which the log is compared */
    unsigned fork_pages;          /* that were compared */
    int fork_is_pending;          /* entries are to be withdrawn */
    enum stream_fork fork_result;
    uint64_t confirm_ms; /* since when the sentinels are asked */

    /* Clients: visit.c. */
    side asks;
    struct visit *waiting;  /* those that have not joined */
    struct visit *filtered; /* those that have, and have a filter */
    size_t open, waits;
    size_t questions;               /* to Redis, that are out */
    uint64_t place_ms;              /* when the filtered ones get their place */
    entry_id told[STREAM_TOLD_MAX]; /* the latest that were told to be phantoms, and may come yet */
    size_t told_count;
    stream_line gap_lines[GAP_REASONS];

    /* Publishing: publish.c. */
    side adds;
    struct publication *adding;
    int awaits_replicas;
};

extern const char *const stream_states[STREAM_STATES];

/* The time of this turn. */
uint64_t stream_now(const stream *s);

/* How many entries have so many bytes, as far as the latest tell; at least 1. */
size_t stream_count(const stream *s, size_t bytes, size_t most);

/* Learn how long entries are, from those of a list from an index on. */
void stream_learn(stream *s, const redisReply *entries, size_t from);

/* Drop the batch. */
void stream_drop(stream *s);

/* Do this at that time. */
void stream_do(stream *s, void (*step)(stream *), uint64_t at_ms);

#endif
