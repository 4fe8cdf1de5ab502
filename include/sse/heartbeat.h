/* sse/heartbeat.h - when is a keep-alive due: arithmetic on the caller's clock, and nothing else.
 *
 * A stream that is silent gets closed by proxies, and a client that is gone goes unnoticed until
 * something is written to it. Both are cured by a few bytes now and then:
 *
 *     if (sse_heartbeat_due(&hb, now_ms) && sse_writer_idle(w))
 *         sse_writer_send(w, &beat);
 *
 * The shape of the beat is the caller's: an sse_event with an empty comment is the smallest, ":"
 * and a blank line; an event of type "ping" is one that a page can see. A closed peer is noticed
 * after two intervals at the latest, one that vanished after the kernel's send timeout beside. */
#ifndef SSE_HEARTBEAT_H
#define SSE_HEARTBEAT_H

#include "sse/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The interval that the standard advises.
 * Spec: #authoring-notes, "a comment line every 15 seconds or so". */
#define SSE_HEARTBEAT_MS 15000u

/* The timer. All-zero is one that never beats. */
typedef struct sse_heartbeat {
    uint64_t last_ms_;     /* when traffic, or a beat, was last seen */
    uint32_t interval_ms_; /* 0: never */
} sse_heartbeat;

/* Start the timer.
 *
 *   hb            the timer, in any state
 *   interval_ms   milliseconds of silence before a beat; SSE_HEARTBEAT_MS is a good one; 0: never
 *   now_ms        the caller's monotonic clock, in milliseconds; any width, see sse_heartbeat_due
 *
 * Returns SSE_OK; SSE_E_ARG where hb is NULL. */
SSE_API int sse_heartbeat_init(sse_heartbeat *hb, uint32_t interval_ms, uint64_t now_ms);

/* Tell the timer that bytes went to the client: the silence starts anew.
 * Returns as sse_heartbeat_init. */
SSE_API int sse_heartbeat_touch(sse_heartbeat *hb, uint64_t now_ms);

/* Say when the next beat is due.
 *
 *   wait_ms   out: milliseconds until then; 0: now; UINT64_MAX: never; always written
 *
 * For the timeout of poll and its kin. Changes nothing: a beat stays due until sse_heartbeat_due
 * has told of it. Returns as sse_heartbeat_init; SSE_E_ARG also where wait_ms is NULL. */
SSE_API int sse_heartbeat_wait(const sse_heartbeat *hb, uint64_t now_ms, uint64_t *wait_ms);

/* Ask whether a beat is due, and start the next interval if it is.
 *
 * Returns 1 at most once an interval, else 0; 0 for NULL. So a beat that cannot be sent, because
 * the client is stalled and has bytes pending, is left out and does not turn a loop into a spin.
 *
 * A clock that steps back, or wraps at 32 or at 64 bits, counts as no time passed: the step can
 * delay a beat by one interval from the next call of this function. A step forward makes one beat
 * due, however far it goes. */
SSE_API int sse_heartbeat_due(sse_heartbeat *hb, uint64_t now_ms);

/* Tell sizeof(sse_heartbeat), for bindings that lay it out by hand. */
SSE_API size_t sse_heartbeat_size(void);

#ifdef __cplusplus
}
#endif

#endif
