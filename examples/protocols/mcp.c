/* SPDX-License-Identifier: MIT */
/* mcp.c - a server of the Model Context Protocol over Streamable HTTP, at /mcp.
 *
 *     mcp [PORT [HEARTBEAT_MS]]
 *
 * It speaks two protocols; a request says which by its field MCP-Protocol-Version.
 *
 * To 2025-11-25 there are sessions. A POST with a request is answered by a stream with a history of
 * its own: its automatic ids name both the stream and the place in it, so that GET with
 * Last-Event-ID goes on with this stream and no other. GET without an id opens the stream of the
 * session itself. Losing a connection cancels nothing.
 *
 * From 2026-07-28 there are none: a stream has no ids, and losing its connection is the
 * cancellation. A client that waits for news asks subscriptions/listen.
 *
 * Only local pages and clients are served: a name that was rebound to 127.0.0.1 is not its own. */
#include "mcp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

void mcp_json(const mcp_request *q, int status, json_t *message, const sse_http_field *extra,
              size_t extra_count)
{
    char *const text = json_dumps(message, JSON_COMPACT);

    if (text != NULL)
        web_reply(q->http, status, "application/json", text, strlen(text), extra, extra_count);
    free(text);
    json_decref(message);
}

void mcp_refuse(const mcp_request *q, int status, int code, const char *why, json_t *data)
{
    mcp_json(q, status,
             json_pack("{s:s, s:O*, s:{s:i, s:s, s:o*}}", "jsonrpc", "2.0", "id", q->id, "error",
                       "code", code, "message", why, "data", data),
             NULL, 0);
}

static void refuse_method(const web_request *r, sse_str allowed)
{
    const sse_http_field allow = {SSE_LIT("Allow"), allowed};

    web_reply(r, 405, NULL, NULL, 0, &allow, 1);
}

/* Whose request. */

static int is_local(const char *host)
{
    static const char *const names[] = {"127.0.0.1", "localhost", "[::1]"};
    size_t i;

    for (i = 0; i < sizeof names / sizeof *names; i++) {
        const size_t len = strlen(names[i]);

        if (strncasecmp(host, names[i], len) == 0 && (host[len] == '\0' || host[len] == ':'))
            return 1;
    }
    return 0;
}

/* A page that has rebound its name sends that name as Host, and with POST as Origin, too. */
static int is_allowed(const web_request *r)
{
    const sse_str host = web_field(r, "Host"), origin = web_field(r, "Origin");

    if (host.ptr == NULL || !is_local(host.ptr))
        return 0;
    return origin.ptr == NULL ||
           (strncmp(origin.ptr, "http://", 7) == 0 && is_local(origin.ptr + 7));
}

/* With sessions. */

static int is_old_version(sse_str version)
{
    static const char *const known[] = {"2025-03-26", "2025-06-18", MCP_2025};
    size_t i;

    for (i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(version.ptr, known[i]) == 0)
            return 1;
    return 0;
}

static json_t *versions(const char *requested)
{
    return json_pack("{s:[ss], s:s}", "supported", MCP_2026, MCP_2025, "requested", requested);
}

/* Returns NULL where it was refused. */
static mcp_session *session_of(const mcp_request *q)
{
    const sse_str id = web_field(q->http, "Mcp-Session-Id");
    const sse_str version = web_field(q->http, "MCP-Protocol-Version");
    mcp_session *s = NULL;

    if (version.ptr != NULL && !is_old_version(version))
        mcp_refuse(q, 400, MCP_E_VERSION, "Unsupported protocol version", versions(version.ptr));
    else if (id.ptr == NULL)
        mcp_refuse(q, 400, MCP_E_REQUEST, "Mcp-Session-Id is missing", NULL);
    else if ((s = mcp_session_find(id.ptr)) == NULL)
        mcp_refuse(q, 404, MCP_E_REQUEST, "The session is over", NULL);
    return s;
}

