/* SPDX-License-Identifier: MIT */
/* openssl.c - a server over HTTPS: OpenSSL and epoll(7), edge-triggered, one thread.
 *
 *     openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=localhost -keyout key.pem -out cert.pem
 *     cc openssl.c app.c http1.c ../serve/request.c ../serve/text.c -lsse -lssl -lcrypto -lpthread \
 *         -o openssl
 *     ./openssl [port [cert.pem key.pem]]                           8443; port 0: any
 *     curl -kN https://127.0.0.1:8443/events
 *
 * The face: peek and consume. SSL_write that would block has to be called again with the same
 * bytes. What peek offers stays the same until consume, whatever is published. A client that goes
 * away shows at once, as the end of what it sends.
 *
 * Traps: a read may wait until the socket is writable, and a write until it is readable; so each
 * edge goes to both. Errors of one connection stay in OpenSSL's queue, and the next connection would
 * see them. A client must see close_notify to know that the end of the stream is no accident. */
#define _GNU_SOURCE
#include "app.h"
#include "http1.h"

#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CLIENTS = 1000, AT_ONCE = 64 };

struct client {
    http1 http;
    SSL *tls;
    int fd;
};
static size_t count;
static int loop, wake;

static void drop(struct client *c)
{
    http1_close(&c->http);
    SSL_free(c->tls);
    close(c->fd); /* epoll forgets it, too */
    free(c);
    count--;
}

/* Whether OpenSSL only waits for the socket. */
static int waits(struct client *c, int result)
{
    const int error = SSL_get_error(c->tls, result);

    ERR_clear_error();
    return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE;
}

/* SSE: bytes of a stream go to its connection. */

void server_wake(void)
{
    eventfd_write(wake, 1);
}

/* Write what there is, as far as the socket takes it. */
static int is_at_end(struct client *c)
{
    sse_subscriber *const s = &c->http.stream.subscriber;
    const void *bytes;
    size_t len;
    int status;

    while ((status = sse_subscriber_peek(s, &bytes, &len)) == SSE_OK) {
        const int n = SSL_write(c->tls, bytes, (int)len);

        if (n <= 0)
            return !waits(c, n);
        sse_subscriber_consume(s, (size_t)n);
    }
    if (status == SSE_END)
        SSL_shutdown(c->tls);
    return sse_status_closed(status);
}

/* Write to the streams that have got something to take. */
static void flush(void)
{
    sse_subscriber *s;

    while ((s = sse_channel_next(&app_channel)) != NULL)
        if (is_at_end(sse_subscriber_user(s)))
            drop(sse_subscriber_user(s));
}

/* End of SSE. The rest is the server. */

static void watch(int operation, int fd, uint32_t events, void *user)
{
    epoll_ctl(loop, operation, fd, &(struct epoll_event){.events = events, .data.ptr = user});
}

static void take(SSL_CTX *tls, int fd)
{
    struct client *const c = fd >= 0 && count < CLIENTS ? calloc(1, sizeof *c) : NULL;

    if (c == NULL) {
        close(fd);
        return;
    }
    count++;
    c->fd = fd;
    c->tls = SSL_new(tls);
    http1_open(&c->http);
    if (c->tls == NULL || fcntl(fd, F_SETFL, O_NONBLOCK) != 0 || SSL_set_fd(c->tls, fd) != 1) {
        drop(c);
        return;
    }
    SSL_set_accept_state(c->tls);
    watch(EPOLL_CTL_ADD, fd, EPOLLIN | EPOLLOUT | EPOLLET, c);
}

/* Read: first the handshake and the request, later what has no meaning. */
static void receive(struct client *c)
{
    char bytes[16384]; /* a whole record: nothing is left in OpenSSL, which epoll would not see */
    const int n = SSL_read(c->tls, bytes, sizeof bytes);

    if (n <= 0) {
        if (!waits(c, n))
            drop(c);
    } else if (http1_receive(&c->http, c, bytes, (size_t)n) == HTTP1_ANSWERED) {
        SSL_write(c->tls, c->http.answer, (int)c->http.answer_len);
        SSL_shutdown(c->tls);
        ERR_clear_error();
        drop(c);
    } else { /* there may be more: after the others */
        watch(EPOLL_CTL_MOD, c->fd, EPOLLIN | EPOLLOUT | EPOLLET, c);
    }
}

int main(int argc, char **argv)
{
    SSL_CTX *const tls = SSL_CTX_new(TLS_server_method());
    struct epoll_event events[AT_ONCE];
    int listener;

    if (SSL_CTX_use_certificate_chain_file(tls, argc > 3 ? argv[2] : "cert.pem") != 1 ||
        SSL_CTX_use_PrivateKey_file(tls, argc > 3 ? argv[3] : "key.pem", SSL_FILETYPE_PEM) != 1) {
        ERR_print_errors_fp(stderr);
        return 1;
    }
    listener = http1_listen("https", argc > 1 ? argv[1] : "8443");
    loop = epoll_create1(0);
    wake = eventfd(0, EFD_NONBLOCK);
    watch(EPOLL_CTL_ADD, listener, EPOLLIN, NULL);
    watch(EPOLL_CTL_ADD, wake, EPOLLIN | EPOLLET, NULL); /* each write is an edge: not read */
    app_start("openssl", 1);
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
                take(tls, accept(listener, NULL, NULL)); /* none after a wake */
            else if (is_at_end(c))
                drop(c);
            else
                receive(c);
        }
        while ((late = http1_late()) != NULL)
            drop((struct client *)late);
        flush();
    }
    app_unlock();
    SSL_CTX_free(tls);
    return 0;
}
