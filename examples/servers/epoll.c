/* SPDX-License-Identifier: MIT */
/* epoll.c - a server over epoll(7), edge-triggered, one thread.
 *
 *     cc epoll.c app.c http1.c ../serve/request.c ../serve/text.c -lsse -lpthread -o epoll
 *     ./epoll [port]                                                8080; port 0: any
 *
 * The face: a sink. The library calls it with bytes, and it says how many of them the socket took.
 * sse_channel_flush is edge-triggered, and so are the sockets: a stream is written when it gets
 * something to take, and when its socket was full and is writable again. So nothing is switched on
 * and off. A client that goes away shows at once, as the end of what it sends.
 *
 * Trap: the edge comes only after send has failed with EAGAIN. The library calls the sink until it
 * does. */
#define _GNU_SOURCE
#include "app.h"
#include "http1.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CLIENTS = 1000, AT_ONCE = 64 };

struct client {
    http1 http;
    int fd;
};
static size_t count;
static int loop, wake;

static void drop(struct client *c)
{
    http1_close(&c->http);
    close(c->fd); /* epoll forgets it, too */
    free(c);
    count--;
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

static void watch(int operation, int fd, uint32_t events, void *user)
{
    epoll_ctl(loop, operation, fd, &(struct epoll_event){.events = events, .data.ptr = user});
}

static void take(int fd)
{
    struct client *const c = fd >= 0 && count < CLIENTS ? calloc(1, sizeof *c) : NULL;

    if (c == NULL) {
        close(fd);
        return;
    }
    count++;
    c->fd = fd;
    http1_open(&c->http);
    watch(EPOLL_CTL_ADD, fd, EPOLLIN | EPOLLOUT | EPOLLET, c);
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
    } else if (n > 0) { /* there may be more: after the others */
        watch(EPOLL_CTL_MOD, c->fd, EPOLLIN | EPOLLOUT | EPOLLET, c);
    }
}

int main(int argc, char **argv)
{
    const int listener = http1_listen("http", argc > 1 ? argv[1] : "8080");
    struct epoll_event events[AT_ONCE];

    loop = epoll_create1(0);
    wake = eventfd(0, EFD_NONBLOCK);
    watch(EPOLL_CTL_ADD, listener, EPOLLIN, NULL);
    watch(EPOLL_CTL_ADD, wake, EPOLLIN | EPOLLET, NULL); /* each write is an edge: not read */
    app_start("epoll", 1);
    app_lock();
    while (!app_has_drained()) {
        const int wait_ms = http1_timeout();
        http1 *late;
        int n, i;

        app_unlock();
        n = epoll_wait(loop, events, AT_ONCE, wait_ms);
        app_lock();
        app_tick();
        for (i = 0; i < n; i++) { /* a client is in it once: one that is dropped does not come */
            struct client *const c = events[i].data.ptr;

            if (c == NULL)
                take(accept(listener, NULL, NULL)); /* none after a wake */
            else if (is_at_end(c))
                drop(c);
            else if (events[i].events != EPOLLOUT)
                receive(c);
        }
        while ((late = http1_late()) != NULL)
            drop((struct client *)late);
        flush();
    }
    app_unlock();
    return 0;
}
