/* SPDX-License-Identifier: MIT */
/* io_uring.c - a server over io_uring(7) with liburing, one thread.
 *
 *     cc io_uring.c app.c http1.c ../serve/request.c ../serve/text.c -lsse -luring -lpthread \
 *         -o io_uring
 *     ./io_uring [port]                                             8080; port 0: any
 *
 * The face: peek and consume. The kernel reads the bytes of a send at any time until its completion.
 * What peek offers stays the same until consume, whatever is published. One send of a client is in
 * flight at a time, and one receive always: so a client that goes away shows at once.
 *
 * Traps: the bytes belong to the kernel even when the client is to be dropped; shutdown completes
 * what is in flight, and the last completion frees. Sockets and the eventfd must not have
 * O_NONBLOCK, or io_uring does not wait for them. */
#define _GNU_SOURCE
#include "app.h"
#include "http1.h"

#include <fcntl.h>
#include <liburing.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CLIENTS = 1000, OPERATIONS = 2 * CLIENTS + 2 }; /* so the ring always has room for one */

struct client;
struct operation {
    struct client *client;
    int in_flight;
};
struct client {
    http1 http;
    struct operation receiving, sending;
    int fd, has_gone; /* gone: until nothing is in flight */
    char bytes[4096];
};
static struct operation accepting, waking;
static struct io_uring ring;
static size_t count, leaving;
static eventfd_t wakes;
static int listener, wake;

/* Submit an operation with the next wait. */
static void submit(struct io_uring_sqe *sqe, struct operation *o)
{
    io_uring_sqe_set_data(sqe, o);
    o->in_flight = 1;
}

static void drop(struct client *c)
{
    if (c->has_gone)
        return;
    c->has_gone = 1;
    leaving++;
    http1_close(&c->http);
    shutdown(c->fd, SHUT_RDWR);
}

/* SSE: bytes of a stream go to its socket. */

void server_wake(void)
{
    eventfd_write(wake, 1);
}

/* Send what there is, unless a send is in flight: its completion goes on. */
static void go_on(struct client *c)
{
    const void *bytes;
    size_t len;
    const int status = sse_subscriber_peek(&c->http.stream.subscriber, &bytes, &len);

    if (sse_status_closed(status)) {
        drop(c);
    } else if (status == SSE_OK && !c->sending.in_flight) {
        struct io_uring_sqe *const sqe = io_uring_get_sqe(&ring);

        io_uring_prep_send(sqe, c->fd, bytes, len, MSG_NOSIGNAL);
        submit(sqe, &c->sending);
    }
}

static void on_send(struct client *c, int n)
{
    if (n < 0) {
        drop(c);
    } else {
        sse_subscriber_consume(&c->http.stream.subscriber, (size_t)n);
        go_on(c);
    }
}

/* Send to the streams that have got something to take. */
static void flush(void)
{
    sse_subscriber *s;

    while ((s = sse_channel_next(&app_channel)) != NULL)
        go_on(sse_subscriber_user(s));
}

/* End of SSE. The rest is the server. */

static void receive(struct client *c)
{
    struct io_uring_sqe *const sqe = io_uring_get_sqe(&ring);

    io_uring_prep_recv(sqe, c->fd, c->bytes, sizeof c->bytes, 0);
    submit(sqe, &c->receiving);
}

static void on_receive(struct client *c, int n)
{
    if (n <= 0) {
        drop(c);
    } else if (http1_receive(&c->http, c, c->bytes, (size_t)n) == HTTP1_ANSWERED) {
        send(c->fd, c->http.answer, c->http.answer_len, MSG_DONTWAIT | MSG_NOSIGNAL);
        drop(c);
    } else {
        receive(c);
    }
}

static void accept_next(void)
{
    struct io_uring_sqe *const sqe = io_uring_get_sqe(&ring);

    io_uring_prep_accept(sqe, listener, NULL, NULL, 0);
    submit(sqe, &accepting);
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
    c->receiving.client = c->sending.client = c;
    http1_open(&c->http);
    receive(c);
}

static void wait_for_wake(void)
{
    struct io_uring_sqe *const sqe = io_uring_get_sqe(&ring);

    io_uring_prep_read(sqe, wake, &wakes, sizeof wakes, 0);
    submit(sqe, &waking);
}

static void complete(struct operation *o, int result)
{
    struct client *const c = o->client;

    o->in_flight = 0;
    if (o == &accepting) {
        take(result);
        accept_next();
    } else if (o == &waking) {
        wait_for_wake();
    } else if (!c->has_gone) {
        (o == &c->sending ? on_send : on_receive)(c, result);
    }
    if (c && c->has_gone && !c->receiving.in_flight && !c->sending.in_flight) {
        close(c->fd);
        free(c);
        count--;
        leaving--;
    }
}

int main(int argc, char **argv)
{
    struct io_uring_cqe *cqe;

    listener = http1_listen("http", argc > 1 ? argv[1] : "8080");
    fcntl(listener, F_SETFL, 0);
    wake = eventfd(0, 0);
    if (io_uring_queue_init(OPERATIONS, &ring, 0) != 0) {
        fprintf(stderr, "io_uring: the kernel does not allow it\n");
        return 1;
    }
    accept_next();
    wait_for_wake();
    app_start("io_uring", 1);
    app_lock();
    while (!app_has_drained() || leaving > 0) {
        const int wait_ms = http1_timeout();
        struct __kernel_timespec wait = {wait_ms / 1000, wait_ms % 1000 * 1000000LL};
        http1 *late;

        app_unlock();
        io_uring_submit_and_wait_timeout(&ring, &cqe, 1, wait_ms < 0 ? NULL : &wait, NULL);
        app_lock();
        app_tick();
        while (io_uring_peek_cqe(&ring, &cqe) == 0) {
            struct operation *const o = io_uring_cqe_get_data(cqe);
            const int result = cqe->res;

            io_uring_cqe_seen(&ring, cqe);
            complete(o, result);
        }
        while ((late = http1_late()) != NULL)
            drop((struct client *)late);
        flush();
    }
    app_unlock();
    io_uring_queue_exit(&ring);
    return 0;
}
