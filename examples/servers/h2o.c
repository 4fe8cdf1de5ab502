/* SPDX-License-Identifier: MIT */
/* h2o.c - a server over libh2o, HTTP/1 and HTTP/2, one thread.
 *
 *     cc h2o.c app.c http1.c ../serve/request.c ../serve/text.c -lsse -lh2o-evloop -lpthread -o h2o
 *     ./h2o [port]                                                   8080; port 0: any
 *
 * The face: peek and consume. h2o_send does not copy: h2o holds on to the offer until it calls the
 * generator again, and takes one offer at a time. So its queue never grows.
 *
 * HTTP/1: h2o does not read while it answers. That a client is gone shows when a write fails, which
 * is the second heartbeat. HTTP/2: at once.
 * No function takes an offer back. A client that has stalled with a full socket is cut off by a
 * shutdown; over HTTP/2, where its window is shut and the socket is not full, h2o keeps the offer
 * until it reads again, or goes away.
 * HTTP/2 here is for clients that know it beforehand, such as curl --http2-prior-knowledge. Browsers
 * want TLS: set acceptor.ssl_ctx, and call h2o_ssl_register_alpn_protocols for it.
 * After an h2o_send outside of a callback, run the loop without waiting, or it sleeps on it. */
#define _GNU_SOURCE
#define H2O_USE_EPOLL 1
#include "app.h"
#include "http1.h"

#include <h2o.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { GRACE_MS = 200 }; /* for the last bytes, which h2o has and the socket has not */

struct client {
    app_stream stream;
    h2o_generator_t generator;
    h2o_req_t *req;
    size_t in_flight; /* bytes of the offer that h2o holds */
};
static size_t clients;
static h2o_context_t context;
static h2o_multithread_receiver_t wake;

static void cut(h2o_conn_t *c)
{
    struct pollfd socket = {h2o_socket_get_fd(c->callbacks->get_socket(c)), POLLOUT, 0};

    if (poll(&socket, 1, 0) == 0) /* it is full, and not only the window of one stream shut */
        shutdown(socket.fd, SHUT_RDWR);
}

/* SSE: h2o takes one offer after the other. */

void server_wake(void)
{
    h2o_multithread_send_message(&wake, NULL);
}

/* h2o has sent what it held, or it held nothing. h2o_send can end the request: no lock then. */
static void serve(h2o_generator_t *generator, h2o_req_t *req)
{
    struct client *const c = H2O_STRUCT_FROM_MEMBER(struct client, generator, generator);
    const void *bytes;
    h2o_iovec_t offer;
    int status;

    app_lock();
    sse_subscriber_consume(&c->stream.subscriber, c->in_flight);
    status = sse_subscriber_peek(&c->stream.subscriber, &bytes, &c->in_flight);
    app_unlock();
    offer = h2o_iovec_init(bytes, c->in_flight);
    if (status == SSE_OK)
        h2o_send(req, &offer, 1, H2O_SEND_STATE_IN_PROGRESS);
    else if (sse_status_closed(status))
        h2o_send(req, NULL, 0, status == SSE_END ? H2O_SEND_STATE_FINAL : H2O_SEND_STATE_ERROR);
}

/* Returns the milliseconds that the loop may wait. */
static int serve_all(void)
{
    sse_subscriber *s;
    int wait_ms;

    app_lock();
    app_tick();
    wait_ms = app_timeout();
    while ((s = sse_channel_next(&app_channel)) != NULL) {
        struct client *const c = sse_subscriber_user(s);

        app_unlock();
        if (c->in_flight == 0)
            serve(&c->generator, c->req);
        else /* the channel has closed a client that does not read */
            cut(c->req->conn);
        app_lock();
    }
    app_unlock();
    return wait_ms < 0 ? INT32_MAX : wait_ms;
}

/* End of SSE. The rest is the server. */

