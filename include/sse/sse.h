/* SPDX-License-Identifier: MIT */
/* sse/sse.h - libsse: Server-Sent Events, emitted right. This header includes all the others.
 *
 *   Start here
 *     event.h          one event to bytes
 *     writer.h         one client: a bounded queue of whole events
 *     http.h           the response head, refusals, preflights
 *     http_request.h   Accept, Last-Event-ID
 *   Many clients
 *     channel.h        publish an event once, deliver it to every subscriber
 *     subscriber.h     one client of a channel: join, take bytes, resume, be closed
 *     history.h        the latest events, which a channel publishes to and clients resume from
 *   Seldom needed
 *     text.h           what is UTF-8, an event type, an id; whole characters, repair
 *     heartbeat.h      when a keep-alive is due, for a writer without a channel
 *     retry.h          a reconnection time for each client, so that they do not return at once
 *     status.h, version.h, base.h
 *
 * What follows holds for each of them.
 *
 * The library turns events into bytes in the caller's memory; the caller's server moves the bytes.
 * It allocates nothing, does no I/O, stores no function pointer, and has no clock, no thread, no
 * lock and no mutable data.
 *
 * Pointers. A pointer is not NULL unless its function says so; NULL is fine where the length next
 * to it is 0. Memory is borrowed for the call unless the function says so. A range of bytes is an
 * sse_str: NULL means absent; not NULL with length 0 means present and empty. Text is UTF-8, and a
 * NUL byte ends nothing.
 *
 * Results. A function that can fail returns an int from sse/status.h: SSE_OK, a positive state, or
 * a negative error. Below SSE_E_FATAL the connection is over. Lengths come back through an out
 * parameter, which is written on every path; NULL for it is SSE_E_ARG. Functions named valid,
 * accepts, fits, idle and the like return 1 or 0.
 *
 * Numbers. len is bytes used, cap is bytes available. Durations end in _ms and are milliseconds;
 * now_ms is a monotonic clock of the caller's. The bits of all flags are disjoint.
 *
 * Bindings. sse_x_parts is sse_x without a struct: the parts of an event stand in wire order (type,
 * id, data), and data is always present. Sizes and constants exist as functions, too.
 *
 * Objects live in the caller's memory. A writer, a history and a heartbeat hold no pointers: they
 * may be dropped at any time, and moved or copied between calls. A channel and its subscribers hold
 * pointers; sse/channel.h says what holds for them. All-zero memory is a valid object or is
 * refused. Members whose names end in _ are private. Distinct objects may be used from distinct
 * threads, one object from one thread at a time.
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
#include "sse/http_request.h"
#include "sse/history.h"
#include "sse/channel.h"
#include "sse/subscriber.h"

#endif
