/* SPDX-License-Identifier: MIT */
/* blocking.c - a stream over plain POSIX sockets, in one thread, without a server library.
 *
 *     cc blocking.c -lsse -o blocking
 *     ./blocking [port [tick_ms [heartbeat_ms]]]        8080 10000 3000; port 0: any
 *     curl -N http://127.0.0.1:8080/
 *     new EventSource('http://127.0.0.1:8080/').onmessage = e => console.log(e.data)
 *
 * The face: push. sse_writer_flush hands the bytes to a sink of a few lines over send(). It fits
 * wherever a call takes bytes and may wait: raw sockets, civetweb, FastCGI, CGI.
 *
 * To stay short it serves one client at a time, whatever it asks for, and replays nothing: the ids
 * go on counting, but what was on its way to a client that left is lost. */
#define _POSIX_C_SOURCE 200809L
#include <sse/sse.h>

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

/* How long a client may take neither to ask nor to read, in seconds: everybody else waits. */
enum { PATIENCE_S = 2 };

static uint64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* Read the request up to its blank line. */
static int asked(int fd)
{
    char text[4096];
    size_t len = 0;
    uint64_t end = now_ms() + PATIENCE_S * 1000;

    while (len < sizeof text - 1 && now_ms() < end) {
        ssize_t n = recv(fd, text + len, sizeof text - 1 - len, 0);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return 0;
        len += (size_t)n;
        text[len] = '\0';
        if (strstr(text, "\r\n\r\n"))
            return 1;
    }
    return 0;
}

/* The sink. MSG_NOSIGNAL: a closed peer is an error here, not a SIGPIPE that ends the program. And
 * where SO_SNDTIMEO has cut a send short, the client has stopped reading: that is final, too. */
static int sink(void *user, const void *bytes, size_t len, size_t *taken)
{
    ssize_t n;

    do
        n = send(*(int *)user, bytes, len, MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    if (n < 0 || (size_t)n < len)
        return SSE_E_IO;
    *taken = len;
    return SSE_OK;
}

/* Begin the stream: its head is the first in the queue. */
static int begin(sse_writer *w)
{
    const sse_http_answer stream = {
        .version = SSE_HTTP_1_1, .retry_ms = 2000, .origin = SSE_LIT("*")};

    return sse_http_send(&stream, w);
}

/* Queue the next tick. */
static int tick(sse_writer *w)
{
    static unsigned long count;
    char text[24];
    const size_t len = (size_t)snprintf(text, sizeof text, "%lu", ++count);

    return sse_writer_send(w, &(sse_event){.id = {text, len}, .data = {text, len}});
}

static void serve(int fd, uint32_t tick_ms, uint32_t heartbeat_ms)
{
    size_t memory[SSE_WRITER_WORDS(1024)];
    sse_writer *w = sse_writer_init(memory, sizeof memory, 0);
    struct pollfd peer = {.fd = fd}; /* asks for no event: poll wakes up for a reset alone */
    sse_heartbeat hb;
    uint64_t now = now_ms(), next = now + tick_ms;
    int status = begin(w), wait;

    sse_heartbeat_init(&hb, heartbeat_ms, now);
    while (status == SSE_OK && (status = sse_writer_flush(w, sink, &fd)) == SSE_OK) {
        wait = sse_heartbeat_timeout(&hb, now);
        if (wait < 0 || (uint64_t)wait > next - now)
            wait = next - now < INT_MAX ? (int)(next - now) : INT_MAX;
        if (poll(&peer, 1, wait) > 0)
            break;
        now = now_ms();
        if (now >= next) {
            status = tick(w);
            sse_heartbeat_touch(&hb, now);
            next = now + tick_ms;
        } else if (sse_heartbeat_take(&hb, now) && sse_writer_idle(w)) {
            status = sse_writer_comment(w, NULL, 0);
        }
    }
    fprintf(stderr, "blocking: %s\n", status == SSE_OK ? "client left" : sse_status_text(status));
}

static uint32_t number(int argc, char **argv, int i, uint32_t fallback)
{
    return argc > i ? (uint32_t)strtoul(argv[i], NULL, 10) : fallback;
}

int main(int argc, char **argv)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    struct timeval patience = {.tv_sec = PATIENCE_S};
    int listener = socket(AF_INET, SOCK_STREAM, 0), on = 1;

    at.sin_port = htons((uint16_t)number(argc, argv, 1, 8080));
    if (listener < 0 || setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        bind(listener, (struct sockaddr *)&at, size) != 0 || listen(listener, 16) != 0 ||
        getsockname(listener, (struct sockaddr *)&at, &size) != 0) {
        perror("blocking");
        return 1;
    }
    printf("http://127.0.0.1:%u/\n", (unsigned)ntohs(at.sin_port));
    fflush(stdout);
    for (;;) {
        int fd = accept(listener, NULL, NULL);

        if (fd < 0 && errno != EINTR && errno != ECONNABORTED) {
            perror("blocking");
            return 1;
        }
        if (fd < 0)
            continue;
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
        if (asked(fd))
            serve(fd, number(argc, argv, 2, 10000), number(argc, argv, 3, 3000));
        close(fd);
    }
}
