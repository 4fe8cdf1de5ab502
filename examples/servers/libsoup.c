/* SPDX-License-Identifier: MIT */
/* libsoup.c - a server over SoupServer of libsoup 3, in the main loop of GLib.
 *
 *     cc libsoup.c app.c -lsse $(pkg-config --cflags --libs libsoup-3.0) -lpthread -o libsoup
 *     ./libsoup [port]                                              8080
 *
 * The face: peek and consume. The body of the response gets the offer, which is frozen, without a
 * copy; after "wrote-chunk" it is consumed, and the next offer follows. Where there is none, libsoup
 * pauses the message by itself. The body must not accumulate: it would keep all of the stream.
 *
 * libsoup does not look at the socket of a paused message. A source does, so that a client that
 * closes, or shuts down its side, is noticed at once. To cut a client off, close its socket, then
 * steal its connection: else libsoup writes the last chunk, and waits until the client takes it.
 * Requests have no time limit, but sockets can have one. To wake the loop, set the time of a
 * source: g_main_context_invoke may call the function at once, on the thread that holds the lock. */
#include "app.h"

#include <libsoup/soup.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { ASK_S = 5 };

struct client {
    app_stream stream;
    SoupServerMessage *msg;
    gsize in_flight; /* bytes that libsoup has */
    GSource *input;  /* of its socket */
};
static GMainLoop *loop;
static GSource *turn; /* due when there is something to take, or to do */
static void cut(struct client *c);

/* SSE: one offer at a time; the next one when libsoup has written it. */

void server_wake(void)
{
    g_source_set_ready_time(turn, 0);
}

static void offer(struct client *c)
{
    SoupMessageBody *const body = soup_server_message_get_response_body(c->msg);
    const void *bytes;
    const int status = sse_subscriber_peek(&c->stream.subscriber, &bytes, &c->in_flight);

    if (status == SSE_OK)
        soup_message_body_append(body, SOUP_MEMORY_STATIC, bytes, c->in_flight);
    else if (status == SSE_END)
        soup_message_body_complete(body);
    else if (sse_status_closed(status))
        cut(c);
    if (status == SSE_OK || status == SSE_END)
        soup_server_message_unpause(c->msg);
}

static void sent(SoupServerMessage *msg, struct client *c)
{
    (void)msg;
    app_lock();
    sse_subscriber_consume(&c->stream.subscriber, c->in_flight);
    offer(c);
    app_unlock();
}

static void offer_to_all(void)
{
    sse_subscriber *s;

    while ((s = sse_channel_next(&app_channel)) != NULL) {
        struct client *const c = sse_subscriber_user(s);

        if (c->in_flight == 0 || sse_status_closed(sse_subscriber_status(s)))
            offer(c);
    }
}

/* End of SSE. The rest is the server. */

static gboolean take_turn(GSource *source, GSourceFunc callback, gpointer unused)
{
    int wait_ms;

    (void)callback, (void)unused;
    app_lock();
    app_tick();
    offer_to_all();
    wait_ms = app_timeout();
    g_source_set_ready_time(
        source, wait_ms < 0 ? -1 : g_get_monotonic_time() + G_GINT64_CONSTANT(1000) * wait_ms);
    if (app_has_drained()) /* what was taken has still to be sent */
        g_timeout_add_once(100, (GSourceOnceFunc)g_main_loop_quit, loop);
    app_unlock();
    return G_SOURCE_CONTINUE;
}

static void forget(struct client *c)
{
    g_source_destroy(c->input);
    g_source_unref(c->input);
    g_free(c);
    server_wake(); /* it may have been the last one */
}

static void cut(struct client *c)
{
    SoupServerMessage *const msg = c->msg;

    forget(c);
    g_socket_close(soup_server_message_get_socket(msg), NULL);
    g_object_unref(soup_server_message_steal_connection(msg));
}

/* The client has shut down its side, which counts as its end; or it sends what has no meaning now:
 * then a heartbeat that fails will be its end. */
