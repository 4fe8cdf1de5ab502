/* SPDX-License-Identifier: MIT */
/* durable_stream.c - see durable_stream.h. */
#define _GNU_SOURCE
#include "durable_stream.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

enum {
    CATCHING_UP = 1,     /* the tag of a "control" that is not the newest */
    CONTROL_BYTES = 256, /* the most bytes of a "control" event */
    INTERVAL_S = 20,     /* of cursors, which count from October 9, 2024 */
    JITTER = 180,
    STALL_MS = 30000
};

static const uint64_t EPOCH_S = 1728432000, old_controls = CATCHING_UP;

static size_t all_used; /* by all streams */

typedef struct reader {
    stream *in;
    sse_subscriber *s;
    uint64_t cursor; /* the least that it gets */
    size_t told;     /* how many messages the newest "control" to it was about */
    int ended;       /* and it was the last */
    int is_over;     /* its life is: the stream ends after the next "control" */
    web_timer life;
    struct reader *next;
} reader;

/* Offsets; the suite expects those of the reference server. */

#define FIRST_OFFSET "0000000000000000_0000000000000000"

const char *stream_offset(const stream *st, size_t count)
{
    return count > 0 ? st->messages[count - 1].offset : FIRST_OFFSET;
}

long stream_find(const stream *st, const char *offset)
{
    size_t i;

    if (strcmp(offset, "-1") == 0)
        return 0;
    if (strcmp(offset, "now") == 0)
        return (long)st->count;
    for (i = 0; i <= st->count; i++)
        if (strcmp(offset, stream_offset(st, i)) == 0)
            return (long)i;
    return -1;
}

static uint64_t interval(void)
{
    return ((uint64_t)time(NULL) - EPOCH_S) / INTERVAL_S;
}

/* Events. */

/* A "control" for a place, in text; r: at the end of the stream, for one reader. */
static sse_event control(const stream *st, size_t count, const reader *r, char *text)
{
    const uint64_t now = interval(), cursor = r != NULL && r->cursor > now ? r->cursor : now;
    const char *const offset = stream_offset(st, count);
    int n;

    if (r != NULL && st->closed)
        n = snprintf(text, CONTROL_BYTES,
                     "{\"streamNextOffset\":\"%s\",\"upToDate\":true,\"streamClosed\":true}",
                     offset);
    else
        n = snprintf(text, CONTROL_BYTES,
                     "{\"streamNextOffset\":\"%s\",\"streamCursor\":\"%llu\"%s}", offset,
                     (unsigned long long)cursor, r != NULL ? ",\"upToDate\":true" : "");
    return (sse_event){.type = SSE_LIT("control"), .data = {text, (size_t)n}};
}

/* Tell a reader that has all that it is up to date, once. */
static void tell(void *user)
{
    reader *const r = user;
    stream *const st = r->in;
    char text[CONTROL_BYTES];
    sse_event ev;

    if (st == NULL || r->ended || (r->told == st->count && !st->closed && !r->is_over))
        return;
    ev = control(st, st->count, r, text);
    r->told = st->count;
    r->ended = st->closed || r->is_over;
    if (sse_subscriber_send(r->s, &ev) != SSE_OK || r->ended)
        sse_subscriber_close(r->s);
}

static void base64(const char *bytes, size_t len, char *to)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t i, k;

    for (i = 0; i < len; i += 3, to += 4) {
        uint32_t word = 0;

        for (k = 0; k < 3; k++)
            word = word << 8 | (i + k < len ? (unsigned char)bytes[i + k] : 0);
        for (k = 0; k < 4; k++)
            to[k] = i + k > len ? '=' : digits[word >> (18 - 6 * k) & 63];
    }
}

