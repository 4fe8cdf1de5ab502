/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE

#include "post.h"

#include "common.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const char done[] = "HTTP/1.1 204 No Content\r\n\r\n";

int post_connect(int port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    const int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || connect(fd, (struct sockaddr *)&at, sizeof at) != 0 ||
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0)
        die("connect");
    return fd;
}

/* Write the events that have these keys, each between two texts, and note when they were due. */
static void publish(int fd, book *b, uint64_t key, uint32_t count, uint64_t due_ns,
                    const char *first, const char *last)
{
    const size_t before = strlen(first), after = strlen(last);
    char *const all = malloc(count * (before + b->size + after)), *at = all;
    size_t len;
    uint32_t i;

    if (all == NULL)
        die("memory");
    for (i = 0; i < count; i++) {
        memcpy(at, first, before);
        body_write(at + before, key + i, b->size);
        memcpy(at + before + b->size, last, after);
        at += before + b->size + after;
    }
    for (i = 0; i < count; i++)
        b->due_ns[(key + i) % BOOK] = due_ns;
    for (at -= len = (size_t)(at - all); len > 0;) {
        const ssize_t n = write(fd, at, len);

        if (n < 0)
            die("a server does not read");
        at += n;
        len -= (size_t)n;
    }
    free(all);
}

void post_send(int fd, book *b, uint64_t key, uint32_t count, uint64_t due_ns)
{
    char head[128];

    snprintf(head, sizeof head,
             "POST /publish HTTP/1.1\r\nHost: localhost\r\nContent-Length: %zu\r\n\r\n", b->size);
    publish(fd, b, key, count, due_ns, head, "");
}

void post_lines(int fd, book *b, uint64_t key, uint32_t count, uint64_t due_ns)
{
    publish(fd, b, key, count, due_ns, "", "\n");
}

void post_answered(int fd, uint32_t count)
{
    char answer[sizeof done];

    for (; count > 0; count--)
        if (recv(fd, answer, sizeof done - 1, MSG_WAITALL) != (ssize_t)(sizeof done - 1) ||
            memcmp(answer, done, sizeof done - 1) != 0)
            die_plainly("an event was not published");
}

void post_in_turn(const int *fds, uint32_t publishers, book *b, uint64_t key, uint32_t each)
{
    struct pollfd ready[PUBLISHERS];
    uint32_t sent[PUBLISHERS] = {0}, left = publishers, i;

    for (i = 0; i < publishers; i++) {
        ready[i] = (struct pollfd){.fd = fds[i], .events = POLLIN};
        b->wanted[(key + i) % publishers] = key + i;
        post_send(fds[i], b, key + i, 1, now_ns());
    }
    while (left > 0) {
        if (poll(ready, publishers, -1) < 0)
            die("poll");
        for (i = 0; i < publishers; i++) {
            if (ready[i].revents == 0)
                continue;
            post_answered(fds[i], 1);
            if (++sent[i] < each) {
                post_send(fds[i], b, key + i + sent[i] * publishers, 1, now_ns());
            } else {
                ready[i].fd = -1;
                left--;
            }
        }
    }
}
