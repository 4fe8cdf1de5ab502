/* topics.c - one log, several users, and none sees what is another's: tags and filters.
 *
 *     cc topics.c serve/serve.c serve/request.c serve/feed.c -lsse -o topics
 *     ./topics [port]                                        8080; port 0: any
 *     curl -N 'http://127.0.0.1:8080/?token=rabbit-hole'     what alice may see
 *     curl -N 'http://127.0.0.1:8080/?token=can-we-fix-it'   what bob may see
 *
 * Then say who is to read what, on standard input: "alice text", "bob text", "* text" for both.
 *
 * Each event has a tag, the number of the user that it is for, or 0: for all. Each subscriber has a
 * filter, which the library asks about every event before it offers a byte of it.
 *
 * Replay is where such a rule gets lost. A client that comes back says which event was its last,
 * and that is a claim, like all that a client says: it can be any id, one of another user's events
 * or a guess. So the id says where to go on, and never what may be seen. Here this holds because
 * replay and live delivery are the same thing, a cursor that asks the same filter. And it holds for
 * notices of a gap: they tell neither ids nor a count to someone who sees a part of the log, since
 * these would be about the others.
 *
 * What does show: ids count the events of all. Where even this is a secret, give each user a log.
 * And a token in a URL ends up in logs and histories; take a cookie, which EventSource sends. */
#define _POSIX_C_SOURCE 200809L
#include "serve/feed.h"
#include "serve/serve.h"

#include <sse/sse.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { EVENTS = 1024, ROOM = 128 * 1024 }; /* more than the lines of a turn, of 3 bytes or more */

/* A user's tag is its place here, counted from 1. */
static const struct {
    const char *name, *token;
} users[] = {{"alice", "rabbit-hole"}, {"bob", "can-we-fix-it"}};
enum { USERS = sizeof users / sizeof users[0], EVERYBODY = 0, NOBODY = USERS + 1 };

static uint64_t memory[SSE_HISTORY_WORDS(EVENTS, ROOM)];
static server clients;
static sse_channel channel;

static int is(sse_str s, const char *text)
{
    return s.len == strlen(text) && memcmp(s.ptr, text, s.len) == 0;
}

/* Who asks is who knows the token, and not who the client says that it is. */
static uint64_t user_of(const request *r)
{
    const sse_str token = request_parameter(r, "token");
    uint64_t user = 1;

    while (user <= USERS && !is(token, users[user - 1].token))
        user++;
    return user;
}

/* The filter. */
static int may_see(void *user, uint64_t tag)
{
    const client *c = user;

    return tag == EVERYBODY || tag == c->tag;
}

/* There is no Access-Control-Allow-Origin: what is one user's is not for the pages of others. */
static void join(client *c)
{
    sse_head head = {.version = SSE_HTTP_1_1, .retry_ms = 1000};
    sse_join how = {.sink = serve_sink,
                    .on_close = serve_close,
                    .filter = may_see,
                    .user = c,
                    .flags = SSE_SKIP};
    char id[SSE_HISTORY_ID_MAX];
    size_t len = request_last_id(&c->request, id);

    c->tag = user_of(&c->request);
    if (c->tag == NOBODY) {
        serve_refuse(c, 403);
        return;
    }
    how.writer = serve_start(c, &head);
    if (sse_channel_join(&channel, &c->stream, &how, id, len) < 0)
        serve_refuse(c, 503);
}

/* "alice text": publish the text to her. */
static void say(sse_str line)
{
    const char *blank = memchr(line.ptr, ' ', line.len);
    const sse_str to = {line.ptr, blank ? (size_t)(blank - line.ptr) : line.len};
    uint64_t tag = 1;

    while (tag <= USERS && !is(to, users[tag - 1].name))
        tag++;
    if (is(to, "*"))
        tag = EVERYBODY;
    if (blank == NULL || tag == NOBODY) {
        fprintf(stderr, "topics: alice, bob or *, a blank and a text, please\n");
        return;
    }
    sse_channel_publish(&channel, &(sse_event){.data = {blank + 1, line.len - to.len - 1}}, tag, 0,
                        NULL);
}

static void publish(feed *in)
{
    sse_str lines, line;
    int more = feed_read(in, &lines);

    while (feed_line(&lines, &line))
        say(line);
    if (!more) {
        sse_channel_drain(&channel, NULL, 1000, 4000, 0);
        serve_end(&clients);
    }
}

int main(int argc, char **argv)
{
    int listener = serve_listen("topics", argc > 1 ? argv[1] : "8080"), what;
    sse_history *log = sse_history_init(memory, sizeof memory, EVENTS, serve_ms(CLOCK_REALTIME), 0);
    feed in = {.fd = STDIN_FILENO};
    uint64_t wait_ms = 0;
    client *c;

    if (listener < 0 || serve_init(&clients, "topics", listener, in.fd) != 0)
        return 1;
    sse_channel_init(&channel, log, SSE_HEARTBEAT_MS, NULL, serve_ms(CLOCK_MONOTONIC));
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
    return 0;
}
