/* SPDX-License-Identifier: MIT */
/* serve.c - see broadcast.c, which is the same without hooks and explains it. */
#define _GNU_SOURCE
#include "serve.h"

#include "text.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { CLIENTS = 256, INPUT = 2048, ASK_MS = 5000, END_MS = 2000 };

static client clients[CLIENTS];
static sse_channel *channel;

static uint64_t clock_ms(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

uint64_t serve_now(void)
{
    return clock_ms(CLOCK_MONOTONIC);
}

uint64_t serve_epoch(void)
{
    return clock_ms(CLOCK_REALTIME);
}

static int sink(void *user, const void *bytes, size_t len, size_t *taken)
{
    const ssize_t n = send(((client *)user)->fd, bytes, len, MSG_DONTWAIT | MSG_NOSIGNAL);

    if (n < 0)
        return errno == EAGAIN || errno == EINTR ? SSE_AGAIN : SSE_E_IO;
    *taken = (size_t)n;
    return SSE_OK;
}

static void drop(client *c)
{
    sse_subscriber_leave(&c->stream);
    close(c->fd);
    c->fd = -1;
}

/* Make a writer with a response head in it; NULL where there can be none. */
static sse_writer *begin(client *c, int status, const char *origin)
{
    const sse_http_answer answer = {.version = SSE_HTTP_1_1,
                                    .status = status,
                                    .retry_ms = 1000,
                                    .origin = {*origin ? origin : NULL, strlen(origin)},
                                    .methods = SSE_LIT("GET")};
    sse_writer *const queue = sse_writer_init(c->queue, sizeof c->queue, 0);

    return sse_http_send(&answer, queue) == SSE_OK ? queue : NULL;
}

int serve_join(client *c, uint32_t flags, const char *origin)
{
    const sse_str id = request_field(&c->request, "Last-Event-ID");
    const sse_str query = c->request.query;
    const int status = sse_subscriber_join(&c->stream, channel, begin(c, 200, origin), c, flags,
                                           id.ptr, id.len, query.ptr, query.len);

    return status < SSE_OK ? 503 : 0;
}

/* Answer a request; status is the result of reading it. */
static void answer(client *c, int status, const serve_hooks *hooks)
{
    if (status == 200)
        status = text_is(c->request.method, "GET") ? hooks->join(c) : 405;
    c->ask_ms = 0;
    if (status == 0)
        return;
    sse_subscriber_leave(&c->stream);
    sse_writer_flush(begin(c, status, ""), sink, c);
    drop(c);
}

/* Read the request, then whatever the client sends, up to its end. */
static void receive(client *c, const serve_hooks *hooks)
{
    char *const to = c->ask_ms > 0 ? c->head + c->len : c->head;
    const ssize_t n = recv(c->fd, to, (size_t)(c->head + sizeof c->head - to), MSG_DONTWAIT);
    int status;

    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
        drop(c);
    if (n <= 0 || c->ask_ms == 0)
        return;
    c->len += (size_t)n;
    status = request_read(&c->request, c->head, c->len, sizeof c->head, SIZE_MAX);
    if (status != 0)
        answer(c, status, hooks);
}

static void take(int fd)
{
    client *c = clients;

    while (c->fd >= 0)
        c++;
    c->fd = fd;
    c->ask_ms = serve_now() + ASK_MS;
    c->request = (request){0};
    c->len = 0;
}

static void look_after(client *c, short events, const serve_hooks *hooks)
{
    if (events & POLLOUT && sse_status_closed(sse_subscriber_flush(&c->stream, sink)))
        drop(c);
    else if (events)
        receive(c, hooks);
    else if (c->ask_ms > 0 && c->ask_ms < serve_now())
        drop(c);
}

static int read_lines(const serve_hooks *hooks)
{
    static char text[INPUT];
    static size_t len;
    const ssize_t n = read(STDIN_FILENO, text + len, sizeof text - len);

    if (n > 0)
        len += (size_t)n;
    while (len > 0) {
        const char *const end = memchr(text, '\n', len);
        size_t line = end ? (size_t)(end - text) : n > 0 ? sse_utf8_whole(text, len) : len;

        if (end == NULL && n > 0 && len < sizeof text)
            break;
        hooks->line(text, line);
        line += end != NULL;
        len -= line;
        memmove(text, text + line, len);
    }
    return n > 0;
}

static int listen_at(const char *port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    const int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;

    at.sin_port = htons((uint16_t)strtoul(port, NULL, 10));
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        bind(fd, (struct sockaddr *)&at, size) != 0 || listen(fd, SOMAXCONN) != 0 ||
        getsockname(fd, (struct sockaddr *)&at, &size) != 0)
        return -1;
    printf("http://127.0.0.1:%u/\n", (unsigned)ntohs(at.sin_port));
    fflush(stdout);
    return fd;
}

int serve_run(const char *port, sse_channel *of, const serve_hooks *hooks)
{
    struct pollfd fds[CLIENTS + 2], *at;
    struct pollfd *const listener = &fds[CLIENTS], *const input = &fds[CLIENTS + 1];
    client *c;
    sse_subscriber *s;

    channel = of;
    *listener = (struct pollfd){listen_at(port), POLLIN, 0};
    *input = (struct pollfd){STDIN_FILENO, POLLIN, 0};
    if (listener->fd < 0) {
        perror(port);
        return 1;
    }
    for (c = clients; c < clients + CLIENTS; c++)
        c->fd = -1;
    while (input->fd >= 0 || sse_channel_count(channel, SSE_COUNT_SUBSCRIBERS) > 0) {
        listener->events = 0;
        for (c = clients, at = fds; c < clients + CLIENTS; c++, at++) {
            const int full = sse_subscriber_blocked_ms(&c->stream) > 0;

            *at = (struct pollfd){c->fd, full ? POLLIN | POLLOUT : POLLIN, 0};
            if (c->fd < 0)
                listener->events = POLLIN;
        }
        poll(fds, CLIENTS + 2, sse_channel_timeout(channel, serve_now()));
        sse_channel_tick(channel, serve_now());
        for (c = clients, at = fds; c < clients + CLIENTS; c++, at++)
            if (c->fd >= 0)
                look_after(c, at->revents, hooks);
        if (listener->revents)
            take(accept(listener->fd, NULL, NULL));
        if (input->revents && !read_lines(hooks)) {
            sse_channel_drain(channel, NULL, 0, NULL, 0, 1000, 4000, 0, END_MS);
            input->fd = -1;
        }
        while ((s = sse_channel_flush(channel, sink)) != NULL)
            drop(sse_subscriber_user(s));
    }
    return 0;
}
