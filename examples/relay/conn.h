/* SPDX-License-Identifier: MIT */
/* conn.h - a connection to Redis or to a sentinel, on the loop of the program.
 *
 * hiredis does the protocol. It has no timeouts: where something is expected, and nothing comes for
 * CONN_LIMIT_MS, it ends. Each command has a callback, which is called once: with the reply,
 * or with NULL when the connection has ended before that. */
#ifndef RELAY_CONN_H
#define RELAY_CONN_H

#include "address.h"

#include <hiredis/async.h>
#include <hiredis/hiredis.h>

#include <stddef.h>
#include <stdint.h>

enum { CONN_LIMIT_MS = 3000 };

typedef struct hook hook;

/* All connections of a program. */
typedef struct conns {
    int epoll;
    uint64_t now_ms;
    hook *open;
    hook *dead; /* ended in this turn; events of the same turn may still name them */
} conns;

typedef void conn_reply(void *user, const redisReply *reply);

typedef struct conn {
    conns *of;
    const char *user_name, *password; /* NULL: none */
    void *user;
    void (*up)(void *user);                    /* it takes commands */
    void (*down)(void *user, const char *why); /* it has ended by itself */
    hook *hook;                                /* NULL: it is closed */
    int is_up;
    unsigned pending;     /* replies to come */
    uint64_t deadline_ms; /* when it has been silent for too long; UINT64_MAX: never */
    char error[200];      /* of a command without a callback; empty: none */
} conn;

/* Open a connection that is closed. up or down follows, perhaps at once. */
void conn_open(conn *l, const address *a);

/* Close a connection, if it is open. down is not called, callbacks are: with NULL. */
void conn_close(conn *l);

/* Send a command; lens NULL: all are strings; reply NULL: it belongs to a transaction, and an error
 * is kept. */
void conn_command(conn *l, conn_reply *reply, void *user, int argc, const char **argv,
                  const size_t *lens);

/* End it if it has been silent for too long. Returns when to look again. */
uint64_t conn_tick(conn *l);

/* Take the contents of a reply, which is then empty: the caller frees the new one. NULL: there is
 * no memory. */
redisReply *conn_steal(const redisReply *reply);

/* If it is a connection that epoll names, read and write, and return 1. */
int conns_ready(conns *ls, const void *which, uint32_t events);

/* Free what has ended; call it at the end of a turn. */
void conns_bury(conns *ls);

#endif
