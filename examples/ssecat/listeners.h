/* SPDX-License-Identifier: MIT */
/* listeners.h - the sockets on which clients connect: one for each address. */
#ifndef SSECAT_LISTENERS_H
#define SSECAT_LISTENERS_H

#include "clients.h"
#include "http_options.h"

#include <stdint.h>
#include <sys/socket.h>

enum { LISTENERS_MAX = 64 };

typedef struct listener {
    const char *name; /* as it was given */
    struct sockaddr_storage address;
    socklen_t len;
    int fd;
} listener;

typedef struct listeners {
    listener at[LISTENERS_MAX];
    int count; /* 0: no more clients are taken */
    int epoll;
    int watched;
    uint64_t watch_ms; /* when to watch them again, if they are not */
} listeners;

/* Find all addresses of all names. This may take as long as a name server takes. */
void listeners_find(listeners *ls, const http_options *o);

/* Whether all of them are addresses of the loopback. */
int listeners_are_local(const listeners *ls);

/* Listen on all of them, at the same port, and print where. */
void listeners_open(listeners *ls, const http_options *o, int epoll);

/* If it is a listener that epoll names, accept the connections that there are, and return 1. */
int listeners_ready(listeners *ls, const void *which, clients *cs);

/* Watch them again after a rest, where the clients have room. */
void listeners_tick(listeners *ls, const clients *cs);

/* When to call listeners_tick; UINT64_MAX: there is nothing to wait for. */
uint64_t listeners_wake_ms(const listeners *ls, const clients *cs);

/* Take no more clients. */
void listeners_close(listeners *ls);

#endif
