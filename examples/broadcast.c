/* SPDX-License-Identifier: MIT */
/* broadcast.c - each line of standard input goes to every client: one thread, poll(2), one file.
 *
 *     cc broadcast.c -lsse -o broadcast
 *     while date; do sleep 1; done | ./broadcast [port]        8080; port 0: any
 *     curl -N http://127.0.0.1:8080/events                     any path is the stream
 *
 * The loop in main is the one of sse/channel.h. A line is encoded once, into the history; lines
 * that are read together leave together, in one send for each client. */
#define _GNU_SOURCE
#include <sse/sse.h>

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* A turn reads INPUT bytes, at most that many lines: a client that keeps up never lags. */
enum { CLIENTS = 256, INPUT = 2048, EVENTS = 2 * INPUT, CAPACITY = 256 * 1024 };
enum { TURN_BYTES = 65536, ASK_MS = 5000, STALL_MS = 30000, END_MS = 2000 };

static struct client {
    sse_subscriber stream;
    int fd;          /* -1: this place is free */
    uint64_t ask_ms; /* until then its request must have come; 0: it has */
    size_t len;
    char request[4096];
    size_t queue[SSE_WRITER_WORDS(2 * INPUT)]; /* for the rest of a line that was begun, too */
} clients[CLIENTS];
static sse_channel channel;
static uint64_t memory[SSE_HISTORY_WORDS(EVENTS, CAPACITY)];

static uint64_t clock_ms(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* Send what the socket takes now. A client that has gone is an error here, and not a signal. */
static int sink(void *user, const void *bytes, size_t len, size_t *taken)
{
    const ssize_t n = send(((struct client *)user)->fd, bytes, len, MSG_DONTWAIT | MSG_NOSIGNAL);

    if (n < 0)
        return errno == EAGAIN || errno == EINTR ? SSE_AGAIN : SSE_E_IO;
    *taken = (size_t)n;
    return SSE_OK;
}

/* Let a client go. What its socket has taken is still sent. */
static void drop(struct client *c)
{
    sse_subscriber_leave(&c->stream);
    close(c->fd);
    c->fd = -1;
}

/* The request has come: begin a stream, at the place where the client was. */
static int join(struct client *c)
{
    const sse_http_answer stream = {
        .version = SSE_HTTP_1_1, .retry_ms = 1000, .origin = SSE_LIT("*")};
    sse_writer *const queue = sse_writer_init(c->queue, sizeof c->queue, 0);
    const char *const query = c->request + strcspn(c->request, "?\r\n");
    const char *const field = strcasestr(c->request, "\nLast-Event-ID:");
    const char *const id = field ? field + 15 : "";

    c->ask_ms = 0;
    c->len = 0;
    if (strncmp(c->request, "GET ", 4) != 0 || sse_http_send(&stream, queue) != SSE_OK ||
        sse_subscriber_join(&c->stream, &channel, queue, c, SSE_JOIN_GAPS, id, strcspn(id, "\r\n"),
                            query, strcspn(query, " \r\n")) < SSE_OK)
        return -1;
    return sse_subscriber_set_limits(&c->stream, 0, STALL_MS, 0);
}

/* Read the request, then whatever the client sends, up to its end. */
static void receive(struct client *c)
{
    const size_t room = sizeof c->request - 1 - c->len;
    const ssize_t n = recv(c->fd, c->request + c->len, room, MSG_DONTWAIT);

    if (n > 0 && c->ask_ms > 0) {
        c->len += (size_t)n;
        c->request[c->len] = '\0';
        if (strstr(c->request, "\r\n\r\n") && join(c) != SSE_OK)
            drop(c);
    } else if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
        drop(c); /* it has left, or there is no room for its request */
    }
}

/* Take a connection; there is a place for it. */
static void take(int fd)
{
    struct client *c = clients;

    while (c->fd >= 0)
        c++;
    c->fd = fd;
    c->ask_ms = clock_ms(CLOCK_MONOTONIC) + ASK_MS;
    c->len = 0;
}

/* See to a client: what poll has told of it, or that it has not asked in time. */
static void look_after(struct client *c, short events)
{
    if (events & POLLOUT && sse_status_closed(sse_subscriber_flush(&c->stream, sink)))
        drop(c);
    else if (events)
        receive(c);
    else if (c->ask_ms > 0 && c->ask_ms < clock_ms(CLOCK_MONOTONIC))
        drop(c);
}

/* Publish the lines that have come, a long one in pieces. Returns 0 at the end of the input. */
static int publish(void)
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
            break; /* the rest of it is still to come */
        if (sse_channel_publish_parts(&channel, NULL, 0, NULL, 0, text, line, 0, 0) != SSE_OK)
            fprintf(stderr, "broadcast: a line was lost\n");
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

int main(int argc, char **argv)
{
    struct pollfd fds[CLIENTS + 2], *at;
    struct pollfd *const listener = &fds[CLIENTS], *const input = &fds[CLIENTS + 1];
    sse_history *const history = sse_history_init(memory, sizeof memory, EVENTS, 0,
                                                  clock_ms(CLOCK_REALTIME), "broadcast", 9);
    struct client *c;
    sse_subscriber *s;

    *listener = (struct pollfd){listen_at(argc > 1 ? argv[1] : "8080"), POLLIN, 0};
    *input = (struct pollfd){STDIN_FILENO, POLLIN, 0};
    if (listener->fd < 0 || sse_channel_init(&channel, history, SSE_HEARTBEAT_MS, TURN_BYTES,
                                             clock_ms(CLOCK_MONOTONIC)) != SSE_OK) {
        perror("broadcast");
        return 1;
    }
    for (c = clients; c < clients + CLIENTS; c++)
        c->fd = -1; /* poll passes over it */
    while (input->fd >= 0 || sse_channel_count(&channel, SSE_COUNT_SUBSCRIBERS) > 0) {
        listener->events = 0; /* where no place is free, connections wait in the backlog */
        for (c = clients, at = fds; c < clients + CLIENTS; c++, at++) {
            const int full = sse_subscriber_blocked_ms(&c->stream) > 0;

            *at = (struct pollfd){c->fd, full ? POLLIN | POLLOUT : POLLIN, 0};
            if (c->fd < 0)
                listener->events = POLLIN;
        }
        poll(fds, CLIENTS + 2, sse_channel_timeout(&channel, clock_ms(CLOCK_MONOTONIC)));
        sse_channel_tick(&channel, clock_ms(CLOCK_MONOTONIC));
        for (c = clients, at = fds; c < clients + CLIENTS; c++, at++)
            if (c->fd >= 0)
                look_after(c, at->revents);
        if (listener->revents)
            take(accept(listener->fd, NULL, NULL));
        if (input->revents && !publish()) {
            sse_channel_drain(&channel, NULL, 0, NULL, 0, 1000, 4000, 0, END_MS);
            input->fd = -1;
        }
        while ((s = sse_channel_flush(&channel, sink)) != NULL)
            drop(sse_subscriber_user(s));
    }
    return 0;
}
