/* SPDX-License-Identifier: MIT */
/* ai_responses.c - the events of OpenAI's responses; the routes are in ai_responses_routes.c.
 *
 *     event: response.output_text.delta
 *     id: 5
 *     data: {"type":"response.output_text.delta","sequence_number":5, ...,"delta":"Hel"}
 *
 * The id of an event is its number, so that the history finds the place that a client names. */
#include "ai.h"

#include <stdio.h>
#include <string.h>

static const char *status_of(const ai_generation *g)
{
    static const char *const names[] = {
        [AI_RUNNING] = "in_progress", [AI_STOP] = "completed",     [AI_CALLS] = "completed",
        [AI_LENGTH] = "incomplete",   [AI_CANCELED] = "cancelled", [AI_FAILED] = "failed"};

    return names[g->reason];
}

static json_t *content(json_t *text)
{
    return json_pack("{s:s,s:o,s:[],s:[]}", "type", "output_text", "text", text, "annotations",
                     "logprobs");
}

/* The one item of the output. text is released; NULL: at its start. */
static json_t *item(const ai_generation *g, json_t *text)
{
    const char *const status = g->reason == AI_RUNNING ? "in_progress"
                               : g->reason <= AI_CALLS ? "completed"
                                                       : "incomplete";
    json_t *parts;

    if (g->ask.tool[0])
        return json_pack("{s:s,s:s,s:s,s:s,s:o,s:s}", "type", "function_call", "id",
                         g->id + strlen("resp_"), "call_id", g->call_id, "name", g->ask.tool,
                         "arguments", text != NULL ? text : json_string(""), "status", status);
    parts = json_array();
    if (text != NULL)
        json_array_append_new(parts, content(text));
    return json_pack("{s:s,s:s,s:s,s:s,s:o}", "type", "message", "id", g->id + strlen("resp_"),
                     "status", status, "role", "assistant", "content", parts);
}

static json_t *problem(const char *member, const char *text, const char *code)
{
    return code != NULL ? json_pack("{s:s,s:s}", "code", code, "message", text)
                        : json_pack("{s:s}", member, text);
}

static json_t *whole(const ai_generation *g)
{
    const int is_over = g->reason != AI_RUNNING;
    json_t *const output = json_array();

    if (g->part_count > 0)
        json_array_append_new(output, item(g, ai_text(&g->parts[0])));
    return json_pack(
        "{s:s,s:s,s:I,s:s,s:s,s:b,s:o,s:o?,s:o?,s:n,s:n,s:n,s:n,s:b,s:s,s:[],s:o?}", "id", g->id,
        "object", "response", "created_at", (json_int_t)g->created, "model", g->ask.model, "status",
        status_of(g), "background", g->ask.is_background, "output", output, "error",
        g->reason == AI_FAILED ? problem("message", "the model has failed", "server_error") : NULL,
        "incomplete_details",
        g->reason == AI_LENGTH ? problem("reason", "max_output_tokens", NULL) : NULL,
        "instructions", "metadata", "temperature", "top_p", "parallel_tool_calls", 0, "tool_choice",
        "auto", "tools", "usage",
        is_over ? json_pack("{s:i,s:{s:i},s:i,s:{s:i},s:i}", "input_tokens", (int)g->input_tokens,
                            "input_tokens_details", "cached_tokens", 0, "output_tokens",
                            (int)g->tokens, "output_tokens_details", "reasoning_tokens", 0,
                            "total_tokens", (int)(g->input_tokens + g->tokens))
                : NULL);
}

/* One place for the type and the number. members is released. */
static void publish(ai_generation *g, const char *type, json_t *members)
{
    json_t *const data = json_pack("{s:s,s:i}", "type", type, "sequence_number", (int)g->events);
    char number[16];

    json_object_update_missing(data, members);
    json_decref(members);
    snprintf(number, sizeof number, "%u", (unsigned)g->events);
    ai_publish(g, type, number, data);
}

static void publish_response(ai_generation *g, const char *type)
{
    publish(g, type, json_pack("{s:o}", "response", whole(g)));
}

/* An event about the item, and with the name of a member about its content. value is released. */
static void publish_piece(ai_generation *g, const char *type, const char *member, json_t *value)
{
    json_t *const members = json_pack("{s:s,s:i,s:o}", "item_id", g->id + strlen("resp_"),
                                      "output_index", 0, member, value);

    if (!g->ask.tool[0])
        json_object_set_new(members, "content_index", json_integer(0));
    if (strncmp(type, "response.output_text", 20) == 0)
        json_object_set_new(members, "logprobs", json_array());
    publish(g, type, members);
}

static void begin(ai_generation *g)
{
    publish_response(g, "response.created");
    publish_response(g, "response.in_progress");
}

static void open(ai_generation *g, const ai_part *part)
{
    publish(g, "response.output_item.added",
            json_pack("{s:i,s:o}", "output_index", 0, "item", item(g, NULL)));
    if (part->kind == AI_TEXT)
        publish_piece(g, "response.content_part.added", "part", content(json_string("")));
}

static void piece(ai_generation *g, const char *text, size_t len)
{
    publish_piece(
        g, g->ask.tool[0] ? "response.function_call_arguments.delta" : "response.output_text.delta",
        "delta", json_stringn(text, len));
}

static void close(ai_generation *g, const ai_part *part)
{
    if (part->kind == AI_CALL) {
        publish_piece(g, "response.function_call_arguments.done", "arguments", ai_text(part));
    } else {
        publish_piece(g, "response.output_text.done", "text", ai_text(part));
        publish_piece(g, "response.content_part.done", "part", content(ai_text(part)));
    }
    publish(g, "response.output_item.done",
            json_pack("{s:i,s:o}", "output_index", 0, "item", item(g, ai_text(part))));
}

/* The API has no event for a response that is canceled: it gets that of an incomplete one, and its
 * status says why. */
static void end(ai_generation *g)
{
    publish_response(g, g->reason == AI_FAILED  ? "response.failed"
                        : g->reason <= AI_CALLS ? "response.completed"
                                                : "response.incomplete");
}

/* see ai.h */
const ai_protocol ai_responses_protocol = {
    .id = "resp_",
    .call_id = "call_",
    .busy = 429,
    .keeps_all = 1,
    .begin = begin,
    .open = open,
    .piece = piece,
    .close = close,
    .end = end,
    .whole = whole,
    .error = ai_openai_error,
};
