/* SPDX-License-Identifier: MIT */
#include "sentinel.h"

#include "../ssecat/say.h"

#include <stdlib.h>
#include <string.h>

enum { ASK_MS = 1000, FRESH_MS = 3500, SAY_MS = 10000 };

static uint64_t now(const sentinel *s)
{
    return s->conn.of->now_ms;
}

/* Remember what it says: host and port, or nothing. */
static void take_answer(void *user, const redisReply *reply)
{
    sentinel *const s = user;
    address a = {.port = 0};

    if (reply == NULL)
        return;
    s->asked_ms = s->asking_ms;
    s->asking_ms = 0;
    if (reply->type == REDIS_REPLY_ARRAY && reply->elements == 2 &&
        reply->element[0]->type == REDIS_REPLY_STRING &&
        reply->element[1]->type == REDIS_REPLY_STRING && reply->element[0]->len < sizeof a.host) {
        memcpy(a.host, reply->element[0]->str, reply->element[0]->len + 1);
        a.port = atoi(reply->element[1]->str);
    }
    s->primary = a;
}

static void ask(sentinel *s)
{
    const char *words[] = {"SENTINEL", "get-master-addr-by-name", s->of->options->master};

    s->next_ms = now(s) + ASK_MS;
    if (!s->conn.is_up || s->asking_ms != 0)
        return;
    s->asking_ms = now(s);
    conn_command(&s->conn, take_answer, s, 3, words, NULL);
}

static void up(void *user)
{
    ask(user);
}

static void down(void *user, const char *why)
{
    sentinel *const s = user;

    (void)why;
    s->asking_ms = 0;
    s->asked_ms = 0;
    s->next_ms = now(s) + ASK_MS;
}

void sentinels_init(sentinels *ss, const options *o, conns *ls)
{
    size_t i;

    memset(ss, 0, sizeof *ss);
    ss->options = o;
    ss->only = o->redis_at;
    for (i = 0; i < o->sentinel_count; i++) {
        sentinel *const s = &ss->at[i];

        s->at = o->sentinel_at[i];
        s->of = ss;
        s->conn = (conn){.of = ls,
                         .password = o->sentinel_password,
                         .user = s,
                         .up = up,
                         .down = down,
                         .deadline_ms = UINT64_MAX};
    }
    ss->count = o->sentinel_count;
}

/* How many name the same as this one. */
static size_t votes(const sentinels *ss, uint64_t since_ms, const address *a)
{
    size_t n = 0, i;

    for (i = 0; i < ss->count; i++)
        n += ss->at[i].asked_ms >= since_ms && ss->at[i].asked_ms > 0 &&
             address_same(&ss->at[i].primary, a);
    return n;
}

/* Find the address that most of them name. Returns how many. */
static size_t find_favorite(const sentinels *ss, uint64_t since_ms, const address **favorite)
{
    size_t most = 0, i;

    for (i = 0; i < ss->count; i++) {
        const address *const a = &ss->at[i].primary;
        const size_t n = a->port > 0 ? votes(ss, since_ms, a) : 0;

        if (n > most) {
            most = n;
            *favorite = a;
        }
    }
    return most;
}

int sentinels_name(sentinels *ss, uint64_t since_ms, address *primary)
{
    static const address nobody = {"nobody", 0};
    const address *favorite = &nobody;
    uint64_t from_ms = since_ms, time_ms;
    size_t most;

    if (ss->count == 0) {
        *primary = ss->only;
        return 1;
    }
    time_ms = now(&ss->at[0]);
    if (since_ms == 0)
        from_ms = time_ms > FRESH_MS ? time_ms - FRESH_MS : 1;
    most = find_favorite(ss, from_ms, &favorite);
    if (2 * most > ss->count) {
        *primary = *favorite;
        return 1;
    }
    if (since_ms == 0 && time_ms >= ss->disagree_ms) {
        ss->disagree_ms = time_ms + SAY_MS;
        say_notice("sentinels do not agree: %zu of %zu name %s:%d", most, ss->count, favorite->host,
                   favorite->port);
    }
    return 0;
}

void sentinels_ask(sentinels *ss)
{
    size_t i;

    for (i = 0; i < ss->count; i++)
        ask(&ss->at[i]);
}

uint64_t sentinels_tick(sentinels *ss)
{
    uint64_t wake_ms = UINT64_MAX;
    size_t i;

    for (i = 0; i < ss->count; i++) {
        sentinel *const s = &ss->at[i];
        const uint64_t silent_ms = conn_tick(&s->conn);

        if (s->next_ms <= now(s)) {
            ask(s);
            if (s->conn.hook == NULL)
                conn_open(&s->conn, &s->at);
        }
        wake_ms = s->next_ms < wake_ms ? s->next_ms : wake_ms;
        wake_ms = silent_ms < wake_ms ? silent_ms : wake_ms;
    }
    return wake_ms;
}

void sentinels_close(sentinels *ss)
{
    size_t i;

    for (i = 0; i < ss->count; i++)
        conn_close(&ss->at[i].conn);
}
