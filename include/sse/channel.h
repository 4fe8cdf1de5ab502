/* sse/channel.h - fan-out: publish once, deliver to any number of subscribers of one log.
 *
 *                    +-----+        peek          +------------+  flush, read
 *     publish -----> | log | -------------------> | subscriber | -------------> socket, server
 *                    +-----+ \                    +------------+
 *                             \---------------->  | subscriber |
 *
 * Publishing encodes the event once, into the log, and wakes who waits for one. It does no I/O:
 * bytes move when a server asks a subscriber for them, or in sse_channel_flush, once a turn of the
 * server's loop, so that events which came together leave together. Who is slow is left alone, and
 * costs its own struct; when the log has dropped what it still wanted, its policy says what then.
 * What a subscriber is, and how it is served, is in sse/subscriber.h.
 *
 * A turn of a loop:
 *
 *     sse_channel_tick(&channel, now_ms);            heartbeats, pace, drain
 *     ... sse_channel_publish(&channel, ...) ...
 *     sse_channel_flush(&channel);
 *     sse_channel_wait(&channel, &wait_ms);          for poll
 *
 * A channel, its log and its subscribers are one object as far as threads go, point at each other,
 * and so must not be moved. Everything may be called from everywhere, but for a filter: publish,
 * join and leave from a sink, a wake or an on_close. Each function that returns a status returns
 * SSE_E_ARG for a channel that is NULL or all zero. */
#ifndef SSE_CHANNEL_H
#define SSE_CHANNEL_H

#include "sse/cursor.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What has happened, since the start unless said otherwise. */
typedef struct sse_counters {
    uint64_t subscribers; /* there are now */
    uint64_t joined;      /* have come */
    uint64_t resumed;     /* of those with a last event ID: the log had what they had missed */
    uint64_t missed;      /* of those: it had not, and they were told of a gap */
    uint64_t events;      /* published */
    uint64_t bytes;       /* of these, encoded */
    uint64_t delivered;   /* bytes that were taken, over all subscribers */
    uint64_t woken;       /* times that a subscriber was woken */
    uint64_t lagged;      /* times that one fell behind by more than the log */
    uint64_t gaps;        /* gap events */
    uint64_t closed;      /* subscribers that the library has closed, but for a complete stream */
    uint64_t heartbeats;
} sse_counters;

/* Subscribers in a ring: private. */
typedef struct sse_link {
    struct sse_link *next_, *previous_;
} sse_link;

/* Visible so that it can be a member; all members are private. */
typedef struct sse_channel {
    sse_replay *log_;           /* NULL: not a channel */
    sse_link lists_[8];         /* who is ready, blocked, paced, drained */
    const sse_event *beat_;     /* what heartbeats are */
    const sse_event *farewell_; /* what a drain says */
    uint64_t now_ms_;           /* as of the latest tick */
    uint64_t lowest_;           /* no subscriber that is owed bytes stands ahead of it */
    uint64_t paced_ms_;         /* when the first of the paced is due */
    uint64_t drain_ms_;         /* when the drain began */
    uint64_t drain_total_;      /* subscribers then */
    uint64_t drain_closed_;     /* how many of them have had their farewell */
    uint64_t farewells_;        /* that were said: no two with the same reconnection time */
    uint32_t drain_over_ms_;
    uint32_t retry_ms_, retry_window_ms_;
    uint32_t heartbeat_ms_;
    uint32_t draining_;
    sse_counters counters_;
} sse_channel;

/* Start a channel.
 *
 *   ch            in any state, but without subscribers
 *   log           borrowed for as long as the channel is used; append to it by publishing only
 *   heartbeat_ms  silence before a heartbeat; SSE_HEARTBEAT_MS is a good one; 0: never
 *   beat          what it is, borrowed for good; without an id; NULL: an empty comment
 *   now_ms        the clock of sse_channel_tick
 *
 * Returns SSE_OK; SSE_E_ARG also where the log is none; what sse_event_encode says of the beat. */
SSE_API int sse_channel_init(sse_channel *ch, sse_replay *log, uint32_t heartbeat_ms,
                             const sse_event *beat, uint64_t now_ms);

/* What came of publishing an event. */
typedef struct sse_published {
    uint64_t number;  /* its number in the log */
    uint32_t woken;   /* subscribers that had nothing to do */
    uint32_t waiting; /* others, that have bytes to take, or must wait for their pace */
    uint32_t lagged;  /* those of them that have now lost events */
    uint32_t closed;  /* those of them that were closed for it */
} sse_published;

/* Publish an event: append it to the log, and wake whoever waits.
 *
 *   ev, tag, key   as for sse_replay_append
 *   result         out: what came of it; all zero where nothing was published; NULL: not wanted
 *
 * Returns as sse_replay_append.
 * Cost: encoding once, and a visit to each subscriber that is drained; none to one that is not,
 * unless it loses events. */
SSE_API int sse_channel_publish(sse_channel *ch, const sse_event *ev, uint64_t tag, uint64_t key,
                                sse_published *result);

/* Tell whether an event of len bytes, as sse_replay_fits counts, can be published so that no
 * subscriber loses one that it still wants: for a source that can wait. Those that have lost events
 * are not waited for, until they have caught up. Returns 1 or 0; 0 for NULL. */
SSE_API int sse_channel_fits(sse_channel *ch, size_t len);

/* Push to every subscriber that was woken and has a sink, until it is drained or its sink would
 * block. Returns SSE_OK. */
SSE_API int sse_channel_flush(sse_channel *ch);

/* Say what time it is, and do what is due: heartbeats, subscribers whose pace is up, the next
 * farewells of a drain. They are woken by it, not flushed.
 *
 *   now_ms   the caller's monotonic clock; a step back delays what is due by no more than its
 *            interval
 *
 * Returns SSE_OK. Cost: what is due, and, when something is, a visit to each that is paced. */
SSE_API int sse_channel_tick(sse_channel *ch, uint64_t now_ms);

/* Say when the next tick is due, for the timeout of poll and its kin; ask right ahead of it.
 *
 *   wait_ms   out: milliseconds from the latest tick; UINT64_MAX: when something else has happened;
 *             0 also where there is something to flush; always written
 *
 * Returns SSE_OK. */
SSE_API int sse_channel_wait(const sse_channel *ch, uint64_t *wait_ms);

/* Send everyone away, a few at a time: each gets the events that it is owed, the farewell with a
 * reconnection time of its own, and the end of its stream. No one can join any more.
 *
 *   farewell          NULL: only the reconnection time; borrowed until all are gone
 *   retry_ms          the least reconnection time,
 *   retry_window_ms   and how far to spread it: see sse_retry_spread; both 0: as the farewell says
 *   over_ms           the time over which to spread the farewells; sse_channel_tick sends them
 *
 * Whoever does not take them stays until it leaves; whose writer is too small for the farewell gets
 * the end alone. Repeated, it changes the time that is left.
 * Returns SSE_OK; what sse_event_encode says of the farewell. */
SSE_API int sse_channel_drain(sse_channel *ch, const sse_event *farewell, uint32_t retry_ms,
                              uint32_t retry_window_ms, uint32_t over_ms);

/* Read the counters, into what out points at. Returns SSE_OK. */
SSE_API int sse_channel_counters(const sse_channel *ch, sse_counters *out);

/* Tell the sizes of the structs, for bindings. */
SSE_API size_t sse_channel_size(void);
SSE_API size_t sse_counters_size(void);
SSE_API size_t sse_published_size(void);

#ifdef __cplusplus
}
#endif

#endif
