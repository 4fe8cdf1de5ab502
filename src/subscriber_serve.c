/* A subscriber's transport: it takes what subscriber_offer.c finds, by pull or by push. */
#include "fanout.h"

#include <string.h>

/* Take note of what the transport took of the writer. */
static int took_queued(sse_subscriber *s, size_t n)
{
    int status;

    if (s->state_ & SSE_STAGED)
        return sse_writer_consume(s->writer_, n);
    if (n > s->first_)
        return SSE_E_ARG;
    status = sse_writer_consume(s->writer_, n);
    if (status == SSE_OK)
        s->first_ -= n;
    return status;
}

/* Take note of what the transport took of the offer. */
static int took(sse_subscriber *s, size_t n)
{
    const int status = s->cursor_.offer_ > 0 ? sse_cursor_consume(&s->cursor_, s->channel_->log_, n)
                                             : took_queued(s, n);

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
    if (!sse_subscriber_is(s))
        return SSE_E_ARG;
    return s->state_ & SSE_SUB_BUSY ? SSE_E_STATE : SSE_OK;
}

/* Heed what the sink said of an offer. Returns SSE_AGAIN where it can take more, SSE_OK where it
 * would block; else why to close s. */
static int heed(sse_subscriber *s, int sunk, size_t len, size_t taken)
{
    int status = SSE_OK;

    s->state_ &= ~(uint32_t)SSE_SUB_BUSY;
    if (sunk < SSE_OK || sunk > SSE_AGAIN || taken > len)
        return SSE_E_IO;
    if (taken > 0 || !(s->state_ & SSE_STAGED)) /* staged, the offer stays as it is */
        status = took(s, taken);
    if (status != SSE_OK || s->state_ & SSE_SUB_LEFT || taken == 0 || sunk == SSE_AGAIN)
        return status;
    return SSE_AGAIN;
}

/* There is something for s: if it was drained, its transport asks inside of the publish that is
 * about to wake it, and need not be woken any more. */
static void stir(sse_subscriber *s)
{
    if (s->state_ & SSE_SUB_DRAINED) {
        s->state_ ^= SSE_SUB_DRAINED;
        sse_list_move(sse_subscriber_awake(s), s);
        sse_subscriber_owe(s);
    }
}

/* Push what s is offered until it is drained, SSE_AGAIN, or its sink would block, SSE_OK; else why
 * to close s. */
static int push(sse_subscriber *s)
{
    const void *bytes;
    size_t len, taken;
    int status, sunk;

    while ((status = sse_subscriber_offer(s, &bytes, &len)) == SSE_OK) {
        taken = 0;
        stir(s);
        s->state_ |= SSE_SUB_BUSY;
        sse_list_move(&s->channel_->lists_[SSE_BLOCKED], s);
        sunk = s->sink_(s->cursor_.user_, bytes, len, &taken);
        status = heed(s, sunk, len, taken);
        if (status != SSE_AGAIN)
            break;
    }
    return status;
}

/* There is nothing for s. If it has known that, its silence goes on. */
static void rest(sse_subscriber *s)
{
    if (!(s->state_ & SSE_SUB_DRAINED))
        sse_subscriber_rest(s);
}

/* Put s where it belongs after a push. Returns as sse_subscriber_flush. */
static int settle(sse_subscriber *s, int status)
{
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

void sse_subscriber_heed(sse_subscriber *s, int sunk, size_t len, size_t taken)
{
    const int status = heed(s, sunk, len, taken);

    settle(s, status == SSE_AGAIN ? push(s) : status);
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
    if (status == SSE_OK)
        stir(s);
    else if (status == SSE_AGAIN)
        rest(s);
    else
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
    return settle(s, push(s));
}
