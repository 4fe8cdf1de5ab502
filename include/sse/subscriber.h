/* sse/subscriber.h - one client of a channel: it joins, takes bytes, and is closed or leaves.
 *
 *                     publish, send
 *               .--------------------------.      next         every byte was taken
 *     join --> IDLE                         READY ------> TURN ----------------------> IDLE
 *                                                          | the transport takes no more now
 *                                                          '--> comes back by itself: flush, read
 *
 * What it takes, in this order: the response head; a place or a gap event; then the events of the
 * history, and after those that were published before it, each event sent to this client alone.
 * Heartbeats go between, never inside an event.
 *
 * Stalled: a client that does not read stays in its turn. It costs its own memory and is not
 * visited. A limit closes it with SSE_E_STALLED. Lagging: when the history drops an event that it
 * has not taken, it is closed with SSE_E_LAGGED, or gets a gap event and goes on with the oldest
 * (SSE_JOIN_GAPS). If it had taken a part of that event, and the rest did not fit its queue, the
 * stream cannot go on: SSE_E_TORN.
 *
 * Closed: the library closes a subscriber with SSE_END (the stream is complete and taken) or for a
 * reason below SSE_E_FATAL; sse_status_closed is 1 for these. The caller learns of it exactly once:
 * next returns the subscriber, or a call on it returns the reason. Then it is in no channel, its
 * memory is the caller's, and each further call returns the same reason until it joins again.
 * Taken is not sent: after SSE_END shut the socket down for writing, do not reset it.
 *
 * Places: where ids are automatic a stream that starts anew begins with an empty event of type
 * "place" that has the id of the place, so that a client that is cut off before its first event
 * misses nothing. A
 * heartbeat to a subscriber with a filter has the id of its place, too (an empty comment becomes
 * another "place"), so that a client whose topic is quiet is not told of a gap. These ids, like
 * those of events, show how many events there are.
 *
 * No silent loss, exactly: between the place where it began and its end a client gets each event of
 * the history that its filter shows, in order, once, over any number of reconnects, or a gap event
 * where some may be missing. Where ids are the caller's, that begins with the first event that has
 * an id. Events sent to one subscriber are not in the history and do not come again: to have that,
 * publish with a tag for each user.
 *
 * A subscriber must be all zero before it first joins. All functions return SSE_E_ARG for NULL, the
 * reason once it is closed, SSE_E_STATE where it has not joined or has left, SSE_E_BUSY in a sink.
 */
#ifndef SSE_SUBSCRIBER_H
#define SSE_SUBSCRIBER_H

#include "sse/channel.h"

