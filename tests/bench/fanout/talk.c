/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE

#include "talk.h"

#include "serve/text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum {
    HEAD_MAX = 8192,    /* bytes of the head of a request */
    BODY_MAX = 4 << 20, /* and of its body */
    TEXT_FIRST = 16384, /* bytes that are read at once; more for a request that is longer */
    ANSWER_MAX = 256    /* bytes of an answer */
};

struct talk {
    char *text; /* what has come, and is no request that was answered */
    size_t len, cap;
    request request; /* that is coming, or is answered */
    size_t answered; /* bytes of answers that have not been sent */
    int told;        /* that it may send the body of the request that is coming */
    int ending;      /* after these answers; what comes is thrown away */
    int shut;
    char answers[32 * ANSWER_MAX];
};

talk *talk_new(void)
{
    talk *const t = calloc(1, sizeof *t);

    if (t == NULL)
        return NULL;
    t->cap = TEXT_FIRST;
    t->text = malloc(t->cap);
    if (t->text)
        return t;
    free(t);
    return NULL;
}

void talk_free(talk *t)
{
    if (t)
        free(t->text);
    free(t);
}

static const char *reason(int status)
{
    switch (status) {
    case 204:
        return "No Content";
    case 404:
        return "Not Found";
    case 405:
        return "Method Not Allowed";
    case 406:
        return "Not Acceptable";
    case 411:
        return "Length Required";
    case 413:
        return "Content Too Large";
    case 431:
        return "Request Header Fields Too Large";
    case 503:
        return "Service Unavailable";
    case 505:
        return "HTTP Version Not Supported";
    default:
        return "Bad Request";
    }
}

static void put(talk *t, const char *text, size_t len)
{
    memcpy(t->answers + t->answered, text, len);
    t->answered += len;
}

/* The answer to a post that was published, a million times, is not worth a printf. */
static void answer(talk *t, int status, const char *allow)
{
    static const char done[] = "HTTP/1.1 204 No Content\r\n\r\n";
    char text[ANSWER_MAX];

    t->told = 0;
    t->ending |= t->request.close;
    if (status == 204 && t->request.minor > 0 && !t->ending) {
        put(t, done, sizeof done - 1);
        return;
    }
    put(t, text,
        (size_t)snprintf(text, sizeof text, "HTTP/1.1 %d %s\r\n%sConnection: %s\r\n%s%s%s\r\n",
                         status, reason(status), status == 204 ? "" : "Content-Length: 0\r\n",
                         t->ending ? "close" : "keep-alive", allow ? "Allow: " : "",
                         allow ? allow : "", allow ? "\r\n" : ""));
}

/* Do what a whole request asks for. Returns 1 where the connection is a stream now. */
static int obey(const service *s, client *c, sse_str body)
{
    static const struct {
        const char *path, *method;
    } routes[] = {{"/events", "GET"}, {"/publish", "POST"}};
    const request *const r = &c->talk->request;
    const int publishes = text_is(r->path, routes[1].path);
    const char *allow = NULL;
    int status;

    if (!publishes && !text_is(r->path, routes[0].path)) {
        status = 404;
    } else if (!text_is(r->method, routes[publishes].method)) {
        status = 405;
        allow = routes[publishes].method;
    } else if (publishes) {
        status = r->has_body ? s->publish(body) : 411;
    } else {
        status = request_accepts_stream(r) ? s->join(c, r) : 406;
        if (status == 200)
            return 1;
    }
    answer(c->talk, status, allow);
    return 0;
}

/* Whether a request must wait until the answers before it have gone: there is no room for one
 * more, or it may begin a stream. */
static int must_wait(const talk *t)
{
    return sizeof t->answers - t->answered < ANSWER_MAX ||
           (t->answered > 0 && text_is(t->request.method, "GET"));
}

/* Let a client that asks send its body. */
static void go_on(talk *t)
{
    static const char text[] = "HTTP/1.1 100 Continue\r\n\r\n";

    if (t->request.expects && !t->told)
        put(t, text, sizeof text - 1);
    t->told |= t->request.expects;
}

/* Answer what has come whole. Returns 1 as obey. */
static int obey_all(const service *s, client *c)
{
    talk *const t = c->talk;
    request *const r = &t->request;
    size_t at = 0;

    while (!t->ending && at < t->len) {
        const char *const text = t->text + at;
        const int status = request_read(r, text, t->len - at, HEAD_MAX, BODY_MAX);

        if (must_wait(t) || status == 0)
            break;
        if (status != 200) {
            r->close = 1;
            answer(t, status, NULL);
        } else if (t->len - at - r->len < r->body_len) {
            go_on(t);
            break;
        } else {
            at += r->len + r->body_len;
            if (obey(s, c, (sse_str){text + r->len, r->body_len}))
                return 1;
            *r = (request){0};
        }
    }
    if (t->ending)
        at = t->len;
    t->len -= at;
    memmove(t->text, t->text + at, t->len);
    return 0;
}

/* Make room for the rest of a request that is longer than what there is. */
static int make_room(talk *t)
{
    char *more;

    if (t->len < t->cap)
        return 1;
    more = realloc(t->text, 2 * t->cap);
    if (more == NULL)
        return 0;
    t->text = more;
    t->cap *= 2;
    return 1;
}

/* Returns 0 where the peer has gone. */
static int take_in(client *c)
{
    talk *const t = c->talk;
    ssize_t n;

    if (!make_room(t))
        return 0;
    n = recv(c->fd, t->text + t->len, t->cap - t->len, 0);
    if (n <= 0)
        return n < 0 && (errno == EAGAIN || errno == EINTR);
    t->len += (size_t)n;
    if (t->ending)
        t->len = 0;
    return 1;
}

/* Returns 0 where the peer has gone. */
static int give_out(client *c)
{
    talk *const t = c->talk;
    const ssize_t n = t->answered > 0 ? intake_send(c, t->answers, t->answered) : 0;

    if (n < 0)
        return 0;
    t->answered -= (size_t)n;
    memmove(t->answers, t->answers + n, t->answered);
    if (t->ending && t->answered == 0 && !t->shut) {
        shutdown(c->fd, SHUT_WR); /* a close would be a reset, and could overtake the answer */
        t->shut = 1;
    }
    return 1;
}

enum next talk_on(const service *s, client *c)
{
    talk *const t = c->talk;
    size_t before;

    if (!(t->answered > 0 ? give_out(c) : take_in(c)))
        return TALK_CLOSE;
    do {
        before = t->len;
        if (obey_all(s, c))
            return TALK_STREAM;
        if (!give_out(c))
            return TALK_CLOSE;
    } while (t->answered == 0 && t->len > 0 && t->len < before);
    return t->answered > 0 ? TALK_WRITE : TALK_READ;
}
