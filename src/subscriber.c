/* SPDX-License-Identifier: MIT */
/* A subscriber: how it moves between the lists of its channel, what it may see and when, how it is
 * closed. How it joins: subscriber_join.c; how it takes bytes: subscriber_take.c. */
#include "sse/subscriber.h"

#include "encode.h"
#include "fanout.h"
#include "history_layout.h"
#include "queue.h"
#include "reader.h"

int sse_subscriber_enter(sse_subscriber *s)
{
    if (s == NULL)
        return SSE_E_ARG;
    if (s->channel_ != NULL) {
        if (s->channel_->sinking_)
            return SSE_E_BUSY;
        if (s->reason_ == SSE_OK)
            return SSE_OK;
        sse_subscriber_detach(s);
    }
    return s->reason_ != SSE_OK ? s->reason_ : SSE_E_STATE;
}

void sse_subscriber_detach(sse_subscriber *s)
{
    sse_list_remove(s);
    sse_timers_remove(s->channel_, s);
    s->channel_->counters_[SSE_COUNT_SUBSCRIBERS]--;
    s->channel_ = NULL;
}

/* Note why s is closed. */
static void set_reason(sse_subscriber *s, int reason)
{
    s->reason_ = reason;
    if (reason < SSE_E_FATAL)
        s->channel_->counters_[SSE_COUNT_CLOSED]++;
}

int sse_subscriber_end(sse_subscriber *s, int reason)
{
    set_reason(s, reason);
    sse_subscriber_detach(s);
    return reason;
}

void sse_subscriber_condemn(sse_subscriber *s, int reason)
{
    set_reason(s, reason);
    s->state_ &= ~(uint32_t)SSE_SUB_BUSY;
    sse_list_move(&s->channel_->ready_, s);
}

void sse_subscriber_wake(sse_subscriber *s)
{
    if (!(s->state_ & (SSE_SUB_BUSY | SSE_SUB_SPENT)))
        sse_list_move(&s->channel_->ready_, s);
}

void sse_subscriber_begin(sse_subscriber *s)
{
    sse_channel *const ch = s->channel_;

    if (s->state_ & SSE_SUB_BUSY)
        return;
    s->state_ = (s->state_ & ~(uint32_t)SSE_SUB_SPENT) | SSE_SUB_BUSY | SSE_SUB_MOVED;
    s->since_ms_ = ch->now_ms_;
    sse_list_move(&ch->away_, s);
    if (s->stall_ms_ > 0)
        sse_timers_advance(ch, s, ch->now_ms_ + s->stall_ms_ / SSE_STALL_SHARE);
}

void sse_subscriber_rest(sse_subscriber *s)
{
    sse_channel *const ch = s->channel_;

    s->state_ &= ~(uint32_t)(SSE_SUB_BUSY | SSE_SUB_SPENT | SSE_SUB_TURN | SSE_SUB_LAGGED);
    if (sse_subscriber_held(s)) {
        sse_list_move(&ch->away_, s);
        sse_timers_advance(ch, s, s->turn_ms_ + s->pace_ms_);
    } else {
        sse_list_move(&ch->idle_, s);
    }
}

/* see sse/subscriber.h */
int sse_subscriber_set_filter(sse_subscriber *s, const uint64_t *tags, size_t count)
{
    static const uint64_t none = 0;
    const int status = sse_subscriber_enter(s);
    sse_run run;
    size_t i;

    if (status != SSE_OK)
        return status;
    if ((tags == NULL && count > 0) || (uint32_t)count != count)
        return SSE_E_ARG;
    for (i = 1; i < count; i++)
        if (tags[i - 1] > tags[i])
            return SSE_E_ARG;
    if (!(s->state_ & SSE_SUB_OWED)) /* what the old filter hid stays hidden */
        sse_reader_find(s, s->state_ & SSE_SUB_CLOSING ? s->mark_ : UINT64_MAX, 0, &run);
    s->tags_ = count > 0 ? tags : &none; /* not NULL: there is a filter */
    s->tags_count_ = (uint32_t)count;
    sse_subscriber_wake(s);
    return SSE_OK;
}

