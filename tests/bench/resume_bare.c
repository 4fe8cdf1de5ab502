/* SPDX-License-Identifier: MIT */
/* resume_bare.c - the least that a storm of clients that come back can cost a server: one epoll,
 * and send until the socket takes no more.
 *
 *     resume_bare HEAD EVENT ALL
 *
 * Standard input brings ALL bytes: HEAD bytes that every client gets first, and events of EVENT
 * bytes each. A request ends in "-N" and the blank line: its client has the first N events, and is
 * sent what comes after these. Nothing else of a request is looked at. */
#define _GNU_SOURCE

#include "resume_host.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { TURN = 256 };

typedef struct peer {
    size_t at; /* what it gets next; 0: it has not asked */
} peer;

typedef struct bare {
    size_t head, event, all;
    char *bytes;
    peer *peers; /* by descriptor */
    int epoll, listener;
} bare;

static void stop(int signal)
{
    (void)signal;
    _exit(EXIT_SUCCESS);
}

static void listen_anywhere(bare *b)
{
    struct sockaddr_in at = {.sin_family = AF_INET};
    struct epoll_event event = {.events = EPOLLIN};
    socklen_t len = sizeof at;

    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    b->epoll = epoll_create1(0);
    b->listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    event.data.fd = b->listener;
    if (b->listener < 0 || bind(b->listener, (struct sockaddr *)&at, sizeof at) != 0 ||
        listen(b->listener, SOMAXCONN) != 0 ||
        getsockname(b->listener, (struct sockaddr *)&at, &len) != 0 ||
        epoll_ctl(b->epoll, EPOLL_CTL_ADD, b->listener, &event) != 0)
        fail("listen");
    printf("http://127.0.0.1:%d/\n", ntohs(at.sin_port));
    fflush(stdout);
}

static void accept_all(bare *b)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET};
    const int on = 1;
    int fd;

    while ((fd = accept4(b->listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
        event.data.fd = fd;
        b->peers[fd].at = 0;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        if (epoll_ctl(b->epoll, EPOLL_CTL_ADD, fd, &event) != 0)
            fail("epoll");
    }
    if (errno != EAGAIN)
        fail("accept");
}

static void send_some(bare *b, int fd)
{
    size_t *const at = &b->peers[fd].at;

    while (*at < b->all) {
        const ssize_t n = send(fd, b->bytes + *at, b->all - *at, MSG_NOSIGNAL);

        if (n < 0)
            return;
        *at += (size_t)n;
    }
}

static void greet(bare *b, int fd)
{
    char request[1024], *number;
    const ssize_t n = recv(fd, request, sizeof request - 1, 0);

    if (n <= 0)
        return;
    request[n] = '\0';
    number = strrchr(request, '-');
    if (number == NULL || strstr(number, "\r\n\r\n") == NULL ||
        send(fd, b->bytes, b->head, MSG_NOSIGNAL) != (ssize_t)b->head)
        fail("a request that is not one");
    b->peers[fd].at = b->head + strtoul(number + 1, NULL, 10) * b->event;
    send_some(b, fd);
}

static void serve(bare *b)
{
    struct epoll_event events[TURN];

    for (;;) {
        const int n = epoll_wait(b->epoll, events, TURN, -1);
        int i;

        for (i = 0; i < n; i++) {
            const int fd = events[i].data.fd;

            if (fd == b->listener)
                accept_all(b);
            else if (events[i].events & (EPOLLERR | EPOLLHUP | EPOLLRDHUP))
                close(fd);
            else if (b->peers[fd].at > 0)
                send_some(b, fd);
            else if (events[i].events & EPOLLIN)
                greet(b, fd);
        }
    }
}

int main(int argc, char **argv)
{
    bare b = {0};

    if (argc == 4) {
        b.head = strtoul(argv[1], NULL, 10);
        b.event = strtoul(argv[2], NULL, 10);
        b.all = strtoul(argv[3], NULL, 10);
    }
    b.bytes = malloc(b.all);
    b.peers = calloc(raise_descriptors(), sizeof *b.peers);
    if (b.all == 0 || b.bytes == NULL || b.peers == NULL ||
        fread(b.bytes, 1, b.all, stdin) != b.all)
        fail("Usage: resume_bare HEAD EVENT ALL");
    signal(SIGTERM, stop);
    listen_anywhere(&b);
    serve(&b);
    return EXIT_SUCCESS;
}
