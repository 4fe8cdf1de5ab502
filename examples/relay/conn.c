/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE

#include "conn.h"

#include "../ssecat/say.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

/* What hiredis and epoll know of a connection. A conn that is closed has none; hiredis may keep
 * one for a while that no conn has any more. */
struct hook {
    hook *next;
    conns *all;
    conn *of;              /* NULL: it was closed */
    redisAsyncContext *ac; /* NULL: it has ended */
    uint32_t events;
    int is_watched;
};

/* A command whose reply is to come. */
typedef struct call {
    conn_reply *reply;
    void *user;
} call;

static void watch(hook *h, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = h};

    if (h->events == events && h->is_watched)
        return;
    h->events = events;
    if (epoll_ctl(h->all->epoll, h->is_watched ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, h->ac->c.fd,
                  &event) != 0)
        say_and_exit("epoll");
    h->is_watched = 1;
}

static void add_read(void *data)
{
    watch(data, ((hook *)data)->events | EPOLLIN);
}

static void delete_read(void *data)
{
    watch(data, ((hook *)data)->events & ~(uint32_t)EPOLLIN);
}

static void add_write(void *data)
{
    watch(data, ((hook *)data)->events | EPOLLOUT);
}

static void delete_write(void *data)
{
    watch(data, ((hook *)data)->events & ~(uint32_t)EPOLLOUT);
}

/* hiredis frees the connection: its socket is still open. */
static void cleanup(void *data)
{
    hook *const h = data;
    hook **at = &h->all->open;

    if (h->is_watched)
        epoll_ctl(h->all->epoll, EPOLL_CTL_DEL, h->ac->c.fd, NULL);
    while (*at != h)
        at = &(*at)->next;
    *at = h->next;
    h->next = h->all->dead;
    h->all->dead = h;
    h->ac = NULL;
}

/* It has ended by itself. */
static void fail(hook *h, const char *why)
{
    conn *const l = h->of;

    if (l == NULL)
        return;
    h->of = NULL;
    l->hook = NULL;
    l->is_up = 0;
    l->deadline_ms = UINT64_MAX;
    l->down(l->user, l->error[0] ? l->error : why);
}

static void take_up(conn *l)
{
    l->is_up = 1;
    l->up(l->user);
}

static void take_auth(void *user, const redisReply *reply)
{
    conn *const l = user;
    char why[200];

    if (reply == NULL)
        return;
    if (reply->type != REDIS_REPLY_ERROR) {
        take_up(l);
        return;
    }
    snprintf(why, sizeof why, "AUTH: %.180s", reply->str);
    conn_close(l);
    l->down(l->user, why);
}

static void on_connect(const redisAsyncContext *ac, int status)
{
    hook *const h = ac->data;
    conn *const l = h->of;
    const char *words[3];
    int count = 0;

    if (status != REDIS_OK) {
        fail(h, "it cannot be reached");
        return;
    }
    if (l == NULL)
        return;
    l->deadline_ms = UINT64_MAX;
    if (l->password == NULL) {
        take_up(l);
        return;
    }
    words[count++] = "AUTH";
    if (l->user_name)
        words[count++] = l->user_name;
    words[count++] = l->password;
    conn_command(l, take_auth, l, count, words, NULL);
}

static void on_disconnect(const redisAsyncContext *ac, int status)
{
    fail(ac->data, status == REDIS_OK || ac->errstr == NULL || ac->errstr[0] == '\0'
                       ? "the connection has ended"
                       : ac->errstr);
}

static hook *make_hook(conn *l, redisAsyncContext *ac)
{
    hook *const h = calloc(1, sizeof *h);

    if (h == NULL)
        abort();
    h->all = l->of;
    h->of = l;
    h->ac = ac;
    h->next = l->of->open;
    l->of->open = h;
    ac->data = h;
    ac->ev.data = h;
    ac->ev.addRead = add_read;
    ac->ev.delRead = delete_read;
    ac->ev.addWrite = add_write;
    ac->ev.delWrite = delete_write;
    ac->ev.cleanup = cleanup;
    return h;
}

