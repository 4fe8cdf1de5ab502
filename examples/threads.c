/* SPDX-License-Identifier: MIT */
/* threads.c - a thread for each client, and one channel for all of them.
 *
 *     cc threads.c -lsse -lpthread -o threads
 *     while date; do sleep 1; done | ./threads [port]              8080; port 0: any
 *     curl -N http://127.0.0.1:8080/
 *
 * The recipe of sse/channel.h. A channel, its history and its subscribers are one object: one mutex
 * is held during each call, and no call waits.
 *
 *     main        reads lines, publishes                --.
 *     timer       ticks, sleeps until the next is due   --+--> notify: next until NULL, signals
 *     acceptor    a thread for each connection          --'
 *     client      joins, then: lock, read into its own memory, unlock, send
 *
 * For a connection that blocks in send the library still keeps time: when next gives it as stalled,
 * its socket is shut down, and its thread comes back from send with an error.
 *
 * One mutex serves some thousand clients. Where that is not enough, take a channel with a history
 * and a mutex for each processor, publish each event to all of them, and give the histories the
 * same name and epoch: then an id is the same event everywhere, and a client may come back to any.
 * For that all of them must get the same events in the same order. */
#define _GNU_SOURCE
#include <sse/sse.h>

#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum { EVENTS = 4096, CAPACITY = 1024 * 1024, ASK_S = 5, STALL_MS = 10000, END_MS = 2000 };

typedef struct client {
    sse_subscriber stream;
    int fd;
    pthread_cond_t more; /* next has given it */
    char request[4096];
    size_t queue[SSE_WRITER_WORDS(1024)];
} client;

/* One mutex for what follows. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint64_t memory[SSE_HISTORY_WORDS(EVENTS, CAPACITY)];
static sse_channel channel;
static pthread_cond_t sooner; /* the timeout may be shorter now */
static pthread_cond_t left = PTHREAD_COND_INITIALIZER;
static size_t streams; /* threads that have a stream */

static struct timespec now(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return t;
}

