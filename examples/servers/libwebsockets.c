/* SPDX-License-Identifier: MIT */
/* libwebsockets.c - a server over libwebsockets, one thread, HTTP/1 or HTTPS.
 *
 *     cc libwebsockets.c app.c -lsse -lwebsockets -lpthread -o libwebsockets
 *     ./libwebsockets [port [cert.pem key.pem]]                     8080
 *
 * The face: read. In the writeable callback a stream copies bytes into a buffer that has LWS_PRE
 * bytes of room before them, and lws_write sends them. What the socket does not take, libwebsockets
 * keeps, and it does not call back until that has gone: at most one buffer for each client.
 *
 * A client that closes, or shuts down its side, is noticed at once, if there is a mount: without one
 * libwebsockets does not read while it answers, and spins. Not over HTTP/2: there libwebsockets
 * forgets fields whose names it does not know, such as Last-Event-ID. It decodes the query, so that
 * is encoded again. Each answer ends its connection: where the next request comes early, version 4.1
 * may pass on a body that it has freed. */
#include "app.h"

#include <libwebsockets.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HEAD_MAX = 8192, ANSWER_MAX = 2048, STREAM_BYTES = 4096 };

/* libwebsockets makes one for each request, all zero. */
struct client {
    app_stream stream;
    struct lws *wsi;
    int is_stream;
    unsigned char *body; /* of the request; then of the answer, after LWS_PRE */
    size_t len;
};
static struct lws_context *context;
static lws_sorted_usec_list_t turn;
static int has_ended;

/* SSE: bytes when the socket is writable. */

void server_wake(void)
{
    lws_cancel_service(context);
}

/* Send what fits into one buffer. Returns -1: close the connection. */
static int send_more(struct client *c)
{
    unsigned char buffer[LWS_PRE + STREAM_BYTES];
    size_t len;
    int status;

    app_lock();
    status = sse_subscriber_read(&c->stream.subscriber, buffer + LWS_PRE, STREAM_BYTES, &len);
    app_unlock();
    if (sse_status_closed(status) ||
        (len > 0 && lws_write(c->wsi, buffer + LWS_PRE, len, LWS_WRITE_HTTP) < 0))
        return -1;
    if (len > 0)
        lws_callback_on_writable(c->wsi);
    return 0;
}

static void notify_all(void)
{
    sse_subscriber *s;

    while ((s = sse_channel_next(&app_channel)) != NULL) {
        struct client *const c = sse_subscriber_user(s);

        if (sse_subscriber_status(s) < SSE_E_FATAL) /* the callback may never come */
            lws_set_timeout(c->wsi, PENDING_TIMEOUT_USER_REASON_BASE, LWS_TO_KILL_ASYNC);
        else
            lws_callback_on_writable(c->wsi);
    }
}

/* End of SSE. The rest is the server. */

static void take_turn(lws_sorted_usec_list_t *unused)
{
    int wait_ms;

    (void)unused;
    app_lock();
    app_tick();
    notify_all();
    wait_ms = app_timeout();
    if (wait_ms >= 0)
        lws_sul_schedule(context, 0, &turn, take_turn, wait_ms * LWS_US_PER_MS);
    has_ended = app_has_drained();
    app_unlock();
}

static sse_str copy_query(struct lws *wsi, char *to, int size)
{
    char part[HEAD_MAX];
    int len = 0, i;

    for (i = 0; lws_hdr_copy_fragment(wsi, part, HEAD_MAX, WSI_TOKEN_HTTP_URI_ARGS, i) >= 0; i++) {
        const size_t name = strcspn(part, "=");

        len += sprintf(to + len, "%s%.*s", i > 0 ? "&" : "", (int)name, part);
        if (part[name] == '=') {
            to[len++] = '=';
            len += (int)strlen(lws_urlencode(to + len, part + name + 1, size - len));
        }
    }
    return (sse_str){to, (size_t)len};
}

/* Write the head of an answer; without a length libwebsockets adds "Connection: close". Its body
 * follows when the socket is writable. */
static int write_head(struct lws *wsi, const app_reply *reply)
{
    unsigned char head[LWS_PRE + ANSWER_MAX],
        *p = head + LWS_PRE, *const limit = head + sizeof head;
    unsigned char name[64];
    size_t i;

    if (lws_add_http_common_headers(wsi, (unsigned)reply->status, NULL,
                                    LWS_ILLEGAL_HTTP_CONTENT_LEN, &p, limit))
        return -1;
    if (!reply->is_stream && reply->status != 204 &&
        lws_add_http_header_content_length(wsi, reply->body.len, &p, limit))
        return -1;
    for (i = 0; i < reply->count; i++) {
        const sse_http_field *const f = &reply->fields[i];

        snprintf((char *)name, sizeof name, "%s:", f->name.ptr);
        if (lws_add_http_header_by_name(wsi, name, (const unsigned char *)f->value.ptr,
                                        (int)f->value.len, &p, limit))
            return -1;
    }
    return lws_finalize_write_http_header(wsi, head + LWS_PRE, &p, limit) ? -1 : 0;
}

