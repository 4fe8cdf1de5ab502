/* SPDX-License-Identifier: MIT */
/* ulfius.c - a framework with a thread for each connection: ulfius, over libmicrohttpd.
 *
 *     cc ulfius.c app.c threads.c -lsse -lulfius -lmicrohttpd -lpthread -o ulfius
 *     ./ulfius [port]                                               8080; not 0
 *
 * The face: read into the server's buffer. ulfius calls the stream callback on the thread of the
 * connection; it sleeps until there are bytes. ulfius does not look at the client meanwhile: that it
 * has gone shows when a heartbeat fails, or the one after it. response->timeout cuts a client that
 * does not read. With check_utf8, which is on at first, ulfius hides fields that are not UTF-8: a
 * bad Last-Event-ID would be a silent start. It cuts a body at max_post_body_size, and says nothing:
 * let it be one above the limit. */
#include "threads.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ulfius.h>

/* SSE: the stream callback gives what the subscriber gives. */

static ssize_t read_stream(void *user, uint64_t position, char *bytes, size_t cap)
{
    size_t len;
    const int status = threads_read(user, bytes, cap, &len);

    (void)position;
    if (status == SSE_OK)
        return (ssize_t)len;
    return status == SSE_END ? U_STREAM_END : U_STREAM_ERROR;
}

static void end_stream(void *user)
{
    threads_leave(user);
    free(user);
}

/* End of SSE. The rest is the server. */

static sse_str text(const char *value)
{
    return (sse_str){value, value ? strlen(value) : 0};
}

static int answer(const struct _u_request *from, struct _u_response *to, threads_stream *s)
{
    const app_request r = {
        .version = SSE_HTTP_MANAGED,
        .method = text(from->http_verb),
        .path = text(from->url_path),
        .query = text(strchr(from->http_url, '?')),
        .accept = text(u_map_get_case(from->map_header, "Accept")),
        .last_event_id = text(u_map_get_case(from->map_header, "Last-Event-ID")),
        .body = {from->binary_body, from->binary_body_length},
    };
    app_reply reply;
    size_t i;

    threads_answer(s, &r, &reply);
    for (i = 0; i < reply.count; i++)
        u_map_put(to->map_header, reply.fields[i].name.ptr, reply.fields[i].value.ptr);
    to->status = reply.status;
    if (reply.is_stream) {
        to->timeout = (app_stall_ms + 999) / 1000;
        return ulfius_set_stream_response(to, 200, read_stream, end_stream, U_STREAM_SIZE_UNKNOWN,
                                          4096, s);
    }
    end_stream(s);
    return reply.body.len == 0
               ? U_OK
               : ulfius_set_binary_body_response(to, 200, reply.body.ptr, reply.body.len);
}

static int handle(const struct _u_request *from, struct _u_response *to, void *unused)
{
    threads_stream *s;

    (void)unused;
    to->status = 413;
    if (from->binary_body_length > APP_BODY_MAX)
        return U_CALLBACK_COMPLETE;
    s = calloc(1, sizeof *s);
    return s && answer(from, to, s) == U_OK ? U_CALLBACK_COMPLETE : U_CALLBACK_ERROR;
}

int main(int argc, char **argv)
{
    const unsigned port = (unsigned)strtoul(argc > 1 ? argv[1] : "8080", NULL, 10);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct _u_instance server;

    at.sin_port = htons((uint16_t)port);
    app_start("ulfius", 1);
    if (ulfius_init_instance(&server, port, &at, NULL) != U_OK) {
        fprintf(stderr, "ulfius: no such port\n");
        return 1;
    }
    server.check_utf8 = 0;
    server.max_post_body_size = APP_BODY_MAX + 1;
    server.timeout = 5;
    ulfius_add_endpoint_by_val(&server, "*", "/", "*", 0, handle, NULL);
    if (ulfius_start_framework(&server) != U_OK) {
        fprintf(stderr, "ulfius: cannot listen at %u\n", port);
        ulfius_clean_instance(&server);
        return 1;
    }
    printf("http://127.0.0.1:%u/\n", port);
    fflush(stdout);
    app_keep_time();
    ulfius_stop_framework(&server);
    ulfius_clean_instance(&server);
    return 0;
}
