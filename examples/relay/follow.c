/* SPDX-License-Identifier: MIT */
#include "follow.h"

#include "../ssecat/say.h"
#include "fork.h"
#include "turn.h"
#include "visit.h"

#include <stdio.h>
#include <string.h>

enum {
    PAUSE_MS = 100, /* before it connects again, at first */
    PAUSE_MAX_MS = 2000,
    LOOK_MS = 100,   /* before the sentinels, or the replicas, are asked again */
    SIDE_MS = 500,   /* before a connection beside is opened again */
    WARM_FIRST = 8,  /* entries that are read first, to learn how long they are */
    WARM_MAX = 1000, /* entries with which a log begins */
    LEARN = 8        /* reads until entries that became shorter are known to be so */
};

const char *const stream_states[STREAM_STATES] = {"CONNECT", "WARM", "FORK", "LIVE", "LOST"};

uint64_t stream_now(const stream *s)
{
    return s->to->now_ms;
}

void stream_do(stream *s, void (*step)(stream *), uint64_t at_ms)
{
    s->step = step;
    s->due_ms = at_ms;
}

size_t stream_count(const stream *s, size_t bytes, size_t most)
{
    const size_t fit = s->entry_bytes > 0 ? bytes / s->entry_bytes : most;

    return fit < 1 ? 1 : fit < most ? fit : most;
}

void stream_learn(stream *s, const redisReply *entries, size_t from)
{
    size_t each;

    if (entries->elements <= from)
        return;
    each = reply_bytes(entries, from) / (entries->elements - from);
    if (each >= s->entry_bytes)
        s->entry_bytes = each;
    else
        s->entry_bytes -= (s->entry_bytes - each) / LEARN;
}

void stream_drop(stream *s)
{
    if (s->batch)
        freeReplyObject(s->batch);
    s->batch = NULL;
}

static void connect_to(stream *s)
{
    s->state = STREAM_CONNECT;
    if (!sentinels_name(s->sentinels, 0, &s->at)) {
        stream_do(s, connect_to, stream_now(s) + LOOK_MS);
        return;
    }
    if (!s->is_repeated)
        say_notice("%s: CONNECT to %s:%d", s->key, s->at.host, s->at.port);
    conn_open(&s->follow, &s->at);
}

void follow_lose(stream *s, const char *why)
{
    if (s->state == STREAM_LOST)
        return;
    s->is_repeated = strncmp(s->lost_why, why, sizeof s->lost_why - 1) == 0;
    if (!s->is_repeated)
        say_notice("%s: LOST: %s", s->key, why);
    snprintf(s->lost_why, sizeof s->lost_why, "%s", why);
    s->state = STREAM_LOST;
    s->counts.lost++;
    stream_do(s, connect_to, stream_now(s) + s->pause_ms);
    s->pause_ms = 2 * s->pause_ms < PAUSE_MAX_MS ? 2 * s->pause_ms : PAUSE_MAX_MS;
    conn_close(&s->follow);
    conn_close(&s->asks.conn);
    conn_close(&s->adds.conn);
    stream_drop(s);
}

void follow_go_live(stream *s)
{
    char id[ENTRY_ID_MAX + 1];

    entry_id_write(&s->log.last, id);
    say_notice("%s: LIVE at %s, primary %s:%d, replication %s", s->key, id, s->at.host, s->at.port,
               s->replid);
    s->state = STREAM_LIVE;
    s->lost_why[0] = '\0';
    s->is_repeated = s->held = 0;
    s->pause_ms = PAUSE_MS;
    s->asks.next_ms = s->adds.next_ms = 0;
    visit_start(s);
    turn_begin(s);
}

/* Begin a log with the newest entries, which come newest first. */
static void fill_log(stream *s, const reply_probe *p)
{
    log *const l = &s->log;
    const uint64_t entries = l->entries;
    size_t i;
    entry e;

    log_renew(l, &p->last);
    for (i = p->entries->elements; i-- > 0;) {
        if (reply_entry(p->entries, i, &e) == 0)
            log_append(l, &e);
    }
    l->is_whole = p->length == 0;
    l->ordinal = p->added;
    l->deleted = p->deleted;
    l->has_ordinal = entry_id_order(&l->last, &p->last) == 0;
    l->entries = entries; /* no client has got them */
}

/* Begin a log with a probe that is confirmed. */
static void settle_warm(stream *s, const reply_probe *p)
{
    if (s->fork_is_pending && strcmp(s->fork_replid, p->info.replid) != 0) {
        fork_begin(s); /* what was compared is of no account any more */
        return;
    }
    if (s->fork_is_pending)
        fork_settle(s);
    memcpy(s->replid, p->info.replid, sizeof s->replid);
    fill_log(s, p);
    follow_go_live(s);
}