static int answer(struct client *c)
{
    static const char *const methods[] = /* in the order of LWSHUMETH_GET and the others */
        {"GET", "POST", "OPTIONS", "PUT", "PATCH", "DELETE", "CONNECT", "HEAD", ""};
    char accept[HEAD_MAX], id[HEAD_MAX], query[3 * HEAD_MAX], *path;
    app_request r = {0};
    app_reply reply;
    int len, n;
    const int method = lws_http_get_uri_and_method(c->wsi, &path, &len);

    if (method < 0)
        return -1;
    r.method = (sse_str){methods[method], strlen(methods[method])};
    r.path = (sse_str){path, (size_t)len};
    r.query = copy_query(c->wsi, query, sizeof query);
    if ((n = lws_hdr_copy(c->wsi, accept, sizeof accept, WSI_TOKEN_HTTP_ACCEPT)) > 0)
        r.accept = (sse_str){accept, (size_t)n};
    if ((n = lws_hdr_custom_copy(c->wsi, id, sizeof id, "last-event-id:", 14)) >= 0)
        r.last_event_id = (sse_str){id, (size_t)n};
    r.body = (sse_str){(const char *)c->body, c->len};
    app_lock();
    app_answer(&c->stream, c, &r, &reply);
    server_wake();
    app_unlock();
    if (write_head(c->wsi, &reply) != 0)
        return -1;
    c->is_stream = reply.is_stream;
    if (c->is_stream) {
        lws_http_headers_detach(c->wsi);
        lws_set_timeout(c->wsi, NO_PENDING_TIMEOUT, 0);
        return 0;
    }
    c->len = method == LWSHUMETH_HEAD ? 0 : reply.body.len;
    free(c->body);
    c->body = malloc(LWS_PRE + c->len);
    if (c->body == NULL)
        return -1;
    if (c->len > 0)
        memcpy(c->body + LWS_PRE, reply.body.ptr, c->len);
    lws_callback_on_writable(c->wsi);
    return 0;
}

static int send_answer(struct client *c)
{
    if (c->len > 0 && lws_write(c->wsi, c->body + LWS_PRE, c->len, LWS_WRITE_HTTP_FINAL) < 0)
        return -1;
    return lws_http_transaction_completed(c->wsi) ? -1 : 0;
}

static int keep_body(struct client *c, const void *bytes, size_t len)
{
    if (c->body == NULL)
        c->body = malloc(APP_BODY_MAX);
    if (c->body == NULL || len > APP_BODY_MAX - c->len)
        return -1;
    if (len > 0)
        memcpy(c->body + c->len, bytes, len);
    c->len += len;
    return 0;
}

static void leave(struct client *c)
{
    app_lock();
    sse_subscriber_leave(&c->stream.subscriber);
    server_wake();
    app_unlock();
    free(c->body);
    c->body = NULL;
}

static int callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                    size_t len)
{
    struct client *const c = user;

    switch (reason) {
    case LWS_CALLBACK_EVENT_WAIT_CANCELLED:
        take_turn(NULL);
        return 0;
    case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE: /* h2c, websocket */
        return -1;
    case LWS_CALLBACK_HTTP:
        if (c->is_stream) /* another request */
            return -1;
        c->wsi = wsi;
        return lws_hdr_total_length(wsi, WSI_TOKEN_POST_URI) > 0 ? 0 : answer(c);
    case LWS_CALLBACK_HTTP_BODY:
        return keep_body(c, in, len);
    case LWS_CALLBACK_HTTP_BODY_COMPLETION:
        return answer(c);
    case LWS_CALLBACK_HTTP_WRITEABLE:
        return c->is_stream ? send_more(c) : send_answer(c);
    case LWS_CALLBACK_HTTP_DROP_PROTOCOL:
        leave(c);
        return 0;
    default:
        return 0;
    }
}

int main(int argc, char **argv)
{
    static const struct lws_protocols protocols[] = {
        {.name = "http", .callback = callback, .per_session_data_size = sizeof(struct client)},
        {0}};
    const char *const port = argc > 1 ? argv[1] : "8080";
    static const struct lws_http_mount mount = {.mountpoint = "/",
                                                .mountpoint_len = 1,
                                                .origin = "http",
                                                .origin_protocol = LWSMPRO_CALLBACK};
    struct lws_context_creation_info info = {.port = (int)strtol(port, NULL, 10),
                                             .iface = "127.0.0.1",
                                             .protocols = protocols,
                                             .mounts = &mount,
                                             .max_http_header_data = HEAD_MAX,
                                             .alpn = "http/1.1"};

    if (argc > 3) {
        info.options = LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT;
        info.ssl_cert_filepath = argv[2];
        info.ssl_private_key_filepath = argv[3];
    }
    lws_set_log_level(LLL_ERR | LLL_WARN, NULL);
    context = lws_create_context(&info);
    if (context == NULL)
        return 1;
    app_start("libwebsockets", 1);
    printf("%s://127.0.0.1:%s/\n", argc > 3 ? "https" : "http", port);
    fflush(stdout);
    while (!has_ended && lws_service(context, 0) >= 0)
        continue;
    lws_context_destroy(context);
    return 0;
}
