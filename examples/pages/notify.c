/* SPDX-License-Identifier: MIT */
/* notify.c - notifications: each user sees their own, and those for all.
 *
 *     while sleep 2; do echo "alice Your build is done"; done | ./notify 8080
 *     http://127.0.0.1:8080/?token=rabbit-hole        alice;  can-we-fix-it: bob
 *
 * A line of standard input is a user and a text; "*" means all. The token is exchanged for a cookie,
 * which EventSource sends and no log shows. The cookie says which user it is, and the user which
 * events: a tag is on the event, and the filter of a stream has the user's tag. A user that comes
 * back gets what was missed while away, and nothing of the others. */
#include "page.h"

#include "notify_html.h"

#include <stdio.h>
#include <string.h>

enum { ALL = 0 }; /* the tag of what everyone may see */

static const struct user {
    const char *name, *token;
    uint64_t tags[1];
} users[] = {{"alice", "rabbit-hole", {1}}, {"bob", "can-we-fix-it", {2}}};
enum { USERS = sizeof users / sizeof *users };

static sse_channel *news;

static const struct user *user_of_token(sse_str token)
{
    const struct user *u = users;

    while (u < users + USERS &&
           (strlen(u->token) != token.len || memcmp(u->token, token.ptr, token.len) != 0))
        u++;
    return u < users + USERS ? u : NULL;
}

static const struct user *user_of_cookie(const web_request *r)
{
    const char *at = web_field(r, "Cookie").ptr;

    while (at != NULL) {
        at += strspn(at, "; ");
        if (strncmp(at, "notify=", 7) == 0)
            return user_of_token((sse_str){at + 7, strcspn(at + 7, ";")});
        at = strchr(at, ';');
    }
    return NULL;
}

/* Exchange the token in the query for a cookie, so that the address has none any more. */
static void enter(const web_request *r)
{
    char token[64], cookie[128];
    size_t len;
    const struct user *u = NULL;

    if (sse_http_query(r->query.ptr, r->query.len, "token", 5, token, sizeof token, &len) == SSE_OK)
        u = user_of_token((sse_str){token, len});
    if (u == NULL) {
        web_refuse(r, 403);
    } else {
        const int n = snprintf(cookie, sizeof cookie,
                               "notify=%s; HttpOnly; SameSite=Strict; Path=/", u->token);
        const sse_http_field fields[] = {{SSE_LIT("Set-Cookie"), {cookie, (size_t)n}},
                                         {SSE_LIT("Location"), SSE_LIT("/")}};

        web_reply(r, 303, NULL, NULL, 0, fields, 2);
    }
}

static void listen_to(const web_request *r, const struct user *u)
{
    static const sse_http_answer stream = {.retry_ms = 2000};
    sse_subscriber *const s =
        web_stream(r, news, &stream, SSE_JOIN_GAPS, (sse_str){NULL, 0}, NULL, NULL);

    if (s != NULL)
        sse_subscriber_set_filter(s, u->tags, 1); /* cannot fail with one tag */
}

static void answer(const web_request *r)
{
    const struct user *const u = user_of_cookie(r);

    if (page_is(r, "GET", "/") && r->query.len > 0)
        enter(r);
    else if (u == NULL)
        web_refuse(r, 403);
    else if (page_is(r, "GET", "/"))
        web_reply(r, 200, "text/html", notify_html, notify_html_len, NULL, 0);
    else if (page_is(r, "GET", "/events"))
        listen_to(r, u);
    else
        web_refuse(r, 404);
}

static void publish(const char *line, size_t len)
{
    const char *const blank = len > 0 ? memchr(line, ' ', len) : NULL;
    const size_t name = blank != NULL ? (size_t)(blank - line) : 0;
    const struct user *u = users;
    const int to_all = name == 1 && *line == '*';

    while (u < users + USERS && (strlen(u->name) != name || memcmp(u->name, line, name) != 0))
        u++;
    if (blank == NULL || (u == users + USERS && !to_all) ||
        sse_channel_publish_parts(news, NULL, 0, NULL, 0, blank + 1, len - name - 1,
                                  to_all ? ALL : u->tags[0], 0) != SSE_OK)
        fprintf(stderr, "notify: a line was not published; it has to be: alice, bob or *, a blank, "
                        "and a text\n");
}

int main(int argc, char **argv)
{
    news = web_channel("notifications", 1000, 1 << 20, SSE_HEARTBEAT_MS);
    return news == NULL ? 1 : web_run(argc > 1 ? argv[1] : "8080", NULL, NULL, answer, publish);
}
