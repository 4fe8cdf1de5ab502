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
    if (c->deadline_ms < cs->deadline_ms)
        cs->deadline_ms = c->deadline_ms;
    clients_wake_at(cs, c->deadline_ms);
}

void client_close(clients *cs, client *c)
{
    if (c->fd < 0)
        return;
    if (c->state == STREAMING) {
        cs->streaming--;
        sse_subscriber_leave(&c->subscriber);
    }
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

/* All has been sent: shut the sending side. */
static void end(clients *cs, client *c)
{
    shutdown(c->fd, SHUT_WR);
    client_enter(cs, c, LINGERING, LINGER_MS);
}

void client_flush(clients *cs, client *c)
{
    int status;

    if (c->writer == NULL || !c->writable || c->state == LINGERING)
        return;
    if (c->state == STREAMING) {
        sse_subscriber_flush(&c->subscriber);
        return;
    }
    status = sse_writer_flush(c->writer, send_some, c);
    if (status == SSE_END)
        end(cs, c);
    else if (status < SSE_OK)
        client_close(cs, c);
}

static void stream_closed(void *user, sse_subscriber *s, int reason)
{
    client *c = user;

    (void)s;
    if (reason == SSE_END)
        end(c->all, c);
    else if (reason == SSE_E_TORN)
        client_cut(c->all, c);
    else if (reason != SSE_OK)
        client_close(c->all, c);
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

/* Begin a stream, its head being in the writer. */
static int subscribe(clients *cs, client *c, const request *r)
{
    const sse_join how = {
        .writer = c->writer,
        .sink = send_some,
        .on_close = stream_closed,
        .user = c,
        .flags = cs->options->from_start ? SSE_SKIP | SSE_FROM_LOG : SSE_SKIP,
    };
    char id[128]; /* what is longer, or broken, was never an id of ours: what it stands for is lost
                   */
    size_t len;
    int status = sse_http_last_event_id(r->last_id.ptr, r->last_id.len, r->query.ptr, r->query.len,
                                        id, sizeof id, &len);

    if (status != SSE_OK) {
        id[0] = '?';
        len = 1;
    }
    status = sse_channel_join(&cs->channel, &c->subscriber, &how, id, len);
    if (status != SSE_OK && status != SSE_GAP)
        return status;
    client_enter(cs, c, STREAMING, UINT64_MAX);
    return SSE_OK;
}

static int is_path(const request *r, const char *path)
{
    return r->path.len == strlen(path) && memcmp(r->path.ptr, path, r->path.len) == 0;
}

/* Answer a request, status being what request_read said of it. */
static void answer(clients *cs, client *c, int status, const request *r)
{
    const options *o = cs->options;
    const int stream = status == 200 && is_path(r, "/events");

    if (stream && !sse_http_accepts(r->accepts ? r->accept : NULL, r->accept_len))
        status = 406;
    else if (stream && cs->streaming >= o->max_clients)
        status = 503;
    if (make_writer(c, stream && status == 200 ? CLIENTS_QUEUE : ANSWER_MAX) != 0) {
        client_close(cs, c);
        return;
    }
    if (stream && status == 200) {
        status = answer_stream(c->writer, o, r->minor);
        if (status == SSE_OK)
            status = subscribe(cs, c, r);
    } else {
        if (status == 503)
            status = answer_busy(c->writer, o, c->serial);
        else if (status == 200 && is_path(r, "/"))
            status = answer_page(c->writer, o);
        else if (status == 200 && is_path(r, "/healthz"))
            status = answer_health(c->writer);
        else if (status == 200 && is_path(r, "/metrics"))
            status = answer_metrics(c->writer, &cs->channel);
        else
            status = answer_error(c->writer, status == 200 ? 404 : status);
        sse_writer_close(c->writer);
        client_enter(cs, c, ANSWERING, ANSWER_MS);
    }
    free(c->head);
    c->head = NULL;
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
    static const sse_event beat = {.comment = {"", 0}};
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
                sse_subscriber_send(&c->subscriber, &beat);
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
