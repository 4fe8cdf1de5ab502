#define _GNU_SOURCE

#include "common.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

void die(const char *what)
{
    fprintf(stderr, "cost: %s: %s\n", what, strerror(errno));
    exit(EXIT_FAILURE);
}

void die_plainly(const char *what)
{
    fprintf(stderr, "cost: %s\n", what);
    exit(EXIT_FAILURE);
}

uint64_t now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

uint32_t raise_descriptors(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        die("descriptors");
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
        die("descriptors");
    return limit.rlim_cur < 1000000 ? (uint32_t)limit.rlim_cur : 1000000;
}

/* The first call learns which processors there are; children inherit that. */
void pin(enum cpu cpu)
{
    static cpu_set_t all;
    static int known;
    cpu_set_t one;
    size_t i;
    int skip = cpu == CLIENTS_CPU;

    if (!known && sched_getaffinity(0, sizeof all, &all) != 0)
        die("processors");
    known = 1;
    if (CPU_COUNT(&all) < 2)
        return;
    for (i = 0; !CPU_ISSET(i, &all) || skip-- > 0; i++)
        ;
    CPU_ZERO(&one);
    CPU_SET(i, &one);
    if (sched_setaffinity(0, sizeof one, &one) != 0)
        die("processors");
}

/* Read a request, which comes in one piece and has nothing behind it, and answer it. */
static void greet(int fd)
{
    static const char head[] = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n:\n\n";
    char request[1024];
    const ssize_t n = recv(fd, request, sizeof request, 0);

    if (n < 4 || memcmp(request + n - 4, "\r\n\r\n", 4) != 0)
        die_plainly("a request that is not one");
    if (send(fd, head, sizeof head - 1, MSG_NOSIGNAL) != (ssize_t)(sizeof head - 1))
        die("head");
}

int *accept_clients(uint32_t count)
{
    struct sockaddr_in at = {.sin_family = AF_INET};
    socklen_t len = sizeof at;
    const int on = 1, listener = socket(AF_INET, SOCK_STREAM, 0);
    int *const fds = calloc(count, sizeof *fds);
    uint32_t i;

    raise_descriptors();
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fds == NULL || listener < 0 || bind(listener, (struct sockaddr *)&at, sizeof at) != 0 ||
        listen(listener, SOMAXCONN) != 0 ||
        getsockname(listener, (struct sockaddr *)&at, &len) != 0)
        die("listen");
    printf("http://127.0.0.1:%d/\n", ntohs(at.sin_port));
    fflush(stdout);
    for (i = 0; i < count; i++) {
        fds[i] = accept(listener, NULL, NULL);
        if (fds[i] < 0)
            die("accept");
        setsockopt(fds[i], IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        greet(fds[i]);
    }
    close(listener);
    return fds;
}
