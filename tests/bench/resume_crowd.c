/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE

#include "resume_crowd.h"

#include "resume_host.h"

#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum {
    TURN = 512,        /* sockets that are looked at in one turn */
    READ = 256 * 1024, /* bytes that are read at once */
    LIMIT_MS = 30000,  /* for anything to arrive */
    HEAD_MOST = 1024   /* bytes of an answer before the events */
};

static void fail_plainly(const char *what)
{
    errno = 0;
    fail(what);
}

/* The number, with zeros before it, so that all events have the same length: an id has it, too. */
size_t story_line(char *dst, uint32_t n)
{
    const int digits = snprintf(NULL, 0, "%" PRIu32, n);

    return (size_t)snprintf(dst, EVENT, "%0*" PRIu32, LINE - digits, n);
}

static int open_socket(int flags)
{
    const int fd = socket(AF_INET, SOCK_STREAM | flags, 0);
    const struct linger reset = {.l_onoff = 1}; /* so that no port is used up for a while */

    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset) != 0)
        fail("a socket");
    return fd;
}

static struct sockaddr_in address(int port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};

    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return at;
}

static void ask(int fd, const char *fields)
{
    char request[256];
    const int len = snprintf(request, sizeof request,
                             "GET /events HTTP/1.1\r\nHost: localhost\r\n%s\r\n", fields);

    if (send(fd, request, (size_t)len, MSG_NOSIGNAL) != len)
        fail("a request");
}

static void check_event(const story *s, uint32_t n)
{
    char line[EVENT], event[2 * EVENT];
    const char *const got = s->bytes + s->head + (size_t)(n - 1) * s->event;

    line[story_line(line, n)] = '\0';
    snprintf(event, sizeof event, "id: %s-%" PRIu32 "\ndata: %s\n\n", s->origin, n, line);
    if (strlen(event) != s->event || memcmp(got, event, s->event) != 0)
        fail_plainly("an event is not what was published");
}

/* Learn how long the head and an event are, once they have come with the place that stands between
 * them, and cut the place out: clients that come back do not get any. Returns how much there is. */
static size_t cut_place(story *s, size_t len, uint32_t events)
{
    static const char first[] = "\r\n\r\n:\n\n", place[] = "event: place\n",
                      last[] = "\ndata: \n\n";
    char *const end = strstr(s->bytes, first);
    char *const at = end ? end + sizeof first - 1 : NULL;
    const char *const rest = at ? strstr(at, last) : NULL;
    const char *const next = rest ? strstr(rest + sizeof last - 1, "\n\n") : NULL;

    if (next == NULL)
        return len;
    if (strncmp(at, place, sizeof place - 1) != 0)
        fail_plainly("the stream does not begin with a place");
    len -= (size_t)(rest - at) + sizeof last - 1;
    s->event = (size_t)(next - rest) + 2 - (sizeof last - 1);
    memmove(at, rest + sizeof last - 1, len - (size_t)(at - s->bytes) + 1);
    s->head = (size_t)(at - s->bytes);
    s->all = s->head + (size_t)events * s->event;
    return len;
}

/* Find the value of the date field, if there is one. */
static void find_date(story *s)
{
    static const char name[] = "\r\ndate: ";
    const char *const field = strstr(s->bytes, name);

    if (field == NULL || field + sizeof name - 1 > s->bytes + s->head)
        return;
    s->date = (size_t)(field - s->bytes) + sizeof name - 1;
    s->date_end = s->date + strcspn(s->bytes + s->date, "\r");
}

void story_hear(story *s, int port, uint32_t events)
{
    const struct sockaddr_in at = address(port);
    const size_t most = HEAD_MOST + (size_t)events * EVENT;
    const struct timeval limit = {.tv_sec = LIMIT_MS / 1000};
    const int fd = open_socket(0);
    size_t len = 0;
    uint32_t n;

    s->bytes = malloc(most + 1);
    if (s->bytes == NULL || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) != 0 ||
        connect(fd, (const struct sockaddr *)&at, sizeof at) != 0)
        fail("the first client");
    ask(fd, "");
    while (s->all == 0 || len < s->all) {
        const ssize_t got = recv(fd, s->bytes + len, most - len, 0);

        if (got <= 0)
            fail("the first client does not get everything");
        len += (size_t)got;
        s->bytes[len] = '\0';
        if (s->all == 0)
            len = cut_place(s, len, events);
    }
    close(fd);
    if (strncmp(s->bytes, "HTTP/1.1 200 ", 13) != 0 || len != s->all || s->event > EVENT ||
        sscanf(s->bytes + s->head, "id: %16[0-9a-f]-", s->origin) != 1)
        fail_plainly("not the stream that was published");
    find_date(s);
    for (n = 1; n <= events; n++)
        check_event(s, n);
}

