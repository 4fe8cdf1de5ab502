/* SPDX-License-Identifier: MIT */
/* peer.c - a server for what ssecat does not do: other statuses, ids of one's own, comments.
 *
 *     peer                   prints its address, and serves until it is killed
 *
 *     /                      an empty page, for a client that has to be of this origin
 *     /status/N              the answer N: 204, or 400 to 599
 *     /then/N                a stream with one event, which ends; to a client with an id, the answer N
 *     /ids/HEX               a stream with one event, whose id has these bytes. A client that comes
 *                            back gets an event that says whether it has sent the same id
 *     /comments              a stream that begins with comments, and ends after one event
 *     /lines                 a stream of 40 lines that goes on after the id, in chunks
 *
 * The query may have a form: the data of an event with a % in place of its word.
 *
 * Each stream ends after its event, and asks the client to come back soon. Each connection has a
 * process of its own: browsers open some without asking for anything. */
#define _GNU_SOURCE
#include "serve/request.h"
#include "serve/text.h"

#include <sse/sse.h>

#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PATIENCE_S = 10, RETRY_MS = 50, ID_MAX = 1024, FORM_MAX = 1024, LINES = 40 };

typedef struct exchange {
    int fd;
    char head[16384];
    request request;
    sse_str id; /* that the client sent; a length of 0: none */
    char id_bytes[ID_MAX + 1];
    uint32_t chunked; /* SSE_HTTP_CHUNKED, or 0 */
    size_t memory[SSE_WRITER_WORDS(8192)];
    sse_writer *queue;
} exchange;

static int sink(void *user, const void *bytes, size_t len, size_t *taken)
{
    const ssize_t n = send(*(int *)user, bytes, len, MSG_NOSIGNAL);

    if (n < 0)
        return errno == EINTR ? SSE_AGAIN : SSE_E_IO;
    *taken = (size_t)n;
    return SSE_OK;
}

/* Begin the answer, for any origin. */
static int begin(exchange *e, int status, int first)
{
    static const sse_http_field challenge = {{"www-authenticate", 16}, {"Bearer", 6}};
    const sse_str origin = request_field(&e->request, "Origin");
    const sse_http_answer answer = {
        .version = SSE_HTTP_1_1,
        .status = status,
        .flags = e->chunked | (origin.len > 0 ? SSE_HTTP_CREDENTIALS : 0u) |
                 (text_is(e->request.method, "OPTIONS") ? SSE_HTTP_PREFLIGHT : 0u),
        .retry_ms = status == 200 ? RETRY_MS : 0,
        .first = first,
        .origin = origin,
        .headers = request_field(&e->request, "Access-Control-Request-Headers"),
        .extra = &challenge,
        .extra_count = status == 401};

    return sse_http_send(&answer, e->queue);
}

/* Queue an event whose data is the word, in the form that the query has. */
static int send_word(exchange *e, sse_str id, const char *word)
{
    const sse_str query = e->request.query;
    char form[FORM_MAX], data[FORM_MAX + 64];
    const char *mark;
    size_t len;

    if (sse_http_query(query.ptr, query.len, "form", 4, form, sizeof form, &len) != SSE_OK)
        return SSE_E_FIELD;
    if (len == 0)
        form[len++] = '%';
    mark = memchr(form, '%', len);
    if (mark == NULL)
        return SSE_E_FIELD;
    len = (size_t)snprintf(data, sizeof data, "%.*s%s%.*s", (int)(mark - form), form, word,
                           (int)(form + len - mark - 1), mark + 1);
    return sse_writer_send(e->queue, &(sse_event){.id = id, .data = {data, len}});
}

static int one_event(exchange *e, sse_str id, const char *word)
{
    const int status = begin(e, 200, SSE_HTTP_FIRST_BLOCK);

    return status == SSE_OK ? send_word(e, id, word) : status;
}

/* The bytes that the path has in hexadecimal digits. */
static size_t unhex(const char *hex, size_t len, char *bytes)
{
    size_t n;

    for (n = 0; n < len / 2 && n < ID_MAX; n++) {
        const char two[] = {hex[2 * n], hex[2 * n + 1], '\0'};
        bytes[n] = (char)strtoul(two, NULL, 16);
    }
    return n;
}

static int ids(exchange *e, const char *hex, size_t len)
{
    char bytes[ID_MAX];
    const sse_str id = {bytes, unhex(hex, len, bytes)};

    if (e->id.len == 0)
        return one_event(e, id, "first");
    if (e->id.len == id.len && memcmp(e->id.ptr, id.ptr, id.len) == 0)
        return one_event(e, id, "exact");
    return one_event(e, id, "other");
}

static int comments(exchange *e)
{
    int status = begin(e, 200, SSE_HTTP_FIRST_NONE);

    if (status == SSE_OK)
        status = sse_writer_comment(e->queue, "keep-alive", 10);
    if (status == SSE_OK)
        status = sse_writer_comment(e->queue, "two\nlines", 9);
    return status == SSE_OK ? send_word(e, SSE_LIT("1"), "after") : status;
}

