/* SPDX-License-Identifier: MIT */
/* ai_chat.c - the chat completions of OpenAI:  POST /v1/chat/completions
 *
 *     data: {"id":"chatcmpl-...","object":"chat.completion.chunk",...,"choices":[{"index":0,
 *           "delta":{"role":"assistant","content":""},"finish_reason":null}]}
 *     data: {... "delta":{"content":"Hel"} ...}                  a piece; of a call: tool_calls
 *     data: {... "delta":{},"finish_reason":"stop" ...}          or "length", "tool_calls"
 *     data: {... "choices":[],"usage":{...}}                     with stream_options.include_usage
 *     data: [DONE]
 *
 * Events have neither type nor id. An error is {"error":{...}} in place of a chunk. The stream
 * belongs to its POST: when that is gone, the model stops. */
#include "ai.h"

#include <string.h>

/* choices and usage are released; usage may be NULL. */
static json_t *envelope(const ai_generation *g, const char *object, json_t *choices, json_t *usage)
{
    return json_pack("{s:s,s:s,s:I,s:s,s:o,s:o*}", "id", g->id, "object", object, "created",
                     (json_int_t)g->created, "model", g->ask.model, "choices", choices, "usage",
                     usage);
}

static json_t *usage(const ai_generation *g)
{
    return json_pack("{s:i,s:i,s:i}", "prompt_tokens", (int)g->input_tokens, "completion_tokens",
                     (int)g->tokens, "total_tokens", (int)(g->input_tokens + g->tokens));
}

/* reason: NULL: there is more to come */
static void publish(ai_generation *g, json_t *delta, const char *reason)
{
    json_t *const choices =
        json_pack("[{s:i,s:o,s:s?}]", "index", 0, "delta", delta, "finish_reason", reason);

    ai_publish(
        g, NULL, NULL,
        envelope(g, "chat.completion.chunk", choices, g->ask.shows_usage ? json_null() : NULL));
}

static const char *finish_reason(const ai_generation *g)
{
    return g->reason == AI_CALLS ? "tool_calls" : g->reason == AI_LENGTH ? "length" : "stop";
}

static void begin(ai_generation *g)
{
    publish(g, json_pack("{s:s,s:s}", "role", "assistant", "content", ""), NULL);
}

static void open(ai_generation *g, const ai_part *part)
{
    if (part->kind == AI_CALL)
        publish(g,
                json_pack("{s:[{s:i,s:s,s:s,s:{s:s,s:s}}]}", "tool_calls", "index", 0, "id",
                          g->call_id, "type", "function", "function", "name", g->ask.tool,
                          "arguments", ""),
                NULL);
}

static void piece(ai_generation *g, const char *text, size_t len)
{
    json_t *const piece = json_stringn(text, len);

    if (g->ask.tool[0])
        publish(g,
                json_pack("{s:[{s:i,s:{s:o}}]}", "tool_calls", "index", 0, "function", "arguments",
                          piece),
                NULL);
    else
        publish(g, json_pack("{s:o}", "content", piece), NULL);
}

static void close(ai_generation *g, const ai_part *part)
{
    (void)g, (void)part;
}

/* see ai.h */
json_t *ai_openai_error(int status, const char *message)
{
    const char *const type = status == 429  ? "rate_limit_error"
                             : status < 500 ? "invalid_request_error"
                                            : "server_error";

    return json_pack("{s:{s:s,s:s,s:n,s:n}}", "error", "message", message, "type", type, "param",
                     "code");
}

static void end(ai_generation *g)
{
    if (g->reason == AI_FAILED) {
        ai_publish(g, NULL, NULL, ai_openai_error(500, "the model has failed"));
    } else {
        publish(g, json_object(), finish_reason(g));
        if (g->ask.shows_usage)
            ai_publish(g, NULL, NULL, envelope(g, "chat.completion.chunk", json_array(), usage(g)));
    }
    ai_publish_text(g, "[DONE]");
}

static json_t *whole(const ai_generation *g)
{
    json_t *const text = ai_text(&g->parts[0]);
    json_t *const message = json_pack("{s:s,s:n,s:n}", "role", "assistant", "content", "refusal");

    if (g->ask.tool[0])
        json_object_set_new(message, "tool_calls",
                            json_pack("[{s:s,s:s,s:{s:s,s:o}}]", "id", g->call_id, "type",
                                      "function", "function", "name", g->ask.tool, "arguments",
                                      text));
    else
        json_object_set_new(message, "content", text);
    return envelope(g, "chat.completion",
                    json_pack("[{s:i,s:o,s:n,s:s}]", "index", 0, "message", message, "logprobs",
                              "finish_reason", finish_reason(g)),
                    usage(g));
}

/* see ai.h */
const ai_protocol ai_chat_protocol = {
    .id = "chatcmpl-",
    .call_id = "call_",
    .busy = 429,
    .begin = begin,
    .open = open,
    .piece = piece,
    .close = close,
    .end = end,
    .whole = whole,
    .error = ai_openai_error,
};

void ai_chat(const web_request *r, json_t *body)
{
    const json_t *const messages = json_object_get(body, "messages");
    json_t *const last = json_array_get(messages, json_array_size(messages) - 1);
    const json_t *const options = json_object_get(body, "stream_options");
    const json_t *const newer = json_object_get(body, "max_completion_tokens");
    const char *const max =
        newer != NULL && !json_is_null(newer) ? "max_completion_tokens" : "max_tokens";
    ai_ask ask = {.shows_usage = json_is_true(json_object_get(options, "include_usage"))};

    ai_answer(r, &ai_chat_protocol, body, max, json_object_get(last, "content"),
              strcmp(ai_string(last, "role"), "tool") == 0, &ask);
}
