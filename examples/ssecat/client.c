/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE

#include "client.h"

#include "answer.h"
#include "request.h"
#include "say.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

void client_enter(client *c, enum state state, uint64_t limit_ms)
{
    clients *const cs = c->of;

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

void client_close(client *c)
{
    clients *const cs = c->of;

    if (c->fd < 0)
        return;
    if (c->state == STREAMING)
        cs->streaming--;
    sse_subscriber_leave(&c->subscriber);
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

int client_send(void *user, const void *bytes, size_t len, size_t *taken)
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
static void end(client *c)
{
    shutdown(c->fd, SHUT_WR);
    client_enter(c, LINGERING, LINGER_MS);
}

void client_flush(client *c)
{
    int status;

    if (c->writer == NULL || !c->writable || c->state == LINGERING)
        return;
    if (c->state == STREAMING)
        status = sse_subscriber_flush(&c->subscriber, client_send);
    else
        status = sse_writer_flush(c->writer, client_send, c);
    if (sse_status_closed(status))
        client_ended(c, status);
}

void client_ended(client *c, int reason)
{
    if (reason == SSE_END)
        end(c);
    else if (reason == SSE_E_TORN || reason == SSE_E_STALLED)
        client_cut(c);
    else
        client_close(c);
}

void client_cut(client *c)
{
    say_notice("client %llu does not keep up, and is cut", (unsigned long long)c->serial);
    client_close(c);
}

static int make_writer(client *c, size_t capacity)
{
    const size_t size = SSE_WRITER_OVERHEAD + capacity;

    c->writer = sse_writer_init(malloc(size), size, 0);
    return c->writer ? 0 : -1;
}

/* Begin a stream, its head being in the writer. */
static int subscribe(client *c, const request *r)
{
    const uint32_t flags = c->of->options->from_start ? SSE_JOIN_OLDEST : 0;
    const int status =
        sse_subscriber_join(&c->subscriber, &c->of->channel, c->writer, c, flags | SSE_JOIN_GAPS,
                            r->last_id.ptr, r->last_id.len, r->query.ptr, r->query.len);

    if (status != SSE_OK && status != SSE_GAP)
        return status;
    client_enter(c, STREAMING, UINT64_MAX);
    return sse_subscriber_set_limits(&c->subscriber, 0, STALL_MS, 0);
}

static int is_path(const request *r, const char *path)
{
    return r->path.len == strlen(path) && memcmp(r->path.ptr, path, r->path.len) == 0;
}

/* The status of the answer to a request, status being what request_read said of it. */
static int decide(const client *c, int status, const request *r)
{
    const int is_stream = status == 200 && is_path(r, "/events");

    if (status != 200)
        return status;
    if (r->method == OPTIONS)
        return is_stream ? 204 : 405;
    if (!is_stream)
        return is_path(r, "/") || is_path(r, "/healthz") || is_path(r, "/metrics") ? 200 : 404;
    if (!sse_http_accepts(r->accepts ? r->accept : NULL, r->accept_len))
        return 406;
    return c->of->streaming < c->of->options->max_clients ? 200 : 503;
}

/* Answer a request; r is NULL where status says what is wrong with it. */
static void answer(client *c, int status, const request *r)
{
    const options *o = c->of->options;
    int streams;

    status = decide(c, status, r);
    streams = status == 200 && is_path(r, "/events") && r->method == GET;
    if (make_writer(c, streams ? CLIENTS_QUEUE : ANSWER_MAX) != 0) {
        client_close(c);
        return;
    }
    if (status == 200 && is_path(r, "/"))
        status = answer_page(c->writer, o, r);
    else if (status == 200 && is_path(r, "/healthz"))
        status = answer_health(c->writer, r);
    else if (status == 200 && is_path(r, "/metrics"))
        status = answer_metrics(c->writer, r, &c->of->channel, clients_behind(c->of));
    else
        status = answer_route(c->writer, o, r, status, c->serial);
    if (streams && status == SSE_OK) {
        status = subscribe(c, r);
    } else {
        sse_writer_close(c->writer);
        client_enter(c, ANSWERING, ANSWER_MS);
    }
    free(c->head);
    c->head = NULL;
    if (status != SSE_OK)
        client_close(c);
    else
        client_flush(c);
}

void client_too_slow(client *c)
{
    answer(c, 408, NULL);
}

/* Whatever comes after the request is read, too, and thrown away, a bounded amount at a time,
 * since a peer may send without end. A peer that closed its sending side may still listen; one that
 * is gone shows when something is written to it. */
void client_receive(client *c)
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
            client_close(c);
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
            answer(c, status, status == 200 ? &r : NULL);
    }
}
