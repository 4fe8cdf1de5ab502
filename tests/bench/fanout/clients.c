/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE

#include "clients.h"

#include "check.h"
#include "common.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    TURN = 512,        /* sockets that are looked at in one turn */
    READ = 256 * 1024, /* bytes that are read at once */
    BUCKET_NS = 10000, /* latencies are counted so coarsely, */
    BUCKETS = 1500000  /* up to fifteen seconds */
};

typedef struct peer {
    place place;
    uint64_t gaps, lost; /* that were told of */
    int fd;
} peer;

typedef struct clients {
    book *book;
    peer *peers;
    uint32_t count;
    uint32_t held;  /* the first so many do not read */
    uint32_t there; /* how many of the others have the last event */
    uint64_t last;
    uint64_t now_ns;
    uint64_t delivered;
    uint64_t longest_ns; /* latency */
    int waiting;         /* WAIT is to be answered */
    int control;
    int epoll;
    uint32_t *buckets;
} clients;

static char bytes[READ];

/* An event has come. */
static void count_event(void *user, uint64_t key)
{
    clients *const h = user;
    const uint64_t due = h->book->due_ns[key % BOOK], released = h->book->released_ns;
    const uint64_t latency = h->now_ns - (due > released ? due : released);
    const uint64_t bucket = latency / BUCKET_NS;

    if (h->longest_ns < latency)
        h->longest_ns = latency;
    h->buckets[bucket < BUCKETS ? bucket : BUCKETS - 1]++;
    h->delivered++;
}

static void take(clients *h, peer *p, const char *from, size_t len)
{
    const int was_there = p->place.next > h->last;

    check(h->book, &p->place, h->last, from, len, count_event, h);
    h->there += p->place.next > h->last && !was_there;
}

static void connect_to(const visit *v, peer *p)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)v->port)};
    char request[256];
    const int len = snprintf(
        request, sizeof request, "GET /events HTTP/1.1\r\nHost: localhost\r\n%s%s%s\r\n",
        v->after ? "Last-Event-ID: " : "", v->after ? v->after : "", v->after ? "\r\n" : "");

    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    p->place.next = v->first;
    p->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (p->fd < 0 || setsockopt(p->fd, SOL_SOCKET, SO_RCVBUF, &v->window, sizeof v->window) != 0 ||
        connect(p->fd, (struct sockaddr *)&at, sizeof at) != 0 ||
        send(p->fd, request, (size_t)len, MSG_NOSIGNAL) != len)
        die("connect");
}

/* Read up to the first comment, and what may come after it. */
static void begin(clients *h, peer *p)
{
    static const char first[] = "\r\n\r\n:\n\n";
    const char *end = NULL;
    size_t len = 0;

    while (end == NULL && len < 2048) {
        const ssize_t n = recv(p->fd, bytes + len, sizeof bytes - len, 0);

        if (n <= 0)
            die_plainly("no stream");
        len += (size_t)n;
        end = memmem(bytes, len, first, sizeof first - 1);
    }
    if (end == NULL || memcmp(bytes, "HTTP/1.1 200 ", 13) != 0)
        die_plainly("not a stream");
    end += sizeof first - 1;
    h->now_ns = now_ns();
    take(h, p, end, (size_t)(bytes + len - end));
}

static void answer(const clients *h, const word *w)
{
    if (write(h->control, w, sizeof *w) != (ssize_t)sizeof *w)
        exit(EXIT_SUCCESS); /* nobody listens any more */
}

/* Where a share of all the latencies is reached. */
static double percentile(const clients *h, double share)
{
    uint64_t some = 0;
    uint32_t i;

    for (i = 0; i < BUCKETS - 1; i++) {
        some += h->buckets[i];
        if ((double)some >= share * (double)h->delivered)
            break;
    }
    return (i + 0.5) * BUCKET_NS / 1e6;
}

