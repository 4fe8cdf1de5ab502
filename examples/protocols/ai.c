/* SPDX-License-Identifier: MIT */
/* ai.c - a server for tokens, as the SDKs of OpenAI and Anthropic read them; the model is a
 * stand-in, which repeats the prompt.
 *
 *     ai [PORT]
 *     curl -N http://127.0.0.1:8080/v1/responses -d '{"model":"m","stream":true,"input":"Hello"}'
 *     OPENAI_BASE_URL=http://127.0.0.1:8080/v1 OPENAI_API_KEY=none ...
 *     ANTHROPIC_BASE_URL=http://127.0.0.1:8080 ANTHROPIC_API_KEY=none ...
 *
 *     POST /v1/chat/completions   ai_chat.c
 *     POST /v1/responses ...      ai_responses_routes.c, ai_responses.c
 *     POST /v1/messages           ai_messages.c
 *     GET  /                      how many generations run, and how many pieces there were, in JSON
 *
 * Each route answers with a stream if the body asks for one, else with JSON. A prompt with
 * "[refuse 503]" is refused with that status, one with "[fail]" fails there. The environment sets
 * AI_TOKEN_MS (20), AI_PREFILL_MS (0), AI_BEAT_MS (15000), AI_MAX (64), the generations at a time,
 * and AI_RETRY_MS (1000), after which one that was too many may come back. The server asks for no
 * key: put your own check into handle(). */
#include "ai.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const sse_http_answer ai_stream = {.first = SSE_HTTP_FIRST_LINE};

/* Answers. */

static void reply(const web_request *r, int status, json_t *body, const sse_http_field *extra,
                  size_t count)
{
    char *const text = json_dumps(body, JSON_COMPACT);

    web_reply(r, text != NULL ? status : 500, "application/json", text, text ? strlen(text) : 0,
              extra, count);
    free(text);
    json_decref(body);
}

/* see ai.h */
void ai_reply(const web_request *r, int status, json_t *body)
{
    reply(r, status, body, NULL, 0);
}

/* see ai.h. Retry-After is in seconds; the other field is one that the SDKs prefer. */
void *ai_refuse(const web_request *r, const ai_protocol *protocol, int status, const char *message)
{
    const uint32_t wait_ms = ai_setting("AI_RETRY_MS", 1000);
    char ms[16], seconds[16];
    const sse_http_field later[] = {{SSE_LIT("Retry-After"), {seconds, 0}},
                                    {SSE_LIT("retry-after-ms"), {ms, 0}}};

    snprintf(ms, sizeof ms, "%u", (unsigned)wait_ms);
    snprintf(seconds, sizeof seconds, "%u", (unsigned)(wait_ms / 1000 + (wait_ms % 1000 > 0)));
    reply(r, status, protocol->error(status, message), later,
          status == 429 || status == 503 || status == 529 ? 2 : 0);
    return NULL;
}

/* Requests. */

/* see ai.h */
const char *ai_string(const json_t *object, const char *name)
{
    const char *const text = json_string_value(json_object_get(object, name));

    return text != NULL ? text : "";
}

/* Put all the text in a content at end: it is a string, or an array of parts, each with a text or a
 * content of its own. Returns the new end. */
static char *collect(const json_t *from, char *end)
{
    const json_t *const inner = json_object_get(from, "text");
    const size_t len = json_string_length(from);
    size_t i;

    if (len > 0)
        memcpy(end, json_string_value(from), len);
    end += len;
    for (i = 0; i < json_array_size(from); i++)
        end = collect(json_array_get(from, i), end);
    if (json_is_object(from))
        end = collect(inner != NULL ? inner : json_object_get(from, "content"), end);
    return end;
}

static int copy_name(char *to, const char *from)
{
    if (strlen(from) > AI_NAME_MAX)
        return 0;
    strcpy(to, from);
    return 1;
}

/* The status with which a prompt is to be refused: "[refuse 503]"; 0: it is not. */
static int refusal(const char *prompt)
{
    const char *const at = strstr(prompt, "[refuse ");
    const long status = at != NULL ? strtol(at + 8, NULL, 10) : 0;

    return status >= 400 && status <= 599 ? (int)status : 0;
}

/* The name of the tool that is to be called: the first one; "": none. */
static const char *tool(const json_t *body)
{
    const json_t *const first = json_array_get(json_object_get(body, "tools"), 0);
    const json_t *const function = json_object_get(first, "function");
    const json_t *const choice = json_object_get(body, "tool_choice");
    const char *const way =
        json_is_string(choice) ? json_string_value(choice) : ai_string(choice, "type");

    return strcmp(way, "none") == 0 ? "" : ai_string(function ? function : first, "name");
}

static int is_absent(const json_t *value)
{
    return value == NULL || json_is_null(value);
}

