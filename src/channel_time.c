/* SPDX-License-Identifier: MIT */
/* The channel: what time brings. Heartbeats, paces, limits, the farewells of a drain. */
#include "sse/channel.h"

#include "fanout.h"
#include "notice.h"
#include "sse/event.h"

#include <limits.h>

/* see sse/channel.h */
int sse_channel_set_heartbeat(sse_channel *ch, const char *type, size_t type_len, const char *data,
                              size_t data_len)
{
    if (!sse_channel_is(ch))
        return SSE_E_ARG;
    if (ch->sinking_)
        return SSE_E_BUSY;
    return sse_notice_set(&ch->heartbeat_, type, type_len, data, data_len);
}

/* The longest step that the caller's clock is believed. */
#define STEP_MAX (UINT64_C(1) << 40)

/* What the caller's clock says, as time of the channel. */
static uint64_t time_of(const sse_channel *ch, uint64_t now_ms)
{
    const uint64_t step_ms = now_ms - ch->clock_ms_;

    if (step_ms > UINT64_MAX / 2) /* it has stepped back, or wrapped */
        return ch->now_ms_;
    return ch->now_ms_ + (step_ms < STEP_MAX ? step_ms : STEP_MAX);
}

static uint64_t sooner(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* When a heartbeat is due for a subscriber that is not in its turn. The first one after an event
 * comes early, each subscriber's by a time of its own; those that follow keep to it. */
static uint64_t heartbeat_ms(const sse_subscriber *s)
{
    const uint32_t lead_ms = s->state_ & SSE_SUB_BEATEN ? 0 : s->lead_ms_;

    return s->since_ms_ + s->channel_->heartbeat_ms_ - lead_ms;
}

/* When to look again whether a subscriber that is in its turn has stalled. */
static uint64_t stalled_ms(const sse_subscriber *s)
{
    const uint32_t share_ms = s->stall_ms_ / SSE_STALL_SHARE;

    return sooner(s->looked_ms_ + s->stall_ms_,
                  s->channel_->now_ms_ + (share_ms > 0 ? share_ms : 1));
}

/* When something is due for s next, or earlier; always later than now. */
static uint64_t deadline(const sse_subscriber *s)
{
    const sse_channel *const ch = s->channel_;
    const uint64_t now_ms = ch->now_ms_;
    uint64_t due_ms = s->end_ms_;

    if (ch->limit_ms_ < due_ms)
        due_ms = ch->limit_ms_;
    if (s->state_ & SSE_SUB_BUSY) {
        if (s->stall_ms_ > 0)
            due_ms = sooner(due_ms, stalled_ms(s));
        if (ch->heartbeat_ms_ > 0)
            due_ms = sooner(due_ms, now_ms + ch->heartbeat_ms_ - s->lead_ms_);
        return due_ms;
    }
    if (ch->heartbeat_ms_ > 0)
        due_ms = sooner(due_ms, heartbeat_ms(s));
    if (sse_subscriber_held(s))
        due_ms = sooner(due_ms, s->turn_ms_ + s->pace_ms_);
    return due_ms;
}

/* The time that s was given is over: it is sent away, or it is too old. */
static void expire(sse_subscriber *s)
{
    if (!(s->state_ & SSE_SUB_PARTING)) {
        sse_subscriber_condemn(s, SSE_E_OLD);
        return;
    }
    s->end_ms_ = SSE_NEVER;
    sse_subscriber_close(s);
}

/* Look for progress since the last time. It was made before now, so a limit that counts from now
 * is never early. */
static void check_progress(sse_subscriber *s)
{
    const uint64_t now_ms = s->channel_->now_ms_;

    if (s->state_ & SSE_SUB_MOVED)
        s->looked_ms_ = now_ms;
    s->state_ &= ~(uint32_t)SSE_SUB_MOVED;
    if (s->stall_ms_ > 0 && now_ms - s->looked_ms_ >= s->stall_ms_)
        sse_subscriber_condemn(s, SSE_E_STALLED);
}

/* Break a silence, unless something waits to be taken. Outside of its turn s is at the beginning of
 * an event. */
static void beat(sse_subscriber *s)
{
    if (s->channel_->heartbeat_ms_ == 0 || heartbeat_ms(s) > s->channel_->now_ms_)
        return;
    s->since_ms_ = s->channel_->now_ms_;
    s->state_ |= SSE_SUB_BEATEN;
    if (s->first_ > 0 || s->state_ & SSE_SUB_CLOSING)
        return;
    sse_notice_heartbeat(s);
    sse_subscriber_wake(s);
}

/* Do what is due for s. */
static void act(sse_subscriber *s)
{
    const sse_channel *const ch = s->channel_;

    if (s->state_ & SSE_SUB_AGING) {
        s->end_ms_ += ch->now_ms_;
        s->state_ &= ~(uint32_t)SSE_SUB_AGING;
    }
    if (ch->limit_ms_ <= ch->now_ms_)
        sse_subscriber_condemn(s, SSE_E_STALLED);
    else if (s->end_ms_ <= ch->now_ms_)
        expire(s);
    else if (s->state_ & SSE_SUB_BUSY)
        check_progress(s);
    else if (s->pace_ms_ > 0 && !sse_subscriber_held(s))
        sse_subscriber_wake(s);
    if (s->reason_ == SSE_OK && !(s->state_ & SSE_SUB_BUSY))
        beat(s);
}

/* see sse/channel.h */
int sse_channel_tick(sse_channel *ch, uint64_t now_ms)
{
    if (!sse_channel_is(ch))
        return SSE_E_ARG;
    if (ch->sinking_)
        return SSE_E_BUSY;
    ch->now_ms_ = time_of(ch, now_ms);
    ch->clock_ms_ = now_ms;
    sse_list_splice(&ch->ready_, &ch->spent_);
    while (ch->timers_ != NULL && ch->timers_->due_ms_ <= ch->now_ms_) {
        sse_subscriber *const s = ch->timers_;

        sse_timers_remove(ch, s);
        if (s->reason_ != SSE_OK)
            continue;
        act(s);
        if (s->reason_ == SSE_OK)
            sse_timers_advance(ch, s, deadline(s));
    }
    return SSE_OK;
}

/* see sse/channel.h */
int sse_channel_timeout(const sse_channel *ch, uint64_t now_ms)
{
    uint64_t wait_ms;

    if (!sse_channel_is(ch))
        return -1;
    if (!sse_list_is_empty(&ch->ready_) || !sse_list_is_empty(&ch->spent_))
        return 0;
    if (ch->timers_ == NULL)
        return -1;
    now_ms = time_of(ch, now_ms);
    if (ch->timers_->due_ms_ <= now_ms)
        return 0;
    wait_ms = ch->timers_->due_ms_ - now_ms;
    return wait_ms < INT_MAX ? (int)wait_ms : INT_MAX;
}

/* Give the subscribers in a list the time of their farewell. */
static void part(sse_channel *ch, sse_link *list, uint64_t *index, uint32_t over_ms)
{
    const uint64_t count = ch->counters_[SSE_COUNT_SUBSCRIBERS];
    sse_link *link;

    for (link = list->next_; link != list; link = link->next_) {
        sse_subscriber *const s = (sse_subscriber *)(void *)link;

        if (s->reason_ != SSE_OK)
            continue;
        s->state_ &= ~(uint32_t)SSE_SUB_AGING;
        s->end_ms_ = SSE_NEVER;
        if (!(s->state_ & SSE_SUB_CLOSING)) {
            s->state_ |= SSE_SUB_PARTING;
            s->end_ms_ = ch->now_ms_ + over_ms * (*index)++ / count;
        }
        sse_timers_advance(ch, s, sooner(s->end_ms_, ch->limit_ms_));
    }
}

/* see sse/channel.h */
int sse_channel_drain(sse_channel *ch, const char *type, size_t type_len, const char *data,
                      size_t data_len, uint32_t retry_ms, uint32_t window_ms, uint32_t over_ms,
                      uint32_t limit_ms)
{
    const int is_default = type_len == 0;
    uint64_t index = 0;
    int status;

    if (!sse_channel_is(ch))
        return SSE_E_ARG;
    if (ch->sinking_)
        return SSE_E_BUSY;
    if (ch->draining_)
        return SSE_E_STATE;
    if (retry_ms > SSE_RETRY_MAX)
        return SSE_E_RANGE;
    status = sse_notice_set(&ch->farewell_, is_default ? "farewell" : type,
                            is_default ? sizeof "farewell" - 1 : type_len, data, data_len);
    if (status != SSE_OK)
        return status;
    ch->draining_ = 1;
    ch->retry_ms_ = retry_ms;
    ch->retry_window_ms_ = window_ms;
    if (limit_ms > 0)
        ch->limit_ms_ = ch->now_ms_ + limit_ms;
    part(ch, &ch->idle_, &index, over_ms);
    part(ch, &ch->ready_, &index, over_ms);
    part(ch, &ch->spent_, &index, over_ms);
    part(ch, &ch->away_, &index, over_ms);
    return SSE_OK;
}
