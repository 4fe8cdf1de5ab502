/* A subscriber: joins, is served, leaves. What it gets is in subscriber_offer.c. */
#include "sse/subscriber.h"

#include "fanout.h"

#include <string.h>

int sse_subscriber_rouse(sse_subscriber *s)
{
    sse_channel *const ch = s->channel_;
    const uint64_t passed_ms = ch->now_ms_ - s->woken_ms_;

    s->state_ &= ~(uint32_t)(SSE_SUB_DRAINED | SSE_SUB_PACED);
    if (s->cursor_.next_ < ch->lowest_)
        ch->lowest_ = s->cursor_.next_;
    if (passed_ms < s->pace_ms_ && !(s->state_ & SSE_SUB_CLOSING)) {
        const uint64_t due_ms = sse_later(ch->now_ms_, s->pace_ms_ - passed_ms);

        s->state_ |= SSE_SUB_PACED;
        sse_list_move(&ch->lists_[SSE_PACED], s);
        if (due_ms < ch->paced_ms_)
            ch->paced_ms_ = due_ms;
        return 0;
    }
    s->woken_ms_ = ch->now_ms_;
    sse_list_move(&ch->lists_[s->sink_ ? SSE_READY : SSE_BLOCKED], s);
    ch->counters_.woken++;
    if (s->wake_)
        s->wake_(s->cursor_.user_, s);
    return 1;
}

void sse_subscriber_end(sse_subscriber *s, int reason)
{
    sse_channel *const ch = s->channel_;

    sse_list_remove(s);
    s->channel_ = NULL;
    ch->counters_.subscribers--;
    if (reason < SSE_OK || reason == SSE_GAP)
        ch->counters_.closed++;
    if (s->on_close_)
        s->on_close_(s->cursor_.user_, s, reason);
}

/* It has taken everything. */
static void rest(sse_subscriber *s)
{
    if (s->state_ & SSE_SUB_DRAINED)
        return;
    s->state_ &= ~(uint32_t)SSE_SUB_LAGGED;
    s->state_ |= SSE_SUB_DRAINED;
    s->since_ms_ = s->channel_->now_ms_;
    sse_list_move(&s->channel_->lists_[SSE_DRAINED], s);
}

/* Take note of what the transport took of the offer. */
static int took(sse_subscriber *s, size_t n)
{
    int status;

    if (s->cursor_.offer_ > 0) {
        status = sse_cursor_consume(&s->cursor_, s->channel_->log_, n);
    } else if (s->state_ & SSE_STAGED || n <= s->first_) {
        status = sse_writer_consume(s->writer_, n);
        if (status == SSE_OK && !(s->state_ & SSE_STAGED))
            s->first_ -= n;
    } else {
        return SSE_E_ARG;
    }
    if (status == SSE_OK)
        s->channel_->counters_.delivered += n;
    return status;
}

/* Copy the rest of an event, of which the transport has a part, into the writer: so the log may
 * drop it while the transport takes its time. */
static void keep_rest(sse_subscriber *s)
{
    const sse_replay *const log = s->channel_->log_;
    sse_cursor *const c = &s->cursor_;
    const sse_slot *slot;

    if (c->at_ == 0 || sse_writer_pending(s->writer_) > 0 || c->next_ < sse_log_first(log))
        return;
    slot = sse_log_slot(log, c->next_);
    if (sse_writer_pass(s->writer_, sse_log_room(log) + slot->at + c->at_, slot->len - c->at_) ==
        SSE_OK) {
        c->next_++;
        c->at_ = 0;
        s->first_ = sse_writer_pending(s->writer_);
    }
}

/* Refuse a call: s is in no channel, or inside of its sink. */
static int not_now(const sse_subscriber *s)
{
    if (s == NULL || s->channel_ == NULL)
        return SSE_E_ARG;
    return s->state_ & SSE_SUB_BUSY ? SSE_E_STATE : SSE_OK;
}

