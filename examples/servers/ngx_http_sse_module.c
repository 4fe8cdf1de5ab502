/* SPDX-License-Identifier: MIT */
/* ngx_http_sse_module.c - a dynamic module of nginx, which serves streams from its worker process.
 *
 * In the source of your nginx, or in /usr/share/nginx/src of Debian's nginx-dev, run ./configure with
 * the arguments that nginx -V shows and --add-dynamic-module=DIR, then make -f objs/Makefile modules.
 * DIR has this file, app.c, app.h, and a file named config:
 *
 *     ngx_module_type=HTTP; ngx_module_name=ngx_http_sse_module; ngx_module_libs='-lsse -Wl,-z,nodelete'
 *     ngx_addon_name=ngx_http_sse_module
 *     ngx_module_srcs="$ngx_addon_dir/ngx_http_sse_module.c $ngx_addon_dir/app.c"
 *     ngx_module_incs=$ngx_addon_dir
 *     . auto/module
 *
 * nginx.conf; "nginx -s quit" sends all clients away, "nginx -s stop" does not:
 *
 *     load_module ngx_http_sse_module.so;
 *     worker_processes 1;             # each worker process has a channel of its own
 *     worker_shutdown_timeout 2500ms; # more than app_drain takes
 *     events { worker_connections 1024; }
 *     http { server {
 *         listen 127.0.0.1:8080;
 *         client_max_body_size 32k;
 *         client_body_buffer_size 32k;
 *         location / { sse; }
 *     } }
 *
 * The face: read. nginx does not copy what it is given, and keeps it until the socket has taken it;
 * so the bytes are read into memory of the request. nginx calls write_event_handler when it has room
 * again. A client that goes away shows at once, to ngx_http_test_reading; so does a half-close.
 *
 * Traps: code that finalizes a request, and that nginx has not called for this request, must run the
 * posted requests itself. A worker that is to quit waits for timers, and not for streams; an idle
 * connection learns that it is to quit. ngx_notify belongs to the thread pools, and calls only the
 * handler that was given last. nginx unloads the module while its thread is still there: hence
 * nodelete. */
#define _GNU_SOURCE
#include "app.h"

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include <signal.h>

extern ngx_module_t ngx_http_sse_module;

typedef struct client {
    app_stream stream;
    int is_sending;
    ngx_buf_t buffer;
    ngx_chain_t link;
    u_char bytes[8192];
} client;

static ngx_connection_t *wake;
static ngx_event_t timer;

/* SSE: a request reads bytes when nginx has sent what it was given. */

void server_wake(void)
{
    eventfd_write(wake->fd, 1);
}

/* The write_event_handler. It can end the request. */
static void serve(ngx_http_request_t *r)
{
    client *const c = ngx_http_get_module_ctx(r, ngx_http_sse_module);
    sse_subscriber *const s = &c->stream.subscriber;
    ngx_int_t sent;
    int status;
    size_t len;

    app_lock();
    status = sse_subscriber_status(s);
    sent = c->is_sending ? ngx_http_output_filter(r, NULL) : NGX_OK;
    while (sent == NGX_OK &&
           (status = sse_subscriber_read(s, c->bytes, sizeof c->bytes, &len)) == SSE_OK) {
        c->buffer.pos = c->bytes;
        c->buffer.last = c->bytes + len;
        sent = ngx_http_output_filter(r, &c->link);
    }
    c->is_sending = sent == NGX_AGAIN;
    app_unlock();
    if (status == SSE_END)
        ngx_http_finalize_request(r, ngx_http_send_special(r, NGX_HTTP_LAST));
    else if (sse_status_closed(status) || sent == NGX_ERROR ||
             ngx_handle_write_event(r->connection->write, 0) != NGX_OK)
        ngx_http_finalize_request(r, NGX_ERROR);
}

