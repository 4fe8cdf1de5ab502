/* SPDX-License-Identifier: MIT */
/* libmicrohttpd.c - a server that asks for bytes: libmicrohttpd, with one thread of its own.
 *
 *     cc libmicrohttpd.c app.c -lsse -lmicrohttpd -lpthread -o libmicrohttpd
 *     ./libmicrohttpd [port]                                        8080; port 0: any
 *
 * The face: read into the server's buffer. libmicrohttpd calls the reader whenever its socket takes
 * bytes. Where there are none the connection is suspended; when sse_channel_next gives its
 * subscriber it is resumed, by any thread. A reader that returns 0 without that is called again at
 * once, and spins. To resume a connection that is not suspended is undefined: `parked` knows.
 * libmicrohttpd does not look at a suspended connection: that a client has gone shows when a
 * heartbeat fails, or the one after it. It has no time limit for one that does not read: its socket
 * is shut down. MHD_stop_daemon drops what is not sent: it comes after the last release. */
#define _GNU_SOURCE
#include "app.h"

#include <arpa/inet.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct client {
    app_stream stream;
    struct MHD_Connection *connection;
    int is_stream;
    int parked; /* its connection is suspended */
    char *query;
    size_t len;
    char body[APP_BODY_MAX];
};

static void cut(struct client *c)
{
    shutdown(MHD_get_connection_info(c->connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd,
             SHUT_RDWR);
}

/* SSE: the reader of a connection, and what wakes it. */

static ssize_t read_stream(void *user, uint64_t position, char *bytes, size_t cap)
{
    struct client *const c = user;
    size_t len;
    int status;

    (void)position;
    app_lock();
    status = sse_subscriber_read(&c->stream.subscriber, bytes, cap, &len);
    c->parked = status == SSE_AGAIN;
    if (c->parked)
        MHD_suspend_connection(c->connection);
    app_unlock();
    if (status == SSE_END)
        return MHD_CONTENT_READER_END_OF_STREAM;
    return sse_status_closed(status) ? MHD_CONTENT_READER_END_WITH_ERROR : (ssize_t)len;
}

void server_wake(void)
{
    sse_subscriber *s;

    while ((s = sse_channel_next(&app_channel)) != NULL) {
        struct client *const c = sse_subscriber_user(s);

        if (sse_subscriber_status(s) < SSE_E_FATAL)
            cut(c); /* it has stalled: its reader is not called */
        if (c->parked)
            MHD_resume_connection(c->connection);
        c->parked = 0;
    }
    app_look_at_clock();
}

static void leave(struct client *c)
{
    app_lock();
    sse_subscriber_leave(&c->stream.subscriber);
    app_sending -= c->is_stream != 0;
    app_look_at_clock();
    app_unlock();
}

/* End of SSE. The rest is the server. */

/* All is sent, or the connection is lost. */
static void complete(void *unused, struct MHD_Connection *connection, void **state,
                     enum MHD_RequestTerminationCode why)
{
    struct client *const c = *state;

    (void)unused, (void)connection, (void)why;
    if (c == NULL)
        return;
    leave(c);
    free(c->query);
    free(c);
}

/* A request begins. Its query is still as it came. */
static void *begin(void *unused, const char *uri, struct MHD_Connection *connection)
{
    struct client *const c = calloc(1, sizeof *c);

    (void)unused, (void)connection;
    if (c != NULL && strchr(uri, '?') != NULL)
        c->query = strdup(strchr(uri, '?'));
    return c;
}

static sse_str text(const char *value)
{
    return (sse_str){value, value ? strlen(value) : 0};
}

static sse_str field(struct client *c, const char *name)
{
    return text(MHD_lookup_connection_value(c->connection, MHD_HEADER_KIND, name));
}

static enum MHD_Result reply_with(struct client *c, const app_reply *reply)
{
    enum MHD_Result result = MHD_NO;
    struct MHD_Response *r;
    size_t i;

    if (reply->is_stream) {
        MHD_set_connection_option(c->connection, MHD_CONNECTION_OPTION_TIMEOUT, 0U);
        r = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 4096, read_stream, c, NULL);
    } else {
        if (reply->body.len > 0)
            memcpy(c->body, reply->body.ptr, reply->body.len);
        r = MHD_create_response_from_buffer(reply->body.len, c->body, MHD_RESPMEM_MUST_COPY);
    }
    if (r == NULL)
        return MHD_NO;
    for (i = 0; i < reply->count; i++)
        MHD_add_response_header(r, reply->fields[i].name.ptr, reply->fields[i].value.ptr);
    result = MHD_queue_response(c->connection, (unsigned)reply->status, r);
    MHD_destroy_response(r);
    return result;
}

static enum MHD_Result answer(struct client *c, const char *path, const char *method)
{
    const app_request r = {
        .version = SSE_HTTP_MANAGED,
        .method = text(method),
        .path = text(path),
        .query = text(c->query),
        .accept = field(c, "Accept"),
        .last_event_id = field(c, "Last-Event-ID"),
        .body = {c->body, c->len},
    };
    app_reply reply;

    app_lock();
    app_answer(&c->stream, c, &r, &reply);
    c->is_stream = reply.is_stream;
    app_sending += reply.is_stream != 0;
    server_wake();
    app_unlock();
    return reply_with(c, &reply);
}

/* Called when the head is here, with each part of the body, and at its end. */
static enum MHD_Result handle(void *unused, struct MHD_Connection *connection, const char *path,
                              const char *method, const char *version, const char *bytes,
                              size_t *len, void **state)
{
    struct client *const c = *state;
    const char *body_len;

    (void)unused, (void)version;
    if (c == NULL)
        return MHD_NO;
    if (c->connection == NULL) {
        c->connection = connection;
        body_len = field(c, "Content-Length").ptr;
        if (body_len && strtoull(body_len, NULL, 10) > sizeof c->body)
            return reply_with(c, &(app_reply){.status = 413});
        return MHD_YES;
    }
    if (*len == 0)
        return answer(c, path, method);
    if (*len > sizeof c->body - c->len)
        return MHD_NO;
    memcpy(c->body + c->len, bytes, *len);
    c->len += *len;
    *len = 0;
    return MHD_YES;
}

int main(int argc, char **argv)
{
    const uint16_t port = (uint16_t)strtoul(argc > 1 ? argv[1] : "8080", NULL, 10);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct MHD_Daemon *server;

    app_start("libmicrohttpd", 1);
    at.sin_port = htons(port);
    server = MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME, 0, NULL,
                              NULL, handle, NULL, MHD_OPTION_SOCK_ADDR, &at,
                              MHD_OPTION_URI_LOG_CALLBACK, begin, NULL, MHD_OPTION_NOTIFY_COMPLETED,
                              complete, NULL, MHD_OPTION_CONNECTION_TIMEOUT, 5U, MHD_OPTION_END);
    if (server == NULL) {
        perror("libmicrohttpd");
        return 1;
    }
    printf("http://127.0.0.1:%u/\n",
           (unsigned)MHD_get_daemon_info(server, MHD_DAEMON_INFO_BIND_PORT)->port);
    fflush(stdout);
    app_keep_time();
    MHD_stop_daemon(server);
    return 0;
}
