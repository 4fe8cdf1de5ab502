/* SPDX-License-Identifier: MIT */
#include "follow.h"

#include "../ssecat/say.h"
#include "fork.h"
#include "visit.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
    PAUSE_MS = 100, /* before it connects again, at first */
    PAUSE_MAX_MS = 2000,
    LOOK_MS = 100,       /* before the sentinels, or the replicas, are asked again */
    SIDE_MS = 500,       /* before a connection beside is opened again */
    BATCH = 512,         /* entries of a turn */
    WARM_MAX = 1000,     /* entries with which a log begins */
    WAIT_LIMIT_MS = 1000 /* for replicas to confirm */
};

#define WAIT_LIMIT "1000"

const char *const stream_states[STREAM_STATES] = {"CONNECT", "WARM", "FORK", "LIVE", "LOST"};

static void wait_for_entries(stream *s);

uint64_t stream_now(const stream *s)
{
    return s->to->now_ms;
}

void stream_do(stream *s, void (*step)(stream *), uint64_t at_ms)
{
    s->step = step;
    s->due_ms = at_ms;
}

static void drop_batch(stream *s)
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
    if (!s->was_said)
        say_notice("%s: CONNECT to %s:%d", s->key, s->at.host, s->at.port);
    conn_open(&s->follow, &s->at);
}

void follow_lose(stream *s, const char *why)
{
    if (s->state == STREAM_LOST)
        return;
    if (!s->was_said || s->state != STREAM_CONNECT)
        say_notice("%s: LOST: %s", s->key, why);
    s->was_said = 1;
    s->state = STREAM_LOST;
    s->counts.lost++;
    stream_do(s, connect_to, stream_now(s) + s->pause_ms);
    s->pause_ms = 2 * s->pause_ms < PAUSE_MAX_MS ? 2 * s->pause_ms : PAUSE_MAX_MS;
    conn_close(&s->follow);
    conn_close(&s->asks.conn);
    conn_close(&s->adds.conn);
    drop_batch(s);
}

void follow_go_live(stream *s)
{
    char id[ENTRY_ID_MAX + 1];

    entry_id_write(&s->log.last, id);
    say_notice("%s: LIVE at %s, primary %s:%d, replication %s", s->key, id, s->at.host, s->at.port,
               s->replid);
    s->state = STREAM_LIVE;
    s->was_said = s->held = 0;
    s->pause_ms = PAUSE_MS;
    s->asks.next_ms = s->adds.next_ms = 0;
    visit_wake(s);
    wait_for_entries(s);
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
    l->has_ordinal = p->has_counters && entry_id_order(&l->last, &p->last) == 0;
    l->entries = entries; /* no client has got them */
}

static void take_warm(void *user, const redisReply *reply)
{
    stream *const s = user;
    reply_probe p;

    if (reply == NULL)
        return;
    if (reply_read_probe(reply, &p) != 0) {
        follow_lose(s, p.error);
    } else if (!p.info.is_primary) {
        follow_lose(s, "it is no primary");
    } else if (s->fork_is_pending && strcmp(s->replid, p.info.replid) != 0) {
        fork_begin(s); /* what was compared is of no account any more */
    } else {
        if (s->fork_is_pending)
            fork_settle(s);
        memcpy(s->replid, p.info.replid, sizeof s->replid);
        fill_log(s, &p);
        follow_go_live(s);
    }
}

