#define _GNU_SOURCE

#include "clients.h"

#include "answer.h"
#include "request.h"

#include <sse/sse.h>

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    HEAD_MAX = 8192,        /* bytes of a request head */
    HEAD_MS = 5000,         /* for it to come */
    ANSWER_MS = 5000,       /* for an answer, or the rest of a stream, to be taken */
    LINGER_MS = 1000,       /* for the peer to close */
    GONE_MS = 30000,        /* for a peer to acknowledge what was sent */
    BACK_MS = 1000,         /* a client that is sent away comes back after this time */
    BACK_SPREAD_MS = 4000,  /* and up to this time later */
    CONNECTIONS_BESIDE = 64 /* connections beside the streams: pages, requests, refusals */
};

enum state { READING, ANSWERING, STREAMING, LINGERING };

struct client {
    client *next;
    client *previous;
    int fd; /* -1: closed */
    enum state state;
    int writable;         /* the socket takes bytes, as far as is known */
    uint64_t serial;      /* tells clients apart */
    uint64_t deadline_ms; /* when the state has lasted too long; UINT64_MAX: never */
    uint64_t behind_ms;   /* since when a stream has bytes queued; UINT64_MAX: it has none */
    sse_heartbeat heartbeat;
    sse_writer *writer; /* from the answer on */
    size_t head_len;
    char head[HEAD_MAX];
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

static void wake_at(clients *cs, uint64_t ms)
{
    if (ms < cs->wake_ms)
        cs->wake_ms = ms;
}

static void enter(clients *cs, client *c, enum state state, uint64_t limit_ms)
{
    if (c->state == STREAMING)
        cs->streaming--;
    c->state = state;
    if (c->state == STREAMING)
        cs->streaming++;
    c->deadline_ms = limit_ms == UINT64_MAX ? UINT64_MAX : cs->now_ms + limit_ms;
    wake_at(cs, c->deadline_ms);
}

static void close_client(clients *cs, client *c)
{
    if (c->fd < 0)
        return;
    if (c->state == STREAMING)
        cs->streaming--;
    close(c->fd);
    c->fd = -1;
    cs->count--;
    if (c->previous)
        c->previous->next = c->next;
    else
        cs->first = c->next;
    if (c->next)
        c->next->previous = c->previous;
    c->next = cs->closed;
    cs->closed = c;
}

void clients_add(clients *cs, int fd)
{
    const int on = 1;
    const unsigned gone_ms = GONE_MS;
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
    enter(cs, c, READING, HEAD_MS);

    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &gone_ms, sizeof gone_ms);
    event.data.ptr = c;
    if (epoll_ctl(cs->epoll, EPOLL_CTL_ADD, fd, &event) != 0)
        close_client(cs, c);
}

