/* SPDX-License-Identifier: MIT */
/* sse/subscriber.h - one client of a channel: it joins, takes bytes, and is closed or leaves.
 *
 *                        publish, send                next
 *     join --> READY <------------------- IDLE   .-----------> TURN ------> IDLE
 *                |                               |               every byte was taken
 *                '-------------------------------'
 *
 * What it takes: the response head; a place or a gap event; then the events of the history. An
 * event that is sent to this client alone comes after all events that were published before. A
 * heartbeat comes between two events, never inside one.
 *
 * Stalled. A client that does not read stays in its turn. It uses no memory beyond its queue, and
 * no call spends time on it. With a limit, tick closes it: SSE_E_STALLED. There is none at first.
 *
 * Lagging. The history has dropped an event that the client had not taken. With SSE_JOIN_GAPS the
 * client gets a gap event, then the oldest event. Without it the library closes the subscriber:
 * SSE_E_LAGGED; and in either case with SSE_E_TORN, if the client had a part of that event and the
 * rest, which did not fit, is not in the queue. The library notices this when bytes are next asked
 * for.
 *
 * Closed. The library closes a subscriber with SSE_END, when its stream is complete and taken, or
 * with SSE_E_IO, SSE_E_TORN, SSE_E_LAGGED, SSE_E_STALLED or SSE_E_OLD. sse_status_closed is 1 for
 * these. The caller learns of it by next, which returns the subscriber, or by a call on it, which
 * returns the reason: whichever comes first. From then on s, its queue and its tags are the
 * caller's: free them, or join again. Until then each further call returns the same reason.
 * Bytes that were taken may not have arrived, and another thread may be writing them: after SSE_END
 * shut the socket down for writing, do not reset it. Cut a write off for an error only.
 *
 * Places. A place is a position between two events; an id names it. Where ids are automatic, a
 * stream without an id to resume from begins with an event of type "place": an id and empty data,
 * so that a client that is cut off before its first event misses nothing. A heartbeat to a
 * subscriber with a filter has the id of its place, too; a comment is then replaced by a "place".
 * So a client whose topic is quiet is not told of a gap when it comes back. Ids count all events,
 * also those that a filter hides.
 *
 * No silent loss, exactly: from its first place to its end, over any number of reconnects, a client
 * gets each event that its filter shows, in order and once, or a gap event where some may be
 * missing. With SSE_JOIN_COALESCE an event may be left out for a newer one. Where ids are the
 * caller's, it begins with the first event that has an id. An event that is sent to one subscriber
 * is not in the history and does not come again: to have that, publish with a tag for each user.
 *
 * A subscriber is all zero before it first joins. Functions that return a status return SSE_E_ARG
 * for NULL, the reason once s is closed, SSE_E_STATE where s has not joined or has left, and
 * SSE_E_BUSY inside a sink. The transport may ask for bytes at any time, in and out of its turn. */
#ifndef SSE_SUBSCRIBER_H
#define SSE_SUBSCRIBER_H

#include "sse/channel.h"