/* A request has ended, in whatever way: its memory goes. */
static void forget(void *client)
{
    app_lock();
    sse_subscriber_leave(&((struct client *)client)->stream.subscriber);
    app_unlock();
    clients--;
}

static sse_str field(const h2o_req_t *req, const char *name)
{
    const ssize_t at = h2o_find_header_by_str(&req->headers, name, strlen(name), -1);
    const h2o_iovec_t none = {NULL, 0}, got = at < 0 ? none : req->headers.entries[at].value;

    return (sse_str){got.base, got.len};
}

static int answer(h2o_handler_t *self, h2o_req_t *req)
{
    struct client *const c = h2o_mem_alloc_shared(&req->pool, sizeof *c, forget);
    app_reply *const reply = h2o_mem_alloc_pool(&req->pool, sizeof *reply);
    app_request r = {
        .version = SSE_HTTP_MANAGED,
        .method = {req->method.base, req->method.len},
        .path = {req->path_normalized.base, req->path_normalized.len},
        .accept = field(req, "accept"),
        .last_event_id = field(req, "last-event-id"),
        .body = {req->entity.base, req->entity.len},
    };
    const sse_http_field *f = reply->fields;

    (void)self;
    if (req->query_at != SIZE_MAX)
        r.query = (sse_str){req->path.base + req->query_at + 1, req->path.len - req->query_at - 1};
    memset(c, 0, sizeof *c);
    c->generator.proceed = serve;
    c->req = req;
    clients++;
    app_lock();
    app_answer(&c->stream, c, &r, reply);
    app_unlock();
    req->res.status = reply->status;
    req->res.reason = "";
    for (; f < reply->fields + reply->count; f++)
        h2o_add_header_by_str(&req->pool, &req->res.headers, f->name.ptr, f->name.len, 1, NULL,
                              f->value.ptr, f->value.len);
    if (reply->is_stream) {
        req->http1_is_persistent = 0; /* the end of the stream is that of the connection */
        h2o_start_response(req, &c->generator);
        return 0;
    }
    if (reply->body.len > 0 || reply->status >= 400)
        req->res.content_length = reply->body.len;
    h2o_send_inline(req, reply->body.ptr, reply->body.len);
    return 0;
}

static void take(h2o_socket_t *listener, const char *error)
{
    h2o_socket_t *const socket = error ? NULL : h2o_evloop_socket_accept(listener);

    if (socket)
        h2o_accept(listener->data, socket);
}

int main(int argc, char **argv)
{
    static h2o_globalconf_t config;
    h2o_accept_ctx_t acceptor = {.ctx = &context};
    h2o_hostconf_t *host;
    h2o_socket_t *listener;
    int has_drained = 0;
    uint64_t end;

    h2o_config_init(&config);
    config.max_request_entity_size = APP_BODY_MAX;
    host = h2o_config_register_host(&config, h2o_iovec_init(H2O_STRLIT("default")), 65535);
    h2o_create_handler(h2o_config_register_path(host, "/", 0), sizeof(h2o_handler_t))->on_req =
        answer;
    h2o_context_init(&context, h2o_evloop_create(), &config);
    h2o_multithread_register_receiver(context.queue, &wake, NULL); /* it gets no messages */
    acceptor.hosts = config.hosts;
    listener = h2o_evloop_socket_create(
        context.loop, http1_listen("http", argc > 1 ? argv[1] : "8080"), H2O_SOCKET_FLAG_DONT_READ);
    listener->data = &acceptor;
    h2o_socket_read_start(listener, take);
    app_start("h2o", 1);
    while (!has_drained) {
        h2o_evloop_run(context.loop, serve_all());
        app_lock();
        has_drained = app_has_drained();
        app_unlock();
    }
    h2o_socket_close(listener);
    for (end = h2o_now(context.loop) + GRACE_MS; clients > 0 && h2o_now(context.loop) < end;)
        h2o_evloop_run(context.loop, 10);
    return 0;
}
