/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE

#include "listeners.h"

#include "say.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { REST_MS = 100, PORT_TRIES = 20, ADDRESS_MAX = NI_MAXHOST + NI_MAXSERV + 4 };

static void add(listeners *ls, const char *name, const struct addrinfo *a)
{
    listener *l = &ls->at[ls->count];
    int i;

    for (i = 0; i < ls->count; i++) {
        if (ls->at[i].len == a->ai_addrlen &&
            memcmp(&ls->at[i].address, a->ai_addr, a->ai_addrlen) == 0)
            return; /* it has two names */
    }
    if (ls->count == LISTENERS_MAX) {
        say_error("%s: more than %d addresses", name, LISTENERS_MAX);
        exit(EXIT_FAILURE);
    }
    l->name = name;
    memcpy(&l->address, a->ai_addr, a->ai_addrlen);
    l->len = a->ai_addrlen;
    l->fd = -1;
    ls->count++;
}

/* Find the addresses of a name. An IPv6 address may stand in the brackets that it has in a URL;
 * an asterisk is every address that the machine has. */
static void find(listeners *ls, const char *name)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
    struct addrinfo *all, *a;
    char host[NI_MAXHOST];
    size_t len = strlen(name);
    const int bare = !(len > 2 && name[0] == '[' && name[len - 1] == ']');
    int error;

    snprintf(host, sizeof host, "%.*s", (int)(bare ? len : len - 2), bare ? name : name + 1);
    error = getaddrinfo(strcmp(host, "*") == 0 ? NULL : host, "0", &hints, &all);
    if (error) {
        say_error("%s: %s", name, error == EAI_SYSTEM ? strerror(errno) : gai_strerror(error));
        exit(EXIT_FAILURE);
    }
    for (a = all; a; a = a->ai_next)
        add(ls, name, a);
    freeaddrinfo(all);
}

void listeners_find(listeners *ls, const http_options *o)
{
    size_t i;

    ls->count = 0;
    for (i = 0; i < o->bind.count; i++)
        find(ls, o->bind.at[i]);
}

static int is_local(const struct sockaddr_storage *address)
{
    if (address->ss_family == AF_INET6)
        return IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)address)->sin6_addr);
    return ntohl(((const struct sockaddr_in *)address)->sin_addr.s_addr) >> 24 == 127;
}

int listeners_are_local(const listeners *ls)
{
    int i;

    for (i = 0; i < ls->count; i++) {
        if (!is_local(&ls->at[i].address))
            return 0;
    }
    return 1;
}

static in_port_t *port_of(listener *l)
{
    return l->address.ss_family == AF_INET6 ? &((struct sockaddr_in6 *)&l->address)->sin6_port
                                            : &((struct sockaddr_in *)&l->address)->sin_port;
}

