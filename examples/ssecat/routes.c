/* SPDX-License-Identifier: MIT */
#include "routes.h"

#include "answer.h"
#include "client.h"
#include "feed.h"
#include "history.h"
#include "page.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { DOCUMENT_MAX = 60 * 1024 };

/* Whether the page fits, when both of the types in it are as long as they may be. */
typedef char page_fits[sizeof page_html + 2 * 6 * OPTIONS_TYPE_MAX < DOCUMENT_MAX ? 1 : -1];

static const options *options_of(const clients *cs)
{
    return ((const feed *)cs->program)->options;
}

static size_t document_max(const clients *cs)
{
    (void)cs;
    return DOCUMENT_MAX;
}

static sse_str own_page(const clients *cs)
{
    return ((const feed *)cs->program)->page;
}

static size_t page_max(const clients *cs)
{
    return own_page(cs).ptr ? own_page(cs).len : DOCUMENT_MAX;
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

/* Write the page of ssecat, with the types of the events that it listens for in the attributes that
 * it has for them. */
static void write_built_in_page(char *dst, size_t *written, const clients *cs)
{
    const options *const o = options_of(cs);
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
    *written = len + rest;
}

static int write_page(char *dst, size_t *written, const clients *cs)
{
    const sse_str own = own_page(cs);

    if (own.ptr == NULL) {
        write_built_in_page(dst, written, cs);
    } else {
        memcpy(dst, own.ptr, own.len);
        *written = own.len;
    }
    return 200;
}

/* The metrics, as Prometheus reads them. */
static int write_metrics(char *dst, size_t *written, const clients *cs)
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
                               sse_channel_count(&cs->channels->channel, metrics[i].counter));
    len += (size_t)sprintf(
        dst + len,
        "# HELP ssecat_behind_events Events that the slowest stream has not "
        "taken.\n# TYPE ssecat_behind_events gauge\nssecat_behind_events %" PRIu64 "\n",
        clients_behind(cs));
    *written = len;
    return 200;
}

static int write_health(char *dst, size_t *len, const clients *cs)
{
    (void)cs;
    *len = (size_t)sprintf(dst, "ok\n");
    return 200;
}

/* Begin a stream, its head being in the writer. */
static int begin_stream(client *c, const question *q)
{
    const options *const o = options_of(q->clients);
    const uint32_t flags =
        (o->from_start ? SSE_JOIN_OLDEST : 0) | (o->plain ? SSE_JOIN_PLAIN : SSE_JOIN_GAPS);
    sse_channel *const channel = &q->clients->channels->channel;
    const sse_str query = q->request->query;
    int status = client_join(c, channel, flags, request_field(q->request, "Last-Event-ID"), query);

    if (status == SSE_E_RANGE) /* lines are missing, and it cannot be told */
        status = client_join(c, channel, SSE_JOIN_PLAIN | SSE_JOIN_OLDEST, (sse_str){NULL, 0},
                             (sse_str){NULL, 0});
    return status == SSE_GAP ? SSE_OK : status;
}

static const route all[] = {
    {.path = "/",
     .fields = "Content-Type: text/html; charset=utf-8\r\n"
               "Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'; "
               "script-src 'unsafe-inline'; connect-src 'self'; img-src data:; "
               "base-uri 'none'; form-action 'none'; frame-ancestors 'none'\r\n",
     .max = page_max,
     .write = write_page},
    {.path = "/events", .kind = ROUTE_STREAM, .begin = begin_stream},
    {.path = "/healthz",
     .is_public = 1,
     .fields = ANSWER_TEXT,
     .max = document_max,
     .write = write_health},
    {.path = "/metrics",
     .fields = "Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n",
     .max = document_max,
     .write = write_metrics},
};

const site routes_site = {.routes = all,
                          .count = sizeof all / sizeof all[0],
                          .body_max = SIZE_MAX,
                          .lost = history_is_lost};
