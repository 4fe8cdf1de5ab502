/* SPDX-License-Identifier: MIT */
/* graphql.c - the protocol of graphql-sse, both modes, at /graphql.
 *
 *     graphql [PORT [HEARTBEAT_MS]]
 *
 * There is no GraphQL here: the server knows three documents by their text, as servers with trusted
 * documents do. Put an executor in the place of graphql_operation.c; the rest is how its results
 * travel.
 *
 *     distinct connections   POST -----------> stream: next {...}, complete
 *     a single connection    PUT: a token,
 *                            GET with it ----> stream: next {id, payload}, complete {id}
 *                            POST with it: 202; DELETE with it: an operation ends
 *
 * The protocol has no ids: a client that was cut off begins anew. Each line of standard input is
 * news: it is encoded once, for all clients that have a connection for the news of their own. */
#define _GNU_SOURCE
#include "graphql.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

enum {
    EVENTS = 256, /* what a stream keeps until its client takes it, */
    BYTES = 64 * 1024,
    CLAIM_MS = 10000,
    RESERVED_MAX = 1000,
    OPERATIONS_MAX = 100, /* of a connection, at once */
    NAME_MAX_BYTES = 255, /* of the name that a client gives an operation */
    TOKEN_BYTES = 64      /* more than any token has */
};

static graphql_connection *reserved;
static unsigned reserved_count;
static sse_channel *news;
static uint32_t heartbeat_ms;

/* Connections. */

static void drop(void *user)
{
    graphql_connection *const c = user;
    graphql_connection **at = &reserved;

    while (*at != NULL && *at != c)
        at = &(*at)->next;
    if (*at != NULL) {
        *at = c->next;
        reserved_count--;
    }
    while (c->operations != NULL)
        graphql_end(c->operations);
    web_stop(&c->unclaimed);
    web_free(c->channel);
    free(c);
}

static graphql_connection *connection_new(void)
{
    graphql_connection *const c = calloc(1, sizeof *c);

    if (c != NULL)
        c->channel = web_channel(NULL, EVENTS, BYTES, heartbeat_ms);
    if (c != NULL && c->channel == NULL) {
        free(c);
        return NULL;
    }
    return c;
}

/* Clients of this protocol know no types but its own, so no event of the library may appear. */
static int stream(const web_request *r, sse_channel *ch, uint32_t flags, void (*left)(void *user),
                  void *user)
{
    const sse_http_answer head = {.status = 200};

    return web_stream(r, ch, &head, SSE_JOIN_PLAIN | flags, SSE_LIT(""), left, user) != NULL;
}

/* Distinct connections. */

static void answer(const web_request *r, json_t *request)
{
    graphql_connection *c;

    if (graphql_is_news(request)) {
        stream(r, news, 0, NULL, NULL);
        return;
    }
    c = connection_new();
    if (c == NULL)
        web_refuse(r, 503);
    else if (stream(r, c->channel, SSE_JOIN_OLDEST, drop, c))
        graphql_start(c, NULL, request);
    else
        drop(c);
}

/* A single connection. */

static void reserve(const web_request *r)
{
    graphql_connection *const c = reserved_count < RESERVED_MAX ? connection_new() : NULL;
    unsigned char secret[16];
    size_t i;

    if (c == NULL || getrandom(secret, sizeof secret, 0) != sizeof secret) {
        if (c != NULL)
            drop(c);
        web_refuse(r, 503);
        return;
    }
    for (i = 0; i < sizeof secret; i++)
        snprintf(c->token + 2 * i, 3, "%02x", secret[i]);
    c->unclaimed.run = drop;
    c->unclaimed.user = c;
    web_after(&c->unclaimed, CLAIM_MS);
    c->next = reserved;
    reserved = c;
    reserved_count++;
    web_reply(r, 201, "text/plain; charset=utf-8", c->token, strlen(c->token), NULL, 0);
}

/* The token of a request, from its field or query; absent where it has none. space: TOKEN_BYTES. */
static sse_str token_of(const web_request *r, char *space)
{
    const sse_str field = web_field(r, "X-GraphQL-Event-Stream-Token");
    size_t len;

    if (field.ptr != NULL)
        return field;
    if (sse_http_query(r->query.ptr, r->query.len, "token", 5, space, TOKEN_BYTES - 1, &len) !=
        SSE_OK)
        return SSE_LIT(""); /* nobody's */
    space[len] = '\0';
    return (sse_str){len > 0 ? space : NULL, len};
}

