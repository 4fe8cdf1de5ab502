/* SPDX-License-Identifier: MIT */
/* reply.h - what Redis says of a stream and of itself. */
#ifndef RELAY_REPLY_H
#define RELAY_REPLY_H

#include "entry.h"
#include "conn.h"

enum { REPLID_MAX = 64 };

/* INFO replication. */
typedef struct reply_info {
    int is_primary;
    char replid[REPLID_MAX]; /* differs after each promotion and restart */
} reply_info;

/* Entries, INFO and XINFO STREAM of one moment: MULTI, EXEC. */
typedef struct reply_probe {
    const char *error; /* NULL: none */
    const redisReply *entries;
    reply_info info;
    int has_stream; /* XINFO was asked for; without it, nothing below is known */
    uint64_t length, added;
    entry_id first, last; /* the first entry, if length > 0; last-generated-id */
    entry_id deleted;     /* max-deleted-entry-id; not of entries that were trimmed */
} reply_probe;

/* Read INFO. Returns NULL, or an error. */
const char *reply_read_info(const redisReply *reply, reply_info *info);

/* Ask for a probe; command: XRANGE or XREVRANGE, with its two ids. */
void reply_ask_probe(conn *l, conn_reply *take, void *user, const char *key, const char *command,
                     const char *from, const char *to, size_t count);

/* The same without XINFO, which has the whole first and last entry in its answer. */
void reply_ask_page(conn *l, conn_reply *take, void *user, const char *key, const char *from,
                    size_t count);

/* Read a probe that came on a connection. Returns 0, or -1 with its error set. */
int reply_read_probe(const conn *l, const redisReply *reply, reply_probe *p);

/* Whether the stream has all entries that it has ever had. */
int reply_is_complete(const reply_probe *p);

/* What is wrong with a list of entries; NULL: nothing. */
const char *reply_error(const redisReply *reply);

/* The bytes of the ids and fields of a list of entries, from an index on. */
size_t reply_bytes(const redisReply *entries, size_t from);

/* Read an entry of a list. The fields are valid until the next call, and as long as the reply.
 * Returns 0, or -1 where there is none. */
int reply_entry(const redisReply *entries, size_t index, entry *e);

#endif