static uint64_t to_ms(struct timespec t)
{
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* After a call that can give work to others; the lock is held. */
static void notify(void)
{
    sse_subscriber *s;

    while ((s = sse_channel_next(&channel)) != NULL) {
        client *c = sse_subscriber_user(s);

        if (sse_subscriber_status(s) < SSE_E_FATAL)
            shutdown(c->fd, SHUT_RDWR);
        pthread_cond_signal(&c->more);
    }
    pthread_cond_signal(&sooner);
}

static void *keep_time(void *unused)
{
    pthread_mutex_lock(&lock);
    for (;;) {
        struct timespec until = now(CLOCK_MONOTONIC);
        int wait_ms;

        sse_channel_tick(&channel, to_ms(until));
        notify();
        wait_ms = sse_channel_timeout(&channel, to_ms(until));
        if (wait_ms < 0) {
            pthread_cond_wait(&sooner, &lock);
            continue;
        }
        until.tv_sec += wait_ms / 1000;
        until.tv_nsec += wait_ms % 1000 * 1000000;
        if (until.tv_nsec >= 1000000000) {
            until.tv_sec++;
            until.tv_nsec -= 1000000000;
        }
        pthread_cond_timedwait(&sooner, &lock, &until);
    }
    return unused;
}

/* Read the request. Returns 0 when it has come; the socket has a time limit for each read. */
static int ask(client *c)
{
    size_t len = 0;

    while (len < sizeof c->request - 1) {
        const ssize_t n = recv(c->fd, c->request + len, sizeof c->request - 1 - len, 0);

        if (n <= 0)
            return -1;
        len += (size_t)n;
        c->request[len] = '\0';
        if (strstr(c->request, "\r\n\r\n"))
            return strncmp(c->request, "GET ", 4) == 0 ? 0 : -1;
    }
    return -1;
}

/* Join where the client was; the lock is held. */
static int join(client *c)
{
    const sse_http_answer stream = {
        .version = SSE_HTTP_1_1, .retry_ms = 1000, .origin = SSE_LIT("*")};
    sse_writer *const queue = sse_writer_init(c->queue, sizeof c->queue, 0);
    const char *const query = c->request + strcspn(c->request, "?\r\n");
    const char *const field = strcasestr(c->request, "\nLast-Event-ID:");
    const char *const id = field ? field + 15 : "";

    if (sse_http_send(&stream, queue) != SSE_OK ||
        sse_subscriber_join(&c->stream, &channel, queue, c, SSE_JOIN_GAPS, id, strcspn(id, "\r\n"),
                            query, strcspn(query, " \r\n")) < SSE_OK)
        return -1;
    sse_subscriber_set_limits(&c->stream, 0, STALL_MS, 0);
    notify();
    return 0;
}

static int send_all(int fd, const char *bytes, size_t len)
{
    while (len > 0) {
        const ssize_t n = send(fd, bytes, len, 0);

        if (n < 0 && errno != EINTR)
            return -1;
        bytes += n > 0 ? n : 0;
        len -= n > 0 ? (size_t)n : 0;
    }
    return 0;
}

/* Lock, read, unlock, send: until the stream is closed, or the client has gone. */
static void stream(client *c)
{
    char bytes[16384];
    size_t len;
    int status = SSE_OK;

    pthread_mutex_lock(&lock);
    if (join(c) == 0) {
        streams++;
        while (!sse_status_closed(status)) {
            status = sse_subscriber_read(&c->stream, bytes, sizeof bytes, &len);
            if (status == SSE_AGAIN) {
                pthread_cond_wait(&c->more, &lock);
            } else if (status == SSE_OK) {
                pthread_mutex_unlock(&lock);
                if (send_all(c->fd, bytes, len) != 0)
                    status = SSE_E_IO;
                pthread_mutex_lock(&lock);
            }
        }
        sse_subscriber_leave(&c->stream);
        streams--;
        pthread_cond_signal(&left);
    }
    pthread_mutex_unlock(&lock);
}

static void *serve(void *arg)
{
    client *c = arg;

    pthread_cond_init(&c->more, NULL);
    if (ask(c) == 0)
        stream(c);
    pthread_cond_destroy(&c->more);
    close(c->fd);
    free(c);
    return NULL;
}

static void start(void *run(void *), void *arg)
{
    pthread_t thread;
    const int error = pthread_create(&thread, NULL, run, arg);

    if (error != 0) {
        fprintf(stderr, "threads: %s\n", strerror(error));
        exit(1);
    }
    pthread_detach(thread);
}

static void *accept_all(void *listener)
{
    const struct timeval limit = {.tv_sec = ASK_S};

    for (;;) {
        const int fd = accept(*(int *)listener, NULL, NULL);
        client *c = fd < 0 ? NULL : calloc(1, sizeof *c);

        if (c == NULL) {
            close(fd);
            usleep(100000); /* there is no descriptor, or no memory, now */
            continue;
        }
        c->fd = fd;
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
        start(serve, c);
    }
    return NULL;
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
    sse_history *const history = sse_history_init(memory, sizeof memory, EVENTS, 0,
                                                  to_ms(now(CLOCK_REALTIME)), "threads", 7);
    int listener = listen_at(argc > 1 ? argv[1] : "8080");
    pthread_condattr_t monotonic;
    char *line = NULL;
    size_t size = 0;
    ssize_t len;

    if (listener < 0 || sse_channel_init(&channel, history, SSE_HEARTBEAT_MS, 0,
                                         to_ms(now(CLOCK_MONOTONIC))) != SSE_OK) {
        perror("threads");
        return 1;
    }
    signal(SIGPIPE, SIG_IGN); /* a client that has gone is an error of send */
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&sooner, &monotonic);
    start(keep_time, NULL);
    start(accept_all, &listener);

    while ((len = getline(&line, &size, stdin)) > 0) {
        len -= line[len - 1] == '\n';
        pthread_mutex_lock(&lock);
        if (sse_channel_publish_parts(&channel, NULL, 0, NULL, 0, line, (size_t)len, 0, 0) !=
            SSE_OK)
            fprintf(stderr, "threads: a line of %zd bytes was not published\n", len);
        notify();
        pthread_mutex_unlock(&lock);
    }
    free(line);
    pthread_mutex_lock(&lock);
    sse_channel_drain(&channel, NULL, 0, NULL, 0, 1000, 4000, 0, END_MS);
    notify();
    while (streams > 0)
        pthread_cond_wait(&left, &lock);
    pthread_mutex_unlock(&lock);
    return 0;
}
