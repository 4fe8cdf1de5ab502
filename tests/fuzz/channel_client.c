#include "channel_client.h"

#include <stdlib.h>
#include <string.h>

client clients[CLIENTS];
struct hall hall;

enum { DEPTH_MAX = 3 };

void look_at_all(void)
{
    size_t i;

    for (i = 0; i < CLIENTS; i++)
        if (clients[i].s)
            due_look(&clients[i].due);
}

/* From inside of a callback, now and then, make another call. */
static void call_back(unsigned one_in)
{
    if (hall.in->left == 0 || hall.depth == DEPTH_MAX || take_below(hall.in, one_in) > 0)
        return;
    hall.depth++;
    hall.inner++;
    make_call();
    hall.depth--;
}

static int filter(void *user, uint64_t tag)
{
    const client *const c = user;

    return tag == c->due.tag;
}

static void wake(void *user, sse_subscriber *s)
{
    client *const c = user;

    demand(s == c->s && c->sleep != AWAKE && !c->sinking);
    if (!c->due.closing && says.parting == 0)
        demand(hall.now_ms - c->woken_ms >= c->pace_ms);
    c->sleep = AWAKE;
    c->woken_ms = hall.now_ms;
    call_back(4);
}

void client_offered(client *c, const void *bytes, size_t len)
{
    demand(len > 0);
    if (c->offer)
        demand(bytes == c->offer && is_same((sse_str){bytes, len}, c->offered));
    else
        c->offered = copy_of(bytes, len);
    c->offer = bytes;
}

void client_took(client *c, size_t n)
{
    const sse_str offered = c->offered;

    c->offer = NULL;
    hall.sum.delivered += n;
    if (n > 0)
        due_hear(&c->due, offered.ptr, n);
}

static int sink(void *user, const void *bytes, size_t len, size_t *taken)
{
    enum { BLOCK, NONE, FAIL, CLAIM, LAST, SOME, ALL = 16 };
    client *const c = user;
    const unsigned how = hall.in->left > 0 ? take_below(hall.in, ALL) : ALL;
    size_t n = how == LAST || how == SOME ? 1 + take_below(hall.in, 256) % len : len;

    demand(c->s && !c->sinking && !c->blocked);
    due_look(&c->due);
    client_offered(c, bytes, len);
    c->sinking = 1;
    call_back(6);
    c->sinking = 0;
    due_look(&c->due);
    c->sleep = PERHAPS;
    c->in_vain = 0;
    c->failed = how == FAIL || how == CLAIM;
    c->blocked = how == BLOCK || how == NONE || how == LAST;
    if (how == BLOCK || how == NONE) {
        if (!(c->due.flags & SSE_STAGED))
            c->offer = NULL;
        return how == BLOCK ? SSE_AGAIN : SSE_OK;
    }
    if (how == FAIL)
        return SSE_E_FATAL - (int)take_byte(hall.in);
    *taken = how == CLAIM ? len + 1 : n;
    if (how != CLAIM) {
        c->in_vain = due_has_lost(&c->due) ? n : 0;
        client_took(c, n);
    }
    return how == LAST ? SSE_AGAIN : SSE_OK;
}

/* Demand that there was a reason to close a client. */
static void check_reason(const client *c, int reason)
{
    const due *const d = &c->due;

    switch (reason) {
    case SSE_OK:
        demand(c->leaving);
        break;
    case SSE_END:
        demand(due_is_complete(d) && d->len == 0);
        demand(d->is_ended || !(twin.flags & SSE_CHUNKED));
        break;
    case SSE_GAP:
        demand(due_has_lost(d) && !(d->flags & SSE_SKIP));
        break;
    case SSE_E_TORN:
        demand(c->in_vain > 0 || (due_has_lost(d) && (d->len > 0 || c->offer)));
        break;
    case SSE_E_TOOBIG:
        demand(d->flags & SSE_STAGED && due_has_giant(d));
        break;
    default:
        demand(reason == SSE_E_IO && c->failed);
    }
}

static void on_close(void *user, sse_subscriber *s, int reason)
{
    client *const c = user;

    demand(s == c->s && !c->sinking);
    check_reason(c, reason);
    due_end(&c->due);
    if (reason == SSE_E_TORN)
        hall.sum.delivered -= c->in_vain;
    hall.sum.subscribers--;
    hall.sum.gaps += c->due.gaps_heard;
    hall.sum.heartbeats += c->due.beats_heard;
    hall.sum.closed += reason < SSE_OK || reason == SSE_GAP;
    c->reason = reason;
    c->s = NULL;
    free(s);
    free(c->w);
    call_back(4);
}

/* An id that a client could come with. */
static sse_str take_last_id(void)
{
    const unsigned which = take_byte(hall.in);
    const uint64_t n = which % (twin.end + 1);

    if (which < 64)
        return (sse_str){NULL, 0};
    if (which >= 240)
        return take_text(hall.in);
    if (twin.epoch)
        return twin_id(n);
    return n > 0 && n < twin.end ? twin_event(n)->id : (sse_str){NULL, 0};
}

/* A response head, in the writer of a client. */
static void put_head(client *c)
{
    const size_t len = take_below(hall.in, 256);
    char *const head = provide(len);

    memset(head, 'h', len);
    demand(sse_writer_raw(c->w, head, len) == SSE_OK);
    c->due.head = (sse_str){head, len};
}

void client_join(client *c)
{
    enum { PUSHES = 1, WAKES = 2, FILTERED = 4, HEAD = 8 };
    const unsigned kind = take_byte(hall.in), life = c->life + 1;
    due *const d = &c->due;
    sse_join how = {NULL, NULL, NULL, on_close, NULL, c, 0, 0};
    sse_str last_id;
    size_t size;
    int want;

    memset(c, 0, sizeof *c);
    c->life = life;
    c->pushes = (kind & PUSHES) != 0;
    c->wakes = (kind & WAKES) != 0;
    c->pace_ms = take_below(hall.in, 4) ? 0 : take_below(hall.in, 32);
    c->woken_ms = hall.now_ms - c->pace_ms;
    d->flags = kind >> 4;
    d->filtered = (kind & FILTERED) != 0;
    d->tag = take_below(hall.in, 2);
    d->capacity = SSE_SUBSCRIBER_QUEUE_MIN + take_below(hall.in, 1024);
    size = SSE_WRITER_OVERHEAD + d->capacity;
    c->s = malloc(sizeof *c->s);
    c->w = malloc(size);
    demand(c->s && c->w);
    how.writer = sse_writer_init(c->w, size, twin.flags);
    how.sink = c->pushes ? sink : NULL;
    how.wake = c->wakes ? wake : NULL;
    how.filter = d->filtered ? filter : NULL;
    how.flags = d->flags;
    how.pace_ms = c->pace_ms;
    if (kind & HEAD)
        put_head(c);
    last_id = take_last_id();
    want = due_begin(d, last_id);
    if (says.drains)
        want = SSE_E_STATE;
    demand(sse_channel_join(&hall.ch, c->s, &how, last_id.ptr, last_id.len) == want);
    if (want == SSE_E_STATE) {
        due_end(d);
        free(c->s);
        free(c->w);
        c->s = NULL;
        return;
    }
    hall.sum.subscribers++;
    hall.sum.joined++;
    hall.sum.resumed += last_id.len > 0 && want == SSE_OK;
    hall.sum.missed += want == SSE_GAP;
}
