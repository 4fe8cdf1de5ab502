/* SPDX-License-Identifier: MIT */
/* The calls of a channel: each is made, and judged by the model. */
#include "world.h"

#include <stdarg.h>

enum { GARBAGE = 0xEE };

int world_trace, world_keeps;

void world_say(const char *format, ...)
{
    va_list args;

    if (!world_trace)
        return;
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
}

sse_history *world_history(void)
{
    return (sse_history *)(void *)lib.history;
}

sse_subscriber *world_sub(const client *c)
{
    return &lib.of[c - w.all].s;
}

void world_spoil(client *c)
{
    void *const memory = &lib.of[c - w.all];

    memset(memory, GARBAGE, sizeof lib.of[0]);
    if (!world_keeps)
        ASAN_POISON_MEMORY_REGION(memory, sizeof lib.of[0]);
}

static void check_spoiled(const client *c)
{
#ifndef SANITIZED
    static unsigned char garbage[sizeof lib.of[0]];

    if (garbage[0] == 0)
        memset(garbage, GARBAGE, sizeof garbage);
    must(memcmp(&lib.of[c - w.all], garbage, sizeof garbage) == 0);
#else
    (void)c;
#endif
}

/* A client has learned that it is closed: each further call says so, until its memory is used for
 * something else. */
static void end(client *c, int reason)
{
    sse_subscriber *const s = world_sub(c);
    char byte;
    size_t len = 1;

    world_say(" [%d is closed: %d]", (int)(c - w.all), reason);
    model_judge_reason(c, reason);
    must(sse_subscriber_status(s) == reason);
    must(sse_subscriber_read(s, &byte, 1, &len) == reason && len == 0);
    must(sse_subscriber_consume(s, 0) == reason && sse_subscriber_close(s) == reason);
    must(sse_subscriber_set_filter(s, NULL, 0) == reason && sse_subscriber_behind(s) == 0);
    must(sse_subscriber_user(s) == c && sse_subscriber_leave(s) == SSE_OK);
    c->in = 0;
    world_spoil(c);
}

int world_is_over(client *c, int status)
{
    if (sse_status_closed(status)) {
        end(c, status);
        return 1;
    }
    must(!c->dead);
    return 0;
}

void world_settle(void)
{
    const sse_channel *const ch = &lib.ch;
    uint64_t in = 0, n;
    int i;

    w.ticked = 0;
    for (i = 0; i < CLIENTS; i++) {
        client *const c = &w.all[i];
        const sse_subscriber *const s = world_sub(c);

        if (!c->in) {
            check_spoiled(c);
            continue;
        }
        in++;
        if (c->turn == BUSY && !world_may_be_closed(c))
            must(sse_subscriber_blocked_ms(s) > 0);
        if (c->turn == IDLE)
            must(sse_subscriber_blocked_ms(s) == 0);
        n = sse_subscriber_behind(s);
        must(n <= w.end - c->pos + (c->raw > 0 && c->len == 0) || c->again || c->closing ||
             w.draining);
        if (c->turn == IDLE && !model_mid(c) && !model_missed(c) && c->opening == OPEN)
            must(n >= w.end - c->pos || c->filter >= 0 || c->flags & SSE_JOIN_COALESCE ||
                 c->refiltered);
    }
    must(sse_channel_count(ch, SSE_COUNT_SUBSCRIBERS) == in);
    must(sse_channel_count(ch, SSE_COUNT_JOINED) == w.joined);
    must(sse_channel_count(ch, SSE_COUNT_RESUMED) == w.resumed);
    must(sse_channel_count(ch, SSE_COUNT_EVENTS) == w.end - 1);
    must(sse_channel_count(ch, SSE_COUNT_BYTES) == w.bytes);
    must(sse_channel_count(ch, SSE_COUNT_GAPS) >= w.gaps);
    must(sse_channel_count(ch, SSE_COUNT_HEARTBEATS) >= w.beats);
    n = sse_channel_count(ch, SSE_COUNT_CLOSED);
    must(n >= w.closed && n <= w.closed + in + w.untold);
    must(sse_history_next(world_history()) == w.end);
    world_timeout(w.given_ms);
    world_timeout(w.given_ms + 7);
    world_say("\n");
}