static int lines(exchange *e)
{
    int n = e->id.len > 2 ? atoi(e->id.ptr + 2) : 0, status;
    char id[16], text[64];

    e->chunked = SSE_HTTP_CHUNKED;
    e->queue = sse_writer_init(e->memory, sizeof e->memory, SSE_WRITER_CHUNKED);
    status = begin(e, 200, SSE_HTTP_FIRST_BLOCK);
    while (status == SSE_OK && n < LINES) {
        snprintf(text, sizeof text, "line %d: \303\244 \346\227\245 \360\237\232\200.", 100 + n);
        snprintf(id, sizeof id, "p-%d", ++n);
        status = send_word(e, (sse_str){id, strlen(id)}, text);
    }
    return status;
}

static int page(exchange *e)
{
    static const char text[] = "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\nconnection: close\r\n"
                               "content-length: 53\r\n\r\n"
                               "<!doctype html><link rel=icon href=data:,><title>peer";

    return send(e->fd, text, sizeof text - 1, MSG_NOSIGNAL) > 0 ? SSE_OK : SSE_E_IO;
}

/* The last part of the path where it begins with these words, else NULL. */
static const char *below(const exchange *e, const char *words)
{
    const size_t len = strlen(words);
    const sse_str path = e->request.path;

    return path.len >= len && memcmp(path.ptr, words, len) == 0 ? path.ptr + len : NULL;
}

static int answer(exchange *e)
{
    const char *const end = e->request.path.ptr + e->request.path.len, *at;

    if (text_is(e->request.method, "OPTIONS"))
        return begin(e, 204, 0);
    if ((at = below(e, "/status/")) != NULL)
        return begin(e, atoi(at), 0);
    if ((at = below(e, "/then/")) != NULL)
        return e->id.len > 0 ? begin(e, atoi(at), 0) : one_event(e, SSE_LIT("1"), "first");
    if ((at = below(e, "/ids/")) != NULL)
        return ids(e, at, (size_t)(end - at));
    if (below(e, "/comments") != NULL)
        return comments(e);
    if (below(e, "/lines") != NULL)
        return lines(e);
    return e->request.path.len == 1 ? page(e) : begin(e, 404, 0);
}

/* Read the request; returns its status, 0 where the client went. */
static int asked(exchange *e)
{
    size_t len = 0;
    int status = 0;

    while (status == 0) {
        const ssize_t n = recv(e->fd, e->head + len, sizeof e->head - len, 0);

        if (n <= 0)
            return 0;
        len += (size_t)n;
        status = request_read(&e->request, e->head, len, sizeof e->head, 0);
    }
    return status;
}

static void serve(exchange *e)
{
    const int status = asked(e);
    sse_str header, query;

    if (status == 0)
        return;
    e->queue = sse_writer_init(e->memory, sizeof e->memory, 0);
    if (status != 200) {
        begin(e, status, 0);
    } else {
        header = request_field(&e->request, "Last-Event-ID");
        query = e->request.query;
        e->id.ptr = e->id_bytes;
        if (sse_http_last_event_id(header.ptr, header.len, query.ptr, query.len, e->id_bytes,
                                   sizeof e->id_bytes, &e->id.len) != SSE_OK)
            begin(e, 400, 0);
        else if (answer(e) != SSE_OK)
            fprintf(stderr, "peer: no answer for %.*s\n", (int)e->request.path.len,
                    e->request.path.ptr);
    }
    sse_writer_close(e->queue);
    while (sse_writer_flush(e->queue, sink, &e->fd) == SSE_AGAIN)
        ;
    shutdown(e->fd, SHUT_WR);
}

static int listen_anywhere(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    const int fd = socket(AF_INET, SOCK_STREAM, 0);

    if (fd < 0 || bind(fd, (struct sockaddr *)&at, size) != 0 || listen(fd, SOMAXCONN) != 0 ||
        getsockname(fd, (struct sockaddr *)&at, &size) != 0)
        return -1;
    printf("http://127.0.0.1:%u/\n", (unsigned)ntohs(at.sin_port));
    fflush(stdout);
    return fd;
}

int main(void)
{
    static exchange e;
    const struct timeval patience = {.tv_sec = PATIENCE_S};
    const int listener = listen_anywhere();

    signal(SIGCHLD, SIG_IGN);
    if (listener < 0) {
        perror("peer");
        return 1;
    }
    for (;;) {
        e.fd = accept(listener, NULL, NULL);
        if (e.fd >= 0 && fork() == 0) {
            setsockopt(e.fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
            setsockopt(e.fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
            serve(&e);
            return 0;
        }
        if (e.fd >= 0)
            close(e.fd);
    }
}
