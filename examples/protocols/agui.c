/* SPDX-License-Identifier: MIT */
/* agui.c - an agent that speaks AG-UI:
 *
 *     agui PORT [BEAT_MS]      a heartbeat after so many milliseconds of silence
 *
 * POST starts a run, and the answer is its stream: JSON with a type in data, without event types or
 * ids. A run cannot be resumed, so one whose reader is gone ends. This one says the words of the
 * user's message one by one, and counts them in the state; the word "call" is a call of a tool, and
 * "fail" is an error.
 * Spec: docs.ag-ui.com/concepts/events. */
#include "web.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EVENTS = 256, BYTES = 64 * 1024, WORD_MS = 10, STALL_MS = 30000 };

static uint32_t beat_ms = SSE_HEARTBEAT_MS;
static unsigned runs;

typedef struct run {
    sse_channel *channel;
    json_t *input;
    const char *rest; /* of the message, in input */
    char message[32], call[48];
    unsigned words;
    int over;
    web_timer timer;
} run;

/* Publish an event, and drop its JSON. Returns 0 if it does not fit into the history. */
static int publish(const run *r, json_t *event)
{
    char *const text = event != NULL ? json_dumps(event, JSON_COMPACT) : NULL;
    const int fits = text != NULL && sse_channel_publish_parts(r->channel, NULL, 0, NULL, 0, text,
                                                               strlen(text), 0, 0) == SSE_OK;

    json_decref(event);
    free(text);
    return fits;
}

static void finish(run *r)
{
    r->over = 1;
    web_finish(r->channel);
}

static void fail(run *r, const char *message)
{
    publish(
        r, json_pack("{s:s, s:s, s:s}", "type", "RUN_ERROR", "message", message, "code", "FAILED"));
    finish(r);
}

static void tell(run *r, json_t *event)
{
    if (r->over)
        json_decref(event);
    else if (!publish(r, event))
        fail(r, "an event is too long");
}

static void tell_run(run *r, const char *type)
{
    tell(r, json_pack("{s:s, s:O, s:O}", "type", type, "threadId",
                      json_object_get(r->input, "threadId"), "runId",
                      json_object_get(r->input, "runId")));
}

static void begin(run *r)
{
    tell_run(r, "RUN_STARTED");
    tell(r, json_pack("{s:s, s:{s:i}}", "type", "STATE_SNAPSHOT", "snapshot", "words", 0));
    tell(r, json_pack("{s:s, s:s, s:s}", "type", "TEXT_MESSAGE_START", "messageId", r->message,
                      "role", "assistant"));
}

static void say(run *r, const char *word, size_t len)
{
    tell(r, json_pack("{s:s, s:s, s:s%}", "type", "TEXT_MESSAGE_CONTENT", "messageId", r->message,
                      "delta", word, len));
    tell(r, json_pack("{s:s, s:[{s:s, s:s, s:i}]}", "type", "STATE_DELTA", "delta", "op", "replace",
                      "path", "/words", "value", (int)++r->words));
}

/* Call a tool of the client's; its arguments come in two pieces. */
static void call(run *r)
{
    snprintf(r->call, sizeof r->call, "%s-%u", r->message, r->words);
    tell(r, json_pack("{s:s, s:s, s:s}", "type", "TOOL_CALL_START", "toolCallId", r->call,
                      "toolCallName", "search"));
    tell(r, json_pack("{s:s, s:s, s:s}", "type", "TOOL_CALL_ARGS", "toolCallId", r->call, "delta",
                      "{\"after\":"));
    tell(r, json_pack("{s:s, s:s, s:o}", "type", "TOOL_CALL_ARGS", "toolCallId", r->call, "delta",
                      json_sprintf("%u}", r->words)));
    tell(r, json_pack("{s:s, s:s}", "type", "TOOL_CALL_END", "toolCallId", r->call));
}

static void end(run *r)
{
    tell(r, json_pack("{s:s, s:s}", "type", "TEXT_MESSAGE_END", "messageId", r->message));
    tell_run(r, "RUN_FINISHED");
    finish(r);
}

/* One word, with the blanks after it. */
static void step(void *user)
{
    run *const r = user;
    const size_t word = strcspn(r->rest, " "), len = word + strspn(r->rest + word, " ");
    const char *const at = r->rest;

    r->rest += len;
    if (len == 0) {
        end(r);
        return;
    }
    if (strncmp(at, "fail", word) == 0 && word == 4) {
        fail(r, "the agent has failed");
        return;
    }
    if (strncmp(at, "call", word) == 0 && word == 4)
        call(r);
    else
        say(r, at, len);
    if (!r->over)
        web_after(&r->timer, WORD_MS);
}

static void left(void *user)
{
    run *const r = user;

    web_stop(&r->timer);
    web_free(r->channel);
    json_decref(r->input);
    free(r);
}

/* The text of the user's last message; NULL: there is none. */
static const char *prompt(const json_t *input)
{
    const json_t *const messages = json_object_get(input, "messages");
    const json_t *const last = json_array_get(messages, json_array_size(messages) - 1);

    return json_string_value(json_object_get(last, "content"));
}

static void start(const web_request *request, json_t *input)
{
    const sse_http_answer head = {.first = SSE_HTTP_FIRST_LINE};
    run *const r = calloc(1, sizeof *r);
    sse_subscriber *s;

    if (r != NULL)
        r->channel = web_channel(NULL, EVENTS, BYTES, beat_ms);
    if (r == NULL || r->channel == NULL) {
        free(r);
        web_refuse(request, 503);
        return;
    }
    r->input = json_incref(input);
    r->rest = prompt(input);
    snprintf(r->message, sizeof r->message, "message-%u", ++runs);
    r->timer = (web_timer){.run = step, .user = r};
    begin(r);
    s = web_stream(request, r->channel, &head, SSE_JOIN_PLAIN | SSE_JOIN_OLDEST, SSE_LIT(""), left,
                   r);
    if (s == NULL) {
        left(r);
        return;
    }
    sse_subscriber_set_limits(s, 0, STALL_MS, 0);
    if (!r->over)
        web_after(&r->timer, WORD_MS);
}

static void handle(const web_request *r)
{
    json_t *const input = json_loadb(r->body.ptr ? r->body.ptr : "", r->body.len, 0, NULL);

    if (strcmp(r->method.ptr, "POST") != 0)
        web_refuse(r, 405);
    else if (prompt(input) == NULL || !json_is_string(json_object_get(input, "threadId")) ||
             !json_is_string(json_object_get(input, "runId")))
        web_refuse(r, 400);
    else
        start(r, input);
    json_decref(input);
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        fprintf(stderr, "usage: agui PORT [BEAT_MS]\n");
        return 2;
    }
    if (argc > 2)
        beat_ms = (uint32_t)strtoul(argv[2], NULL, 10);
    return web_run(argv[1], "*", "authorization, content-type", handle, NULL);
}
