/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE

#include "client.h"

#include "answer.h"
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
    if (c->errand && cs->site->gone)
        cs->site->gone(c);
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
    if (errno == EFAULT && c->of->site->lost)
        c->of->site->lost();
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

/* Flush a stream that the program fills. What is there to be taken is taken in time. */
static int flush_own(client *c)
{
    const size_t before = sse_writer_pending(c->writer);
    const int status = sse_writer_flush(c->writer, client_send, c);
    const size_t after = sse_writer_pending(c->writer);

    if (after == 0)
        c->deadline_ms = UINT64_MAX;
    else if (after < before || c->deadline_ms == UINT64_MAX)
        client_enter(c, c->state, STALL_MS);
    if (status == SSE_OK && c->of->site->drained)
        c->of->site->drained(c);
    return status;
}

void client_flush(client *c)
{
    int status;

    if (c->fd < 0 || c->writer == NULL || !c->writable || c->state == LINGERING ||
        c->state == ACTING)
        return;
    if (c->has_joined)
        status = sse_subscriber_flush(&c->subscriber, client_send);
    else if (c->state == STREAMING)
        status = flush_own(c);
    else
        status = sse_writer_flush(c->writer, client_send, c);
    if (sse_status_closed(status))
        client_ended(c, status);
}

void client_ended(client *c, int reason)
{
    if (reason == SSE_END)
        end(c);
    else if (reason == SSE_E_TORN || reason == SSE_E_STALLED || reason == SSE_E_LAGGED)
        client_cut(c);
    else
        client_close(c);
}

void client_cut(client *c)
{
    say_notice("client %llu does not keep up, and is cut", (unsigned long long)c->serial);
    client_close(c);
}

int client_make_writer(client *c, size_t capacity)
{
    const size_t size = SSE_WRITER_OVERHEAD + capacity;
    sse_writer *const w = sse_writer_init(malloc(size), size, 0);

    if (w == NULL)
        return -1;
    free(c->writer);
    c->writer = w;
    return 0;
}

int client_join(client *c, sse_channel *channel, uint32_t flags, sse_str id, sse_str query)
{
    const int status = sse_subscriber_join(&c->subscriber, channel, c->writer, c, flags, id.ptr,
                                           id.len, query.ptr, query.len);

    if (status != SSE_OK && status != SSE_GAP)
        return status;
    c->has_joined = 1;
    c->deadline_ms = UINT64_MAX;
    sse_subscriber_set_limits(&c->subscriber, 0, STALL_MS, 0);
    return status;
}

void client_end(client *c)
{
    sse_writer_close(c->writer);
    client_enter(c, ANSWERING, ANSWER_MS);
    client_flush(c);
}

void client_send_away(client *c, const char *type, uint32_t retry_ms)
{
    const sse_event ev = {.type = {type, strlen(type)}, .retry_ms = retry_ms, .data = {"", 0}};

    if (c->state == READING) {
        client_close(c);
    } else if (c->state == STREAMING && !c->has_joined) {
        sse_writer_send(c->writer, &ev); /* as far as it has room */
        client_end(c);
    }
}

static question question_of(client *c, int status)
{
    clients *const cs = c->of;
    const request *const r = status == 200 ? &c->incoming->request : NULL;

    return (question){.request = r, .route = answer_route(cs, r), .clients = cs, .seed = c->serial};
}

void client_answer(client *c, int status, const char *fields, const char *text, size_t len)
{
    const question q = question_of(c, c->incoming ? 200 : 0);

    if (client_make_writer(c, ANSWER_HEAD_MAX + len) != 0 ||
        answer_put_text(c->writer, &q, status, fields, text, len, 1) != SSE_OK)
        client_close(c);
    else
        client_end(c);
}

/* Put a whole answer, or the head of a stream. */
static int put_answer(client *c, const question *q, int status, int begins)
{
    if (client_make_writer(c, begins ? CLIENTS_QUEUE : answer_max(q, status)) != 0)
        return -1;
    status = answer_put(c->writer, q, status);
    if (!begins) {
        sse_writer_close(c->writer);
        client_enter(c, ANSWERING, ANSWER_MS);
    }
    return status;
}

/* Begin a stream, or an action, which keeps its request. */
static int begin(client *c, question *q)
{
    int status;

    if (q->route->kind == ROUTE_ACTION) {
        q->body = (sse_str){c->incoming->bytes + q->request->len, q->request->body_len};
        client_enter(c, ACTING, ACT_MS);
        return q->route->begin(c, q);
    }
    status = put_answer(c, q, 200, 1);
    client_enter(c, STREAMING, UINT64_MAX);
    return status == SSE_OK ? q->route->begin(c, q) : status;
}

/* Answer a request; status is what request_read has returned, or that with which to refuse it. */
static void answer(client *c, int status)
{
    question q = question_of(c, status);

    status = answer_status(&q, status);
    status = status == 200 && answer_begins(&q) ? begin(c, &q) : put_answer(c, &q, status, 0);
    if (c->state != ACTING)
        incoming_free(&c->incoming, &c->of->incoming);
    if (status != SSE_OK)
        client_close(c);
    else
        client_flush(c);
}

/* Tell a client that waits for it to send the body. */
static void tell_to_go_on(client *c)
{
    static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";

    if (c->incoming->request.expects && !c->was_told)
        c->was_told = send(c->fd, go_on, sizeof go_on - 1, MSG_NOSIGNAL) > 0;
}

/* Whether the body is still to come, and wanted. */
static int awaits_body(client *c)
{
    const question q = question_of(c, 200);
    const incoming *const in = c->incoming;

    if (!answer_needs_body(&q) || in->len - in->request.len >= in->request.body_len ||
        answer_status(&q, 200) != 200)
        return 0;
    tell_to_go_on(c);
    return 1;
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
    status = request_read(&in->request, in->bytes, in->len, INCOMING_MAX, c->of->site->body_max);
    if (status != 0 && !(status == 200 && awaits_body(c)))
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
    else if (c->has_joined)
        sse_subscriber_send(&c->subscriber, &beat);
    else if (c->state == STREAMING && sse_writer_send(c->writer, &beat) == SSE_OK)
        client_flush(c);
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
