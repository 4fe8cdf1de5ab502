/* log.h - private: the memory of a log, as history.c writes it and cursor.c reads it.
 *
 *     +--------+---------------------+-----------+-----------+----------------------------+
 *     | header | slot 0 ... slot n-1 | ids, n    | keys, n   | room: encoded events       |
 *     +--------+---------------------+-----------+-----------+----------------------------+
 *       sse_history    sse_slot          uint32_t    uint32_t    bytes
 *
 * The event with number k has its bytes in the room, in one piece, and slot k % n says where. What
 * does not fit ahead of the end of the room goes to its beginning, so that the room has one lap of
 * events, or the rest of one and the beginning of the next:
 *
 *     |  wrap ... end-1  |  free  |  first ... wrap-1  | waste |
 *     0                  ^head                                 ^size
 *
 * ids and keys are hash tables from a name to the newest event that has it. A bucket holds the low
 * half of a number, a slot the distance to the next older event of the same bucket; who gets to a
 * number that is not in the log is at the end of the chain, so that a dropped event needs no
 * unlinking. All positions are offsets and numbers: the memory may be at any address. */
#ifndef SSE_LOG_H
#define SSE_LOG_H

#include "sse/cursor.h"

typedef struct sse_slot {
    uint64_t number; /* 0: no event */
    uint64_t check;  /* over what is below, up to the links, the number, and the bytes */
    uint64_t tag;
    uint64_t key;
    uint64_t time_ms;
    uint32_t at, len;       /* of the bytes, in the room */
    uint32_t id_at, id_len; /* of the id, in the bytes; id_len 0: none, or an empty one */
    uint32_t id_older;      /* links: distance to the older event of the bucket */
    uint32_t key_older;
    uint64_t newer; /* the number of the newer event with the same tag and key; 0: none */
} sse_slot;

/* In sse_history.flags, beside SSE_HISTORY_CHUNKED: ids are automatic. */
#define SSE_LOG_AUTOMATIC 0x100u

struct sse_history {
    uint64_t magic; /* these are as init wrote them */
    uint64_t size;  /* of the room; 0: not a log */
    uint32_t events, flags;
    uint64_t check; /* over the members above */
    uint64_t epoch; /* these open finds anew */
    uint64_t born;  /* the first number of this incarnation */
    uint64_t end;   /* the number of the next event */
    uint64_t wrap;  /* the number of the first event of the newer lap */
    uint64_t count; /* events */
    uint32_t slot;  /* of the next event */
    uint32_t head;  /* where the next event goes, if it fits there */
};

/* What lies behind the header. The memory is the caller's and never const: const in a signature
 * says that a call does not write, and those that do write get here, too. */
static inline sse_slot *sse_log_slots(const sse_history *log)
{
    return (sse_slot *)((uintptr_t)log + sizeof *log);
}

static inline uint32_t *sse_log_ids(const sse_history *log)
{
    return (uint32_t *)(sse_log_slots(log) + log->events);
}

static inline uint32_t *sse_log_keys(const sse_history *log)
{
    return sse_log_ids(log) + log->events;
}

static inline char *sse_log_room(const sse_history *log)
{
    return (char *)(sse_log_keys(log) + log->events);
}

static inline uint64_t sse_log_first(const sse_history *log)
{
    return log->end - log->count;
}

/* The slot of an event that is in the log. */
static inline sse_slot *sse_log_slot(const sse_history *log, uint64_t number)
{
    const uint32_t back = (uint32_t)(log->end - number);
    const uint32_t i = log->slot >= back ? log->slot - back : log->slot + (log->events - back);

    return sse_log_slots(log) + i;
}

/* Whether these are the bytes of a log. */
static inline int sse_log_is(const sse_history *log)
{
    return log != NULL && log->size != 0;
}

/* Write to plan what the header of such a log is while it is empty. Returns plan, or NULL where
 * sse_history_init refuses. history.c. */
sse_history *sse_log_plan(sse_history *plan, const void *mem, size_t size, uint32_t events,
                         uint64_t epoch, uint32_t flags);

/* Make an event that is in the log known by its id and its key. history_names.c. */
void sse_log_name(sse_history *log, sse_slot *slot);

/* Write the automatic id of an event to its SSE_HISTORY_ID_MAX bytes; returns it. history_names.c. */
sse_str sse_log_id(char *memory, uint64_t epoch, uint64_t number);

/* The checksums of a header, and of a slot and its bytes. history_open.c. */
uint64_t sse_log_check(const sse_history *log);
uint64_t sse_slot_check(const sse_history *log, const sse_slot *slot);

/* sse_cursor_peek for a log that ended ahead of the event `until`, or where it ends. cursor.c. */
int sse_cursor_look(sse_cursor *c, const sse_history *log, uint64_t until, sse_str *runs, size_t cap,
                    size_t *count);

/* Whether the log has an event for a cursor, which skips those that it hides. cursor.c. */
int sse_cursor_more(sse_cursor *c, const sse_history *log);

#endif
