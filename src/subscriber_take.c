/* SPDX-License-Identifier: MIT */
/* A subscriber's transport takes bytes: flush, read, peek and consume. */
#include "fanout.h"
#include "offer.h"
#include "queue.h"

#include <string.h>

/* Go on after an offer was looked for: s has taken everything, or is closed. Returns what the call
 * returns. */
static int finish(sse_subscriber *s, int status)
{
    if (status != SSE_AGAIN)
        return sse_subscriber_end(s, status);
    sse_subscriber_rest(s);
    return status;
}

/* The same where the call has given bytes: the caller will learn of the rest. */
static void finish_later(sse_subscriber *s, int status)
{
    if (status == SSE_AGAIN)
        sse_subscriber_rest(s);
    else
        sse_subscriber_condemn(s, status);
}

/* Let a sink take an offer. Returns SSE_OK where it may be able to take more, SSE_AGAIN where it
 * would block, SSE_E_IO where it failed. */
static int push(sse_subscriber *s, sse_sink *sink, const sse_offer *o, size_t *taken)
{
    sse_channel *const ch = s->channel_;
    int sunk;

    *taken = 0;
    ch->sinking_ = 1;
    sunk = sink(s->user_, o->bytes, o->len, taken);
    ch->sinking_ = 0;
    if (sunk < SSE_OK || sunk > SSE_AGAIN || *taken > o->len)
        return SSE_E_IO;
    sse_offer_take(s, o, *taken);
    return *taken == 0 ? SSE_AGAIN : sunk;
}

/* The turn of s is over before an event of the history: the others come first. */
static int spend(sse_subscriber *s)
{
    s->state_ ^= SSE_SUB_BUSY | SSE_SUB_SPENT;
    sse_list_move(&s->channel_->spent_, s);
    return SSE_OK;
}

/* Push what comes, as sse_subscriber_flush does. */
static int push_all(sse_subscriber *s, sse_sink *sink)
{
    size_t taken, left = s->channel_->turn_bytes_;
    sse_offer o;
    int status;

    do {
        status = sse_offer_find(s, left, &o);
        if (status != SSE_OK)
            return finish(s, status) == SSE_AGAIN ? SSE_OK : status;
        sse_subscriber_begin(s);
        if (left == 0 && sse_offer_is_whole(s, &o))
            return spend(s);
        status = push(s, sink, &o, &taken);
        left -= taken < left ? taken : left;
    } while (status == SSE_OK && !sse_offer_is_last(s));
    if (status == SSE_OK)
        sse_subscriber_rest(s);
    else if (status == SSE_AGAIN)
        sse_offer_keep_rest(s);
    else
        sse_subscriber_end(s, status);
    return status;
}

/* see sse/subscriber.h */
int sse_subscriber_flush(sse_subscriber *s, sse_sink *sink)
{
    const int status = sse_subscriber_enter(s);

    if (status != SSE_OK)
        return status;
    if (sink == NULL)
        return SSE_E_ARG;
    sse_queue_withdraw(s->queue_);
    return push_all(s, sink);
}

/* Copy what comes, up to cap bytes. Returns the status of the offer after it. */
static int copy_all(sse_subscriber *s, char *dst, size_t cap, size_t *len)
{
    sse_offer o;
    int status;

    while ((status = sse_offer_find(s, cap - *len, &o)) == SSE_OK) {
        const size_t n = o.len < cap - *len ? o.len : cap - *len;

        sse_subscriber_begin(s);
        if (n == 0)
            break;
        memcpy(dst + *len, o.bytes, n);
        sse_offer_take(s, &o, n);
        *len += n;
    }
    sse_queue_withdraw(s->queue_);
    return status;
}

/* see sse/subscriber.h */
int sse_subscriber_read(sse_subscriber *s, void *dst, size_t cap, size_t *len)
{
    int status;

    if (len != NULL)
        *len = 0;
    status = sse_subscriber_enter(s);
    if (status != SSE_OK)
        return status;
    if (dst == NULL || cap == 0 || len == NULL)
        return SSE_E_ARG;
    sse_queue_withdraw(s->queue_);
    status = copy_all(s, dst, cap, len);
    if (status == SSE_OK)
        sse_offer_keep_rest(s);
    else if (*len == 0)
        return finish(s, status);
    else
        finish_later(s, status);
    return SSE_OK;
}

/* see sse/subscriber.h */
int sse_subscriber_peek(sse_subscriber *s, const void **bytes, size_t *len)
{
    sse_offer o;
    int status;

    if (bytes != NULL)
        *bytes = NULL;
    if (len != NULL)
        *len = 0;
    status = sse_subscriber_enter(s);
    if (status != SSE_OK)
        return status;
    if (bytes == NULL || len == NULL)
        return SSE_E_ARG;
    status = sse_offer_find(s, sse_queue_free(s->queue_), &o);
    if (status != SSE_OK)
        return finish(s, status);
    sse_subscriber_begin(s);
    if (o.run.end > 0) {
        sse_offer_move(s, &o);
        sse_offer_find(s, 0, &o);
    }
    *bytes = o.bytes;
    *len = o.len;
    return SSE_OK;
}

/* see sse/subscriber.h */
int sse_subscriber_consume(sse_subscriber *s, size_t n)
{
    sse_offer o;
    int status = sse_subscriber_enter(s);

    if (status != SSE_OK)
        return status;
    status = sse_writer_consume(s->queue_, n);
    if (status != SSE_OK || n == 0)
        return status;
    s->first_ -= (uint32_t)n;
    sse_offer_count(s, n);
    sse_offer_keep_rest(s);
    status = sse_offer_find(s, 0, &o);
    sse_queue_withdraw(s->queue_);
    if (status != SSE_OK)
        finish_later(s, status);
    return SSE_OK;
}
