#define _GNU_SOURCE

#include "hall.h"

#include "common.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    TURN = 512,           /* sockets that are looked at in one turn */
    READ = 256 * 1024,    /* bytes that are read at once */
    BUCKET_NS = 20000,    /* latencies are counted so coarsely, */
    BUCKETS = 100000,     /* up to two seconds */
    STALLED_BUFFER = 4096 /* bytes that the kernel may keep for the first client */
};

typedef struct peer {
    uint64_t bytes;
    uint64_t hash;
    int fd;
} peer;

typedef struct hall {
    peer *peers;
    uint32_t count;
    uint32_t stalled; /* the first so many do not read */
    uint32_t there;   /* how many have what is expected */
    uint64_t expected;
    uint64_t start_ns;
    int checked;
    int waiting; /* WAIT is to be answered */
    int control;
    int epoll;
    FILE *first;
    uint32_t *buckets;
} hall;

/* Connect, ask, and read up to the first comment: nothing is published yet. */
static int visit(int port, int small_buffer)
{
    static const char request[] = "GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n";
    const int size = STALLED_BUFFER, fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    char head[2048];
    ssize_t n;
    size_t len = 0;

    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 ||
        (small_buffer && setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size) != 0) ||
        connect(fd, (struct sockaddr *)&at, sizeof at) != 0 ||
        send(fd, request, sizeof request - 1, MSG_NOSIGNAL) != (ssize_t)(sizeof request - 1))
        die("connect");
    do {
        n = recv(fd, head + len, sizeof head - 1 - len, 0);
        if (n <= 0)
            die_plainly("no stream");
        len += (size_t)n;
        head[len] = '\0';
    } while (strstr(head, "\r\n\r\n:\n\n") == NULL);
    if (strncmp(head, "HTTP/1.1 200 ", 13) != 0 ||
        strcmp(strstr(head, "\r\n\r\n"), "\r\n\r\n:\n\n") != 0)
        die_plainly("not a stream");
    return fd;
}

static void answer(const hall *h, const word *w)
{
    if (write(h->control, w, sizeof *w) != (ssize_t)sizeof *w)
        exit(EXIT_SUCCESS); /* nobody listens any more */
}

/* Where a share of all the latencies is reached. */
static double percentile(const hall *h, double share)
{
    uint64_t all = 0, some = 0;
    uint32_t i;

    for (i = 0; i < BUCKETS; i++)
        all += h->buckets[i];
    for (i = 0; i < BUCKETS - 1 && (double)(some + h->buckets[i]) < share * (double)all; i++)
        some += h->buckets[i];
    return (i + 0.5) * BUCKET_NS / 1e6;
}

static uint32_t same(const hall *h)
{
    const peer *const last = &h->peers[h->count - 1];
    uint32_t i, n = 0;

    for (i = 0; i < h->count; i++)
        n += h->peers[i].bytes == last->bytes && h->peers[i].hash == last->hash;
    return n;
}

/* Who is stalled does not count as there, and is not looked at. */
static void stall(hall *h, uint32_t count)
{
    for (; h->stalled < count; h->stalled++)
        if (epoll_ctl(h->epoll, EPOLL_CTL_DEL, h->peers[h->stalled].fd, NULL) != 0)
            die("stall");
}

static void obey(hall *h)
{
    word w;

    if (read(h->control, &w, sizeof w) != (ssize_t)sizeof w)
        exit(EXIT_SUCCESS);
    switch (w.op) {
    case EXPECT:
        h->expected = w.value;
        h->start_ns = w.start_ns;
        h->there = 0;
        break;
    case WAIT:
        h->waiting = 1;
        return;
    case STALL:
        stall(h, (uint32_t)w.value);
        break;
    case LATENCY:
        w.latency.p50_ms = percentile(h, 0.5);
        w.latency.p99_ms = percentile(h, 0.99);
        memset(h->buckets, 0, BUCKETS * sizeof *h->buckets);
        break;
    case SAME:
        w.value = same(h);
        fflush(h->first);
        break;
    }
    answer(h, &w);
}

/* FNV-1a. */
static uint64_t hash(uint64_t so_far, const unsigned char *bytes, size_t len)
{
    size_t i;

    for (i = 0; i < len; i++)
        so_far = (so_far ^ bytes[i]) * 0x100000001B3;
    return so_far;
}

static void receive(hall *h, peer *p)
{
    static unsigned char bytes[READ];
    const ssize_t n = recv(p->fd, bytes, sizeof bytes, MSG_DONTWAIT);

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0)
        die_plainly("a client that reads was dropped");
    p->bytes += (uint64_t)n;
    if (h->checked)
        p->hash = hash(p->hash, bytes, (size_t)n);
    if (h->checked && p == &h->peers[h->count - 1])
        fwrite(bytes, 1, (size_t)n, h->first);
    if (p->bytes > h->expected)
        die_plainly("a client got more bytes than were published");
    if (p->bytes == h->expected) {
        const uint64_t bucket = (now_ns() - h->start_ns) / BUCKET_NS;

        h->buckets[bucket < BUCKETS ? bucket : BUCKETS - 1]++;
        h->there++;
    }
}

static void serve(hall *h)
{
    struct epoll_event events[TURN];
    int i, n;

    for (;;) {
        n = epoll_wait(h->epoll, events, TURN, -1);
        for (i = 0; i < n; i++) {
            if (events[i].data.ptr)
                receive(h, events[i].data.ptr);
            else
                obey(h);
        }
        if (h->waiting && h->there == h->count - h->stalled) {
            h->waiting = 0;
            answer(h, &(word){.op = WAIT});
        }
    }
}

void hall_run(int port, uint32_t clients, int checked, int control, FILE *first)
{
    hall room = {.count = clients, .checked = checked, .control = control, .first = first};
    struct epoll_event event = {.events = EPOLLIN};
    hall *const h = &room;
    uint32_t i;

    h->peers = calloc(h->count, sizeof *h->peers);
    h->buckets = calloc(BUCKETS, sizeof *h->buckets);
    h->epoll = epoll_create1(0);
    if (h->peers == NULL || h->buckets == NULL || h->epoll < 0 ||
        epoll_ctl(h->epoll, EPOLL_CTL_ADD, h->control, &event) != 0)
        die("clients");
    for (i = 0; i < h->count; i++) {
        peer *const p = &h->peers[i];

        p->fd = visit(port, i == 0);
        event.data.ptr = p;
        if (epoll_ctl(h->epoll, EPOLL_CTL_ADD, p->fd, &event) != 0)
            die("clients");
    }
    answer(h, &(word){.op = WAIT});
    serve(h);
}
