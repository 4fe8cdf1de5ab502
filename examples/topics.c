/* SPDX-License-Identifier: MIT */
/* topics.c - one history, several users, and none sees what is another's: tags and filters.
 *
 *     cc topics.c serve/serve.c serve/request.c serve/text.c -lsse -o topics
 *     ./topics [port]                                        8080; port 0: any
 *     curl -N 'http://127.0.0.1:8080/?token=rabbit-hole'     what alice may see
 *     curl -N 'http://127.0.0.1:8080/?token=can-we-fix-it'   what bob may see
 *
 * Then say on standard input for whom a text is: "alice text", "bob text", "* text" for both.
 *
 * Each event has a tag: the number of its user, or 0 for all. Each subscriber has a filter: the
 * tags that it may see. A client's last event ID is a claim; it can be the id of another user's
 * event, or a guess. So the id says where to go on, and never what may be seen: replay and live
 * delivery read the same history through the same filter. A gap event for a filtered subscriber has
 * neither ids nor a count, since these would be about the others. And where a topic is quiet, the
 * heartbeats move the client's place on, so that it is not told of a gap when it comes back.
 *
 * What does show: ids count the events of all. Where even this is a secret, give each user a
 * history. And a token in a URL ends up in logs; take a cookie, which EventSource sends. */
#include "serve/serve.h"

#include <stdio.h>
#include <string.h>

enum { EVENTS = 1024, CAPACITY = 128 * 1024, TURN_BYTES = 65536, STALL_MS = 30000 };

static const struct user {
    const char *name, *token;
    uint64_t tags[1]; /* the filter; a subscriber borrows it, so it must stay */
} users[] = {{"alice", "rabbit-hole", {1}}, {"bob", "can-we-fix-it", {2}}};
enum { USERS = sizeof users / sizeof users[0], EVERYBODY = 0 };

static uint64_t memory[SSE_HISTORY_WORDS(EVENTS, CAPACITY)];
static sse_channel channel;

static int is(sse_str s, const char *text)
{
    return s.len == strlen(text) && memcmp(s.ptr, text, s.len) == 0;
}

/* The token says which user the client is; a name would be a claim. There is no
 * Access-Control-Allow-Origin: what is one user's is not for the pages of others. */
static int join(client *c)
{
    const sse_str query = c->request.query;
    const struct user *u = users;
    char text[32];
    sse_str token = {text, 0};
    int status = sse_http_query(query.ptr, query.len, "token", 5, text, sizeof text, &token.len);

    while (status == SSE_OK && u < users + USERS && !is(token, u->token))
        u++;
    if (status != SSE_OK || u == users + USERS)
        return 403;
    status = serve_join(c, SSE_JOIN_GAPS, "");
    if (status == 0 && (sse_subscriber_set_filter(&c->stream, u->tags, 1) != SSE_OK ||
                        sse_subscriber_set_limits(&c->stream, 0, STALL_MS, 0) != SSE_OK))
        status = 503; /* without its filter nobody may stay */
    return status;
}

/* "alice text": publish the text to her. */
static void line(const char *text, size_t len)
{
    const char *const blank = len > 0 ? memchr(text, ' ', len) : NULL;
    const sse_str to = {text, blank ? (size_t)(blank - text) : len};
    const struct user *u = users;

    while (u < users + USERS && !is(to, u->name))
        u++;
    if (blank == NULL || (u == users + USERS && !is(to, "*")))
        fprintf(stderr, "topics: alice, bob or *, a blank and a text, please\n");
    else if (sse_channel_publish_parts(&channel, NULL, 0, NULL, 0, blank + 1, len - to.len - 1,
                                       u < users + USERS ? u->tags[0] : EVERYBODY, 0) != SSE_OK)
        fprintf(stderr, "topics: a text was not published\n");
}

int main(int argc, char **argv)
{
    static const serve_hooks hooks = {join, line};
    sse_history *const history =
        sse_history_init(memory, sizeof memory, EVENTS, 0, serve_epoch(), "topics", 6);

    if (sse_channel_init(&channel, history, SSE_HEARTBEAT_MS, TURN_BYTES, serve_now()) != SSE_OK)
        return 1;
    return serve_run(argc > 1 ? argv[1] : "8080", &channel, &hooks);
}
