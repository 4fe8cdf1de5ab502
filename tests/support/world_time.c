/* SPDX-License-Identifier: MIT */
/* What time brings, and whose turn it is: each call is made, and judged by the model. */
#include "world.h"

/* Whether a tick may have closed it. */
int world_may_be_closed(const client *c)
{
    return c->dead || model_may_be_stalled(c) || model_may_be_old(c);
}

/* When a client that is not in its turn gets a heartbeat, at the latest. */
static uint64_t beat_due(const client *c)
{
    const uint64_t last_ms = c->heard_ms > c->idle_ms ? c->heard_ms : c->idle_ms;

    return w.kind.heartbeat_ms > 0 ? last_ms + w.kind.heartbeat_ms : NEVER;
}

/* Whether next has to return a client before it returns NULL. */
static int is_next(const client *c)
{
    const int beats = c->beat_may && w.clock_ms >= beat_due(c) && !c->closing;

    return c->in && (c->dead || (c->turn == IDLE && ((model_owed(c) && !model_held(c)) || beats)));
}

/* How long until something is due for a client, at the latest. */
static uint64_t due_in(const client *c, uint64_t now_ms)
{
    uint64_t at = NEVER, n;

    if (c->turn == IDLE)
        at = beat_due(c);
    if (c->turn == IDLE && model_owed(c) && (n = c->began_ms + c->pace_ms) < at)
        at = n;
    if (c->turn == BUSY && c->stall_ms > 0) {
        n = c->busy_from == NEVER ? now_ms : c->busy_from;
        n += c->stall_ms + c->stall_ms / 4 + c->step_ms + 1;
        at = n < at ? n : at;
    }
    if (c->age_ms > 0 && !w.draining) {
        n = (c->age_from == NEVER ? now_ms : c->age_from) + c->age_ms;
        at = n < at ? n : at;
    }
    if (w.draining && c->turn == IDLE && !c->parting && !c->closing &&
        (n = w.drain_ms + w.over_ms) < at)
        at = n;
    if (w.draining && w.limit_ms > 0 && (n = w.drain_ms + w.limit_ms) < at)
        at = n;
    return at == NEVER ? NEVER : at > now_ms ? at - now_ms : 0;
}

int world_timeout(uint64_t now_ms)
{
    const int wait_ms = sse_channel_timeout(&lib.ch, now_ms);
    const uint64_t at = w.clock_ms + (now_ms > w.given_ms ? now_ms - w.given_ms : 0);
    int i;

    must(wait_ms >= -1);
    for (i = 0; i < CLIENTS; i++) {
        const client *const c = &w.all[i];
        const uint64_t due = c->in ? due_in(c, at) : NEVER;

        if (c->in && (is_next(c) || c->turn == SPENT))
            must(wait_ms == 0);
        if (due != NEVER)
            must(wait_ms >= 0 && (uint64_t)wait_ms <= due);
    }
    return wait_ms;
}

void world_tick(uint64_t now_ms)
{
    const uint64_t step = now_ms > w.given_ms ? now_ms - w.given_ms : 0;
    int i;

    world_say("tick +%d", (int)(now_ms - w.given_ms));
    w.given_ms = now_ms;
    w.clock_ms += step;
    must(sse_channel_tick(&lib.ch, now_ms) == SSE_OK);
    for (i = 0; i < CLIENTS; i++) {
        client *const c = &w.all[i];
        const uint64_t at = w.clock_ms;

        if (!c->in)
            continue;
        if (w.draining && !c->parting && !c->closing && at - w.drain_ms >= w.over_ms) {
            c->parting = 1;
            c->limit = c->limit < w.end ? c->limit : w.end;
        }
        if (w.kind.heartbeat_ms > 0 && at - c->heard_ms >= w.kind.heartbeat_ms / 2 &&
            !c->beat_may) {
            c->beat_may = 1;
            c->floor = c->pos;
        }
        if (c->turn == SPENT)
            c->turn = IDLE;
        if (c->turn == IDLE)
            c->stall_from = NEVER;
        c->step_ms = c->stall_from == NEVER || step > c->step_ms ? step : c->step_ms;
        if (c->turn != IDLE && c->stall_from == NEVER)
            c->stall_from = at;
        if (c->turn != BUSY)
            c->busy_from = NEVER;
        else if (c->busy_from == NEVER)
            c->busy_from = at;
        if (c->age_from == NEVER)
            c->age_from = at;
        c->dead |= w.draining && w.limit_ms > 0 && at - w.drain_ms >= w.limit_ms;
        c->dead |= model_may_be_old(c);
        c->dead |= c->turn == BUSY && c->stall_ms > 0 &&
                   at - c->busy_from > c->stall_ms + c->stall_ms / 4 + c->step_ms + 1;
    }
    world_settle();
    w.ticked = 1;
}

/* Next, or a flush of all, has returned a subscriber. */
int world_judge_next(sse_subscriber *s, int flushed)
{
    client *const c = sse_subscriber_user(s);
    int status;

    must(c >= w.all && c < w.all + CLIENTS && world_sub(c) == s && c->in);
    world_say(" %d", (int)(c - w.all));
    status = sse_subscriber_status(s);
    if (world_is_over(c, status))
        return (int)(c - w.all);
    must(status == SSE_OK && !flushed && model_may(c));
    must(c->turn != BUSY && c->turn != SPENT);
    if (c->pace_ms > 0 && !c->going && w.clock_ms - c->returned_ms < c->pace_ms)
        must(c->beat_may || c->closing || w.draining);
    c->held_turn = model_held(c);
    if (!c->held_turn && !c->going)
        c->began_ms = c->next_ms = w.clock_ms;
    c->turn = BUSY;
    c->promised = 1;
    c->stall_from = c->busy_from = NEVER;
    return (int)(c - w.all);
}

/* The turn is over. Who was not returned has nothing, and is at the end. */
void world_judge_rest(void)
{
    int i;

    for (i = 0; i < CLIENTS; i++) {
        client *const c = &w.all[i];

        must(!is_next(c));
        if (c->in && c->turn == IDLE && !model_held(c))
            model_caught_up(c, 0);
    }
}

int world_next(void)
{
    sse_subscriber *s;
    int i = NOBODY;

    world_say("next:");
    s = sse_channel_next(&lib.ch);
    if (s != NULL) {
        i = world_judge_next(s, 0);
    } else {
        world_judge_rest();
        for (i = 0; i < CLIENTS && !(w.all[i].in && w.all[i].turn == SPENT); i++)
            ;
        if (i == CLIENTS && w.ticked)
            must(sse_channel_timeout(&lib.ch, w.given_ms) != 0);
        i = NOBODY;
    }
    world_settle();
    return i;
}

int world_drain(uint32_t retry_ms, uint32_t over_ms, uint32_t limit_ms)
{
    const int status =
        sse_channel_drain(&lib.ch, NULL, 0, NULL, 0, retry_ms, retry_ms / 2, over_ms, limit_ms);

    world_say("drain: retry %u, over %u, limit %u", retry_ms, over_ms, limit_ms);
    must(status == (w.draining ? SSE_E_STATE : SSE_OK));
    if (!w.draining) {
        w.draining = 1;
        w.drain_ms = w.clock_ms;
        w.drain_end = w.end;
        w.retry_ms = retry_ms;
        w.over_ms = over_ms;
        w.limit_ms = limit_ms;
    }
    world_settle();
    return status;
}
