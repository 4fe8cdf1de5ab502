/* SPDX-License-Identifier: MIT */
/* ai_messages.c - the messages of Anthropic:  POST /v1/messages
 *
 *     event: message_start         {"type":"message_start","message":{... "content":[] ...}}
 *     event: content_block_start   {"type":..., "index":0,"content_block":{"type":"text","text":""}}
 *     event: ping                  {"type":"ping"}: here the heartbeat, too
 *     event: content_block_delta   {... "delta":{"type":"text_delta","text":"Hel"}}
 *     event: content_block_stop    {"type":..., "index":0}
 *     event: message_delta         {... "delta":{"stop_reason":"end_turn"},"usage":{...}}
 *     event: message_stop          {"type":"message_stop"}
 *
 * The type of an event is the one in its data; there are no ids. Blocks are text, thinking, and
 * tool_use, whose JSON comes in pieces. An error in the stream is an event, "error". The stream
 * belongs to its POST: when that is gone, the model stops. */
#include "ai.h"

#include <string.h>

/* One place for the type: it is that of the event, and in the data. members is released. */
static void publish(ai_generation *g, const char *type, json_t *members)
{
    json_t *const data = json_pack("{s:s}", "type", type);

    json_object_update_missing(data, members);
    json_decref(members);
    ai_publish(g, type, NULL, data);
}

static int position(const ai_generation *g)
{
    return (int)g->part_count - 1;
}

static const char *stop_reason(const ai_generation *g)
{
    static const char *const reasons[] = {
        [AI_STOP] = "end_turn", [AI_CALLS] = "tool_use", [AI_LENGTH] = "max_tokens"};

    return g->reason <= AI_LENGTH ? reasons[g->reason] : NULL;
}

/* content is released. */
static json_t *message(const ai_generation *g, json_t *content)
{
    return json_pack("{s:s,s:s,s:s,s:s,s:o,s:s?,s:n,s:{s:i,s:i}}", "id", g->id, "type", "message",
                     "role", "assistant", "model", g->ask.model, "content", content, "stop_reason",
                     stop_reason(g), "stop_sequence", "usage", "input_tokens", (int)g->input_tokens,
                     "output_tokens", (int)g->tokens);
}

static void begin(ai_generation *g)
{
    publish(g, "message_start", json_pack("{s:o}", "message", message(g, json_array())));
}

/* A block, with its content or at its start. text and input are released. */
static json_t *block(const ai_generation *g, ai_kind kind, json_t *text, json_t *input)
{
    if (kind == AI_CALL) {
        json_decref(text);
        return json_pack("{s:s,s:s,s:s,s:o}", "type", "tool_use", "id", g->call_id, "name",
                         g->ask.tool, "input", input);
    }
    json_decref(input);
    if (kind == AI_THINKING)
        return json_pack("{s:s,s:o,s:s}", "type", "thinking", "thinking", text, "signature",
                         json_string_length(text) > 0 ? g->id : "");
    return json_pack("{s:s,s:o}", "type", "text", "text", text);
}

static void open(ai_generation *g, const ai_part *part)
{
    publish(g, "content_block_start",
            json_pack("{s:i,s:o}", "index", position(g), "content_block",
                      block(g, part->kind, json_string(""), json_object())));
    if (position(g) == 0)
        publish(g, "ping", json_object());
}

static void delta(ai_generation *g, const char *type, const char *member, json_t *value)
{
    publish(
        g, "content_block_delta",
        json_pack("{s:i,s:{s:s,s:o}}", "index", position(g), "delta", "type", type, member, value));
}

static void piece(ai_generation *g, const char *text, size_t len)
{
    static const char *const types[][2] = {
        [AI_TEXT] = {"text_delta", "text"},
        [AI_THINKING] = {"thinking_delta", "thinking"},
        [AI_CALL] = {"input_json_delta", "partial_json"},
    };
    const char *const *const type = types[g->parts[position(g)].kind];

    delta(g, type[0], type[1], json_stringn(text, len));
}

static void close(ai_generation *g, const ai_part *part)
{
    if (part->kind == AI_THINKING)
        delta(g, "signature_delta", "signature", json_string(g->id));
    publish(g, "content_block_stop", json_pack("{s:i}", "index", position(g)));
}

static json_t *error(int status, const char *text)
{
    static const struct {
        int status;
        const char *type;
    } types[] = {{401, "authentication_error"}, {402, "billing_error"},  {403, "permission_error"},
                 {404, "not_found_error"},      {409, "conflict_error"}, {413, "request_too_large"},
                 {429, "rate_limit_error"},     {504, "timeout_error"},  {529, "overloaded_error"}};
    const char *type = status < 500 ? "invalid_request_error" : "api_error";
    size_t i;

    for (i = 0; i < sizeof types / sizeof *types; i++)
        type = types[i].status == status ? types[i].type : type;
    return json_pack("{s:s,s:{s:s,s:s}}", "type", "error", "error", "type", type, "message", text);
}

static void end(ai_generation *g)
{
    if (g->reason > AI_LENGTH) {
        publish(g, "error", error(500, "the model has failed"));
        return;
    }
    publish(g, "message_delta",
            json_pack("{s:{s:s,s:n},s:{s:i}}", "delta", "stop_reason", stop_reason(g),
                      "stop_sequence", "usage", "output_tokens", (int)g->tokens));
    publish(g, "message_stop", json_object());
}

static json_t *whole(const ai_generation *g)
{
    json_t *const content = json_array();
    size_t i;

    for (i = 0; i < g->part_count; i++) {
        const ai_part *const part = &g->parts[i];
        json_t *const input =
            part->kind == AI_CALL ? json_loadb(part->text, part->len, 0, NULL) : NULL;

        json_array_append_new(
            content, block(g, part->kind, ai_text(part), input != NULL ? input : json_object()));
    }
    return message(g, content);
}

/* see ai.h */
const ai_protocol ai_messages_protocol = {
    .id = "msg_",
    .call_id = "toolu_",
    .beat = "ping",
    .beat_data = "{\"type\":\"ping\"}",
    .busy = 529,
    .begin = begin,
    .open = open,
    .piece = piece,
    .close = close,
    .end = end,
    .whole = whole,
    .error = error,
};

void ai_messages(const web_request *r, json_t *body)
{
    const json_t *const messages = json_object_get(body, "messages");
    const json_t *const last = json_array_get(messages, json_array_size(messages) - 1);
    const json_t *const content = json_object_get(last, "content");
    const char *const type = ai_string(json_array_get(content, 0), "type");
    const json_t *const thinking = json_object_get(body, "thinking");
    ai_ask ask = {.thinks = strcmp(ai_string(thinking, "type"), "enabled") == 0};

    ai_answer(r, &ai_messages_protocol, body, "max_tokens", content,
              strcmp(type, "tool_result") == 0, &ask);
}
