/* SPDX-License-Identifier: MIT */
/* poll.c - a server over poll(2), one thread.
 *
 *     cc poll.c app.c http1.c ../serve/request.c ../serve/text.c -lsse -lpthread -o poll
 *     ./poll [port]                                                 8080; port 0: any
 *
 * The face: a sink. The library calls it with bytes, and it says how many of them the socket took.
 * Where a socket is full, poll waits until it is writable. A client that goes away shows at once,
 * as the end of what it sends; so poll always waits for that, too. */
#define _GNU_SOURCE
#include "app.h"
#include "http1.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CLIENTS = 1000 };

struct client {
    http1 http;
    int fd;
};
static struct client *clients[CLIENTS];
static size_t count;
static int wake;

static void drop(struct client *c)
{
    size_t i = 0;

    while (clients[i] != c)
        i++;
    clients[i] = clients[--count];
    http1_close(&c->http);
    close(c->fd);
    free(c);
}

/* SSE: bytes of a stream go to its socket. */

void server_wake(void)
{
    eventfd_write(wake, 1);
}

static int sink(void *user, const void *bytes, size_t len, size_t *taken)
{
    const ssize_t n = send(((struct client *)user)->fd, bytes, len, MSG_DONTWAIT | MSG_NOSIGNAL);

    if (n < 0)
        return errno == EAGAIN ? SSE_AGAIN : SSE_E_IO;
    *taken = (size_t)n;
    return SSE_OK;
}

/* What to wait for. */
static short wanted(struct client *c)
{
    return sse_subscriber_blocked_ms(&c->http.stream.subscriber) > 0 ? POLLIN | POLLOUT : POLLIN;
}

/* The socket is writable. */
static int is_at_end(struct client *c)
{
    return sse_status_closed(sse_subscriber_flush(&c->http.stream.subscriber, sink));
}

/* Write to the streams that have got something to take. */
static void flush(void)
{
    sse_subscriber *s;

    while ((s = sse_channel_flush(&app_channel, sink)) != NULL)
        drop(sse_subscriber_user(s));
}

/* End of SSE. The rest is the server. */

static void take(int fd)
{
    struct client *const c = fd < 0 ? NULL : calloc(1, sizeof *c);

    if (c == NULL) {
        close(fd);
        return;
    }
    c->fd = fd;
    http1_open(&c->http);
    clients[count++] = c;
}

/* Read what the client sends, up to its end. */
static void receive(struct client *c)
{
    char bytes[16384];
    const ssize_t n = recv(c->fd, bytes, sizeof bytes, MSG_DONTWAIT);

    if (n == 0 || (n < 0 && errno != EAGAIN)) {
        drop(c);
    } else if (n > 0 && http1_receive(&c->http, c, bytes, (size_t)n) == HTTP1_ANSWERED) {
        send(c->fd, c->http.answer, c->http.answer_len, MSG_DONTWAIT | MSG_NOSIGNAL);
        drop(c);
    }
}

int main(int argc, char **argv)
{
    struct pollfd fds[2 + CLIENTS];
    const int listener = http1_listen("http", argc > 1 ? argv[1] : "8080");
    eventfd_t ignored;

    wake = eventfd(0, EFD_NONBLOCK);
    app_start("poll", 1);
    app_lock();
    while (!app_has_drained()) {
        const int wait_ms = http1_timeout();
        http1 *late;
        size_t i;

        fds[0] = (struct pollfd){wake, POLLIN, 0};
        fds[1] = (struct pollfd){count < CLIENTS ? listener : -1, POLLIN, 0};
        for (i = 0; i < count; i++)
            fds[2 + i] = (struct pollfd){clients[i]->fd, wanted(clients[i]), 0};
        app_unlock();
        poll(fds, 2 + i, wait_ms);
        app_lock();
        app_tick();
        eventfd_read(wake, &ignored);
        while (i-- > 0) /* backwards: drop moves the last one */
            if (fds[2 + i].revents & POLLOUT && is_at_end(clients[i]))
                drop(clients[i]);
            else if (fds[2 + i].revents & ~POLLOUT)
                receive(clients[i]);
        if (fds[1].revents)
            take(accept(listener, NULL, NULL));
        while ((late = http1_late()) != NULL)
            drop((struct client *)late);
        flush();
    }
    app_unlock();
    return 0;
}
