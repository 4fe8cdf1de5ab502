/* SPDX-License-Identifier: MIT */
/* libuv.c - a server over libuv, one thread.
 *
 *     cc libuv.c app.c http1.c ../serve/request.c ../serve/text.c -lsse -luv -lpthread -o libuv
 *     ./libuv [port]                                                8080; port 0: any
 *
 * The face: peek and consume. uv_write does not copy: the bytes have to stay as they are until its
 * callback. What peek offers does, until consume. So one write is on its way at a time, and libuv
 * queues nothing. Before the loop waits, each stream that has got something starts its write. A
 * client that goes away shows at once, as the end of what it sends.
 *
 * Traps: only uv_async_send may be called by another thread. The callback of a write comes after
 * uv_close, too: free the client in the callback of uv_close. */
#define _POSIX_C_SOURCE 200809L
#include "app.h"
#include "http1.h"

#include <stdint.h>
#include <stdlib.h>
#include <uv.h>

struct client {
    http1 http;
    uv_tcp_t tcp;
    uv_write_t write;
    size_t writing; /* bytes that are on their way */
};
static uv_loop_t loop;
static uv_async_t wake;
static uv_timer_t timer;

static void on_close(uv_handle_t *tcp)
{
    free(tcp->data);
}

static void drop(struct client *c)
{
    if (uv_is_closing((uv_handle_t *)&c->tcp))
        return;
    http1_close(&c->http);
    uv_close((uv_handle_t *)&c->tcp, on_close);
}

/* SSE: bytes of a stream go to its socket. */

void server_wake(void)
{
    uv_async_send(&wake);
}

static void on_write(uv_write_t *write, int status);

/* Write what there is, unless a write is on its way: its callback goes on. */
static void go_on(struct client *c)
{
    const void *bytes;
    size_t len;
    const int status = sse_subscriber_peek(&c->http.stream.subscriber, &bytes, &len);

    if (sse_status_closed(status)) {
        drop(c);
    } else if (status == SSE_OK && c->writing == 0) {
        /* libuv takes bytes that are not const, and does not change them */
        const uv_buf_t piece = uv_buf_init((char *)(uintptr_t)bytes, (unsigned)len);

        c->writing = len;
        if (uv_write(&c->write, (uv_stream_t *)&c->tcp, &piece, 1, on_write) != 0)
            drop(c);
    }
}

static void on_write(uv_write_t *write, int status)
{
    struct client *const c = write->handle->data;

    app_lock();
    if (status == 0) {
        sse_subscriber_consume(&c->http.stream.subscriber, c->writing);
        c->writing = 0;
        go_on(c);
    } else {
        drop(c);
    }
    app_unlock();
}

/* Write to the streams that have got something to take. */
static void flush(void)
{
    sse_subscriber *s;

    while ((s = sse_channel_next(&app_channel)) != NULL)
        go_on(sse_subscriber_user(s));
}

/* End of SSE. The rest is the server. */

static void on_time(uv_timer_t *unused)
{
    (void)unused; /* on_prepare comes next */
}

/* Before the loop waits: tell the time, write, set the timer. */
static void on_prepare(uv_prepare_t *prepare)
{
    http1 *late;
    int wait_ms;

    app_lock();
    app_tick();
    while ((late = http1_late()) != NULL)
        drop((struct client *)late);
    flush();
    if (app_has_drained())
        uv_stop(&loop);
    wait_ms = http1_timeout();
    if (wait_ms >= 0)
        uv_timer_start(&timer, on_time, (uint64_t)wait_ms, 0);
    app_unlock();
    (void)prepare;
}

static void lend(uv_handle_t *tcp, size_t suggested, uv_buf_t *buffer)
{
    static char bytes[65536]; /* libuv fills it and calls on_read at once */

    *buffer = uv_buf_init(bytes, sizeof bytes);
    (void)tcp;
    (void)suggested;
}

static void on_read(uv_stream_t *tcp, ssize_t n, const uv_buf_t *buffer)
{
    struct client *const c = tcp->data;

    app_lock();
    if (n < 0) {
        drop(c);
    } else if (http1_receive(&c->http, c, buffer->base, (size_t)n) == HTTP1_ANSWERED) {
        const uv_buf_t answer =
            uv_buf_init((char *)(uintptr_t)c->http.answer, (unsigned)c->http.answer_len);

        uv_try_write(tcp, &answer, 1);
        drop(c);
    }
    app_unlock();
}

static void on_connection(uv_stream_t *listener, int status)
{
    struct client *const c = status == 0 ? calloc(1, sizeof *c) : NULL;

    if (c == NULL)
        return;
    app_lock();
    http1_open(&c->http);
    uv_tcp_init(&loop, &c->tcp);
    c->tcp.data = c;
    if (uv_accept(listener, (uv_stream_t *)&c->tcp) != 0 ||
        uv_read_start((uv_stream_t *)&c->tcp, lend, on_read) != 0)
        drop(c);
    app_unlock();
}

int main(int argc, char **argv)
{
    const int fd = http1_listen("http", argc > 1 ? argv[1] : "8080");
    uv_tcp_t listener;
    uv_prepare_t prepare;

    uv_loop_init(&loop);
    uv_async_init(&loop, &wake, NULL); /* on_prepare comes next */
    uv_timer_init(&loop, &timer);
    uv_prepare_init(&loop, &prepare);
    uv_prepare_start(&prepare, on_prepare);
    uv_tcp_init(&loop, &listener);
    uv_tcp_open(&listener, fd);
    if (uv_listen((uv_stream_t *)&listener, 128, on_connection) != 0)
        return 1;
    app_start("libuv", 1);
    return uv_run(&loop, UV_RUN_DEFAULT) < 0;
}