void follow_warm(stream *s)
{
    const size_t most = s->options->history < WARM_MAX ? s->options->history : WARM_MAX;

    s->state = STREAM_WARM;
    say_notice("%s: WARM", s->key);
    reply_ask_probe(&s->follow, take_warm, s, s->key, "XREVRANGE", "+", "-", most);
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

static void read_turn(stream *s, int is_probe);

static void read_entries(stream *s)
{
    read_turn(s, !s->log.is_anchored);
}

/* A turn is over, and what it has brought is published. */
static void end_turn(stream *s, size_t published, int is_full)
{
    s->counts.turns++;
    s->held = 0;
    drop_batch(s);
    if (published > 0)
        visit_wake(s);
    if (is_full)
        read_entries(s);
    else if (published > 0 && s->options->window_ms > 0)
        stream_do(s, wait_for_entries, stream_now(s) + s->options->window_ms);
    else
        wait_for_entries(s);
}

/* Publish the entries of a list from an index on. Returns how many. */
static size_t publish(stream *s, const redisReply *entries, size_t from)
{
    size_t i;
    entry e;

    for (i = from; reply_entry(entries, i, &e) == 0; i++) {
        visit_has_come(s, &e.id);
        log_append(&s->log, &e);
    }
    return i - from;
}

/* Find how many entries came after the last one and are gone, where that is certain: they were
 * trimmed from the front. Returns 0, or -1 where it is not. */
static int find_hole(const stream *s, const reply_probe *p, uint64_t *hole)
{
    const log *const l = &s->log;
    uint64_t next = p->added + 1; /* the number of the first entry that there is, or will be */

    if (!p->has_counters || !l->has_ordinal || entry_id_order(&p->last, &l->last) < 0)
        return -1;
    if (p->length > 0) {
        if (entry_id_order(&p->first, &l->last) <= 0 || entry_id_order(&p->deleted, &p->first) >= 0)
            return -1;
        next -= p->length;
    }
    if (next <= l->ordinal)
        return -1;
    *hole = next - l->ordinal - 1;
    return 0;
}

static void tell_hole(stream *s, const reply_probe *p, uint64_t hole)
{
    char id[ENTRY_ID_MAX + 1] = "the next one";
    const entry_id *const last = s->log.last.hash ? &s->log.last : NULL;
    gap g = {GAP_TRIMMED, last, NULL, hole, 0};
    entry e;

    if (reply_entry(p->entries, 0, &e) == 0) {
        g.resume = &e.id;
        entry_id_write(&e.id, id);
    }
    s->counts.holes++;
    s->counts.hole_entries += hole;
    s->counts.gaps[GAP_TRIMMED]++;
    say_notice("%s: hole: %" PRIu64 " entries before %s were trimmed before they were read", s->key,
               hole, id);
    log_tell(&s->log, &g);
    s->log.ordinal += hole;
}

/* The last entry is not in Redis: all up to it was trimmed, or this is another history. */
static void settle_probe(stream *s)
{
    uint64_t hole = 0;
    reply_probe p;
    size_t published;

    if (reply_read_probe(s->batch, &p) != 0) {
        follow_lose(s, p.error);
    } else if (!p.info.is_primary) {
        follow_lose(s, "it is no primary any more");
    } else if (strcmp(p.info.replid, s->replid) != 0 || find_hole(s, &p, &hole) != 0) {
        drop_batch(s);
        fork_begin(s);
    } else {
        if (hole > 0)
            tell_hole(s, &p, hole);
        published = publish(s, p.entries, 0);
        s->log.is_anchored = published > 0;
        end_turn(s, published, published == BATCH);
    }
}

/* The proof of a turn: the first entry is the last one of the log. */
static void settle_entries(stream *s)
{
    const char *const wrong = reply_error(s->batch);
    size_t published;
    entry e;

    if (wrong) {
        follow_lose(s, wrong);
    } else if (!s->info.is_primary) {
        follow_lose(s, "it is no primary any more");
    } else if (strcmp(s->info.replid, s->replid) != 0) {
        drop_batch(s);
        fork_begin(s);
    } else if (reply_entry(s->batch, 0, &e) == 0 && entry_id_same(&e.id, &s->log.last)) {
        published = publish(s, s->batch, 1);
        end_turn(s, published, published == BATCH);
    } else {
        read_turn(s, 1);
    }
}

static void settle(stream *s)
{
    if (s->info.replid[0] == '\0')
        settle_probe(s);
    else
        settle_entries(s);
}

static void take_confirmation(void *user, const redisReply *reply)
{
    stream *const s = user;

    if (reply == NULL)
        return;
    if (reply->type != REDIS_REPLY_INTEGER) {
        follow_lose(s, reply->type == REDIS_REPLY_ERROR ? reply->str : "WAIT has no answer");
    } else if (reply->integer >= (long long)s->options->wait) {
        settle(s);
    } else {
        if (!s->held)
            say_notice("%s: %lld of %lu replicas confirm: nothing is published", s->key,
                       reply->integer, (unsigned long)s->options->wait);
        s->held = 1;
        s->counts.unconfirmed++;
        stream_do(s, read_entries, stream_now(s) + LOOK_MS);
    }
}

static void take_batch(void *user, const redisReply *reply)
{
    stream *const s = user;

    if (reply == NULL)
        return;
    drop_batch(s);
    s->batch = conn_steal(reply);
    if (s->batch == NULL)
        follow_lose(s, "no memory");
}

static void take_probe(void *user, const redisReply *reply)
{
    stream *const s = user;

    take_batch(s, reply);
    if (reply && s->batch && s->options->wait == 0)
        settle(s);
}

static void take_info(void *user, const redisReply *reply)
{
    stream *const s = user;
    const char *wrong;

    if (reply == NULL || s->batch == NULL)
        return;
    wrong = reply_read_info(reply, &s->info);
    if (wrong)
        follow_lose(s, wrong);
    else if (s->options->wait == 0)
        settle(s);
}

/* Read what has come after the last entry, in one write: that entry itself and INFO are the proof,
 * or a probe is where it may be gone. */
static void read_turn(stream *s, int is_probe)
{
    const entry_id *const last = &s->log.last;
    char from[ENTRY_ID_MAX + 2], count[24], replicas[24];
    const char *entries[] = {"XRANGE", s->key, from, "+", "COUNT", count};
    const char *info[] = {"INFO", "replication"};
    const char *confirm[] = {"WAIT", replicas, WAIT_LIMIT};

    snprintf(from, sizeof from, "%s%" PRIu64 "-%" PRIu64, is_probe ? "(" : "", last->ms, last->seq);
    s->info.replid[0] = '\0';
    if (is_probe) {
        reply_ask_probe(&s->follow, take_probe, s, s->key, "XRANGE", from, "+", BATCH);
    } else {
        snprintf(count, sizeof count, "%d", BATCH + 1);
        conn_command(&s->follow, take_batch, s, 6, entries, NULL);
        conn_command(&s->follow, take_info, s, 2, info, NULL);
    }
    if (s->options->wait > 0) {
        snprintf(replicas, sizeof replicas, "%lu", (unsigned long)s->options->wait);
        conn_command(&s->follow, take_confirmation, s, 3, confirm, NULL);
    }
}

/* What XREAD says is a wake-up only. */
static void take_wake(void *user, const redisReply *reply)
{
    stream *const s = user;

    if (reply == NULL)
        return;
    if (reply->type == REDIS_REPLY_ERROR)
        follow_lose(s, reply->str);
    else
        read_entries(s);
}

static void wait_for_entries(stream *s)
{
    char from[ENTRY_ID_MAX + 1];
    const char *words[] = {"XREAD", "BLOCK", "1000", "COUNT", "1", "STREAMS", s->key, from};

    snprintf(from, sizeof from, "%" PRIu64 "-%" PRIu64, s->log.last.ms, s->log.last.seq);
    conn_command(&s->follow, take_wake, s, 8, words, NULL);
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
    char why[CONN_HOST_MAX + 60];
    conn_address named;

    if (s->sentinels->count == 0 || s->follow.hook == NULL ||
        !sentinels_name(s->sentinels, 0, &named) || conn_address_same(&named, &s->at))
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
    drop_batch(s);
}
