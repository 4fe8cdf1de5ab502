/* SPDX-License-Identifier: MIT */
/* tls.c - the time of day, each second, to every client over HTTPS: OpenSSL, one thread, poll(2).
 *
 *     openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=localhost -keyout key.pem -out cert.pem
 *     cc tls.c -lsse -lssl -lcrypto -o tls
 *     ./tls cert.pem key.pem [port [period_ms]]                    8443 1000; port 0: any
 *     curl -kN https://127.0.0.1:8443/
 *
 * The face: peek and consume. SSL_write that would block has to be called again with the same
 * bytes, and so has each write that goes on while the program does something else: libuv, h2o,
 * io_uring. What peek offers is frozen until consume: same address, same length, whatever is
 * published. */
#define _GNU_SOURCE
#include <sse/sse.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { CLIENTS = 64, EVENTS = 600, CAPACITY = 64 * 1024, STALL_MS = 30000 };

static struct client {
    sse_subscriber stream;
    SSL *ssl;     /* NULL: this place is free */
    int fd;       /* -1: likewise, for poll */
    short wanted; /* what TLS waits for beside POLLIN, as to any of its two directions */
    int streaming;
    size_t len;
    char request[4096];
    size_t queue[SSE_WRITER_WORDS(4096)]; /* each event goes through it, in pieces */
} clients[CLIENTS];
static sse_channel channel;
static uint64_t memory[SSE_HISTORY_WORDS(EVENTS, CAPACITY)];

