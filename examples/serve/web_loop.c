/* SPDX-License-Identifier: MIT */
/* web_loop.c - the loop of web.h: libmicrohttpd, channels, timers, signals, lines of input.
 *
 * libmicrohttpd does not look at a suspended connection, so the loop looks at its socket, four times
 * a second: a client that is gone, or has closed its half, is noticed while its stream is silent,
 * too. */
#define _GNU_SOURCE
#include "web_private.h"

#include <microhttpd.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

enum { LINE_BYTES = 65536, LOOK_MS = 250, FOREVER_MS = 60000 };

static int is_gone(const visit *v)
{
    struct pollfd fd = {
        .fd = MHD_get_connection_info(v->connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd,
        .events = POLLRDHUP};

    return poll(&fd, 1, 0) > 0;
}

/* Wake the streams that have something to read, or nobody to read it. */
static void serve(int look)
{
    sse_subscriber *s;
    room *r;
    visit *v;

    for (r = web_rooms; r != NULL; r = r->next) {
        sse_channel_tick(&r->channel, web_now());
        while ((s = sse_channel_next(&r->channel)) != NULL)
            web_wake(sse_subscriber_user(s));
        for (v = look ? r->visits : NULL; v != NULL; v = v->next)
            if (v->parked && is_gone(v)) {
                v->gone = 1;
                web_wake(v);
            }
    }
}

static int until(uint64_t due_ms, int before)
{
    const uint64_t now_ms = web_now(), left = due_ms > now_ms ? due_ms - now_ms : 0;

    return left < (uint64_t)before ? (int)left : before;
}

static int timeout(struct MHD_Daemon *server, uint64_t look_ms)
{
    MHD_UNSIGNED_LONG_LONG ms;
    int least = until(look_ms, FOREVER_MS);
    room *r;

    if (web_timers != NULL)
        least = until(web_timers->due_ms_, least);
    for (r = web_rooms; r != NULL; r = r->next) {
        const int due = sse_channel_timeout(&r->channel, web_now());

        if (due >= 0 && due < least)
            least = due;
    }
    if (MHD_get_timeout(server, &ms) == MHD_YES && ms < (unsigned)least)
        least = (int)ms;
    return least;
}

/* Returns whether there can be more input. */
static int read_lines(web_line *line)
{
    static char bytes[LINE_BYTES];
    static size_t len;
    const ssize_t n = read(STDIN_FILENO, bytes + len, sizeof bytes - len);

    if (n > 0)
        len += (size_t)n;
    while (len > 0) {
        const char *const end = memchr(bytes, '\n', len);
        size_t part = end ? (size_t)(end - bytes) : n > 0 ? sse_utf8_whole(bytes, len) : len;

        if (end == NULL && n > 0 && len < sizeof bytes)
            break;
        line(bytes, part);
        part += end != NULL;
        len -= part;
        memmove(bytes, bytes + part, len);
    }
    return n > 0;
}

void web_loop(struct MHD_Daemon *server, int signals, web_line *line)
{
    struct pollfd fds[] = {
        {MHD_get_daemon_info(server, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd, POLLIN, 0},
        {signals, POLLIN, 0},
        {line != NULL ? STDIN_FILENO : -1, POLLIN, 0},
    };
    uint64_t look_ms = web_now() + LOOK_MS;

    while (fds[1].revents == 0) {
        const int look = web_now() >= look_ms;

        if (look)
            look_ms = web_now() + LOOK_MS;
        serve(look);
        MHD_run(server);
        web_free_rooms();
        poll(fds, 3, timeout(server, look_ms));
        web_run_timers();
        if (fds[2].revents != 0 && !read_lines(line))
            fds[2].fd = -1;
    }
}
