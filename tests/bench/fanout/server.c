/* SPDX-License-Identifier: MIT */
/* server.c - bench_server: a channel behind HTTP, to be put under load.
 *
 *     bench_server [--port N] [--events N] [--room BYTES] [--queue BYTES] [--unsent BYTES]
 *                  [--pace MS]
 *
 *     curl -N http://127.0.0.1:8080/events                          subscribe; answered at once
 *     curl -d 'some text' http://127.0.0.1:8080/publish             204: all subscribers get it
 *     curl -N -H 'Last-Event-ID: ...' http://127.0.0.1:8080/events  what came after that id
 *
 *   --port     on the loopback; 0: any. The address is the first line that it prints.   8080
 *   --events   that the history keeps at most                                            16384
 *   --room     of the history, in bytes                                               16 MiB
 *   --queue    of each subscriber, in bytes: the rest of an event of which its socket took a part
 *              must fit, or a client that stalls inside of one that is dropped is closed  512
 *   --unsent   bytes that the kernel may hold unsent for a subscriber                  65536
 *   --pace     the least time from one turn of a subscriber to the next, in ms         0
 *
 * It stays in the foreground and ends on SIGTERM. A body is the data of one event, up to 4 MiB, and
 * posts may come over any number of connections, pipelined or one by one; what comes in a turn of
 * the loop is published together, and the channel is flushed once. A client that is too slow for
 * the history gets a gap event and goes on. There are no heartbeats. */
#define _GNU_SOURCE

#include "common.h"
#include "intake.h"

#include <sse/sse.h>

#include <stdlib.h>
#include <time.h>

typedef struct peer {
    client client;
    sse_subscriber stream;
    size_t queue[]; /* its writer */
} peer;

static sse_channel channel;
static uint32_t queue = 512, pace;

static size_t writer_size(void)
{
    return sizeof(size_t) * SSE_WRITER_WORDS((size_t)queue);
}

static int send_some(void *user, const void *bytes, size_t len, size_t *taken)
{
    const ssize_t n = intake_send(user, bytes, len);

    *taken = n > 0 ? (size_t)n : 0;
    return n < 0 ? SSE_E_IO : SSE_OK;
}

static int join(client *c, const request *r)
{
    peer *const p = (peer *)c;
    const sse_http_answer head = {.version = r->minor ? SSE_HTTP_1_1 : SSE_HTTP_1_0};
    sse_writer *const w = sse_writer_init(p->queue, writer_size(), 0);
    const sse_str id = request_field(r, "Last-Event-ID");

    if (sse_http_send(&head, w) != SSE_OK ||
        sse_subscriber_join(&p->stream, &channel, w, c, SSE_JOIN_GAPS, id.ptr, id.len, r->query.ptr,
                            r->query.len) < SSE_OK)
        return 503;
    sse_subscriber_set_limits(&p->stream, pace, 0, 0);
    return 200;
}

static int publish(sse_str body)
{
    const sse_event ev = {.data = body};

    return sse_channel_publish(&channel, &ev, 0, 0) == SSE_OK ? 204 : 413;
}

static void writable(client *c)
{
    if (sse_status_closed(sse_subscriber_flush(&((peer *)c)->stream, send_some)))
        intake_close(c);
}

static void lost(client *c)
{
    sse_subscriber_leave(&((peer *)c)->stream);
}

static void flush(void)
{
    sse_subscriber *s;

    while ((s = sse_channel_flush(&channel, send_some)) != NULL)
        intake_close(sse_subscriber_user(s));
}

static uint64_t clock_ms(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void tick(void)
{
    sse_channel_tick(&channel, clock_ms(CLOCK_MONOTONIC));
}

static int timeout(void)
{
    return sse_channel_timeout(&channel, clock_ms(CLOCK_MONOTONIC));
}

int main(int argc, char **argv)
{
    uint32_t port = 8080, events = 16384, room = 16 << 20, unsent = 65536;
    const setting settings[] = {
        {"--port", &port, 0, 65535},
        {"--events", &events, 1, 10000000},
        {"--room", &room, SSE_HISTORY_CAPACITY_MIN, 1 << 30},
        {"--queue", &queue, SSE_SUBSCRIBER_QUEUE_MIN, 1 << 30},
        {"--unsent", &unsent, 1, 1 << 30},
        {"--pace", &pace, 0, 60000},
    };
    service s = {.client_size = sizeof(peer),
                 .join = join,
                 .publish = publish,
                 .writable = writable,
                 .lost = lost,
                 .turn_end = flush};
    sse_history *log;
    size_t size;

    intake_options(argc, argv, settings, sizeof settings / sizeof settings[0]);
    s.queue_size = writer_size();
    if (pace > 0) { /* else it needs no clock */
        s.turn_begin = tick;
        s.timeout = timeout;
    }
    size = sizeof(uint64_t) * SSE_HISTORY_WORDS((size_t)events, (size_t)room);
    log = sse_history_init(malloc(size), size, events, 0, clock_ms(CLOCK_REALTIME), "/events", 7);
    if (log == NULL || sse_channel_init(&channel, log, 0, 0, clock_ms(CLOCK_MONOTONIC)) != SSE_OK)
        die_plainly("no channel");
    intake_run(&s, port, unsent);
    return EXIT_SUCCESS;
}
