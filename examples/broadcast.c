/* broadcast.c - each line of standard input goes to every client: fan-out over epoll, one thread.
 *
 *     cc broadcast.c serve/serve.c serve/request.c serve/feed.c -lsse -o broadcast
 *     while date; do sleep 1; done | ./broadcast [port [heartbeat_ms]]     8080 15000; port 0: any
 *     curl -N http://127.0.0.1:8080/
 *     curl -N -H 'Last-Event-ID: 19a3f0c2e41-42' http://127.0.0.1:8080/    what came behind that id
 *
 * A line is encoded once, into the log, however many clients there are. A turn of the loop reads
 * some lines, publishes all of them, and then flushes the channel: what came together leaves
 * together, in one send a client. A client whose socket is full is not looked at until epoll says
 * that it can take more; if the log has dropped what it still wanted by then, it gets an event of
 * type "gap" and goes on (SSE_SKIP). Nobody waits for anybody.
 *
 * Sockets and requests are in serve/. At the end of the input everyone is sent away politely. */
#define _POSIX_C_SOURCE 200809L
#include "serve/feed.h"
#include "serve/serve.h"

#include <sse/sse.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* What can be replayed. A turn publishes FEED_MAX lines at most, so that a log of more of them does
 * not overrun a client that keeps up. */
enum { EVENTS = 2 * FEED_MAX, ROOM = 256 * 1024 };

static uint64_t memory[SSE_HISTORY_WORDS(EVENTS, ROOM)];
static server clients;
static sse_channel channel;

static void join(client *c)
{
    sse_head head = {.version = SSE_HTTP_1_1, .retry_ms = 1000, .allow_origin = SSE_LIT("*")};
    sse_join how = {.sink = serve_sink, .on_close = serve_close, .user = c, .flags = SSE_SKIP};
    char id[SSE_HISTORY_ID_MAX];
    size_t len = request_last_id(&c->request, id);

    how.writer = serve_start(c, &head);
    if (sse_channel_join(&channel, &c->stream, &how, id, len) < 0)
        serve_refuse(c, 503);
}

/* Publish what has come; send everyone away where nothing more will. */
static void publish(feed *in)
{
    static const sse_event farewell = {.type = {"end", 3}, .data = {"", 0}};
    sse_str lines, line;
    int more = feed_read(in, &lines);

    while (feed_line(&lines, &line))
        sse_channel_publish(&channel, &(sse_event){.data = line}, 0, 0, NULL);
    if (!more) {
        sse_channel_drain(&channel, &farewell, 1000, 4000, 0);
        serve_end(&clients);
    }
}

static void report(void)
{
    sse_counters n;

    sse_channel_counters(&channel, &n);
    fprintf(stderr,
            "broadcast: %llu events to %llu clients, %llu bytes; %llu came back, %llu of them too "
            "late; %llu gaps\n",
            (unsigned long long)n.events, (unsigned long long)n.joined,
            (unsigned long long)n.delivered, (unsigned long long)(n.resumed + n.missed),
            (unsigned long long)n.missed, (unsigned long long)n.gaps);
}

int main(int argc, char **argv)
{
    uint32_t heartbeat_ms = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 10) : SSE_HEARTBEAT_MS;
    int listener = serve_listen("broadcast", argc > 1 ? argv[1] : "8080"), what;
    sse_history *log = sse_history_init(memory, sizeof memory, EVENTS, serve_ms(CLOCK_REALTIME), 0);
    feed in = {.fd = STDIN_FILENO};
    uint64_t wait_ms = 0;
    client *c;

    if (listener < 0 || serve_init(&clients, "broadcast", listener, in.fd) != 0)
        return 1;
    sse_channel_init(&channel, log, heartbeat_ms, NULL, serve_ms(CLOCK_MONOTONIC));
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
            publish(&in);
        sse_channel_flush(&channel);
        sse_channel_wait(&channel, &wait_ms);
    }
    report();
    return 0;
}
