/* SPDX-License-Identifier: MIT */
/* mhd_channel.c - a channel on a server that asks for bytes: libmicrohttpd, one thread.
 *
 *     cc mhd_channel.c -lsse -lmicrohttpd -o mhd_channel
 *     while date; do sleep 1; done | ./mhd_channel [port]          8080; port 0: any
 *     curl -N http://127.0.0.1:8080/
 *
 * The face: pull. libmicrohttpd calls a reader with a buffer, and sse_subscriber_read fills it.
 * Where there is nothing the connection is suspended; when next gives its subscriber it is resumed.
 * libmicrohttpd runs in the loop of main, so that no lock is needed. Where it has threads of its
 * own, hold one mutex in the reader, in its release, and around the rest: see threads.c. */
#define _POSIX_C_SOURCE 200809L
#include <sse/sse.h>

#include <arpa/inet.h>
#include <microhttpd.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { EVENTS = 4096, CAPACITY = 256 * 1024, STALL_MS = 30000, END_MS = 2000, CLIENTS = 1000 };

struct client {
    sse_subscriber stream;
    struct MHD_Connection *connection;
    int suspended;
    size_t queue[SSE_WRITER_WORDS(1024)];
};
static sse_channel channel;
static uint64_t memory[SSE_HISTORY_WORDS(EVENTS, CAPACITY)];
static size_t clients; /* that libmicrohttpd has not released */

static uint64_t clock_ms(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* The reader. It returns 0 only where the connection is suspended: else it would be called again
 * at once, and spin. */
static ssize_t pull(void *cls, uint64_t pos, char *buf, size_t max)
{
    struct client *c = cls;
    size_t len;
    const int status = sse_subscriber_read(&c->stream, buf, max, &len);

    (void)pos;
    if (status == SSE_OK)
        return (ssize_t)len;
    if (status != SSE_AGAIN)
        return status == SSE_END ? MHD_CONTENT_READER_END_OF_STREAM
                                 : MHD_CONTENT_READER_END_WITH_ERROR;
    c->suspended = 1;
    MHD_suspend_connection(c->connection);
    return 0;
}

/* libmicrohttpd calls it when it is done with the reader, however the connection ends. */
static void release(void *cls)
{
    struct client *c = cls;

    sse_subscriber_leave(&c->stream);
    free(c);
    clients--;
}

/* Resume the connections whose subscribers have something, or are closed: their readers find out.
 * The reader of a stalled one is not called: its socket is shut down, and libmicrohttpd lets go. */
static void notify(void)
{
    sse_subscriber *s;

    while ((s = sse_channel_next(&channel)) != NULL) {
        struct client *c = sse_subscriber_user(s);

        if (sse_subscriber_status(s) < SSE_E_FATAL)
            shutdown(MHD_get_connection_info(c->connection, MHD_CONNECTION_INFO_CONNECTION_FD)
                         ->connect_fd,
                     SHUT_RDWR);
        if (c->suspended) {
            c->suspended = 0;
            MHD_resume_connection(c->connection);
        }
    }
}

/* Queue an answer, and let go of it. */
static enum MHD_Result reply(struct MHD_Connection *connection, const sse_http_answer *answer,
                             struct MHD_Response *r)
{
    sse_http_field fields[SSE_HTTP_FIELDS_MAX];
    char scratch[SSE_HTTP_SCRATCH];
    size_t count, i;
    enum MHD_Result result = MHD_NO;

    if (r && sse_http_fields(answer, fields, SSE_HTTP_FIELDS_MAX, scratch, &count) == SSE_OK) {
        for (i = 0; i < count; i++) /* these end in NUL: there are none of our own */
            MHD_add_response_header(r, fields[i].name.ptr, fields[i].value.ptr);
        result = MHD_queue_response(connection, (unsigned)answer->status, r);
    }
    if (r)
        MHD_destroy_response(r);
    return result;
}

static enum MHD_Result refuse(struct MHD_Connection *connection, int status)
{
    const sse_http_answer refusal = {.status = status, .methods = SSE_LIT("GET")};

    return reply(connection, &refusal,
                 MHD_create_response_from_buffer(0, "", MHD_RESPMEM_PERSISTENT));
}

static sse_str value(struct MHD_Connection *connection, enum MHD_ValueKind kind, const char *name)
{
    const char *const text = MHD_lookup_connection_value(connection, kind, name);

    return (sse_str){text, text ? strlen(text) : 0};
}

/* libmicrohttpd has parsed the query: of the names that a client may use it is given one. */
static int join(struct client *c)
{
    const sse_http_answer stream = {.retry_ms = 1000};
    const sse_str header = value(c->connection, MHD_HEADER_KIND, "Last-Event-ID");
    const sse_str query = value(c->connection, MHD_GET_ARGUMENT_KIND, "lastEventId");
    sse_writer *const queue = sse_writer_init(c->queue, sizeof c->queue, 0);
    const sse_str id = header.len > 0 ? header : query;

    if (sse_http_send(&stream, queue) != SSE_OK)
        return SSE_E_ARG;
    if (sse_subscriber_join(&c->stream, &channel, queue, c, SSE_JOIN_GAPS, id.ptr, id.len, NULL,
                            0) < SSE_OK)
        return SSE_E_STATE;
    return sse_subscriber_set_limits(&c->stream, 0, STALL_MS, 0);
}

static enum MHD_Result route(void *cls, struct MHD_Connection *connection, const char *url,
                             const char *method, const char *version, const char *upload,
                             size_t *upload_size, void **state)
{
    const sse_http_answer stream = {.status = 200};
    struct client *c;
    struct MHD_Response *r;

    (void)cls, (void)url, (void)version, (void)upload, (void)upload_size, (void)state;
    if (strcmp(method, "GET") != 0)
        return refuse(connection, 405);
    c = calloc(1, sizeof *c);
    if (c == NULL)
        return MHD_NO;
    c->connection = connection;
    clients++;
    if (join(c) < SSE_OK) {
        release(c);
        return refuse(connection, 503);
    }
    r = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 4096, pull, c, release);
    if (r == NULL)
        release(c);
    return reply(connection, &stream, r);
}