static uint64_t clock_ms(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void drop(struct client *c)
{
    sse_subscriber_leave(&c->stream);
    SSL_free(c->ssl);
    close(c->fd);
    c->ssl = NULL;
    c->fd = -1;
}

/* Whether OpenSSL only waits for the socket; if so, notes for what. */
static int blocked(struct client *c, int result)
{
    const int error = SSL_get_error(c->ssl, result);

    ERR_clear_error(); /* the next call may be about another client */
    c->wanted = error == SSL_ERROR_WANT_WRITE ? POLLOUT : 0;
    return error == SSL_ERROR_WANT_WRITE || error == SSL_ERROR_WANT_READ;
}

/* Write what the client is owed, until TLS or the channel has enough. Returns -1 at the end. */
static int put(struct client *c)
{
    const void *bytes;
    size_t len;
    int status;

    while ((status = sse_subscriber_peek(&c->stream, &bytes, &len)) == SSE_OK) {
        const int n = SSL_write(c->ssl, bytes, (int)len);

        if (n <= 0)
            return blocked(c, n) ? 0 : -1;
        sse_subscriber_consume(&c->stream, (size_t)n);
    }
    return status == SSE_AGAIN ? 0 : -1;
}

static int join(struct client *c)
{
    const sse_http_answer stream = {
        .version = SSE_HTTP_1_1, .retry_ms = 1000, .origin = SSE_LIT("*")};
    sse_writer *const queue = sse_writer_init(c->queue, sizeof c->queue, 0);
    const char *const query = c->request + strcspn(c->request, "?\r\n");
    const char *const field = strcasestr(c->request, "\nLast-Event-ID:");
    const char *const id = field ? field + 15 : "";
    char text[512];
    size_t len;

    c->streaming = 1;
    if (strncmp(c->request, "GET ", 4) != 0 ||
        sse_http_head(&stream, text, sizeof text, &len) != SSE_OK ||
        sse_writer_raw(queue, text, len) != SSE_OK ||
        sse_subscriber_join(&c->stream, &channel, queue, c, SSE_JOIN_GAPS, id, strcspn(id, "\r\n"),
                            query, strcspn(query, " \r\n")) < SSE_OK)
        return -1;
    return sse_subscriber_set_limits(&c->stream, 0, STALL_MS, 0);
}

/* Read: first the handshake and the request, later what has no meaning. Returns -1 at the end. */
static int get(struct client *c)
{
    int n;

    for (;;) {
        if (c->streaming)
            c->len = 0;
        n = SSL_read(c->ssl, c->request + c->len, (int)(sizeof c->request - 1 - c->len));
        if (n <= 0)
            return blocked(c, n) ? 0 : -1;
        c->len += (size_t)n;
        c->request[c->len] = '\0';
        if (!c->streaming && strstr(c->request, "\r\n\r\n") && join(c) != 0)
            return -1;
        if (!c->streaming && c->len == sizeof c->request - 1)
            return -1;
    }
}

static void take(SSL_CTX *tls, int fd)
{
    struct client *c = clients;

    while (c < clients + CLIENTS && c->ssl)
        c++;
    if (fd < 0 || c == clients + CLIENTS || fcntl(fd, F_SETFL, O_NONBLOCK) != 0 ||
        (c->ssl = SSL_new(tls)) == NULL) {
        close(fd);
        return;
    }
    SSL_set_fd(c->ssl, fd);
    SSL_set_accept_state(c->ssl);
    c->fd = fd;
    c->wanted = 0;
    c->streaming = 0;
    c->len = 0;
}

static void publish(void)
{
    const time_t now = time(NULL);
    char text[32];
    const size_t len = strftime(text, sizeof text, "%H:%M:%S", localtime(&now));

    if (sse_channel_publish_parts(&channel, NULL, 0, NULL, 0, text, len, 0, 0) != SSE_OK)
        fprintf(stderr, "tls: the time was not published\n");
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
    printf("https://127.0.0.1:%u/\n", (unsigned)ntohs(at.sin_port));
    fflush(stdout);
    return fd;
}

int main(int argc, char **argv)
{
    SSL_CTX *const tls = SSL_CTX_new(TLS_server_method());
    sse_history *const history =
        sse_history_init(memory, sizeof memory, EVENTS, 0, clock_ms(CLOCK_REALTIME), "tls", 3);
    const uint64_t period_ms = argc > 4 ? strtoul(argv[4], NULL, 10) : 1000;
    struct pollfd fds[CLIENTS + 1];
    uint64_t next_ms = 0;
    sse_subscriber *s;
    int i;

    if (argc < 3 || SSL_CTX_use_certificate_chain_file(tls, argv[1]) != 1 ||
        SSL_CTX_use_PrivateKey_file(tls, argv[2], SSL_FILETYPE_PEM) != 1) {
        fprintf(stderr, "tls: a certificate and its key, please\n");
        return 1;
    }
    fds[CLIENTS] = (struct pollfd){listen_at(argc > 3 ? argv[3] : "8443"), POLLIN, 0};
    if (fds[CLIENTS].fd < 0 || sse_channel_init(&channel, history, SSE_HEARTBEAT_MS, 0,
                                                clock_ms(CLOCK_MONOTONIC)) != SSE_OK) {
        perror("tls");
        return 1;
    }
    signal(SIGPIPE, SIG_IGN); /* OpenSSL writes without MSG_NOSIGNAL */
    for (i = 0; i < CLIENTS; i++)
        clients[i].fd = -1;
    for (;;) {
        const uint64_t now = clock_ms(CLOCK_MONOTONIC);
        int wait_ms;

        sse_channel_tick(&channel, now);
        if (now >= next_ms) {
            publish();
            next_ms = now + period_ms;
        }
        while ((s = sse_channel_next(&channel)) != NULL)
            if (put(sse_subscriber_user(s)) != 0)
                drop(sse_subscriber_user(s));
        wait_ms = sse_channel_timeout(&channel, now);
        if (wait_ms < 0 || (uint64_t)wait_ms > next_ms - now)
            wait_ms = (int)(next_ms - now);
        for (i = 0; i < CLIENTS; i++)
            fds[i] = (struct pollfd){clients[i].fd, (short)(POLLIN | clients[i].wanted), 0};
        poll(fds, CLIENTS + 1, wait_ms);
        for (i = 0; i < CLIENTS; i++) /* a write may wait for a read, and the other way round */
            if (fds[i].revents &&
                (get(&clients[i]) != 0 || (clients[i].streaming && put(&clients[i]) != 0)))
                drop(&clients[i]);
        if (fds[CLIENTS].revents)
            take(tls, accept(fds[CLIENTS].fd, NULL, NULL));
    }
}
