/* SPDX-License-Identifier: MIT */
#include "answer.h"

#include "../serve/text.h"
#include "date.h"
#include "page.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { HEAD_MAX = 4096, HEADERS_MAX = 1000, DOCUMENT_MAX = 60 * 1024 };

/* Whether the page fits, when both of the types in it are as long as they may be. */
typedef char page_fits[sizeof page_html + 2 * 6 * OPTIONS_TYPE_MAX < DOCUMENT_MAX ? 1 : -1];

static sse_str range(const char *text)
{
    return (sse_str){text, text ? strlen(text) : 0};
}

static int is_path(const question *q, const char *path)
{
    return q->request && text_is(q->request->path, path);
}

static int is_method(const question *q, const char *method)
{
    return q->request && text_is(q->request->method, method);
}

int answer_is_stream(const question *q)
{
    return is_path(q, "/events") && is_method(q, "GET");
}

int answer_status(const question *q, int status)
{
    if (status != 200)
        return status;
    if (!access_has_host(q->clients->access, q->request))
        return 403;
    if (is_method(q, "OPTIONS"))
        return 204; /* a preflight brings no token */
    if (!is_method(q, "GET") && !is_method(q, "HEAD"))
        return 405;
    if (is_path(q, "/healthz"))
        return 200;
    if (!access_has_token(q->clients->access, q->request))
        return 401;
    if (!is_path(q, "/events"))
        return is_path(q, "/") || is_path(q, "/metrics") ? 200 : 404;
    if (!request_accepts_stream(q->request))
        return 406;
    return q->clients->streaming < q->clients->options->max_clients ? 200 : 503;
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
    const options *const o = q->clients->options;
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
        .headers = wanted_headers(q),
        .extra = extra,
        .extra_count = status == 401 ? 2 : 1,
    };

    return sse_http_send(&a, w);
}

/* Write what pages of other origins need to read a document. */
static void write_cors(char dst[HEAD_MAX / 2], const question *q)
{
    const char *const origin = access_origin(q->clients->access, q->request);

    dst[0] = '\0';
    if (origin)
        snprintf(dst, HEAD_MAX / 2, "Access-Control-Allow-Origin: %s\r\n%s%s", origin,
                 q->clients->options->cors_credentials
                     ? "Access-Control-Allow-Credentials: true\r\n"
                     : "",
                 strcmp(origin, "*") == 0 ? "" : "Vary: Origin\r\n");
}

/* Put the head of a document with its length and whatever `fields` says beside it. */
static int put_head(sse_writer *w, const question *q, const char *fields, size_t len)
{
    char head[HEAD_MAX], cors[HEAD_MAX / 2];

    write_cors(cors, q);
    snprintf(head, sizeof head,
             "HTTP/1.1 200 OK\r\nDate: %s\r\n%sContent-Length: %zu\r\nCache-Control: no-store\r\n"
             "X-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\n%s"
             "Connection: close\r\n\r\n",
             date_now().ptr, fields, len, cors);
    return sse_writer_raw(w, head, strlen(head));
}

/* Write text as the value of an HTML attribute. Returns its length; dst has 6 bytes for each of
 * text, and one more. */
static size_t escape(char *dst, const char *text)
{
    size_t len = 0;

    for (; *text; text++) {
        if (strchr("&<>\"'", *text))
            len += (size_t)sprintf(dst + len, "&#%d;", *text);
        else
            dst[len++] = *text;
    }
    return len;
}

/* Write the page, with the types of the events that it listens for in the attributes that it has
 * for them. Returns its length. */
static size_t write_page(char dst[DOCUMENT_MAX], const options *o)
{
    const char *const marks[] = {"data-event=\"", "data-farewell=\""};
    const char *const types[] = {o->event, o->farewell};
    const char *page = (const char *)page_html;
    size_t rest = page_html_len, len = 0, i;

    for (i = 0; i < sizeof marks / sizeof marks[0]; i++) {
        const char *const mark = strstr(page, marks[i]);
        const size_t n = mark ? (size_t)(mark - page) + strlen(marks[i]) : 0;

        memcpy(dst + len, page, n);
        page += n;
        rest -= n;
        len += n;
        if (mark && types[i])
            len += escape(dst + len, types[i]);
    }
    memcpy(dst + len, page, rest);
    return len + rest;
}

/* The metrics, as Prometheus reads them. */
static size_t write_metrics(char dst[DOCUMENT_MAX], const question *q)
{
    static const struct {
        const char *name, *type, *help;
        int counter;
    } metrics[] = {
        {"ssecat_clients", "gauge", "Streams that are open.", SSE_COUNT_SUBSCRIBERS},
        {"ssecat_streams_total", "counter", "Streams that were opened.", SSE_COUNT_JOINED},
        {"ssecat_resumed_total", "counter",
         "Streams that were opened with a last event ID, and had missed nothing.",
         SSE_COUNT_RESUMED},
        {"ssecat_events_total", "counter", "Events that were published.", SSE_COUNT_EVENTS},
        {"ssecat_sent_bytes_total", "counter", "Bytes sent on streams.", SSE_COUNT_BYTES},
        {"ssecat_gaps_total", "counter", "Gap events.", SSE_COUNT_GAPS},
        {"ssecat_heartbeats_total", "counter", "Heartbeats.", SSE_COUNT_HEARTBEATS},
        {"ssecat_cut_total", "counter", "Streams that could not go on.", SSE_COUNT_CLOSED},
    };
    size_t len = 0, i;

    for (i = 0; i < sizeof metrics / sizeof metrics[0]; i++)
        len += (size_t)sprintf(dst + len, "# HELP %s %s\n# TYPE %s %s\n%s %" PRIu64 "\n",
                               metrics[i].name, metrics[i].help, metrics[i].name, metrics[i].type,
                               metrics[i].name,
                               sse_channel_count(&q->clients->channel, metrics[i].counter));
    len += (size_t)sprintf(
        dst + len,
        "# HELP ssecat_behind_events Events that the slowest stream has not "
        "taken.\n# TYPE ssecat_behind_events gauge\nssecat_behind_events %" PRIu64 "\n",
        clients_behind(q->clients));
    return len;
}

static int put_document(sse_writer *w, const question *q)
{
    static char text[DOCUMENT_MAX];
    const char *fields = "Content-Type: text/plain; charset=utf-8\r\n";
    size_t len;
    int status;

    if (is_path(q, "/")) {
        fields = "Content-Type: text/html; charset=utf-8\r\n"
                 "Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'; "
                 "script-src 'unsafe-inline'; connect-src 'self'; img-src data:; "
                 "base-uri 'none'; form-action 'none'; frame-ancestors 'none'\r\n";
        len = write_page(text, q->clients->options);
    } else if (is_path(q, "/metrics")) {
        fields = "Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n";
        len = write_metrics(text, q);
    } else {
        len = (size_t)sprintf(text, "ok\n");
    }
    status = put_head(w, q, fields, len);
    return status == SSE_OK && is_method(q, "GET") ? sse_writer_raw(w, text, len) : status;
}

static int is_document(const question *q, int status)
{
    return status == 200 && !is_path(q, "/events");
}

size_t answer_max(const question *q, int status)
{
    return is_document(q, status) ? HEAD_MAX + DOCUMENT_MAX : HEAD_MAX;
}

int answer_put(sse_writer *w, const question *q, int status)
{
    return is_document(q, status) ? put_document(w, q) : put_route(w, q, status);
}
