/* SPDX-License-Identifier: MIT */
/* notice.h - private: the events that the library itself puts into a stream.
 *
 *     place       event: place, the id, empty data           at the start
 *     gap         event: gap, the id, {"first":...}          events are missing
 *     heartbeat   as the channel says, and the id for a subscriber with a filter
 *     farewell    as the drain says, with a reconnection time */
#ifndef SSE_NOTICE_H
#define SSE_NOTICE_H

#include "sse/subscriber.h"

/* Copy the type and data of a heartbeat or farewell. Returns SSE_OK, or what
 * sse_channel_set_heartbeat documents. */
int sse_notice_set(sse_channel_text *text, const char *type, size_t type_len, const char *data,
                   size_t data_len);

/* Queue the place of s after the response head. There is room for it. */
void sse_notice_place(sse_subscriber *s);

/* Put a gap event in front of the queue, for the events from next_ up to `until` that are gone, and
 * move s past them. There is room for it. */
void sse_notice_gap(sse_subscriber *s, uint64_t until);

/* Put a heartbeat in front of the queue. There is room for it. */
void sse_notice_heartbeat(sse_subscriber *s);

/* Queue the farewell. There is room for it. */
void sse_notice_farewell(sse_subscriber *s);

#endif
