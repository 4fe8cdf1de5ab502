/* SPDX-License-Identifier: MIT */
/* nghttp2.c - a server of HTTP/2 over TLS: libnghttp2, OpenSSL and poll(2), one thread.
 *
 *     openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=localhost -keyout key.pem -out cert.pem
 *     cc nghttp2.c app.c http1.c http2.c ../serve/request.c ../serve/text.c -lsse -lnghttp2 -lssl \
 *         -lcrypto -lpthread -o nghttp2
 *     ./nghttp2 [port [cert.pem key.pem]]                           8443; port 0: any
 *     curl -kN https://127.0.0.1:8443/events
 *
 * The face: read. nghttp2 asks for bytes when the windows of the stream and of its connection are
 * open, and takes a copy, of 16 KiB at most. "Nothing now" is NGHTTP2_ERR_DEFERRED; what ends that
 * is nghttp2_session_resume_data. A client that goes away shows at once: its stream is closed, or
 * its connection ends.
 *
 * Traps: a client that does not read one of its streams loses that one alone; but if the socket is
 * full, it is the connection that has stalled. Without TCP_NODELAY a small frame waits for an
 * acknowledgement. A client that offers no protocol at all does not reach the callback of ALPN. */
#define _GNU_SOURCE
#include "app.h"
#include "http1.h"
#include "http2.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CONNECTIONS = 1000, LAST_MS = 10, LAST_ROUNDS = 20 };

struct connection {
    http2 http;
    SSL *tls;
    int fd, is_full; /* nothing can be sent until the socket is writable */
};
static struct connection *connections[CONNECTIONS];
static size_t count;
static int wake;

/* SSE: nghttp2 reads the bytes of a stream when it can send them. */

void server_wake(void)
{
    eventfd_write(wake, 1);
}

static ssize_t read_events(nghttp2_session *session, int32_t id, uint8_t *to, size_t room,
                           uint32_t *flags, nghttp2_data_source *source, void *user)
{
    http2_stream *const s = source->ptr;
    size_t len;
    const int status = sse_subscriber_read(&s->stream.subscriber, to, room, &len);

    (void)session, (void)id, (void)user;
    if (status == SSE_AGAIN)
        return NGHTTP2_ERR_DEFERRED;
    if (status == SSE_END)
        *flags |= NGHTTP2_DATA_FLAG_EOF;
    else if (status != SSE_OK)
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE; /* resets the stream */
    return (ssize_t)len;
}

/* Go on with the streams that have got something. Returns a connection that has stalled, or NULL. */
static struct connection *resume(void)
{
    sse_subscriber *s;

    while ((s = sse_channel_next(&app_channel)) != NULL) {
        const http2_stream *const stream = sse_subscriber_user(s);
        struct connection *const c = (struct connection *)stream->connection;

        if (sse_subscriber_status(s) == SSE_OK)
            nghttp2_session_resume_data(c->http.session, stream->id);
        else if (c->is_full)
            return c;
        else
            nghttp2_submit_rst_stream(c->http.session, 0, stream->id, NGHTTP2_CANCEL);
    }
    return NULL;
}

/* End of SSE. The rest is the server. */

/* Whether OpenSSL only waits for the socket. */
static int waits(struct connection *c, int result)
{
    const int error = SSL_get_error(c->tls, result);

    ERR_clear_error();
    c->is_full = error == SSL_ERROR_WANT_WRITE;
    return c->is_full || error == SSL_ERROR_WANT_READ;
}

static ssize_t send_bytes(nghttp2_session *session, const uint8_t *bytes, size_t len, int flags,
                          void *user)
{
    struct connection *const c = user;
    const int n = SSL_write(c->tls, bytes, (int)len);

    (void)session, (void)flags;
    if (n > 0)
        return n;
    return waits(c, n) ? NGHTTP2_ERR_WOULDBLOCK : NGHTTP2_ERR_CALLBACK_FAILURE;
}

/* Returns 1 when the connection has ended; so does transmit. */
static int receive(struct connection *c)
{
    const unsigned char *protocol;
    unsigned protocol_len;
    char bytes[16384];

    do {
        const int n = SSL_read(c->tls, bytes, sizeof bytes);

        if (n <= 0)
            return !waits(c, n);
        SSL_get0_alpn_selected(c->tls, &protocol, &protocol_len);
        if (protocol_len == 0 || http2_receive(&c->http, bytes, (size_t)n) != 0)
            return 1;
    } while (SSL_pending(c->tls) > 0); /* poll does not see what OpenSSL has read */
    return 0;
}

