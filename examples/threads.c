/* threads.c - one channel a thread, and nothing shared: fan-out over all the processors.
 *
 *     cc threads.c serve/serve.c serve/request.c serve/feed.c -lsse -lpthread -o threads
 *     while date; do sleep 1; done | ./threads [port [threads]]     8080 4; port 0: any
 *     curl -i -N http://127.0.0.1:8080/                  X-Thread says which thread it came to
 *
 *                       mailboxes         threads
 *     lines        +--> [ text, fds ] --> log, channel, clients
 *     ------> main +--> [ text, fds ] --> log, channel, clients
 *     clients      +--> [ text, fds ] --> log, channel, clients
 *
 * The main thread reads the lines and accepts the connections. A line goes into the mailbox of
 * every thread, a connection into that of the next one in turn; an eventfd wakes its owner. A
 * channel, its log and its subscribers are touched by their thread alone, and so need no lock. The
 * price is that each line is encoded once a thread.
 *
 * All threads get the same lines in the same order, and their logs have the same epoch: an id is
 * the same event everywhere, so that a client which comes back may come to any of them. For this
 * there is one lock over all mailboxes, and not one for each. A line is in all of them or in none,
 * and a thread empties its own before it looks at a request: whoever has had an event from one
 * thread finds it in the log of the other. */
#define _GNU_SOURCE
#include "serve/feed.h"
#include "serve/serve.h"

#include <sse/sse.h>

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum { THREADS_MAX = 16, EVENTS = 4 * FEED_MAX, ROOM = 512 * 1024, CROWDED_MS = 100 };

struct mailbox {
    size_t len;
    char text[2 * FEED_MAX]; /* whole lines */
    int count;
    int fds[16]; /* connections */
    int end;     /* there will be no more lines */
};

static struct worker {
    pthread_t thread;
    int wake; /* an eventfd */
    struct mailbox box;
    struct mailbox taken; /* the copy that it works on */
    char name[24];
    sse_channel channel;
    server clients;
    uint64_t memory[SSE_HISTORY_WORDS(EVENTS, ROOM)];
} workers[THREADS_MAX];
static size_t threads = 4;
static uint64_t epoch;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* of all mailboxes */
static pthread_cond_t emptied = PTHREAD_COND_INITIALIZER;

static void join(struct worker *w, client *c)
{
    const sse_field which = {SSE_LIT("X-Thread"), {w->name, strlen(w->name)}};
    sse_head head = {.version = SSE_HTTP_1_1, .retry_ms = 1000, .allow_origin = SSE_LIT("*")};
    sse_join how = {.sink = serve_sink, .on_close = serve_close, .user = c, .flags = SSE_SKIP};
    char id[SSE_HISTORY_ID_MAX];
    size_t len = request_last_id(&c->request, id);

    head.extra = &which;
    head.extra_count = 1;
    how.writer = serve_start(c, &head);
    if (sse_channel_join(&w->channel, &c->stream, &how, id, len) < 0)
        serve_refuse(c, 503);
}

/* Take what is in the mailbox, and see to it. */
static void empty(struct worker *w)
{
    sse_str lines, line;
    uint64_t times;
    int i;

    while (read(w->wake, &times, sizeof times) < 0 && errno == EINTR)
        continue;
    pthread_mutex_lock(&lock);
    w->taken = w->box;
    w->box.len = 0;
    w->box.count = 0;
    w->box.end = 0;
    pthread_cond_signal(&emptied);
    pthread_mutex_unlock(&lock);

    lines = (sse_str){w->taken.text, w->taken.len};
    while (feed_line(&lines, &line))
        sse_channel_publish(&w->channel, &(sse_event){.data = line}, 0, 0, NULL);
    for (i = 0; i < w->taken.count; i++)
        serve_add(&w->clients, w->taken.fds[i]);
    if (w->taken.end) {
        sse_channel_drain(&w->channel, NULL, 1000, 4000, 0);
        serve_end(&w->clients);
    }
}

