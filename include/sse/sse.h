/* sse/sse.h - libsse: Server-Sent Events, emitted right.
 *
 * This header includes all the others. What follows holds for each of them.
 *
 * What it is. Events become bytes in memory that the caller hands over, and the bytes go out
 * through whatever server the caller has. The library allocates nothing, does no I/O, and has no
 * clock, no thread, no lock, no callback of its own accord and no mutable data.
 *
 * Pointers. A pointer is not NULL unless its function says so; NULL is fine where the length
 * beside it is 0. Everything is borrowed for the call and nothing is kept, unless the function
 * says so. A range of bytes is an sse_str: NULL means absent, not NULL with length 0 means present
 * and empty. Text is UTF-8, and NUL ends nothing.
 *
 * Results. A function that can fail returns an int from sse/status.h: SSE_OK, a positive state, or
 * a negative error; below SSE_E_FATAL, close the connection. Lengths come back through an out
 * parameter, which is written on every path. A question, named as one (valid, accepts, due, idle),
 * returns 1 or 0.
 *
 * Numbers. len is bytes used, cap is bytes available. Durations end in _ms and are milliseconds;
 * now_ms is a monotonic clock of the caller's.
 *
 * Objects live in the caller's memory, may be dropped at any time without a call, and may be moved
 * or copied while no call is inside of them. All-zero memory is a valid object or is refused.
 * A channel and a subscriber hold pointers, so their headers say what holds instead.
 * Members whose names end in _ are private. Distinct objects may be used from distinct threads;
 * one object from one thread at a time.
 *
 * Spec: lines name the place in the standard that a function follows. An anchor such as
 * #authoring-notes is in the HTML standard, chapter "Server-sent events",
 * https://html.spec.whatwg.org/multipage/server-sent-events.html */
#ifndef SSE_SSE_H
#define SSE_SSE_H

#include "sse/version.h"
#include "sse/status.h"
#include "sse/text.h"
#include "sse/event.h"
#include "sse/writer.h"
#include "sse/heartbeat.h"
#include "sse/retry.h"
#include "sse/http.h"
#include "sse/history.h"
#include "sse/channel.h"
#include "sse/subscriber.h"

#endif