static void post_in_session(mcp_request *q)
{
    q->era = MCP_SESSIONS;
    if (q->method == NULL || strcmp(q->method, "initialize") != 0)
        if ((q->session = session_of(q)) == NULL)
            return;
    if (q->id != NULL && q->method != NULL) {
        mcp_method(q);
    } else {
        mcp_hear(q);
        web_reply(q->http, 202, NULL, NULL, 0, NULL, 0);
    }
}

/* Without sessions: what a header says must be what the message says. */

static int base64_digit(char c)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *const at = c != '\0' ? strchr(digits, c) : NULL;

    return at != NULL ? (int)(at - digits) : -1;
}

static int is_base64_of(const char *at, const char *value)
{
    unsigned bits = 0, count = 0;

    for (; base64_digit(*at) >= 0; at++) {
        bits = bits << 6 | (unsigned)base64_digit(*at);
        count += 6;
        if (count < 8)
            continue;
        count -= 8;
        if (*value == '\0' || (unsigned char)*value++ != (bits >> count & 0xff))
            return 0;
    }
    return *value == '\0' && strncmp(at + strspn(at, "="), "?=", 2) == 0;
}

static int is(sse_str field, const char *value)
{
    return field.ptr != NULL && field.len == strlen(value) &&
           memcmp(field.ptr, value, field.len) == 0;
}

/* The same, for a field that may be "=?base64?...?=". */
static int is_name(sse_str field, const char *value)
{
    static const char encoded[] = "=?base64?";

    if (field.ptr != NULL && strncmp(field.ptr, encoded, sizeof encoded - 1) == 0)
        return is_base64_of(field.ptr + sizeof encoded - 1, value);
    return is(field, value);
}

/* Returns what is wrong with the headers, or NULL. */
static const char *contradiction(const mcp_request *q, const char *version)
{
    const char *const name = json_string_value(json_object_get(q->params, "name"));

    if (!is(web_field(q->http, "MCP-Protocol-Version"), version))
        return "MCP-Protocol-Version is not that of the message";
    if (!is(web_field(q->http, "Mcp-Method"), q->method))
        return "Mcp-Method is not that of the message";
    if (strcmp(q->method, "tools/call") == 0 &&
        (name == NULL || !is_name(web_field(q->http, "Mcp-Name"), name)))
        return "Mcp-Name is not that of the message";
    return NULL;
}

/* Whether a version is meant that this server does not speak; one that is not that of the message is
 * another mistake. */
static int is_unsupported(sse_str field, const char *version)
{
    return field.ptr != NULL && !is(field, MCP_2026) && (version == NULL || is(field, version));
}

static void post_without_session(mcp_request *q)
{
    json_t *const meta = json_object_get(q->params, "_meta");
    const char *const version =
        json_string_value(json_object_get(meta, "io.modelcontextprotocol/protocolVersion"));
    const sse_str field = web_field(q->http, "MCP-Protocol-Version");
    const char *why;

    q->era = MCP_STATELESS;
    if (q->method == NULL)
        mcp_refuse(q, 400, MCP_E_REQUEST, "Not a request", NULL);
    else if (q->id == NULL)
        web_reply(q->http, 202, NULL, NULL, 0, NULL, 0);
    else if (is_unsupported(field, version))
        mcp_refuse(q, 400, MCP_E_VERSION, "Unsupported protocol version", versions(field.ptr));
    else if (version == NULL ||
             !json_is_object(json_object_get(meta, "io.modelcontextprotocol/clientCapabilities")))
        mcp_refuse(q, 400, MCP_E_PARAMS, "params._meta lacks the version or capabilities", NULL);
    else if ((why = contradiction(q, version)) != NULL)
        mcp_refuse(q, 400, MCP_E_HEADER, why, NULL);
    else
        mcp_method(q);
}

/* HTTP. */

