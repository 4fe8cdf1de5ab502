/* SPDX-License-Identifier: MIT */
/* fastcgi.c - a FastCGI application behind nginx: libfcgi, a thread for each request.
 *
 *     cc fastcgi.c app.c threads.c -lsse -lfcgi -lpthread -o fastcgi
 *     ./fastcgi [socket]                 fastcgi.sock; nginx has to be allowed to write to it
 *
 * In the server of nginx:
 *
 *     send_timeout 30s;                  # for a client that does not read
 *     client_max_body_size 32k;
 *     location / {
 *         include fastcgi_params;
 *         fastcgi_pass unix:/path/to/fastcgi.sock;
 *     }
 *
 * The face: read, then a write that blocks. The thread of a request sleeps until there are bytes.
 * THREADS is the most streams: one more client waits. nginx closes its connection to us when a client
 * goes away, at once, and also when the client only ends what it sends. The thread learns of it when
 * a write fails, at a heartbeat or the one after it.
 *
 * Traps: without X-Accel-Buffering, which is among the fields of the library, nginx holds events back.
 * fastcgi_read_timeout, 60 s, must be longer than the heartbeat. Nothing but send_timeout ends a write
 * for a client that does not read. A stream that is cut here is a whole answer for nginx. */
#define _POSIX_C_SOURCE 200809L
#include "threads.h"

#include <fcgiapp.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { THREADS = 260 };

struct client {
    threads_stream stream;
    char bytes[APP_BODY_MAX + 1]; /* the body of the request; then what goes to the client */
};

/* SSE: the thread of the request writes what the subscriber gives. */

static void send_stream(FCGX_Stream *out, struct client *c)
{
    size_t len;

    while (FCGX_FFlush(out) == 0 &&
           threads_read(&c->stream, c->bytes, sizeof c->bytes, &len) == SSE_OK)
        if (FCGX_PutStr(c->bytes, (int)len, out) != (int)len)
            break;
}

/* End of SSE. The rest is the server. */

static sse_str param(const FCGX_Request *from, const char *name)
{
    const char *const value = FCGX_GetParam(name, from->envp);

    return (sse_str){value, value ? strlen(value) : 0};
}

static void send_head(FCGX_Stream *out, const app_reply *reply)
{
    size_t i;

    FCGX_FPrintF(out, "Status: %d\r\n", reply->status);
    for (i = 0; i < reply->count; i++)
        FCGX_FPrintF(out, "%s: %s\r\n", reply->fields[i].name.ptr, reply->fields[i].value.ptr);
    FCGX_PutS("\r\n", out);
}

static void handle(FCGX_Request *request)
{
    struct client *const c = calloc(1, sizeof *c);
    app_request r = {
        .version = SSE_HTTP_MANAGED,
        .method = param(request, "REQUEST_METHOD"),
        .path = param(request, "DOCUMENT_URI"),
        .query = param(request, "QUERY_STRING"),
        .accept = param(request, "HTTP_ACCEPT"),
        .last_event_id = param(request, "HTTP_LAST_EVENT_ID"),
    };
    const int len = c ? FCGX_GetStr(c->bytes, sizeof c->bytes, request->in) : 0;
    app_reply reply = {.status = c ? 413 : 503};

    if (c == NULL || len > APP_BODY_MAX) {
        send_head(request->out, &reply);
        FCGX_Finish_r(request);
        free(c);
        return;
    }
    r.body = (sse_str){c->bytes, (size_t)len};
    threads_answer(&c->stream, &r, &reply);
    send_head(request->out, &reply);
    if (reply.is_stream)
        send_stream(request->out, c);
    else
        FCGX_PutStr(reply.body.ptr, (int)reply.body.len, request->out);
    FCGX_Finish_r(request); /* sends the end, and only then may the program end */
    threads_leave(&c->stream);
    free(c);
}

static void *serve(void *listener)
{
    FCGX_Request request;

    FCGX_InitRequest(&request, *(const int *)listener, 0);
    while (FCGX_Accept_r(&request) == 0)
        handle(&request);
    return NULL;
}

int main(int argc, char **argv)
{
    static int listener;
    pthread_t thread;
    int i;

    FCGX_Init();
    listener = FCGX_OpenSocket(argc > 1 ? argv[1] : "fastcgi.sock", 128);
    if (listener < 0)
        return 1;
    app_start("fastcgi", 1);
    for (i = 0; i < THREADS; i++)
        if (pthread_create(&thread, NULL, serve, &listener) != 0 || pthread_detach(thread) != 0)
            return 1;
    app_keep_time();
    return 0;
}