#ifdef __cplusplus
extern "C" {
#endif

/* At most 160 bytes on 64 bits. */
typedef struct sse_subscriber {
    sse_link link_;
    sse_channel *channel_;
    sse_writer *queue_;
    void *user_;
    const uint64_t *tags_;
    uint64_t next_, mark_;
    uint64_t since_ms_, looked_ms_, turn_ms_, end_ms_, due_ms_;
    struct sse_subscriber *child_, *sibling_, *before_;
    uint32_t tags_count_, pace_ms_, stall_ms_, lead_ms_;
    uint32_t at_, first_;
    uint32_t state_;
    int reason_;
} sse_subscriber;

enum sse_join_flag {
    SSE_JOIN_PLAIN = 0x800,     /* the caller's events and heartbeats: no place, gap, farewell,
                                   at which most SDKs for language models fail */
    SSE_JOIN_COALESCE = 0x1000, /* leave out events that newer ones of the same key replace */
    SSE_JOIN_GAPS = 0x2000,     /* lagging: a gap event; without this flag: SSE_E_LAGGED */
    SSE_JOIN_OLDEST = 0x4000    /* no id: begin with the oldest event; without: with the next */
};

enum {
    SSE_SUBSCRIBER_QUEUE_MIN = 512, /* the least capacity of a queue, */
    SSE_SUBSCRIBER_KEPT = 200       /* of which the library keeps this much for its own events */
};

/* Join a channel at the place where the client was.
 *
 *   s               in no channel; filter and limits are off
 *   queue           a writer without events, chunked if the history is. The response head may be
 *                   in it. Give it room for the largest usual event: where the rest of an event
 *                   does not fit, lagging is SSE_E_TORN. The library uses it until s is closed or
 *                   leaves
 *   user            for sse_subscriber_user and the sink; never looked at
 *   flags           of enum sse_join_flag, except GAPS with PLAIN
 *   header, query   the value of the Last-Event-ID field, and the query of the URL, as they came;
 *                   NULL: none. An id in the header counts first; sse_http_last_event_id names the
 *                   parameters that are searched
 *
 * With no id the client starts; with an id that the history can go on from it resumes. With any
 * other id (dropped, of another history or another run of the program, malformed, too long) it gets
 * a gap event, with or without SSE_JOIN_GAPS, and then the oldest event; with SSE_JOIN_PLAIN the
 * join is refused. A gap event has type "gap", the id from which the client resumes after it, and
 * the data {"first":"e-7","last":"e-9","count":3}: the first and last id that are missing, and how
 * many; null if unknown, and for a subscriber with a filter.
 *
 * Returns SSE_OK; SSE_GAP: joined, and a gap event comes first; otherwise s has not joined:
 *   SSE_E_ARG      NULL, NULL with a length, an unknown flag, or not such a queue;
 *   SSE_E_RANGE    with SSE_JOIN_PLAIN: events are missing. Refuse, or join without the id;
 *   SSE_E_TOOBIG   the head leaves less than SSE_SUBSCRIBER_KEPT bytes of the queue;
 *   SSE_E_STATE    s is in a channel, or the channel drains: answer 503. */
SSE_API int sse_subscriber_join(sse_subscriber *s, sse_channel *ch, sse_writer *queue, void *user,
                                uint32_t flags, const char *header, size_t header_len,
                                const char *query, size_t query_len);

/* Limit s to the events with these tags, and those with tag 0.
 *
 *   tags   ascending; borrowed until another filter replaces it, s is closed or leaves. With count
 *          0, NULL or not, s sees tag 0 alone
 *
 * Call it directly after the join: without it s sees all events. A later filter applies to events
 * that s has not taken or passed over. Returns SSE_OK; SSE_E_ARG: NULL with a count, or not
 * ascending. */
SSE_API int sse_subscriber_set_filter(sse_subscriber *s, const uint64_t *tags, size_t count);

/* Set limits, in milliseconds; 0: none.
 *
 *   pace_ms    the least time from one turn to the next, as far as ticks can tell it. It holds
 *              events back, not heartbeats; events that arrive meanwhile go out together
 *   stall_ms   the longest time in a turn without a byte taken: then SSE_E_STALLED. Never early; at
 *              most stall_ms / 4 and the time between two ticks late
 *   age_ms     the longest time from this call: then SSE_E_OLD, and nothing more is sent. Never
 *              early; at most the time between two ticks late
 *
 * Returns SSE_OK. */
SSE_API int sse_subscriber_set_limits(sse_subscriber *s, uint32_t pace_ms, uint32_t stall_ms,
                                      uint32_t age_ms);

/* Queue an event for s alone.
 *
 * Returns SSE_OK; SSE_AGAIN: no room now, try again after bytes were taken; otherwise nothing was
 * queued: SSE_E_ARG: NULL, no part at all, or an id where ids are automatic; SSE_E_RANGE: retry_ms;
 * SSE_E_TOOBIG: it never fits; SSE_E_FIELD: a byte that the type or the id cannot carry;
 * SSE_E_STATE: also after sse_subscriber_close. */
SSE_API int sse_subscriber_send(sse_subscriber *s, const sse_event *ev);
SSE_API int sse_subscriber_send_parts(sse_subscriber *s, const char *type, size_t type_len,
                                      const char *id, size_t id_len, const char *data,
                                      size_t data_len);

/* Write through a sink; its user is the user of s. If the sink stops inside an event, flush copies
 * the rest of that event to the queue; otherwise it copies nothing.
 *
 * Returns SSE_OK: every byte was taken, or flush has stopped at turn_bytes; SSE_AGAIN: the sink
 * takes no more, call flush when the socket is writable; or a status for which sse_status_closed
 * is 1. */
SSE_API int sse_subscriber_flush(sse_subscriber *s, sse_sink *sink);

/* Copy bytes, from as many events as fit.
 *
 *   cap   bytes at dst, above 0
 *   len   out: bytes copied, above 0 only with SSE_OK; always written
 *
 * Returns SSE_OK: if *len is below cap, every byte was taken; else read again; SSE_AGAIN: there is
 * nothing; or a status for which sse_status_closed is 1. */
SSE_API int sse_subscriber_read(sse_subscriber *s, void *dst, size_t cap, size_t *len);

/* Look at bytes, for transports that hold on to them: TLS, libuv, io_uring.
 *
 *   bytes, len   out: the offer. It lies in the queue and is frozen: the same address, length and
 *                bytes until consume, flush or read; NULL and 0 with other results than SSE_OK
 *
 * A long event comes in pieces. While a write of the offer is in flight, peek gives it again, or
 * tells that s was closed: then keep the queue until that write has ended.
 *
 * Returns SSE_OK; SSE_AGAIN: there is nothing; or a status for which sse_status_closed is 1. */
SSE_API int sse_subscriber_peek(sse_subscriber *s, const void **bytes, size_t *len);

/* Take the first n bytes of the offer; 0: none, and the next peek may offer more.
 * Returns SSE_OK, also for the last byte of a stream; SSE_E_ARG: n is more than was offered; or a
 * status for which sse_status_closed is 1. */
SSE_API int sse_subscriber_consume(sse_subscriber *s, size_t n);

/* End the stream: s takes all events that were published or sent before this call, then it is
 * closed with SSE_END. Returns SSE_OK. */
SSE_API int sse_subscriber_close(sse_subscriber *s);

/* Leave at once, for a connection that is lost: s, its queue and its tags are the caller's.
 * Returns SSE_OK, also where s has not joined, is closed or has left. */
SSE_API int sse_subscriber_leave(sse_subscriber *s);

/* Return SSE_OK while s is in a channel, else the reason or SSE_E_STATE. It counts as learning that
 * s was closed: next does not return s for that any more. */
SSE_API int sse_subscriber_status(sse_subscriber *s);

/* Return the user that was given to join, also after s was closed; NULL for NULL. */
SSE_API void *sse_subscriber_user(const sse_subscriber *s);

/* Return how many events s has not taken yet; hidden ones count. 0 where it is in no channel. */
SSE_API uint64_t sse_subscriber_behind(const sse_subscriber *s);

/* Return the milliseconds, at least 1, since s last took a byte in its turn; 0: it is not in its
 * turn. Wait for POLLOUT where this is above 0. */
SSE_API uint64_t sse_subscriber_blocked_ms(const sse_subscriber *s);

/* Return sizeof(sse_subscriber), and SSE_SUBSCRIBER_QUEUE_MIN. */
SSE_API size_t sse_subscriber_size(void);
SSE_API size_t sse_subscriber_queue_min(void);

#ifdef __cplusplus
}
#endif

#endif
