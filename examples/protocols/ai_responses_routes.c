/* SPDX-License-Identifier: MIT */
/* ai_responses_routes.c - the responses of OpenAI, which can be resumed by a number:
 *
 *     POST   /v1/responses                                     with "stream", "background"
 *     GET    /v1/responses/ID                                  as it is now, in JSON
 *     GET    /v1/responses/ID?stream=true&starting_after=N     its events, after number N
 *     POST   /v1/responses/ID/cancel                           only with "background"
 *     DELETE /v1/responses/ID
 *
 * Join by number: the number is the id of an event, so starting_after goes where Last-Event-ID
 * does. The history keeps all events of a response: there is no gap. In the background a response
 * goes on without readers; otherwise it is canceled when its POST is gone. The last ones are kept,
 * and those that run or are being read. */
#include "ai.h"

#include <string.h>

enum { KEPT = 16 };

static const ai_protocol *const protocol = &ai_responses_protocol;
static ai_generation *responses; /* the newest first */

static int is_read(const ai_generation *g)
{
    return g->reason == AI_RUNNING || (g->channel != NULL && web_count(g->channel) > 0);
}

static void forget(ai_generation **at)
{
    ai_generation *const g = *at;

    *at = g->next;
    ai_free(g);
}

/* Make room for one more: forget those that are deleted, and the oldest. */
static void forget_some(void)
{
    ai_generation **at = &responses;
    size_t count = 0;

    while (*at != NULL)
        if (!is_read(*at) && ((*at)->id[0] == '\0' || count >= KEPT - 1)) {
            forget(at);
        } else {
            at = &(*at)->next;
            count++;
        }
}

static ai_generation *find(sse_str id)
{
    ai_generation *g = responses;

    while (g != NULL &&
           (id.len == 0 || strlen(g->id) != id.len || memcmp(g->id, id.ptr, id.len) != 0))
        g = g->next;
    return g;
}

/* The POST of a response is gone, which is not in the background. */
static void left(void *user)
{
    ai_end(user, AI_CANCELED);
}

static void stream(const web_request *r, ai_generation *g, sse_str after, void (*gone)(void *user))
{
    sse_subscriber *const s = web_stream(r, g->channel, &ai_stream, AI_JOIN, after, gone, g);

    if (s != NULL)
        sse_subscriber_set_limits(s, 0, AI_STALL_MS, 0);
    else if (gone != NULL)
        gone(g);
}

/* see ai.h */
void ai_responses(const web_request *r, json_t *body)
{
    json_t *const input = json_object_get(body, "input");
    json_t *const last =
        json_is_array(input) ? json_array_get(input, json_array_size(input) - 1) : input;
    const int is_result = strcmp(ai_string(last, "type"), "function_call_output") == 0;
    ai_ask ask = {.is_background = json_is_true(json_object_get(body, "background"))};
    ai_generation *g;

    forget_some();
    g = ai_begin(r, protocol, body, "max_output_tokens",
                 json_is_object(last) ? json_object_get(last, is_result ? "output" : "content")
                                      : last,
                 is_result, &ask);
    if (g == NULL)
        return;
    g->next = responses;
    responses = g;
    if (g->ask.streams) {
        stream(r, g, (sse_str){"", 0}, g->ask.is_background ? NULL : left);
        return;
    }
    if (!g->ask.is_background)
        ai_finish(g);
    ai_reply(r, 200, protocol->whole(g));
}

/* The events after a number: where starting_after is not given, after Last-Event-ID, or all. */
static void stream_again(const web_request *r, ai_generation *g)
{
    char after[16];
    size_t len;
    const int status =
        sse_http_query(r->query.ptr, r->query.len, "starting_after", 14, after, sizeof after, &len);

    if (status != SSE_OK || g->channel == NULL ||
        (len > 0 && !web_knows(g->channel, (sse_str){after, len}))) {
        ai_refuse(r, protocol, 400, "there is no such event");
        return;
    }
    stream(r, g, (sse_str){len > 0 ? after : NULL, len}, NULL);
}

static void get(const web_request *r, ai_generation *g)
{
    char flag[8];
    size_t len;

    if (sse_http_query(r->query.ptr, r->query.len, "stream", 6, flag, sizeof flag, &len) ==
            SSE_OK &&
        len == 4 && memcmp(flag, "true", 4) == 0)
        stream_again(r, g);
    else
        ai_reply(r, 200, protocol->whole(g));
}

static void cancel(const web_request *r, ai_generation *g)
{
    if (!g->ask.is_background) {
        ai_refuse(r, protocol, 400, "it is not in the background");
        return;
    }
    ai_end(g, AI_CANCELED);
    ai_reply(r, 200, protocol->whole(g));
}

static void delete (const web_request *r, ai_generation *g)
{
    ai_end(g, AI_CANCELED);
    ai_reply(r, 200, json_pack("{s:s,s:s,s:b}", "id", g->id, "object", "response", "deleted", 1));
    g->id[0] = '\0';
}

/* see ai.h */
void ai_responses_by_id(const web_request *r, const char *rest)
{
    static const struct {
        const char *method, *rest;
        void (*run)(const web_request *r, ai_generation *g);
    } routes[] = {
        {"GET", "", get}, {"HEAD", "", get}, {"DELETE", "", delete}, {"POST", "/cancel", cancel}};
    const size_t count = sizeof routes / sizeof *routes;
    const size_t len = strcspn(rest, "/");
    ai_generation *const g = find((sse_str){rest, len});
    size_t i;

    for (i = 0; i < count; i++)
        if (strcmp(r->method.ptr, routes[i].method) == 0 && strcmp(rest + len, routes[i].rest) == 0)
            break;
    if (g == NULL || i == count)
        ai_refuse(r, protocol, 404, "there is no such response");
    else
        routes[i].run(r, g);
}

/* see ai.h */
void ai_responses_free(void)
{
    while (responses != NULL) {
        responses->channel = NULL; /* it went with the server */
        forget(&responses);
    }
}
