/* A subscriber: joins, is woken, leaves. */
#include "sse/subscriber.h"

#include "encode.h"
#include "fanout.h"

#include <string.h>

int sse_subscriber_rouse(sse_subscriber *s)
{
    sse_channel *const ch = s->channel_;
    const uint64_t passed_ms = ch->now_ms_ - s->woken_ms_;

    s->state_ &= ~(uint32_t)(SSE_SUB_DRAINED | SSE_SUB_PACED);
    sse_subscriber_owe(s);
    if (passed_ms < s->pace_ms_ && !(s->state_ & SSE_SUB_CLOSING)) {
        const uint64_t due_ms = sse_later(ch->now_ms_, s->pace_ms_ - passed_ms);

        s->state_ |= SSE_SUB_PACED;
        sse_list_move(&ch->lists_[SSE_PACED], s);
        if (due_ms < ch->paced_ms_)
            ch->paced_ms_ = due_ms;
        return 0;
    }
    s->woken_ms_ = ch->now_ms_;
    sse_list_move(sse_subscriber_awake(s), s);
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

/* Whether someone can be served like that: with a writer of the framing of the log, in which a gap
 * event has room. */
static int can_serve(const sse_replay *log, const sse_join *how)
{
    const uint32_t flags = SSE_COALESCE | SSE_SKIP | SSE_FROM_LOG | SSE_STAGED;
    const sse_writer *const w = how->writer;

    return !(how->flags & ~flags) && w != NULL &&
           w->size + sizeof *w >= SSE_WRITER_OVERHEAD + SSE_SUBSCRIBER_QUEUE_MIN &&
           ((w->state ^ log->flags) & SSE_CHUNKED) == 0;
}

/* Whether all events are pushed as soon as they are there, and nothing else is called. */
static int is_pushed(const sse_join *how)
{
    return how->sink && !how->wake && !how->filter && !how->pace_ms;
}

/* Let s into a channel, as one for whom there is something. Where it begins is for resume. */
static void let_in(sse_channel *ch, sse_subscriber *s, const sse_join *how)
{
    memset(s, 0, sizeof *s);
    s->channel_ = ch;
    s->writer_ = how->writer;
    s->sink_ = how->sink;
    s->wake_ = how->wake;
    s->on_close_ = how->on_close;
    s->state_ = how->flags;
    if (is_pushed(how))
        s->state_ |= SSE_SUB_PLAIN;
    s->first_ = sse_writer_pending(how->writer);
    s->woken_ms_ = ch->now_ms_ - how->pace_ms;
    s->pace_ms_ = how->pace_ms;
    sse_list_append(sse_subscriber_awake(s), s);
    ch->counters_.joined++;
    ch->counters_.subscribers++;
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
    sse_subscriber_owe(s);
    return status;
}

/* see sse/subscriber.h */
int sse_channel_join(sse_channel *ch, sse_subscriber *s, const sse_join *how, const char *last_id,
                     size_t len)
{
    if (!sse_channel_is(ch) || s == NULL || how == NULL || (last_id == NULL && len > 0) ||
        !can_serve(ch->log_, how))
        return SSE_E_ARG;
    if (ch->draining_)
        return SSE_E_STATE;
    let_in(ch, s, how);
    return resume(s, how, last_id, len);
}

int sse_private_check(const sse_event *ev, int may_have_id)
{
    if (ev->id.ptr != NULL && !may_have_id)
        return SSE_E_ARG;
    return sse_event_put(NULL, ev, 0);
}

/* Whether what is queued now comes behind all that was published. */
static int comes_last(sse_subscriber *s)
{
    if (!(s->state_ & SSE_STAGED))
        return 1; /* the log will go first */
    sse_subscriber_stage(s);
    return !sse_cursor_more(&s->cursor_, s->channel_->log_);
}

/* see sse/subscriber.h */
int sse_subscriber_send(sse_subscriber *s, const sse_event *ev)
{
    const sse_replay *log;
    int status;

    if (!sse_subscriber_is(s) || ev == NULL)
        return SSE_E_ARG;
    log = s->channel_->log_;
    if (s->state_ & SSE_SUB_CLOSING)
        return SSE_E_STATE;
    status = sse_private_check(ev, !(log->flags & SSE_LOG_AUTOMATIC));
    if (status == SSE_OK) /* what is wrong with it comes ahead of "not now" */
        status = comes_last(s) ? sse_writer_send(s->writer_, ev) : SSE_AGAIN;
    if (status != SSE_OK)
        return status;
    s->turn_ = sse_replay_end(log);
    if (s->state_ & SSE_SUB_DRAINED)
        sse_subscriber_rouse(s);
    return SSE_OK;
}

/* see sse/subscriber.h */
int sse_subscriber_close(sse_subscriber *s)
{
    if (!sse_subscriber_is(s))
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
