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
    GONE_MS = 30000,        /* for a peer to acknowledge what was sent */
    UNSENT_MAX = 64 * 1024, /* bytes that the kernel may hold for a peer that takes none */
    BACK_MS = 1000,         /* a client that is sent away comes back after this time */
    BACK_SPREAD_MS = 4000,  /* and up to this time later */
    CONNECTIONS_BESIDE = 64 /* connections beside the streams: pages, requests, refusals */
};

void clients_init(clients *cs, const options *o, int epoll)
{
    memset(cs, 0, sizeof *cs);
    cs->options = o;
    cs->epoll = epoll;
    cs->wake_ms = UINT64_MAX;
}

int clients_may_accept(const clients *cs)
{
    return cs->count < (size_t)cs->options->max_clients + CONNECTIONS_BESIDE;
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
    client *c = malloc(sizeof *c);

    if (c == NULL) {
        close(fd);
        return;
    }
    memset(c, 0, offsetof(client, head));
    c->fd = fd;
    c->state = READING;
    c->serial = ++cs->serial;
    c->behind_ms = UINT64_MAX;
    c->next = cs->first;
    if (c->next)
        c->next->previous = c;
    cs->first = c;
    cs->count++;
    client_enter(cs, c, READING, HEAD_MS);

    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &gone_ms, sizeof gone_ms);
    setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent, sizeof unsent);
    event.data.ptr = c;
    if (epoll_ctl(cs->epoll, EPOLL_CTL_ADD, fd, &event) != 0)
        client_close(cs, c);
}

void clients_ready(clients *cs, client *c, uint32_t events)
{
    if (c->fd < 0)
        return;
    if (events & (EPOLLERR | EPOLLHUP)) {
        client_close(cs, c);
        return;
    }
    if (events & EPOLLOUT) {
        c->writable = 1;
        client_flush(cs, c);
    }
    if (events & (EPOLLIN | EPOLLRDHUP))
        client_receive(cs, c);
}

int clients_have_room(clients *cs)
{
    client *c;
    int room = 1;

    for (c = cs->first; c; c = c->next) {
        if (c->state != STREAMING)
            continue;
        if (sse_writer_pending(c->writer) <= CLIENTS_QUEUE - CLIENTS_BATCH_MAX) {
            c->behind_ms = UINT64_MAX;
            continue;
        }
        if (c->behind_ms == UINT64_MAX)
            c->behind_ms = cs->now_ms;
        if (cs->now_ms - c->behind_ms >= cs->options->patience_ms)
            continue;
        clients_wake_at(cs, c->behind_ms + cs->options->patience_ms);
        room = 0;
    }
    return room;
}

void clients_publish(clients *cs, const void *bytes, size_t len)
{
    client *c, *next;

    for (c = cs->first; c; c = next) {
        next = c->next;
        if (c->state != STREAMING)
            continue;
        if (sse_writer_raw(c->writer, bytes, len) != SSE_OK) {
            client_cut(cs, c);
            continue;
        }
        sse_heartbeat_touch(&c->heartbeat, cs->now_ms);
        client_flush(cs, c);
    }
}

/* Send a heartbeat if one is due, and say when to look again. */
static void beat(clients *cs, client *c)
{
    uint64_t wait_ms;

    if (sse_heartbeat_due(&c->heartbeat, cs->now_ms))
        client_beat(cs, c);
    sse_heartbeat_wait(&c->heartbeat, cs->now_ms, &wait_ms);
    if (wait_ms != UINT64_MAX)
        clients_wake_at(cs, cs->now_ms + wait_ms);
}

void clients_sweep(clients *cs)
{
    client *c, *next;

    cs->wake_ms = UINT64_MAX;
    for (c = cs->first; c; c = next) {
        next = c->next;
        if (c->state == STREAMING)
            beat(cs, c);
        else if (c->deadline_ms > cs->now_ms)
            clients_wake_at(cs, c->deadline_ms);
        else if (c->state == READING && c->head_len > 0)
            client_too_slow(cs, c);
        else if (c->state == ANSWERING)
            client_cut(cs, c);
        else
            client_close(cs, c);
    }
}

void clients_drain(clients *cs)
{
    client *c, *next;

    for (c = cs->first; c; c = next) {
        sse_event later = {.retry_ms = sse_retry_spread(BACK_MS, BACK_SPREAD_MS, c->serial)};

        next = c->next;
        if (c->state == READING) {
            client_close(cs, c);
        } else if (c->state == STREAMING) {
            sse_writer_send(c->writer, &later);
            sse_writer_close(c->writer);
            client_enter(cs, c, ANSWERING, ANSWER_MS);
            client_flush(cs, c);
        }
    }
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
        client_close(cs, cs->first);
    clients_bury(cs);
}
