/* SPDX-License-Identifier: MIT */
#include "turn.h"

#include "../ssecat/say.h"
#include "follow.h"
#include "fork.h"
#include "visit.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    BATCH = 512,  /* entries of a turn, at most */
    LOOK_MS = 100 /* before the replicas are asked again */
};

#define WAIT_LIMIT_MS "1000" /* for replicas to confirm */

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
    stream_drop(s);
    if (published > 0)
        visit_wake(s);
    if (is_full)
        read_entries(s);
    else if (published > 0 && s->options->window_ms > 0)
        stream_do(s, turn_begin, stream_now(s) + s->options->window_ms);
    else
        turn_begin(s);
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
    stream_learn(s, entries, from);
    return i - from;
}

/* Find how many entries came after the last one and are gone, where that is certain: they were
 * trimmed from the front. Returns 0, or -1 where it is not. */
static int find_hole(const stream *s, const reply_probe *p, uint64_t *hole)
{
    const log *const l = &s->log;
    uint64_t next = p->added + 1; /* the number of the first entry that there is, or will be */

    if (!l->has_ordinal || entry_id_order(&p->last, &l->last) < 0)
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

/* Count a hole, and say it. */
static void note_hole(stream *s, const reply_probe *p, uint64_t hole)
{
    const int is_exact = entry_id_order(&p->deleted, &s->log.deleted) == 0;
    char id[ENTRY_ID_MAX + 1] = "the next one";
    entry e;

    if (reply_entry(p->entries, 0, &e) == 0)
        entry_id_write(&e.id, id);
    s->counts.holes++;
    s->counts.hole_entries += hole;
    say_notice("%s: hole: %s%" PRIu64 " entries before %s were trimmed before they were read",
               s->key, is_exact ? "" : "up to ", hole, id);
}

/* Tell all clients of a hole. */
static void tell_hole(stream *s, const reply_probe *p, uint64_t hole)
{
    const entry_id *const last = s->log.last.hash ? &s->log.last : NULL;
    const int is_exact = entry_id_order(&p->deleted, &s->log.deleted) == 0;
    gap g = {GAP_TRIMMED, last, NULL, is_exact ? hole : GAP_UNKNOWN, 0};
    entry e;

    if (reply_entry(p->entries, 0, &e) == 0)
        g.resume = &e.id;
    s->counts.gaps[GAP_TRIMMED]++;
    log_tell(&s->log, &g);
    s->log.ordinal += hole;
    s->log.deleted = p->deleted;
}

/* Replicas do not confirm what was read: publish nothing, and read it again. Returns whether. */
static int hold(stream *s)
{
    if (s->is_confirmed)
        return 0;
    if (!s->held)
        say_notice("%s: fewer than %lu replicas confirm: nothing is published", s->key,
                   (unsigned long)s->options->wait);
    s->held = 1;
    s->counts.unconfirmed++;
    stream_do(s, read_entries, stream_now(s) + LOOK_MS);
    return 1;
}

/* The last entry is not in Redis: all up to it was trimmed, or this is another history. */
static void settle_probe(stream *s)
{
    uint64_t hole = 0;
    reply_probe p;
    size_t published;

    if (reply_read_probe(&s->follow, s->batch, &p) != 0) {
        follow_lose(s, p.error);
    } else if (!p.info.is_primary) {
        follow_lose(s, "it is no primary any more");
    } else if (strcmp(p.info.replid, s->replid) != 0 || find_hole(s, &p, &hole) != 0) {
        stream_drop(s);
        fork_begin(s);
    } else if (hole > 0 && s->options->on_gap == OPTIONS_CLOSE) {
        note_hole(s, &p, hole);
        stream_drop(s);
        follow_warm(s); /* all are sent away, and told when they come back */
    } else if ((hole == 0 && p.length == 0) || !hold(s)) {
        if (hole > 0) {
            note_hole(s, &p, hole);
            tell_hole(s, &p, hole);
        }
        published = publish(s, p.entries, 0);
        s->log.is_anchored = published > 0;
        end_turn(s, published, published == s->asked);
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
        stream_drop(s);
        fork_begin(s);
    } else if (reply_entry(s->batch, 0, &e) != 0 || !entry_id_same(&e.id, &s->log.last)) {
        read_turn(s, 1);
    } else if (s->batch->elements == 1 || !hold(s)) {
        published = publish(s, s->batch, 1);
        end_turn(s, published, published == s->asked);
    }
}

static void take_confirmation(void *user, const redisReply *reply)
{
    stream *const s = user;

    if (reply == NULL)
        return;
    if (reply->type != REDIS_REPLY_INTEGER) {
        follow_lose(s, reply->type == REDIS_REPLY_ERROR ? reply->str : "WAIT has no answer");
        return;
    }
    s->is_confirmed = reply->integer >= (long long)s->options->wait;
    s->settle(s);
}

static void take_batch(void *user, const redisReply *reply)
{
    stream *const s = user;

    if (reply == NULL)
        return;
    stream_drop(s);
    s->batch = conn_steal(reply);
    if (s->batch == NULL)
        abort();
}

static void take_probe(void *user, const redisReply *reply)
{
    stream *const s = user;

    take_batch(s, reply);
    if (reply && s->options->wait == 0)
        s->settle(s);
}

static void take_info(void *user, const redisReply *reply)
{
    stream *const s = user;
    const char *wrong;

    if (reply == NULL)
        return;
    wrong = reply_read_info(reply, &s->info);
    if (wrong)
        follow_lose(s, wrong);
    else if (s->options->wait == 0)
        s->settle(s);
}

static void take_mark(void *user, const redisReply *reply)
{
    if (reply && reply->type == REDIS_REPLY_ERROR)
        follow_lose(user, reply->str);
}

/* Ask the replicas to confirm what was just read. WAIT is about what a connection has written, since
 * Redis 7.2: a message that nobody receives goes to the replicas, too, after the entries. */
static void ask_confirmation(stream *s)
{
    char replicas[24];
    const char *mark[] = {"PUBLISH", "sse-relay", ""};
    const char *words[] = {"WAIT", replicas, WAIT_LIMIT_MS};

    s->is_confirmed = s->options->wait == 0;
    if (s->is_confirmed)
        return;
    snprintf(replicas, sizeof replicas, "%lu", (unsigned long)s->options->wait);
    conn_command(&s->follow, take_mark, s, 3, mark, NULL);
    conn_command(&s->follow, take_confirmation, s, 3, words, NULL);
}

void turn_ask_probe(stream *s, void (*settle)(stream *), const char *command, const char *from,
                    const char *to, size_t count)
{
    s->settle = settle;
    reply_ask_probe(&s->follow, take_probe, s, s->key, command, from, to, count);
    ask_confirmation(s);
}

/* The id from which to read on; the last of all ids has none after it. */
static entry_id id_after(const entry_id *id)
{
    entry_id next = {id->ms, id->seq + 1, 0};

    if (next.seq == 0)
        next.ms++;
    return next.seq == 0 && next.ms == 0 ? *id : next;
}

/* Read what has come after the last entry, in one write: that entry itself and INFO are the proof,
 * or a probe is where it may be gone. */
static void read_turn(stream *s, int is_probe)
{
    const entry_id first = is_probe ? id_after(&s->log.last) : s->log.last;
    char from[ENTRY_ID_MAX + 1], count[24];
    const char *entries[] = {"XRANGE", s->key, from, "+", "COUNT", count};
    const char *info[] = {"INFO", "replication"};

    s->asked = stream_count(s, STREAM_READ, BATCH);
    snprintf(from, sizeof from, "%" PRIu64 "-%" PRIu64, first.ms, first.seq);
    if (is_probe) {
        turn_ask_probe(s, settle_probe, "XRANGE", from, "+", s->asked);
        return;
    }
    snprintf(count, sizeof count, "%zu", s->asked + 1);
    s->settle = settle_entries;
    conn_command(&s->follow, take_batch, s, 6, entries, NULL);
    conn_command(&s->follow, take_info, s, 2, info, NULL);
    ask_confirmation(s);
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

void turn_begin(stream *s)
{
    char from[ENTRY_ID_MAX + 1];
    const char *words[] = {"XREAD", "BLOCK", "1000", "COUNT", "1", "STREAMS", s->key, from};

    snprintf(from, sizeof from, "%" PRIu64 "-%" PRIu64, s->log.last.ms, s->log.last.seq);
    conn_command(&s->follow, take_wake, s, 8, words, NULL);
}