/* Listen at one address. Returns 0, or -1 with errno. */
static int open_one(listener *l, in_port_t port)
{
    const int on = 1;
    int error;

    l->fd = socket(l->address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (l->fd < 0)
        return -1;
    setsockopt(l->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (l->address.ss_family == AF_INET6)
        setsockopt(l->fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    *port_of(l) = port;
    if (bind(l->fd, (struct sockaddr *)&l->address, l->len) == 0 && listen(l->fd, SOMAXCONN) == 0 &&
        getsockname(l->fd, (struct sockaddr *)&l->address, &l->len) == 0)
        return 0;
    error = errno;
    close(l->fd);
    l->fd = -1;
    errno = error;
    return -1;
}

/* Write an address as it stands in a URL. */
static void write_address(const listener *l, char text[ADDRESS_MAX])
{
    char host[NI_MAXHOST], port[NI_MAXSERV];

    if (getnameinfo((const struct sockaddr *)&l->address, l->len, host, sizeof host, port,
                    sizeof port, NI_NUMERICHOST | NI_NUMERICSERV) != 0)
        snprintf(text, ADDRESS_MAX, "%s", l->name);
    else if (strchr(host, ':'))
        snprintf(text, ADDRESS_MAX, "[%s]:%s", host, port);
    else
        snprintf(text, ADDRESS_MAX, "%s:%s", host, port);
}

static void fail(const listener *l, int error)
{
    char address[ADDRESS_MAX];

    write_address(l, address);
    say_error("cannot listen on %s, of --bind %s: %s", address, l->name, strerror(error));
    exit(EXIT_FAILURE);
}

/* Whether a name has another address that is open, or still to be opened. */
static int has_another(const listeners *ls, const listener *than)
{
    int i;

    for (i = 0; i < ls->count; i++) {
        if (&ls->at[i] != than && strcmp(ls->at[i].name, than->name) == 0)
            return 1;
    }
    return 0;
}

/* Listen at all addresses. Many machines know localhost as ::1, too, and have no IPv6: an address
 * that is not one of the machine's is passed over if its name has another. Returns 0, or the error
 * when some other address has the port that was free at the first one. */
static int open_all(listeners *ls, in_port_t port)
{
    const int any = port == 0;
    char address[ADDRESS_MAX];
    int i;

    for (i = 0; i < ls->count; i++) {
        listener *l = &ls->at[i];

        if (open_one(l, port) == 0) {
            port = *port_of(l);
        } else if ((errno == EADDRNOTAVAIL || errno == EAFNOSUPPORT) && has_another(ls, l)) {
            write_address(l, address);
            say_notice("%s, of --bind %s, is not an address of this machine", address, l->name);
            memmove(l, l + 1, (size_t)(ls->count - i - 1) * sizeof *l);
            ls->count--;
            i--;
        } else if (any && i > 0 && errno == EADDRINUSE) {
            return errno;
        } else {
            fail(l, errno);
        }
    }
    return 0;
}

static void watch(listeners *ls, int on)
{
    int i;

    for (i = 0; i < ls->count; i++) {
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = &ls->at[i]};

        if (epoll_ctl(ls->epoll, on ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, ls->at[i].fd, &event) != 0)
            say_and_exit("epoll");
    }
    ls->watched = on;
}

static void close_all(listeners *ls)
{
    int i;

    for (i = 0; i < ls->count; i++) {
        if (ls->at[i].fd >= 0)
            close(ls->at[i].fd);
        ls->at[i].fd = -1;
    }
}

void listeners_open(listeners *ls, const http_options *o, int epoll)
{
    char address[ADDRESS_MAX];
    int tries = PORT_TRIES;
    int i, error;

    while ((error = open_all(ls, htons((uint16_t)o->port))) != 0) {
        if (--tries == 0) {
            say_error("no port that is free at all addresses: %s", strerror(error));
            exit(EXIT_FAILURE);
        }
        close_all(ls);
    }
    ls->epoll = epoll;
    watch(ls, 1);
    for (i = 0; i < ls->count; i++) {
        write_address(&ls->at[i], address);
        say_output("http://%s/ (stream at /events)", address);
    }
}

/* Watch no listener for a while: one that cannot be served makes epoll return at once, again and
 * again. */
static void pause_all(listeners *ls, uint64_t now_ms)
{
    if (ls->watched)
        watch(ls, 0);
    ls->watch_ms = now_ms + REST_MS;
}

int listeners_ready(listeners *ls, const void *which, clients *cs)
{
    const listener *l = NULL;
    int i;

    for (i = 0; i < ls->count; i++)
        l = which == &ls->at[i] ? which : l;
    if (l == NULL)
        return 0;
    while (clients_may_accept(cs)) {
        const int fd = accept4(l->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

        if (fd >= 0)
            clients_add(cs, fd);
        else if (errno == EAGAIN || errno == EWOULDBLOCK)
            return 1;
        else if (errno != EINTR && errno != ECONNABORTED) /* out of descriptors, say */
            break;
    }
    pause_all(ls, cs->now_ms);
    return 1;
}

void listeners_tick(listeners *ls, const clients *cs)
{
    if (!ls->watched && cs->now_ms >= ls->watch_ms && clients_may_accept(cs))
        watch(ls, 1);
}

uint64_t listeners_wake_ms(const listeners *ls, const clients *cs)
{
    const int waits = ls->count > 0 && !ls->watched && clients_may_accept(cs);

    return waits ? ls->watch_ms : UINT64_MAX;
}

void listeners_close(listeners *ls)
{
    close_all(ls);
    ls->count = 0;
}