static int transmit(struct connection *c)
{
    if (!c->is_full && SSL_is_init_finished(c->tls) && nghttp2_session_send(c->http.session) != 0)
        return 1;
    return http2_has_ended(&c->http);
}

static void drop(struct connection *c)
{
    size_t i = 0;

    while (connections[i] != c)
        i++;
    connections[i] = connections[--count];
    http2_close(&c->http);
    SSL_shutdown(c->tls);
    ERR_clear_error();
    SSL_free(c->tls);
    close(c->fd);
    free(c);
}

static void take(SSL_CTX *context, int fd)
{
    struct connection *const c = fd < 0 ? NULL : calloc(1, sizeof *c);

    if (c == NULL)
        return;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    c->fd = fd;
    c->tls = SSL_new(context);
    connections[count++] = c;
    if (http2_open(&c->http, send_bytes, read_events) != 0 || SSL_set_fd(c->tls, fd) != 1)
        drop(c);
    else
        SSL_set_accept_state(c->tls);
}

static int choose(SSL *tls, const unsigned char **chosen, unsigned char *len,
                  const unsigned char *offered, unsigned offered_len, void *user)
{
    unsigned char *h2;

    (void)tls, (void)user;
    if (nghttp2_select_next_protocol(&h2, len, offered, offered_len) != 1)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    *chosen = h2;
    return SSL_TLSEXT_ERR_OK;
}

static void serve(SSL_CTX *context, int listener, int wait_ms)
{
    static struct pollfd fds[CONNECTIONS + 2];
    struct connection *stalled;
    eventfd_t ignored;
    size_t i;

    fds[CONNECTIONS] = (struct pollfd){wake, POLLIN, 0};
    fds[CONNECTIONS + 1] = (struct pollfd){count < CONNECTIONS ? listener : -1, POLLIN, 0};
    for (i = 0; i < CONNECTIONS; i++)
        fds[i] = (struct pollfd){i < count ? connections[i]->fd : -1, POLLIN, 0};
    for (i = 0; i < count; i++)
        if (connections[i]->is_full)
            fds[i].events |= POLLOUT;
    app_unlock();
    poll(fds, CONNECTIONS + 2, wait_ms);
    app_lock();
    app_tick();
    eventfd_read(wake, &ignored);
    for (i = count; i-- > 0;) { /* backwards: drop moves the last one */
        if (fds[i].revents & POLLOUT)
            connections[i]->is_full = 0;
        if (fds[i].revents & ~POLLOUT && receive(connections[i]))
            drop(connections[i]);
    }
    if (fds[CONNECTIONS + 1].revents)
        take(context, accept4(listener, NULL, NULL, SOCK_NONBLOCK));
    while ((stalled = resume()) != NULL)
        drop(stalled);
    for (i = count; i-- > 0;)
        if (transmit(connections[i]))
            drop(connections[i]);
}

int main(int argc, char **argv)
{
    SSL_CTX *const context = SSL_CTX_new(TLS_server_method());
    int listener;
    size_t i;

    if (SSL_CTX_use_certificate_chain_file(context, argc > 3 ? argv[2] : "cert.pem") != 1 ||
        SSL_CTX_use_PrivateKey_file(context, argc > 3 ? argv[3] : "key.pem", SSL_FILETYPE_PEM) !=
            1) {
        ERR_print_errors_fp(stderr);
        return 1;
    }
    SSL_CTX_set_alpn_select_cb(context, choose, NULL);
    listener = http1_listen("https", argc > 1 ? argv[1] : "8443");
    wake = eventfd(0, EFD_NONBLOCK);
    app_start("nghttp2", 1);
    app_lock();
    while (!app_has_drained())
        serve(context, listener, app_timeout());
    for (i = 0; i < count; i++)
        nghttp2_session_terminate_session(connections[i]->http.session, NGHTTP2_NO_ERROR);
    for (i = 0; i < LAST_ROUNDS && count > 0; i++) /* what was taken, and is not sent yet */
        serve(context, listener, LAST_MS);
    while (count > 0)
        drop(connections[0]);
    app_unlock();
    SSL_CTX_free(context);
    return 0;
}
