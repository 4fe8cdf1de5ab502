/* ssecat - serve the lines of standard input as Server-Sent Events.
 *
 *     while date; do sleep 1; done | ssecat --port 8080
 *
 * One thread, one epoll. A turn of the loop reads input if the clients have room for it, publishes
 * each line on a channel, and at its end sends what the sockets take:
 *
 *     standard input --> input: lines --> channel: history --> clients: a subscriber each -->
 * sockets
 *
 * options.c reads the command line, input.c makes lines, history.c has the memory of the history,
 * clients.c has the connections, client.c is one of them, request.c reads what they ask, answer.c
 * says what they get. */
#define _GNU_SOURCE

#include "clients.h"
#include "history.h"
#include "input.h"
#include "options.h"

#include <sse/sse.h>

#include <errno.h>
#include <limits.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { TURN_MAX = 256, REST_MS = 100 };

static volatile sig_atomic_t stopped;

static void stop(int signal)
{
    (void)signal;
    stopped++;
}

typedef struct server {
    options options;
    clients clients;
    input input;
    int epoll;
    int listener;         /* -1: no more clients are taken */
    int listening;        /* the listener is watched */
    uint64_t listen_ms;   /* when to watch it again, if it is not */
    uint32_t waiting_for; /* read no input until there are so many streams */
    int readable;         /* a read of standard input does not block */
    int always_readable;  /* it is a file, which epoll does not watch */
    int draining;
} server;

static void fail(const char *what)
{
    fprintf(stderr, "ssecat: %s: %s\n", what, strerror(errno));
    exit(EXIT_FAILURE);
}