/* Publish the lines that have come. Returns 0 at the end of the input. */
static int publish(void)
{
    static char text[2048];
    static size_t len;
    const ssize_t n = read(STDIN_FILENO, text + len, sizeof text - len);

    if (n > 0)
        len += (size_t)n;
    while (len > 0) {
        const char *const end = memchr(text, '\n', len);
        size_t line = end ? (size_t)(end - text) : n > 0 ? sse_utf8_whole(text, len) : len;

        if (end == NULL && n > 0 && len < sizeof text)
            break; /* the rest of it is still to come */
        if (sse_channel_publish(&channel, &(sse_event){.data = {text, line}}, 0, 0) != SSE_OK)
            fprintf(stderr, "mhd_channel: a line was lost\n");
        line += end != NULL;
        len -= line;
        memmove(text, text + line, len);
    }
    return n > 0;
}

int main(int argc, char **argv)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    sse_history *const history = sse_history_init(memory, sizeof memory, EVENTS, 0,
                                                  clock_ms(CLOCK_REALTIME), "mhd_channel", 11);
    struct pollfd fds[2] = {{.fd = STDIN_FILENO, .events = POLLIN}, {.events = POLLIN}};
    struct MHD_Daemon *server;

    at.sin_port = htons((uint16_t)(argc > 1 ? strtoul(argv[1], NULL, 10) : 8080));
    signal(SIGPIPE, SIG_IGN);
    server = MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, route, NULL,
                              MHD_OPTION_SOCK_ADDR, &at, MHD_OPTION_CONNECTION_LIMIT,
                              (unsigned)CLIENTS, MHD_OPTION_END);
    if (server == NULL || sse_channel_init(&channel, history, SSE_HEARTBEAT_MS, 0,
                                           clock_ms(CLOCK_MONOTONIC)) != SSE_OK) {
        perror("mhd_channel");
        return 1;
    }
    fds[1].fd = MHD_get_daemon_info(server, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
    printf("http://127.0.0.1:%u/\n",
           (unsigned)MHD_get_daemon_info(server, MHD_DAEMON_INFO_BIND_PORT)->port);
    fflush(stdout);

    while (fds[0].fd >= 0 || clients > 0) {
        int wait_ms = sse_channel_timeout(&channel, clock_ms(CLOCK_MONOTONIC));
        MHD_UNSIGNED_LONG_LONG server_ms;

        if (MHD_get_timeout(server, &server_ms) == MHD_YES &&
            (wait_ms < 0 || server_ms < (unsigned)wait_ms))
            wait_ms = (int)server_ms;
        poll(fds, 2, wait_ms);
        sse_channel_tick(&channel, clock_ms(CLOCK_MONOTONIC));
        if (fds[0].revents && !publish()) {
            sse_channel_drain(&channel, NULL, 0, NULL, 0, 1000, 4000, 0, END_MS);
            fds[0].fd = -1;
        }
        notify();
        MHD_run(server);
    }
    MHD_stop_daemon(server);
    return 0;
}