/* Whether a writer can serve a log: the same framing, and room for a gap event. */
static int is_fit(const sse_writer *w, const sse_replay *log)
{
    return w != NULL && w->size + sizeof *w >= SSE_WRITER_OVERHEAD + SSE_SUBSCRIBER_QUEUE_MIN &&
           ((w->state ^ log->flags) & SSE_CHUNKED) == 0;
}

/* Set the cursor where the client goes on. Returns SSE_OK or SSE_GAP. */
static int resume(sse_subscriber *s, const sse_join *how, const char *last_id, size_t len)
{
    sse_channel *const ch = s->channel_;
    const uint64_t first = sse_replay_first(ch->log_);
    uint64_t next = how->flags & SSE_FROM_LOG ? first : sse_replay_end(ch->log_);
    int status = SSE_OK;

    if (len > 0) {
        status = sse_replay_find(ch->log_, last_id, len, &next);
        if (status == SSE_GAP)
            s->state_ |= SSE_SUB_UNKNOWN;
        else if (next < first)
            status = SSE_GAP;
        if (status == SSE_GAP)
            s->state_ |= SSE_SUB_OWED | SSE_SUB_LAGGED;
        ch->counters_.resumed += status == SSE_OK;
        ch->counters_.missed += status == SSE_GAP;
    }
    sse_cursor_init(&s->cursor_, next, how->flags & SSE_COALESCE, how->filter, how->user);
    if (next < ch->lowest_)
        ch->lowest_ = next;
    return status;
}

/* see sse/subscriber.h */
int sse_channel_join(sse_channel *ch, sse_subscriber *s, const sse_join *how, const char *last_id,
                     size_t len)
{
    const uint32_t flags = SSE_COALESCE | SSE_SKIP | SSE_FROM_LOG | SSE_STAGED;

    if (ch == NULL || ch->log_ == NULL || s == NULL || how == NULL || (how->flags & ~flags) ||
        (last_id == NULL && len > 0) || !is_fit(how->writer, ch->log_))
        return SSE_E_ARG;
    if (ch->draining_)
        return SSE_E_STATE;
    memset(s, 0, sizeof *s);
    s->channel_ = ch;
    s->writer_ = how->writer;
    s->sink_ = how->sink;
    s->wake_ = how->wake;
    s->on_close_ = how->on_close;
    s->state_ = how->flags;
    s->first_ = sse_writer_pending(how->writer);
    s->since_ms_ = ch->now_ms_;
    s->woken_ms_ = ch->now_ms_ - how->pace_ms;
    s->pace_ms_ = how->pace_ms;
    sse_list_init(&s->link_);
    sse_list_move(&ch->lists_[s->sink_ ? SSE_READY : SSE_BLOCKED], s);
    ch->counters_.joined++;
    ch->counters_.subscribers++;
    return resume(s, how, last_id, len);
}

/* see sse/subscriber.h */
int sse_subscriber_send(sse_subscriber *s, const sse_event *ev)
{
    const sse_replay *log;
    int status;

    if (s == NULL || s->channel_ == NULL || ev == NULL)
        return SSE_E_ARG;
    log = s->channel_->log_;
    if (s->state_ & SSE_SUB_CLOSING)
        return SSE_E_STATE;
    if (log->flags & SSE_LOG_AUTOMATIC && ev->id.ptr != NULL)
        return SSE_E_ARG;
    if (s->state_ & SSE_STAGED &&
        (sse_subscriber_stage(s) != SSE_OK || sse_cursor_more(&s->cursor_, log)))
        return SSE_AGAIN;
    status = sse_writer_send(s->writer_, ev);
    if (status != SSE_OK)
        return status;
    s->turn_ = sse_replay_end(log);
    if (s->state_ & SSE_SUB_DRAINED)
        sse_subscriber_rouse(s);
    return SSE_OK;
}

/* see sse/subscriber.h */
int sse_subscriber_peek(sse_subscriber *s, const void **bytes, size_t *len)
{
    int status = not_now(s);

    *bytes = NULL;
    *len = 0;
    if (status != SSE_OK)
        return status;
    if (s->state_ & SSE_SUB_PACED)
        return SSE_AGAIN;
    status = sse_subscriber_offer(s, bytes, len);
    if (status == SSE_AGAIN)
        rest(s);
    else if (status != SSE_OK)
        sse_subscriber_end(s, status);
    return status;
}

