/* SPDX-License-Identifier: MIT */
/* sse/channel.h - fan-out: publish an event once, deliver it to any number of subscribers.
 *
 *     publish --> | history | --> subscriber --> flush, read, or peek and consume --> transport
 *
 * A channel makes no calls of its own accord: the caller asks it which subscribers have something
 * to take. A round of a server:
 *
 *     sse_channel_tick(&ch, now_ms);
 *     ... a connection is new:     sse_subscriber_join(s, &ch, ...), and a limit for stalled ones
 *     ... a connection is lost:    sse_subscriber_leave(s), free s
 *     ... a socket is writable:    serve(s)
 *     ... there is news:           sse_channel_publish(&ch, &event, tag, key)
 *     while ((s = sse_channel_next(&ch)) != NULL)
 *         serve(s);
 *     poll(..., sse_channel_timeout(&ch, now_ms));
 *
 *     serve(s):  status = sse_subscriber_flush(s, sink);
 *                if (sse_status_closed(status)) ... SSE_END: shut the socket down for writing;
 *                                                   any other: close it; then free s
 *
 * next is edge-triggered: it returns a subscriber once when there is something to take. While bytes
 * remain, the caller comes back by itself, when the socket is writable or a write completes. next
 * returns the subscriber again when every byte was taken and more has come, when flush has stopped
 * at turn_bytes, or when the library has closed it.
 *
 * Threads: one mutex protects a channel, its history and all its subscribers. No function blocks. A
 * thread that serves a connection locks, reads into memory of its own, unlocks, and writes. After
 * tick, publish, join, send, limits, close and drain, call next until it returns NULL; notify the
 * thread of each subscriber, and the thread that waits for the timeout, before you unlock.
 * examples/threads.c is that recipe.
 *
 * Do not move these objects. A channel needs no end: drop it after its last subscriber is closed or
 * has left. Inside a sink the channel refuses calls: functions that return a status return
 * SSE_E_BUSY, next and flush return NULL. A sink must return: no longjmp, no exception. */
#ifndef SSE_CHANNEL_H
#define SSE_CHANNEL_H

#include "sse/history.h"
#include "sse/writer.h"