static int is_stateless(const mcp_request *q)
{
    const sse_str version = web_field(q->http, "MCP-Protocol-Version");

    if (version.ptr != NULL)
        return !is_old_version(version);
    return json_object_get(json_object_get(q->params, "_meta"),
                           "io.modelcontextprotocol/protocolVersion") != NULL;
}

/* Returns the status that the fields of a POST deserve, or 0. */
static int refusal(const web_request *r)
{
    static const char json[] = "application/json";
    const size_t len = sizeof json - 1;
    const sse_str accept = web_field(r, "Accept"), type = web_field(r, "Content-Type");

    if (type.ptr == NULL || strncasecmp(type.ptr, json, len) != 0 ||
        strchr(" \t;", type.ptr[len]) == NULL)
        return 415;
    if (!sse_http_accepts(accept.ptr, accept.len) ||
        !sse_http_accepts_type(accept.ptr, accept.len, json, len))
        return 406;
    return 0;
}

/* Whether it is a request, a notification or an answer; 2025-03-26 also had batches. */
static int is_message(const json_t *message)
{
    const char *const version = json_string_value(json_object_get(message, "jsonrpc"));
    const json_t *const id = json_object_get(message, "id");

    if (version == NULL || strcmp(version, "2.0") != 0)
        return 0;
    if (id != NULL && !json_is_string(id) && !json_is_integer(id))
        return 0;
    if (json_object_get(message, "method") != NULL)
        return json_is_string(json_object_get(message, "method"));
    return id != NULL && (json_object_get(message, "result") != NULL ||
                          json_object_get(message, "error") != NULL);
}

static void post(mcp_request *q)
{
    const int status = refusal(q->http);

    if (status != 0) {
        web_refuse(q->http, status);
        return;
    }
    q->message = json_loadb(q->http->body.ptr, q->http->body.len, 0, NULL);
    if (q->message == NULL) {
        mcp_refuse(q, 400, MCP_E_PARSE, "Not JSON", NULL);
    } else if (!is_message(q->message)) {
        mcp_refuse(q, 400, MCP_E_REQUEST, "Not a message", NULL);
    } else {
        q->id = json_object_get(q->message, "id");
        q->params = json_object_get(q->message, "params");
        q->method = json_string_value(json_object_get(q->message, "method"));
        if (is_stateless(q))
            post_without_session(q);
        else
            post_in_session(q);
    }
    json_decref(q->message);
}

static void get(const mcp_request *q)
{
    const sse_str accept = web_field(q->http, "Accept");
    mcp_session *const s = session_of(q);

    if (s == NULL)
        return;
    if (!sse_http_accepts(accept.ptr, accept.len))
        web_refuse(q->http, 406);
    else
        mcp_stream_get(q->http, s, web_field(q->http, "Last-Event-ID"));
}

static void handle(const web_request *r)
{
    mcp_request q = {.http = r};
    const sse_str version = web_field(r, "MCP-Protocol-Version");
    mcp_session *s;

    if (strcmp(r->path.ptr, "/mcp") != 0)
        web_refuse(r, 404);
    else if (!is_allowed(r))
        mcp_refuse(&q, 403, MCP_E_REQUEST, "Host or Origin is not local", NULL);
    else if (strcmp(r->method.ptr, "POST") == 0)
        post(&q);
    else if (is(version, MCP_2026))
        refuse_method(r, SSE_LIT("POST"));
    else if (strcmp(r->method.ptr, "GET") == 0)
        get(&q);
    else if (strcmp(r->method.ptr, "DELETE") != 0)
        refuse_method(r, SSE_LIT("GET, POST, DELETE"));
    else if ((s = session_of(&q)) != NULL) {
        mcp_session_end(s);
        web_reply(r, 200, NULL, NULL, 0, NULL, 0);
    }
}

int main(int argc, char **argv)
{
    mcp_set_heartbeat(argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 10) : SSE_HEARTBEAT_MS);
    return web_run(argc > 1 ? argv[1] : "0", NULL, NULL, handle, NULL);
}
