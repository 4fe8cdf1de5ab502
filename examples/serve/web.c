/* SPDX-License-Identifier: MIT */
/* web.c - see web.h.
 *
 * The face: read into the server's buffer. libmicrohttpd calls the reader of a stream when its
 * socket takes bytes. Where there are none the connection is parked: suspended, until
 * sse_channel_next gives its subscriber, in web_loop.c.
 *
 *     visit:  request --> handler --> streaming <--> parked
 *                            |            |            |
 *                            '------------'------------'--> complete: freed */
#define _GNU_SOURCE
#include "web_private.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum { STALLED_S = 60 };

static struct MHD_Daemon *server;
static const char *origin, *headers;
static web_handler *handler;

static sse_str text(const char *value)
{
    return (sse_str){value, value ? strlen(value) : 0};
}

/* Streams. */

void web_wake(visit *v)
{
    if (v->parked)
        MHD_resume_connection(v->connection);
    v->parked = 0;
}

/* Read all that there is, and what dry sends: in one piece, where it fits. */
static int read_events(visit *v, char *bytes, size_t cap, size_t *len)
{
    size_t more = 0;
    int status = sse_subscriber_read(&v->stream, bytes, cap, len);
    const int is_dry = status == SSE_AGAIN ||
                       (status == SSE_OK && *len < cap && sse_subscriber_behind(&v->stream) == 0);

    if (v->dry == NULL || !is_dry)
        return status;
    v->dry(v->user);
    status = sse_subscriber_read(&v->stream, bytes + *len, cap - *len, &more);
    *len += more;
    return *len > 0 ? SSE_OK : status;
}

static ssize_t read_stream(void *user, uint64_t position, char *bytes, size_t cap)
{
    visit *const v = user;
    size_t len;
    const int status = v->gone ? SSE_E_IO : read_events(v, bytes, cap, &len);

    (void)position;
    if (status == SSE_END)
        return MHD_CONTENT_READER_END_OF_STREAM;
    if (sse_status_closed(status))
        return MHD_CONTENT_READER_END_WITH_ERROR;
    if (status == SSE_AGAIN) {
        v->parked = 1;
        MHD_suspend_connection(v->connection);
    }
    return (ssize_t)len;
}

static void leave(visit *v)
{
    visit **at = &v->in->visits;

    while (*at != v)
        at = &(*at)->next;
    *at = v->next;
    v->in->count--;
    v->in = NULL;
    sse_subscriber_leave(&v->stream);
    if (v->left != NULL)
        v->left(v->user);
}

static void queue(visit *v, int status, struct MHD_Response *response, const sse_http_field *fields,
                  size_t count)
{
    size_t i;

    if (response == NULL)
        return;
    for (i = 0; i < count; i++)
        MHD_add_response_header(response, fields[i].name.ptr, fields[i].value.ptr);
    v->result = (int)MHD_queue_response(v->connection, (unsigned)status, response);
    v->answered = 1;
    MHD_destroy_response(response);
}

static sse_str allowed(void)
{
    return text(origin);
}

/* Answer with the fields of the library, and those of the caller. */
static void queue_answer(visit *v, sse_http_answer *answer, struct MHD_Response *response)
{
    sse_http_field fields[SSE_HTTP_FIELDS_MAX + 8];
    char scratch[SSE_HTTP_SCRATCH];
    size_t count;

    answer->version = SSE_HTTP_MANAGED;
    answer->origin = allowed();
    if (sse_http_fields(answer, fields, sizeof fields / sizeof *fields, scratch, &count) == SSE_OK)
        queue(v, answer->status, response, fields, count);
    else if (response != NULL)
        MHD_destroy_response(response);
}

static struct MHD_Response *buffer(const void *bytes, size_t len)
{
    return MHD_create_response_from_buffer(len, (void *)(uintptr_t)bytes, MHD_RESPMEM_MUST_COPY);
}