#ifdef __cplusplus
extern "C" {
#endif

struct sse_subscriber; /* sse/subscriber.h */

typedef struct sse_link {
    struct sse_link *next_, *previous_;
} sse_link;

/* What sse_channel_count counts, since the start unless it says otherwise. */
enum sse_channel_counter {
    SSE_COUNT_SUBSCRIBERS, /* subscribers now; a closed one until the caller has learned of it */
    SSE_COUNT_JOINED,      /* joins */
    SSE_COUNT_RESUMED,     /* joins that went on after a last event ID without a gap */
    SSE_COUNT_EVENTS,      /* events published */
    SSE_COUNT_BYTES,       /* bytes taken, by all subscribers */
    SSE_COUNT_GAPS,        /* gap events */
    SSE_COUNT_CLOSED,      /* subscribers closed for an error; SSE_END does not count */
    SSE_COUNT_HEARTBEATS,
    SSE_COUNTERS
};

/* The most bytes of a heartbeat or farewell: type and data together. */
enum { SSE_CHANNEL_TEXT_MAX = 96 };

typedef struct sse_channel_text {
    uint8_t type_len_, data_len_, is_line_;
    char bytes_[SSE_CHANNEL_TEXT_MAX];
} sse_channel_text;

/* Visible so that it can be a member or static. */
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
 *   history        borrowed while the channel is used; append to it only by publishing. Several
 *                  channels can publish to one history, under one lock. Then flush, read and peek
 *                  give a subscriber what any of them has published; next and the timeout of its
 *                  channel do not notice the events of the others
 *   heartbeat_ms   a subscriber that was sent nothing for this time gets a heartbeat; 0: none.
 *                  SSE_HEARTBEAT_MS is a good value
 *   turn_bytes     flush stops after the event of the history that brings its bytes to this number,
 *                  and goes on after the next tick, so that a long replay does not keep other
 *                  subscribers waiting; 0: no limit
 *   now_ms         the clock of sse_channel_tick
 *
 * Returns SSE_OK; SSE_E_ARG: NULL, or not a history. */
SSE_API int sse_channel_init(sse_channel *ch, sse_history *history, uint32_t heartbeat_ms,
                             uint32_t turn_bytes, uint64_t now_ms);

/* Set what a heartbeat is. It is copied. Until then it is an empty comment in a block of its own.
 *
 *   type   the event type, for clients that know it: others may fail at it, as SDKs for language
 *          models do; empty: the heartbeat is a comment, and data is its text
 *   data   NULL with an empty type: the heartbeat is a line of ":" without a blank line, for clients
 *          that report each block, also one without an event: fetch-event-source, openai-python
 *
 * Returns SSE_OK; SSE_E_ARG: NULL with a length, or not a channel; SSE_E_TOOBIG: longer than
 * SSE_CHANNEL_TEXT_MAX, or too long when encoded, which several lines can be; SSE_E_FIELD: a byte
 * that a type cannot carry. */
SSE_API int sse_channel_set_heartbeat(sse_channel *ch, const char *type, size_t type_len,
                                      const char *data, size_t data_len);

/* Publish an event.
 *
 *   ev    as for sse_event_encode; without an id where ids are automatic
 *   tag   a subscriber with a filter sees the event only if its filter has this tag; 0: every
 *         subscriber sees it
 *   key   with SSE_JOIN_COALESCE the event replaces older ones of the same tag and key; 0: none
 *
 * Each subscriber can take any event that the history can hold: a large one passes through a small
 * queue in pieces. The event has the time of the latest tick: where ticks are seldom, tick first, or
 * a heartbeat may follow it too soon.
 *
 * Returns SSE_OK; otherwise nothing was published: SSE_E_ARG: NULL, no part at all, or an id where
 * ids are automatic; SSE_E_RANGE: retry_ms; SSE_E_TOOBIG: the history can never hold it;
 * SSE_E_FIELD: a byte that the type or the id cannot carry.
 * Cost: encoding, once; it does not depend on the number of subscribers. */
SSE_API int sse_channel_publish(sse_channel *ch, const sse_event *ev, uint64_t tag, uint64_t key);
SSE_API int sse_channel_publish_parts(sse_channel *ch, const char *type, size_t type_len,
                                      const char *id, size_t id_len, const char *data,
                                      size_t data_len, uint64_t tag, uint64_t key);

/* Ask whether publishing loses nothing, for a source that can wait.
 *
 *   len   bytes of the event as sse_event_encode measures it, without an automatic id
 *
 * Returns 1 if publishing such an event drops none that a subscriber still has to take, else 0; 0
 * for NULL. Flush before you ask: events that no subscriber was offered yet count. A subscriber
 * that has lost events already is ignored until it has caught up; a stalled one can keep this at 0
 * until a limit closes it. Cost: none while the history has room; then a visit to each subscriber.
 */
SSE_API int sse_channel_fits(sse_channel *ch, size_t len);

/* Set the time. Sends the heartbeats and farewells that are due, closes the subscribers that are
 * past a limit, releases those that a pace or turn_bytes has held: next returns them.
 *
 *   now_ms   the caller's monotonic clock, in milliseconds. If it steps back, time stands still.
 *            All functions use the time of the latest tick
 *
 * Returns SSE_OK; SSE_E_ARG: not a channel. */
SSE_API int sse_channel_tick(sse_channel *ch, uint64_t now_ms);

/* Return the next subscriber that has something to take, or that the library has closed and the
 * caller has not learned of; NULL: there is none now. */
SSE_API struct sse_subscriber *sse_channel_next(sse_channel *ch);

/* Call flush for each subscriber that next would return. Returns the next one that is closed; NULL:
 * all are served.
 *     while ((s = sse_channel_flush(&ch, sink)) != NULL) ... free s */
SSE_API struct sse_subscriber *sse_channel_flush(sse_channel *ch, sse_sink *sink);

/* Return the timeout for poll: the milliseconds until tick is due, at most INT_MAX; 0: it is due,
 * or next has a subscriber; -1: nothing will be due by itself, or ch is NULL. Taking bytes, on any
 * thread, does not make it shorter. */
SSE_API int sse_channel_timeout(const sse_channel *ch, uint64_t now_ms);

/* Send every subscriber away: each gets the events that were published before its farewell, the
 * farewell with a reconnection time of its own, and the end. The drain is complete when
 * SSE_COUNT_SUBSCRIBERS is 0.
 *
 *   type, data            the farewell, copied; type empty: "farewell". Subscribers with
 *                         SSE_JOIN_PLAIN get the end without it
 *   retry_ms, window_ms   as for sse_retry_spread; both 0: the farewell has no reconnection time
 *   over_ms               the farewells are spread over this time from now
 *   limit_ms              the channel closes each subscriber that is still there after this time
 *                         from now, with SSE_E_STALLED; 0: no limit
 *
 * Now is the time of the latest tick: tick first. From now on join returns SSE_E_STATE, and age
 * limits have no effect.
 * Returns SSE_OK; SSE_E_STATE: it drains already; SSE_E_RANGE: retry_ms is above SSE_RETRY_MAX;
 * SSE_E_ARG, SSE_E_TOOBIG, SSE_E_FIELD as for sse_channel_set_heartbeat. */
SSE_API int sse_channel_drain(sse_channel *ch, const char *type, size_t type_len, const char *data,
                              size_t data_len, uint32_t retry_ms, uint32_t window_ms,
                              uint32_t over_ms, uint32_t limit_ms);

/* Return a counter of enum sse_channel_counter; 0 for any other number, and for NULL. */
SSE_API uint64_t sse_channel_count(const sse_channel *ch, int counter);

/* Return sizeof(sse_channel). */
SSE_API size_t sse_channel_size(void);

#ifdef __cplusplus
}
#endif

#endif
