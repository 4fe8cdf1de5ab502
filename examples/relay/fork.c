/* SPDX-License-Identifier: MIT */
#include "fork.h"

#include "../ssecat/say.h"
#include "follow.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { PAGE = 511, CONFIRM_MS = 5000, LOOK_MS = 50 };

static void ask_page(stream *s);

/* Whether the sentinels confirm the primary, now that it is known to lack entries. */
static void check_confirmation(stream *s)
{
    address named;

    if (sentinels_name(s->sentinels, s->confirm_ms, &named)) {
        if (address_same(&named, &s->at))
            follow_warm(s);
        else
            follow_lose(s, "the sentinels name another primary");
    } else if (stream_now(s) - s->confirm_ms > CONFIRM_MS) {
        follow_lose(s, "the sentinels do not confirm the primary");
    } else {
        stream_do(s, check_confirmation, stream_now(s) + LOOK_MS);
    }
}

static void end(stream *s, enum stream_fork result)
{
    s->fork_result = result;
    if (result == FORK_MATCH) {
        s->counts.forks[result]++;
        memcpy(s->replid, s->fork_replid, sizeof s->replid);
        follow_go_live(s);
        return;
    }
    s->fork_is_pending = 1;
    s->confirm_ms = stream_now(s);
    sentinels_ask(s->sentinels);
    check_confirmation(s);
}

void fork_settle(stream *s)
{
    char id[ENTRY_ID_MAX + 1];
    const size_t kept = s->fork_result == FORK_CUT ? s->fork_at + 1 : 0;
    const size_t lost = s->log.count - kept;

    s->fork_is_pending = 0;
    s->counts.forks[s->fork_result]++;
    if (s->fork_result == FORK_NONE) {
        say_notice("%s: new log: Redis has none of its %zu entries", s->key, lost);
        return;
    }
    entry_id_write(&log_at(&s->log, s->fork_at)->id, id);
    log_withdraw(&s->log, kept, &log_at(&s->log, s->fork_at)->id);
    s->counts.phantoms += lost;
    s->counts.fork_length = lost;
    say_notice("%s: withdrawn: %zu entries after %s", s->key, lost, id);
}

/* A log without entries is right as long as Redis has had none, either; or none before those that
 * are all there, and that this log is still to get. */
static enum stream_fork compare_empty(const stream *s, const reply_probe *p)
{
    const log *const l = &s->log;

    if (l->is_whole && l->base.ms == 0 && l->base.seq == 0 && reply_is_complete(p))
        return FORK_MATCH;
    return p->length == 0 && l->has_ordinal && p->added == l->ordinal &&
                   entry_id_order(&p->last, &l->last) >= 0
               ? FORK_MATCH
               : FORK_NONE;
}

/* Find a record at or after an index that is this entry. One that is in Redis was added after all
 * those before it, so that these were deleted, and not lost. Returns count where there is none. */
static size_t find(const log *l, size_t from, const entry_id *id)
{
    while (from < l->count && !entry_id_same(&log_at(l, from)->id, id))
        from++;
    return from;
}

/* Compare one entry. Returns 1 to go on, or 0 with the result. */
static int compare(stream *s, const entry_id *id, enum stream_fork *result)
{
    const log *const l = &s->log;
    const int is_at_end = s->fork_has_match && s->fork_at + 1 == l->count;
    const size_t at = is_at_end ? l->count : find(l, s->fork_at + (size_t)s->fork_has_match, id);

    if (at == l->count) {
        *result = is_at_end ? FORK_MATCH : s->fork_has_match ? FORK_CUT : FORK_NONE;
        return 0;
    }
    s->fork_at = at; /* before the first match: those before it were trimmed */
    s->fork_has_match = 1;
    return 1;
}

/* The entries match up to a record. Where nothing can have been lost, those after it were deleted.
 * next: the entry that Redis has after that record; NULL: none. */
static enum stream_fork explain_cut(stream *s, const reply_probe *p, const entry_id *next)
{
    log *const l = &s->log;
    const entry_id *const newest = &log_at(l, l->count - 1)->id;

    if (!s->fork_is_same || entry_id_order(&p->deleted, newest) < 0 ||
        (next && entry_id_order(next, newest) <= 0))
        return FORK_CUT;
    log_step_back(l, s->fork_at + 1);
    return FORK_MATCH;
}

/* Compare a page. A further page begins with the entry that was compared last. */
static void compare_page(stream *s, const reply_probe *p)
{
    const redisReply *const entries = p->entries;
    enum stream_fork result = FORK_MATCH;
    size_t i = 0;
    entry e;

    if (s->fork_has_match) {
        if (reply_entry(entries, 0, &e) != 0 ||
            !entry_id_same(&e.id, &log_at(&s->log, s->fork_at)->id)) {
            fork_begin(s); /* it was trimmed meanwhile */
            return;
        }
        i = 1;
    }
    for (; reply_entry(entries, i, &e) == 0; i++) {
        if (!compare(s, &e.id, &result)) {
            end(s, result == FORK_CUT ? explain_cut(s, p, &e.id) : result);
            return;
        }
    }
    if (!s->fork_has_match)
        end(s, FORK_NONE);
    else if (s->fork_at + 1 == s->log.count)
        end(s, FORK_MATCH);
    else if (entries->elements <= s->asked)
        end(s, explain_cut(s, p, NULL));
    else
        ask_page(s);
}

static void take_page(void *user, const redisReply *reply)
{
    stream *const s = user;
    reply_probe p;

    if (reply == NULL)
        return;
    if (reply_read_probe(&s->follow, reply, &p) != 0) {
        follow_lose(s, p.error);
    } else if (!p.info.is_primary) {
        follow_lose(s, "it is no primary");
    } else if (s->fork_pages++ > 0 && strcmp(s->fork_replid, p.info.replid) != 0) {
        fork_begin(s); /* from the first page on */
    } else {
        if (s->fork_pages == 1)
            s->fork_is_same = strcmp(s->replid, p.info.replid) == 0;
        memcpy(s->fork_replid, p.info.replid, sizeof s->fork_replid);
        if (s->log.count == 0)
            end(s, compare_empty(s, &p));
        else
            compare_page(s, &p);
    }
}

static void ask_page(stream *s)
{
    char from[ENTRY_ID_MAX + 1];
    const entry_id *const id = s->log.count ? &log_at(&s->log, s->fork_at)->id : &s->log.last;

    s->asked = stream_count(s, STREAM_READ, PAGE);
    snprintf(from, sizeof from, "%" PRIu64 "-%" PRIu64, id->ms, id->seq);
    reply_ask_probe(&s->follow, take_page, s, s->key, "XRANGE", from, "+", s->asked + 1);
}

void fork_begin(stream *s)
{
    s->state = STREAM_FORK;
    s->fork_at = 0;
    s->fork_has_match = s->fork_is_pending = 0;
    s->fork_pages = 0;
    if (!s->is_repeated)
        say_notice("%s: FORK, %zu entries to compare", s->key, s->log.count);
    ask_page(s);
}
