/* SPDX-License-Identifier: MIT */
#include "log.h"

#include "../ssecat/client.h"

#include <stdlib.h>
#include <string.h>

enum { PHANTOMS_MAX = 65536 };

static void *get(size_t count, size_t size)
{
    void *const memory = calloc(count, size);

    if (memory == NULL)
        abort(); /* at the start, or where clients could not be told */
    return memory;
}

void log_init(log *l, const options *o, clients *to)
{
    memset(l, 0, sizeof *l);
    l->options = o;
    l->to = to;
    l->records = get(o->history, sizeof *l->records);
}

static epoch *make_epoch(const log *l)
{
    const options *const o = l->options;
    const size_t size = sse_history_size(o->history, o->history_bytes);
    epoch *const e = get(1, sizeof *e);
    void *const memory = malloc(size);

    if (memory == NULL)
        abort();
    e->history = sse_history_init(memory, size, o->history, 0, 0, NULL, 0);
    clients_open(l->to, &e->channel, e->history);
    return e;
}

void log_renew(log *l, const entry_id *base)
{
    const uint32_t spread = l->options->spread_ms, least = (spread + 9) / 10;

    if (l->now) {
        sse_channel_drain(&l->now->channel.channel, "retry", 5, NULL, 0, least, spread - least, 0,
                          ANSWER_MS);
        l->now->next = l->old;
        l->old = l->now;
        l->drains++;
    }
    l->now = make_epoch(l);
    l->first = l->count = 0;
    l->base = l->last = l->newest = *base;
    l->is_whole = 1;
    l->is_anchored = l->has_ordinal = 0;
}

/* Forget the records whose events the history has dropped. */
static void drop(log *l)
{
    const uint64_t oldest = sse_history_first(l->now->history);

    l->is_whole = l->is_whole && oldest == 1;
    while (l->count > 0 && l->records[l->first].number < oldest) {
        l->first = (l->first + 1) % l->options->history;
        l->count--;
    }
}

static void publish(log *l, const sse_event *ev, uint64_t tag, uint64_t key)
{
    sse_channel *const channel = &l->now->channel.channel;
    size_t len;

    sse_event_encode(ev, NULL, 0, &len);
    clients_fit(l->to, &l->now->channel, len); /* flushes, so that none lags without need */
    if (sse_channel_publish(channel, ev, tag, key) == SSE_E_TOOBIG && ev->id.ptr) {
        const entry_id *const id = &l->last;
        const gap g = {GAP_TOO_BIG, id, NULL, 1, 0};
        char text[GAP_MAX];
        const sse_event told = {
            .type = SSE_LIT("gap"), .id = ev->id, .data = {text, gap_write(&g, text)}};

        sse_channel_publish(channel, &told, tag, 0);
    }
    drop(l);
}

void log_append(log *l, const entry *e)
{
    const uint64_t number = sse_history_next(l->now->history);
    entry_event made;

    if (entry_to_event(e, options_filter(l->options), &made, &l->memory) != 0)
        abort();
    l->last = l->newest = e->id;
    publish(l, &made.ev, made.tag, made.key);
    if (l->count == l->options->history) {
        l->first = (l->first + 1) % l->options->history;
        l->count--;
    }
    l->records[(l->first + l->count) % l->options->history] = (log_record){e->id, number};
    l->count++;
    l->is_anchored = 1;
    l->ordinal++;
    l->entries++;
}

void log_tell(log *l, const gap *g)
{
    char text[GAP_MAX];
    const sse_event ev = {.type = SSE_LIT("gap"), .data = {text, gap_write(g, text)}};

    publish(l, &ev, 0, 0);
}

const log_record *log_at(const log *l, size_t index)
{
    return &l->records[(l->first + index) % l->options->history];
}

int log_has(const log *l, const entry_id *id)
{
    char text[ENTRY_ID_MAX + 1];
    uint64_t next;
    const size_t len = entry_id_write(id, text);

    return l->now && sse_history_find(l->now->history, text, len, &next) == SSE_OK;
}

void log_withdraw(log *l, size_t from, const entry_id *after)
{
    size_t i;

    if (l->phantoms == NULL)
        l->phantoms = get(PHANTOMS_MAX, sizeof *l->phantoms);
    for (i = from; i < l->count; i++) {
        l->phantoms[l->phantom_at] = (log_phantom){log_at(l, i)->id, *after, i - from + 1};
        l->phantom_at = (l->phantom_at + 1) % PHANTOMS_MAX;
        if (l->phantom_count < PHANTOMS_MAX)
            l->phantom_count++;
    }
}

void log_step_back(log *l, size_t kept)
{
    l->count = kept;
    l->last = log_at(l, kept - 1)->id;
}

const log_phantom *log_find_phantom(const log *l, const entry_id *id)
{
    size_t i;

    for (i = 1; i <= l->phantom_count; i++) { /* the latest first */
        const log_phantom *const p =
            &l->phantoms[(l->phantom_at + PHANTOMS_MAX - i) % PHANTOMS_MAX];

        if (entry_id_same(&p->id, id))
            return p;
    }
    return NULL;
}

uint64_t log_counter(const log *l, int counter)
{
    uint64_t n = l->gone[counter];
    const epoch *e;

    if (l->now)
        n += sse_channel_count(&l->now->channel.channel, counter);
    for (e = l->old; e; e = e->next)
        n += sse_channel_count(&e->channel.channel, counter);
    return n;
}

static void free_epoch(log *l, epoch *e)
{
    int i;

    for (i = SSE_COUNT_JOINED; i < SSE_COUNTERS; i++)
        l->gone[i] += sse_channel_count(&e->channel.channel, i);
    clients_forget(l->to, &e->channel);
    free(e->history);
    free(e);
}

void log_bury(log *l)
{
    epoch **at = &l->old;

    while (*at) {
        epoch *const e = *at;

        if (sse_channel_count(&e->channel.channel, SSE_COUNT_SUBSCRIBERS) > 0) {
            at = &e->next;
        } else {
            *at = e->next;
            free_epoch(l, e);
        }
    }
}

void log_free(log *l)
{
    log_bury(l);
    if (l->now)
        free_epoch(l, l->now);
    free(l->records);
    free(l->phantoms);
    free(l->memory.bytes);
}
