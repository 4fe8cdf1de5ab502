/* SPDX-License-Identifier: MIT */
#include "routes.h"

#include "../ssecat/answer.h"
#include "metrics.h"
#include "publish.h"
#include "relay.h"
#include "visit.h"

#include <stdio.h>
#include <string.h>

enum { WORD_MAX = 16 };

static size_t word_max(const clients *cs)
{
    (void)cs;
    return WORD_MAX;
}

static int write_health(char *dst, size_t *len, const clients *cs)
{
    (void)cs;
    *len = (size_t)sprintf(dst, "ok\n");
    return 200;
}

static int write_readiness(char *dst, size_t *len, const clients *cs)
{
    const relay *const r = cs->program;
    size_t i;

    for (i = 0; i < r->count; i++) {
        if (r->streams[i].state != STREAM_LIVE) {
            *len = (size_t)sprintf(dst, "not ready\n");
            return 503;
        }
    }
    *len = (size_t)sprintf(dst, "ready\n");
    return 200;
}

stream *relay_stream(relay *r, sse_str query)
{
    char key[256];
    size_t len, i;

    if (sse_http_query(query.ptr, query.len, "stream", 6, key, sizeof key, &len) != SSE_OK)
        return NULL;
    if (len == 0)
        return r->count == 1 ? &r->streams[0] : NULL;
    for (i = 0; i < r->count; i++) {
        if (strlen(r->streams[i].key) == len && memcmp(r->streams[i].key, key, len) == 0)
            return &r->streams[i];
    }
    return NULL;
}

static void gone(client *c)
{
    errand *const e = c->errand;

    c->errand = NULL;
    e->gone(e);
}

static const route all[] = {
    {.path = "/events", .kind = ROUTE_STREAM, .check = visit_check, .begin = visit_begin},
    {.path = "/publish", .kind = ROUTE_ACTION, .check = publish_check, .begin = publish_begin},
    {.path = "/healthz",
     .is_public = 1,
     .fields = ANSWER_TEXT,
     .max = word_max,
     .write = write_health},
    {.path = "/readyz",
     .is_public = 1,
     .fields = ANSWER_TEXT,
     .max = word_max,
     .write = write_readiness},
    {.path = "/metrics",
     .fields = "Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n",
     .max = metrics_max,
     .write = metrics_write},
};

const site routes_site = {.routes = all,
                          .count = sizeof all / sizeof all[0],
                          .body_max = 65536,
                          .drained = visit_drained,
                          .gone = gone};
