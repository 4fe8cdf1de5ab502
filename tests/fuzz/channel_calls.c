/* The calls of a client, see channel_client.h. */
#include "channel_client.h"

#include <string.h>

/* What must come of sending a private event straight into the writer. */
static int verdict_on_private(const client *c, const sse_event *ev)
{
    const int verdict = verdict_on(ev);
    const size_t room = c->due.capacity - sse_writer_pending(c->w);
    size_t len;

    if (c->due.closing)
        return SSE_E_STATE;
    if (twin.epoch && ev->id.ptr)
        return SSE_E_ARG;
    if (verdict != SSE_OK)
        return verdict;
    len = twin_stored(ev).len;
    if (len > c->due.capacity)
        return SSE_E_TOOBIG;
    return len > room ? SSE_AGAIN : SSE_OK;
}

void client_send(client *c)
{
    due *const d = &c->due;
    const size_t k = d->private_count;
    const sse_event ev = twin_take(hall.in, 'p', k);
    const int want = verdict_on_private(c, &ev);
    const unsigned life = c->life;
    int status;

    due_look(d);
    if (want == SSE_OK) { /* known ahead of the call, in which it may be heard */
        demand(k < DUE_PRIVATES_MAX);
        d->privates[k].bytes = twin_stored(&ev);
        d->privates[k].behind = twin.end;
        d->private_count++;
    }
    status = sse_subscriber_send(c->s, &ev);
    if (status == SSE_E_STATE && says.parting > 0)
        ; /* a drain has closed it */
    else if (d->flags & SSE_STAGED && status == SSE_AGAIN)
        demand(want == SSE_OK || want == SSE_AGAIN || want == SSE_E_TOOBIG);
    else if (d->flags & SSE_STAGED && want == SSE_AGAIN)
        demand(status == SSE_AGAIN);
    else
        demand(status == want);
    if (want == SSE_OK && status != SSE_OK && c->life == life)
        d->private_count--;
}

/* Demand that a client which was told that there is nothing is due nothing. */
static void is_asleep(client *c)
{
    demand(c->offer == NULL && (c->pace_ms > 0 || !due_is_owed(&c->due)));
    c->sleep = ASLEEP;
    c->blocked = 0; /* the transport has taken all by other means */
}

/* A call for bytes has none: it said that there is nothing, or has closed the client. Returns
 * whether that is so. Where there are some, who was asleep has been woken, or is about to be by the
 * call that this one is inside of. */
static int is_over(client *c, unsigned life, int status)
{
    if (status == SSE_OK) {
        demand(c->sleep != ASLEEP || !c->wakes || hall.depth > 0);
        c->sleep = c->sleep != AWAKE && hall.depth > 0 ? PERHAPS : AWAKE;
        return 0;
    }
    if (status == SSE_AGAIN)
        is_asleep(c);
    else if (c->life == life)
        demand(c->s == NULL && c->reason == status);
    return 1;
}

void client_peek(client *c)
{
    const unsigned life = c->life;
    const void *bytes = c;
    size_t len = 1;
    int status;

    c->in_vain = 0;
    due_look(&c->due);
    status = sse_subscriber_peek(c->s, &bytes, &len);
    if (c->sinking)
        demand(status == SSE_E_STATE);
    if (status != SSE_OK)
        demand(bytes == NULL && len == 0);
    if (!c->sinking && !is_over(c, life, status))
        client_offered(c, bytes, len);
}

void client_consume(client *c, size_t n)
{
    const unsigned life = c->life;
    const size_t most = c->offer ? c->offered.len : 0;
    int status;

    c->in_vain = 0;
    due_look(&c->due);
    status = sse_subscriber_consume(c->s, n);
    if (c->sinking)
        demand(status == SSE_E_STATE);
    else if (status == SSE_OK && n <= most)
        client_took(c, n);
    else if (status == SSE_E_TORN && n <= most)
        is_over(c, life, status);
    else
        demand(n > most && status == SSE_E_ARG);
}

void client_read(client *c, size_t cap)
{
    const unsigned life = c->life;
    char *const dst = provide(cap);
    size_t len = cap + 1;
    int status;

    c->in_vain = 0;
    due_look(&c->due);
    status = sse_subscriber_read(c->s, dst, cap, &len);
    demand(status == SSE_OK ? len > 0 && len <= cap : len == 0);
    if (c->sinking || cap == 0) {
        demand(status == (c->sinking ? SSE_E_STATE : SSE_E_ARG));
    } else if (!is_over(c, life, status)) {
        if (c->offer)
            demand(len <= c->offered.len && memcmp(dst, c->offered.ptr, len) == 0);
        c->offered = (sse_str){dst, len};
        client_took(c, len);
    }
}

void client_flush(client *c)
{
    const unsigned life = c->life;
    int status;

    if (!c->sinking) {
        c->in_vain = 0;
        c->blocked = 0;
        due_look(&c->due);
    }
    status = sse_subscriber_flush(c->s);
    if (c->life != life)
        return;
    if (c->s == NULL)
        demand(status == (c->reason == SSE_OK ? SSE_END : c->reason));
    else if (c->sinking || !c->pushes)
        demand(status == SSE_E_STATE);
    else if (status == SSE_OK)
        is_asleep(c);
    else
        demand(status == SSE_AGAIN && c->blocked);
}

void client_close(client *c)
{
    if (!c->due.closing) {
        c->due.closing = 1;
        c->due.end = twin.end;
    }
    demand(sse_subscriber_close(c->s) == SSE_OK);
}

void client_leave(client *c)
{
    c->leaving = 1;
    demand(sse_subscriber_leave(c->s) == SSE_OK);
}

/* Whether a life goes on. */
static int is_here(const client *c, unsigned life)
{
    return c->s != NULL && c->life == life;
}

void client_take_all(client *c)
{
    const unsigned life = c->life;

    if (c->pushes) {
        client_flush(c);
        return;
    }
    client_peek(c);
    while (is_here(c, life) && c->offer) {
        client_consume(c, c->offered.len);
        if (is_here(c, life))
            client_peek(c);
    }
}
