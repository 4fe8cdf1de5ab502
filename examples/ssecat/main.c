/* SPDX-License-Identifier: MIT */
/* ssecat - serve the lines of standard input as Server-Sent Events.
 *
 *     while date; do sleep 1; done | ssecat --port 8080
 *
 * One thread, one epoll. A turn of the loop reads input if the clients have room for it, publishes
 * each line on a channel, and at its end sends what the sockets take:
 *
 *     standard input --> input: lines --> feed --> channel: history
 *                                                     |
 *     sockets <-- clients: a subscriber each <--------'
 *
 *     options, table        the command line
 *     input, feed, history  from standard input to the memory of the history
 *     listeners             the sockets that clients connect to
 *     clients, client       all connections, and one of them
 *     incoming, access      what a request says, and whether it may
 *     routes, answer, date  what it gets
 *     own_page              a page of the user's
 *     signals, say          how ssecat is told to end, and what it tells */
#define _GNU_SOURCE

#include "clients.h"
#include "feed.h"
#include "history.h"
#include "listeners.h"
#include "options.h"
#include "own_page.h"
#include "routes.h"
#include "say.h"
#include "signals.h"

#include <sse/sse.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

const char say_name[] = "ssecat";

enum { TURN_MAX = 256 };

typedef struct server {
    options options;
    access_rules access;
    clients clients;
    feed feed;
    listeners listeners;
    int epoll;
    int draining;
} server;

static uint64_t clock_ms(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
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

/* Put /dev/null where standard input, output or error is closed: else the next file or socket to be
 * opened would be there, and get what is meant for standard error. Returns whether standard input
 * is open. */
static int occupy_standard_descriptors(void)
{
    const int has_input = fcntl(STDIN_FILENO, F_GETFD) >= 0;
    int fd;

    for (fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) != fd)
            _exit(EXIT_FAILURE);
    }
    return has_input;
}

/* Send everyone away and take nobody new. */
static void drain(server *s)
{
    s->draining = 1;
    listeners_close(&s->listeners);
    clients_drain(&s->clients, signals_taken() == SIGNALS_NONE ? s->options.farewell : "retry");
}

/* How long epoll may wait. */
static int rest(const server *s, int more)
{
    const uint64_t listen_ms = listeners_wake_ms(&s->listeners, &s->clients);
    const uint64_t wake_ms = listen_ms < s->clients.wake_ms ? listen_ms : s->clients.wake_ms;

    if (more || wake_ms <= s->clients.now_ms)
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
        say_and_exit("epoll");
    clients_tick(&s->clients, clock_ms(CLOCK_MONOTONIC));
    for (i = 0; i < n; i++) {
        if (events[i].data.ptr == &s->feed)
            s->feed.readable = 1;
        else if (!listeners_ready(&s->listeners, events[i].data.ptr, &s->clients))
            clients_ready(events[i].data.ptr, events[i].events);
    }
    listeners_tick(&s->listeners, &s->clients);
    say_lost();
}

/* Serve until all is over, or a signal ends it at once. */
static void serve(server *s, const sigset_t *signals)
{
    int more = 1;

    while (signals_taken() != SIGNALS_END_AT_ONCE && !(s->draining && s->clients.count == 0)) {
        turn(s, rest(s, more), signals);
        more = !s->draining && feed_turn(&s->feed);
        if (!s->draining &&
            (signals_taken() != SIGNALS_NONE || (feed_done(&s->feed) && !s->options.stay)))
            drain(s);
        clients_flush(&s->clients);
        clients_bury(&s->clients);
    }
}

/* Get all that may take long, or not be there, before a client can come. Returns the history, or
 * NULL when it has said what is wrong. */
static sse_history *prepare(server *s)
{
    if (access_init(&s->access, &s->options.http) != 0)
        return NULL;
    if (s->options.page && own_page_read(&s->feed.page, s->options.page) != 0)
        return NULL;
    raise_descriptor_limit();
    listeners_find(&s->listeners, &s->options.http);
    s->access.is_local = listeners_are_local(&s->listeners);
    return history_open(s->options.history_file, s->options.history, clock_ms(CLOCK_REALTIME));
}

/* Serve. Returns the exit code. */
static int run(server *s, sse_history *history)
{
    const sigset_t signals = signals_catch();

    s->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (s->epoll < 0)
        say_and_exit("epoll");
    clients_init(&s->clients, &s->options.http, &routes_site, &s->feed, &s->access, s->epoll,
                 clock_ms(CLOCK_MONOTONIC));
    feed_init(&s->feed, &s->options, &s->clients, history, s->epoll);
    listeners_open(&s->listeners, &s->options.http, s->epoll);
    serve(s, &signals);
    clients_free(&s->clients);
    close(s->epoll);
    say_lost();
    return s->feed.failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    static server s;
    const int has_input = occupy_standard_descriptors();
    sse_history *history;
    int done;

    signal(SIGPIPE, SIG_IGN); /* errors of write, all of them */
    signal(SIGXFSZ, SIG_IGN);
    done = options_read(&s.options, argc, argv);
    if (done)
        return done - 1;
    if (s.options.quiet)
        say_errors_only();
    if (!has_input) {
        say_error("standard input is closed; give it </dev/null to serve without lines");
        return EXIT_FAILURE;
    }
    history = prepare(&s);
    return history ? run(&s, history) : EXIT_FAILURE;
}