/* The connection that a request names; it was refused where this is NULL. */
static graphql_connection *named(const web_request *r, sse_str token)
{
    graphql_connection *c = reserved;

    while (c != NULL && (token.ptr == NULL || strcmp(c->token, token.ptr) != 0))
        c = c->next;
    if (c == NULL)
        web_refuse(r, 404);
    return c;
}

static graphql_operation *find(const graphql_connection *c, const char *id)
{
    graphql_operation *o = c->operations;

    while (o != NULL && strcmp(o->id, id) != 0)
        o = o->next;
    return o;
}

static unsigned running(const graphql_connection *c)
{
    const graphql_operation *o;
    unsigned count = 0;

    for (o = c->operations; o != NULL; o = o->next)
        count++;
    return count;
}

static void execute(const web_request *r, graphql_connection *c, json_t *request)
{
    const char *const id =
        json_string_value(json_object_get(json_object_get(request, "extensions"), "operationId"));

    if (id == NULL || strlen(id) > NAME_MAX_BYTES) {
        web_refuse(r, 400);
    } else if (find(c, id) != NULL) {
        web_refuse(r, 409);
    } else if (running(c) >= OPERATIONS_MAX) {
        web_refuse(r, 429);
    } else {
        graphql_start(c, id, request);
        web_reply(r, 202, NULL, NULL, 0, NULL, 0);
    }
}

static void stop(const web_request *r, graphql_connection *c)
{
    char id[NAME_MAX_BYTES + 1];
    size_t len;
    graphql_operation *o;

    if (sse_http_query(r->query.ptr, r->query.len, "operationId", 11, id, sizeof id - 1, &len) !=
            SSE_OK ||
        len == 0) {
        web_refuse(r, 400);
        return;
    }
    id[len] = '\0';
    o = find(c, id);
    if (o != NULL)
        graphql_complete(o);
    web_reply(r, 200, NULL, NULL, 0, NULL, 0);
}

/* HTTP. */

static void connect_to(const web_request *r, graphql_connection *c)
{
    if (web_count(c->channel) > 0) {
        web_refuse(r, 409);
    } else if (!web_whole(c->channel)) { /* too late: the client begins anew */
        drop(c);
        web_refuse(r, 404);
    } else if (stream(r, c->channel, SSE_JOIN_OLDEST, drop, c)) {
        web_stop(&c->unclaimed);
    }
}

static void post(const web_request *r, sse_str token)
{
    const sse_str accept = web_field(r, "Accept");
    json_t *const request = json_loadb(r->body.ptr, r->body.len, 0, NULL);
    graphql_connection *c;

    if (!json_is_string(json_object_get(request, "query")))
        web_refuse(r, 400);
    else if (token.ptr == NULL && !sse_http_accepts(accept.ptr, accept.len))
        web_refuse(r, 406);
    else if (token.ptr == NULL)
        answer(r, request);
    else if ((c = named(r, token)) != NULL)
        execute(r, c, request);
    json_decref(request);
}

static void handle(const web_request *r)
{
    const sse_http_field allow = {SSE_LIT("Allow"), SSE_LIT("GET, POST, PUT, DELETE")};
    char space[TOKEN_BYTES];
    const sse_str token = token_of(r, space);
    graphql_connection *c;

    if (strcmp(r->path.ptr, "/graphql") != 0)
        web_refuse(r, 404);
    else if (strcmp(r->method.ptr, "POST") == 0)
        post(r, token);
    else if (strcmp(r->method.ptr, "PUT") == 0)
        reserve(r);
    else if (strcmp(r->method.ptr, "GET") != 0 && strcmp(r->method.ptr, "DELETE") != 0)
        web_reply(r, 405, NULL, NULL, 0, &allow, 1);
    else if ((c = named(r, token)) == NULL)
        return;
    else if (strcmp(r->method.ptr, "GET") == 0)
        connect_to(r, c);
    else
        stop(r, c);
}

static void take_line(const char *text, size_t len)
{
    json_t *const result = json_pack("{s:{s:s%}}", "data", "news", text, len);
    const graphql_connection *c;
    const graphql_operation *o;

    if (result == NULL)
        return; /* not UTF-8 */
    for (c = reserved; c != NULL; c = c->next)
        for (o = c->operations; o != NULL; o = o->next)
            if (o->news)
                graphql_give(o, json_incref(result));
    graphql_publish(news, "next", result);
}

int main(int argc, char **argv)
{
    heartbeat_ms = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 10) : SSE_HEARTBEAT_MS;
    news = web_channel(NULL, EVENTS, BYTES, heartbeat_ms);
    if (news == NULL)
        return 1;
    return web_run(argc > 1 ? argv[1] : "0", NULL, NULL, handle, take_line);
}
