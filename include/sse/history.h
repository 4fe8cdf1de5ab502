/* sse/history.h - the latest events of a stream, encoded once, in one block of memory.
 *
 *      append                                            any number of readers
 *     --------> | 17 | 18 | 19 | 20 | 21 | 22 |             ^         ^            ^
 *                 ^first                        ^next       18        21           next: live
 *
 * Events are numbered from 1, and each lies in one piece. The history keeps as many of the newest
 * as fit; a new event pushes out the oldest ones, whether they have been read or not. Live delivery
 * and replay are the same thing: a live reader stands at the next number, and a reader that comes
 * back stands at an earlier one. A channel reads a history for its subscribers; a program without a
 * channel uses sse_history_get.
 *
 * Ids make a place in the history known to the client. They are the caller's own, or automatic:
 *
 *     8a5c0f3b91d2e647-42      <origin, in hexadecimal>-<number of the event>
 *
 * With automatic ids no event is lost silently: a client's last id says which events it has missed,
 * and whether they are still kept. It also shows the client how many events the history has had,
 * those that a filter hides from the client included.
 *
 * The block holds no pointer. It may be static, from the heap, or a mapped file, where the next
 * process finds it again with sse_history_open. Such a file has the bytes, ids, tags, keys and
 * times of the events that are kept, in the byte order of the machine. The bytes of an event that
 * was dropped stay there until newer ones overwrite them. The library never syncs the file. */
#ifndef SSE_HISTORY_H
#define SSE_HISTORY_H

#include "sse/event.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Opaque; its address is the address of the block. */
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

/* The bits of all flags in the library are disjoint. */
enum sse_history_flag {
    SSE_HISTORY_CHUNKED = 0x10 /* each event is stored as an HTTP/1.1 chunk */
};

/* Makes an empty history of a block of memory.
 *
 *   mem      the block, aligned for uint64_t; the caller owns it, and frees it after the last use
 *   size     bytes of the block; those that are neither overhead nor slots are for events
 *   events   the most events that it keeps; above 0
 *   flags    0, or SSE_HISTORY_CHUNKED
 *   epoch    0: events carry the caller's ids, if any. Else ids are automatic, and each run of the
 *            program has another epoch: the time in milliseconds at its start, or a random number
 *   name     differs between the histories of a program: the path of the stream, say. name_len
 *            bytes, above 0; not read if epoch is 0, and never kept
 *
 * The origin in automatic ids is 64 bits, mixed from the epoch and the name. sse_history_find
 * refuses the ids of any other origin. Two histories with the same name and the same epoch would
 * accept each other's ids: give them different names.
 *
 * Returns the history, which is mem. Returns NULL, and changes nothing, if mem is NULL or not
 * aligned, events is 0, a flag is unknown, less than SSE_HISTORY_CAPACITY_MIN or more than
 * 4 GiB - 1 bytes are left for events, or epoch is not 0 and name is NULL or name_len is 0. */
SSE_API sse_history *sse_history_init(void *mem, size_t size, uint32_t events, uint32_t flags,
                                      uint64_t epoch, const char *name, size_t name_len);

/* Finds the history that an earlier process left in memory, and goes on with it.
 *
 *   epoch        of this run; events of earlier runs keep their ids
 *   the others   as they were given to sse_history_init
 *
 * Nothing in the memory is trusted. An event is kept if its checksum and its position are valid.
 * The history is the newest valid event and the unbroken run of valid events before it; if there is
 * none, the history is empty and numbering starts at 1. So an event whose write was cut short by
 * the end of the process is dropped.
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
 *   SSE_E_ARG      h is NULL or all zero, ev is NULL, a range is NULL with a length, the event has
 *                  no part at all, or it has an id and ids are automatic;
 *   SSE_E_RANGE    retry_ms is above SSE_RETRY_MAX;
 *   SSE_E_TOOBIG   a part is longer than SSE_PART_MAX, or the encoded event is longer than the
 *                  capacity of the history;
 *   SSE_E_FIELD    type fails sse_type_valid, or id fails sse_id_valid.
 * Only SSE_OK changes the history. Cost: two encodings and one checksum. Independent of the number
 * of events, on average. Spec: #parsing-an-event-stream. */
