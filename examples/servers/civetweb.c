/* SPDX-License-Identifier: MIT */
/* civetweb.c - a server with a thread for each connection: civetweb.
 *
 *     cc civetweb.c app.c threads.c -lsse -lcivetweb -lpthread -o civetweb
 *     ./civetweb [port]                                             8080; port 0: any
 *
 * The face: read, then a write that blocks. The thread of the connection sleeps until there are
 * bytes. num_threads is the most streams: one more client waits. civetweb does not look at a client
 * while the handler runs: that it has gone shows when a write fails, at a heartbeat or the one after
 * it. A write ends after request_timeout_ms without progress. mg_write can write a part and return
 * less than it was given; mg_send_chunk of no bytes would end the stream. mg_start serves already
 * before it returns: a handler that is set after it would miss the first requests. */
#include "threads.h"

#include <civetweb.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct client {
    threads_stream stream;
    char bytes[APP_BODY_MAX]; /* the body of the request; then what goes to the client */
};

/* SSE: the thread of the connection writes what the subscriber gives. */

static void send_stream(struct mg_connection *to, struct client *c)
{
    size_t len;

    while (threads_read(&c->stream, c->bytes, sizeof c->bytes, &len) == SSE_OK)
        if (mg_write(to, c->bytes, len) != (int)len)
            break;
}

/* End of SSE. The rest is the server. */

static sse_str text(const char *value)
{
    return (sse_str){value, value ? strlen(value) : 0};
}

static void send_answer(struct mg_connection *to, const app_reply *reply, int is_head)
{
    char len[32];
    size_t i;

    mg_response_header_start(to, reply->status);
    for (i = 0; i < reply->count; i++)
        mg_response_header_add(to, reply->fields[i].name.ptr, reply->fields[i].value.ptr, -1);
    if (reply->status != 204) {
        snprintf(len, sizeof len, "%zu", reply->body.len);
        mg_response_header_add(to, "Content-Length", len, -1);
    }
    mg_response_header_send(to);
    if (!is_head)
        mg_write(to, reply->body.ptr, reply->body.len);
}

/* Read the body. Returns 0, or the status of a refusal. */
static int receive(struct mg_connection *from, struct client *c, size_t *len)
{
    const long long wanted = mg_get_request_info(from)->content_length;
    char more;
    int n;

    if (wanted > (long long)sizeof c->bytes)
        return 413;
    n = mg_read(from, c->bytes, sizeof c->bytes);
    *len = n > 0 ? (size_t)n : 0;
    if (n < 0 || (wanted > 0 && n < wanted))
        return 400;
    return *len == sizeof c->bytes && mg_read(from, &more, 1) > 0 ? 413 : 0;
}

static int handle(struct mg_connection *connection)
{
    const struct mg_request_info *const info = mg_get_request_info(connection);
    struct client *const c = calloc(1, sizeof *c);
    app_request r = {
        .version = strcmp(info->http_version, "1.0") == 0 ? SSE_HTTP_1_0 : SSE_HTTP_1_1,
        .method = text(info->request_method),
        .path = text(info->local_uri),
        .query = text(info->query_string),
        .accept = text(mg_get_header(connection, "Accept")),
        .last_event_id = text(mg_get_header(connection, "Last-Event-ID")),
    };
    app_reply reply = {.status = 503};

    if (c != NULL)
        reply.status = receive(connection, c, &r.body.len);
    if (reply.status == 0) {
        r.body.ptr = c->bytes;
        threads_answer(&c->stream, &r, &reply);
        if (reply.is_stream)
            send_stream(connection, c);
        else
            send_answer(connection, &reply, strcmp(info->request_method, "HEAD") == 0);
        threads_leave(&c->stream);
    } else {
        send_answer(connection, &reply, 0);
    }
    free(c);
    return reply.status;
}

int main(int argc, char **argv)
{
    char address[32], limit_ms[16];
    const char *options[] = {"listening_ports",    address,  "num_threads", "260",
                             "request_timeout_ms", limit_ms, NULL};
    static const struct mg_callbacks callbacks = {.begin_request = handle};
    struct mg_server_port port;
    struct mg_context *server;

    app_start("civetweb", 1);
    snprintf(address, sizeof address, "127.0.0.1:%s", argc > 1 ? argv[1] : "8080");
    snprintf(limit_ms, sizeof limit_ms, "%u", (unsigned)app_stall_ms);
    mg_init_library(0);
    server = mg_start(&callbacks, NULL, options);
    if (server == NULL || mg_get_server_ports(server, 1, &port) != 1) {
        fprintf(stderr, "civetweb: cannot listen at %s\n", address);
        return 1;
    }
    printf("http://127.0.0.1:%d/\n", port.port);
    fflush(stdout);
    app_keep_time();
    return 0; /* mg_stop would sleep up to two seconds in the poll of its listener */
}