/* What a client expects next, and how much of it in one piece; NULL: anything. */
static const char *expected(const story *s, const client *c, size_t *len)
{
    const size_t skip = (size_t)c->has * s->event;

    if (c->at < s->date) {
        *len = s->date - c->at;
        return s->bytes + c->at;
    }
    if (c->at < s->date_end) {
        *len = s->date_end - c->at;
        return NULL;
    }
    if (c->at < s->head) {
        *len = s->head - c->at;
        return s->bytes + c->at;
    }
    *len = s->all - skip - c->at;
    return s->bytes + skip + c->at;
}

static void check(const story *s, client *c, const char *bytes, size_t len)
{
    while (len > 0) {
        size_t n;
        const char *const right = expected(s, c, &n);

        if (n > len)
            n = len;
        if (n == 0)
            fail_plainly("a client got more than there is");
        if (right && memcmp(bytes, right, n) != 0)
            fail_plainly("a client got something else than what it has missed");
        bytes += n;
        len -= n;
        c->at += n;
    }
}

static void receive(crowd *all, client *c)
{
    static char bytes[READ];
    const size_t end = all->story->all - (size_t)c->has * all->story->event;
    ssize_t n;

    while ((n = recv(c->fd, bytes, sizeof bytes, 0)) > 0) {
        const int was_there = c->at == end;

        check(all->story, c, bytes, (size_t)n);
        all->there += !was_there && c->at == end;
    }
    if (n == 0 || errno != EAGAIN)
        fail("a client was dropped");
}

static void ask_for_more(const crowd *all, client *c)
{
    char fields[64];

    snprintf(fields, sizeof fields, "Last-Event-ID: %s-%" PRIu32 "\r\n", all->story->origin,
             c->has);
    ask(c->fd, fields);
    c->asked = 1;
}

static void come(crowd *all, client *c, const struct sockaddr_in *at)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = c};

    c->fd = open_socket(SOCK_NONBLOCK);
    c->at = 0;
    c->asked = 0;
    if (connect(c->fd, (const struct sockaddr *)at, sizeof *at) != 0 && errno != EINPROGRESS)
        fail("connect");
    if (epoll_ctl(all->epoll, EPOLL_CTL_ADD, c->fd, &event) != 0)
        fail("epoll");
}

uint64_t crowd_rush(crowd *all, int port)
{
    const struct sockaddr_in at = address(port);
    const uint64_t start = now_ns();
    struct epoll_event events[TURN];
    uint32_t k;

    all->there = 0;
    all->epoll = epoll_create1(EPOLL_CLOEXEC);
    for (k = 0; k < all->count; k++)
        come(all, &all->clients[k], &at);
    while (all->there < all->count) {
        const int n = epoll_wait(all->epoll, events, TURN, LIMIT_MS);
        int i;

        if (n <= 0)
            fail_plainly("not every client has got what it has missed");
        for (i = 0; i < n; i++) {
            client *const c = events[i].data.ptr;

            if (!c->asked && events[i].events & EPOLLOUT)
                ask_for_more(all, c);
            else if (events[i].events & (EPOLLIN | EPOLLERR | EPOLLHUP))
                receive(all, c);
        }
    }
    return now_ns() - start;
}

void crowd_leave(crowd *all)
{
    uint32_t k;

    for (k = 0; k < all->count; k++) {
        receive(all, &all->clients[k]); /* of a stream that is complete nothing may be left */
        close(all->clients[k].fd);
    }
    close(all->epoll);
    if (all->there != all->count)
        fail_plainly("a client got more than there is");
}
