/* channel.c - the least server that has a channel: what the library itself adds to the floor.
 *     channel CLIENTS
 * Events come on standard input, a line each; what one read brings is published, and then flushed.
 * Its clients take what they get, so that a socket that would block is a failure. */
#define _GNU_SOURCE

#include "common.h"

#include <sse/sse.h>

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LOG_EVENTS = 4096, LOG_BYTES = 256 * 1024 };

typedef struct peer {
    sse_subscriber subscriber;
    size_t queue[SSE_WRITER_WORDS(SSE_SUBSCRIBER_QUEUE_MIN)];
    int fd;
} peer;

static int send_all(void *user, const void *bytes, size_t len, size_t *taken)
{
    const peer *const p = user;
    const ssize_t n = send(p->fd, bytes, len, MSG_NOSIGNAL | MSG_DONTWAIT);

    if (n < 0)
        return SSE_E_IO;
    *taken = (size_t)n;
    return SSE_OK;
}

static void closed(void *user, sse_subscriber *s, int reason)
{
    (void)user;
    (void)s;
    die_plainly(sse_status_text(reason));
}

static void join(sse_channel *ch, peer *p, int fd)
{
    const sse_join how = {.writer = sse_writer_init(p->queue, sizeof p->queue, 0),
                          .sink = send_all,
                          .on_close = closed,
                          .user = p};

    p->fd = fd;
    if (sse_channel_join(ch, &p->subscriber, &how, NULL, 0) != SSE_OK)
        die_plainly("a client cannot join");
}

/* Publish the lines of a read, which holds whole ones, as the pipe is written a few at a time. */
static void publish(sse_channel *ch, const char *at, size_t len)
{
    while (len > 0) {
        const char *const lf = memchr(at, '\n', len);
        sse_event ev = {.data = {at, 0}};

        if (lf == NULL)
            die_plainly("half a line");
        ev.data.len = (size_t)(lf - at);
        if (sse_channel_publish(ch, &ev, 0, 0, NULL) != SSE_OK)
            die_plainly("a line cannot be published");
        len -= ev.data.len + 1;
        at = lf + 1;
    }
}

int main(int argc, char **argv)
{
    static uint64_t memory[SSE_REPLAY_WORDS(LOG_EVENTS, LOG_BYTES)];
    static char lines[64 * 1024];
    const uint32_t count = argc == 2 ? (uint32_t)strtoul(argv[1], NULL, 10) : 0;
    const int *const fds = accept_clients(count);
    peer *const peers = calloc(count, sizeof *peers);
    sse_replay *const log = sse_replay_init(memory, sizeof memory, LOG_EVENTS, 0x19a3f0c2e41, 0);
    sse_channel channel;
    uint32_t i;
    ssize_t n;

    if (peers == NULL || sse_channel_init(&channel, log, 0, NULL, 0) != SSE_OK)
        die_plainly("no channel");
    for (i = 0; i < count; i++)
        join(&channel, &peers[i], fds[i]);
    while ((n = read(STDIN_FILENO, lines, sizeof lines)) > 0) {
        publish(&channel, lines, (size_t)n);
        sse_channel_flush(&channel);
    }
    return EXIT_SUCCESS;
}
