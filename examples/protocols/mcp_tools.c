/* SPDX-License-Identifier: MIT */
/* mcp_tools.c - the tools of the MCP server; see mcp.h.
 *
 * count is for people; what became of it, last_count tells. The names of the others are those that
 * the conformance suite calls. */
#include "mcp.h"

#include <stdlib.h>

static int last_count;

static int argument(const mcp_call *c, const char *name, int otherwise)
{
    const json_t *const value = json_object_get(json_object_get(c->params, "arguments"), name);

    return json_is_integer(value) ? (int)json_integer_value(value) : otherwise;
}

static const char *text_argument(const mcp_call *c, const char *name)
{
    const char *const value =
        json_string_value(json_object_get(json_object_get(c->params, "arguments"), name));

    return value != NULL ? value : "";
}

/* Progress after each number. */
static void count(mcp_call *c)
{
    const int to = argument(c, "to", 10), every_ms = argument(c, "every_ms", 100);

    if (c->step > 0)
        mcp_progress(c, c->step, to);
    last_count = c->step;
    if (c->step++ < to)
        mcp_wait(c, every_ms > 0 ? (uint32_t)every_ms : 1);
    else
        mcp_text(c, 0, "Counted to %d.", to);
}

static void tell_last_count(mcp_call *c)
{
    mcp_text(c, 0, "%d", last_count);
}

static void simple_text(mcp_call *c)
{
    mcp_text(c, 0, "This is a simple text response for testing.");
}

static void fail(mcp_call *c)
{
    mcp_text(c, 1, "This tool intentionally returns an error for testing");
}

static void log_and_wait(mcp_call *c)
{
    static const char *const texts[] = {"Tool execution started", "Tool processing data",
                                        "Tool execution completed"};

    mcp_log(c, "info", texts[c->step]);
    if (++c->step < 3)
        mcp_wait(c, 50);
    else
        mcp_text(c, 0, "Tool with logging executed successfully");
}

static void report_progress(mcp_call *c)
{
    mcp_progress(c, 50 * c->step, 100);
    if (++c->step < 3)
        mcp_wait(c, 50);
    else
        mcp_text(c, 0, "Tool with progress executed successfully");
}

static void sample(mcp_call *c)
{
    const char *const text =
        json_string_value(json_object_get(json_object_get(c->answer, "content"), "text"));

    if (c->answer == NULL)
        mcp_ask(c, "sampling/createMessage",
                json_pack("{s:[{s:s, s:{s:s, s:s}}], s:i}", "messages", "role", "user", "content",
                          "type", "text", "text", text_argument(c, "prompt"), "maxTokens", 100));
    else
        mcp_text(c, text == NULL, "LLM response: %s", text != NULL ? text : "none");
}

/* Ask for a form. */
static void elicit(mcp_call *c, const char *message, const char *properties)
{
    const char *const action = json_string_value(json_object_get(c->answer, "action"));
    char *content;

    if (c->answer == NULL) {
        mcp_ask(c, "elicitation/create",
                json_pack("{s:s, s:{s:s, s:o, s:[]}}", "message", message, "requestedSchema",
                          "type", "object", "properties", json_loads(properties, 0, NULL),
                          "required"));
        return;
    }
    content = json_dumps(json_object_get(c->answer, "content"), JSON_COMPACT);
    mcp_text(c, 0, "Elicitation completed: action=%s, content=%s", action != NULL ? action : "none",
             content != NULL ? content : "{}");
    free(content);
}

static void elicit_form(mcp_call *c)
{
    elicit(c, text_argument(c, "message"),
           "{\"username\":{\"type\":\"string\",\"description\":\"User's response\"},"
           "\"email\":{\"type\":\"string\",\"description\":\"User's email address\"}}");
}

static void elicit_defaults(mcp_call *c)
{
    elicit(c, "Please review the values",
           "{\"name\":{\"type\":\"string\",\"default\":\"John Doe\"},"
           "\"age\":{\"type\":\"integer\",\"default\":30},"
           "\"score\":{\"type\":\"number\",\"default\":95.5},"
           "\"status\":{\"type\":\"string\",\"enum\":[\"active\",\"inactive\",\"pending\"],"
           "\"default\":\"active\"},"
           "\"verified\":{\"type\":\"boolean\",\"default\":true}}");
}

#define CHOICES                                                                                \
    "[{\"const\":\"value1\",\"title\":\"First\"},{\"const\":\"value2\",\"title\":\"Second\"}," \
    "{\"const\":\"value3\",\"title\":\"Third\"}]"
#define OPTIONS "[\"option1\",\"option2\",\"option3\"]"

static void elicit_enums(mcp_call *c)
{
    elicit(c, "Please choose",
           "{\"untitledSingle\":{\"type\":\"string\",\"enum\":" OPTIONS "},"
           "\"titledSingle\":{\"type\":\"string\",\"oneOf\":" CHOICES "},"
           "\"legacyEnum\":{\"type\":\"string\",\"enum\":[\"opt1\",\"opt2\",\"opt3\"],"
           "\"enumNames\":[\"Option One\",\"Option Two\",\"Option Three\"]},"
           "\"untitledMulti\":{\"type\":\"array\",\"items\":"
           "{\"type\":\"string\",\"enum\":" OPTIONS "}},"
           "\"titledMulti\":{\"type\":\"array\",\"items\":{\"anyOf\":" CHOICES "}}}");
}

/* The stream ends in the middle of the call, as a server may; the client comes back. */
static void lose_connection(mcp_call *c)
{
    if (c->step++ == 0) {
        mcp_stream_cut(c->stream);
        mcp_wait(c, 100);
    } else {
        mcp_text(c, 0, "Reconnection test completed");
    }
}

static void change_tools(mcp_call *c)
{
    mcp_tools_changed();
    mcp_text(c, 0, "Told all clients that listen");
}

#define PROMPT  "{\"prompt\":{\"type\":\"string\"}}"
#define MESSAGE "{\"message\":{\"type\":\"string\"}}"

const mcp_tool mcp_tools[] = {
    {"count", "Counts, and reports its progress",
     "{\"to\":{\"type\":\"integer\"},\"every_ms\":{\"type\":\"integer\"}}", NULL, count},
    {"last_count", "Tells how far the latest count came", NULL, NULL, tell_last_count},
    {"test_simple_text", "Returns a text", NULL, NULL, simple_text},
    {"test_error_handling", "Returns an error", NULL, NULL, fail},
    {"test_tool_with_logging", "Logs while it runs", NULL, NULL, log_and_wait},
    {"test_tool_with_progress", "Reports its progress", NULL, NULL, report_progress},
    {"test_sampling", "Asks the client's model", PROMPT, "sampling", sample},
    {"test_elicitation", "Asks the user", MESSAGE, "elicitation", elicit_form},
    {"test_elicitation_sep1034_defaults", "Asks with defaults", NULL, "elicitation",
     elicit_defaults},
    {"test_elicitation_sep1330_enums", "Asks with choices", NULL, "elicitation", elicit_enums},
    {"test_reconnection", "Loses its connection", NULL, NULL, lose_connection},
    {"test_missing_capability", "Asks the client's model", PROMPT, "sampling", sample},
    {"test_streaming_elicitation", "Asks the user", MESSAGE, "elicitation", elicit_form},
    {"test_logging_tool", "Logs while it runs", NULL, NULL, log_and_wait},
    {"test_trigger_tool_change", "Tells that the tools have changed", NULL, NULL, change_tools},
    {NULL, NULL, NULL, NULL, NULL},
};
