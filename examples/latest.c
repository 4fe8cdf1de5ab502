/* latest.c - prices that change faster than anyone can look: only the newest of each one goes out.
 *
 *     cc latest.c serve/serve.c serve/request.c serve/feed.c -lsse -o latest
 *     while sleep 0.01; do echo "GOLD $RANDOM"; echo "TEA $RANDOM"; done | ./latest [port]
 *     curl -N http://127.0.0.1:8080/                  8080; port 0: any
 *     curl -N 'http://127.0.0.1:8080/?pace_ms=2000'   a dashboard that wants to be bothered less
 *
 * A line is an instrument and its price. The instrument is the key of the event, and an event
 * stands for all older ones with its key. Three things follow, and no client has a queue for them:
 *
 *   who comes         gets a snapshot, the newest price of each instrument: SSE_FROM_LOG
 *   who has a pace    is woken that often at most, and then gets what has changed since
 *   who is slow       finds, when its socket has room again, what is the newest by then
 *
 * An event of the log has its place there, and goes when newer ones need it. So a price that does
 * not change would in the end be missing from the snapshot. The table below is what keeps it: when
 * an instrument was not heard of for half a log, its price is published again.
 *
 * This is for state, where the newest value is all that counts. For what has happened, such as
 * trades, where each one counts, see broadcast.c. */
#define _POSIX_C_SOURCE 200809L
#include "serve/feed.h"
#include "serve/serve.h"

#include <sse/sse.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { INSTRUMENTS = 32, PRICE_MAX = 40, PACE_MS = 100, PACE_MAX_MS = 60000 };

/* Events of PRICE_MAX bytes all fit, with their ids: so one more drops one at most. */
enum { EVENTS = 2048, ROOM = EVENTS * 2 * PRICE_MAX };

/* The newest price of each instrument, as it was given; the key is the place here, from 1. */
static struct instrument {
    char line[PRICE_MAX];
    size_t len, name_len;
    uint64_t number; /* of its newest event */
} instruments[INSTRUMENTS];
static size_t known;

static uint64_t memory[SSE_HISTORY_WORDS(EVENTS, ROOM)];
static sse_history *history;
static server clients;
static sse_channel channel;

static uint32_t pace_of(const request *r)
{
    sse_str text = request_parameter(r, "pace_ms");
    uint32_t pace_ms = 0;

    if (text.len == 0)
        return PACE_MS;
    for (; text.len > 0 && *text.ptr >= '0' && *text.ptr <= '9' && pace_ms <= PACE_MAX_MS;
         text.ptr++, text.len--)
        pace_ms = pace_ms * 10 + (uint32_t)(*text.ptr - '0');
    return text.len == 0 && pace_ms <= PACE_MAX_MS ? pace_ms : UINT32_MAX;
}

static void join(client *c)
{
    sse_head head = {.version = SSE_HTTP_1_1, .retry_ms = 1000, .allow_origin = SSE_LIT("*")};
    sse_join how = {.sink = serve_sink,
                    .on_close = serve_close,
                    .user = c,
                    .flags = SSE_COALESCE | SSE_FROM_LOG | SSE_SKIP,
                    .pace_ms = pace_of(&c->request)};
    char id[SSE_HISTORY_ID_MAX];
    size_t len = request_last_id(&c->request, id);

    if (how.pace_ms == UINT32_MAX) {
        serve_refuse(c, 400);
        return;
    }
    how.writer = serve_start(c, &head);
    if (sse_channel_join(&channel, &c->stream, &how, id, len) < 0)
        serve_refuse(c, 503);
}

static void publish(struct instrument *i)
{
    const sse_event ev = {.data = {i->line, i->len}};
    sse_published result;

    sse_channel_publish(&channel, &ev, 0, (uint64_t)(i - instruments) + 1, &result);
    i->number = result.number;
}

/* "GOLD 4093.20" */
static void change(sse_str line)
{
    const char *blank = line.len > 0 ? memchr(line.ptr, ' ', line.len) : NULL;
    size_t name_len = blank ? (size_t)(blank - line.ptr) : 0;
    struct instrument *i = instruments;

    while (i < instruments + known &&
           (i->name_len != name_len || memcmp(i->line, line.ptr, name_len) != 0))
        i++;
    if (name_len == 0 || line.len > PRICE_MAX || i == instruments + INSTRUMENTS) {
        fprintf(stderr,
                "latest: a line is a name, a blank and a price, of up to %d bytes, and "
                "there are %d names\n",
                PRICE_MAX, INSTRUMENTS);
        return;
    }
    known += i == instruments + known;
    memcpy(i->line, line.ptr, line.len);
    i->len = line.len;
    i->name_len = name_len;
    publish(i);
    for (i = instruments; i < instruments + known; i++)
        if (sse_history_end(history) - i->number > EVENTS / 2)
            publish(i);
}

static void read_prices(feed *in)
{
    sse_str lines, line;
    int more = feed_read(in, &lines);

    while (feed_line(&lines, &line))
        change(line);
    if (!more) {
        sse_channel_drain(&channel, NULL, 1000, 4000, 0);
        serve_end(&clients);
    }
}

int main(int argc, char **argv)
{
    int listener = serve_listen("latest", argc > 1 ? argv[1] : "8080"), what;
    feed in = {.fd = STDIN_FILENO};
    uint64_t wait_ms = 0;
    client *c;

    if (listener < 0 || serve_init(&clients, "latest", listener, in.fd) != 0)
        return 1;
    history = sse_history_init(memory, sizeof memory, EVENTS, serve_ms(CLOCK_REALTIME), 0);
    sse_channel_init(&channel, history, SSE_HEARTBEAT_MS, NULL, serve_ms(CLOCK_MONOTONIC));
    while (serve_wait(&clients, wait_ms)) {
        sse_channel_tick(&channel, serve_ms(CLOCK_MONOTONIC));
        while ((c = serve_next(&clients, &what))) {
            if (what == SERVE_ASKS)
                join(c);
            else if (what == SERVE_WRITABLE)
                sse_subscriber_flush(&c->stream);
            else
                sse_subscriber_leave(&c->stream);
        }
        if (clients.input_ready)
            read_prices(&in);
        sse_channel_flush(&channel);
        sse_channel_wait(&channel, &wait_ms);
    }
    return 0;
}