/* The lock is held, except while a request may end, for then nginx calls forget. */
static void serve_all(void)
{
    sse_subscriber *s;

    while ((s = sse_channel_next(&app_channel)) != NULL) {
        ngx_http_request_t *const r = sse_subscriber_user(s);
        ngx_connection_t *const connection = r->connection;

        app_unlock();
        serve(r);
        ngx_http_run_posted_requests(connection);
        app_lock();
    }
}

/* End of SSE. The rest is the server. */

static void on_event(ngx_event_t *event)
{
    static int drains;
    int wait_ms;

    (void)event;
    app_lock();
    if (wake->close && !drains) { /* what nginx asks of idle connections: the worker is to quit */
        drains = 1;
        app_drain();
    }
    app_tick();
    serve_all();
    wait_ms = app_timeout();
    app_unlock();
    if (timer.timer_set)
        ngx_del_timer(&timer);
    if (wait_ms >= 0)
        ngx_add_timer(&timer, (ngx_msec_t)wait_ms);
}

static void forget(void *c)
{
    app_lock();
    sse_subscriber_leave(&((client *)c)->stream.subscriber);
    app_unlock();
}

static ngx_str_t copy(ngx_http_request_t *r, sse_str from)
{
    ngx_str_t to = {from.len, ngx_pnalloc(r->pool, from.len + 1)};

    if (to.data == NULL || from.len == 0)
        return (ngx_str_t)ngx_null_string;
    ngx_memcpy(to.data, from.ptr, from.len);
    return to;
}

/* A field of the request, by the name of its variable. */
static sse_str field(ngx_http_request_t *r, ngx_str_t name)
{
    const ngx_http_variable_value_t *const v =
        ngx_http_get_variable(r, &name, ngx_hash_key(name.data, name.len));

    return v == NULL || v->not_found ? (sse_str){NULL, 0} : (sse_str){(char *)v->data, v->len};
}

static ngx_int_t send_head(ngx_http_request_t *r, const app_reply *reply)
{
    const sse_http_field *f = reply->fields;

    r->headers_out.status = (ngx_uint_t)reply->status;
    for (; f < reply->fields + reply->count; f++) {
        const ngx_str_t name = copy(r, f->name), value = copy(r, f->value);

        if (ngx_strncmp(name.data, "content-type", name.len) == 0) {
            r->headers_out.content_type = value;
            r->headers_out.content_type_len = value.len;
        } else {
            ngx_table_elt_t *const to = ngx_list_push(&r->headers_out.headers);

            if (to == NULL)
                return NGX_ERROR;
            *to = (ngx_table_elt_t){.hash = 1, .key = name, .value = value};
        }
    }
    return ngx_http_send_header(r);
}

/* The reply is no stream. */
static ngx_int_t send_all(ngx_http_request_t *r, client *c, const app_reply *reply)
{
    const ngx_str_t body = copy(r, reply->body);
    ngx_int_t rc;

    r->header_only |= body.len == 0;
    if (reply->status != NGX_HTTP_NO_CONTENT && (body.len > 0 || r->method != NGX_HTTP_HEAD))
        r->headers_out.content_length_n = (off_t)body.len;
    rc = send_head(r, reply);
    if (rc != NGX_OK || r->header_only)
        return rc;
    c->buffer.pos = body.data;
    c->buffer.last = body.data + body.len;
    c->buffer.last_buf = 1;
    return ngx_http_output_filter(r, &c->link);
}

/* Returns the body of the request; not where nginx has put it into a file. */
static sse_str gather(ngx_http_request_t *r)
{
    const ngx_chain_t *link = r->request_body->bufs;
    char *const bytes = link ? ngx_pnalloc(r->pool, APP_BODY_MAX) : NULL;
    size_t len = 0;

    for (; bytes && link; link = link->next) {
        const size_t n = (size_t)ngx_buf_size(link->buf);

        if (link->buf->in_file || n > APP_BODY_MAX - len)
            return (sse_str){NULL, 0};
        if (n > 0)
            ngx_memcpy(bytes + len, link->buf->pos, n);
        len += n;
    }
    return (sse_str){bytes, len};
}

