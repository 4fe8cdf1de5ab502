/* SPDX-License-Identifier: MIT */
/* sse/heartbeat.h - when a heartbeat is due: arithmetic on the caller's clock, and nothing else.
 *
 * Proxies close a stream that is silent, and a server does not notice that a client is gone until
 * it writes to it. A few bytes now and then help against both:
 *
 *     if (sse_heartbeat_take(&hb, now_ms) && sse_writer_idle(w))
 *         sse_writer_send(w, &beat);
 *
 * The caller chooses the event. One with an empty comment is the smallest: ":" and a blank line.
 * One of type "ping" is visible to a page. A server notices a client that closed its connection
 * after two intervals at most, and one that vanished after the send timeout of its kernel in
 * addition. */
#ifndef SSE_HEARTBEAT_H
#define SSE_HEARTBEAT_H

#include "sse/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The interval that the standard recommends, in milliseconds.
 * Spec: #authoring-notes, "a comment line every 15 seconds or so". */
enum { SSE_HEARTBEAT_MS = 15000 };

/* The timer. If it is all zero, it never beats. */
typedef struct sse_heartbeat {
    uint64_t last_ms_;     /* when the last traffic or the last beat was */
    uint32_t interval_ms_; /* 0: never */
} sse_heartbeat;

/* Starts the timer.
 *
 *   hb            the timer, in any state
 *   interval_ms   milliseconds of silence before a beat, such as SSE_HEARTBEAT_MS; 0: never
 *   now_ms        the caller's monotonic clock, in milliseconds, of 32 or 64 bits
 *
 * Returns SSE_OK; SSE_E_ARG where hb is NULL. */
SSE_API int sse_heartbeat_init(sse_heartbeat *hb, uint32_t interval_ms, uint64_t now_ms);

/* Notifies the timer that bytes went to the client: the silence starts again.
 *
 * Returns SSE_OK; SSE_E_ARG where hb is NULL. */
SSE_API int sse_heartbeat_touch(sse_heartbeat *hb, uint64_t now_ms);

/* Gets the time until the next beat, as the timeout of poll.
 *
 * Returns milliseconds, at most INT_MAX; 0: a beat is due; -1: never, also where hb is NULL. It
 * changes nothing: the beat stays due until sse_heartbeat_take has returned 1.
 * Spec: none. */
SSE_API int sse_heartbeat_timeout(const sse_heartbeat *hb, uint64_t now_ms);

/* Takes the beat if one is due, and starts the next interval.
 *
 * Returns 1 where a beat was due, at most once an interval; else 0, also where hb is NULL. A beat
 * that cannot be sent, because the client stalls and has bytes pending, is left out: so it does not
 * make a loop spin.
 *
 * A clock that steps back, or wraps at 32 or 64 bits, counts as no time passed: the step delays a
 * beat by one interval at most, counted from the next call of this function. After a step forward
 * one beat is due, however large the step is. */
SSE_API int sse_heartbeat_take(sse_heartbeat *hb, uint64_t now_ms);

/* The constants, for bindings: sizeof(sse_heartbeat), and SSE_HEARTBEAT_MS. */
SSE_API size_t sse_heartbeat_size(void);
SSE_API uint32_t sse_heartbeat_default_ms(void);

#ifdef __cplusplus
}
#endif

#endif
