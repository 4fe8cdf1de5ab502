/* SPDX-License-Identifier: MIT */
/* What a subscriber's transport gets next: drawn in offer.h. */
#include "offer.h"

#include "fanout.h"
#include "history_layout.h"
#include "notice.h"
#include "queue.h"

/* Events are offered: the turn has begun that the pace allows. */
static void begin_turn(sse_subscriber *s)
{
    if (s->state_ & SSE_SUB_TURN)
        return;
    s->state_ = (s->state_ & ~(uint32_t)SSE_SUB_BEATEN) | SSE_SUB_TURN;
    s->turn_ms_ = s->channel_->now_ms_;
}

/* Events are missing. Returns SSE_OK where a gap event says so, else the reason to close s. */
static int meet_gap(sse_subscriber *s, uint64_t until)
{
    if (!(s->state_ & (SSE_JOIN_GAPS | SSE_SUB_OWED)))
        return SSE_E_LAGGED;
    if (!(s->state_ & SSE_SUB_OWED))
        s->state_ |= SSE_SUB_LAGGED;
    begin_turn(s);
    sse_notice_gap(s, until);
    s->state_ &= ~(uint32_t)(SSE_SUB_OWED | SSE_SUB_UNKNOWN);
    return SSE_OK;
}

/* Everything else was taken. Returns SSE_OK where the end of the stream has bytes of its own. */
static int meet_end(sse_subscriber *s)
{
    if (!(s->state_ & SSE_SUB_CLOSING))
        return SSE_AGAIN;
    if (sse_writer_idle(s->queue_)) {
        if ((s->state_ & (SSE_SUB_PARTING | SSE_JOIN_PLAIN)) == SSE_SUB_PARTING)
            sse_notice_farewell(s);
        sse_writer_close(s->queue_);
    }
    s->first_ = (uint32_t)sse_writer_pending(s->queue_);
    return s->first_ > 0 ? SSE_OK : SSE_END;
}

/* Find a run of the history, or put into first_ what comes in its place. */
static int find_more(sse_subscriber *s, size_t most, sse_run *run)
{
    const size_t waiting = sse_writer_pending(s->queue_);
    const int is_limited = waiting > 0 || s->state_ & SSE_SUB_CLOSING;
    const uint64_t until = is_limited ? s->mark_ : UINT64_MAX;
    const int status = s->state_ & SSE_SUB_OWED ? SSE_GAP : sse_reader_find(s, until, most, run);

    if (status == SSE_OK)
        begin_turn(s);
    if (status == SSE_GAP)
        return meet_gap(s, until);
    if (status != SSE_AGAIN)
        return status;
    if (waiting == 0)
        return meet_end(s);
    begin_turn(s);
    s->first_ = (uint32_t)waiting;
    return SSE_OK;
}

int sse_offer_find(sse_subscriber *s, size_t most, sse_offer *o)
{
    const void *bytes;

    o->run.end = 0;
    while (s->first_ == 0 && o->run.end == 0) {
        int status = SSE_AGAIN;

        if (!sse_subscriber_held(s))
            status = find_more(s, most, &o->run);
        if (status != SSE_OK)
            return status;
    }
    if (o->run.end > 0) {
        o->bytes = o->run.ptr;
        o->len = o->run.len;
        return SSE_OK;
    }
    sse_queue_limit_peek(s->queue_, s->first_, &bytes, &o->len);
    o->bytes = bytes;
    return SSE_OK;
}

int sse_offer_is_whole(const sse_subscriber *s, const sse_offer *o)
{
    return o->run.end > 0 && s->at_ == 0;
}

int sse_offer_is_last(const sse_subscriber *s)
{
    return s->next_ >= s->channel_->history_->end && s->queue_->used == 0 &&
           !(s->state_ & (SSE_SUB_CLOSING | SSE_SUB_OWED));
}

void sse_offer_count(sse_subscriber *s, size_t n)
{
    s->channel_->counters_[SSE_COUNT_BYTES] += n;
    if (n > 0) {
        s->since_ms_ = s->channel_->now_ms_;
        s->state_ |= SSE_SUB_MOVED;
    }
}

void sse_offer_take(sse_subscriber *s, const sse_offer *o, size_t n)
{
    sse_offer_count(s, n);
    if (o->run.end > 0) {
        sse_reader_take(s, &o->run, n);
    } else {
        sse_writer_consume(s->queue_, n); /* which withdraws the offer */
        s->first_ -= (uint32_t)n;
    }
}

void sse_offer_keep_rest(sse_subscriber *s)
{
    const sse_history *const h = s->channel_->history_;
    const sse_slot *slot;
    size_t rest;

    if (s->at_ == 0 || s->first_ > 0 || s->next_ < sse_history_oldest(h))
        return;
    slot = sse_history_slot(h, s->next_);
    rest = slot->len - s->at_;
    if (rest > sse_queue_free(s->queue_))
        return;
    sse_queue_bytes_front(s->queue_, sse_history_room(h) + slot->at + s->at_, rest);
    s->first_ = (uint32_t)rest;
    s->next_++;
    s->at_ = 0;
}

void sse_offer_move(sse_subscriber *s, const sse_offer *o)
{
    const size_t free = sse_queue_free(s->queue_);
    const size_t n = o->len < free ? o->len : free;

    sse_queue_bytes_front(s->queue_, o->bytes, n);
    sse_reader_take(s, &o->run, n);
    s->first_ = (uint32_t)n;
}
