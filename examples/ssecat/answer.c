#include "answer.h"

#include "page.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static int put(sse_writer *w, const char *text)
{
    return sse_writer_raw(w, text, strlen(text));
}

static int put_head(sse_writer *w, const options *o, sse_head *head)
{
    char text[2048];
    size_t len;
    int status;

    if (o->cors) {
        head->allow_origin.ptr = o->cors;
        head->allow_origin.len = strlen(o->cors);
    }
    status = sse_http_head(head, text, sizeof text, &len);
    return status == SSE_OK ? sse_writer_raw(w, text, len) : status;
}

int answer_stream(sse_writer *w, const options *o, int minor)
{
    sse_head head = {.version = minor > 0 ? SSE_HTTP_1_1 : SSE_HTTP_1_0, .retry_ms = o->retry_ms};

    return put_head(w, o, &head);
}

int answer_busy(sse_writer *w, const options *o, uint64_t seed)
{
    sse_head head = {
        .version = SSE_HTTP_1_1, .status = 503, .retry_ms = sse_retry_spread(5000, 25000, seed)};

    return put_head(w, o, &head);
}

/* Put a document with a Content-Length and whatever `fields` says beside it. */
static int put_document(sse_writer *w, const char *status, const char *fields, size_t len)
{
    char head[1024];

    snprintf(head, sizeof head,
             "HTTP/1.1 %s\r\n%sContent-Length: %zu\r\nCache-Control: no-store\r\n"
             "X-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n",
             status, fields, len);
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

int answer_page(sse_writer *w, const options *o)
{
    static const char mark[] = "data-event=\""; /* here goes the type that the page listens for */
    const char *const page = (const char *)page_html;
    const char *const at = strstr(page, mark);
    const size_t split = at ? (size_t)(at - page) + sizeof mark - 1 : page_html_len;
    char event[256 * 6 + 1];
    const size_t event_len = at && o->event ? escape(event, o->event) : 0;
    int status;

    status = put_document(w, "200 OK",
                          "Content-Type: text/html; charset=utf-8\r\n"
                          "Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'; "
                          "script-src 'unsafe-inline'; connect-src 'self'; img-src data:; "
                          "base-uri 'none'; form-action 'none'; frame-ancestors 'none'\r\n",
                          page_html_len + event_len);
    if (status == SSE_OK)
        status = sse_writer_raw(w, page, split);
    if (status == SSE_OK)
        status = sse_writer_raw(w, event, event_len);
    if (status == SSE_OK)
        status = sse_writer_raw(w, page + split, page_html_len - split);
    return status;
}

#define PLAIN "Content-Type: text/plain; charset=utf-8\r\n"

int answer_health(sse_writer *w)
{
    static const char ok[] = "ok\n";
    const int status = put_document(w, "200 OK", PLAIN, sizeof ok - 1);

    return status == SSE_OK ? put(w, ok) : status;
}

int answer_metrics(sse_writer *w, const sse_channel *channel)
{
    sse_counters n;
    struct {
        const char *name, *labels, *type, *help;
        const uint64_t *value;
    } const metrics[] = {
        {"ssecat_clients", "", "gauge", "Streams that are open.", &n.subscribers},
        {"ssecat_streams_total", "", "counter", "Streams that were opened.", &n.joined},
        {"ssecat_events_total", "", "counter", "Events that were published.", &n.events},
        {"ssecat_bytes_total", "", "counter", "Bytes of these events.", &n.bytes},
        {"ssecat_sent_bytes_total", "", "counter", "Bytes sent on streams.", &n.delivered},
        {"ssecat_lagged_total", "", "counter", "Streams that fell behind the history.", &n.lagged},
        {"ssecat_gaps_total", "", "counter", "Gap events.", &n.gaps},
        {"ssecat_resumes_total", "{result=\"hit\"}", "counter",
         "Streams that came with a last event ID, by whether the history had what follows.",
         &n.resumed},
        {"ssecat_resumes_total", "{result=\"miss\"}", "counter", NULL, &n.missed},
        {"ssecat_heartbeats_total", "", "counter", "Heartbeats.", &n.heartbeats},
        {"ssecat_cut_total", "", "counter", "Streams that could not go on.", &n.closed},
    };
    char text[4096];
    size_t len = 0, i;
    int status = sse_channel_counters(channel, &n);

    for (i = 0; i < sizeof metrics / sizeof metrics[0]; i++) {
        if (metrics[i].help)
            len += (size_t)snprintf(text + len, sizeof text - len, "# HELP %s %s\n# TYPE %s %s\n",
                                    metrics[i].name, metrics[i].help, metrics[i].name,
                                    metrics[i].type);
        len += (size_t)snprintf(text + len, sizeof text - len, "%s%s %" PRIu64 "\n",
                                metrics[i].name, metrics[i].labels, *metrics[i].value);
    }
    if (status == SSE_OK)
        status = put_document(w, "200 OK",
                              "Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n", len);
    return status == SSE_OK ? sse_writer_raw(w, text, len) : status;
}

int answer_error(sse_writer *w, int status)
{
    static const struct {
        int status;
        const char *reason;
        const char *sentence;
    } errors[] = {
        {400, "Bad Request", "This is not an HTTP/1 request.\n"},
        {404, "Not Found", "There is a page at / and a stream at /events.\n"},
        {405, "Method Not Allowed", "Use GET.\n"},
        {406, "Not Acceptable", "The stream is text/event-stream, which the request rules out.\n"},
        {408, "Request Timeout", "The request took too long to come.\n"},
        {431, "Request Header Fields Too Large", "The head of the request is too long.\n"},
        {505, "HTTP Version Not Supported", "Use HTTP/1.1.\n"},
    };
    char line[64];
    size_t i;

    for (i = 0; errors[i].status != status; i++)
        ;
    snprintf(line, sizeof line, "%d %s", status, errors[i].reason);
    status = put_document(w, line, status == 405 ? PLAIN "Allow: GET\r\n" : PLAIN,
                          strlen(errors[i].sentence));
    return status == SSE_OK ? put(w, errors[i].sentence) : status;
}
