/* SPDX-License-Identifier: MIT */
/* web_channel.c - the channels and the timers of web.h. */
#define _GNU_SOURCE
#include "web_private.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { TURN_BYTES = 65536 };

room *web_rooms;
web_timer *web_timers;

static uint64_t clock_ms(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

uint64_t web_now(void)
{
    return clock_ms(CLOCK_MONOTONIC);
}

/* Timers, in the order of their times. */

void web_stop(web_timer *t)
{
    web_timer **at = &web_timers;

    while (*at != NULL && *at != t)
        at = &(*at)->next_;
    if (*at != NULL)
        *at = t->next_;
}

void web_after(web_timer *t, uint32_t ms)
{
    web_timer **at = &web_timers;

    web_stop(t);
    t->due_ms_ = web_now() + ms;
    while (*at != NULL && (*at)->due_ms_ <= t->due_ms_)
        at = &(*at)->next_;
    t->next_ = *at;
    *at = t;
}

void web_run_timers(void)
{
    const uint64_t now_ms = web_now();

    while (web_timers != NULL && web_timers->due_ms_ <= now_ms) {
        web_timer *const t = web_timers;

        web_timers = t->next_;
        t->run(t->user);
    }
}

/* Channels. */

sse_channel *web_channel(const char *name, uint32_t events, size_t bytes, uint32_t heartbeat_ms)
{
    const size_t size = sse_history_size(events, bytes);
    room *const r = size > 0 ? calloc(1, sizeof *r + size) : NULL;
    sse_history *history;

    if (r == NULL)
        return NULL;
    history = sse_history_init(r->memory, size, events, 0, name ? clock_ms(CLOCK_REALTIME) : 0,
                               name, name ? strlen(name) : 0);
    if (sse_channel_init(&r->channel, history, heartbeat_ms, TURN_BYTES, web_now()) != SSE_OK) {
        free(r);
        return NULL;
    }
    r->next = web_rooms;
    web_rooms = r;
    return &r->channel;
}

void web_cut(sse_channel *ch)
{
    visit *v;

    for (v = ((room *)(void *)ch)->visits; v != NULL; v = v->next)
        sse_subscriber_close(&v->stream);
}

void web_finish(sse_channel *ch)
{
    ((room *)(void *)ch)->finished = 1;
    web_cut(ch);
}

void web_free(sse_channel *ch)
{
    web_finish(ch);
    ((room *)(void *)ch)->doomed = 1;
}

size_t web_count(const sse_channel *ch)
{
    return ((const room *)(const void *)ch)->count;
}

static const sse_history *history_of(const sse_channel *ch)
{
    return (const sse_history *)((const room *)(const void *)ch)->memory;
}

int web_whole(const sse_channel *ch)
{
    return sse_history_first(history_of(ch)) == 1;
}

int web_knows(const sse_channel *ch, sse_str id)
{
    uint64_t next;

    return sse_history_find(history_of(ch), id.ptr, id.len, &next) == SSE_OK;
}

void web_free_rooms(void)
{
    room **at = &web_rooms;

    while (*at != NULL) {
        room *const r = *at;

        if (r->doomed && r->count == 0) {
            *at = r->next;
            free(r);
        } else {
            at = &r->next;
        }
    }
}
