/* SPDX-License-Identifier: MIT */
#include "answer.h"

#include "../serve/text.h"
#include "date.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HEADERS_MAX = 1000 };

static sse_str range(const char *text)
{
    return (sse_str){text, text ? strlen(text) : 0};
}

static int is_method(const question *q, const char *method)
{
    return q->request && text_is(q->request->method, method);
}

static int is_kind(const question *q, int kind)
{
    return q->route && (int)q->route->kind == kind;
}

const route *answer_route(const clients *cs, const request *r)
{
    size_t i;

    for (i = 0; r && i < cs->site->count; i++) {
        if (text_is(r->path, cs->site->routes[i].path))
            return &cs->site->routes[i];
    }
    return NULL;
}

int answer_needs_body(const question *q)
{
    return is_kind(q, ROUTE_ACTION) && is_method(q, "POST");
}

int answer_begins(const question *q)
{
    return answer_needs_body(q) || (is_kind(q, ROUTE_STREAM) && is_method(q, "GET"));
}

/* Whether the route has the method. */
static int has_method(const question *q)
{
    if (is_kind(q, ROUTE_ACTION))
        return is_method(q, "POST");
    return is_method(q, "GET") || is_method(q, "HEAD");
}

/* What speaks against a stream. */
static int stream_status(const question *q)
{
    const clients *const cs = q->clients;

    if (!request_accepts_stream(q->request))
        return 406;
    return cs->streaming < cs->options->max_clients ? 200 : 503;
}

/* What a route says that may be asked. */
static int route_status(const question *q)
{
    const int status = q->route->check ? q->route->check(q) : 200;

    return status == 200 && q->route->kind == ROUTE_STREAM ? stream_status(q) : status;
}

/* Whether a request may ask for its route, or learn that there is none. */
static int is_admitted(const question *q)
{
    return (q->route && q->route->is_public) || access_has_token(q->clients->access, q->request);
}

int answer_status(const question *q, int status)
{
    if (status != 200)
        return status;
    if (!access_has_host(q->clients->access, q->request))
        return 403;
    if (is_method(q, "OPTIONS"))
        return 204; /* a preflight brings no token */
    if (!has_method(q))
        return 405;
    if (!is_admitted(q))
        return 401;
    return q->route ? route_status(q) : 404;
}

/* The fields that a preflight asks for: none can do harm here. */
static sse_str wanted_headers(const question *q)
{
    sse_str headers = range(NULL);

    if (q->request)
        headers = request_field(q->request, "Access-Control-Request-Headers");
    return headers.len > 0 && headers.len <= HEADERS_MAX ? headers : range(NULL);
}

/* Put what the library answers: the head of the stream, a refusal, or what OPTIONS asks for. */
static int put_route(sse_writer *w, const question *q, int status)
{
    const http_options *const o = q->clients->options;
    const sse_http_field extra[] = {{SSE_LIT("date"), date_now()},
                                    {SSE_LIT("www-authenticate"), SSE_LIT("Bearer")}};
    const sse_http_answer a = {
        .version = q->request && q->request->minor == 0 ? SSE_HTTP_1_0 : SSE_HTTP_1_1,
        .status = status,
        .flags = (status == 204 ? SSE_HTTP_PREFLIGHT : 0) |
                 (o->cors_credentials ? SSE_HTTP_CREDENTIALS : 0),
        .retry_ms = status == 503 ? sse_retry_spread(5000, 25000, q->seed) : o->retry_ms,
        .first = is_method(q, "HEAD") ? SSE_HTTP_FIRST_NONE : o->first,
        .origin = range(access_origin(q->clients->access, q->request)),
        .methods = range(is_kind(q, ROUTE_ACTION) ? "POST, OPTIONS" : NULL),
        .headers = wanted_headers(q),
        .extra = extra,
        .extra_count = status == 401 ? 2 : 1,
    };

    return sse_http_send(&a, w);
}

/* Write what pages of other origins need to read a document. */
static void write_cors(char dst[ANSWER_HEAD_MAX / 2], const question *q)
{
    const char *const origin = access_origin(q->clients->access, q->request);

    dst[0] = '\0';
    if (origin)
        snprintf(dst, ANSWER_HEAD_MAX / 2, "Access-Control-Allow-Origin: %s\r\n%s%s", origin,
                 q->clients->options->cors_credentials
                     ? "Access-Control-Allow-Credentials: true\r\n"
                     : "",
                 strcmp(origin, "*") == 0 ? "" : "Vary: Origin\r\n");
}

static const char *reason_of(int status)
{
    static const struct {
        int status;
        const char *reason;
    } known[] = {{200, "OK"}, {400, "Bad Request"}, {404, "Not Found"}};
    size_t i;

    for (i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (known[i].status == status)
            return known[i].reason;
    }
    return "Service Unavailable";
}

int answer_put_text(sse_writer *w, const question *q, int status, const char *fields,
                    const char *text, size_t len, int has_content)
{
    char head[ANSWER_HEAD_MAX], cors[ANSWER_HEAD_MAX / 2];
    int done;

    write_cors(cors, q);
    snprintf(head, sizeof head,
             "HTTP/1.1 %d %s\r\nDate: %s\r\n%sContent-Length: %zu\r\nCache-Control: no-store\r\n"
             "X-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\n%s"
             "Connection: close\r\n\r\n",
             status, reason_of(status), date_now().ptr, fields, len, cors);
    done = sse_writer_raw(w, head, strlen(head));
    return done == SSE_OK && has_content ? sse_writer_raw(w, text, len) : done;
}

static int put_document(sse_writer *w, const question *q)
{
    char *const text = malloc(q->route->max(q->clients));
    size_t len;
    int status;

    if (text == NULL)
        return SSE_AGAIN;
    status = q->route->write(text, &len, q->clients);
    status = answer_put_text(w, q, status, q->route->fields, text, len, is_method(q, "GET"));
    free(text);
    return status;
}

static int is_document(const question *q, int status)
{
    return status == 200 && is_kind(q, ROUTE_DOCUMENT);
}

size_t answer_max(const question *q, int status)
{
    return ANSWER_HEAD_MAX + (is_document(q, status) ? q->route->max(q->clients) : 0);
}

int answer_put(sse_writer *w, const question *q, int status)
{
    return is_document(q, status) ? put_document(w, q) : put_route(w, q, status);
}
