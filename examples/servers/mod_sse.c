/* SPDX-License-Identifier: MIT */
/* mod_sse.c - a module of Apache, which serves streams from the threads of its child process.
 *
 *     apxs -c mod_sse.c app.c threads.c -lsse -lpthread -Wl,-z,nodelete     nodelete: it has a thread
 *
 * httpd.conf; "apachectl graceful-stop" sends all clients away; "apachectl stop" cuts them off, and
 * takes ten seconds where one has stalled:
 *
 *     LoadModule sse_module mod_sse.so
 *     Listen 127.0.0.1:8080
 *     StartServers 1                  # each child process has a channel of its own
 *     ServerLimit 1
 *     ThreadLimit 300                 # a stream holds a thread
 *     ThreadsPerChild 300
 *     MaxRequestWorkers 300
 *     MinSpareThreads 1
 *     MaxSpareThreads 300
 *     <Location "/">
 *         SetHandler sse
 *     </Location>
 *
 * The face: read, then a write that blocks. The thread of the request sleeps until there are bytes.
 * That a client has gone shows when a write fails, at a heartbeat or the one after it. ap_rflush
 * waits for TimeOut: the socket of a client that has stalled is shut down before. mod_deflate would
 * keep bytes back. A graceful restart begins a new history: clients are told of a gap. mod_http2 runs
 * six streams of a connection at a time: the next ones wait for their end. */
#include "threads.h"

#include <httpd.h>

#include <apr_portable.h>
#include <apr_strings.h>
#include <http_config.h>
#include <http_core.h>
#include <http_protocol.h>
#include <mpm_common.h>
#include <sys/socket.h>

/* SSE: the thread of the request writes what the subscriber gives. */

static void cut(void *request)
{
    request_rec *const r = request;
    int fd;

    if (apr_os_sock_get(&fd, ap_get_conn_socket(r->connection)) == APR_SUCCESS)
        shutdown(fd, SHUT_RDWR);
}

static void send_stream(request_rec *r, threads_stream *s)
{
    char bytes[16384];
    size_t len;
    int status;

    apr_table_setn(r->subprocess_env, "no-gzip", "1");
    while ((status = threads_read(s, bytes, sizeof bytes, &len)) == SSE_OK)
        if (ap_rwrite(bytes, (int)len, r) < 0 || ap_rflush(r) < 0)
            break;
    if (status != SSE_END)
        r->connection->aborted = 1; /* so that it does not look like the end of the stream */
}

static void *keep_time(void *unused)
{
    app_keep_time();
    return unused;
}

static void stop(apr_pool_t *unused, int graceful)
{
    (void)unused, (void)graceful;
    app_lock();
    app_drain();
    server_wake();
    app_unlock();
}

/* End of SSE. The rest is the server. */

static void start(apr_pool_t *unused, server_rec *server)
{
    pthread_t thread;

    (void)unused, (void)server;
    app_start("mod_sse", 0);
    if (pthread_create(&thread, NULL, keep_time, NULL) == 0)
        pthread_detach(thread);
}

static sse_str text(const char *value)
{
    return (sse_str){value, value ? strlen(value) : 0};
}

/* Read the body. Returns OK, or the status of a refusal. */
static int receive(request_rec *r, char *body, size_t *len)
{
    const int status = ap_setup_client_block(r, REQUEST_CHUNKED_DECHUNK);
    long n = 0;

    if (status != OK || !ap_should_client_block(r))
        return status;
    while (*len <= APP_BODY_MAX &&
           (n = ap_get_client_block(r, body + *len, APP_BODY_MAX + 1 - *len)) > 0)
        *len += (size_t)n;
    if (n < 0)
        return HTTP_BAD_REQUEST;
    return *len > APP_BODY_MAX ? HTTP_REQUEST_ENTITY_TOO_LARGE : OK;
}

static void answer(request_rec *r, threads_stream *s, sse_str body)
{
    const app_request request = {
        .version = SSE_HTTP_MANAGED,
        .method = text(r->method),
        .path = text(r->uri),
        .query = text(r->args),
        .accept = text(apr_table_get(r->headers_in, "Accept")),
        .last_event_id = text(apr_table_get(r->headers_in, "Last-Event-ID")),
        .body = body,
    };
    app_reply reply;
    size_t i;

    threads_answer(s, &request, &reply);
    r->status = reply.status;
    for (i = 0; i < reply.count; i++)
        if (strcmp(reply.fields[i].name.ptr, "content-type") == 0)
            ap_set_content_type(r, apr_pstrdup(r->pool, reply.fields[i].value.ptr));
        else
            apr_table_add(r->headers_out, reply.fields[i].name.ptr, reply.fields[i].value.ptr);
    if (reply.is_stream)
        send_stream(r, s);
    else
        ap_rwrite(reply.body.ptr, (int)reply.body.len, r);
    threads_leave(s);
}

static int handle(request_rec *r)
{
    threads_stream *s;
    sse_str body = {NULL, 0};
    char *bytes;
    int status;

    if (r->handler == NULL || strcmp(r->handler, "sse") != 0)
        return DECLINED;
    s = apr_pcalloc(r->pool, sizeof *s);
    s->cut = cut;
    s->cut_user = r;
    bytes = apr_palloc(r->pool, APP_BODY_MAX + 1);
    status = receive(r, bytes, &body.len);
    if (status != OK)
        return status;
    body.ptr = bytes;
    answer(r, s, body);
    return OK;
}

static void add_hooks(apr_pool_t *unused)
{
    (void)unused;
    ap_hook_child_init(start, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_child_stopping(stop, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_handler(handle, NULL, NULL, APR_HOOK_MIDDLE);
}

AP_DECLARE_MODULE(sse) = {STANDARD20_MODULE_STUFF, NULL, NULL, NULL, NULL, NULL, add_hooks, 0};
