/* serve.h - connections over epoll, for the examples of fan-out.
 *
 * It accepts, reads requests, tells what has happened to whom, and closes: sockets, and nothing
 * about events. A turn of an example's loop:
 *
 *     while (serve_wait(&server, wait_ms)) {
 *         while ((c = serve_next(&server, &what)))
 *             ...                                  SERVE_ASKS, SERVE_WRITABLE, SERVE_LOST
 *         ...                                      the input, if server.input_ready
 *     }
 *
 * It is bounded: so many clients, each with a fixed place in the table; the next ones wait in the
 * backlog of the kernel. Who neither asks nor leaves within five seconds is cut off. */
#ifndef SERVE_H
#define SERVE_H

#include "request.h"

#include <sse/subscriber.h>

#include <sys/epoll.h>
#include <time.h>

enum { SERVE_CLIENTS = 256, SERVE_TURN = 64, SERVE_REQUEST = 4096 };

/* What has happened to a client. */
enum {
    SERVE_ASKS,     /* its request has come: serve_start and sse_channel_join, or serve_refuse */
    SERVE_WRITABLE, /* its stream can take more */
    SERVE_LOST      /* its stream has no reader any more */
};

typedef struct client {
    struct server *server; /* NULL: this place is free */
    int fd;
    int state;
    uint64_t until_ms; /* our patience, unless it streams */
    uint64_t tag;      /* the example's */
    request request;
    sse_subscriber stream;
    size_t memory[SSE_WRITER_WORDS(1024)]; /* of the stream's writer */
    size_t len;
    char text[SERVE_REQUEST];
} client;

typedef struct server {
    int epoll;
    int listener; /* -1: none */
    int input;
    int knocking;    /* there may be connections to accept */
    int input_ready; /* there is something to read */
    int input_file;  /* it is a file, of which epoll knows nothing: there always is */
    uint64_t end_ms; /* UINT64_MAX, until serve_end */
    int count;       /* clients, */
    int streaming;   /* and those among them that have a stream */
    int ready, at;   /* events of this turn, and how many of them were seen to */
    struct epoll_event events[SERVE_TURN];
    client clients[SERVE_CLIENTS];
} server;

/* The time in milliseconds: CLOCK_MONOTONIC for what is to be done when, CLOCK_REALTIME for an
 * epoch. */
uint64_t serve_ms(clockid_t clock);

/* Listen at a port of the loopback, "0" for any, and print its address. Returns the socket; -1, and
 * has told why. */
int serve_listen(const char *program, const char *port);

/* Start a server, all-zero until then. input is what wakes it beside its clients: standard input or
 * an eventfd. Returns 0; -1, and has told why. */
int serve_init(server *s, const char *program, int listener, int input);

/* Take a connection that was accepted; it is closed where there is no place for it. */
void serve_add(server *s, int fd);

/* Wait until something has happened, wait_ms at most. Returns 0 where the server has ended: all
 * clients have gone, or are gone now. */
int serve_wait(server *s, uint64_t wait_ms);

/* Tell the next thing that has happened; NULL: nothing more in this turn. */
client *serve_next(server *s, int *what);

/* Accept no more, and end when all have left, or two seconds have passed. */
void serve_end(server *s);

/* Make a stream of a connection: its writer, with the response head in it. */
sse_writer *serve_start(client *c, sse_head *head);

/* Refuse a request, with an answer that has a status and no body. */
void serve_refuse(client *c, int status);

/* For sse_join: the sink and on_close of a stream whose user is the client. */
int serve_sink(void *user, const void *bytes, size_t len, size_t *taken);
void serve_close(void *user, sse_subscriber *s, int reason);

#endif