static uint64_t clock_ms(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* Open the listening socket and print where it is. */
static int listen_at(const options *o)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
    struct addrinfo *all, *a;
    struct sockaddr_storage bound;
    socklen_t len = sizeof bound;
    char host[NI_MAXHOST], port[NI_MAXSERV];
    const int on = 1;
    int fd = -1;
    int error = getaddrinfo(o->bind, o->port, &hints, &all);

    if (error) {
        fprintf(stderr, "ssecat: %s: %s\n", o->bind, gai_strerror(error));
        exit(EXIT_FAILURE);
    }
    for (a = all; a; a = a->ai_next) {
        fd = socket(a->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (fd < 0)
            continue;
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        if (bind(fd, a->ai_addr, a->ai_addrlen) == 0 && listen(fd, SOMAXCONN) == 0)
            break;
        error = errno;
        close(fd);
        errno = error;
        fd = -1;
    }
    freeaddrinfo(all);
    if (fd < 0)
        fail(o->port);
    if (getsockname(fd, (struct sockaddr *)&bound, &len) != 0 ||
        getnameinfo((struct sockaddr *)&bound, len, host, sizeof host, port, sizeof port,
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0)
        fail("address");
    if (!o->quiet) {
        printf(strchr(host, ':') ? "ssecat: http://[%s]:%s/ (stream at /events)\n"
                                 : "ssecat: http://%s:%s/ (stream at /events)\n",
               host, port);
        fflush(stdout);
    }
    return fd;
}

/* Each connection needs a descriptor: ask for as many as may be had. */
static void raise_descriptor_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static void watch(server *s, int operation, int fd, uint32_t events, void *who)
{
    struct epoll_event event = {.events = events, .data.ptr = who};

    if (epoll_ctl(s->epoll, operation, fd, &event) == 0)
        return;
    if (fd == STDIN_FILENO && errno == EPERM)
        s->always_readable = 1;
    else
        fail(fd == STDIN_FILENO ? "standard input" : "epoll");
}

/* Be told of connections, or not for a while: a listener that cannot be served makes epoll return
 * at once, again and again. */
static void listen_on(server *s, int on)
{
    if (s->listener < 0 || on == s->listening)
        return;
    watch(s, on ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, s->listener, EPOLLIN, &s->listener);
    s->listening = on;
    s->listen_ms = s->clients.now_ms + REST_MS;
}

static void accept_all(server *s)
{
    while (clients_may_accept(&s->clients)) {
        const int fd = accept4(s->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

        if (fd >= 0)
            clients_add(&s->clients, fd);
        else if (errno == EAGAIN || errno == EWOULDBLOCK)
            return;
        else if (errno != EINTR && errno != ECONNABORTED) /* out of descriptors, say */
            break;
    }
    listen_on(s, 0);
}

static void read_input(server *s)
{
    if ((!s->readable && !s->always_readable) || s->input.ended)
        return;
    if (input_read(&s->input) != 0)
        fail("standard input");
    s->readable = 0;
    if (!s->always_readable && !s->input.ended)
        watch(s, EPOLL_CTL_MOD, STDIN_FILENO, EPOLLIN | EPOLLONESHOT, &s->input);
}

/* Publish the lines that there are. Returns SSE_AGAIN if the clients cannot take them all now. */
static int publish(server *s)
{
    size_t taken, most = INPUT_LINE_MAX;
    int status = SSE_OK;
    sse_str line;

    while ((taken = input_next(&s->input, most, &line)) > 0) {
        status = clients_publish(&s->clients, &line);
        if (status == SSE_AGAIN)
            break;
        if (status == SSE_E_TOOBIG) {
            most = line.len / 2; /* it is full of breaks, which grow: send less of it at once */
        } else {
            input_take(&s->input, taken);
            most = INPUT_LINE_MAX;
        }
    }
    return status;
}

/* Read and publish, unless the clients cannot take it now. Returns 1 if there may be more to do at
 * once, else 0. */
static int feed(server *s)
{
    if (s->clients.streaming < s->waiting_for)
        return 0;
    s->waiting_for = 0;
    if (publish(s) == SSE_AGAIN) /* what was read before */
        return 0;
    read_input(s);
    return publish(s) != SSE_AGAIN && s->always_readable && !s->input.ended;
}

/* Send everyone away and take nobody new. */
static void drain(server *s)
{
    s->draining = 1;
    listen_on(s, 0);
    if (s->listener >= 0)
        close(s->listener);
    s->listener = -1;
    clients_drain(&s->clients);
}

/* How long epoll may wait. */
static int rest(const server *s, int more)
{
    uint64_t wake_ms = s->clients.wake_ms;

    if (more)
        return 0;
    if (s->listener >= 0 && !s->listening && s->listen_ms < wake_ms &&
        clients_may_accept(&s->clients))
        wake_ms = s->listen_ms;
    if (wake_ms <= s->clients.now_ms)
        return 0;
    return wake_ms - s->clients.now_ms < INT_MAX ? (int)(wake_ms - s->clients.now_ms) : -1;
}

/* Wait for something to happen, and hand it to whom it concerns. */
static void turn(server *s, int wait_ms, const sigset_t *signals)
{
    struct epoll_event events[TURN_MAX];
    int n = epoll_pwait(s->epoll, events, TURN_MAX, wait_ms, signals);
    int i;

    if (n < 0 && errno != EINTR)
        fail("epoll");
    clients_tick(&s->clients, clock_ms(CLOCK_MONOTONIC));
    for (i = 0; i < n; i++) {
        if (events[i].data.ptr == &s->listener)
            accept_all(s);
        else if (events[i].data.ptr == &s->input)
            s->readable = 1;
        else
            clients_ready(events[i].data.ptr, events[i].events);
    }
    if (!s->listening && s->clients.now_ms >= s->listen_ms && clients_may_accept(&s->clients))
        listen_on(s, 1);
}

/* SIGTERM and SIGINT are let in only while epoll waits, so that none is missed. */
static sigset_t catch_signals(void)
{
    struct sigaction action = {.sa_handler = stop};
    sigset_t blocked, before;

    sigemptyset(&blocked);
    sigaddset(&blocked, SIGTERM);
    sigaddset(&blocked, SIGINT);
    sigprocmask(SIG_BLOCK, &blocked, &before);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
    sigdelset(&before, SIGTERM);
    sigdelset(&before, SIGINT);
    return before;
}

int main(int argc, char **argv)
{
    static server s;
    sse_history *history;
    sigset_t signals;
    int done = options_read(&s.options, argc, argv);
    int more = 1;

    if (done)
        return done - 1;
    signals = catch_signals();
    raise_descriptor_limit();
    s.epoll = epoll_create1(EPOLL_CLOEXEC);
    if (s.epoll < 0)
        fail("epoll");
    history = history_open(s.options.history_file, s.options.history, clock_ms(CLOCK_REALTIME));
    if (history == NULL)
        return EXIT_FAILURE;
    clients_init(&s.clients, &s.options, s.epoll, history, clock_ms(CLOCK_MONOTONIC));
    input_init(&s.input);
    s.waiting_for = s.options.wait;
    watch(&s, EPOLL_CTL_ADD, STDIN_FILENO, EPOLLIN | EPOLLONESHOT, &s.input);
    s.listener = listen_at(&s.options);
    listen_on(&s, 1);

    /* A second signal ends it at once. */
    while (stopped < 2 && !(s.draining && s.clients.count == 0)) {
        turn(&s, rest(&s, more), &signals);
        more = !s.draining && feed(&s);
        if (!s.draining && (stopped || (input_done(&s.input) && !s.options.stay)))
            drain(&s);
        clients_flush(&s.clients);
        clients_bury(&s.clients);
    }
    clients_free(&s.clients);
    close(s.epoll);
    return EXIT_SUCCESS;
}
