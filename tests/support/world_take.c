/* SPDX-License-Identifier: MIT */
/* The calls by which a client takes bytes: each is made, and judged by the model. */
#include "world.h"

unsigned world_sunk;
fault world_fault;

static sinking script;
static client *sinker;

/* Inside of a sink the library says that it is busy. */
static void call_inside(client *c)
{
    sse_subscriber *const s = world_sub(c);
    size_t len = 1;
    char byte;

    must(sse_channel_publish_parts(&lib.ch, NULL, 0, NULL, 0, "x", 1, 0, 0) == SSE_E_BUSY);
    must(sse_channel_tick(&lib.ch, w.given_ms + 1000) == SSE_E_BUSY);
    must(sse_channel_next(&lib.ch) == NULL && sse_subscriber_leave(s) == SSE_E_BUSY);
    must(sse_subscriber_read(s, &byte, 1, &len) == SSE_E_BUSY && len == 0);
    must(sse_subscriber_send_parts(s, NULL, 0, NULL, 0, "x", 1) == SSE_E_BUSY);
    must(sse_subscriber_consume(s, 0) == SSE_E_BUSY && sse_subscriber_close(s) == SSE_E_BUSY);
}

static int sink(void *user, const void *bytes, size_t len, size_t *taken)
{
    client *const c = user;
    size_t most = script.most, n;

    must(c->in && len > 0 && !c->blocked && !c->failed);
    if (c != sinker)
        c->flushed = 0;
    sinker = c;
    call_inside(c);
    if (++world_sunk == world_fault.at) {
        most = world_fault.most;
        script.budget = world_fault.blocks ? most : script.budget;
        script.fail_at = world_fault.most == SIZE_MAX ? c->sunk + 1 : script.fail_at;
    }
    if (++c->sunk == script.fail_at) {
        c->failed = 1;
        return script.way ? SSE_E_IO : -55;
    }
    n = len < most ? len : most;
    n = n < script.budget ? n : script.budget;
    script.budget -= n;
    if (n > 0)
        model_hear(c, bytes, n, 1);
    if (n > 0 || script.way != 1)
        *taken = n;
    c->blocked = n == 0 || (script.way == 2 && script.budget == 0);
    return c->blocked && script.way == 2 ? SSE_AGAIN : SSE_OK;
}

static void start_sink(const sinking *how)
{
    int i;

    script = *how;
    sinker = NULL;
    for (i = 0; i < CLIENTS; i++) {
        w.all[i].flushed = 0;
        w.all[i].sunk = 0;
        w.all[i].blocked = w.all[i].failed = 0;
    }
}

/* Every byte was taken, or nothing was there. */
static void judge_caught_up(client *c, int may_be_lost)
{
    must(!c->promised);
    if (!model_held(c))
        must(may_be_lost ? !model_owed_bytes(c) || model_missed(c) : !model_owed(c));
    model_caught_up(c, may_be_lost && model_missed(c));
}

/* More is there than was taken. */
static void stay(client *c)
{
    c->turn = c->turn == BUSY ? BUSY : PERHAPS;
}

static void judge_flush(client *c, int status)
{
    c->offer_len = 0;
    if (world_is_over(c, status))
        return;
    model_stop(c);
    if (!c->promised)
        c->began_ms = w.clock_ms;
    if (status == SSE_AGAIN) {
        must(c->blocked);
        if (c->turn != BUSY)
            c->busy_from = NEVER;
        c->turn = BUSY;
    } else {
        must(status == SSE_OK && !c->blocked);
        if (w.kind.turn_bytes == 0 || c->flushed < w.kind.turn_bytes || !model_may(c))
            judge_caught_up(c, 0);
        else
            c->going = c->turn = model_owed(c) && !model_held(c) ? SPENT : PERHAPS;
    }
}

int world_flush(int i, const sinking *how)
{
    client *const c = &w.all[i];
    int status;

    if (!c->in)
        return SSE_E_STATE;
    world_say("flush %d: %d a call, %d in all, fails at %u, way %u", i, (int)how->most,
              (int)how->budget, how->fail_at, how->way);
    start_sink(how);
    status = sse_subscriber_flush(world_sub(c), sink);
    world_say(" -> %d, %u bytes", status, (unsigned)c->flushed);
    judge_flush(c, status);
    world_settle();
    return status;
}