void web_refuse(const web_request *r, int status)
{
    sse_http_answer answer = {.status = status};

    queue_answer((visit *)(uintptr_t)r, &answer, buffer("", 0));
}

void web_reply(const web_request *r, int status, const char *type, const void *bytes, size_t len,
               const sse_http_field *extra, size_t extra_count)
{
    struct MHD_Response *const response = buffer(len > 0 ? bytes : "", len);

    if (response != NULL && type != NULL)
        MHD_add_response_header(response, "Content-Type", type);
    if (response != NULL && origin != NULL)
        MHD_add_response_header(response, "Access-Control-Allow-Origin", origin);
    queue((visit *)(uintptr_t)r, status, response, extra, extra_count);
}

/* libmicrohttpd 0.9.75 ends the chunks of an answer to HEAD, which has none: no chunks, then. */
static struct MHD_Response *reader(visit *v)
{
    struct MHD_Response *const response =
        MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 4096, read_stream, v, NULL);

    if (response != NULL && strcmp(v->request.method.ptr, "HEAD") == 0)
        MHD_set_response_options(response, MHD_RF_HTTP_1_0_COMPATIBLE_STRICT, MHD_RO_END);
    return response;
}

sse_subscriber *web_stream(const web_request *r, sse_channel *ch, const sse_http_answer *answer,
                           uint32_t flags, sse_str id, void (*left)(void *user), void *user)
{
    visit *const v = (visit *)(uintptr_t)r;
    room *const in = (room *)(void *)ch;
    const sse_str field = id.ptr != NULL ? id : web_field(r, "Last-Event-ID");
    sse_http_answer head = *answer;
    sse_writer *const w = sse_writer_init(v->queue, sizeof v->queue, 0);
    int status;

    head.status = 200;
    head.version = SSE_HTTP_MANAGED;
    status = sse_http_send(&head, w);
    if (status == SSE_OK)
        status = sse_subscriber_join(&v->stream, ch, w, v, flags, field.ptr, field.len,
                                     r->query.ptr, id.ptr != NULL ? 0 : r->query.len);
    if (status < SSE_OK) {
        web_refuse(r, status == SSE_E_RANGE ? 412 : 503);
        return NULL;
    }
    v->in = in;
    v->next = in->visits;
    in->visits = v;
    in->count++;
    v->left = left;
    v->user = user;
    if (in->finished)
        sse_subscriber_close(&v->stream);
    queue_answer(v, &head, reader(v));
    return &v->stream;
}

void web_when_dry(sse_subscriber *s, void (*dry)(void *user))
{
    ((visit *)sse_subscriber_user(s))->dry = dry;
}

/* Requests. */

sse_str web_field(const web_request *r, const char *name)
{
    const visit *const v = (const visit *)(const void *)r;
    sse_str value = text(MHD_lookup_connection_value(v->connection, MHD_HEADER_KIND, name));

    while (value.len > 0 && strchr(" \t", value.ptr[value.len - 1]) != NULL)
        value.len--;
    return value;
}

static void preflight(visit *v)
{
    sse_http_answer answer = {.status = 204,
                              .flags = SSE_HTTP_PREFLIGHT,
                              .methods = SSE_LIT("GET, HEAD, POST, PUT, DELETE, OPTIONS"),
                              .headers = text(headers)};

    queue_answer(v, &answer, buffer("", 0));
}

static enum MHD_Result answer(visit *v, const char *path, const char *method)
{
    v->request.method = text(method);
    v->request.path = text(path);
    v->request.query = text(v->query);
    v->request.body = (sse_str){v->body, v->body_len};
    if (v->too_long)
        web_refuse(&v->request, 413);
    else if (strcmp(method, "OPTIONS") == 0)
        preflight(v);
    else
        handler(&v->request);
    if (!v->answered)
        web_refuse(&v->request, 500);
    return (enum MHD_Result)v->result;
}

