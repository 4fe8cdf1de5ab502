/* SPDX-License-Identifier: MIT */
/* entry.h - an entry of a stream of Redis: its id, and the event that clients get for it. */
#ifndef RELAY_ENTRY_H
#define RELAY_ENTRY_H

#include <sse/sse.h>

#include <stddef.h>
#include <stdint.h>

enum {
    ENTRY_ID_MAX = 20 + 1 + 20 + 1 + 16, /* bytes of the text of an id */
    ENTRY_TYPE_MAX = 256
};

/* Redis gives an id a second time after it has lost entries: the hash over all fields tells such
 * entries apart, as long as some field is unique. */
typedef struct entry_id {
    uint64_t ms, seq;
    uint64_t hash; /* 0: no entry, but the place after this id */
} entry_id;

typedef struct entry {
    entry_id id;
    const sse_str *fields; /* names and values in turn */
    size_t count;          /* of both */
} entry;

/* What an entry becomes. It points into the entry, the text and the memory. */
typedef struct entry_event {
    sse_event ev;
    uint64_t tag, key;
    char id[ENTRY_ID_MAX + 1];
} entry_event;

/* Memory that grows with the longest entry. */
typedef struct entry_memory {
    char *bytes;
    size_t size;
} entry_memory;

/* Read "ms-seq", as Redis writes it. Returns 0, or -1 where it is none. */
int entry_id_read(entry_id *id, const char *text, size_t len);

/* Read "ms-seq.hash". Returns 0, or -1 where it is none. */
int entry_id_parse(entry_id *id, const char *text, size_t len);

/* Write "ms-seq.hash", and a NUL. Returns the length. */
size_t entry_id_write(const entry_id *id, char text[ENTRY_ID_MAX + 1]);

/* Compare the places of two ids: below 0, 0, above 0. */
int entry_id_order(const entry_id *a, const entry_id *b);

/* Whether the ids and the hashes are equal. */
int entry_id_same(const entry_id *a, const entry_id *b);

/* The hash over all fields; never 0. */
uint64_t entry_hash(const sse_str *fields, size_t count);

/* The number by which a channel knows the value of a filter, or a key; never 0. A user must not be
 * able to find a name with the number of another one: it depends on a secret of this process. */
uint64_t entry_number(sse_str value);

/* Find the value of a field; absent where there is none. */
sse_str entry_field(const entry *e, const char *name);

/* Whether it can be the type of an event of an entry: not one that a relay itself sends. */
int entry_is_type(sse_str type);

/* Make the event of an entry. filter: the field that clients filter by. Returns 0, or -1 where
 * there is no memory. */
int entry_to_event(const entry *e, const char *filter, entry_event *made, entry_memory *memory);

/* Write text as the content of a JSON string: what is not UTF-8 becomes U+FFFD. Returns the length,
 * at most six times as much. */
size_t entry_escape(char *dst, sse_str text);

#endif