static void *run(void *arg)
{
    struct worker *w = arg;
    sse_history *log = sse_history_init(w->memory, sizeof w->memory, EVENTS, epoch, 0);
    uint64_t wait_ms = 0;
    client *c;
    int what;

    sse_channel_init(&w->channel, log, SSE_HEARTBEAT_MS, NULL, serve_ms(CLOCK_MONOTONIC));
    while (serve_wait(&w->clients, wait_ms)) {
        sse_channel_tick(&w->channel, serve_ms(CLOCK_MONOTONIC));
        empty(w);
        while ((c = serve_next(&w->clients, &what))) {
            if (what == SERVE_ASKS)
                join(w, c);
            else if (what == SERVE_WRITABLE)
                sse_subscriber_flush(&c->stream);
            else
                sse_subscriber_leave(&c->stream);
        }
        sse_channel_flush(&w->channel);
        sse_channel_wait(&w->channel, &wait_ms);
    }
    return NULL;
}

static int has_room(size_t len)
{
    size_t i;

    for (i = 0; i < threads; i++)
        if (sizeof workers[i].box.text - workers[i].box.len < len)
            return 0;
    return 1;
}

static void wake(struct worker *w)
{
    const uint64_t once = 1;

    while (write(w->wake, &once, sizeof once) < 0 && errno == EINTR)
        continue;
}

/* Put lines into all mailboxes. A thread never waits for a client, so that one without room has
 * some soon. */
static void post(sse_str lines, int end)
{
    const int open = lines.len > 0 && lines.ptr[lines.len - 1] != '\n';
    size_t i;

    pthread_mutex_lock(&lock);
    while (!has_room(lines.len + 1))
        pthread_cond_wait(&emptied, &lock);
    for (i = 0; i < threads; i++) {
        struct mailbox *box = &workers[i].box;

        memcpy(box->text + box->len, lines.ptr, lines.len);
        box->len += lines.len;
        if (open)
            box->text[box->len++] = '\n';
        box->end = end;
    }
    pthread_mutex_unlock(&lock);
    for (i = 0; i < threads; i++)
        wake(&workers[i]);
}

static void hand_over(struct worker *w, int fd)
{
    pthread_mutex_lock(&lock);
    while (w->box.count == (int)(sizeof w->box.fds / sizeof w->box.fds[0]))
        pthread_cond_wait(&emptied, &lock);
    w->box.fds[w->box.count++] = fd;
    pthread_mutex_unlock(&lock);
    wake(w);
}

/* Read and accept until there are no more lines. Where there is no descriptor for a connection, it
 * waits in the backlog, and is looked for again before long. */
static void deal(int listener)
{
    feed in = {.fd = STDIN_FILENO};
    struct pollfd from[2] = {{.fd = in.fd, .events = POLLIN}, {.fd = listener, .events = POLLIN}};
    int more = 1, crowded = 0, fd;
    size_t next = 0;
    sse_str lines;

    while (more) {
        from[1].fd = crowded ? -1 : listener;
        if (poll(from, 2, crowded ? CROWDED_MS : -1) < 0)
            continue;
        crowded = 0;
        if (from[1].revents) {
            fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
            if (fd >= 0)
                hand_over(&workers[next++ % threads], fd);
            else
                crowded = errno == EMFILE || errno == ENFILE || errno == ENOMEM;
        }
        if (from[0].revents) {
            more = feed_read(&in, &lines);
            if (lines.len > 0 || !more)
                post(lines, !more);
        }
    }
    close(listener);
}

int main(int argc, char **argv)
{
    int listener;
    size_t i;

    if (argc > 2)
        threads = strtoul(argv[2], NULL, 10);
    if (threads < 1 || threads > THREADS_MAX) {
        fprintf(stderr, "threads: from 1 to %d of them\n", THREADS_MAX);
        return 1;
    }
    listener = serve_listen("threads", argc > 1 ? argv[1] : "8080");
    if (listener < 0)
        return 1;
    epoch = serve_ms(CLOCK_REALTIME);
    for (i = 0; i < threads; i++) {
        struct worker *w = &workers[i];

        snprintf(w->name, sizeof w->name, "%zu", i);
        w->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
        if (serve_init(&w->clients, "threads", -1, w->wake) != 0 ||
            pthread_create(&w->thread, NULL, run, w) != 0)
            return 1;
    }
    deal(listener);
    for (i = 0; i < threads; i++)
        pthread_join(workers[i].thread, NULL);
    return 0;
}
