/* SPDX-License-Identifier: MIT */
/* mbedtls.c - a server over HTTPS: Mbed TLS 2.28 and epoll(7), edge-triggered, one thread.
 *
 *     openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=localhost -keyout key.pem -out cert.pem
 *     cc mbedtls.c app.c http1.c ../serve/request.c ../serve/text.c -lsse -lmbedtls -lmbedx509 \
 *         -lmbedcrypto -lpthread -o mbedtls
 *     ./mbedtls [port [cert.pem key.pem]]                           8443; port 0: any
 *     curl -kN https://127.0.0.1:8443/events
 *
 * The face: peek and consume. mbedtls_ssl_write that would block has to be called again with the
 * same bytes. What peek offers stays the same until consume, whatever is published. A client that
 * goes away shows at once, as the end of what it sends.
 *
 * Traps: a read may wait until the socket is writable, and a write until it is readable; so each
 * edge goes to both. mbedtls_net_send lets SIGPIPE through: ignore it. A client must see
 * close_notify to know that the end of the stream is no accident. */
#define _GNU_SOURCE
#include "app.h"
#include "http1.h"

#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>
#include <mbedtls/net_sockets.h>
#include <mbedtls/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CLIENTS = 1000, AT_ONCE = 64 };

struct client {
    http1 http;
    mbedtls_ssl_context tls;
    mbedtls_net_context socket;
};
static size_t count;
static int loop, wake;
static mbedtls_ssl_config config;

static void drop(struct client *c)
{
    http1_close(&c->http);
    mbedtls_ssl_free(&c->tls);
    close(c->socket.fd); /* epoll forgets it, too */
    free(c);
    count--;
}

/* Whether Mbed TLS only waits for the socket. */
static int waits(int result)
{
    return result == MBEDTLS_ERR_SSL_WANT_READ || result == MBEDTLS_ERR_SSL_WANT_WRITE;
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
        const int n = mbedtls_ssl_write(&c->tls, bytes, len);

        if (n <= 0)
            return !waits(n);
        sse_subscriber_consume(s, (size_t)n);
    }
    if (status == SSE_END)
        mbedtls_ssl_close_notify(&c->tls);
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

static void take(int fd)
{
    struct client *const c = fd >= 0 && count < CLIENTS ? calloc(1, sizeof *c) : NULL;

    if (c == NULL) {
        close(fd);
        return;
    }
    count++;
    c->socket.fd = fd;
    http1_open(&c->http);
    mbedtls_ssl_init(&c->tls);
    mbedtls_ssl_set_bio(&c->tls, &c->socket, mbedtls_net_send, mbedtls_net_recv, NULL);
    if (mbedtls_net_set_nonblock(&c->socket) != 0 || mbedtls_ssl_setup(&c->tls, &config) != 0) {
        drop(c);
        return;
    }
    watch(EPOLL_CTL_ADD, fd, EPOLLIN | EPOLLOUT | EPOLLET, c);
}

/* Read: first the handshake and the request, later what has no meaning. */
static void receive(struct client *c)
{
    unsigned char bytes[16384]; /* a whole record: nothing is left that epoll does not see */
    const int n = mbedtls_ssl_read(&c->tls, bytes, sizeof bytes);

    if (n <= 0) {
        if (!waits(n))
            drop(c);
    } else if (http1_receive(&c->http, c, bytes, (size_t)n) == HTTP1_ANSWERED) {
        mbedtls_ssl_write(&c->tls, (const unsigned char *)c->http.answer, c->http.answer_len);
        mbedtls_ssl_close_notify(&c->tls);
        drop(c);
    } else { /* there may be more: after the others */
        watch(EPOLL_CTL_MOD, c->socket.fd, EPOLLIN | EPOLLOUT | EPOLLET, c);
    }
}

/* Read the certificate and its key. Returns 0; -1: something is wrong. */
static int configure(const char *certificate_file, const char *key_file)
{
    static mbedtls_entropy_context entropy;
    static mbedtls_ctr_drbg_context random;
    static mbedtls_x509_crt certificate;
    static mbedtls_pk_context key;

    mbedtls_entropy_init(&entropy);
    mbedtls_ctr_drbg_init(&random);
    mbedtls_x509_crt_init(&certificate);
    mbedtls_pk_init(&key);
    mbedtls_ssl_config_init(&config);
    if (mbedtls_ctr_drbg_seed(&random, mbedtls_entropy_func, &entropy, NULL, 0) != 0 ||
        mbedtls_x509_crt_parse_file(&certificate, certificate_file) != 0 ||
        mbedtls_pk_parse_keyfile(&key, key_file, NULL) != 0 ||
        mbedtls_ssl_config_defaults(&config, MBEDTLS_SSL_IS_SERVER, MBEDTLS_SSL_TRANSPORT_STREAM,
                                    MBEDTLS_SSL_PRESET_DEFAULT) != 0 ||
        mbedtls_ssl_conf_own_cert(&config, &certificate, &key) != 0)
        return -1;
    mbedtls_ssl_conf_rng(&config, mbedtls_ctr_drbg_random, &random);
    mbedtls_ssl_conf_min_version(&config, MBEDTLS_SSL_MAJOR_VERSION_3, MBEDTLS_SSL_MINOR_VERSION_3);
    return 0;
}

int main(int argc, char **argv)
{
    struct epoll_event events[AT_ONCE];
    int listener;

    if (configure(argc > 3 ? argv[2] : "cert.pem", argc > 3 ? argv[3] : "key.pem") != 0) {
        fprintf(stderr, "mbedtls: there must be a certificate and its key\n");
        return 1;
    }
    listener = http1_listen("https", argc > 1 ? argv[1] : "8443");
    loop = epoll_create1(0);
    wake = eventfd(0, EFD_NONBLOCK);
    watch(EPOLL_CTL_ADD, listener, EPOLLIN, NULL);
    watch(EPOLL_CTL_ADD, wake, EPOLLIN | EPOLLET, NULL); /* each write is an edge: not read */
    app_start("mbedtls", 1);
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
            else
                receive(c);
        }
        while ((late = http1_late()) != NULL)
            drop((struct client *)late);
        flush();
    }
    app_unlock();
    return 0;
}