/* The data of an event, to be freed. */
static sse_str data_of(const stream *st, const message *m)
{
    const size_t len = st->kind == STREAM_BINARY ? (m->len + 2) / 3 * 4
                       : st->kind == STREAM_JSON ? m->len + 2
                                                 : m->len;
    char *const data = malloc(len + 1);

    if (data == NULL)
        return (sse_str){NULL, 0};
    if (st->kind == STREAM_BINARY)
        base64(m->bytes, m->len, data);
    else if (st->kind == STREAM_JSON)
        snprintf(data, len + 1, "[%.*s]", (int)m->len, m->bytes);
    else
        memcpy(data, m->bytes, m->len);
    return (sse_str){data, len};
}

static void publish(stream *st, const sse_event *ev)
{
    char text[CONTROL_BYTES];
    const sse_event old = control(st, st->count - 1, NULL, text);
    reader *r;

    for (r = st->readers; r != NULL; r = r->next) /* one that was told needs no older control */
        sse_subscriber_set_filter(r->s, &old_controls, r->told != st->count - 1);
    if (st->count > 1)
        sse_channel_publish(st->channel, &old, CATCHING_UP, 0);
    sse_channel_publish(st->channel, ev, 0, 0);
}

/* Messages. */

/* Take a message over, if it fits. */
static int add(stream *st, message m)
{
    size_t len = 0;
    sse_event ev = {.type = SSE_LIT("data"), .data = data_of(st, &m)};
    int status = 507;

    snprintf(m.offset, sizeof m.offset, "%017d%016zu", 0, (st->total + m.len) % 10000000000000000);
    m.offset[16] = '_';
    ev.id = (sse_str){m.offset, OFFSET_LEN};
    if (ev.data.ptr != NULL && st->count < STREAM_MESSAGES &&
        sse_event_encode(&ev, NULL, 0, &len) == SSE_E_SPACE &&
        st->used + len + CONTROL_BYTES <= STREAM_BYTES &&
        all_used + len + CONTROL_BYTES <= STREAMS_BYTES) {
        st->used += len + CONTROL_BYTES;
        all_used += len + CONTROL_BYTES;
        st->total += m.len;
        st->messages[st->count++] = m;
        publish(st, &ev);
        status = 0;
    } else {
        free(m.bytes);
    }
    free((char *)(uintptr_t)ev.data.ptr);
    return status;
}

/* Cut a JSON text to its values: an array has as many as it has elements. Returns 0: it is none. */
static int cut(const char **text, size_t *len)
{
    const char *p = *text, *end = p + *len;
    json_t *const value =
        json_loadb(p, *len, JSON_DECODE_ANY | JSON_DECODE_INT_AS_REAL | JSON_ALLOW_NUL, NULL);
    const int is_array = json_is_array(value);
    const size_t size = json_array_size(value);

    json_decref(value);
    if (value == NULL)
        return 0;
    while (strchr(" \t\r\n", *p) != NULL)
        p++;
    while (strchr(" \t\r\n", end[-1]) != NULL)
        end--;
    *text = p + is_array;
    *len = is_array && size == 0 ? 0 : (size_t)(end - p) - 2 * (size_t)is_array;
    return 1;
}

static int append(stream *st, const char *body, size_t len)
{
    message m = {.len = len};

    if (st->kind == STREAM_JSON && !cut(&body, &m.len))
        return 400;
    if (m.len == 0)
        return 0;
    m.bytes = malloc(m.len);
    if (m.bytes == NULL)
        return 507;
    memcpy(m.bytes, body, m.len);
    return add(st, m);
}

int stream_append(stream *st, const char *body, size_t len, int close)
{
    const int status = len > 0 ? append(st, body, len) : 0;
    reader *r;

    if (status == 0) {
        st->closed = close;
        for (r = st->readers; close && r != NULL; r = r->next)
            if (sse_subscriber_behind(r->s) == 0)
                tell(r); /* the others will be told when they have all */
    }
    return status;
}