/* see sse/subscriber.h */
int sse_subscriber_consume(sse_subscriber *s, size_t n)
{
    int status = not_now(s);

    if (status != SSE_OK)
        return status;
    status = took(s, n);
    if (status == SSE_OK)
        keep_rest(s);
    else if (status == SSE_E_TORN)
        sse_subscriber_end(s, status);
    return status;
}

/* see sse/subscriber.h */
int sse_subscriber_read(sse_subscriber *s, void *dst, size_t cap, size_t *len)
{
    const void *bytes;
    int status = not_now(s);

    *len = 0;
    if (status == SSE_OK && (dst == NULL || cap == 0))
        status = SSE_E_ARG;
    if (status == SSE_OK)
        status = sse_subscriber_peek(s, &bytes, len);
    if (status != SSE_OK)
        return status;
    if (*len > cap)
        *len = cap;
    memcpy(dst, bytes, *len);
    return sse_subscriber_consume(s, *len);
}

/* Push until there is no more, SSE_AGAIN, or the sink would block, SSE_OK; else why to close s. */
static int push(sse_subscriber *s)
{
    const void *bytes;
    size_t len, taken;
    int status, sunk;

    while ((status = sse_subscriber_offer(s, &bytes, &len)) == SSE_OK) {
        taken = 0;
        s->state_ |= SSE_SUB_BUSY;
        sunk = s->sink_(s->cursor_.user_, bytes, len, &taken);
        s->state_ &= ~(uint32_t)SSE_SUB_BUSY;
        if (sunk < SSE_OK || sunk > SSE_AGAIN || taken > len)
            return SSE_E_IO;
        status = took(s, taken);
        if (status != SSE_OK || s->state_ & SSE_SUB_LEFT || taken == 0 || sunk == SSE_AGAIN)
            return status;
    }
    return status;
}

/* see sse/subscriber.h */
int sse_subscriber_flush(sse_subscriber *s)
{
    int status = not_now(s);

    if (status != SSE_OK)
        return status;
    if (s->sink_ == NULL)
        return SSE_E_STATE;
    if (s->state_ & SSE_SUB_PACED)
        return SSE_OK;
    s->state_ &= ~(uint32_t)SSE_SUB_DRAINED;
    sse_list_move(&s->channel_->lists_[SSE_BLOCKED], s);
    status = push(s);
    if (s->state_ & SSE_SUB_LEFT) {
        sse_subscriber_end(s, SSE_OK);
        return SSE_END;
    }
    if (status == SSE_AGAIN) {
        rest(s);
        return SSE_OK;
    }
    if (status != SSE_OK) {
        sse_subscriber_end(s, status);
        return status;
    }
    keep_rest(s);
    return SSE_AGAIN;
}

/* see sse/subscriber.h */
int sse_subscriber_close(sse_subscriber *s)
{
    if (s == NULL || s->channel_ == NULL)
        return SSE_E_ARG;
    if (!(s->state_ & SSE_SUB_CLOSING))
        s->turn_ = sse_replay_end(s->channel_->log_);
    s->state_ |= SSE_SUB_CLOSING;
    if (s->state_ & (SSE_SUB_DRAINED | SSE_SUB_PACED))
        sse_subscriber_rouse(s);
    return SSE_OK;
}

/* see sse/subscriber.h */
int sse_subscriber_leave(sse_subscriber *s)
{
    if (s == NULL)
        return SSE_E_ARG;
    if (s->channel_ == NULL)
        return SSE_E_STATE;
    if (s->state_ & SSE_SUB_BUSY)
        s->state_ |= SSE_SUB_LEFT;
    else
        sse_subscriber_end(s, SSE_OK);
    return SSE_OK;
}

/* see sse/subscriber.h */
size_t sse_subscriber_size(void)
{
    return sizeof(sse_subscriber);
}

/* see sse/subscriber.h */
size_t sse_join_size(void)
{
    return sizeof(sse_join);
}
