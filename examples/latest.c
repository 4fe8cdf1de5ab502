/* SPDX-License-Identifier: MIT */
/* latest.c - prices that change faster than anyone can look: only the newest of each one goes out.
 *
 *     cc latest.c serve/serve.c serve/request.c serve/text.c -lsse -o latest
 *     while sleep 0.01; do echo "GOLD $RANDOM"; echo "TEA $RANDOM"; done | ./latest [port]
 *     curl -N http://127.0.0.1:8080/                  8080; port 0: any
 *     curl -N 'http://127.0.0.1:8080/?pace_ms=2000'   a dashboard that updates less often
 *
 * A line is an instrument and its price. The instrument is the key of the event, and an event
 * replaces all older ones with its key. Three things follow, and no client has a queue for them:
 *
 *   a new client     gets a snapshot, the newest price of each instrument: SSE_JOIN_OLDEST
 *   one with a pace  gets that often at most what has changed since; heartbeats come in between
 *   a slow one       gets, when its socket has room again, the newest prices of that moment
 *
 * A page that has heard nothing for a while cannot know whether its prices are the newest. Here the
 * heartbeat is no comment, but an event of type "current", which the page sees.
 *
 * An event has its place in the history, and goes when newer ones need it. So a price that does not
 * change would in the end be missing from the snapshot. The table below prevents this: when half a
 * history has passed since an instrument was published, its price is published again.
 *
 * This is for state, where the newest value is all that counts. For what has happened, such as
 * trades, where each one counts, see broadcast.c. */
#include "serve/serve.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { INSTRUMENTS = 32, PRICE_MAX = 40, PACE_MS = 100, PACE_MAX_MS = 60000, STALL_MS = 30000 };

/* Events of PRICE_MAX bytes all fit, with their ids: so one more drops one at most. */
enum { EVENTS = 2048, CAPACITY = EVENTS * (2 * PRICE_MAX + 16) };

/* The newest price of each instrument, as it was given; the key is the place here, from 1. */
static struct instrument {
    char line[PRICE_MAX];
    size_t len, name_len;
    uint64_t number; /* of its newest event */
} instruments[INSTRUMENTS];
static size_t known;

static uint64_t memory[SSE_HISTORY_WORDS(EVENTS, CAPACITY)];
static sse_history *history;
static sse_channel channel;

static int join(client *c)
{
    const sse_str query = c->request.query;
    char text[8] = "";
    size_t len;
    unsigned long pace_ms = PACE_MS;
    int status = sse_http_query(query.ptr, query.len, "pace_ms", 7, text, sizeof text - 1, &len);

    if (status == SSE_OK && len > 0)
        pace_ms = strtoul(text, NULL, 10);
    if (status != SSE_OK || text[strspn(text, "0123456789")] != '\0' || pace_ms > PACE_MAX_MS)
        return 400;
    status = serve_join(c, SSE_JOIN_COALESCE | SSE_JOIN_OLDEST | SSE_JOIN_GAPS, "*");
    if (status == 0)
        sse_subscriber_set_limits(&c->stream, (uint32_t)pace_ms, STALL_MS, 0);
    return status;
}

static void publish(struct instrument *i)
{
    i->number = sse_history_next(history);
    if (sse_channel_publish_parts(&channel, NULL, 0, NULL, 0, i->line, i->len, 0,
                                  (uint64_t)(i - instruments) + 1) != SSE_OK)
        fprintf(stderr, "latest: a price was not published\n");
}

/* "GOLD 4093.20" */
static void line(const char *text, size_t len)
{
    const char *const blank = len > 0 ? memchr(text, ' ', len) : NULL;
    const size_t name_len = blank ? (size_t)(blank - text) : 0;
    struct instrument *i = instruments;

    while (i < instruments + known &&
           (i->name_len != name_len || memcmp(i->line, text, name_len) != 0))
        i++;
    if (name_len == 0 || len > PRICE_MAX || !sse_utf8_valid(text, len) ||
        i == instruments + INSTRUMENTS) {
        fprintf(stderr,
                "latest: a line is a name, a blank and a price, of up to %d bytes, and there are "
                "%d names\n",
                PRICE_MAX, INSTRUMENTS);
        return;
    }
    known += i == instruments + known;
    memcpy(i->line, text, len);
    i->len = len;
    i->name_len = name_len;
    publish(i);
    for (i = instruments; i < instruments + known; i++)
        if (sse_history_next(history) - i->number > EVENTS / 2)
            publish(i);
}

int main(int argc, char **argv)
{
    static const serve_hooks hooks = {join, line};

    history = sse_history_init(memory, sizeof memory, EVENTS, 0, serve_epoch(), "latest", 6);
    if (sse_channel_init(&channel, history, SSE_HEARTBEAT_MS, 0, serve_now()) != SSE_OK ||
        sse_channel_set_heartbeat(&channel, "current", 7, NULL, 0) != SSE_OK)
        return 1;
    return serve_run(argc > 1 ? argv[1] : "8080", &channel, &hooks);
}