/* What is wrong with a request; NULL: nothing. */
static const char *fault(const json_t *body, const json_t *max, const ai_ask *ask, int fits)
{
    const json_t *const streams = json_object_get(body, "stream"), *n = json_object_get(body, "n");

    if (!fits)
        return "a name is too long";
    if (!is_absent(max) && json_integer_value(max) <= 0)
        return "the limit of tokens is not a positive integer";
    if (!is_absent(streams) && !json_is_boolean(streams))
        return "stream is neither true nor false";
    if (!is_absent(n) && json_integer_value(n) != 1)
        return "n can only be 1 here";
    return ask->prompt[0] == '\0' ? "there is no prompt" : NULL;
}

/* Returns 1 if the request was refused. */
static int is_refused(const web_request *r, const ai_protocol *protocol, const ai_ask *ask,
                      const char *wrong)
{
    const int status = refusal(ask->prompt);

    if (wrong != NULL)
        ai_refuse(r, protocol, 400, wrong);
    else if (status > 0)
        ai_refuse(r, protocol, status, "it was to be refused");
    else if (ai_running >= ai_setting("AI_MAX", 64))
        ai_refuse(r, protocol, protocol->busy, "too many at a time");
    else
        return 0;
    return 1;
}

/* see ai.h */
ai_generation *ai_begin(const web_request *r, const ai_protocol *protocol, const json_t *body,
                        const char *max_name, const json_t *content, int is_result, ai_ask *ask)
{
    const json_t *const limit = json_object_get(body, max_name);
    const json_int_t max = json_integer_value(limit);
    const int fits = copy_name(ask->model, ai_string(body, "model")) &&
                     copy_name(ask->tool, is_result ? "" : tool(body));
    ai_generation *g = NULL;

    ask->streams = json_is_true(json_object_get(body, "stream"));
    ask->max_tokens = max > 0 && max < AI_TOKENS_MAX ? (uint32_t)max : AI_TOKENS_MAX;
    ask->prompt = calloc(1, r->body.len + 1); /* JSON is never shorter than its text */
    if (ask->prompt == NULL)
        return ai_refuse(r, protocol, 503, "out of memory");
    collect(content, ask->prompt);
    if (!is_refused(r, protocol, ask, fault(body, limit, ask, fits))) {
        g = ai_start(protocol, ask);
        if (g == NULL)
            ai_refuse(r, protocol, 503, "out of memory");
    }
    free(ask->prompt);
    return g;
}

static void left(void *user)
{
    ai_free(user);
}

static void answer_whole(const web_request *r, const ai_protocol *protocol, ai_generation *g)
{
    ai_finish(g);
    if (g->reason == AI_FAILED)
        ai_refuse(r, protocol, 500, "the model has failed");
    else
        ai_reply(r, 200, protocol->whole(g));
    ai_free(g);
}

/* see ai.h */
void ai_answer(const web_request *r, const ai_protocol *protocol, const json_t *body,
               const char *max_name, const json_t *content, int is_result, ai_ask *ask)
{
    ai_generation *const g = ai_begin(r, protocol, body, max_name, content, is_result, ask);
    sse_subscriber *s;

    if (g == NULL)
        return;
    if (!g->ask.streams) {
        answer_whole(r, protocol, g);
        return;
    }
    s = web_stream(r, g->channel, &ai_stream, AI_JOIN, (sse_str){"", 0}, left, g);
    if (s == NULL)
        ai_free(g);
    else
        sse_subscriber_set_limits(s, 0, AI_STALL_MS, 0);
}

static void post(const web_request *r, const ai_protocol *protocol,
                 void (*answer)(const web_request *r, json_t *body))
{
    static const sse_http_field allow = {{"Allow", 5}, {"POST", 4}};
    json_t *const body = json_loadb(r->body.ptr ? r->body.ptr : "", r->body.len, 0, NULL);

    if (strcmp(r->method.ptr, "POST") != 0)
        reply(r, 405, protocol->error(405, "the method is not POST"), &allow, 1);
    else if (json_is_object(body))
        answer(r, body);
    else
        ai_refuse(r, protocol, 400, "the body is not an object in JSON");
    json_decref(body);
}

static void handle(const web_request *r)
{
    static const struct {
        const char *path;
        const ai_protocol *protocol;
        void (*answer)(const web_request *r, json_t *body);
    } routes[] = {{"/v1/chat/completions", &ai_chat_protocol, ai_chat},
                  {"/v1/responses", &ai_responses_protocol, ai_responses},
                  {"/v1/messages", &ai_messages_protocol, ai_messages}};
    static const char below[] = "/v1/responses/";
    size_t i;

    for (i = 0; i < 3; i++)
        if (strcmp(r->path.ptr, routes[i].path) == 0) {
            post(r, routes[i].protocol, routes[i].answer);
            return;
        }
    if (strncmp(r->path.ptr, below, sizeof below - 1) == 0)
        ai_responses_by_id(r, r->path.ptr + sizeof below - 1);
    else if (strcmp(r->path.ptr, "/") == 0)
        ai_reply(
            r, 200,
            json_pack("{s:i,s:I}", "running", (int)ai_running, "pieces", (json_int_t)ai_pieces));
    else
        web_refuse(r, 404);
}

int main(int argc, char **argv)
{
    const int code = web_run(argc > 1 ? argv[1] : "8080", "*", "authorization, *", handle, NULL);

    ai_responses_free();
    return code;
}
