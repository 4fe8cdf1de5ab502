/* sse/history.h - the log: the latest events of a stream, encoded once, in one block of memory.
 *
 *      append                                            sse/cursor.h: any number of readers
 *     --------> | 17 | 18 | 19 | 20 | 21 | 22 |             ^         ^            ^
 *                 ^first                        ^end        18        21           end: live
 *
 * Events are numbered from 1, and each lies in one piece. The log keeps those from first up to end,
 * as many as fit; a new one pushes out the oldest, whoever may still want to read it. Live delivery
 * and replay are the same thing: a live reader stands at the end, one that comes back stands
 * further back.
 *
 * Ids make a place in the log known to the client. They are the caller's own, or automatic:
 *
 *     19a3f0c2e41-42      <epoch, in hexadecimal>-<number of the event>
 *
 * The epoch is another at each start of the program, so that an id from before cannot be taken for
 * one of now. The block holds no pointer: it may be static, from the heap, or a mapped file, where
 * the next process finds it again with sse_history_open.
 *
 * Every function that returns a status returns SSE_E_ARG for a log that is NULL or all zero. */
#ifndef SSE_HISTORY_H
#define SSE_HISTORY_H

#include "sse/event.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Opaque; its address is the address of the block. */
typedef struct sse_history sse_history;

/* Bytes of a block that hold no events: this much, and so much for each event that it can keep. */
#define SSE_HISTORY_OVERHEAD 80
#define SSE_HISTORY_SLOT     80

/* The least room for events, in bytes. */
#define SSE_HISTORY_ROOM_MIN 64

/* The length of an array of uint64_t that holds a log of this many events and bytes of them:
 *     static uint64_t memory[SSE_HISTORY_WORDS(1000, 65536)]; */
#define SSE_HISTORY_WORDS(events, room) \
    ((SSE_HISTORY_OVERHEAD + (events) * (size_t)SSE_HISTORY_SLOT + (room) + 7) / 8)

/* Flags of sse_history_init. The bits of all flags in the library are disjoint. */
enum sse_history_flag {
    SSE_HISTORY_CHUNKED = 0x10 /* each event is stored as an HTTP/1.1 chunk */
};

/* Make an empty log of a block of memory.
 *
 *   mem      the block, aligned for uint64_t; the caller keeps it and frees it when it likes
 *   size     bytes of the block: what is not index is room for events
 *   events   the most events that it keeps; above 0
 *   epoch    events get automatic ids with this epoch: the time in milliseconds, or a random
 *            number; 0: they bear the caller's ids, or none
 *   flags    0, or SSE_HISTORY_CHUNKED
 *
 * Returns the log, which is mem; NULL where mem is NULL or not aligned, events is 0, a flag is
 * unknown, or the room for events is less than SSE_HISTORY_ROOM_MIN or from 4 GiB. */
SSE_API sse_history *sse_history_init(void *mem, size_t size, uint32_t events, uint64_t epoch,
                                    uint32_t flags);

/* Find the log that an earlier process left in memory, and go on with it.
 *
 *   epoch   of this process; ids that were given before stay as they are
 *   the others as they were given to sse_history_init
 *
 * Nothing in the memory is trusted. An event counts if its checksum is right and it stands where
 * its number and its neighbours say; of those the newest and what goes before it without a gap
 * are the log; where there is none, it begins at 1. So an event that was cut by the end of the
 * process is dropped.
 *
 * Returns the log, which is mem; NULL, and mem is unchanged, as sse_history_init, and where the
 * memory is not a log of the same size, number of events, kind of ids, flags, format and byte
 * order. Cost: a checksum of all of the memory. */
SSE_API sse_history *sse_history_open(void *mem, size_t size, uint32_t events, uint64_t epoch,
                                    uint32_t flags);

/* Append an event; the oldest go as far as they must.
 *
 *   ev       as for sse_event_encode; without an id where ids are automatic
 *   tag      who may see it, for the filters of readers: a topic, a user; 0 if there are none
 *   key      what it is the newest state of, for coalescing readers: an event stands for all
 *            earlier ones with the same tag and key; 0: only for itself
 *   now_ms   when, for sse_history_expire; any clock
 *
 * Returns SSE_OK;
 *   SSE_E_TOOBIG   it is longer than the room of the log;
 *   SSE_E_ARG      also where it has an id and ids are automatic;
 *   SSE_E_ARG, SSE_E_RANGE, SSE_E_FIELD   as sse_event_encode.
 * Only SSE_OK changes the log. Cost: that of encoding twice, and a checksum; constant in the number
 * of events, where keys, and the caller's ids, are as many as events or fewer. */
SSE_API int sse_history_append(sse_history *log, const sse_event *ev, uint64_t tag, uint64_t key,
                              uint64_t now_ms);

/* Drop the events that are older than a time, up to the first that is not.
 * Returns SSE_OK. */
SSE_API int sse_history_expire(sse_history *log, uint64_t before_ms);

/* Find the place where a client that comes back goes on.
 *
 *   id     its last event ID, as sse_http_last_event_id gives it; NULL where len is 0. Of the
 *          caller's ids that came twice, the newer event is meant
 *   next   out: the number of the event behind it; else that of the oldest event; always written
 *
 * Returns SSE_OK; *next may be one that the log has dropped, which the reader is told of;
 *   SSE_GAP   the id is of another incarnation, or dropped, or never was: how much the client has
 *             missed cannot be said.
 * Cost: constant, for the caller's ids on average. */
SSE_API int sse_history_find(const sse_history *log, const char *id, size_t len, uint64_t *next);

/* Tell the id of the event with this number, which need not be in the log.
 *
 *   id    out: where the id goes, SSE_HISTORY_ID_MAX bytes
 *   len   out: its length; always written
 *
 * Returns SSE_OK; SSE_E_STATE where ids are the caller's; SSE_E_RANGE where the event is of an
 * earlier incarnation, or still to come. The number ahead of the first one of an incarnation is
 * the place ahead of it. */
SSE_API int sse_history_id(const sse_history *log, uint64_t number, char *id, size_t *len);
#define SSE_HISTORY_ID_MAX 37

/* Tell whether len bytes, as they are stored, can be appended without dropping the event with this
 * number, or one behind it. SSE_HISTORY_FRAME is more than an automatic id and a chunk add to an
 * event. Returns 1 or 0; 0 for NULL. */
#define SSE_HISTORY_FRAME (SSE_HISTORY_ID_MAX + 5 + 12)
SSE_API int sse_history_fits(const sse_history *log, size_t len, uint64_t number);

/* Tell the number of the oldest event, and the one that the next event will get; equal where the
 * log is empty. 0 for NULL. */
SSE_API uint64_t sse_history_first(const sse_history *log);
SSE_API uint64_t sse_history_end(const sse_history *log);

#ifdef __cplusplus
}
#endif

#endif
