/* SPDX-License-Identifier: MIT */
/* The model: what a client is owed, and why it may be closed. */
#include "model.h"

#include <stdlib.h>

struct library lib;
struct world w;
void (*world_failed)(void) = abort;

void model_fail(const char *what, const char *file, int line)
{
    fprintf(stderr, "%s:%d: not so: %s\n", file, line, what);
    world_failed();
}

uint64_t model_first(void)
{
    return sse_history_first((sse_history *)(void *)lib.history);
}

int model_sees(int filter, unsigned tag)
{
    return filter < 0 || tag == 0 || (filter >> (tag - 1) & 1);
}

/* Whether none of the events up to `until` must come any more. */
int model_had_all(const client *c, uint64_t until)
{
    uint64_t n;

    for (n = c->pos; n < until && n < w.end; n++)
        if (c->bits[n] & MUST)
            return 0;
    return 1;
}

/* Whether some event is gone that it has not had, if only one that it would not have seen. */
int model_missed(const client *c)
{
    const int is_cut = c->frame == PAYLOAD_CR || c->frame == PAYLOAD_LF; /* all but its framing */

    return c->pos - (is_cut && !c->kept) < model_first() || c->again;
}

void model_move(client *c, uint64_t pos)
{
    if (pos > c->pos)
        c->pos = pos;
}

int model_mid(const client *c)
{
    return c->raw > 0;
}

/* The event of which it has a part, if that is one of the history: the first that may come, or the
 * first that must. */
uint64_t model_cut(const client *c, unsigned bits)
{
    uint64_t n = c->pos;

    if (c->len == 0 && c->frame > PAYLOAD) /* all but the framing was heard */
        return n - 1;
    while (n < w.end && !(c->bits[n] & bits))
        n++;
    return n;
}

int model_lost(const client *c)
{
    return !model_had_all(c, model_first());
}

int model_owed_bytes(const client *c)
{
    const int ends = c->closing || c->parting;

    if (c->frame == ENDED)
        return 0;
    return c->head > 0 || c->opening != OPEN || model_mid(c) || !model_had_all(c, w.end) ||
           c->heard < c->sent || (ends && w.kind.chunked) ||
           (c->parting && !c->closing && !c->parted && !(c->flags & SSE_JOIN_PLAIN));
}

int model_owed(const client *c)
{
    return model_owed_bytes(c) || c->closing || c->parting || c->dead;
}

int model_may_come(const client *c)
{
    uint64_t n;

    for (n = c->pos; n < w.end; n++)
        if (c->bits[n] & MAY)
            return 1;
    return 0;
}

int model_may(const client *c)
{
    return model_owed(c) || c->beat_may || w.draining || model_missed(c) || model_may_come(c);
}

/* Whether its pace may hold events back. */
int model_held(const client *c)
{
    return c->pace_ms > 0 && w.clock_ms - c->began_ms < c->pace_ms && !model_mid(c) &&
           c->going != SPENT && (c->turn != BUSY || c->held_turn);
}

/* It has taken every byte that it may take now; or, if it may have lost something, until there. */
void model_caught_up(client *c, int may_have_lost)
{
    if (c->turn != IDLE)
        c->idle_ms = w.clock_ms;
    c->turn = c->going = IDLE;
    c->lagging &= may_have_lost || model_held(c);
    c->again &= may_have_lost;
    c->staged = 0;
    c->peeked = 0;
    c->beat_may = c->beat_may && w.clock_ms - c->heard_ms >= w.kind.heartbeat_ms / 2;
    if (!may_have_lost && !model_held(c) && !model_lost(c))
        model_move(c, w.end);
}

/* Note whether the rest of the event that a read or a flush has stopped in fits the queue. */
void model_stop(client *c)
{
    const uint64_t n = model_cut(c, MAY);
    size_t len = 0;
    unsigned i;

    for (i = c->heard; i < c->sent; i++)
        len += c->private_len[i % PRIVATES];
    c->kept = !c->peeked && model_mid(c) && n == model_cut(c, MUST) && n < w.end &&
              w.len[n] + len <= c->capacity + c->raw;
}

int model_may_be_stalled(const client *c)
{
    return (w.draining && w.limit_ms > 0 && w.clock_ms - w.drain_ms >= w.limit_ms) ||
           (c->stall_ms > 0 && c->turn != IDLE && c->stall_from != NEVER &&
            w.clock_ms - c->stall_from >= c->stall_ms);
}

int model_may_be_old(const client *c)
{
    const uint64_t at = w.draining ? w.drain_ms : w.clock_ms;

    return c->age_ms > 0 && c->age_from <= at && at - c->age_from >= c->age_ms;
}

void model_judge_reason(client *c, int reason)
{
    switch (reason) {
    case SSE_END:
        must(c->closing || w.draining);
        must(c->head == 0 && c->opening == OPEN && model_had_all(c, w.end) && c->heard == c->sent);
        must(w.kind.chunked ? c->frame == ENDED : !model_mid(c));
        must(c->closing || c->parted || c->flags & SSE_JOIN_PLAIN);
        break;
    case SSE_E_LAGGED:
        must(!(c->flags & SSE_JOIN_GAPS) && model_missed(c));
        break;
    case SSE_E_TORN:
        must(model_mid(c) && !c->kept && model_missed(c));
        break;
    case SSE_E_STALLED:
        must(model_may_be_stalled(c));
        break;
    case SSE_E_OLD:
        must(model_may_be_old(c));
        break;
    default:
        must(reason == SSE_E_IO && c->failed);
    }
    w.closed += reason < SSE_E_FATAL;
}
