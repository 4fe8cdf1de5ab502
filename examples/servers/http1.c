/* SPDX-License-Identifier: MIT */
#define _POSIX_C_SOURCE 200809L
#include "http1.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

static http1 *oldest, **newest = &oldest; /* all wait equally long: the list is in order of time */

static uint64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

void http1_open(http1 *c)
{
    c->state = HTTP1_ASKING;
    c->request_ = (request){0};
    c->len_ = 0;
    c->until_ms_ = now_ms() + HTTP1_ASK_MS;
    c->next_ = NULL;
    c->link_ = newest;
    *newest = c;
    newest = &c->next_;
}

/* The request is here, or never will be. */
static void stop_asking(http1 *c)
{
    if (c->link_ == NULL)
        return;
    *c->link_ = c->next_;
    if (c->next_)
        c->next_->link_ = c->link_;
    else
        newest = c->link_;
    c->link_ = NULL;
}

void http1_close(http1 *c)
{
    stop_asking(c);
    sse_subscriber_leave(&c->stream.subscriber);
}

http1 *http1_late(void)
{
    return oldest && oldest->until_ms_ <= now_ms() ? oldest : NULL;
}

int http1_timeout(void)
{
    const int wait_ms = app_timeout();
    const uint64_t now = now_ms();
    int late_ms;

    if (oldest == NULL)
        return wait_ms;
    late_ms = oldest->until_ms_ > now ? (int)(oldest->until_ms_ - now) : 0;
    return wait_ms < 0 || late_ms < wait_ms ? late_ms : wait_ms;
}

/* Write an answer that is no stream. */
static void write_answer(http1 *c, const app_reply *reply, int is_head)
{
    size_t len = (size_t)snprintf(c->out_, sizeof c->out_, "HTTP/1.1 %d \r\nConnection: close\r\n",
                                  reply->status);
    size_t i;

    for (i = 0; i < reply->count; i++)
        len += (size_t)snprintf(c->out_ + len, sizeof c->out_ - len, "%s: %s\r\n",
                                reply->fields[i].name.ptr, reply->fields[i].value.ptr);
    if (reply->status != 204 && !is_head)
        len += (size_t)snprintf(c->out_ + len, sizeof c->out_ - len, "Content-Length: %zu\r\n",
                                reply->body.len);
    len += (size_t)snprintf(c->out_ + len, sizeof c->out_ - len, "\r\n");
    if (!is_head && reply->body.len > 0) {
        memcpy(c->out_ + len, reply->body.ptr, reply->body.len);
        len += reply->body.len;
    }
    c->answer = c->out_;
    c->answer_len = len;
    c->state = HTTP1_ANSWERED;
}

static void answer(http1 *c, void *user)
{
    const request *const from = &c->request_;
    const app_request r = {
        .version = from->minor > 0 ? SSE_HTTP_1_1 : SSE_HTTP_1_0,
        .method = from->method,
        .path = from->path,
        .query = from->query,
        .accept = request_field(from, "Accept"),
        .last_event_id = request_field(from, "Last-Event-ID"),
        .body = {c->in_ + from->len, from->body_len},
    };
    app_reply reply;

    app_answer(&c->stream, user, &r, &reply);
    if (reply.body.len > sizeof c->out_ / 2) /* it must fit beside its head */
        reply = (app_reply){.status = 500};
    if (reply.is_stream)
        c->state = HTTP1_STREAM;
    else
        write_answer(c, &reply, r.method.len == 4 && memcmp(r.method.ptr, "HEAD", 4) == 0);
}

enum http1_state http1_receive(http1 *c, void *user, const void *bytes, size_t len)
{
    const size_t room = sizeof c->in_ - c->len_;
    int status;

    if (c->state != HTTP1_ASKING)
        return c->state;
    if (len > room)
        len = room; /* of the next request, which gets no answer */
    memcpy(c->in_ + c->len_, bytes, len);
    c->len_ += len;
    status = request_read(&c->request_, c->in_, c->len_, HTTP1_HEAD_MAX, APP_BODY_MAX);
    if (status == 0 || (status == 200 && c->len_ < c->request_.len + c->request_.body_len))
        return c->state;
    stop_asking(c);
    if (status == 200)
        answer(c, user);
    else
        write_answer(c, &(app_reply){.status = status}, 0);
    return c->state;
}

int http1_listen(const char *scheme, const char *port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    const int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;

    at.sin_port = htons((uint16_t)strtoul(port, NULL, 10));
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0 || /* accept inherits it */
        bind(fd, (struct sockaddr *)&at, size) != 0 || listen(fd, SOMAXCONN) != 0 ||
        getsockname(fd, (struct sockaddr *)&at, &size) != 0 ||
        fcntl(fd, F_SETFL, O_NONBLOCK) != 0) {
        perror("listen");
        exit(1);
    }
    printf("%s://127.0.0.1:%u/\n", scheme, (unsigned)ntohs(at.sin_port));
    fflush(stdout);
    return fd;
}
