/* SPDX-License-Identifier: MIT */
/* answer.h - what a program says to a request: a stream, a document, an action, or no. The routes
 * are the program's, the rules are the same for all of them.
 *
 * An answer is put into a writer, from where it goes out like everything else. */
#ifndef SSECAT_ANSWER_H
#define SSECAT_ANSWER_H

#include "clients.h"

#include "../serve/request.h"

#include <sse/sse.h>

enum { ANSWER_HEAD_MAX = 4096 }; /* bytes of a head */

#define ANSWER_TEXT "Content-Type: text/plain; charset=utf-8\r\n"

/* What an answer depends on. */
typedef struct question {
    const request *request; /* NULL: there is none that could be read */
    const route *route;     /* NULL: there is none for this path */
    clients *clients;
    sse_str body;  /* of an action */
    uint64_t seed; /* another for each client, for the time after which it may come back */
} question;

/* A path that a program serves. */
struct route {
    const char *path;
    enum {
        ROUTE_DOCUMENT, /* GET, HEAD: a text */
        ROUTE_STREAM,   /* GET: events; HEAD: its head */
        ROUTE_ACTION    /* POST */
    } kind;
    int is_public; /* served without the token */

    /* Of a document: its Content-Type, and further fields. */
    const char *fields;
    /* Of a document: the most bytes that it can have now. */
    size_t (*max)(const clients *cs);
    /* Of a document: write it. Returns the status. */
    int (*write)(char *dst, size_t *len, const clients *cs);

    /* Of a stream or an action; NULL: nothing refuses it. Returns 200, or with what to refuse. */
    int (*check)(const question *q);
    /* Of a stream: its head is in the writer of c; have c join a channel, or see to it later. Of an
     * action: do it, and client_answer, now or later. Returns SSE_OK; with any other status the
     * connection is closed. */
    int (*begin)(client *c, const question *q);
};

/* Find the route of a request, which may be NULL. */
const route *answer_route(const clients *cs, const request *r);

/* Whether the route of a request needs its body. */
int answer_needs_body(const question *q);

/* Return the status of the answer; status is what request_read has returned. */
int answer_status(const question *q, int status);

/* Whether the route's begin follows, if the status is 200. */
int answer_begins(const question *q);

/* Return the most bytes that the answer with this status has, without the events that follow. */
size_t answer_max(const question *q, int status);

/* Put the answer with this status: complete, or for the stream its head, which events follow.
 * Returns what the writer returns. */
int answer_put(sse_writer *w, const question *q, int status);

/* Put a complete answer with a content. fields: Content-Type and others; has_content: it is not for
 * HEAD. Returns what the writer returns. */
int answer_put_text(sse_writer *w, const question *q, int status, const char *fields,
                    const char *text, size_t len, int has_content);

#endif