static void *begin(void *unused, const char *uri, struct MHD_Connection *connection)
{
    visit *const v = calloc(1, sizeof *v);
    const char *const query = strchr(uri, '?');

    (void)unused;
    if (v != NULL) {
        v->connection = connection;
        v->query = query != NULL ? strdup(query + 1) : NULL;
    }
    return v;
}

/* A body that is too long is read, too, or the client might lose the answer. */
static int take_body(visit *v, const char *bytes, size_t len)
{
    char *body;

    v->too_long |= len > WEB_BODY_MAX - v->body_len;
    if (v->too_long)
        return 1;
    body = realloc(v->body, v->body_len + len + 1);
    if (body == NULL)
        return 0;
    memcpy(body + v->body_len, bytes, len);
    v->body = body;
    v->body_len += len;
    body[v->body_len] = '\0';
    return 1;
}

/* Called when the head is here, with each part of the body, and at its end. */
static enum MHD_Result handle(void *unused, struct MHD_Connection *connection, const char *path,
                              const char *method, const char *version, const char *bytes,
                              size_t *len, void **state)
{
    visit *const v = *state;

    (void)unused, (void)version, (void)connection;
    if (v == NULL)
        return MHD_NO;
    if (v->request.method.ptr == NULL) {
        v->request.method = text(method);
        return MHD_YES;
    }
    if (*len == 0)
        return answer(v, path, method);
    if (!take_body(v, bytes, *len))
        return MHD_NO;
    *len = 0;
    return MHD_YES;
}

/* All is sent, or the connection is lost. */
static void complete(void *unused, struct MHD_Connection *connection, void **state,
                     enum MHD_RequestTerminationCode why)
{
    visit *const v = *state;

    (void)unused, (void)connection, (void)why;
    if (v == NULL)
        return;
    if (v->in != NULL)
        leave(v);
    free(v->query);
    free(v->body);
    free(v);
}

/* libmicrohttpd does not stop while a connection is suspended, but while one is to be resumed. */
static void stop(void)
{
    room *r;
    visit *v;

    for (r = web_rooms; r != NULL; r = r->next)
        for (v = r->visits; v != NULL; v = v->next)
            web_wake(v);
    MHD_stop_daemon(server);
    for (r = web_rooms; r != NULL; r = r->next)
        r->doomed = 1;
    web_free_rooms();
}

/* Returns 0 where it is no port. */
static int is_port(const char *port, struct sockaddr_in *at)
{
    char *end;
    const unsigned long number = strtoul(port, &end, 10);

    at->sin_port = htons((uint16_t)number);
    return *port >= '0' && *port <= '9' && *end == '\0' && number <= UINT16_MAX;
}

int web_run(const char *port, const char *from, const char *sends, web_handler *with,
            web_line *line)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    sigset_t ends;
    int signals;

    if (!is_port(port, &at)) {
        fprintf(stderr, "%s: %s\n", port, strerror(EINVAL));
        return 1;
    }
    origin = from;
    headers = sends;
    handler = with;
    sigemptyset(&ends);
    sigaddset(&ends, SIGINT);
    sigaddset(&ends, SIGTERM);
    sigprocmask(SIG_BLOCK, &ends, NULL);
    signal(SIGPIPE, SIG_IGN);
    signals = signalfd(-1, &ends, SFD_CLOEXEC);
    server = MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, handle, NULL,
                              MHD_OPTION_SOCK_ADDR, &at, MHD_OPTION_URI_LOG_CALLBACK, begin, NULL,
                              MHD_OPTION_NOTIFY_COMPLETED, complete, NULL,
                              MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)STALLED_S, MHD_OPTION_END);
    if (server == NULL || signals < 0) {
        perror(port);
        return 1;
    }
    printf("http://127.0.0.1:%u/\n",
           (unsigned)MHD_get_daemon_info(server, MHD_DAEMON_INFO_BIND_PORT)->port);
    fflush(stdout);
    web_loop(server, signals, line);
    stop();
    close(signals);
    return 0;
}
