/* SPDX-License-Identifier: MIT */
/* libevent.c - a server over evhttp of libevent, one thread.
 *
 *     cc libevent.c app.c -lsse -levent -levent_pthreads -lpthread -o libevent
 *     ./libevent [port]                                             8080
 *
 * The face: peek and consume. evhttp gets a reference to the offer, which is frozen; when evhttp
 * has sent it, it is consumed, and the next offer follows. evhttp would also take more, without a
 * limit: so it never has more than one offer.
 *
 * A client that closes, or shuts down its side, is noticed at once: evhttp goes on reading while it
 * sends. A watermark bounds what it reads then. The time limit of requests must not hold for a
 * stream. Given a body for an answer to HEAD, evhttp sends it. */
#define _GNU_SOURCE
#include "app.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/thread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HEAD_MAX = 8192, ASK_S = 5 };

struct client {
    app_stream stream;
    struct evhttp_request *req;
    struct evhttp_connection *connection;
    size_t in_flight; /* bytes that evhttp has */
};
static struct event_base *base;
static struct event *turn;     /* active when there is something to take, or to do */
static struct evbuffer *chunk; /* empty between calls */

/* SSE: one offer at a time; the next one when evhttp has sent it. */

void server_wake(void)
{
    event_active(turn, EV_TIMEOUT, 0);
}

static void sent(struct evhttp_connection *connection, void *user);

static void offer(struct client *c)
{
    const void *bytes;
    const int status = sse_subscriber_peek(&c->stream.subscriber, &bytes, &c->in_flight);

    if (status == SSE_OK) {
        evbuffer_add_reference(chunk, bytes, c->in_flight, NULL, NULL);
        evhttp_send_reply_chunk_with_cb(c->req, chunk, sent, c);
    } else if (sse_status_closed(status)) {
        evhttp_connection_set_closecb(c->connection, NULL, NULL);
        if (status == SSE_END)
            evhttp_send_reply_end(c->req);
        else
            evhttp_connection_free(c->connection);
        free(c);
        server_wake(); /* it may have been the last one */
    }
}

static void sent(struct evhttp_connection *connection, void *user)
{
    struct client *const c = user;

    (void)connection;
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

static void take_turn(evutil_socket_t fd, short what, void *unused)
{
    int wait_ms;

    (void)fd, (void)what, (void)unused;
    app_lock();
    app_tick();
    offer_to_all();
    wait_ms = app_timeout();
    if (app_has_drained()) /* 100 ms: what was taken has still to be sent */
        event_base_loopexit(base, &(struct timeval){0, 100000});
    else if (wait_ms >= 0)
        event_add(turn, &(struct timeval){wait_ms / 1000, wait_ms % 1000 * 1000});
    app_unlock();
}

/* The client has gone, and evhttp has let go of the request. */
static void gone(struct evhttp_connection *connection, void *user)
{
    struct client *const c = user;

    (void)connection;
    app_lock();
    sse_subscriber_leave(&c->stream.subscriber);
    server_wake();
    app_unlock();
    evhttp_request_free(c->req);
    free(c);
}

static void start(struct client *c)
{
    struct bufferevent *const b = evhttp_connection_get_bufferevent(c->connection);

    bufferevent_setwatermark(b, EV_READ, 0, HEAD_MAX);
    bufferevent_set_timeouts(b, NULL, NULL);
    evhttp_connection_set_closecb(c->connection, gone, c);
    evhttp_send_reply_start(c->req, 200, "OK");
}

static sse_str text(const char *s)
{
    return (sse_str){s, s ? strlen(s) : 0};
}

static void answer(struct evhttp_request *req, void *unused)
{
    static const char *const methods[] = {"",       "GET",     "POST",  "HEAD",    "PUT",
                                          "DELETE", "OPTIONS", "TRACE", "CONNECT", "PATCH"};
    const int command = (int)evhttp_request_get_command(req); /* a bit */
    const struct evhttp_uri *const uri = evhttp_request_get_evhttp_uri(req);
    struct evkeyvalq *const in = evhttp_request_get_input_headers(req);
    struct evbuffer *const body = evhttp_request_get_input_buffer(req);
    const app_request r = {
        .method = text(methods[ffs(command)]),
        .path = text(evhttp_uri_get_path(uri)),
        .query = text(evhttp_uri_get_query(uri)),
        .accept = text(evhttp_find_header(in, "Accept")),
        .last_event_id = text(evhttp_find_header(in, "Last-Event-ID")),
        .body = {(const char *)evbuffer_pullup(body, -1), evbuffer_get_length(body)}};
    struct client *const c = calloc(1, sizeof *c);
    app_reply reply;
    size_t i;

    (void)unused;
    if (c == NULL) {
        evhttp_send_error(req, 503, NULL);
        return;
    }
    c->req = req;
    c->connection = evhttp_request_get_connection(req);
    app_lock();
    app_answer(&c->stream, c, &r, &reply);
    for (i = 0; i < reply.count; i++)
        evhttp_add_header(evhttp_request_get_output_headers(req), reply.fields[i].name.ptr,
                          reply.fields[i].value.ptr);
    if (reply.is_stream) {
        start(c);
    } else {
        if (command != EVHTTP_REQ_HEAD)
            evbuffer_add(evhttp_request_get_output_buffer(req), reply.body.ptr, reply.body.len);
        evhttp_send_reply(req, reply.status, NULL, NULL);
        free(c);
    }
    server_wake();
    app_unlock();
}

int main(int argc, char **argv)
{
    const char *const port = argc > 1 ? argv[1] : "8080";
    struct evhttp *http;

    evthread_use_pthreads(); /* before the base: another thread calls server_wake */
    base = event_base_new();
    turn = evtimer_new(base, take_turn, NULL);
    chunk = evbuffer_new();
    http = evhttp_new(base);
    evhttp_set_gencb(http, answer, NULL);
    evhttp_set_flags(http, EVHTTP_SERVER_LINGERING_CLOSE);
    evhttp_set_allowed_methods(http, 0x1ff); /* the application refuses */
    evhttp_set_max_headers_size(http, HEAD_MAX);
    evhttp_set_max_body_size(http, APP_BODY_MAX);
    evhttp_set_timeout(http, ASK_S);
    app_start("libevent", 1);
    if (evhttp_bind_socket(http, "127.0.0.1", (ev_uint16_t)strtoul(port, NULL, 10)) != 0) {
        perror("libevent");
        return 1;
    }
    printf("http://127.0.0.1:%s/\n", port);
    fflush(stdout);
    return event_base_dispatch(base) < 0;
}