void conn_open(conn *l, const address *a)
{
    redisAsyncContext *const ac = redisAsyncConnect(a->host, a->port);
    char why[200];

    if (ac == NULL || ac->err) {
        snprintf(why, sizeof why, "%.180s", ac ? ac->errstr : "no memory");
        if (ac)
            redisAsyncFree(ac);
        l->down(l->user, why);
        return;
    }
    l->hook = make_hook(l, ac);
    l->is_up = 0;
    l->pending = 0;
    l->error[0] = '\0';
    l->deadline_ms = l->of->now_ms + CONN_LIMIT_MS;
    redisAsyncSetConnectCallback(ac, on_connect); /* watches the socket */
    redisAsyncSetDisconnectCallback(ac, on_disconnect);
}

void conn_close(conn *l)
{
    hook *const h = l->hook;

    l->hook = NULL;
    l->is_up = 0;
    l->pending = 0;
    l->deadline_ms = UINT64_MAX;
    if (h) {
        h->of = NULL;
        redisAsyncFree(h->ac);
    }
}

/* Keep what is wrong with a command of a transaction, which EXEC does not say, until the next one
 * begins: MULTI is answered with OK. */
static void keep_error(conn *l, const redisReply *reply)
{
    if (reply->type == REDIS_REPLY_ERROR)
        snprintf(l->error, sizeof l->error, "%s", reply->str);
    else if (reply->type == REDIS_REPLY_STATUS && strcmp(reply->str, "OK") == 0)
        l->error[0] = '\0';
}

static void take(redisAsyncContext *ac, void *reply, void *user)
{
    const hook *const h = ac->data;
    conn *const l = h->of;
    call *const c = user;
    const call now = *c;

    free(c);
    if (l && reply) {
        l->pending--;
        l->deadline_ms = l->pending > 0 ? l->of->now_ms + CONN_LIMIT_MS : UINT64_MAX;
    }
    if (now.reply)
        now.reply(now.user, reply);
    else if (l && reply)
        keep_error(l, reply);
}

void conn_command(conn *l, conn_reply *reply, void *user, int argc, const char **argv,
                  const size_t *lens)
{
    call *const c = malloc(sizeof *c);

    if (c == NULL)
        abort();
    *c = (call){reply, user};
    if (l->hook == NULL ||
        redisAsyncCommandArgv(l->hook->ac, take, c, argc, argv, lens) != REDIS_OK) {
        free(c);
        if (reply)
            reply(user, NULL);
        return;
    }
    if (l->pending++ == 0)
        l->deadline_ms = l->of->now_ms + CONN_LIMIT_MS;
}

uint64_t conn_tick(conn *l)
{
    if (l->deadline_ms <= l->of->now_ms) {
        conn_close(l);
        l->down(l->user, "it is silent");
    }
    return l->deadline_ms;
}

redisReply *conn_steal(const redisReply *reply)
{
    redisReply *const given = (redisReply *)(uintptr_t)reply, *const own = malloc(sizeof *own);

    if (own == NULL)
        return NULL;
    *own = *given;
    given->type = REDIS_REPLY_NIL; /* nothing in it is freed */
    given->elements = 0;
    given->element = NULL;
    given->str = NULL;
    return own;
}

static hook *find(hook *list, const void *which)
{
    while (list && list != which)
        list = list->next;
    return list;
}

int conns_ready(conns *ls, const void *which, uint32_t events)
{
    hook *found = find(ls->open, which);

    if (found == NULL)
        found = find(ls->dead, which);
    if (found == NULL)
        return 0;
    if (found->of && found->of->is_up && found->of->pending > 0 && events & EPOLLIN)
        found->of->deadline_ms = ls->now_ms + CONN_LIMIT_MS; /* of a long reply, a part has come */
    if (found->ac && events & (EPOLLIN | EPOLLERR | EPOLLHUP))
        redisAsyncHandleRead(found->ac);
    if (found->ac && events & EPOLLOUT)
        redisAsyncHandleWrite(found->ac);
    return 1;
}

void conns_bury(conns *ls)
{
    while (ls->dead) {
        hook *const h = ls->dead;

        ls->dead = h->next;
        free(h);
    }
}
