/* sse/subscriber.h - one client of a channel: joins, is served, leaves.
 *
 *                 wake                     drained                   what is done for it
 *     join --> READY --------> flush, peek, read --------> DRAINED   a publish wakes it
 *                ^ |                                       PACED     woken when it is time
 *     writable:  | | the sink would block
 *     flush, peek| v
 *              BLOCKED                                               nothing
 *
 * Its bytes are the events of the log from its cursor on, and between them, never inside one, what
 * was queued for it alone: the response head, private events, heartbeats, gap events. A private
 * event comes behind all that was published before it; where some of that is lost, private events
 * that wait come first, and then the gap event.
 *
 * Push: give a sink; sse_channel_flush calls it when there is something, sse_subscriber_flush when
 * the transport can take more. What a sink refuses it is offered again, and more behind it; with
 * SSE_STAGED the same bytes again, as TLS libraries require. Pull: sse_subscriber_read, or peek and
 * consume; when they have said SSE_AGAIN, wake is called once, as soon as there is more, unless
 * they were called again and have found it.
 *
 * When a subscriber is closed it has left the channel, and on_close is called: once, as the last
 * thing that is done with it. From then on the memory of it and its writer is the caller's. */
#ifndef SSE_SUBSCRIBER_H
#define SSE_SUBSCRIBER_H

#include "sse/channel.h"
#include "sse/writer.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct sse_subscriber sse_subscriber;

/* There is something to take, where there was nothing. */
typedef void sse_wake(void *user, sse_subscriber *s);

/* A subscriber has been closed. Reasons:
 *
 *   SSE_OK         it left, by sse_subscriber_leave
 *   SSE_END        its stream is complete, and all of it was taken
 *   SSE_GAP        it was too slow: the log has dropped what comes next, and SSE_SKIP is not set
 *   SSE_E_TORN     so it has, and the transport had a part of it
 *   SSE_E_IO       the sink failed
 *   SSE_E_TOOBIG   it is staged, and its writer is too small for an event
 *   SSE_E_STATE    likewise, and its writer takes none: it was closed, or has an open event */
typedef void sse_on_close(void *user, sse_subscriber *s, int reason);

/* sse_join.flags, beside SSE_COALESCE. */
#define SSE_SKIP     2u /* too slow: get a gap event and go on with the oldest; else it is closed */
#define SSE_FROM_LOG 4u /* without a last event ID: begin with the oldest; else with what comes */
#define SSE_STAGED   8u /* offer copies in the writer: for transports that hold on to the bytes */

/* The least capacity of the writer. */
#define SSE_SUBSCRIBER_QUEUE_MIN 256

/* How a subscriber is served. All-zero but for the writer is one that pulls. */
typedef struct sse_join {
    sse_writer *writer;     /* its own, of the framing of the log; the response head may be in it */
    sse_sink *sink;         /* push; NULL: pull */
    sse_wake *wake;         /* NULL: not wanted */
    sse_on_close *on_close; /* NULL: not wanted */
    sse_filter *filter;     /* NULL: it may see all events */
    void *user;             /* for all of these */
    uint32_t flags;         /* SSE_COALESCE, SSE_SKIP, SSE_FROM_LOG, SSE_STAGED */
    uint32_t pace_ms;       /* the least time from one wake to the next; 0: none */
} sse_join;

/* Visible so that it can be a member; all members are private. At most 160 bytes. */
struct sse_subscriber {
    sse_link link_;        /* in a list of the channel; first */
    sse_channel *channel_; /* NULL: it is in none */
    sse_writer *writer_;
    sse_sink *sink_;
    sse_wake *wake_;
    sse_on_close *on_close_;
    sse_cursor cursor_;
    size_t first_;      /* bytes of the writer that go ahead of the log */
    uint64_t turn_;     /* the others' turn comes when the cursor is here */
    uint64_t since_ms_; /* when it was last drained */
    uint64_t woken_ms_; /* when it was last woken */
    uint32_t pace_ms_;
    uint32_t state_;
};

/* Join a channel.
 *
 *   s         in any state but joined; the caller's memory until on_close, like the writer's
 *   how       read during the call
 *   last_id   the client's last event ID, as sse_http_last_event_id gives it; NULL where len is 0:
 *             it is new, and begins with what comes, or as SSE_FROM_LOG says
 *
 * With SSE_COALESCE, SSE_FROM_LOG is a snapshot: the newest event of each key that the log has.
 *
 * A gap event is one of type "gap", its data a JSON object: {"first":"e-7","last":"e-9","count":3},
 * the ids of the first and last event that were lost, and their number; each null where it cannot
 * be said, or must not be, for those who see a part. Its id is the place behind what was lost, so
 * that who comes back from there is not told again; it has none for those who see a part, or where
 * ids are the caller's. Then comes the oldest event of the log. Where it cannot be known whether
 * something is missing, there is a gap.
 *
 * Returns SSE_OK; SSE_GAP: it has joined, and is told of a gap; else it has not:
 *   SSE_E_ARG     s or how is NULL, the writer is none, not of the log's framing or too small, or a
 *                 flag is unknown;
 *   SSE_E_STATE   the channel drains. Answer 503, or a stream of retry_ms and its end. */
SSE_API int sse_channel_join(sse_channel *ch, sse_subscriber *s, const sse_join *how,
                             const char *last_id, size_t len);

/* Queue an event for this subscriber alone. Returns as sse_writer_send: SSE_AGAIN is backpressure;
 * where it is staged, also until what was published before fits. SSE_E_STATE after close. It is
 * refused an id where ids are automatic: SSE_E_ARG. */
SSE_API int sse_subscriber_send(sse_subscriber *s, const sse_event *ev);

/* The transport: as sse_writer_peek, consume and read, SSE_OK, SSE_AGAIN or SSE_E_STATE from inside
 * of the sink; SSE_E_ARG as these, where s is in no channel, too. Any other result, and SSE_E_STATE
 * elsewhere, says that s has just been closed, for this reason. */
SSE_API int sse_subscriber_peek(sse_subscriber *s, const void **bytes, size_t *len);
SSE_API int sse_subscriber_consume(sse_subscriber *s, size_t n);
SSE_API int sse_subscriber_read(sse_subscriber *s, void *dst, size_t cap, size_t *len);

/* Push to the sink until s is drained, or the sink would block: when it can take more again, call
 * this. Returns SSE_OK, SSE_AGAIN where it would block; SSE_E_STATE where there is no sink, or from
 * inside of it; SSE_END where the sink made it leave; else s has just been closed, for this
 * reason. */
SSE_API int sse_subscriber_flush(sse_subscriber *s);

/* End the stream: s gets what was published until now, and what is queued for it, then the end.
 * Returns SSE_OK. */
SSE_API int sse_subscriber_close(sse_subscriber *s);

/* Leave at once; on_close is called, or will be when a call that is inside of s has returned.
 * For a connection that is lost. Returns SSE_OK; SSE_E_STATE where s has not joined, or has left.
 */
SSE_API int sse_subscriber_leave(sse_subscriber *s);

/* Tell the sizes of the structs, for bindings. */
SSE_API size_t sse_subscriber_size(void);
SSE_API size_t sse_join_size(void);

#ifdef __cplusplus
}
#endif

#endif
