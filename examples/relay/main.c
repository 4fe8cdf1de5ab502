/* SPDX-License-Identifier: MIT */
/* sse-relay - serve streams of Redis as Server-Sent Events, on any number of machines.
 *
 *     sse-relay --redis 127.0.0.1:6379 --stream prices --port 8080
 *
 * One thread, one epoll:
 *
 *     Redis --> conn --> follow: verified entries --> log: channel, history
 *       |                                               |
 *       '-----> conn --> page: what the log has not     |
 *                          |                            |
 *     sockets <-- clients: a visit, then a subscriber <-'
 *
 *     options              the command line; its table, and HTTP, are ssecat's
 *     address, conn, reply a connection to Redis, and what comes on it
 *     sentinel             where the primary is
 *     follow, turn, fork   the state of a stream
 *     entry, gap, log      what a stream has; siphash: the numbers of values to filter by
 *     visit, filter        a client, from its last event ID to the log
 *     page, put, missing   what Redis has of that, and the gap where it has not
 *     publish              POST
 *     routes, metrics      the paths */
#define _GNU_SOURCE

#include "../ssecat/listeners.h"
#include "../ssecat/say.h"
#include "../ssecat/signals.h"
#include "follow.h"
#include "relay.h"
#include "routes.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

const char say_name[] = "sse-relay";

enum {
    TURN_MAX = 256,
    FILES = 32 /* descriptors of standard streams, epoll and listeners */
};

typedef struct server {
    relay relay;
    listeners listeners;
    int epoll;
    int draining;
} server;

static uint64_t clock_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* Each connection needs a descriptor: ask for as many as may be had, and have clients leave those
 * that are for Redis, which is to be reached again however many clients there are. */
static void share_descriptors(options *o)
{
    const rlim_t own = FILES + CLIENTS_BESIDE + 3 * o->stream.count + o->sentinel_count;
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || o->http.max_clients + own <= limit.rlim_cur)
        return;
    o->http.max_clients = limit.rlim_cur > own ? (uint32_t)(limit.rlim_cur - own) : 0;
    say_notice("%lu clients at most: a process may open %lu descriptors",
               (unsigned long)o->http.max_clients, (unsigned long)limit.rlim_cur);
}

/* Send everyone away and take nobody new. */
static void drain(server *s)
{
    s->draining = 1;
    listeners_close(&s->listeners);
    clients_drain(&s->relay.clients, "retry");
}

/* How long epoll may wait. */
static int rest(const server *s)
{
    const clients *const cs = &s->relay.clients;
    const uint64_t listen_ms = listeners_wake_ms(&s->listeners, cs);
    const uint64_t wake_ms = listen_ms < cs->wake_ms ? listen_ms : cs->wake_ms;

    if (wake_ms <= cs->now_ms)
        return 0;
    return wake_ms - cs->now_ms < INT_MAX ? (int)(wake_ms - cs->now_ms) : -1;
}

/* Wait for something to happen, and hand it to whom it concerns. */
static void turn(server *s, const sigset_t *signals)
{
    relay *const r = &s->relay;
    struct epoll_event events[TURN_MAX];
    const int n = epoll_pwait(s->epoll, events, TURN_MAX, rest(s), signals);
    int i;

    if (n < 0 && errno != EINTR)
        say_and_exit("epoll");
    clients_tick(&r->clients, clock_ms());
    r->conns.now_ms = r->clients.now_ms;
    for (i = 0; i < n; i++) {
        void *const which = events[i].data.ptr;

        if (!listeners_ready(&s->listeners, which, &r->clients) &&
            !conns_ready(&r->conns, which, events[i].events))
            clients_ready(which, events[i].events);
    }
    listeners_tick(&s->listeners, &r->clients);
    say_lost();
}

/* Do what is due for Redis. */
static void tick(relay *r)
{
    size_t i;

    clients_wake_at(&r->clients, sentinels_tick(&r->sentinels));
    for (i = 0; i < r->count; i++)
        clients_wake_at(&r->clients, follow_tick(&r->streams[i]));
}

/* Serve until all clients are gone, or a signal ends it at once. */
static void serve(server *s, const sigset_t *signals)
{
    relay *const r = &s->relay;

    while (signals_taken() != SIGNALS_END_AT_ONCE && !(s->draining && r->clients.count == 0)) {
        tick(r);
        clients_flush(&r->clients);
        clients_bury(&r->clients);
        conns_bury(&r->conns);
        turn(s, signals);
        if (!s->draining && signals_taken() != SIGNALS_NONE)
            drain(s);
    }
}

static void start(relay *r)
{
    const options *const o = &r->options;
    size_t i;

    sentinels_init(&r->sentinels, o, &r->conns);
    r->count = o->stream.count;
    for (i = 0; i < r->count; i++)
        follow_init(&r->streams[i], o->stream.at[i], o, &r->clients, &r->sentinels, &r->conns);
}

static void stop(relay *r)
{
    size_t i;

    for (i = 0; i < r->count; i++)
        follow_close(&r->streams[i]);
    sentinels_close(&r->sentinels);
    clients_free(&r->clients);
    for (i = 0; i < r->count; i++)
        log_free(&r->streams[i].log);
    conns_bury(&r->conns);
    free(r->options.password);
    free(r->options.sentinel_password);
}

static void run(server *s)
{
    const sigset_t signals = signals_catch();
    relay *const r = &s->relay;

    s->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (s->epoll < 0)
        say_and_exit("epoll");
    clients_init(&r->clients, &r->options.http, &routes_site, r, &r->access, s->epoll, clock_ms());
    r->conns.epoll = s->epoll;
    r->conns.now_ms = r->clients.now_ms;
    start(r);
    listeners_open(&s->listeners, &r->options.http, s->epoll);
    serve(s, &signals);
    stop(r);
    close(s->epoll);
    say_lost();
}

int main(int argc, char **argv)
{
    static server s;
    int done;

    signal(SIGPIPE, SIG_IGN); /* errors of write, all of them: hiredis has no MSG_NOSIGNAL */
    done = options_read(&s.relay.options, argc, argv);
    if (done)
        return done - 1;
    if (s.relay.options.quiet)
        say_errors_only();
    if (access_init(&s.relay.access, &s.relay.options.http) != 0)
        return EXIT_FAILURE;
    share_descriptors(&s.relay.options);
    listeners_find(&s.listeners, &s.relay.options.http);
    s.relay.access.is_local = listeners_are_local(&s.listeners);
    run(&s);
    return EXIT_SUCCESS;
}
