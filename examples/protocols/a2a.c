/* SPDX-License-Identifier: MIT */
/* a2a.c - an agent that speaks A2A over JSON-RPC, 1.0 and 0.3:
 *
 *     a2a PORT [BEAT_MS]      a heartbeat after so many milliseconds of silence
 *
 *     SendStreamingMessage, message/stream    starts a task and follows it
 *     SubscribeToTask, tasks/resubscribe      follows one that runs
 *     GetTask, tasks/get; CancelTask, tasks/cancel
 *
 * A task outlives its connections. This agent counts to the number in the message; "fail" makes it
 * fail halfway. What is streamed is in a2a_task.c.
 * Spec: a2a-protocol.org, section "JSON-RPC Protocol Binding". */
#include "a2a_task.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Errors of JSON-RPC, and of A2A. */
enum {
    NO_JSON = -32700,
    INVALID_REQUEST = -32600,
    NO_METHOD = -32601,
    INVALID_PARAMS = -32602,
    NO_TASK = -32001,
    NOT_CANCELABLE = -32002,
    UNSUPPORTED = -32004
};

enum { ID_MAX = 256 };

static uint32_t beat_ms = SSE_HEARTBEAT_MS;

static void reply(const web_request *r, json_t *id, const char *name, json_t *value)
{
    json_t *const response = json_pack("{s:s, s:O?, s:o}", "jsonrpc", "2.0", "id", id, name, value);
    char *const text = response != NULL ? json_dumps(response, JSON_COMPACT) : NULL;

    json_decref(response);
    if (text == NULL)
        web_refuse(r, 503);
    else
        web_reply(r, 200, "application/json", text, strlen(text), NULL, 0);
    free(text);
}

static void refuse(const web_request *r, json_t *id, int code, const char *message)
{
    reply(r, id, "error", json_pack("{s:i, s:s}", "code", code, "message", message));
}

/* The id of a call, which all its answers repeat; NULL: it is none. */
static json_t *id_of(const json_t *call)
{
    json_t *const id = json_object_get(call, "id");

    return json_is_number(id) || (json_is_string(id) && json_string_length(id) <= ID_MAX) ? id
                                                                                          : NULL;
}

static task *find(const json_t *params)
{
    return task_find(json_string_value(json_object_get(params, "id")));
}

static void stream(const web_request *r, json_t *id, const json_t *params, int old)
{
    const json_t *const parts = json_object_get(json_object_get(params, "message"), "parts");
    const char *const text = json_string_value(json_object_get(json_array_get(parts, 0), "text"));
    task *const t = text != NULL ? task_start(text) : NULL;

    if (text == NULL)
        refuse(r, id, INVALID_PARAMS, "a message with a text is needed");
    else if (t == NULL)
        web_refuse(r, 503);
    else
        task_follow(t, r, id, old, beat_ms);
}

static void subscribe(const web_request *r, json_t *id, const json_t *params, int old)
{
    task *const t = find(params);

    if (t == NULL)
        refuse(r, id, NO_TASK, "there is no such task");
    else if (t->state != TASK_WORKING)
        refuse(r, id, UNSUPPORTED, "the task has ended");
    else
        task_follow(t, r, id, old, beat_ms);
}

static void get(const web_request *r, json_t *id, const json_t *params, int old)
{
    const task *const t = find(params);

    if (t == NULL)
        refuse(r, id, NO_TASK, "there is no such task");
    else
        reply(r, id, "result", task_json(t, old));
}

static void cancel(const web_request *r, json_t *id, const json_t *params, int old)
{
    task *const t = find(params);

    if (t != NULL && t->state != TASK_WORKING) {
        refuse(r, id, NOT_CANCELABLE, "the task has ended");
        return;
    }
    if (t != NULL)
        task_cancel(t);
    get(r, id, params, old);
}

static const struct {
    const char *names[2]; /* 1.0, 0.3 */
    void (*run)(const web_request *r, json_t *id, const json_t *params, int old);
} methods[] = {
    {{"SendStreamingMessage", "message/stream"}, stream},
    {{"SubscribeToTask", "tasks/resubscribe"}, subscribe},
    {{"GetTask", "tasks/get"}, get},
    {{"CancelTask", "tasks/cancel"}, cancel},
};

static void handle(const web_request *r)
{
    json_t *const call = json_loadb(r->body.ptr ? r->body.ptr : "", r->body.len, 0, NULL);
    json_t *const id = id_of(call);
    const char *const method = json_string_value(json_object_get(call, "method"));
    size_t i;

    if (strcmp(r->method.ptr, "POST") != 0) {
        web_refuse(r, 405);
    } else if (call == NULL) {
        refuse(r, NULL, NO_JSON, "this is no JSON");
    } else if (method == NULL || id == NULL) {
        refuse(r, id, INVALID_REQUEST, "this is no call of JSON-RPC");
    } else {
        for (i = 0; i < 2 * sizeof methods / sizeof *methods; i++)
            if (strcmp(method, methods[i / 2].names[i % 2]) == 0)
                break;
        if (i < 2 * sizeof methods / sizeof *methods)
            methods[i / 2].run(r, id, json_object_get(call, "params"), i % 2);
        else
            refuse(r, id, NO_METHOD, "there is no such method");
    }
    json_decref(call);
}

int main(int argc, char **argv)
{
    int result;

    if (argc < 2) {
        fprintf(stderr, "usage: a2a PORT [BEAT_MS]\n");
        return 2;
    }
    if (argc > 2)
        beat_ms = (uint32_t)strtoul(argv[2], NULL, 10);
    result = web_run(argv[1], "*", "authorization, content-type, a2a-version", handle, NULL);
    task_free_all();
    return result;
}
