#define _GNU_SOURCE

#include "client.h"

#include "answer.h"
#include "request.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

void client_enter(clients *cs, client *c, enum state state, uint64_t limit_ms)
{
    if (c->state == STREAMING)
        cs->streaming--;
    c->state = state;
    if (c->state == STREAMING)
        cs->streaming++;
    c->deadline_ms = limit_ms == UINT64_MAX ? UINT64_MAX : cs->now_ms + limit_ms;
    clients_wake_at(cs, c->deadline_ms);
}

void client_close(clients *cs, client *c)
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

void client_flush(clients *cs, client *c)
{
    if (c->writer == NULL || !c->writable)
        return;
    switch (sse_writer_flush(c->writer, send_some, c)) {
    case SSE_OK:
    case SSE_AGAIN:
        break;
    case SSE_END:
        if (c->state != LINGERING) {
            shutdown(c->fd, SHUT_WR);
            client_enter(cs, c, LINGERING, LINGER_MS);
        }
        break;
    default:
        client_close(cs, c);
    }
}

void client_beat(clients *cs, client *c)
{
    static const sse_event comment = {.comment = {"", 0}};

    if (!sse_writer_idle(c->writer))
        return;
    sse_writer_send(c->writer, &comment);
    client_flush(cs, c);
}

void client_cut(clients *cs, client *c)
{
    if (!cs->options->quiet)
        fprintf(stderr, "ssecat: client %llu does not keep up, and is cut\n",
                (unsigned long long)c->serial);
    client_close(cs, c);
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
        client_close(cs, c);
        return;
    }
    if (stream && status == 200) {
        status = answer_stream(c->writer, o, r->minor);
        sse_heartbeat_init(&c->heartbeat, o->heartbeat_ms, cs->now_ms);
        clients_wake_at(cs, cs->now_ms + o->heartbeat_ms);
        client_enter(cs, c, STREAMING, UINT64_MAX);
    } else {
        if (status == 503)
            status = answer_busy(c->writer, o, c->serial);
        else
            status = page ? answer_page(c->writer, o) : answer_error(c->writer, status);
        sse_writer_close(c->writer);
        client_enter(cs, c, ANSWERING, ANSWER_MS);
    }
    if (status != SSE_OK)
        client_close(cs, c);
    else
        client_flush(cs, c);
}

void client_too_slow(clients *cs, client *c)
{
    answer(cs, c, 408, NULL);
}

/* Whatever comes behind the request is read, too, and thrown away, a bounded amount at a time,
 * since a peer may send without end. A peer that closed its sending side may still listen; one that
 * is gone shows when something is written to it. */
void client_receive(clients *cs, client *c)
{
    char waste[4096];
    request r;
    int rounds;

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
            client_close(cs, c);
            return;
        }
        if (n == 0) {
            if (c->state == STREAMING) /* a peer that is gone answers with a reset */
                client_beat(cs, c);
            return;
        }
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
