/* SPDX-License-Identifier: MIT */
/* generation_civetweb.c - generations on civetweb: a thread for each connection.
 *
 *     cc generation_civetweb.c generation.c generation_events.c generation_http.c \
 *         generation_demo.c -lsse -lcivetweb -lpthread -o generation
 *     ./generation [port]                                           8080; port 0: any
 *     curl -N -d 'Tell me a story.' http://127.0.0.1:8080/generations
 *
 * The face: a handler that reads into a buffer, and writes that, until the end. The write blocks
 * where the client does not read, for up to request_timeout_ms; then the connection ends, and the
 * client can resume. Traps: a client that leaves in silence is noticed when a heartbeat fails; there
 * are as many connections as threads, and DELETE needs one, so there are more threads than readers;
 * a chunk is three writes, which Nagle's algorithm delays. */
#define _POSIX_C_SOURCE 200809L
#include "generation.h"

#include <civetweb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static sse_str text(const char *s)
{
    return (sse_str){s, s ? strlen(s) : 0};
}

/* SSE: the content goes to the client. */

static void send_content(struct mg_connection *c, generation_reader *reader, int is_chunked)
{
    char bytes[4096];
    size_t len;
    int status = SSE_OK, is_sent = 1;

    while (is_sent &&
           !sse_status_closed(status = generation_read(reader, bytes, sizeof bytes, &len)))
        if (status == SSE_OK)
            is_sent = (is_chunked ? mg_send_chunk(c, bytes, (unsigned)len)
                                  : mg_write(c, bytes, len)) >= (int)len;
    if (is_sent && status == SSE_END && is_chunked)
        mg_send_chunk(c, "", 0);
    generation_leave(reader);
}

/* End of SSE. The rest is the server. */

static int answer(struct mg_connection *c, sse_str body)
{
    const struct mg_request_info *const info = mg_get_request_info(c);
    const int is_chunked = strcmp(info->http_version, "1.0") != 0;
    const generation_request request = {
        .method = text(info->request_method),
        .path = text(info->local_uri),
        .query = text(info->query_string),
        .accept = text(mg_get_header(c, "Accept")),
        .last_event_id = text(mg_get_header(c, "Last-Event-ID")),
        .body = body,
    };
    generation_reply reply;
    generation_reader *const reader = generation_answer(&request, &reply);
    size_t i;

    mg_response_header_start(c, reply.status);
    for (i = 0; i < reply.count; i++)
        mg_response_header_add(c, reply.fields[i].name.ptr, reply.fields[i].value.ptr, -1);
    if (reader && is_chunked)
        mg_response_header_add(c, "Transfer-Encoding", "chunked", -1);
    else if (reader == NULL && reply.status != 204)
        mg_response_header_add(c, "Content-Length", "0", -1);
    mg_response_header_send(c);
    if (reader)
        send_content(c, reader, is_chunked);
    return reply.status;
}

static int handle(struct mg_connection *c)
{
    char body[GENERATION_PROMPT_MAX + 1];
    size_t len = 0;
    int n;

    while (len < sizeof body && (n = mg_read(c, body + len, sizeof body - len)) > 0)
        len += (size_t)n;
    return answer(c, (sse_str){body, len});
}

int main(int argc, char **argv)
{
    char at[32], threads[16];
    const char *options[] = {
        "listening_ports",    at,      "num_threads", threads, "tcp_nodelay", "1",
        "request_timeout_ms", "10000", NULL};
    static const struct mg_callbacks callbacks = {.begin_request = handle};
    struct mg_server_port port;
    struct mg_context *server;
    sigset_t ends;
    int sig;

    snprintf(at, sizeof at, "127.0.0.1:%s", argc > 1 ? argv[1] : "8080");
    snprintf(threads, sizeof threads, "%d", GENERATION_READERS + 16);
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    pthread_sigmask(SIG_BLOCK, &ends, NULL); /* for all the threads to come */
    generation_start("demo", generation_demo);
    mg_init_library(0);
    server = mg_start(&callbacks, NULL, options);
    if (server == NULL || mg_get_server_ports(server, 1, &port) != 1) {
        fprintf(stderr, "generation_civetweb: there is no such port to listen at\n");
        return 1;
    }
    printf("http://127.0.0.1:%d/\n", port.port);
    fflush(stdout);
    sigwait(&ends, &sig);
    generation_end();
    return 0; /* mg_stop would sleep for up to two seconds in the poll of its listener */
}
