/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE

#include "intake.h"

#include "common.h"
#include "talk.h"

#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { TURN = 512 };

static const service *server;
static client *all;
static client *closed; /* in this turn */
static uint32_t unsent_max;
static int epoll, listener;
static int resting; /* there are no descriptors left, and the listener is not watched */
static volatile sig_atomic_t stopped;

static void stop(int signal)
{
    (void)signal;
    stopped = 1;
}

void intake_options(int argc, char **argv, const setting *settings, size_t count)
{
    int i;

    for (i = 1; i < argc; i += 2) {
        size_t s = 0;
        char *end = NULL;
        unsigned long n = i + 1 < argc ? strtoul(argv[i + 1], &end, 10) : 0;

        while (s < count && strcmp(argv[i], settings[s].name) != 0)
            s++;
        if (s == count || end == NULL || end == argv[i + 1] || *end != '\0' ||
            n < settings[s].least || n > settings[s].most) {
            fprintf(stderr, "Usage: %s", argv[0]);
            for (s = 0; s < count; s++)
                fprintf(stderr, " [%s %" PRIu32 "..%" PRIu32 "]", settings[s].name,
                        settings[s].least, settings[s].most);
            fputc('\n', stderr);
            exit(EXIT_FAILURE);
        }
        *settings[s].value = (uint32_t)n;
    }
}

static void watch(int operation, int fd, uint32_t events, void *who)
{
    struct epoll_event event = {.events = events, .data.ptr = who};

    if (epoll_ctl(epoll, operation, fd, &event) != 0)
        die("epoll");
}

static void listen_at(uint32_t port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    socklen_t len = sizeof at;
    const int on = 1;

    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (listener < 0 || setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        bind(listener, (struct sockaddr *)&at, sizeof at) != 0 ||
        listen(listener, SOMAXCONN) != 0 ||
        getsockname(listener, (struct sockaddr *)&at, &len) != 0)
        die("listen");
    printf("http://127.0.0.1:%d/\n", ntohs(at.sin_port));
    fflush(stdout);
}

ssize_t intake_send(const client *c, const void *bytes, size_t len)
{
    ssize_t n;

    do
        n = send(c->fd, bytes, len, MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    return n < 0 && errno == EAGAIN ? 0 : n;
}

static void put_into(client **list, client *c)
{
    c->next = *list;
    c->link = list;
    if (c->next)
        c->next->link = &c->next;
    *list = c;
}

void intake_close(client *c)
{
    if (c->fd < 0)
        return;
    if (c->talk == NULL)
        server->lost(c);
    close(c->fd);
    c->fd = -1;
    *c->link = c->next;
    if (c->next)
        c->next->link = c->link;
    put_into(&closed, c);
}

/* Free those that were closed, which events of this turn may still have named. */
static void bury(void)
{
    if (closed && resting) {
        watch(EPOLL_CTL_ADD, listener, EPOLLIN, NULL);
        resting = 0;
    }
    while (closed) {
        client *const c = closed;

        closed = c->next;
        talk_free(c->talk);
        free(c);
    }
}

static void take_connection(int fd)
{
    const int on = 1;
    client *const c = malloc(server->client_size + server->queue_size);

    if (c) {
        memset(c, 0, server->client_size);
        c->talk = talk_new();
    }
    if (c == NULL || c->talk == NULL) {
        free(c);
        close(fd);
        return;
    }
    c->fd = fd;
    put_into(&all, c);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent_max, sizeof unsent_max);
    watch(EPOLL_CTL_ADD, fd, EPOLLIN, c);
}

static void accept_all(void)
{
    for (;;) {
        const int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

        if (fd >= 0) {
            take_connection(fd);
        } else if (errno == EAGAIN) {
            return;
        } else if (errno != EINTR && errno != ECONNABORTED) {
            watch(EPOLL_CTL_DEL, listener, 0, NULL); /* until somebody leaves */
            resting = 1;
            return;
        }
    }
}

/* A stream is watched for its end, and for room after it has blocked, each told once. */
static void go_on(client *c)
{
    const enum next next = talk_on(server, c);

    if (next == TALK_CLOSE) {
        intake_close(c);
    } else if (next == TALK_STREAM) {
        talk_free(c->talk);
        c->talk = NULL;
        watch(EPOLL_CTL_MOD, c->fd, EPOLLOUT | EPOLLRDHUP | EPOLLET, c);
    } else if (c->blocked != (next == TALK_WRITE)) {
        c->blocked = next == TALK_WRITE;
        watch(EPOLL_CTL_MOD, c->fd, c->blocked ? EPOLLOUT : EPOLLIN, c);
    }
}

static void turn(const sigset_t *signals)
{
    struct epoll_event events[TURN];
    const int timeout = server->timeout ? server->timeout() : -1;
    const int n = epoll_pwait(epoll, events, TURN, timeout, signals);
    int i;

    if (n < 0 && errno != EINTR)
        die("epoll");
    if (server->turn_begin)
        server->turn_begin();
    for (i = 0; i < n; i++) {
        client *const c = events[i].data.ptr;

        if (c == NULL)
            accept_all();
        else if (c->fd < 0)
            continue;
        else if (c->talk)
            go_on(c);
        else if (events[i].events & (EPOLLERR | EPOLLHUP | EPOLLRDHUP))
            intake_close(c);
        else
            server->writable(c);
    }
    if (server->turn_end)
        server->turn_end();
    bury();
}

/* They are let in only while epoll waits, so that none is missed. */
static sigset_t catch_signals(void)
{
    const struct sigaction action = {.sa_handler = stop};
    sigset_t blocked, before;

    sigemptyset(&blocked);
    sigaddset(&blocked, SIGTERM);
    sigaddset(&blocked, SIGINT);
    sigprocmask(SIG_BLOCK, &blocked, &before);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    sigdelset(&before, SIGTERM);
    sigdelset(&before, SIGINT);
    return before;
}

void intake_run(const service *s, uint32_t port, uint32_t unsent)
{
    const sigset_t signals = catch_signals();

    if (s->client_size < sizeof(client))
        die_plainly("a service does not say how large its connections are");
    server = s;
    unsent_max = unsent;
    raise_descriptors();
    epoll = epoll_create1(EPOLL_CLOEXEC);
    if (epoll < 0)
        die("epoll");
    listen_at(port);
    watch(EPOLL_CTL_ADD, listener, EPOLLIN, NULL);
    while (!stopped)
        turn(&signals);
    while (all)
        intake_close(all);
    bury();
    close(listener);
    close(epoll);
}