SSE_API int sse_history_append(sse_history *h, const sse_event *ev, uint64_t tag, uint64_t key,
                               uint64_t now_ms);

/* Appends an event that is given in parts. type or id NULL: absent. data is always present: NULL
 * with data_len 0 is "". The rest is as above.
 * Returns SSE_OK, SSE_E_ARG, SSE_E_TOOBIG or SSE_E_FIELD, for the reasons that sse_history_append
 * has. */
SSE_API int sse_history_append_parts(sse_history *h, const char *type, size_t type_len,
                                     const char *id, size_t id_len, const char *data,
                                     size_t data_len, uint64_t tag, uint64_t key, uint64_t now_ms);

/* Drops the events that are older than a time, up to the first one that is not.
 *
 *   before_ms   on the clock of the now_ms with which the caller, or a channel, appended the events
 *
 * A monotonic clock does if the block ends with the process. For a file that is opened again, give
 * all events the time since 1970: a monotonic clock starts anew at each boot. An event whose time
 * is too late also keeps the events after it, until that time or until their place is needed. The
 * history of a channel can be expired between two calls of the channel.
 *
 * Returns SSE_OK; SSE_E_ARG if h is NULL or all zero. */
SSE_API int sse_history_expire(sse_history *h, uint64_t before_ms);

/* Finds the place where a client that comes back goes on.
 *
 *   id     its last event ID, as sse_http_last_event_id gives it; NULL if len is 0
 *   next   out: the number of the event after that one; if the result is SSE_GAP or id is invalid,
 *          that of the oldest event; 0 for a history that is NULL or all zero; always written
 *
 * Returns SSE_OK for
 *     an automatic id of this run, even if its event is no longer kept: *next is then at most
 *     sse_history_first, and the difference is the number of lost events;
 *     an automatic id of an earlier run, or an id of the caller's, if its event is still kept. Of
 *     several events with the same id of the caller's, the newest counts;
 *   SSE_GAP     for any other id, the empty one included: the number of lost events is not known;
 *   SSE_E_ARG   h is NULL or all zero, next is NULL, or id is NULL with a length.
 * Cost: independent of the number of events; for the caller's ids, on average.
 * Spec: #the-last-event-id-header. */
SSE_API int sse_history_find(const sse_history *h, const char *id, size_t len, uint64_t *next);

/* Gets the automatic id of an event of this run, whether it is still kept or not.
 *
 *   number   of the event; that of the last event before this run stands for "before all of it"
 *   dst      where the id goes, cap bytes; NULL with cap 0 measures
 *   cap      bytes available at dst; SSE_HISTORY_ID_MAX is always enough
 *   len      out: bytes written, or needed if the result is SSE_E_SPACE, else 0; always written
 *
 * Returns SSE_OK;
 *   SSE_E_ARG     h is NULL or all zero, len is NULL, or dst is NULL with cap above 0;
 *   SSE_E_STATE   ids are the caller's;
 *   SSE_E_RANGE   the event is of an earlier run, or still to come;
 *   SSE_E_SPACE   cap is too small; nothing is written to dst. */
SSE_API int sse_history_id(const sse_history *h, uint64_t number, char *dst, size_t cap,
                           size_t *len);

/* Gets the encoded bytes of an event: a chunk if the history has SSE_HISTORY_CHUNKED.
 *
 *   bytes   out: where they lie in the history, until the next call that changes it; NULL if the
 *           result is not SSE_OK; always written
 *   len     out: how many, else 0; always written
 *
 * Returns SSE_OK;
 *   SSE_GAP       the event is no longer kept: go on at sse_history_first;
 *   SSE_E_ARG     h is NULL or all zero, or bytes or len is NULL;
 *   SSE_E_RANGE   no event has this number: it is 0, or still to come.
 * Cost: constant; nothing is copied. */
SSE_API int sse_history_get(const sse_history *h, uint64_t number, const void **bytes, size_t *len);

/* Gets the number of the oldest event, and the number that the next event will get. They are equal
 * if the history is empty. 0 if h is NULL or all zero. */
SSE_API uint64_t sse_history_first(const sse_history *h);
SSE_API uint64_t sse_history_next(const sse_history *h);

#ifdef __cplusplus
}
#endif

#endif
