/* SPDX-License-Identifier: MIT */
/* intake.h - HTTP/1.1 over epoll for a server that fans out. What it costs to take a request is so
 * the same for every server of the bench; what it costs to deliver is the server's own.
 *
 *     GET  /events     the server's join: from then on the connection is a stream
 *     POST /publish    the server's publish, with the body: 204, or 413 where it is too long
 *
 * Requests may be pipelined. A turn of the loop takes from each connection what one read brings,
 * so that the posts of several connections are published together, and then calls turn_end.
 * It is for load over loopback: nobody is cut off for being slow. */
#ifndef FANOUT_INTAKE_H
#define FANOUT_INTAKE_H

#include "serve/request.h"

#include <sys/types.h>

/* A connection: the first member of a server's own struct, which is all-zero otherwise. */
typedef struct client {
    int fd;                      /* -1: closed, and freed at the end of the turn */
    int blocked;                 /* its answers are */
    struct talk *talk;           /* what is said, while it is no stream */
    struct client *next, **link; /* in a list: of all, or of the closed */
} client;

/* A server. */
typedef struct service {
    size_t client_size; /* of its struct for a connection, which begins with a client, */
    size_t queue_size;  /* and of what follows it, which need not be zero */

    /* Begin a stream. Returns 200; else the status to refuse with. */
    int (*join)(client *c, const request *r);

    /* Returns 204; else the status to refuse with. */
    int (*publish)(sse_str body);

    void (*writable)(client *c); /* a stream that had blocked can go on */
    void (*lost)(client *c);     /* a stream that has joined is being closed */
    void (*turn_begin)(void);    /* NULL: nothing */
    void (*turn_end)(void);      /* NULL: nothing */
    int (*timeout)(void); /* ms until a turn must begin; -1, or NULL: when something happens */
} service;

/* Read the options of a server, each "--name N": sets the values of those that are named, and
 * ends the program where there is another. */
typedef struct setting {
    const char *name;
    uint32_t *value;
    uint32_t least, most;
} setting;
void intake_options(int argc, char **argv, const setting *settings, size_t count);

/* Listen at a port of the loopback, 0 for any, print its address, and serve until SIGTERM or
 * SIGINT. `unsent` is how many bytes the kernel may hold for a stream that have not been sent. */
void intake_run(const service *s, uint32_t port, uint32_t unsent);

/* Close a connection. */
void intake_close(client *c);

/* Send what the socket takes. Returns how many bytes it took; -1: the connection is lost. */
ssize_t intake_send(const client *c, const void *bytes, size_t len);

#endif
