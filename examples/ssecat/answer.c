/* SPDX-License-Identifier: MIT */
#include "answer.h"

#include "page.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static int put(sse_writer *w, const char *text)
{
    return sse_writer_raw(w, text, strlen(text));
}

int answer_route(sse_writer *w, const options *o, const request *r, int status, uint64_t seed)
{
    const sse_http_answer a = {
        .version = r && r->minor == 0 ? SSE_HTTP_1_0 : SSE_HTTP_1_1,
        .status = status,
        .flags = status == 204 ? SSE_HTTP_PREFLIGHT : 0,
        .retry_ms = status == 503 ? sse_retry_spread(5000, 25000, seed) : o->retry_ms,
        .first = r && r->method == HEAD ? SSE_HTTP_FIRST_NONE : SSE_HTTP_FIRST_BLOCK,
        .origin = {o->cors, o->cors ? strlen(o->cors) : 0},
    };
    char text[2048];
    size_t len;
    const int result = sse_http_head(&a, text, sizeof text, &len);

    return result == SSE_OK ? sse_writer_raw(w, text, len) : result;
}

/* Put the head of a document with a Content-Length and whatever `fields` says beside it. */
static int put_head(sse_writer *w, const char *fields, size_t len)
{
    char head[1024];

    snprintf(head, sizeof head,
             "HTTP/1.1 200 OK\r\n%sContent-Length: %zu\r\nCache-Control: no-store\r\n"
             "X-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n",
             fields, len);
    return put(w, head);
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

int answer_page(sse_writer *w, const options *o, const request *r)
{
    static const char mark[] = "data-event=\""; /* here goes the type that the page listens for */
    const char *const page = (const char *)page_html;
    const char *const at = strstr(page, mark);
    const size_t split = at ? (size_t)(at - page) + sizeof mark - 1 : page_html_len;
    char event[256 * 6 + 1];
    const size_t event_len = at && o->event ? escape(event, o->event) : 0;
    int status;

    status = put_head(w,
                      "Content-Type: text/html; charset=utf-8\r\n"
                      "Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'; "
                      "script-src 'unsafe-inline'; connect-src 'self'; img-src data:; "
                      "base-uri 'none'; form-action 'none'; frame-ancestors 'none'\r\n",
                      page_html_len + event_len);
    if (r->method == HEAD)
        return status;
    if (status == SSE_OK)
        status = sse_writer_raw(w, page, split);
    if (status == SSE_OK)
        status = sse_writer_raw(w, event, event_len);
    if (status == SSE_OK)
        status = sse_writer_raw(w, page + split, page_html_len - split);
    return status;
}

int answer_health(sse_writer *w, const request *r)
{
    const int status = put_head(w, "Content-Type: text/plain; charset=utf-8\r\n", 3);

    return status == SSE_OK && r->method == GET ? put(w, "ok\n") : status;
}

int answer_metrics(sse_writer *w, const request *r, const sse_channel *channel, uint64_t behind)
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
    char text[4096];
    size_t len = 0, i;
    int status;

    for (i = 0; i < sizeof metrics / sizeof metrics[0]; i++)
        len += (size_t)snprintf(text + len, sizeof text - len,
                                "# HELP %s %s\n# TYPE %s %s\n%s %" PRIu64 "\n", metrics[i].name,
                                metrics[i].help, metrics[i].name, metrics[i].type, metrics[i].name,
                                sse_channel_count(channel, metrics[i].counter));
    len += (size_t)snprintf(
        text + len, sizeof text - len,
        "# HELP ssecat_behind_events Events that the slowest stream has not "
        "taken.\n# TYPE ssecat_behind_events gauge\nssecat_behind_events %" PRIu64 "\n",
        behind);
    status = put_head(w, "Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n", len);
    return status == SSE_OK && r->method == GET ? sse_writer_raw(w, text, len) : status;
}
