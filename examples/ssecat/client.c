/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE

#include "client.h"

#include "answer.h"
#include "history.h"
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
    incoming_free(&c->incoming, &cs->incoming);
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
    if (errno == EFAULT) /* what is to be sent stands in the file of the history */
        history_is_lost();
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
    const options *const o = c->of->options;
    const uint32_t flags =
        (o->from_start ? SSE_JOIN_OLDEST : 0) | (o->plain ? SSE_JOIN_PLAIN : SSE_JOIN_GAPS);
    const sse_str id = request_field(r, "Last-Event-ID");
    int status = sse_subscriber_join(&c->subscriber, &c->of->channel, c->writer, c, flags, id.ptr,
                                     id.len, r->query.ptr, r->query.len);

    if (status == SSE_E_RANGE) /* lines are missing, and it cannot be told */
        status = sse_subscriber_join(&c->subscriber, &c->of->channel, c->writer, c,
                                     SSE_JOIN_PLAIN | SSE_JOIN_OLDEST, NULL, 0, NULL, 0);
    if (status != SSE_OK && status != SSE_GAP)
        return status;
    client_enter(c, STREAMING, UINT64_MAX);
    return sse_subscriber_set_limits(&c->subscriber, 0, STALL_MS, 0);
}

/* Answer a request; status is what request_read has returned, or that with which to refuse it. */
static void answer(client *c, int status)
{
    clients *const cs = c->of;
    const question q = {
        .request = status == 200 ? &c->incoming->request : NULL, .clients = cs, .seed = c->serial};
    int streams;

    status = answer_status(&q, status);
    streams = status == 200 && answer_is_stream(&q);
    if (make_writer(c, streams ? CLIENTS_QUEUE : answer_max(&q, status)) != 0) {
        client_close(c);
        return;
    }
    status = answer_put(c->writer, &q, status);
    if (streams && status == SSE_OK) {
        status = subscribe(c, q.request);
    } else {
        sse_writer_close(c->writer);
        client_enter(c, ANSWERING, ANSWER_MS);
    }
    incoming_free(&c->incoming, &cs->incoming);
    if (status != SSE_OK)
        client_close(c);
    else
        client_flush(c);
}

/* Take more of a request, and answer it when it is complete. Returns what recv returns. */
static ssize_t read_request(client *c)
{
    incoming *in;
    ssize_t n;
    int status;

    if (incoming_grow(&c->incoming, &c->of->incoming) != 0) {
        answer(c, 503);
        return 1;
    }
    in = c->incoming;
    n = recv(c->fd, in->bytes + in->len, in->cap - in->len, 0);
    if (n <= 0)
        return n;
    in->len += (size_t)n;
    status = request_read(&in->request, in->bytes, in->len, INCOMING_MAX, SIZE_MAX);
    if (status != 0)
        answer(c, status);
    return n;
}

void client_too_slow(client *c)
{
    answer(c, 408);
}

/* The peer has closed its sending side. It may still listen; one that is gone shows when something
 * is written to it: it answers with a reset. */
static void hear_no_more(client *c)
{
    static const sse_event beat = {.comment = {"", 0}};

    if (c->state == READING || c->state == LINGERING)
        client_close(c);
    else if (c->state == STREAMING)
        sse_subscriber_send(&c->subscriber, &beat);
}

/* Whatever comes after the request is read, too, and thrown away, a bounded amount at a time,
 * since a peer may send without end. */
void client_receive(client *c)
{
    char waste[4096];
    int rounds;

    for (rounds = 0; rounds < 16 && c->fd >= 0; rounds++) {
        const ssize_t n =
            c->state == READING ? read_request(c) : recv(c->fd, waste, sizeof waste, 0);

        if (n > 0 || (n < 0 && errno == EINTR))
            continue;
        if (n == 0)
            hear_no_more(c);
        else if (errno != EAGAIN && errno != EWOULDBLOCK)
            client_close(c);
        return;
    }
}
