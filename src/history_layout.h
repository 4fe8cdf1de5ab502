/* SPDX-License-Identifier: MIT */
/* history_layout.h - private: the memory of a history. Whatever writes or reads it goes by this.
 *
 *     +--------+---------------------+-----------+-----------+----------------------------+
 *     | header | slot 0 ... slot n-1 | ids, n    | keys, n   | room: encoded events       |
 *     +--------+---------------------+-----------+-----------+----------------------------+
 *       sse_history    sse_slot          uint32_t    uint32_t    bytes
 *
 * The event with number k has its bytes in the room, in one piece, and slot k % n says where. An
 * event that does not fit between the newest one and the end of the room goes to the beginning of
 * the room. So the room has one lap of events, or the rest of one lap and the beginning of the
 * next:
 *
 *     |  wrap ... end-1  |  free  |  first ... wrap-1  | waste |
 *     0                  ^head                                 ^size
 *
 * ids and keys are hash tables from a name to the newest event that has it. A bucket holds the low
 * half of a number, a slot the distance to the next older event of the same bucket. A chain ends at
 * a number that is not in the history, so that a dropped event needs no unlinking. All positions
 * are offsets and numbers: the memory may be at any address. */
#ifndef SSE_HISTORY_LAYOUT_H
#define SSE_HISTORY_LAYOUT_H

#include "sse/history.h"

typedef struct sse_slot {
    uint64_t number; /* 0: no event */
    uint64_t check;  /* over the number, the members from tag to id_len, and the bytes */
    uint64_t tag;
    uint64_t key;
    uint64_t time_ms;
    uint32_t at, len;       /* of the bytes, in the room */
    uint32_t id_at, id_len; /* of the id, in the bytes; id_len 0: none, or an empty one */
    uint32_t id_older;      /* links: distance to the older event of the bucket */
    uint32_t key_older;
    uint64_t newer; /* the number of the newer event with the same tag and key; 0: none */
} sse_slot;

/* In sse_history.flags, next to SSE_HISTORY_CHUNKED: ids are automatic. */
#define SSE_HISTORY_AUTOMATIC 0x20u

struct sse_history {
    uint64_t magic; /* these are as init wrote them */
    uint64_t size;  /* of the room; 0: not a history */
    uint32_t events, flags;
    uint64_t check; /* over the members above */
    uint64_t epoch; /* the origin in the ids of this run; this and what follows open finds anew */
    uint64_t born;  /* the first number of this run */
    uint64_t end;   /* the number of the next event */
    uint64_t old_epoch, old_born; /* those of the run before; of this one where there is none */
    uint64_t wrap;                /* the number of the first event of the newer lap */
    uint64_t count;               /* events */
    uint32_t slot;                /* of the next event */
    uint32_t head;                /* where the next event goes, if it fits there */
};

/* The parts after the header. The memory is the caller's and never const: const in a signature
 * means that a call does not write, and the calls that write get here, too. */
static inline sse_slot *sse_history_slots(const sse_history *h)
{
    return (sse_slot *)((uintptr_t)h + sizeof *h);
}

static inline uint32_t *sse_history_ids(const sse_history *h)
{
    return (uint32_t *)(sse_history_slots(h) + h->events);
}

static inline uint32_t *sse_history_keys(const sse_history *h)
{
    return sse_history_ids(h) + h->events;
}

static inline char *sse_history_room(const sse_history *h)
{
    return (char *)(sse_history_keys(h) + h->events);
}

/* The number of the oldest event; that of the next one where there is none. */
static inline uint64_t sse_history_oldest(const sse_history *h)
{
    return h->end - h->count;
}

/* The slot of an event that is in the history. */
static inline sse_slot *sse_history_slot(const sse_history *h, uint64_t number)
{
    const uint32_t back = (uint32_t)(h->end - number);
    const uint32_t i = h->slot >= back ? h->slot - back : h->slot + (h->events - back);

    return sse_history_slots(h) + i;
}

/* Whether these are the bytes of a history. */
static inline int sse_history_is(const sse_history *h)
{
    return h != NULL && h->size != 0;
}

/* An automatic id and the frame of a chunk add less than this to an event. */
#define SSE_HISTORY_FRAME (SSE_HISTORY_ID_MAX + 5 + 12)

/* Whether an event of len stored bytes can be appended without dropping the event with this number
 * or a later one: 1 or 0; 0 for an event that is gone. history.c. */
int sse_history_fits(const sse_history *h, size_t len, uint64_t number);

/* Write to plan the header of an empty history of such memory, in two steps: all but the ids, and
 * what kind they are. Each returns 1, or 0 where sse_history_init refuses. history_header.c. */
int sse_history_plan(sse_history *plan, const void *mem, size_t size, uint32_t events,
                     uint32_t flags);
int sse_history_sign(sse_history *plan, uint64_t epoch, const char *name, size_t name_len);

/* A hash of bytes, of which the upper bits count most. history_header.c. */
uint64_t sse_history_hash(const char *bytes, size_t len);

/* The checksums of a header, and of a slot and its bytes. history_header.c. */
uint64_t sse_history_check(const sse_history *h);
uint64_t sse_slot_check(const sse_history *h, const sse_slot *slot);

/* Make an event that is in the history known by its id and its key. history_index.c. */
void sse_history_name(sse_history *h, sse_slot *slot);

/* Write the automatic id of an event to its SSE_HISTORY_ID_MAX bytes; returns it, somewhere in
 * them. history_index.c. */
sse_str sse_history_automatic_id(char *memory, uint64_t epoch, uint64_t number);

#endif
