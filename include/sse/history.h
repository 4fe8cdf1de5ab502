/* SPDX-License-Identifier: MIT */
/* sse/history.h - the latest events of a stream, encoded once, in one block of memory.
 *
 *      append                                            any number of readers
 *     --------> | 17 | 18 | 19 | 20 | 21 | 22 |             ^         ^            ^
 *                 ^first                        ^next       18        21           next: live
 *
 * Events are numbered from 1. The history keeps as many of the newest as fit, read or not. A live
 * reader stands at the next number, and a reader that comes back at an earlier one. A channel reads
 * a history for its subscribers; a program without a channel uses sse_history_get.
 *
 * Ids make a place in the history known to the client. They are the caller's own, or automatic:
 *
 *     8a5c0f3b91d2e647-42      <origin, in hexadecimal>-<number of the event>
 *
 * Automatic ids say which events a client has missed, and whether they are still kept. They also
 * show the client how many events there were, those that a filter hides from it included.
 *
 * The block holds no pointer. It may be static, from the heap, or a mapped file, which the library
 * never syncs. It has the bytes, ids, tags, keys and times of the events that are kept, in the byte
 * order of the machine; the bytes of a dropped event stay until newer ones overwrite them.
 *
 * Processes that map the same block, each at an address of its own, share the history: one of them
 * makes it, and for each of the others its own address of the block is the history. All of them
 * hold one lock of theirs during each call. If a process ends inside a call, the next one first
 * opens the history again, with the epoch and the name that it has: examples/servers/cgi.c. */
#ifndef SSE_HISTORY_H
#define SSE_HISTORY_H

#include "sse/event.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Opaque; its address is that of the block. A function that gets h as NULL or all zero returns
 * SSE_E_ARG, or 0 where it returns a number. Each out parameter is always written: where nothing
 * else is said here, with 0 or NULL if the result is not SSE_OK. */
typedef struct sse_history sse_history;

enum sse_history_limit {
    SSE_HISTORY_OVERHEAD = 96,     /* bytes of a block that hold no events, */
    SSE_HISTORY_SLOT = 80,         /* and as many more for each event that it can keep */
    SSE_HISTORY_CAPACITY_MIN = 64, /* the least bytes for events */
    SSE_HISTORY_ID_MAX = 37        /* bytes of the longest automatic id */
};

/* The length of an array of uint64_t for a history of so many events and bytes of events:
 *     static uint64_t memory[SSE_HISTORY_WORDS(1000, 65536)]; */
#define SSE_HISTORY_WORDS(events, capacity) \
    ((SSE_HISTORY_OVERHEAD + SSE_HISTORY_SLOT * (uint64_t)(events) + (capacity) + 7) / 8)

/* Gets the size of a block.
 *
 *   events     the most events that it keeps; above 0
 *   capacity   bytes for encoded events; SSE_HISTORY_CAPACITY_MIN to 4 GiB - 1
 *
 * Returns bytes; 0 if events or capacity is outside of its bounds, or the sum is above SIZE_MAX. */
SSE_API size_t sse_history_size(uint32_t events, size_t capacity);

/* Gets SSE_HISTORY_ID_MAX. */
SSE_API size_t sse_history_id_max(void);

enum sse_history_flag {
    SSE_HISTORY_CHUNKED = 0x10 /* each event is stored as an HTTP/1.1 chunk */
};

/* Makes an empty history of a block of memory.
 *
 *   mem      the block, aligned for uint64_t; the caller owns it, and frees it after the last use
 *   size     bytes of the block; those that are neither overhead nor slots are for events
 *   events   as for sse_history_size
 *   flags    0, or SSE_HISTORY_CHUNKED
 *   epoch    0: events carry the caller's ids, if any. Else ids are automatic, and each run of the
 *            program has another epoch: the time in milliseconds at its start, or a random number
 *   name     differs between the histories of a program: the path of the stream, say. name_len
 *            bytes, above 0; not read if epoch is 0, and never kept
 *
 * The origin in automatic ids is mixed from the epoch and the name: two histories that have both in
 * common accept each other's ids.
 *
 * Returns the history, which is mem. Returns NULL, and changes nothing, if mem is NULL or not
 * aligned, events is 0, a flag is unknown, less than SSE_HISTORY_CAPACITY_MIN or more than
 * 4 GiB - 1 bytes are left for events, or epoch is not 0 and name is NULL or name_len is 0. */
SSE_API sse_history *sse_history_init(void *mem, size_t size, uint32_t events, uint32_t flags,
                                      uint64_t epoch, const char *name, size_t name_len);

/* Finds the history that an earlier process left in memory, and goes on with it.
 *
 *   epoch        of this run; events of earlier runs keep their ids. The epoch that the history has:
 *                the run goes on, and with it the clients of processes that share the memory
 *   the others   as they were given to sse_history_init
 *
 * Nothing in the memory is trusted. The history is the newest event whose checksum and position
 * are valid, and the unbroken row of such events before it. So an event is dropped if the process
 * ended while it was written. If there is no valid event, the history is empty, numbering starts at
 * 1, and sse_history_find refuses the ids of all earlier runs.
 *
 * Returns the history, which is mem. Returns NULL, and changes nothing, for the reasons that
 * sse_history_init has, and if the memory does not hold a history of the same size, number of
 * events, flags, kind of ids, format and byte order. Cost: one checksum of all of the memory. */
