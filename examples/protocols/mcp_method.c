/* SPDX-License-Identifier: MIT */
/* mcp_method.c - the methods of JSON-RPC; see mcp.h.
 *
 * What a stream has nothing to add to is answered by JSON. */
#include "mcp.h"

#include <string.h>

static json_t *server_info(void)
{
    return json_pack("{s:s, s:s}", "name", "libsse-mcp", "version", sse_version_text());
}

static json_t *capabilities(void)
{
    return json_pack("{s:{s:b}, s:{}}", "tools", "listChanged", 1, "logging");
}

/* Takes the result. */
static json_t *response(const mcp_request *q, json_t *result)
{
    return json_pack("{s:s, s:O, s:o}", "jsonrpc", "2.0", "id", q->id, "result", result);
}

static void initialize(mcp_request *q)
{
    const char *const asked = json_string_value(json_object_get(q->params, "protocolVersion"));
    const char *version = MCP_2025;
    sse_http_field id = {.name = SSE_LIT("Mcp-Session-Id")};

    if (asked != NULL && strcmp(asked, "2025-06-18") == 0)
        version = "2025-06-18";
    if (asked != NULL && strcmp(asked, "2025-03-26") == 0)
        version = "2025-03-26";
    q->session = mcp_session_new(version, json_object_get(q->params, "capabilities"));
    if (q->session == NULL) {
        web_refuse(q->http, 503);
        return;
    }
    id.value = (sse_str){q->session->id, strlen(q->session->id)};
    mcp_json(q, 200,
             response(q, json_pack("{s:s, s:o, s:o}", "protocolVersion", version, "capabilities",
                                   capabilities(), "serverInfo", server_info())),
             &id, 1);
}

static void discover(mcp_request *q)
{
    mcp_json(
        q, 200,
        response(q, json_pack("{s:s, s:[ss], s:o, s:{s:o}, s:i, s:s}", "resultType", "complete",
                              "supportedVersions", MCP_2026, MCP_2025, "capabilities",
                              capabilities(), "_meta", "io.modelcontextprotocol/serverInfo",
                              server_info(), "ttlMs", 60000, "cacheScope", "public")),
        NULL, 0);
}

static void ping(mcp_request *q)
{
    mcp_json(q, 200, response(q, json_object()), NULL, 0);
}

static void set_log_level(mcp_request *q)
{
    const int level = mcp_log_level(json_string_value(json_object_get(q->params, "level")));

    if (level < 0) {
        mcp_refuse(q, 200, MCP_E_PARAMS, "Not a level", NULL);
        return;
    }
    q->session->log_level = level;
    mcp_json(q, 200, response(q, json_object()), NULL, 0);
}

static json_t *describe(const mcp_tool *t)
{
    json_t *const arguments =
        t->arguments != NULL ? json_loads(t->arguments, 0, NULL) : json_object();

    return json_pack("{s:s, s:s, s:{s:s, s:o}}", "name", t->name, "description", t->description,
                     "inputSchema", "type", "object", "properties", arguments);
}

static void list_tools(mcp_request *q)
{
    json_t *const tools = json_array();
    json_t *const result = json_pack("{s:o}", "tools", tools);
    mcp_stream *const st = mcp_stream_open(q);
    const mcp_tool *t;

    for (t = mcp_tools; t->name != NULL; t++)
        json_array_append_new(tools, describe(t));
    if (q->era == MCP_STATELESS)
        json_object_update_new(result, json_pack("{s:s, s:i, s:s}", "resultType", "complete",
                                                 "ttlMs", 0, "cacheScope", "public"));
    if (st == NULL) {
        json_decref(result);
        return;
    }
    mcp_stream_send(st, response(q, result));
    mcp_stream_finish(st);
}

static int has_capability(const mcp_request *q, const char *name)
{
    json_t *const all = q->session != NULL
                            ? q->session->capabilities
                            : json_object_get(json_object_get(q->params, "_meta"),
                                              "io.modelcontextprotocol/clientCapabilities");

    return name == NULL || json_object_get(all, name) != NULL;
}

