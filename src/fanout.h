/* fanout.h - private: what channel.c and subscriber.c know of each other.
 *
 * A subscriber is in one of the four lists of its channel, or in hand: in a list of the function
 * that works on it, which takes it out of there before it calls anything of the caller's. So a list
 * can be gone through whatever the callbacks do. While its own sink is called it is busy, and its
 * leaving waits until the sink has returned; otherwise a subscriber is not touched any more after a
 * callback that could have made it leave. */
#ifndef SSE_FANOUT_H
#define SSE_FANOUT_H

#include "log.h"
#include "queue.h"
#include "sse/subscriber.h"

/* sse_channel.lists_: all but the last are owed bytes. */
enum { SSE_READY, SSE_BLOCKED, SSE_PACED, SSE_DRAINED, SSE_LISTS };

/* sse_subscriber.state_, beside the flags that it joined with. */
enum {
    SSE_SUB_DRAINED = 0x10,  /* in the list of that name */
    SSE_SUB_PACED = 0x20,    /* likewise */
    SSE_SUB_FIRST = 0x40,    /* the writer goes first, until it is empty */
    SSE_SUB_OWED = 0x80,     /* a gap event is owed since the subscriber joined */
    SSE_SUB_UNKNOWN = 0x100, /* what it has missed cannot be said */
    SSE_SUB_LAGGED = 0x200,  /* it has lost events, and has not been drained since */
    SSE_SUB_CLOSING = 0x400, /* its stream ends at turn_ */
    SSE_SUB_BUSY = 0x800,    /* its sink is being called */
    SSE_SUB_LEFT = 0x1000    /* it leaves when the sink has returned */
};

static inline void sse_list_init(sse_link *list)
{
    list->next_ = list;
    list->previous_ = list;
}

static inline int sse_list_is_empty(const sse_link *list)
{
    return list->next_ == list;
}

/* The first subscriber, or the one that follows another one; only where there is one. */
static inline sse_subscriber *sse_list_next(const sse_link *link)
{
    return (sse_subscriber *)(void *)link->next_; /* the link is its first member */
}

/* Take a subscriber out of the list that it is in; it stands alone then. */
static inline void sse_list_remove(sse_subscriber *s)
{
    s->link_.next_->previous_ = s->link_.previous_;
    s->link_.previous_->next_ = s->link_.next_;
    sse_list_init(&s->link_);
}

/* Move a subscriber to the end of a list. */
static inline void sse_list_move(sse_link *list, sse_subscriber *s)
{
    sse_list_remove(s);
    s->link_.next_ = list;
    s->link_.previous_ = list->previous_;
    list->previous_->next_ = &s->link_;
    list->previous_ = &s->link_;
}

/* Move all of a list to the front of another one. */
static inline void sse_list_splice(sse_link *list, sse_link *from)
{
    if (sse_list_is_empty(from))
        return;
    from->previous_->next_ = list->next_;
    list->next_->previous_ = from->previous_;
    list->next_ = from->next_;
    from->next_->previous_ = list;
    sse_list_init(from);
}

/* A time so much later, or never. */
static inline uint64_t sse_later(uint64_t now_ms, uint64_t by_ms)
{
    return by_ms < UINT64_MAX - now_ms ? now_ms + by_ms : UINT64_MAX;
}

/* Tell whether an event can be said to all subscribers, each by itself: SSE_OK, or what
 * sse_event_encode says of it; SSE_E_ARG where it has an id. channel_time.c. */
int sse_private_check(const sse_event *ev);

/* Queue a private event and wake nobody. Returns as sse_subscriber_send. subscriber.c. */
int sse_subscriber_queue(sse_subscriber *s, const sse_event *ev);

/* There is something for a drained subscriber: wake it, or let it wait for its pace. Returns 1 if
 * it was woken; it may be gone then. subscriber.c. */
int sse_subscriber_rouse(sse_subscriber *s);

/* Take a subscriber out of its channel, for a reason that on_close is told. It is gone then.
 * subscriber.c. */
void sse_subscriber_end(sse_subscriber *s, int reason);

/* Put the gap event into the empty writer, and skip what is missing. subscriber_gap.c. */
void sse_subscriber_tell_gap(sse_subscriber *s);

/* Find what the transport gets next. Returns SSE_OK, SSE_AGAIN, or the reason to close s.
 * subscriber_offer.c. */
int sse_subscriber_offer(sse_subscriber *s, const void **bytes, size_t *len);

/* Copy into the writer what is to go through it, as far as it fits. Returns SSE_OK, or the reason
 * to close s when the writer is empty. subscriber_offer.c. */
int sse_subscriber_stage(sse_subscriber *s);

#endif
