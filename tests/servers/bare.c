/* SPDX-License-Identifier: MIT */
/* bare.c - what cost.py compares a server with: the least that can be done without a library. Each
 * APP_TICK_MS an event of the same bytes as a tick of app.c goes out by one send a client.
 *
 *     ./bare [port]
 *
 * It has no queue, no history, no limits: who does not read in time gets a torn stream. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { CLIENTS = 1000 };

static uint64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static int listen_at(const char *port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;

    at.sin_port = htons((uint16_t)strtoul(port, NULL, 10));
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        bind(fd, (struct sockaddr *)&at, sizeof at) != 0 || listen(fd, SOMAXCONN) != 0) {
        perror("bare");
        exit(1);
    }
    return fd;
}

int main(int argc, char **argv)
{
    static const char head[] = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n";
    const char *const tick = getenv("APP_TICK_MS");
    const uint64_t period = tick ? strtoul(tick, NULL, 10) : 1000;
    struct pollfd listener = {listen_at(argc > 1 ? argv[1] : "8080"), POLLIN, 0};
    uint64_t next = now_ms() + period, number = 0;
    int clients[CLIENTS];
    size_t count = 0, i;

    for (;;) {
        const uint64_t now = now_ms();
        char text[4096];

        if (now < next) {
            if (poll(&listener, 1, (int)(next - now)) == 1 && count < CLIENTS) {
                clients[count] = accept(listener.fd, NULL, NULL);
                if (recv(clients[count], text, sizeof text, 0) > 0) /* the request is ignored */
                    send(clients[count++], head, sizeof head - 1, MSG_NOSIGNAL);
            }
            continue;
        }
        const int len =
            snprintf(text, sizeof text, "event: tick\nid: 0123456789abcdef-%llu\ndata: %llu\n\n",
                     (unsigned long long)++number, (unsigned long long)now);

        next += period;
        for (i = 0; i < count; i++)
            send(clients[i], text, (size_t)len, MSG_DONTWAIT | MSG_NOSIGNAL);
    }
}