/* The body of the request is here. */
static void answer(ngx_http_request_t *r)
{
    client *const c = ngx_pcalloc(r->pool, sizeof *c);
    ngx_http_cleanup_t *const cleanup = ngx_http_cleanup_add(r, 0);
    app_request request = {
        .version = SSE_HTTP_MANAGED,
        .method = {(char *)r->method_name.data, r->method_name.len},
        .path = {(char *)r->uri.data, r->uri.len},
        .query = {(char *)r->args.data, r->args.len},
        .accept = field(r, (ngx_str_t)ngx_string("http_accept")),
        .last_event_id = field(r, (ngx_str_t)ngx_string("http_last_event_id")),
        .body = gather(r),
    };
    app_reply reply;

    if (c == NULL || cleanup == NULL || (request.body.ptr == NULL && r->request_body->bufs)) {
        ngx_http_finalize_request(r, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }
    ngx_http_set_ctx(r, c, ngx_http_sse_module);
    *cleanup = (ngx_http_cleanup_t){forget, c, cleanup->next};
    c->buffer.memory = c->buffer.flush = 1;
    c->link.buf = &c->buffer;
    app_lock();
    app_answer(&c->stream, r, &request, &reply);
    app_unlock();
    ngx_post_event(wake->read,
                   &ngx_posted_events); /* serve_all, but not from inside of a request */
    if (!reply.is_stream) {
        ngx_http_finalize_request(r, send_all(r, c, &reply));
    } else if (send_head(r, &reply) == NGX_ERROR) {
        ngx_http_finalize_request(r, NGX_ERROR);
    } else {
        r->read_event_handler = ngx_http_test_reading;
        r->write_event_handler = serve;
    }
}

static ngx_int_t handle(ngx_http_request_t *r)
{
    const ngx_int_t rc = ngx_http_read_client_request_body(r, answer);

    return rc >= NGX_HTTP_SPECIAL_RESPONSE ? rc : NGX_DONE;
}

static char *set_handler(ngx_conf_t *cf, ngx_command_t *command, void *conf)
{
    ngx_http_core_loc_conf_t *const location =
        ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    (void)command, (void)conf;
    location->handler = handle;
    return NGX_CONF_OK;
}

/* A thread of the application must not get the signals of nginx. */
static ngx_int_t start(ngx_cycle_t *cycle)
{
    sigset_t all, mine;

    if (ngx_process != NGX_PROCESS_WORKER)
        return NGX_OK;
    wake = ngx_get_connection(eventfd(0, EFD_NONBLOCK), cycle->log);
    if (wake == NULL)
        return NGX_ERROR;
    wake->idle = 1;
    wake->read->handler = timer.handler = on_event;
    wake->read->log = timer.log = cycle->log;
    timer.data = wake;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &mine);
    app_start("nginx", 0);
    pthread_sigmask(SIG_SETMASK, &mine, NULL);
    return ngx_add_event(wake->read, NGX_READ_EVENT, NGX_CLEAR_EVENT);
}

/* The lock stays: from here on, the thread of the application does nothing. */
static void end(ngx_cycle_t *cycle)
{
    (void)cycle;
    if (wake == NULL)
        return;
    app_lock();
    ngx_close_connection(wake);
}

static ngx_command_t commands[] = {
    {ngx_string("sse"), NGX_HTTP_LOC_CONF | NGX_CONF_NOARGS, set_handler, 0, 0, NULL},
    ngx_null_command,
};
static ngx_http_module_t context = {NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL};

ngx_module_t ngx_http_sse_module = {
    NGX_MODULE_V1, &context, commands, NGX_HTTP_MODULE,       NULL, NULL, start, NULL,
    NULL,          end,      NULL,     NGX_MODULE_V1_PADDING,
};