static int send_some(void *user, const void *bytes, size_t len, size_t *taken)
{
    client *c = user;
    ssize_t n;

    do
        n = send(c->fd, bytes, len, MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    if (n >= 0) {
        *taken = (size_t)n;
        return SSE_OK;
    }
    if (errno != EAGAIN && errno != EWOULDBLOCK)
        return SSE_E_IO;
    c->writable = 0;
    return SSE_AGAIN;
}

/* Send what the socket takes. At the end of an answer, or of a stream, shut the sending side. */
static void flush(clients *cs, client *c)
{
    if (c->writer == NULL || !c->writable)
        return;
    switch (sse_writer_flush(c->writer, send_some, c)) {
    case SSE_OK:
        c->behind_ms = UINT64_MAX;
        break;
    case SSE_AGAIN:
        if (c->behind_ms == UINT64_MAX)
            c->behind_ms = cs->now_ms;
        break;
    case SSE_END:
        if (c->state != LINGERING) {
            shutdown(c->fd, SHUT_WR);
            enter(cs, c, LINGERING, LINGER_MS);
        }
        break;
    default:
        close_client(cs, c);
    }
}

static int make_writer(client *c, size_t capacity)
{
    const size_t size = SSE_WRITER_OVERHEAD + capacity;

    c->writer = sse_writer_init(malloc(size), size, 0);
    return c->writer ? 0 : -1;
}

/* Answer a request, status being what request_read said of it. */
static void answer(clients *cs, client *c, int status, const request *r)
{
    const options *o = cs->options;
    const int stream = status == 200 && r->path.len == 7 && memcmp(r->path.ptr, "/events", 7) == 0;
    const int page = status == 200 && r->path.len == 1;

    if (status == 200 && !stream && !page)
        status = 404;
    if (stream && !sse_http_accepts(r->accepts ? r->accept : NULL, r->accept_len))
        status = 406;
    if (stream && status == 200 && cs->streaming >= o->max_clients)
        status = 503;
    if (make_writer(c, stream && status == 200 ? CLIENTS_QUEUE : ANSWER_MAX) != 0) {
        close_client(cs, c);
        return;
    }
    if (stream && status == 200) {
        status = answer_stream(c->writer, o, r->minor);
        sse_heartbeat_init(&c->heartbeat, o->heartbeat_ms, cs->now_ms);
        wake_at(cs, cs->now_ms + o->heartbeat_ms);
        enter(cs, c, STREAMING, UINT64_MAX);
    } else {
        if (status == 503)
            status = answer_busy(c->writer, o, c->serial);
        else
            status = page ? answer_page(c->writer, o) : answer_error(c->writer, status);
        sse_writer_close(c->writer);
        enter(cs, c, ANSWERING, ANSWER_MS);
    }
    if (status != SSE_OK)
        close_client(cs, c);
    else
        flush(cs, c);
}

/* Read the request. Whatever comes behind it is read, too, and thrown away: a peer that only closed
 * its sending side still listens, and one that is gone shows when something is written to it. */
static void receive(clients *cs, client *c)
{
    char waste[4096];
    request r;
    int rounds; /* bounded, for a peer may send without end; what it sends next makes epoll tell
                   again */

    for (rounds = 0; rounds < 16 && c->fd >= 0; rounds++) {
        const int reading = c->state == READING;
        char *const to = reading ? c->head + c->head_len : waste;
        const ssize_t n = recv(c->fd, to, reading ? HEAD_MAX - c->head_len : sizeof waste, 0);
        int status;

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            return;
        if (n < 0 || (n == 0 && (reading || c->state == LINGERING))) {
            close_client(cs, c);
            return;
        }
        if (n == 0)
            return;
        if (!reading)
            continue;
        c->head_len += (size_t)n;
        status = request_read(&r, c->head, c->head_len);
        if (status == 0 && c->head_len == HEAD_MAX)
            status = 431;
        if (status != 0)
            answer(cs, c, status, &r);
    }
}

void clients_ready(clients *cs, client *c, uint32_t events)
{
    if (c->fd < 0)
        return;
    if (events & (EPOLLERR | EPOLLHUP)) {
        close_client(cs, c);
        return;
    }
    if (events & EPOLLOUT) {
        c->writable = 1;
        flush(cs, c);
    }
    if (events & (EPOLLIN | EPOLLRDHUP))
        receive(cs, c);
}

int clients_have_room(clients *cs)
{
    client *c;
    int room = 1;

    for (c = cs->first; c; c = c->next) {
        if (c->state != STREAMING || c->behind_ms == UINT64_MAX ||
            cs->now_ms - c->behind_ms >= cs->options->patience_ms ||
            sse_writer_pending(c->writer) <= CLIENTS_QUEUE - CLIENTS_BATCH_MAX)
            continue;
        wake_at(cs, c->behind_ms + cs->options->patience_ms);
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
            if (!cs->options->quiet)
                fprintf(stderr, "ssecat: client %llu does not keep up, and is cut\n",
                        (unsigned long long)c->serial);
            close_client(cs, c);
            continue;
        }
        sse_heartbeat_touch(&c->heartbeat, cs->now_ms);
        flush(cs, c);
    }
}

/* Queue a heartbeat if one is due, and say when to look again. */
static void beat(clients *cs, client *c)
{
    static const sse_event comment = {.comment = {"", 0}};
    uint64_t wait_ms;

    if (sse_heartbeat_due(&c->heartbeat, cs->now_ms) && sse_writer_idle(c->writer)) {
        sse_writer_send(c->writer, &comment);
        flush(cs, c);
    }
    sse_heartbeat_wait(&c->heartbeat, cs->now_ms, &wait_ms);
    if (wait_ms != UINT64_MAX)
        wake_at(cs, cs->now_ms + wait_ms);
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
            wake_at(cs, c->deadline_ms);
        else if (c->state == READING && c->head_len > 0)
            answer(cs, c, 408, NULL);
        else
            close_client(cs, c);
    }
}

void clients_drain(clients *cs)
{
    client *c, *next;

    for (c = cs->first; c; c = next) {
        sse_event later = {.retry_ms = sse_retry_spread(BACK_MS, BACK_SPREAD_MS, c->serial)};

        next = c->next;
        if (c->state == READING) {
            close_client(cs, c);
        } else if (c->state == STREAMING) {
            sse_writer_send(c->writer, &later);
            sse_writer_close(c->writer);
            enter(cs, c, ANSWERING, ANSWER_MS);
            flush(cs, c);
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
        close_client(cs, cs->first);
    clients_bury(cs);
}
