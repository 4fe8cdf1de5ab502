/* SPDX-License-Identifier: MIT */
/* mcp_stream.c - sessions and streams; see mcp.h.
 *
 * Each stream is a channel. With sessions it has automatic ids, and its first event has an id, a
 * reconnection time and empty data: from then on its client can lose the connection. The name of
 * its history is that of the session and a number, so that no id is of two streams.
 *
 *     POST --> the stream of the request --> the response: finished --> kept for a minute, or
 *                                                        until a newer one needs its place
 *     GET ---> the stream that listens ----> news, until the session ends
 *     GET with an id --> whichever of them the id is from
 *
 * Without sessions it has no ids; when its connection ends, all of it ends. */
#define _GNU_SOURCE
#include "mcp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

enum {
    EVENTS = 512,        /* what a stream keeps for a client that is away, */
    BYTES = 128 * 1024,  /* and its largest message, about */
    RETRY_MS = 500,      /* how long a client waits before it comes back */
    KEEP_MS = 60 * 1000, /* how long a finished stream is kept for it */
    IDLE_MS = 10 * 60 * 1000,
    SESSIONS_MAX = 1000,
    STREAMS_MAX = 100 /* of a session */
};

static mcp_session *sessions;
static unsigned sessions_count;
static mcp_stream *listeners; /* without sessions */
static uint32_t heartbeat_ms;

void mcp_set_heartbeat(uint32_t ms)
{
    heartbeat_ms = ms;
}

/* Streams. */

static void unlink_stream(mcp_stream **at, const mcp_stream *st)
{
    while (*at != NULL && *at != st)
        at = &(*at)->next;
    if (*at != NULL)
        *at = st->next;
}

void mcp_stream_drop(mcp_stream *st)
{
    mcp_session *const s = st->session;

    if (st->call != NULL)
        mcp_call_end(st->call);
    web_stop(&st->expiry);
    unlink_stream(s != NULL ? &s->streams : &listeners, st);
    if (s != NULL)
        s->streams_count--;
    if (s != NULL && s->listening == st)
        s->listening = NULL;
    web_free(st->channel);
    json_decref(st->subscription);
    free(st);
}

static void drop(void *stream)
{
    mcp_stream_drop(stream);
}

/* The first event: from now on the client can come back. Older clients take no empty data. */
static void prime(const mcp_stream *st)
{
    const sse_event first = {.retry_ms = RETRY_MS, .data = SSE_LIT("")};

    if (strcmp(st->session->version, MCP_2025) == 0)
        sse_channel_publish(st->channel, &first, 0, 0);
}

static mcp_stream *stream_new(mcp_session *s)
{
    mcp_stream *const st = calloc(1, sizeof *st);
    char name[64];

    if (st == NULL)
        return NULL;
    st->session = s;
    st->expiry.run = drop;
    st->expiry.user = st;
    if (s != NULL)
        snprintf(name, sizeof name, "%s %u", s->id, ++s->opened);
    st->channel = web_channel(s != NULL ? name : NULL, EVENTS, BYTES, heartbeat_ms);
    if (st->channel == NULL) {
        free(st);
        return NULL;
    }
    if (s != NULL) {
        st->next = s->streams;
        s->streams = st;
        s->streams_count++;
        prime(st);
    }
    return st;
}

/* Answer with a stream. A client that is not to resume gets all of it. */
static int deliver(const web_request *r, mcp_stream *st, sse_str id)
{
    const sse_http_answer head = {.status = 200};
    const uint32_t flags = SSE_JOIN_PLAIN | SSE_JOIN_OLDEST;

    return web_stream(r, st->channel, &head, flags, id, st->session == NULL ? drop : NULL, st) !=
           NULL;
}

/* Forget the oldest stream that is finished, and that no client reads. Returns 0 where none is. */
static int forget_oldest(mcp_session *s)
{
    mcp_stream *st, *oldest = NULL;

    for (st = s->streams; st != NULL; st = st->next) /* the newest comes first */
        if (st->call == NULL && st != s->listening && web_count(st->channel) == 0)
            oldest = st;
    if (oldest != NULL)
        mcp_stream_drop(oldest);
    return oldest != NULL;
}

static mcp_stream *open_stream(const web_request *r, mcp_session *s)
{
    mcp_stream *st;

    if (s != NULL && s->streams_count >= STREAMS_MAX && !forget_oldest(s)) {
        web_refuse(r, 429);
        return NULL;
    }
    st = stream_new(s);
    if (st == NULL) {
        web_refuse(r, 503);
    } else if (!deliver(r, st, SSE_LIT(""))) {
        mcp_stream_drop(st);
        st = NULL;
    }
    return st;
}

