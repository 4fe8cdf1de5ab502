/* fanout.h - private: what channel.c and subscriber.c know of each other.
 *
 * A subscriber is in one of the lists of its channel, always, so that whoever looks for it finds
 * it. A function that calls back for each of a list takes them from a list of its own, one by one,
 * and puts each where it belongs before it calls; when it is called again from inside, the inner
 * call takes the rest, and the outer one finds nothing more to do. While its own sink is called a
 * subscriber is busy, and its leaving waits until the sink has returned; otherwise a subscriber is
 * not touched any more after a callback that could have made it leave. */
#ifndef SSE_FANOUT_H
#define SSE_FANOUT_H

#include "log.h"
#include "queue.h"
#include "sse/subscriber.h"

/* sse_channel.lists_. Those ahead of SSE_QUIET are owed bytes. */
enum {
    SSE_READY,    /* woken, to be flushed */
    SSE_FLUSHING, /* the flush that runs will come to them */
    SSE_BLOCKED,  /* it is their transport that must ask next */
    SSE_PACED,    /* there is something, and it is too soon */
    SSE_DUE,      /* of these, whom the tick that runs will come to */
    SSE_WAKING,   /* drained, whom the publish that runs will come to */
    SSE_QUIET,    /* of these, who gets nothing by it */
    SSE_DRAINED,  /* in the order of since_ms_ */
    SSE_LISTS
};

/* sse_subscriber.state_, beside the flags that it joined with. */
enum {
    SSE_SUB_DRAINED = 0x10,  /* in the list of that name */
    SSE_SUB_PACED = 0x20,    /* likewise */
    SSE_SUB_OWED = 0x40,     /* a gap event is owed since the subscriber joined */
    SSE_SUB_UNKNOWN = 0x80,  /* what it has missed cannot be said */
    SSE_SUB_LAGGED = 0x100,  /* it has lost events, and has not been drained since */
    SSE_SUB_CLOSING = 0x200, /* its stream ends at turn_, */
    SSE_SUB_PARTING = 0x400, /* with the farewell of a drain */
    SSE_SUB_BUSY = 0x800,    /* its sink is being called */
    SSE_SUB_LEFT = 0x1000,   /* it leaves when the sink has returned */
    SSE_SUB_PLAIN = 0x2000   /* all it has is a sink: no wake, no filter, no pace */
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

/* Take a subscriber out of the list that it is in. */
static inline void sse_list_remove(const sse_subscriber *s)
{
    s->link_.next_->previous_ = s->link_.previous_;
    s->link_.previous_->next_ = s->link_.next_;
}

/* Put a subscriber that is in no list at the end of one. */
static inline void sse_list_append(sse_link *list, sse_subscriber *s)
{
    s->link_.next_ = list;
    s->link_.previous_ = list->previous_;
    list->previous_->next_ = &s->link_;
    list->previous_ = &s->link_;
}

/* Move a subscriber to the end of a list. */
static inline void sse_list_move(sse_link *list, sse_subscriber *s)
{
    sse_list_remove(s);
    sse_list_append(list, s);
}

/* Move all of a list, be it empty, to the front of another one. */
static inline void sse_list_splice(sse_link *list, sse_link *from)
{
    from->previous_->next_ = list->next_;
    list->next_->previous_ = from->previous_;
    list->next_ = from->next_;
    from->next_->previous_ = list;
    sse_list_init(from);
}

/* Move those that stand ahead of `stop`, in a list or at its end, to the end of another list. */
static inline void sse_list_move_front(sse_link *list, sse_link *from, sse_link *stop)
{
    sse_link *const first = from->next_;
    sse_link *const last = stop->previous_;

    if (first == stop)
        return;
    from->next_ = stop;
    stop->previous_ = from;
    first->previous_ = list->previous_;
    list->previous_->next_ = first;
    last->next_ = list;
    list->previous_ = last;
}

static inline int sse_channel_is(const sse_channel *ch)
{
    return ch != NULL && ch->log_ != NULL;
}

/* Whether s is in a channel. */
static inline int sse_subscriber_is(const sse_subscriber *s)
{
    return s != NULL && s->channel_ != NULL;
}

/* Where a subscriber is for whom there is something. */
static inline sse_link *sse_subscriber_awake(const sse_subscriber *s)
{
    return &s->channel_->lists_[s->sink_ ? SSE_READY : SSE_BLOCKED];
}

/* A subscriber is owed what begins at its cursor: the log does not drop that unnoticed. */
static inline void sse_subscriber_owe(const sse_subscriber *s)
{
    if (s->cursor_.next_ < s->channel_->lowest_)
        s->channel_->lowest_ = s->cursor_.next_;
}

/* A subscriber has taken everything. */
static inline void sse_subscriber_rest(sse_subscriber *s)
{
    sse_channel *const ch = s->channel_;

    s->state_ = (s->state_ & ~(uint32_t)SSE_SUB_LAGGED) | SSE_SUB_DRAINED;
    s->since_ms_ = ch->now_ms_;
    sse_list_move(&ch->lists_[SSE_DRAINED], s);
}

/* A time so much later, or never. */
static inline uint64_t sse_later(uint64_t now_ms, uint64_t by_ms)
{
    return by_ms < UINT64_MAX - now_ms ? now_ms + by_ms : UINT64_MAX;
}

/* Tell whether an event can be said beside those of the log: SSE_OK, or what sse_event_encode says
 * of it; SSE_E_ARG where it has an id, and may have none. subscriber.c. */
int sse_private_check(const sse_event *ev, int may_have_id);

/* There is something for a drained subscriber: wake it, or let it wait for its pace. Returns 1 if
 * it was woken; it may be gone then. subscriber.c. */
int sse_subscriber_rouse(sse_subscriber *s);

/* Wake those at the front of a list for whom there is certainly something, and nobody is to be
 * called back. crowd.c. */
void sse_crowd_wake(sse_channel *ch, sse_link *waking, sse_published *result);

/* Go on after a sink was called: what it returned, what it was offered, and what it took. s may be
 * gone then. subscriber_serve.c. */
void sse_subscriber_heed(sse_subscriber *s, int sunk, size_t len, size_t taken);

/* Take a subscriber out of its channel, for a reason that on_close is told. It is gone then.
 * subscriber.c. */
void sse_subscriber_end(sse_subscriber *s, int reason);

/* Put the end of the stream into the writer, and the farewell ahead of it, where one is to be said:
 * unless there is no room for it now. channel_time.c. */
void sse_subscriber_part(sse_subscriber *s);

/* Put the gap event into the empty writer, and skip what is missing. subscriber_gap.c. */
void sse_subscriber_tell_gap(sse_subscriber *s);

/* Find what the transport gets next. Returns SSE_OK, SSE_AGAIN, or the reason to close s.
 * subscriber_offer.c. */
int sse_subscriber_offer(sse_subscriber *s, const void **bytes, size_t *len);

/* Copy into the writer what is to go through it, as far as it fits. Returns SSE_OK, or the reason
 * to close s when the writer is empty. subscriber_offer.c. */
int sse_subscriber_stage(sse_subscriber *s);

#endif