/* Learn from the first entries. Returns whether there may be more. */
static int is_learned(stream *s, const redisReply *entries)
{
    stream_learn(s, entries, 0);
    return entries->elements == WARM_FIRST;
}

/* Look at the probe; no replica needs to confirm that there is nothing. */
static void take_warm(stream *s)
{
    const int is_first = s->entry_bytes == 0;
    reply_probe p;

    if (reply_read_probe(&s->follow, s->batch, &p) != 0)
        follow_lose(s, p.error);
    else if (!p.info.is_primary)
        follow_lose(s, "it is no primary");
    else if (s->options->wait > 0 && p.length > 0 && !s->is_confirmed)
        stream_do(s, follow_warm, stream_now(s) + LOOK_MS);
    else if (is_first && is_learned(s, p.entries))
        follow_warm(s);
    else
        settle_warm(s, &p);
}

void follow_warm(stream *s)
{
    const size_t history = s->options->history < WARM_MAX ? s->options->history : WARM_MAX;
    const size_t most = s->entry_bytes > 0 ? history : WARM_FIRST;

    if (s->state != STREAM_WARM && !s->is_repeated)
        say_notice("%s: WARM", s->key);
    s->state = STREAM_WARM;
    turn_ask_probe(s, take_warm, "XREVRANGE", "+", "-", stream_count(s, STREAM_READ, most));
}

static void up(void *user)
{
    stream *const s = user;

    if (s->log.now)
        fork_begin(s);
    else
        follow_warm(s);
}

static void down(void *user, const char *why)
{
    follow_lose(user, why);
}

static void side_up(void *user)
{
    (void)user;
}

static void side_down(void *user, const char *why)
{
    side *const d = user;

    (void)why;
    d->next_ms = d->conn.of->now_ms + SIDE_MS;
}

static void init_side(side *d, const conn *like)
{
    d->conn = *like;
    d->conn.user = d;
    d->conn.up = side_up;
    d->conn.down = side_down;
    d->next_ms = 0;
}

void follow_init(stream *s, const char *key, const options *o, clients *to, sentinels *ss,
                 conns *ls)
{
    memset(s, 0, sizeof *s);
    s->key = key;
    s->options = o;
    s->to = to;
    s->sentinels = ss;
    s->pause_ms = PAUSE_MS;
    s->follow = (conn){.of = ls,
                       .user_name = o->user,
                       .password = o->password,
                       .user = s,
                       .up = up,
                       .down = down,
                       .deadline_ms = UINT64_MAX};
    init_side(&s->asks, &s->follow);
    init_side(&s->adds, &s->follow);
    log_init(&s->log, o, to);
    stream_do(s, connect_to, 0);
}

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t tick_side(stream *s, side *d, int is_wanted)
{
    if (s->state != STREAM_LIVE || !is_wanted)
        return UINT64_MAX;
    if (d->conn.hook == NULL && d->next_ms <= stream_now(s))
        conn_open(&d->conn, &s->at);
    return least(conn_tick(&d->conn), d->conn.hook ? UINT64_MAX : d->next_ms);
}

/* Whether the sentinels name another primary than the one that is followed. */
static void look_at_sentinels(stream *s)
{
    char why[ADDRESS_HOST_MAX + 60];
    address named;

    if (s->sentinels->count == 0 || s->follow.hook == NULL ||
        !sentinels_name(s->sentinels, 0, &named) || address_same(&named, &s->at))
        return;
    snprintf(why, sizeof why, "the sentinels name %s:%d", named.host, named.port);
    follow_lose(s, why);
}

uint64_t follow_tick(stream *s)
{
    void (*const step)(stream *) = s->step;
    uint64_t wake_ms;

    look_at_sentinels(s);
    wake_ms = conn_tick(&s->follow);
    if (s->step && s->due_ms <= stream_now(s) && s->step == step) {
        s->step = NULL;
        step(s);
    }
    wake_ms = least(wake_ms, s->step ? s->due_ms : UINT64_MAX);
    wake_ms = least(wake_ms, tick_side(s, &s->asks, 1));
    wake_ms = least(wake_ms, tick_side(s, &s->adds, s->options->publish));
    log_bury(&s->log);
    return least(wake_ms, visit_tick(s));
}

void follow_close(stream *s)
{
    s->state = STREAM_LOST;
    conn_close(&s->follow);
    conn_close(&s->asks.conn);
    conn_close(&s->adds.conn);
    stream_drop(s);
}