int stream_copy(stream *st, const stream *from, size_t count)
{
    size_t i;
    int status = 0;

    for (i = 0; status == 0 && i < count; i++) {
        message m = from->messages[i];

        m.bytes = malloc(m.len);
        if (m.bytes == NULL)
            return 507;
        memcpy(m.bytes, from->messages[i].bytes, m.len);
        status = add(st, m);
    }
    return status;
}

char *stream_read(const stream *st, size_t from, size_t *len)
{
    const int json = st->kind == STREAM_JSON;
    char *bytes = NULL;
    size_t i;
    FILE *const to = open_memstream(&bytes, len);

    if (to == NULL)
        return NULL;
    if (json)
        putc('[', to);
    for (i = from; i < st->count; i++) {
        if (json && i > from)
            putc(',', to);
        fwrite(st->messages[i].bytes, 1, st->messages[i].len, to);
    }
    if (json)
        putc(']', to);
    return fclose(to) == 0 ? bytes : NULL;
}

/* Readers. */

/* Not between "data" and its "control": the client would get that data twice. */
static void end_life(void *user)
{
    reader *const r = user;

    r->is_over = 1;
    if (sse_subscriber_behind(r->s) == 0)
        tell(r);
}

static void left(void *user)
{
    reader *const r = user;
    reader **at = r->in != NULL ? &r->in->readers : NULL;

    while (at != NULL && *at != r)
        at = &(*at)->next;
    if (at != NULL)
        *at = r->next;
    web_stop(&r->life);
    free(r);
}

void stream_follow(stream *st, const web_request *q, size_t from, uint64_t cursor, uint32_t life_ms,
                   const sse_http_field *extra, size_t extra_count)
{
    const sse_http_answer head = {.extra = extra, .extra_count = extra_count};
    const int all = from == 0;
    const sse_str id = {stream_offset(st, from), all || from == st->count ? 0 : OFFSET_LEN};
    reader *const r = calloc(1, sizeof *r);

    if (r == NULL)
        return;
    r->cursor = cursor < interval() ? 0 : cursor + 1 + (uint64_t)rand() % JITTER;
    r->s = web_stream(q, st->channel, &head, SSE_JOIN_PLAIN | (all ? SSE_JOIN_OLDEST : 0), id, left,
                      r);
    if (r->s == NULL) {
        free(r);
        return;
    }
    r->in = st;
    r->told = SIZE_MAX;
    r->next = st->readers;
    st->readers = r;
    r->life = (web_timer){.run = end_life, .user = r};
    web_after(&r->life, life_ms);
    sse_subscriber_set_limits(r->s, 0, STALL_MS, 0);
    sse_subscriber_set_filter(r->s, &old_controls, from != st->count);
    web_when_dry(r->s, tell);
}

/* Streams. */

stream *stream_new(const char *path, const char *type)
{
    const size_t len = strcspn(type, "; ");
    stream *const st = calloc(1, sizeof *st);

    if (st == NULL)
        return NULL;
    st->kind = len == 16 && strncasecmp(type, "application/json", len) == 0 ? STREAM_JSON
               : strncasecmp(type, "text/", 5) == 0                         ? STREAM_TEXT
                                                                            : STREAM_BINARY;
    st->path = strdup(path);
    st->type = strdup(type);
    st->channel = web_channel(NULL, 2 * STREAM_MESSAGES, STREAM_BYTES, SSE_HEARTBEAT_MS);
    if (st->path == NULL || st->type == NULL || st->channel == NULL) {
        stream_free(st);
        return NULL;
    }
    return st;
}

void stream_free(stream *st)
{
    reader *r;
    size_t i;

    for (r = st->readers; r != NULL; r = r->next)
        r->in = NULL;
    if (st->channel != NULL)
        web_free(st->channel);
    for (i = 0; i < st->count; i++)
        free(st->messages[i].bytes);
    all_used -= st->used;
    free(st->path);
    free(st->type);
    free(st->sequence);
    free(st);
}
