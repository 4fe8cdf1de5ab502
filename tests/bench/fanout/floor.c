/* SPDX-License-Identifier: MIT */
/* floor.c - bench_floor: the least that fan-out can cost. One log of events as they are sent, one
 * send for each event and stream, and nothing else: no gaps, no resuming, no queues.
 *
 *     bench_floor [--port N] [--events N] [--slot BYTES] [--unsent BYTES]
 *
 *   --events   that the log keeps
 *   --slot     the longest of them, as it is sent, in bytes
 *
 * Otherwise like bench_server, whose intake it shares. A stream whose socket is full goes on where
 * it was when it can take more, and is closed if the log has lost that place. A body must not have
 * line breaks: it is not looked at. */
#define _GNU_SOURCE

#include "common.h"
#include "intake.h"

#include <sse/sse.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ORIGIN "8a5c0f3b91d2e647" /* as long as that of a channel's ids */

typedef struct peer {
    client client;
    uint64_t next; /* the event that comes next, */
    size_t at;     /* and how much of it was sent */
    uint32_t place;
} peer;

static char *text;    /* event n is in slot n % events, */
static size_t *sizes; /* and so long */
static uint32_t events = 16384, slot = 1024;
static uint64_t end = 1; /* the number of the next event */

static peer **peers;
static uint32_t count, room;

static int join(client *c, const request *r)
{
    static const char head[] = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n:\n\n";
    peer *const p = (peer *)c;

    (void)r;
    if (count == room) {
        room = room > 0 ? 2 * room : 1024;
        peers = realloc(peers, room * sizeof *peers);
        if (peers == NULL)
            die("memory");
    }
    if (intake_send(c, head, sizeof head - 1) != (ssize_t)(sizeof head - 1))
        return 503;
    p->next = end;
    p->place = count;
    peers[count++] = p;
    return 200;
}

static void lost(client *c)
{
    const uint32_t place = ((peer *)c)->place;

    peers[place] = peers[--count];
    peers[place]->place = place;
}

/* Returns 0 where the socket takes no more, or is lost. */
static int send_next(peer *p)
{
    const size_t i = p->next % events, len = sizes[i] - p->at;
    const ssize_t n = intake_send(&p->client, text + i * slot + p->at, len);

    if (n == (ssize_t)len) {
        p->next++;
        p->at = 0;
        return 1;
    }
    if (n < 0)
        intake_close(&p->client);
    else
        p->at += (size_t)n;
    return 0;
}

static void writable(client *c)
{
    peer *const p = (peer *)c;

    while (p->next < end)
        if (p->next + events < end)
            intake_close(c);
        else if (!send_next(p))
            break;
}

static int publish(sse_str body)
{
    const uint64_t n = end++;
    char *const at = text + n % events * slot;
    const size_t len = (size_t)snprintf(at, slot, "id: " ORIGIN "-%" PRIu64 "\ndata: ", n);
    uint32_t i;

    if (len + body.len + 2 > slot) {
        end--;
        return 413;
    }
    memcpy(at + len, body.ptr, body.len);
    memcpy(at + len + body.len, "\n\n", 2);
    sizes[n % events] = len + body.len + 2;
    for (i = count; i-- > 0;) /* the last takes the place of one that is lost */
        if (peers[i]->next == n)
            send_next(peers[i]);
    return 204;
}

int main(int argc, char **argv)
{
    uint32_t port = 8080, unsent = 65536;
    const setting settings[] = {
        {"--port", &port, 0, 65535},
        {"--events", &events, 1, 10000000},
        {"--slot", &slot, 128, 5 << 20},
        {"--unsent", &unsent, 1, 1 << 30},
    };
    const service s = {.client_size = sizeof(peer),
                       .join = join,
                       .publish = publish,
                       .writable = writable,
                       .lost = lost};

    intake_options(argc, argv, settings, sizeof settings / sizeof settings[0]);
    text = malloc((size_t)events * slot);
    sizes = calloc(events, sizeof *sizes);
    if (text == NULL || sizes == NULL)
        die("memory");
    intake_run(&s, port, unsent);
    return EXIT_SUCCESS;
}
