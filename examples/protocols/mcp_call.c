/* SPDX-License-Identifier: MIT */
/* mcp_call.c - a call of a tool while it runs; see mcp.h.
 *
 *     start --> run --> mcp_wait --> run --> ...
 *                  '--> mcp_ask  --> run, when the client has answered
 *                  '--> mcp_text: over
 *
 * A question is a request on the stream where there are sessions. Without, it is a result; the
 * client calls the tool again and brings the answer. */
#include "mcp.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static const char *const levels[] = {"debug", "info",     "notice", "warning",
                                     "error", "critical", "alert",  "emergency"};

int mcp_log_level(const char *name)
{
    int i;

    for (i = 0; name != NULL && i < (int)(sizeof levels / sizeof *levels); i++)
        if (strcmp(name, levels[i]) == 0)
            return i;
    return -1;
}

static void run(void *call)
{
    mcp_call *const c = call;

    c->tool->run(c);
}

void mcp_call_start(mcp_stream *st, const mcp_request *q, const mcp_tool *tool)
{
    mcp_call *const c = calloc(1, sizeof *c);
    json_t *const responses = json_object_get(q->params, "inputResponses");

    if (c == NULL) {
        mcp_stream_finish(st); /* without a response */
        return;
    }
    c->stream = st;
    c->tool = tool;
    c->id = json_incref(q->id);
    c->params = json_incref(q->params);
    c->answer = json_incref(json_object_get(responses, "question"));
    c->timer.run = run;
    c->timer.user = c;
    st->call = c;
    run(c);
}

void mcp_call_answer(mcp_call *c, json_t *answer)
{
    c->asked = 0;
    c->answer = json_incref(answer);
    run(c);
}

void mcp_call_end(mcp_call *c)
{
    c->stream->call = NULL;
    web_stop(&c->timer);
    json_decref(c->id);
    json_decref(c->params);
    json_decref(c->answer);
    free(c);
}

void mcp_wait(mcp_call *c, uint32_t ms)
{
    web_after(&c->timer, ms);
}

/* Takes the result. */
static void finish(mcp_call *c, json_t *result)
{
    mcp_stream *const st = c->stream;
    json_t *const message =
        json_pack("{s:s, s:O, s:o}", "jsonrpc", "2.0", "id", c->id, "result", result);

    if (!mcp_stream_send(st, message))
        mcp_stream_send(st, json_pack("{s:s, s:O, s:{s:i, s:s}}", "jsonrpc", "2.0", "id", c->id,
                                      "error", "code", MCP_E_INTERNAL, "message",
                                      "The result is too large"));
    mcp_call_end(c);
    mcp_stream_finish(st);
}

void mcp_text(mcp_call *c, int is_error, const char *format, ...)
{
    json_t *text, *result;
    va_list arguments;

    va_start(arguments, format);
    text = json_vsprintf(format, arguments);
    va_end(arguments);
    result = json_pack("{s:[{s:s, s:o}], s:b}", "content", "type", "text", "text", text, "isError",
                       is_error);
    if (c->stream->session == NULL)
        json_object_set_new(result, "resultType", json_string("complete"));
    finish(c, result);
}

void mcp_ask(mcp_call *c, const char *method, json_t *params)
{
    mcp_session *const s = c->stream->session;

    if (s == NULL) {
        finish(c, json_pack("{s:s, s:{s:{s:s, s:o}}}", "resultType", "input_required",
                            "inputRequests", "question", "method", method, "params", params));
        return;
    }
    c->asked = ++s->asked;
    if (!mcp_stream_send(c->stream, json_pack("{s:s, s:i, s:s, s:o}", "jsonrpc", "2.0", "id",
                                              (int)c->asked, "method", method, "params", params)))
        mcp_text(c, 1, "The question is too large");
}

static void notify(const mcp_call *c, const char *method, json_t *params)
{
    mcp_stream_send(c->stream, json_pack("{s:s, s:s, s:o}", "jsonrpc", "2.0", "method", method,
                                         "params", params));
}

static json_t *meta(const mcp_call *c, const char *name)
{
    return json_object_get(json_object_get(c->params, "_meta"), name);
}

void mcp_progress(mcp_call *c, int done, int total)
{
    json_t *const token = meta(c, "progressToken");

    if (token != NULL)
        notify(
            c, "notifications/progress",
            json_pack("{s:O, s:i, s:i}", "progressToken", token, "progress", done, "total", total));
}

void mcp_log(mcp_call *c, const char *level, const char *text)
{
    const mcp_session *const s = c->stream->session;
    const int least =
        s != NULL ? s->log_level
                  : mcp_log_level(json_string_value(meta(c, "io.modelcontextprotocol/logLevel")));

    if (least >= 0 && mcp_log_level(level) >= least)
        notify(c, "notifications/message", json_pack("{s:s, s:s}", "level", level, "data", text));
}
