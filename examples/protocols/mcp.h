/* SPDX-License-Identifier: MIT */
/* mcp.h - what the files of the MCP server share; mcp.c says what it is.
 *
 *     mcp.c           HTTP: what a request is, and what is refused
 *     mcp_stream.c    sessions and streams: all that is about SSE
 *     mcp_method.c    the methods of JSON-RPC
 *     mcp_call.c      a call of a tool while it runs: progress, questions, the result
 *     mcp_tools.c     the tools */
#ifndef PROTOCOLS_MCP_H
#define PROTOCOLS_MCP_H

#include "web.h"

#include <jansson.h>

/* The two kinds of protocol: with sessions, to 2025-11-25, and without, from 2026-07-28. */
enum mcp_era { MCP_SESSIONS = 1, MCP_STATELESS = 2 };

#define MCP_2026 "2026-07-28"
#define MCP_2025 "2025-11-25"

enum mcp_error {
    MCP_E_PARSE = -32700,
    MCP_E_REQUEST = -32600,
    MCP_E_METHOD = -32601,
    MCP_E_PARAMS = -32602,
    MCP_E_INTERNAL = -32603,
    MCP_E_HEADER = -32020,
    MCP_E_CAPABILITY = -32021,
    MCP_E_VERSION = -32022
};

typedef struct mcp_session {
    char id[33];
    const char *version;
    json_t *capabilities;         /* the client's */
    int log_level;                /* the least one that it wants */
    struct mcp_stream *streams;   /* of its requests, and the one that listens */
    struct mcp_stream *listening; /* opened by GET; NULL: there is none */
    unsigned streams_count, opened, asked;
    web_timer idle;
    struct mcp_session *next;
} mcp_session;

/* What answers a request, over one connection or more. */
typedef struct mcp_stream {
    sse_channel *channel;
    mcp_session *session;  /* NULL: there are none */
    struct mcp_call *call; /* what it is to answer; NULL: it has, or it listens */
    json_t *subscription;  /* without sessions, where it listens: the id of the request */
    web_timer expiry;
    struct mcp_stream *next; /* of the session, or of those that listen */
} mcp_stream;

/* A request, a notification or an answer that came by POST. */
typedef struct mcp_request {
    const web_request *http;
    int era;
    mcp_session *session; /* NULL: there is none, or not yet */
    json_t *message, *id, *params;
    const char *method;
} mcp_request;

/* A call of a tool. */
typedef struct mcp_call {
    mcp_stream *stream;
    const struct mcp_tool *tool;
    json_t *id, *params;
    json_t *answer; /* to the question that was asked; NULL: none was, or not yet */
    unsigned asked; /* the id of that question */
    int step;       /* the tool's own: how far it is */
    web_timer timer;
} mcp_call;

/* A tool runs when it is called, when it has waited, and when its question is answered. Each time it
 * ends in exactly one of mcp_wait, mcp_ask, mcp_text. */
typedef struct mcp_tool {
    const char *name, *description;
    const char *arguments;  /* the properties of its input schema, as JSON; NULL: none */
    const char *capability; /* that the client needs; NULL: none */
    void (*run)(mcp_call *c);
} mcp_tool;

/* mcp.c */

/* Answer with an error, by JSON. Takes data, which may be NULL. */
void mcp_refuse(const mcp_request *q, int status, int code, const char *why, json_t *data);
/* Answer with a JSON text. */
void mcp_json(const mcp_request *q, int status, json_t *message, const sse_http_field *extra,
              size_t extra_count);

/* mcp_stream.c */

void mcp_set_heartbeat(uint32_t ms);
/* Returns NULL where there are too many. */
mcp_session *mcp_session_new(const char *version, json_t *capabilities);
mcp_session *mcp_session_find(const char *id);
void mcp_session_end(mcp_session *s);
/* Answer a request with a stream. Returns NULL where it was refused. */
mcp_stream *mcp_stream_open(const mcp_request *q);
/* Answer GET: with a stream that listens, or with what is missing of the one that the id is from. */
void mcp_stream_get(const web_request *r, mcp_session *s, sse_str id);
/* Send a message, which is taken. Returns 0 where it is too large. */
int mcp_stream_send(mcp_stream *st, json_t *message);
/* End its connections. With sessions, the client comes back. */
void mcp_stream_cut(mcp_stream *st);
/* Nothing will follow. The stream lives on until it is delivered. */
void mcp_stream_finish(mcp_stream *st);
/* The same, and whatever was not delivered is forgotten. */
void mcp_stream_drop(mcp_stream *st);
/* Without sessions: the stream listens for changes of the tools. */
void mcp_stream_listen(mcp_stream *st, json_t *id);
/* Tell each client that listens that the tools have changed. */
void mcp_tools_changed(void);

/* mcp_method.c */

void mcp_method(mcp_request *q);
/* A notification or an answer: nothing is answered. */
void mcp_hear(const mcp_request *q);

/* mcp_call.c */

/* Its stream is open. */
void mcp_call_start(mcp_stream *st, const mcp_request *q, const mcp_tool *tool);
/* The client has answered the question. */
void mcp_call_answer(mcp_call *c, json_t *answer);
/* It is over without a result. */
void mcp_call_end(mcp_call *c);
/* Returns the number of a level, or -1. */
int mcp_log_level(const char *name);

void mcp_wait(mcp_call *c, uint32_t ms);
/* Ask the client something. Takes params. */
void mcp_ask(mcp_call *c, const char *method, json_t *params);
/* The result is a text. */
void mcp_text(mcp_call *c, int is_error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void mcp_progress(mcp_call *c, int done, int total);
void mcp_log(mcp_call *c, const char *level, const char *text);

/* mcp_tools.c */

/* Ends in one that has no name. */
extern const mcp_tool mcp_tools[];

#endif