mcp_stream *mcp_stream_open(const mcp_request *q)
{
    return open_stream(q->http, q->session);
}

void mcp_stream_get(const web_request *r, mcp_session *s, sse_str id)
{
    mcp_stream *st;

    if (id.len == 0) {
        if (s->listening != NULL && web_count(s->listening->channel) > 0) {
            web_refuse(r, 409); /* one message, one stream: only one listens */
            return;
        }
        if (s->listening != NULL)
            mcp_stream_drop(s->listening);
        s->listening = open_stream(r, s);
        return;
    }
    for (st = s->streams; st != NULL && !web_knows(st->channel, id); st = st->next)
        continue;
    if (st == NULL) {
        web_refuse(r, 412); /* not 404: the session is not over */
        return;
    }
    web_cut(st->channel); /* the connection that was lost, if nobody has noticed */
    deliver(r, st, id);
}

int mcp_stream_send(mcp_stream *st, json_t *message)
{
    char *const text = json_dumps(message, JSON_COMPACT);
    int status = SSE_E_ARG;

    if (text != NULL)
        status = sse_channel_publish_parts(st->channel, NULL, 0, NULL, 0, text, strlen(text), 0, 0);
    free(text);
    json_decref(message);
    return status == SSE_OK;
}

void mcp_stream_cut(mcp_stream *st)
{
    web_cut(st->channel);
}

void mcp_stream_finish(mcp_stream *st)
{
    st->call = NULL;
    web_finish(st->channel);
    if (st->session != NULL)
        web_after(&st->expiry, KEEP_MS);
}

/* Listening. */

void mcp_stream_listen(mcp_stream *st, json_t *id)
{
    st->subscription = json_incref(id);
    st->next = listeners;
    listeners = st;
}

void mcp_tools_changed(void)
{
    const char *const method = "notifications/tools/list_changed";
    mcp_session *s;
    mcp_stream *st;

    for (s = sessions; s != NULL; s = s->next)
        if (s->listening != NULL)
            mcp_stream_send(s->listening,
                            json_pack("{s:s, s:s}", "jsonrpc", "2.0", "method", method));
    for (st = listeners; st != NULL; st = st->next)
        mcp_stream_send(st, json_pack("{s:s, s:s, s:{s:{s:O}}}", "jsonrpc", "2.0", "method", method,
                                      "params", "_meta", "io.modelcontextprotocol/subscriptionId",
                                      st->subscription));
}

/* Sessions. */

void mcp_session_end(mcp_session *s)
{
    mcp_session **at = &sessions;

    while (*at != s)
        at = &(*at)->next;
    *at = s->next;
    sessions_count--;
    web_stop(&s->idle);
    while (s->streams != NULL)
        mcp_stream_drop(s->streams);
    json_decref(s->capabilities);
    free(s);
}

/* A session whose client is connected is not idle. */
static void idle(void *session)
{
    mcp_session *const s = session;
    const mcp_stream *st = s->streams;

    while (st != NULL && web_count(st->channel) == 0)
        st = st->next;
    if (st != NULL)
        web_after(&s->idle, IDLE_MS);
    else
        mcp_session_end(s);
}

mcp_session *mcp_session_new(const char *version, json_t *capabilities)
{
    mcp_session *const s = sessions_count < SESSIONS_MAX ? calloc(1, sizeof *s) : NULL;
    unsigned char secret[16];
    size_t i;

    if (s == NULL || getrandom(secret, sizeof secret, 0) != sizeof secret) {
        free(s);
        return NULL;
    }
    for (i = 0; i < sizeof secret; i++)
        snprintf(s->id + 2 * i, 3, "%02x", secret[i]);
    s->version = version;
    s->capabilities = json_incref(capabilities);
    s->idle.run = idle;
    s->idle.user = s;
    s->next = sessions;
    sessions = s;
    sessions_count++;
    web_after(&s->idle, IDLE_MS);
    return s;
}

mcp_session *mcp_session_find(const char *id)
{
    mcp_session *s = sessions;

    while (s != NULL && strcmp(s->id, id) != 0)
        s = s->next;
    if (s != NULL)
        web_after(&s->idle, IDLE_MS);
    return s;
}