static gboolean input(GSocket *socket, GIOCondition condition, struct client *c)
{
    char byte;

    (void)condition;
    if (recv(g_socket_get_fd(socket), &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0)
        return G_SOURCE_REMOVE;
    app_lock();
    sse_subscriber_leave(&c->stream.subscriber);
    cut(c);
    app_unlock();
    return G_SOURCE_REMOVE;
}

/* All is sent, or a write has failed. */
static void finished(SoupServerMessage *msg, struct client *c)
{
    (void)msg;
    app_lock();
    sse_subscriber_leave(&c->stream.subscriber);
    forget(c);
    app_unlock();
}

static void start(struct client *c)
{
    GSocket *const socket = soup_server_message_get_socket(c->msg);
    SoupMessageHeaders *const out = soup_server_message_get_response_headers(c->msg);
    const gboolean is_old = soup_server_message_get_http_version(c->msg) == SOUP_HTTP_1_0;

    soup_message_headers_set_encoding(out, is_old ? SOUP_ENCODING_EOF : SOUP_ENCODING_CHUNKED);
    soup_message_body_set_accumulate(soup_server_message_get_response_body(c->msg), FALSE);
    g_socket_set_timeout(socket, 0);
    c->input = g_socket_create_source(socket, G_IO_IN, NULL);
    g_source_set_callback(c->input, G_SOURCE_FUNC(input), c, NULL);
    g_source_attach(c->input, NULL);
    g_signal_connect(c->msg, "wrote-chunk", G_CALLBACK(sent), c);
    g_signal_connect(c->msg, "finished", G_CALLBACK(finished), c);
}

static sse_str text(const char *s)
{
    return (sse_str){s, s ? strlen(s) : 0};
}

static void answer(SoupServer *server, SoupServerMessage *msg, const char *path, GHashTable *query,
                   gpointer unused)
{
    SoupMessageHeaders *const in = soup_server_message_get_request_headers(msg);
    SoupMessageHeaders *const out = soup_server_message_get_response_headers(msg);
    const SoupMessageBody *const body = soup_server_message_get_request_body(msg);
    const app_request r = {.method = text(soup_server_message_get_method(msg)),
                           .path = text(path),
                           .query = text(g_uri_get_query(soup_server_message_get_uri(msg))),
                           .accept = text(soup_message_headers_get_list(in, "Accept")),
                           .last_event_id = text(soup_message_headers_get_one(in, "Last-Event-ID")),
                           .body = {body->data, (size_t)body->length}};
    struct client *const c = g_new0(struct client, 1);
    app_reply reply;
    size_t i;

    (void)server, (void)query, (void)unused;
    c->msg = msg;
    app_lock();
    app_answer(&c->stream, c, &r, &reply);
    soup_server_message_set_status(msg, (guint)reply.status, NULL);
    soup_message_headers_append(out, "Connection",
                                "close"); /* after 204 libsoup does it silently */
    for (i = 0; i < reply.count; i++)
        soup_message_headers_append(out, reply.fields[i].name.ptr, reply.fields[i].value.ptr);
    if (reply.is_stream) {
        start(c);
    } else {
        soup_message_body_append(soup_server_message_get_response_body(msg), SOUP_MEMORY_COPY,
                                 reply.body.ptr, reply.body.len);
        g_free(c);
    }
    server_wake();
    app_unlock();
}

/* A body that is too long is read to its end, but not kept. */
static void got_chunk(SoupServerMessage *msg, GBytes *chunk, gpointer unused)
{
    SoupMessageBody *const body = soup_server_message_get_request_body(msg);

    (void)chunk, (void)unused;
    if (body->length <= APP_BODY_MAX)
        return;
    soup_message_body_set_accumulate(body, FALSE);
    soup_message_body_truncate(body);
    soup_server_message_set_status(msg, SOUP_STATUS_REQUEST_ENTITY_TOO_LARGE, NULL);
}

static void started(SoupServer *server, SoupServerMessage *msg, gpointer unused)
{
    (void)server, (void)unused;
    g_socket_set_timeout(soup_server_message_get_socket(msg), ASK_S);
    soup_server_message_get_remote_address(msg); /* libsoup keeps these; when the socket is */
    soup_server_message_get_local_address(msg);  /* closed, it could not get them */
    g_signal_connect(msg, "got-chunk", G_CALLBACK(got_chunk), NULL);
}

int main(int argc, char **argv)
{
    static GSourceFuncs functions = {.dispatch = take_turn};
    const char *const port = argc > 1 ? argv[1] : "8080";
    SoupServer *server;
    GSList *at;
    GError *error = NULL;

    turn = g_source_new(&functions, sizeof *turn);
    g_source_attach(turn, NULL);
    app_start("libsoup", 1);
    loop = g_main_loop_new(NULL, FALSE);
    server = soup_server_new(NULL, NULL);
    g_signal_connect(server, "request-started", G_CALLBACK(started), NULL);
    soup_server_add_handler(server, NULL, answer, NULL, NULL);
    if (!soup_server_listen_local(server, (guint)strtoul(port, NULL, 10),
                                  SOUP_SERVER_LISTEN_IPV4_ONLY, &error)) {
        fprintf(stderr, "libsoup: %s\n", error->message);
        return 1;
    }
    for (at = soup_server_get_listeners(server); at; at = g_slist_delete_link(at, at))
        listen(g_socket_get_fd(at->data), SOMAXCONN); /* libsoup lets only 10 clients wait */
    printf("http://127.0.0.1:%s/\n", port);
    fflush(stdout);
    g_main_loop_run(loop);
    return 0;
}
