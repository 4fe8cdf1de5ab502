/* SPDX-License-Identifier: MIT */
/* fanout.h - private: the states of a subscriber, and how it moves through the lists of its
 * channel.
 *
 *     list     a subscriber that                                       is left by
 *     idle_    has taken every byte                                    publish: all to ready_
 *     ready_   may have something; or has a reason_: it is closed,     next
 *              and the caller does not know
 *     away_    is in its turn (BUSY), or waits for its pace            taking every byte; tick
 *     spent_   has had its turn_bytes                                  tick: all to ready_
 *
 * A subscriber that is in a channel is in exactly one of them. Publish visits nobody: next asks
 * whether there is anything for a subscriber, and sends it back to idle_ where there is not. */
#ifndef SSE_FANOUT_H
#define SSE_FANOUT_H

#include "list.h"
#include "timers.h"

/* sse_subscriber.state_, beside the flags of enum sse_join_flag. */
enum {
    SSE_SUB_BUSY = 0x1,      /* in its turn */
    SSE_SUB_TURN = 0x2,      /* events were offered in it: its pace lets it finish */
    SSE_SUB_MOVED = 0x4,     /* bytes were taken since the limits were looked at */
    SSE_SUB_BEATEN = 0x8,    /* a heartbeat was the last that it got */
    SSE_SUB_OWED = 0x10,     /* a gap event is owed since it joined */
    SSE_SUB_UNKNOWN = 0x20,  /* and what is missing is not known */
    SSE_SUB_LAGGED = 0x40,   /* it has lost events, and has not caught up since */
    SSE_SUB_CLOSING = 0x80,  /* its stream ends at mark_ */
    SSE_SUB_PARTING = 0x100, /* with the farewell of a drain, which is due at end_ms_ */
    SSE_SUB_AGING = 0x200,   /* end_ms_ is an age that counts from the next tick */
    SSE_SUB_SPENT = 0x400    /* its turn has ended with turn_bytes: nothing brings it back early */
};

/* A stalled subscriber is looked for after this share of its limit. */
enum { SSE_STALL_SHARE = 4 };

/* The time of a channel begins here and never goes back, whatever the caller's clock does. So the
 * time 0 is longer ago than any pace. */
#define SSE_TIME_START (UINT64_C(1) << 32)

static inline int sse_channel_is(const sse_channel *ch)
{
    return ch != NULL && ch->history_ != NULL;
}

/* Whether its pace holds events back from s. */
static inline int sse_subscriber_held(const sse_subscriber *s)
{
    return !(s->state_ & (SSE_SUB_TURN | SSE_SUB_CLOSING)) &&
           s->channel_->now_ms_ - s->turn_ms_ < s->pace_ms_;
}

/* Refuse a call: SSE_OK where s is in a channel and no sink is running. A caller that did not know
 * that s is closed knows it now. subscriber.c. */
int sse_subscriber_enter(sse_subscriber *s);

/* Take s out of its channel. subscriber.c. */
void sse_subscriber_detach(sse_subscriber *s);

/* Close s; the caller learns of it by the result of its call. Returns the reason. subscriber.c. */
int sse_subscriber_end(sse_subscriber *s, int reason);

/* Close s; the caller will learn of it. subscriber.c. */
void sse_subscriber_condemn(sse_subscriber *s, int reason);

/* Let next look at s, unless it is in its turn or has had it. subscriber.c. */
void sse_subscriber_wake(sse_subscriber *s);

/* s has something to take: it is in its turn. subscriber.c. */
void sse_subscriber_begin(sse_subscriber *s);

/* s has taken every byte that it may take now. subscriber.c. */
void sse_subscriber_rest(sse_subscriber *s);

#endif
