/* SPDX-License-Identifier: MIT */
/* timers.h - private: the deadlines of a channel's subscribers, the earliest one first.
 *
 * due_ms_ of a subscriber is never later than what is due for it first, and may be earlier: so
 * taking bytes, which moves deadlines on, does not touch the timers. A tick that comes too early
 * for a subscriber computes its deadline anew.
 *
 *     timers_         a pairing heap: no child is due before its parent
 *        |
 *       [s] child_--> [s] sibling_--> [s]       before_: the sibling before, or the parent
 *                      | child_
 *                     [s]
 */
#ifndef SSE_TIMERS_H
#define SSE_TIMERS_H

#include "sse/subscriber.h"

#define SSE_NEVER UINT64_MAX

/* Take s out of the timers, if it is there. */
void sse_timers_remove(sse_channel *ch, sse_subscriber *s);

/* Let s be due at a time, or at the time that it has if that is earlier. */
void sse_timers_advance(sse_channel *ch, sse_subscriber *s, uint64_t due_ms);

#endif
