/* Edge-triggered epoll: what is watched of a connection never changes. A client that goes on
 * sending while it streams fills its own receive buffer; one that half-closes goes on listening. */
#define _GNU_SOURCE

#include "serve.h"

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    PATIENCE_MS = 5000, /* for a request, and for a client to close when it was sent away */
    END_MS = 2000,      /* for all of them to take what they are owed */
    UNSENT_MAX = 16384, /* bytes that the kernel may hold unsent: they can go out of date */
    WASTE_MAX = 16      /* reads of what no one has asked for */
};

enum { ASKING, STREAMING, LEAVING };

uint64_t serve_ms(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

int serve_listen(const char *program, const char *port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1;

    at.sin_port = htons((uint16_t)strtoul(port, NULL, 10));
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        bind(fd, (struct sockaddr *)&at, size) != 0 || listen(fd, SOMAXCONN) != 0 ||
        getsockname(fd, (struct sockaddr *)&at, &size) != 0) {
        perror(program);
        if (fd >= 0)
            close(fd);
        return -1;
    }
    printf("http://127.0.0.1:%u/\n", (unsigned)ntohs(at.sin_port));
    fflush(stdout);
    return fd;
}

static int watch(server *s, int fd, uint32_t events, void *what)
{
    struct epoll_event event = {.events = events, .data.ptr = what};

    return epoll_ctl(s->epoll, EPOLL_CTL_ADD, fd, &event);
}

int serve_init(server *s, const char *program, int listener, int input)
{
    s->epoll = epoll_create1(EPOLL_CLOEXEC);
    s->listener = listener;
    s->input = input;
    s->end_ms = UINT64_MAX;
    if (s->epoll >= 0 &&
        (listener < 0 || watch(s, listener, EPOLLIN | EPOLLET, &s->listener) == 0)) {
        if (watch(s, input, EPOLLIN, &s->input) == 0)
            return 0;
        s->input_file = errno == EPERM;
        if (s->input_file)
            return 0;
    }
    perror(program);
    return -1;
}

/* Read what no one has asked for. Returns 0 where the client has closed, or sends without end. */
static int discard(client *c)
{
    char waste[4096];
    ssize_t n;
    int i;

    for (i = 0; i < WASTE_MAX; i++) {
        do
            n = recv(c->fd, waste, sizeof waste, 0);
        while (n < 0 && errno == EINTR);
        if (n <= 0)
            return n < 0 && errno == EAGAIN;
    }
    return 0;
}

/* Let go of a client: it gets what was sent to it, and closes. A close of our own, at once, could
 * overtake that: with bytes of the client unread it is a reset. The place becomes free in
 * serve_wait, so that nothing which has yet to be told of this turn is told of the wrong client. */
static void leave(client *c)
{
    if (c->state == STREAMING)
        c->server->streaming--;
    c->state = LEAVING;
    c->until_ms = 0;
    if (shutdown(c->fd, SHUT_WR) == 0 && discard(c))
        c->until_ms = serve_ms(CLOCK_MONOTONIC) + PATIENCE_MS;
}

static void drop(client *c)
{
    close(c->fd);
    c->server->count--;
    c->server = NULL;
}

void serve_add(server *s, int fd)
{
    const int on = 1;
    const unsigned unsent = UNSENT_MAX;
    client *c = s->clients;

    while (c < s->clients + SERVE_CLIENTS && c->server)
        c++;
    if (c == s->clients + SERVE_CLIENTS || watch(s, fd, EPOLLIN | EPOLLOUT | EPOLLET, c) != 0) {
        close(fd);
        return;
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent, sizeof unsent);
    c->server = s;
    c->fd = fd;
    c->state = ASKING;
    c->until_ms = serve_ms(CLOCK_MONOTONIC) + PATIENCE_MS;
    c->len = 0;
    s->count++;
}