SSE_API sse_history *sse_history_open(void *mem, size_t size, uint32_t events, uint32_t flags,
                                      uint64_t epoch, const char *name, size_t name_len);

/* Appends an event. The oldest events are dropped, as far as their place is needed.
 *
 *   ev       as for sse_event_encode; without an id if ids are automatic
 *   tag      the topic or the user that the event is for, as a number: a subscriber with a filter
 *            sees some tags only; 0: everybody
 *   key      the thing whose newest state the event is: a subscriber that coalesces skips all
 *            earlier events with the same tag and key; 0: none
 *   now_ms   the time, for sse_history_expire
 *
 * Returns SSE_OK;
 *   SSE_E_ARG      ev is NULL, a range is NULL with a length, the event has no part at all, or it
 *                  has an id and ids are automatic;
 *   SSE_E_RANGE    retry_ms is above SSE_RETRY_MAX;
 *   SSE_E_TOOBIG   a part is longer than SSE_PART_MAX, or the encoded event is longer than the
 *                  capacity of the history;
 *   SSE_E_FIELD    type fails sse_type_valid, or id fails sse_id_valid.
 * Only SSE_OK changes the history. Cost: two encodings and one checksum. Independent of the number
 * of events, on average. Spec: #parsing-an-event-stream. */
SSE_API int sse_history_append(sse_history *h, const sse_event *ev, uint64_t tag, uint64_t key,
                               uint64_t now_ms);

/* The same for an event in parts. type or id NULL: absent. data is always present: NULL with
 * data_len 0 is "". Returns SSE_OK, SSE_E_ARG, SSE_E_TOOBIG or SSE_E_FIELD, as above. */
SSE_API int sse_history_append_parts(sse_history *h, const char *type, size_t type_len,
                                     const char *id, size_t id_len, const char *data,
                                     size_t data_len, uint64_t tag, uint64_t key, uint64_t now_ms);

/* Drops the events that are older than a time, up to the first one that is not.
 *
 *   before_ms   on the clock of the now_ms with which the caller, or a channel, appended the events
 *
 * A monotonic clock starts anew at each boot: for a file that is opened again, give all events the
 * time since 1970. An event whose time is too late also keeps the events after it. The history of a
 * channel can be expired between two calls of the channel.
 *
 * Returns SSE_OK or SSE_E_ARG. */
SSE_API int sse_history_expire(sse_history *h, uint64_t before_ms);

/* Finds the place where a client that comes back goes on.
 *
 *   id     its last event ID, as sse_http_last_event_id gives it; NULL if len is 0
 *   next   out: the number of the event after that one; if the result is SSE_GAP or id is invalid,
 *          that of the oldest event
 *
 * Returns SSE_OK for
 *     an automatic id of this run, or of the previous run if sse_history_open has found its newest
 *     event, even if the event of the id is no longer kept: the difference from *next up to
 *     sse_history_first is then the number of lost events;
 *     an automatic id of an earlier run, or an id of the caller's, if its event is still kept. Of
 *     several events with the same id, the newest counts;
 *   SSE_GAP     for any other id, the empty one included: the number of lost events is not known;
 *   SSE_E_ARG   next is NULL, or id is NULL with a length.
 * Cost: independent of the number of events; for the caller's ids, on average.
 * Spec: #the-last-event-id-header. */
SSE_API int sse_history_find(const sse_history *h, const char *id, size_t len, uint64_t *next);

/* Gets the automatic id of an event of this run, whether it is still kept or not.
 *
 *   number   of the event, or of the last one before this run: the place before all of it
 *   dst      where the id goes, cap bytes; NULL with cap 0 measures
 *   cap      bytes available at dst; SSE_HISTORY_ID_MAX is always enough
 *   len      out: bytes written, or needed if the result is SSE_E_SPACE
 *
 * Returns SSE_OK;
 *   SSE_E_ARG     len is NULL, or dst is NULL with cap above 0;
 *   SSE_E_STATE   ids are the caller's;
 *   SSE_E_RANGE   the event is of an earlier run, or still to come;
 *   SSE_E_SPACE   cap is too small; nothing is written to dst. */
SSE_API int sse_history_id(const sse_history *h, uint64_t number, char *dst, size_t cap,
                           size_t *len);

/* Gets the encoded bytes of an event: a chunk if the history has SSE_HISTORY_CHUNKED.
 *
 *   bytes   out: where they lie in the history, until the next call that changes it
 *   len     out: how many
 *
 * Returns SSE_OK;
 *   SSE_GAP       the event is no longer kept: go on at sse_history_first;
 *   SSE_E_ARG     bytes or len is NULL;
 *   SSE_E_RANGE   no event has this number: it is 0, or still to come.
 * Cost: constant; nothing is copied. */
SSE_API int sse_history_get(const sse_history *h, uint64_t number, const void **bytes, size_t *len);

/* Gets the number of the oldest event, and the number that the next event will get. They are equal
 * if the history is empty. */
SSE_API uint64_t sse_history_first(const sse_history *h);
SSE_API uint64_t sse_history_next(const sse_history *h);

#ifdef __cplusplus
}
#endif

#endif