/* see sse/subscriber.h */
int sse_subscriber_set_limits(sse_subscriber *s, uint32_t pace_ms, uint32_t stall_ms,
                              uint32_t age_ms)
{
    const int status = sse_subscriber_enter(s);

    if (status != SSE_OK)
        return status;
    s->pace_ms_ = pace_ms;
    s->stall_ms_ = stall_ms;
    if (!s->channel_->draining_) {
        s->end_ms_ = age_ms > 0 ? age_ms : SSE_NEVER;
        s->state_ &= ~(uint32_t)SSE_SUB_AGING;
        if (age_ms > 0)
            s->state_ |= SSE_SUB_AGING;
    }
    s->state_ |= SSE_SUB_MOVED;
    sse_timers_advance(s->channel_, s, s->channel_->now_ms_); /* the next tick sees to it */
    sse_subscriber_wake(s);
    return SSE_OK;
}

/* see sse/subscriber.h */
int sse_subscriber_send(sse_subscriber *s, const sse_event *ev)
{
    const sse_history *h;
    int status = sse_subscriber_enter(s);

    if (status != SSE_OK)
        return status;
    if (s->state_ & SSE_SUB_CLOSING)
        return SSE_E_STATE;
    h = s->channel_->history_;
    if (ev == NULL || (ev->id.ptr != NULL && h->flags & SSE_HISTORY_AUTOMATIC))
        return SSE_E_ARG;
    status = sse_queue_send(s->queue_, ev, SSE_SUBSCRIBER_KEPT);
    if (status != SSE_OK)
        return status;
    s->mark_ = sse_history_next(h);
    sse_subscriber_wake(s);
    return SSE_OK;
}

/* see sse/subscriber.h */
int sse_subscriber_send_parts(sse_subscriber *s, const char *type, size_t type_len, const char *id,
                              size_t id_len, const char *data, size_t data_len)
{
    const sse_event ev = sse_event_of(type, type_len, id, id_len, data, data_len);

    return sse_subscriber_send(s, &ev);
}

/* see sse/subscriber.h */
int sse_subscriber_close(sse_subscriber *s)
{
    const int status = sse_subscriber_enter(s);

    if (status != SSE_OK)
        return status;
    if (!(s->state_ & SSE_SUB_CLOSING))
        s->mark_ = sse_history_next(s->channel_->history_);
    s->state_ |= SSE_SUB_CLOSING;
    sse_subscriber_wake(s);
    return SSE_OK;
}

/* see sse/subscriber.h */
int sse_subscriber_leave(sse_subscriber *s)
{
    const int status = sse_subscriber_enter(s);

    if (status == SSE_E_ARG || status == SSE_E_BUSY)
        return status;
    if (status == SSE_OK)
        sse_subscriber_detach(s);
    return SSE_OK;
}

/* see sse/subscriber.h */
int sse_subscriber_status(sse_subscriber *s)
{
    return sse_subscriber_enter(s);
}

/* see sse/subscriber.h */
void *sse_subscriber_user(const sse_subscriber *s)
{
    return s ? s->user_ : NULL;
}

/* see sse/subscriber.h */
uint64_t sse_subscriber_behind(const sse_subscriber *s)
{
    return s && s->channel_ ? sse_history_next(s->channel_->history_) - s->next_ : 0;
}

/* see sse/subscriber.h */
uint64_t sse_subscriber_blocked_ms(const sse_subscriber *s)
{
    uint64_t ms;

    if (s == NULL || s->channel_ == NULL || !(s->state_ & SSE_SUB_BUSY))
        return 0;
    ms = s->channel_->now_ms_ - s->since_ms_;
    return ms > 0 ? ms : 1;
}

/* see sse/subscriber.h */
size_t sse_subscriber_size(void)
{
    return sizeof(sse_subscriber);
}

/* see sse/subscriber.h */
size_t sse_subscriber_queue_min(void)
{
    return SSE_SUBSCRIBER_QUEUE_MIN;
}