/* Whoever finds no place, or the process without a descriptor, stays in the backlog. */
static void accept_all(server *s)
{
    while (s->knocking && s->count < SERVE_CLIENTS) {
        int fd = accept4(s->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

        if (fd >= 0)
            serve_add(s, fd);
        else if (errno == EAGAIN)
            s->knocking = 0;
        else if (errno != EINTR && errno != ECONNABORTED)
            return;
    }
}

/* Drop those with whom our patience has ended. Returns the time until it ends with the next. */
static uint64_t sweep(server *s, uint64_t now_ms)
{
    uint64_t wait_ms = UINT64_MAX;
    client *c;

    if (s->count == s->streaming)
        return wait_ms;
    for (c = s->clients; c < s->clients + SERVE_CLIENTS; c++) {
        if (c->server == NULL || c->state == STREAMING)
            continue;
        if (c->until_ms <= now_ms)
            drop(c);
        else if (c->until_ms - now_ms < wait_ms)
            wait_ms = c->until_ms - now_ms;
    }
    return wait_ms;
}

static void close_all(server *s)
{
    client *c;

    for (c = s->clients; c < s->clients + SERVE_CLIENTS; c++)
        if (c->server)
            drop(c);
    close(s->epoll);
}

int serve_wait(server *s, uint64_t wait_ms)
{
    const uint64_t now_ms = serve_ms(CLOCK_MONOTONIC), sweep_ms = sweep(s, now_ms);

    if (s->end_ms <= now_ms || (s->end_ms != UINT64_MAX && s->count == 0)) {
        close_all(s);
        return 0;
    }
    accept_all(s);
    if (wait_ms > sweep_ms)
        wait_ms = sweep_ms;
    if (wait_ms > s->end_ms - now_ms)
        wait_ms = s->end_ms - now_ms;
    s->input_ready = s->input_file;
    if (s->input_ready)
        wait_ms = 0;
    s->at = 0;
    s->ready =
        epoll_wait(s->epoll, s->events, SERVE_TURN, wait_ms < INT_MAX ? (int)wait_ms : INT_MAX);
    return 1;
}

/* Read on. Returns 1 where the request has come and is a good one. */
static int asks(client *c)
{
    for (;;) {
        ssize_t n = recv(c->fd, c->text + c->len, sizeof c->text - c->len, 0);
        int status;

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            if (n == 0 || errno != EAGAIN)
                leave(c);
            return 0;
        }
        c->len += (size_t)n;
        status = request_read(&c->request, c->text, c->len);
        if (status == 0 && c->len == sizeof c->text)
            status = 431;
        if (status != 0 && status != 200)
            serve_refuse(c, status);
        if (status != 0)
            return status == 200;
    }
}

client *serve_next(server *s, int *what)
{
    while (s->at < s->ready) {
        const struct epoll_event *e = &s->events[s->at++];
        client *c = e->data.ptr;

        if (e->data.ptr == &s->input) {
            s->input_ready = 1;
        } else if (e->data.ptr == &s->listener) {
            s->knocking = 1;
            accept_all(s);
        } else if (c->state == STREAMING) {
            *what = e->events & (EPOLLERR | EPOLLHUP) ? SERVE_LOST : SERVE_WRITABLE;
            if (*what == SERVE_LOST || e->events & EPOLLOUT)
                return c;
        } else if (c->state == ASKING) {
            *what = SERVE_ASKS;
            if (asks(c))
                return c;
        } else if (!discard(c)) {
            c->until_ms = 0;
        }
    }
    return NULL;
}

void serve_end(server *s)
{
    client *c;

    s->end_ms = serve_ms(CLOCK_MONOTONIC) + END_MS;
    if (!s->input_file)
        epoll_ctl(s->epoll, EPOLL_CTL_DEL, s->input, NULL);
    s->input_file = s->input_ready = s->knocking = 0;
    if (s->listener >= 0)
        close(s->listener);
    for (c = s->clients; c < s->clients + SERVE_CLIENTS; c++)
        if (c->server && c->state == ASKING)
            c->until_ms = 0;
}

sse_writer *serve_start(client *c, sse_head *head)
{
    sse_writer *w = sse_writer_init(c->memory, sizeof c->memory, 0);
    char text[512];
    size_t len;

    if (sse_http_head(head, text, sizeof text, &len) != SSE_OK ||
        sse_writer_raw(w, text, len) != SSE_OK)
        return NULL;
    c->state = STREAMING;
    c->server->streaming++;
    return w;
}

/* A connection that has had nothing yet has room for this. */
void serve_refuse(client *c, int status)
{
    char text[128];
    size_t taken;
    int len = snprintf(text, sizeof text,
                       "HTTP/1.1 %d \r\nContent-Length: 0\r\nConnection: close\r\n%s\r\n", status,
                       status == 405 ? "Allow: GET\r\n" : "");

    serve_sink(c, text, (size_t)len, &taken);
    leave(c);
}

/* MSG_NOSIGNAL: a closed peer is an error here, not a SIGPIPE that ends the program. */
int serve_sink(void *user, const void *bytes, size_t len, size_t *taken)
{
    client *c = user;
    ssize_t n;

    do
        n = send(c->fd, bytes, len, MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return errno == EAGAIN ? SSE_AGAIN : SSE_E_IO;
    *taken = (size_t)n;
    return SSE_OK;
}

void serve_close(void *user, sse_subscriber *s, int reason)
{
    (void)s, (void)reason;
    leave(user);
}