#ifdef __cplusplus
extern "C" {
#endif

/* At most 160 bytes on 64 bits; all members are private. */
typedef struct sse_subscriber {
    sse_link link_;
    sse_channel *channel_; /* NULL: it is in none */
    sse_writer *queue_;
    void *user_;
    const uint64_t *tags_;
    uint64_t next_, mark_;
    uint64_t since_ms_, turn_ms_, end_ms_, due_ms_;
    struct sse_subscriber *child_, *sibling_, *before_;
    uint32_t tags_count_, pace_ms_, stall_ms_, lead_ms_;
    uint32_t at_, first_;
    uint32_t state_;
    int reason_;
} sse_subscriber;

/* Flags of sse_subscriber_join. */
enum sse_join_flag {
    SSE_JOIN_COALESCE = 0x1000, /* skip an event that a newer one of the same tag and key replaces */
    SSE_JOIN_GAPS = 0x2000,     /* lagging: a gap event, then the oldest; else SSE_E_LAGGED */
    SSE_JOIN_OLDEST = 0x4000,   /* without an id: start with the oldest event; else with the next */
    SSE_JOIN_PLAIN = 0x8000     /* nothing but events of the caller's: no place, gap or farewell */
};

/* The least capacity of a queue. The library keeps 200 bytes of it for gap events, heartbeats and
 * the farewell. */
enum { SSE_SUBSCRIBER_QUEUE_MIN = 512 };

/* Join a channel at the place where the client was.
 *
 *   s               not in a channel
 *   queue           a fresh writer, framed as the history; the response head may be in it. It is
 *                   the library's until s is closed or leaves
 *   user            for sse_subscriber_user and the sink
 *   flags           of enum sse_join_flag; GAPS and PLAIN exclude each other
 *   header, query   the value of the Last-Event-ID field, and the query of the URL, as they came;
 *                   NULL or empty: none. sse_http_last_event_id has the names that count
 *
 * No id in either is a start. An id that is unknown, of another history, too long or malformed is a
 * gap, never a start. A gap event has type "gap", the id of the place after it, and the data
 * {"first":"e-7","last":"e-9","count":3}: the first and last id that are missing, and how many;
 * null where that is unknown or, for a subscriber with a filter, no business of the client's.
 *
 * Returns SSE_OK; SSE_GAP: joined, and a gap event comes first; otherwise s has not joined:
 *   SSE_E_ARG      a NULL pointer, NULL with a length, an unknown flag, or a queue that is not
 *                  fresh, not framed as the history, or below SSE_SUBSCRIBER_QUEUE_MIN;
 *   SSE_E_TOOBIG   the response head leaves less than 200 bytes of the queue;
 *   SSE_E_STATE    s is in a channel, or the channel drains: answer 503;
 *   SSE_E_LAGGED   with SSE_JOIN_PLAIN: events are missing: refuse, or start anew. */
SSE_API int sse_subscriber_join(sse_subscriber *s, sse_channel *ch, sse_writer *queue, void *user,
                                uint32_t flags, const char *header, size_t header_len,
                                const char *query, size_t query_len);

/* Show s the events with these tags, and with tag 0; NULL with count 0: all events.
 *
 *   tags   ascending; borrowed, and unchanged until another filter replaces it or s is closed. An
 *          array of no tags that is not NULL shows tag 0 alone
 *
 * Call it directly after the join. A later filter holds from the event that s takes next; what the
 * earlier one hid before that stays hidden. Returns SSE_OK; SSE_E_ARG: NULL with a count, or not
 * ascending. */
SSE_API int sse_subscriber_filter(sse_subscriber *s, const uint64_t *tags, size_t count);

/* Set limits, in milliseconds; 0: none.
 *
 *   pace_ms    the least time from one turn to the next. It holds events back, not heartbeats;
 *              what comes meanwhile leaves together
 *   stall_ms   the longest time in a turn without a byte taken: then SSE_E_STALLED. Never early;
 *              late by up to a quarter and the time between two ticks
 *   age_ms     the longest time from now: then SSE_E_OLD. Never early; late by up to the time
 *              between two ticks
 *
 * Returns SSE_OK. */
SSE_API int sse_subscriber_limits(sse_subscriber *s, uint32_t pace_ms, uint32_t stall_ms,
                                  uint32_t age_ms);

/* Queue an event for s alone, after all that was published; it is not in the history.
 *
 * Returns SSE_OK; SSE_AGAIN: no room now, try again after bytes were taken; otherwise nothing was
 * queued: SSE_E_ARG: a NULL pointer, no part at all, or an id where ids are automatic; SSE_E_RANGE:
 * retry_ms is too large; SSE_E_TOOBIG: it never fits; SSE_E_FIELD: a byte that the type or the id
 * cannot carry; SSE_E_STATE: after sse_subscriber_close. */
SSE_API int sse_subscriber_send(sse_subscriber *s, const sse_event *ev);

/* The same, part by part. type and id: NULL is absent. data is always present. */
SSE_API int sse_subscriber_send_parts(sse_subscriber *s, const char *type, size_t type_len,
                                      const char *id, size_t id_len, const char *data,
                                      size_t data_len);

/* Push bytes through a sink that takes them now. Nothing is copied, except the rest of an event in
 * which the sink has stopped.
 *
 *   sink   as for sse_writer_flush; its user is the user of s
 *
 * Returns SSE_OK: every byte was taken, or turn_bytes were and next returns s again; SSE_AGAIN: the
 * sink takes no more, call flush again when the socket is writable; otherwise s is closed. */
SSE_API int sse_subscriber_flush(sse_subscriber *s, sse_sink *sink);

/* Copy up to cap bytes to dst, from as many events as fit.
 *
 *   cap   above 0
 *   len   out: bytes copied; above 0 with SSE_OK alone; always written
 *
 * Returns SSE_OK; *len below cap: every byte was taken, and next returns s when more has come;
 * SSE_AGAIN: there is nothing; SSE_E_ARG; otherwise s is closed. */
SSE_API int sse_subscriber_read(sse_subscriber *s, void *dst, size_t cap, size_t *len);

/* Look at bytes before they are taken, for transports that hold on to them: TLS, libuv, io_uring.
 *
 *   bytes, len   out: the offer; it lies in the queue of s and is frozen: same address, length and
 *                contents, call after call, until consume, flush or read; NULL and 0 where there is
 *                none; always written
 *
 * A long event comes in pieces. Returns as sse_subscriber_read: SSE_OK, SSE_AGAIN, SSE_E_ARG;
 * otherwise s is closed. */
SSE_API int sse_subscriber_peek(sse_subscriber *s, const void **bytes, size_t *len);

/* Take the first n bytes of the offer; 0: none, and the next peek may offer more.
 * Returns SSE_OK; SSE_E_ARG: n is more than was offered; otherwise s is closed. */
SSE_API int sse_subscriber_consume(sse_subscriber *s, size_t n);

/* End the stream after all that was published and sent until now: then SSE_END. Returns SSE_OK. */
SSE_API int sse_subscriber_close(sse_subscriber *s);

/* Leave at once, in any state: the memory is the caller's. For a connection that is lost. Returns
 * SSE_OK, also where s never joined, is closed or has left. */
SSE_API int sse_subscriber_leave(sse_subscriber *s);

/* Return SSE_OK while s is in a channel, the reason once it is closed, else SSE_E_STATE. */
SSE_API int sse_subscriber_status(sse_subscriber *s);

/* Return the user that was given to join; NULL for NULL. */
SSE_API void *sse_subscriber_user(const sse_subscriber *s);

/* Return how many events s has not taken yet; hidden ones count. 0 where it is in no channel. */
SSE_API uint64_t sse_subscriber_behind(const sse_subscriber *s);

/* Return for how many milliseconds, at least 1, s has been in its turn without a byte taken; 0: it
 * is not in its turn. For poll: ask for POLLOUT where this is above 0. */
SSE_API uint64_t sse_subscriber_blocked_ms(const sse_subscriber *s);

/* Return sizeof(sse_subscriber) and SSE_SUBSCRIBER_QUEUE_MIN, for bindings. */
SSE_API size_t sse_subscriber_size(void);
SSE_API size_t sse_subscriber_queue_min(void);

#ifdef __cplusplus
}
#endif

#endif
