/* SPDX-License-Identifier: MIT */
/* graphql.h - what the files of the server for graphql-sse share; graphql.c says what it is.
 *
 *     graphql.c             HTTP: connections, in both modes
 *     graphql_operation.c   the documents, and the events of an operation */
#ifndef PROTOCOLS_GRAPHQL_H
#define PROTOCOLS_GRAPHQL_H

#include "web.h"

#include <jansson.h>

/* An operation that runs. */
typedef struct graphql_operation {
    struct graphql_connection *on;
    char *id; /* that the client gave it; NULL: it has a connection of its own */
    int news; /* it waits for them */
    int count, to, every_ms;
    web_timer timer;
    struct graphql_operation *next;
} graphql_operation;

/* A stream, with a channel of its own, and what runs on it. */
typedef struct graphql_connection {
    char token[33]; /* empty: for one operation */
    sse_channel *channel;
    graphql_operation *operations;
    web_timer unclaimed; /* nobody has come for it yet */
    struct graphql_connection *next;
} graphql_connection;

/* Whether a request is for the news, which need no connection of their own. */
int graphql_is_news(const json_t *request);

/* Run what is asked on a connection. id: NULL, or that of the operation, which is copied. */
void graphql_start(graphql_connection *on, const char *id, const json_t *request);

/* It has had all its results, or its client wants no more. */
void graphql_complete(graphql_operation *o);

/* It is over, and nobody is told. */
void graphql_end(graphql_operation *o);

/* Give a result to an operation. Takes the result. */
void graphql_give(const graphql_operation *o, json_t *result);

/* Publish an event; data, which is taken, may be NULL. */
void graphql_publish(sse_channel *ch, const char *type, json_t *data);

#endif
