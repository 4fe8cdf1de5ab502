/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE

#include "clients.h"

#include "client.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    GONE_MS = 30000,         /* for a peer to acknowledge what was sent */
    UNSENT_MAX = 64 * 1024,  /* bytes that the kernel may hold for a peer that takes none */
    TURN_BYTES = 256 * 1024, /* so many for one client, then it is the turn of the next one */
    BACK_MS = 1000,          /* a client that is sent away comes back after this time */
    BACK_SPREAD_MS = 4000    /* and up to this time later */
};

static int set_heartbeat(sse_channel *channel, const http_options *o)
{
    if (o->ping)
        return sse_channel_set_heartbeat(channel, o->ping, strlen(o->ping), NULL, 0);
    return sse_channel_set_heartbeat(channel, NULL, 0, o->first == SSE_HTTP_FIRST_LINE ? NULL : "",
                                     0);
}

void clients_init(clients *cs, const http_options *o, const site *s, void *program,
                  access_rules *access, int epoll, uint64_t now_ms)
{
    memset(cs, 0, sizeof *cs);
    cs->options = o;
    cs->site = s;
    cs->program = program;
    cs->access = access;
    cs->epoll = epoll;
    cs->now_ms = now_ms;
    cs->wake_ms = UINT64_MAX;
    cs->deadline_ms = UINT64_MAX;
}

void clients_open(clients *cs, clients_channel *ch, sse_history *history)
{
    if (sse_channel_init(&ch->channel, history, cs->options->heartbeat_ms, TURN_BYTES,
                         cs->now_ms) != SSE_OK)
        abort(); /* the history is there */
    if (set_heartbeat(&ch->channel, cs->options) != SSE_OK)
        abort(); /* the options are checked */
    ch->next = cs->channels;
    cs->channels = ch;
}

void clients_forget(clients *cs, clients_channel *ch)
{
    clients_channel **at = &cs->channels;

    while (*at && *at != ch)
        at = &(*at)->next;
    if (*at)
        *at = ch->next;
}

int clients_may_accept(const clients *cs)
{
    return cs->count < (size_t)cs->options->max_clients + CLIENTS_BESIDE;
}

void clients_wake_at(clients *cs, uint64_t ms)
{
    if (ms < cs->wake_ms)
        cs->wake_ms = ms;
}

void clients_add(clients *cs, int fd)
{
    const int on = 1;
    const unsigned gone_ms = GONE_MS;
    const unsigned unsent = UNSENT_MAX;
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET};
    client *c = calloc(1, sizeof *c);

    if (c)
        c->incoming = incoming_new();
    if (c == NULL || c->incoming == NULL) {
        free(c);
        close(fd);
        return;
    }
    c->fd = fd;
    c->of = cs;
    c->state = READING;
    c->serial = ++cs->serial;
    c->next = cs->first;
    if (c->next)
        c->next->previous = c;
    cs->first = c;
    cs->count++;
    client_enter(c, READING, HEAD_MS);

    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &gone_ms, sizeof gone_ms);
    setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent, sizeof unsent);
    event.data.ptr = c;
    if (epoll_ctl(cs->epoll, EPOLL_CTL_ADD, fd, &event) != 0)
        client_close(c);
}

void clients_ready(client *c, uint32_t events)
{
    if (c->fd < 0)
        return;
    if (events & (EPOLLERR | EPOLLHUP)) {
        client_close(c);
        return;
    }
    if (events & EPOLLOUT) {
        c->writable = 1;
        client_flush(c);
    }
    if (events & (EPOLLIN | EPOLLRDHUP))
        client_receive(c);
}

/* Send what can be sent, and see to the streams that this closes. */
static void flush(clients *cs)
{
    clients_channel *ch;
    sse_subscriber *s;

    for (ch = cs->channels; ch; ch = ch->next) {
        while ((s = sse_channel_flush(&ch->channel, client_send)) != NULL)
            client_ended(sse_subscriber_user(s), sse_subscriber_status(s));
    }
}

int clients_fit(clients *cs, clients_channel *ch, size_t len)
{
    if (sse_channel_fits(&ch->channel, len))
        return 1;
    flush(cs); /* perhaps it was only not yet sent */
    return sse_channel_fits(&ch->channel, len);
}

uint64_t clients_behind(const clients *cs)
{
    uint64_t most = 0;
    const client *c;

    for (c = cs->first; c; c = c->next) {
        const uint64_t behind = sse_subscriber_behind(&c->subscriber);

        most = behind > most ? behind : most;
    }
    return most;
}

void clients_flush(clients *cs)
{
    clients_channel *ch;

    flush(cs);
    for (ch = cs->channels; ch; ch = ch->next) {
        const int wait_ms = sse_channel_timeout(&ch->channel, cs->now_ms);

        if (wait_ms >= 0)
            clients_wake_at(cs, cs->now_ms + (uint64_t)wait_ms);
    }
}

/* Close the clients that have been in a state for too long. */
static void sweep(clients *cs)
{
    client *c, *next;

    cs->deadline_ms = UINT64_MAX;
    for (c = cs->first; c; c = next) {
        next = c->next;
        if (c->deadline_ms > cs->now_ms)
            cs->deadline_ms = c->deadline_ms < cs->deadline_ms ? c->deadline_ms : cs->deadline_ms;
        else if (c->state == READING && c->incoming->len > 0)
            client_too_slow(c);
        else if (c->state == ANSWERING || c->state == STREAMING)
            client_cut(c);
        else
            client_close(c);
    }
}

void clients_tick(clients *cs, uint64_t now_ms)
{
    clients_channel *ch;

    cs->now_ms = now_ms;
    cs->wake_ms = UINT64_MAX;
    if (cs->deadline_ms <= now_ms)
        sweep(cs);
    clients_wake_at(cs, cs->deadline_ms);
    for (ch = cs->channels; ch; ch = ch->next)
        sse_channel_tick(&ch->channel, now_ms);
}

void clients_drain(clients *cs, const char *type)
{
    clients_channel *ch;
    client *c, *next;

    for (c = cs->first; c; c = next) {
        next = c->next;
        client_send_away(c, type, sse_retry_spread(BACK_MS, BACK_SPREAD_MS, c->serial));
    }
    for (ch = cs->channels; ch; ch = ch->next)
        sse_channel_drain(&ch->channel, type, strlen(type), NULL, 0, BACK_MS, BACK_SPREAD_MS, 0,
                          ANSWER_MS);
}

void clients_bury(clients *cs)
{
    while (cs->closed) {
        client *c = cs->closed;

        cs->closed = c->next;
        free(c->writer);
        free(c);
    }
}

void clients_free(clients *cs)
{
    while (cs->first)
        client_close(cs->first);
    clients_bury(cs);
}
