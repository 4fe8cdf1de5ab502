/* sse/channel.h - fan-out: publish an event once, deliver it to any number of subscribers.
 *
 *     publish --> | history | --> subscriber --> flush, read, or peek and consume --> transport
 *
 * The library stores no function pointer and does no I/O. The caller asks whose turn it is:
 *
 *     sse_channel_tick(&ch, now_ms);                          what time brings
 *     ... a socket is writable:    sse_subscriber_flush(s, sink)
 *     ... a connection is new:     sse_subscriber_join(s, &ch, ...)
 *     ... a connection is lost:    sse_subscriber_leave(s)
 *     ... there is news:           sse_channel_publish(&ch, &event, tag, key)
 *     while ((s = sse_channel_next(&ch)) != NULL)             each that has something to take
 *         if (sse_status_closed(sse_subscriber_flush(s, sink)))
 *             ... shut the socket down, free(s)
 *     poll(..., sse_channel_timeout(&ch, now_ms));
 *
 * Edge-triggered: next returns a subscriber once when it has something to take, and again only
 * after every byte of that was taken and more has come. Until then the transport comes back by
 * itself: when the socket is writable, when a write is complete.
 *
 * Threads: a channel, its history and its subscribers are one object. Hold one mutex during each
 * call; no call waits. A reader locks, reads into memory of its own, unlocks, and writes. After a
 * call that can give work to others (tick, publish, join, send, limits, close, drain) call next
 * until it returns NULL, on any thread: notify the thread of each subscriber, and the thread that
 * waits for the timeout. examples/threads.c is that recipe.
 *
 * These objects hold pointers to each other: do not move them. Inside a sink every call on the
 * channel and its subscribers is refused: SSE_E_BUSY, or NULL. A sink must return. */
#ifndef SSE_CHANNEL_H
#define SSE_CHANNEL_H

#include "sse/history.h"
#include "sse/writer.h"