static tally tell(clients *h)
{
    tally t = {.delivered = h->delivered};
    uint32_t i;

    if (h->delivered > 0) {
        t.p50_ms = percentile(h, 0.5);
        t.p99_ms = percentile(h, 0.99);
        t.p999_ms = percentile(h, 0.999);
        t.max_ms = (double)h->longest_ns / 1e6;
        memset(h->buckets, 0, BUCKETS * sizeof *h->buckets);
        h->delivered = h->longest_ns = 0;
    }
    for (i = 0; i < h->count; i++) {
        peer *const p = &h->peers[i];

        if (i >= h->held && !check_is_whole(&p->place))
            die_plainly("a stream ends within an event");
        t.gapped += p->place.gaps > p->gaps;
        t.gaps += p->place.gaps - p->gaps;
        t.lost += p->place.lost - p->lost;
        p->gaps = p->place.gaps;
        p->lost = p->place.lost;
    }
    return t;
}

static void count_there(clients *h)
{
    uint32_t i;

    h->there = 0;
    for (i = h->held; i < h->count; i++)
        h->there += h->peers[i].place.next > h->last;
}

/* Look at the first so many, or do not. */
static void watch(clients *h, int operation, uint32_t count)
{
    uint32_t i;

    for (i = 0; i < count; i++) {
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = &h->peers[i]};

        if (epoll_ctl(h->epoll, operation, h->peers[i].fd, &event) != 0)
            die("hold");
    }
}

static void obey(clients *h)
{
    word w;

    if (read(h->control, &w, sizeof w) != (ssize_t)sizeof w)
        exit(EXIT_SUCCESS);
    switch (w.op) {
    case EXPECT:
        h->last = w.value;
        count_there(h);
        break;
    case WAIT:
        h->waiting = 1;
        return;
    case HOLD:
        h->held = (uint32_t)w.value;
        watch(h, EPOLL_CTL_DEL, h->held);
        count_there(h);
        break;
    case RELEASE:
        h->book->released_ns = now_ns();
        watch(h, EPOLL_CTL_ADD, h->held);
        h->held = 0;
        count_there(h);
        break;
    case TALLY:
        w.tally = tell(h);
        break;
    }
    answer(h, &w);
}

static void receive(clients *h, peer *p)
{
    const ssize_t n = recv(p->fd, bytes, sizeof bytes, MSG_DONTWAIT);

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0)
        die_plainly("a client was dropped");
    h->now_ns = now_ns();
    take(h, p, bytes, (size_t)n);
}

static void serve(clients *h)
{
    struct epoll_event events[TURN];
    int i, n;

    for (;;) {
        int spoken = 0;

        n = epoll_wait(h->epoll, events, TURN, -1);
        for (i = 0; i < n; i++) {
            if (events[i].data.ptr)
                receive(h, events[i].data.ptr);
            else
                spoken = 1;
        }
        if (spoken) /* which may hold a client of this turn, and so comes last */
            obey(h);
        if (h->waiting && h->there == h->count - h->held) {
            h->waiting = 0;
            answer(h, &(word){.op = WAIT});
        }
    }
}

void clients_run(const visit *v, book *b, int control)
{
    struct epoll_event event = {.events = EPOLLIN};
    clients all = {.book = b, .count = v->clients, .last = v->last, .control = control};
    clients *const h = &all;
    uint32_t i;

    h->peers = calloc(h->count, sizeof *h->peers);
    h->buckets = calloc(BUCKETS, sizeof *h->buckets);
    h->epoll = epoll_create1(0);
    if (h->peers == NULL || h->buckets == NULL || h->epoll < 0 ||
        epoll_ctl(h->epoll, EPOLL_CTL_ADD, h->control, &event) != 0)
        die("clients");
    for (i = 0; i < h->count; i++) {
        connect_to(v, &h->peers[i]);
        begin(h, &h->peers[i]);
    }
    watch(h, EPOLL_CTL_ADD, h->count);
    count_there(h);
    answer(h, &(word){.op = WAIT});
    serve(h);
}