void world_open(const kind *k)
{
    size_t size, len;
    int i;

    ASAN_UNPOISON_MEMORY_REGION(&lib, sizeof lib);
    memset(&w, 0, sizeof w);
    w.kind = *k;
    w.given_ms = 1000;
    w.clock_ms = 1000000;
    w.end = 1;
    size = sse_history_size(k->events, k->capacity);
    must(size > 0 && size <= sizeof lib.history);
    must(sse_history_init(lib.history, size, k->events, k->chunked ? SSE_HISTORY_CHUNKED : 0,
                          k->own_ids ? 0 : 77, "a", 1) != NULL);
    must(sse_channel_init(&lib.ch, world_history(), k->heartbeat_ms, k->turn_bytes, w.given_ms) ==
         SSE_OK);
    if (k->typed)
        must(sse_channel_set_heartbeat(&lib.ch, "beat", 4, "b", 1) == SSE_OK);
    if (!k->own_ids) {
        must(sse_history_id(world_history(), 0, w.origin, SSE_HISTORY_ID_MAX, &len) == SSE_OK);
        must(len > 2 && w.origin[len - 1] == '0' && w.origin[len - 2] == '-');
        w.origin[len - 1] = '\0';
    }
    for (i = 0; i < CLIENTS; i++)
        world_spoil(&w.all[i]);
    world_say(
        "world: %u events, %u bytes, chunked %d, own ids %d, heartbeat %u, turn %u, typed %d\n",
        k->events, (unsigned)k->capacity, k->chunked, k->own_ids, k->heartbeat_ms, k->turn_bytes,
        k->typed);
    world_settle();
}

int world_publish(unsigned tag, unsigned key, size_t size)
{
    const sse_event ev = model_event('e', (unsigned)w.end, size);
    size_t len, spare = w.kind.own_ids ? 12 : 80;
    int fits, status, i;
    const void *bytes;
    uint64_t n, m;

    if (w.end == EVENTS)
        return SSE_E_STATE;
    world_say("publish %u: tag %u, key %u, %u bytes", (unsigned)w.end, tag, key, (unsigned)size);
    must(sse_event_encode(&ev, NULL, 0, &len) == SSE_E_SPACE);
    fits = sse_channel_fits(&lib.ch, len);
    status = sse_channel_publish(&lib.ch, &ev, tag, key);
    if (status != SSE_OK) {
        must(status == SSE_E_TOOBIG && !fits && len + spare > w.kind.capacity);
        world_settle();
        return status;
    }
    must(len <= w.kind.capacity);
    n = w.end++;
    w.tag[n] = (unsigned char)tag;
    w.key[n] = (unsigned char)key;
    w.size[n] = size;
    must(sse_history_get(world_history(), n, &bytes, &w.len[n]) == SSE_OK);
    for (i = 0; i < CLIENTS; i++) {
        client *const c = &w.all[i];

        if (!c->in)
            continue;
        c->bits[n] = (unsigned char)world_bits(c, n);
        for (m = c->pos; m < n; m++)
            if (c->bits[m] & ~world_bits(c, m))
                world_decide(c, m, c->bits[m] & world_bits(c, m));
        for (m = c->pos; m < model_first() && fits && !c->lagging && !world_may_be_closed(c); m++)
            must(!(c->bits[m] & MUST) || m < c->staged);
        c->lagging |= model_missed(c);
    }
    world_settle();
    return SSE_OK;
}

void world_finish(void)
{
    static const sinking all = {SIZE_MAX, SIZE_MAX, 0, 0};
    int i, round;

    world_say("finish\n");
    for (round = 0; round < 6; round++) {
        for (i = 0; i < CLIENTS; i++)
            if (w.all[i].in && w.all[i].turn != IDLE && w.all[i].turn != SPENT)
                world_flush(i, &all);
        world_turn(&all);
        world_tick(w.given_ms + 100);
    }
    for (i = 0; i < CLIENTS; i++) {
        if (w.all[i].in && w.kind.turn_bytes == 0)
            must(!model_owed(&w.all[i]) || model_held(&w.all[i]) || w.all[i].dead);
        world_leave(i);
    }
}