#ifdef __cplusplus
extern "C" {
#endif

struct sse_subscriber; /* sse/subscriber.h */

typedef struct sse_link { /* private */
    struct sse_link *next_, *previous_;
} sse_link;

/* Counters: what sse_channel_count returns. */
enum sse_channel_counter {
    SSE_COUNT_SUBSCRIBERS, /* subscribers now; a closed one counts until the caller knows of it */
    SSE_COUNT_JOINED,      /* joins since the start */
    SSE_COUNT_RESUMED,     /* joins with a last event ID after which nothing was missing */
    SSE_COUNT_EVENTS,      /* events published */
    SSE_COUNT_BYTES,       /* bytes taken, over all subscribers */
    SSE_COUNT_GAPS,        /* gap events */
    SSE_COUNT_CLOSED,      /* subscribers closed for a reason below SSE_E_FATAL */
    SSE_COUNT_HEARTBEATS,
    SSE_COUNTERS
};

/* The longest heartbeat or farewell: type and data together, in bytes. */
enum { SSE_CHANNEL_TEXT_MAX = 96 };

/* An event of the channel's own; private. */
typedef struct sse_channel_text {
    uint8_t type_len_, data_len_;
    char bytes_[SSE_CHANNEL_TEXT_MAX];
} sse_channel_text;

/* Visible so that it can be a member or static; all members are private. */
typedef struct sse_channel {
    sse_history *history_;
    sse_link idle_, ready_, spent_, away_;
    struct sse_subscriber *timers_;
    uint64_t clock_ms_, now_ms_, limit_ms_;
    uint64_t lowest_, farewells_;
    uint64_t counters_[SSE_COUNTERS];
    uint32_t heartbeat_ms_, turn_bytes_, retry_ms_, retry_window_ms_;
    uint8_t draining_, sinking_;
    sse_channel_text heartbeat_, farewell_;
} sse_channel;

/* Start a channel without subscribers.
 *
 *   ch             memory in any state
 *   history        borrowed while the channel is used; append to it only by publishing
 *   heartbeat_ms   the longest silence before a heartbeat; SSE_HEARTBEAT_MS is a good one; 0: none
 *   turn_bytes     flush ends a subscriber's turn with the event that reaches this many bytes, so
 *                  that a long replay does not keep the others waiting; 0: no limit
 *   now_ms         the clock of sse_channel_tick
 *
 * Returns SSE_OK; SSE_E_ARG: a NULL pointer, or a history that is none. */
SSE_API int sse_channel_init(sse_channel *ch, sse_history *history, uint32_t heartbeat_ms,
                             uint32_t turn_bytes, uint64_t now_ms);

/* Set what a heartbeat is; it is copied. At first it is an empty comment.
 *
 *   type   the event type; empty: the heartbeat is a comment, and data is its text
 *
 * A heartbeat to a subscriber with a filter also moves the client's place on (sse/subscriber.h).
 *
 * Returns SSE_OK; SSE_E_ARG: NULL with a length; SSE_E_TOOBIG: type and data are longer than
 * SSE_CHANNEL_TEXT_MAX, or have too many lines; SSE_E_FIELD: the type holds a control byte. */
SSE_API int sse_channel_heartbeat(sse_channel *ch, const char *type, size_t type_len,
                                  const char *data, size_t data_len);

/* Publish an event.
 *
 *   ev    as for sse_event_encode; without an id where the history gives ids
 *   tag   only subscribers whose filter has this tag see the event; 0: all
 *   key   the event is the newest state of this key, for SSE_JOIN_COALESCE; 0: of nothing
 *
 * What the history can hold every subscriber can take: an event that is larger than a queue goes
 * through it in pieces.
 *
 * Returns SSE_OK; otherwise nothing was published: SSE_E_ARG: a NULL pointer, no part at all, or an
 * id where ids are automatic; SSE_E_RANGE: retry_ms is too large; SSE_E_TOOBIG: the history can
 * never hold it; SSE_E_FIELD: a byte that the type or the id cannot carry.
 * Cost: encoding, once; no subscriber is visited. */
SSE_API int sse_channel_publish(sse_channel *ch, const sse_event *ev, uint64_t tag, uint64_t key);

/* The same, part by part. type and id: NULL is absent. data is always present. */
SSE_API int sse_channel_publish_parts(sse_channel *ch, const char *type, size_t type_len,
                                      const char *id, size_t id_len, const char *data,
                                      size_t data_len, uint64_t tag, uint64_t key);

/* Ask whether an event can be published without loss, for a source that can wait.
 *
 *   len   length of the event, as sse_event_encode measures it
 *
 * Returns 1 where no subscriber loses an event that it has not taken yet; subscribers that have
 * lost some do not count until they have caught up. Otherwise, and for NULL, 0.
 * Cost: a visit to each subscriber where the history is nearly full, else none. */
SSE_API int sse_channel_fits(sse_channel *ch, size_t len);

/* Set the time and do what is due: heartbeats, paces, limits, farewells, turns that go on.
 *
 *   now_ms   the caller's monotonic clock, milliseconds; while it steps back time stands still
 *
 * Returns SSE_OK; SSE_E_ARG. Cost: what is due. */
SSE_API int sse_channel_tick(sse_channel *ch, uint64_t now_ms);

/* Return the next subscriber that has something to take, or that the library has closed and the
 * caller does not know of; see sse_subscriber_status. NULL ends the turn. */
SSE_API struct sse_subscriber *sse_channel_next(sse_channel *ch);

/* Flush each subscriber that next would return, for sockets that take bytes now.
 *
 * Returns the next subscriber that is closed, NULL at the end of the turn:
 *     while ((s = sse_channel_flush(&ch, sink)) != NULL) ... free it */
SSE_API struct sse_subscriber *sse_channel_flush(sse_channel *ch, sse_sink *sink);

/* Return the timeout for poll: milliseconds until tick is due, clamped to INT_MAX; 0: now, or next
 * has something; -1: never, which also holds for NULL. It holds while other threads take bytes. */
SSE_API int sse_channel_timeout(const sse_channel *ch, uint64_t now_ms);

/* Send every subscriber away: what it is owed, a farewell with a reconnection time of its own, the
 * end. It is over when SSE_COUNT_SUBSCRIBERS is 0; the caller learns of each end by next.
 *
 *   type, data            the farewell, copied; type empty: "farewell". A subscriber that joined
 *                         with SSE_JOIN_PLAIN gets the end alone
 *   retry_ms, window_ms   as for sse_retry_spread; both 0: no reconnection time
 *   over_ms               the farewells are spread over this time
 *   limit_ms              then each that is still there is closed: SSE_E_STALLED; 0: no limit
 *
 * Nobody can join any more. The drain replaces age limits.
 * Returns SSE_OK; SSE_E_STATE: it drains already; SSE_E_ARG, SSE_E_TOOBIG, SSE_E_FIELD as for
 * sse_channel_heartbeat; SSE_E_RANGE: retry_ms is above SSE_RETRY_MAX. */
SSE_API int sse_channel_drain(sse_channel *ch, const char *type, size_t type_len, const char *data,
                              size_t data_len, uint32_t retry_ms, uint32_t window_ms,
                              uint32_t over_ms, uint32_t limit_ms);

/* Return a counter of enum sse_channel_counter; 0 for any other number. */
SSE_API uint64_t sse_channel_count(const sse_channel *ch, int counter);

/* Return sizeof(sse_channel), for bindings. */
SSE_API size_t sse_channel_size(void);

#ifdef __cplusplus
}
#endif

#endif
