/* SPDX-License-Identifier: MIT */
#include "generation_events.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Write whole characters as they stand in a string of JSON, and one byte more. Returns the length,
 * at most six times that of the text. */
static size_t escape(char *dst, const char *text, size_t len)
{
    size_t n = 0, i;

    for (i = 0; i < len; i++) {
        if ((unsigned char)text[i] < ' ') {
            n += (size_t)sprintf(dst + n, "\\u%04x", (unsigned)text[i]);
            continue;
        }
        if (text[i] == '"' || text[i] == '\\')
            dst[n++] = '\\';
        dst[n++] = text[i];
    }
    return n;
}

static void publish(events *e, const char *data, size_t len)
{
    sse_channel_publish_parts(&e->channel, NULL, 0, NULL, 0, data, len, 0, 0);
}

/* delta: members of an object. reason: a value. */
static void publish_chunk(events *e, const char *delta, const char *reason)
{
    char data[EVENTS_ENVELOPE + 6 * EVENTS_PIECE];
    const int len = snprintf(data, sizeof data,
                             "{\"id\":\"%s\",\"object\":\"chat.completion.chunk\",\"created\":%lld,"
                             "\"model\":\"%s\",\"choices\":[{\"index\":0,\"delta\":{%s},"
                             "\"finish_reason\":%s}]}",
                             e->id, e->created, e->model, delta, reason);

    publish(e, data, (size_t)len);
}

/* see generation_events.h */
int events_init(events *e, const char *id, const char *model, long long created, uint64_t epoch,
                uint32_t heartbeat_ms, uint64_t now_ms)
{
    sse_history *const history =
        sse_history_init(e->memory, sizeof e->memory, EVENTS_MAX, 0, epoch | 1, id, EVENTS_ID);
    int status = sse_channel_init(&e->channel, history, heartbeat_ms, 0, now_ms);

    if (strlen(model) > EVENTS_MODEL)
        return SSE_E_TOOBIG;
    memcpy(e->id, id, sizeof e->id);
    e->model = model;
    e->created = created;
    e->reason = NULL;
    e->held_len = e->tokens = e->text_len = 0;
    if (status == SSE_OK)
        status = sse_channel_set_heartbeat(&e->channel, NULL, 0, NULL, 0); /* a lone line ":" */
    if (status == SSE_OK)
        publish_chunk(e, "\"role\":\"assistant\",\"content\":\"\"", "null");
    return status;
}

/* Publish a token, which is whole characters. */
static void say(events *e, const char *text, size_t len)
{
    char *const token = e->text + e->text_len;
    char delta[6 * EVENTS_PIECE + 16];
    size_t n;

    if (e->tokens == EVENTS_TOKENS || sizeof e->text - e->text_len <= 6 * EVENTS_PIECE) {
        events_end(e, "length");
        return;
    }
    n = escape(token, text, len);
    e->text_len += n;
    e->tokens++;
    snprintf(delta, sizeof delta, "\"content\":\"%.*s\"", (int)n, token);
    publish_chunk(e, delta, "null");
}

/* Publish what is whole of that which is held. What clients would show as U+FFFD becomes that here,
 * since JSON has to be UTF-8; at the end, also what has never become a character. */
static void say_held(events *e, int is_end)
{
    char whole[3 * EVENTS_PIECE];
    size_t taken, made;

    sse_utf8_repair(e->held, e->held_len, is_end, whole, sizeof whole, &taken, &made);
    e->held_len -= taken;
    memmove(e->held, e->held + taken, e->held_len);
    if (made > 0)
        say(e, whole, made);
}

/* see generation_events.h */
void events_add(events *e, const char *bytes, size_t len)
{
    while (len > 0 && e->reason == NULL) {
        const size_t room = sizeof e->held - e->held_len;
        const size_t n = len < room ? len : room;

        memcpy(e->held + e->held_len, bytes, n);
        e->held_len += n;
        bytes += n;
        len -= n;
        say_held(e, 0);
    }
}

/* see generation_events.h */
void events_end(events *e, const char *reason)
{
    static const char error[] =
        "{\"error\":{\"message\":\"the model has failed\",\"type\":\"server_error\"}}";
    char quoted[16];

    if (e->reason == NULL && strcmp(reason, "stop") == 0)
        say_held(e, 1);
    if (e->reason)
        return;
    e->reason = reason;
    snprintf(quoted, sizeof quoted, "\"%s\"", reason);
    if (strcmp(reason, "error") == 0)
        publish(e, error, sizeof error - 1);
    else
        publish_chunk(e, "", quoted);
    publish(e, "[DONE]", 6);
}

/* see generation_events.h */
int events_join(events *e, events_reader *r, sse_str last_event_id, sse_str query, uint64_t now_ms)
{
    const sse_http_answer stream = {.first = SSE_HTTP_FIRST_LINE};
    sse_writer *const queue = sse_writer_init(r->queue, sizeof r->queue, 0);
    int status = sse_http_send(&stream, queue); /* the first bytes: a line ":" */

    sse_channel_tick(&e->channel, now_ms);
    if (status == SSE_OK)
        status = sse_subscriber_join(&r->subscriber, &e->channel, queue, r,
                                     SSE_JOIN_PLAIN | SSE_JOIN_OLDEST, last_event_id.ptr,
                                     last_event_id.len, query.ptr, query.len);
    if (status == SSE_OK && e->reason && sse_subscriber_behind(&r->subscriber) == 0) {
        sse_subscriber_leave(&r->subscriber);
        return SSE_END;
    }
    return status;
}

/* see generation_events.h */
int events_take(events *e, events_reader *r, void *dst, size_t cap, size_t *len)
{
    if (e->reason)
        sse_subscriber_close(&r->subscriber); /* after what is published, and that is all */
    return sse_subscriber_read(&r->subscriber, dst, cap, len);
}

/* see generation_events.h */
void events_leave(events_reader *r)
{
    sse_subscriber_leave(&r->subscriber);
}

/* see generation_events.h */
int events_tick(events *e, uint64_t now_ms)
{
    int any = 0;

    sse_channel_tick(&e->channel, now_ms);
    while (sse_channel_next(&e->channel) != NULL)
        any = 1;
    return any;
}

/* see generation_events.h */
uint64_t events_due(const events *e, uint64_t now_ms, uint64_t until_ms)
{
    const int wait_ms = sse_channel_timeout(&e->channel, now_ms);

    return wait_ms < 0 || now_ms + (unsigned)wait_ms > until_ms ? until_ms
                                                                : now_ms + (unsigned)wait_ms;
}

/* see generation_events.h */
char *events_json(const events *e, size_t *len)
{
    const size_t cap = EVENTS_ENVELOPE + e->text_len;
    const char *const quote = e->reason ? "\"" : "";
    char *const json = malloc(cap);

    if (json)
        *len = (size_t)snprintf(
            json, cap,
            "{\"id\":\"%s\",\"object\":\"chat.completion\",\"created\":%lld,\"model\":\"%s\","
            "\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\"%.*s\"},"
            "\"finish_reason\":%s%s%s}]}\n",
            e->id, e->created, e->model, (int)e->text_len, e->text, quote,
            e->reason ? e->reason : "null", quote);
    return json;
}