static void call_tool(mcp_request *q)
{
    const char *const name = json_string_value(json_object_get(q->params, "name"));
    const mcp_tool *t = mcp_tools;
    mcp_stream *st;

    while (name != NULL && t->name != NULL && strcmp(t->name, name) != 0)
        t++;
    if (name == NULL || t->name == NULL)
        mcp_refuse(q, 200, MCP_E_PARAMS, "Unknown tool", NULL);
    else if (!has_capability(q, t->capability))
        mcp_refuse(q, q->era == MCP_STATELESS ? 400 : 200,
                   q->era == MCP_STATELESS ? MCP_E_CAPABILITY : MCP_E_PARAMS,
                   "The client lacks a capability",
                   json_pack("{s:{s:{}}}", "requiredCapabilities", t->capability));
    else if ((st = mcp_stream_open(q)) != NULL)
        mcp_call_start(st, q, t);
}

static void listen_for_changes(mcp_request *q)
{
    json_t *const asked = json_object_get(q->params, "notifications");
    const int tools = json_is_true(json_object_get(asked, "toolsListChanged"));
    mcp_stream *const st = mcp_stream_open(q);
    json_t *const kinds = json_object();

    if (tools)
        json_object_set_new(kinds, "toolsListChanged", json_true());
    if (st == NULL) {
        json_decref(kinds);
        return;
    }
    mcp_stream_send(st, json_pack("{s:s, s:s, s:{s:{s:O}, s:o}}", "jsonrpc", "2.0", "method",
                                  "notifications/subscriptions/acknowledged", "params", "_meta",
                                  "io.modelcontextprotocol/subscriptionId", q->id, "notifications",
                                  kinds));
    if (tools)
        mcp_stream_listen(st, q->id);
}

static const struct {
    const char *name;
    int eras;
    void (*run)(mcp_request *q);
} methods[] = {
    {"initialize", MCP_SESSIONS, initialize},
    {"ping", MCP_SESSIONS, ping},
    {"logging/setLevel", MCP_SESSIONS, set_log_level},
    {"server/discover", MCP_STATELESS, discover},
    {"subscriptions/listen", MCP_STATELESS, listen_for_changes},
    {"tools/list", MCP_SESSIONS | MCP_STATELESS, list_tools},
    {"tools/call", MCP_SESSIONS | MCP_STATELESS, call_tool},
};

void mcp_method(mcp_request *q)
{
    size_t i;

    for (i = 0; i < sizeof methods / sizeof *methods; i++)
        if ((methods[i].eras & q->era) != 0 && strcmp(methods[i].name, q->method) == 0) {
            methods[i].run(q);
            return;
        }
    mcp_refuse(q, q->era == MCP_STATELESS ? 404 : 200, MCP_E_METHOD, "Method not found", NULL);
}

/* The call that a notification or an answer is about; NULL: it is over. */
static mcp_call *find_call(const mcp_session *s, const json_t *id, json_int_t asked)
{
    const mcp_stream *st;

    for (st = s->streams; st != NULL; st = st->next)
        if (st->call != NULL && (id != NULL ? json_equal(st->call->id, id) != 0
                                            : asked > 0 && st->call->asked == asked))
            return st->call;
    return NULL;
}

void mcp_hear(const mcp_request *q)
{
    json_t *const result = json_object_get(q->message, "result");
    mcp_call *c;

    if (q->method == NULL) {
        c = find_call(q->session, NULL, json_integer_value(q->id));
        if (c != NULL)
            mcp_call_answer(c, result != NULL ? result : json_object_get(q->message, "error"));
    } else if (strcmp(q->method, "notifications/cancelled") == 0) {
        c = find_call(q->session, json_object_get(q->params, "requestId"), 0);
        if (c != NULL)
            mcp_stream_drop(c->stream);
    }
}