void world_turn(const sinking *how)
{
    sse_subscriber *s;
    int i;

    world_say("turn:");
    start_sink(how);
    do {
        s = sse_channel_flush(&lib.ch, sink);
        if (s != NULL)
            world_judge_next(s, 1);
        for (i = 0; i < CLIENTS; i++) {
            client *const c = &w.all[i];

            if (c->in && c->sunk > 0) {
                world_say(" (%d: %u)", i, (unsigned)c->flushed);
                judge_flush(c, c->blocked ? SSE_AGAIN : SSE_OK);
                c->sunk = 0;
            }
        }
    } while (s != NULL);
    world_judge_rest();
    world_settle();
}

int world_read(int i, size_t cap)
{
    static char bytes[4096];
    client *const c = &w.all[i];
    size_t len = 1;
    int status;

    if (!c->in)
        return SSE_E_STATE;
    cap = cap < sizeof bytes ? cap : sizeof bytes;
    world_say("read %d: %u", i, (unsigned)cap);
    status = sse_subscriber_read(world_sub(c), bytes, cap, &len);
    world_say(" -> %d, %u bytes", status, (unsigned)len);
    must(status == SSE_OK ? len > 0 && len <= cap : len == 0);
    c->offer_len = 0;
    if (!world_is_over(c, status)) {
        must(status == SSE_OK || status == SSE_AGAIN);
        if (len > 0) {
            model_hear(c, bytes, len, 0);
            c->began_ms = w.clock_ms;
            model_stop(c);
        }
        if (len < cap || !model_may(c))
            judge_caught_up(c, len > 0);
        else if (model_owed_bytes(c) && !model_missed(c) && !model_held(c))
            stay(c);
        else
            c->turn = PERHAPS, c->going = c->going ? PERHAPS : IDLE;
    }
    world_settle();
    return status;
}

int world_peek(int i)
{
    client *const c = &w.all[i];
    const void *bytes = c;
    size_t len = 1;
    int status;

    if (!c->in)
        return SSE_E_STATE;
    world_say("peek %d", i);
    status = sse_subscriber_peek(world_sub(c), &bytes, &len);
    world_say(" -> %d, %u bytes", status, (unsigned)len);
    must(status == SSE_OK ? bytes != NULL && len > 0 : bytes == NULL && len == 0);
    if (!world_is_over(c, status)) {
        must(status == SSE_OK || (status == SSE_AGAIN && c->offer_len == 0));
        if (status == SSE_AGAIN) {
            judge_caught_up(c, 0);
        } else if (c->offer_len > 0) {
            must(bytes == c->offer && len == c->offer_len && !memcmp(bytes, c->offered, len));
        } else {
            must(len <= sizeof c->offered);
            memcpy(c->offered, bytes, len);
            c->offer = bytes;
            c->offer_len = len;
            c->staged = w.end;
            c->peeked = 1;
            c->promised = 0;
            stay(c);
        }
    }
    world_settle();
    return status;
}

static void judge_consumed(client *c, size_t n)
{
    model_hear(c, c->offered, n, 0);
    c->began_ms = w.clock_ms;
    if (model_owed_bytes(c) && !model_missed(c) && !model_held(c))
        stay(c);
    else if (n < c->offer_len || model_missed(c) || model_held(c) || model_may_come(c) ||
             (w.draining && !c->parted))
        c->turn = PERHAPS, c->going = c->going ? PERHAPS : IDLE; /* it may be closed, or rest */
    else
        model_caught_up(c, 0);
}

int world_consume(int i, size_t n)
{
    client *const c = &w.all[i];
    int status;

    if (!c->in)
        return SSE_E_STATE;
    world_say("consume %d: %u of %u", i, (unsigned)n, (unsigned)c->offer_len);
    if (c->offer_len > 0)
        must(memcmp(c->offer, c->offered, c->offer_len) == 0);
    status = sse_subscriber_consume(world_sub(c), n);
    if (!world_is_over(c, status)) {
        must(status == (n <= c->offer_len ? SSE_OK : SSE_E_ARG));
        if (status == SSE_OK) {
            if (n > 0)
                judge_consumed(c, n);
            c->offer_len = 0;
        }
    }
    world_settle();
    return status;
}
