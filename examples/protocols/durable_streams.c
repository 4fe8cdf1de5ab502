/* SPDX-License-Identifier: MIT */
/* durable_streams.c - a server of the Durable Streams protocol, in memory:
 *
 *     durable_streams PORT [LIFE_MS]      a stream of events ends after LIFE_MS; the client goes on
 *
 *     PUT     makes a stream, or a copy of one up to an offset (Stream-Forked-From)
 *     POST    appends to it; with Stream-Closed for the last time
 *     GET     reads from an offset; with live=sse server-sent events, and those to come
 *     HEAD    its type and its end
 *     DELETE  it
 *
 * What SSE is for is in durable_stream.c. Left out: long-poll, producers with epochs, lifetimes of
 * streams, subscriptions, and offsets inside of an append.
 * Spec: github.com/durable-streams/durable-streams, PROTOCOL.md. */
#define _GNU_SOURCE
#include "durable_stream.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { STREAMS = 2000, FIELDS = 12, TEXT_BYTES = 512, LIFE_MS = 60000 };

static stream *streams;
static size_t stream_count;
static uint32_t life_ms = LIFE_MS;

/* An answer, in the making. */
typedef struct answer {
    const web_request *request;
    sse_http_field fields[FIELDS];
    size_t count;
    char text[TEXT_BYTES]; /* for its values */
} answer;

static void add(answer *a, const char *name, const char *value)
{
    a->fields[a->count++] = (sse_http_field){{name, strlen(name)}, {value, strlen(value)}};
}

static answer answer_to(const web_request *r)
{
    answer a = {.request = r};

    add(&a, "x-content-type-options", "nosniff");
    add(&a, "cross-origin-resource-policy", "cross-origin");
    add(&a, "access-control-expose-headers",
        "location, etag, stream-next-offset, stream-up-to-date, stream-closed, "
        "stream-sse-data-encoding");
    return a;
}

/* Answer without content. */
static void refuse(const web_request *r, int status)
{
    answer a = answer_to(r);

    add(&a, "cache-control", "no-store");
    web_reply(r, status, NULL, "", 0, a.fields, a.count);
}

/* The same about a stream: where it ends. */
static void state(const web_request *r, const stream *st, int status)
{
    answer a = answer_to(r);
    const sse_str host = web_field(r, "Host");

    add(&a, "cache-control", "no-store");
    add(&a, "stream-next-offset", stream_offset(st, st->count));
    if (st->closed)
        add(&a, "stream-closed", "true");
    if (status == 201 && host.ptr != NULL &&
        snprintf(a.text, sizeof a.text, "http://%s%s", host.ptr, st->path) < TEXT_BYTES)
        add(&a, "location", a.text);
    web_reply(r, status, status == 204 ? NULL : st->type, "", 0, a.fields, a.count);
}

/* Find a stream; its place among the others, the end where there is none. */
static stream **find(const char *path)
{
    stream **at = &streams;

    while (*at != NULL && strcmp((*at)->path, path) != 0)
        at = &(*at)->next;
    return at;
}

static int is_true(const web_request *r, const char *name)
{
    const sse_str value = web_field(r, name);

    return value.ptr != NULL && strcasecmp(value.ptr, "true") == 0;
}

/* Whether a body of this type may be appended: parameters and case do not count. */
static int same_type(const stream *st, const char *type)
{
    const size_t len = strcspn(st->type, "; ");

    return strcspn(type, "; ") == len && strncasecmp(st->type, type, len) == 0;
}

/* Copy the value of a parameter of the query. Returns how often it is there; -1: it is too long. */
static int parameter(const web_request *r, const char *name, char *value, size_t cap)
{
    const char *p = r->query.ptr != NULL ? r->query.ptr : "";
    const size_t name_len = strlen(name);
    int found = 0;

    while (*p != '\0') {
        const size_t len = strcspn(p, "&");

        if (len > name_len && p[name_len] == '=' && strncmp(p, name, name_len) == 0) {
            if (len - name_len - 1 >= cap)
                return -1;
            memcpy(value, p + name_len + 1, len - name_len - 1);
            value[len - name_len - 1] = '\0';
            found++;
        }
        p += len + (p[len] == '&');
    }
    return found;
}

/* PUT */

static int is_unknown(const web_request *r)
{
    static const char *const names[] = {
        "Stream-TTL",  "Stream-Expires-At", "Stream-Fork-Sub-Offset",
        "Producer-Id", "Producer-Epoch",    "Producer-Seq"};
    size_t i;

    for (i = 0; i < sizeof names / sizeof *names; i++)
        if (web_field(r, names[i]).ptr != NULL)
            return 1;
    return 0;
}

/* Append what a new stream begins with. */
static int fill(stream *st, const web_request *r, const stream *source)
{
    const sse_str offset = web_field(r, "Stream-Fork-Offset");
    long count = 0;
    int status = 0;

    if (source != NULL) {
        count = stream_find(source, offset.ptr != NULL ? offset.ptr : "now");
        status = count < 0 ? 400 : stream_copy(st, source, (size_t)count);
    }
    return status != 0 ? status
                       : stream_append(st, r->body.ptr, r->body.len, is_true(r, "Stream-Closed"));
}

static void make(const web_request *r, const char *type, const stream *source)
{
    stream *const st = stream_count < STREAMS ? stream_new(r->path.ptr, type) : NULL;
    const int status = st != NULL ? fill(st, r, source) : 507;

    if (status == 0) {
        st->next = streams;
        streams = st;
        stream_count++;
        state(r, st, 201);
        return;
    }
    if (st != NULL)
        stream_free(st);
    refuse(r, status);
}

/* The status of a PUT for which no stream is made; 0: make one. */
static int settled(const web_request *r, const stream *st, const stream *source, const char *type)
{
    if (is_unknown(r))
        return 501;
    if (source == NULL && web_field(r, "Stream-Forked-From").ptr != NULL)
        return 404;
    if (source != NULL && !same_type(source, type))
        return 409;
    if (st == NULL)
        return 0;
    return same_type(st, type) && st->closed == is_true(r, "Stream-Closed") ? 200 : 409;
}

static void put(const web_request *r, const stream *st)
{
    const sse_str from = web_field(r, "Stream-Forked-From");
    const stream *const source = from.ptr != NULL ? *find(from.ptr) : NULL;
    const char *type = web_field(r, "Content-Type").ptr;
    int status;

    if (type == NULL)
        type = source != NULL ? source->type : "application/octet-stream";
    status = settled(r, st, source, type);
    if (status == 0)
        make(r, type, source);
    else if (status == 200)
        state(r, st, 200);
    else
        refuse(r, status);
}

/* POST */

static int is_next(const stream *st, const char *sequence)
{
    return sequence == NULL || st->sequence == NULL || strcmp(sequence, st->sequence) > 0;
}

static void keep(stream *st, const char *sequence)
{
    if (sequence == NULL)
        return;
    free(st->sequence);
    st->sequence = strdup(sequence);
}

/* The status of a refusal, 0, or what stream_append returns. */
static int append(const web_request *r, stream *st)
{
    const char *const type = web_field(r, "Content-Type").ptr;
    const char *const sequence = web_field(r, "Stream-Seq").ptr;
    const size_t before = st->count;
    int status;

    if (r->body.len == 0)
        return is_true(r, "Stream-Closed") ? stream_append(st, NULL, 0, 1) : 400;
    if (type == NULL)
        return 400;
    if (!same_type(st, type) || !is_next(st, sequence))
        return 409;
    status = stream_append(st, r->body.ptr, r->body.len, 0);
    if (status != 0 || st->count == before)
        return status != 0 ? status : 400; /* 400: an empty array */
    keep(st, sequence);
    return is_true(r, "Stream-Closed") ? stream_append(st, NULL, 0, 1) : 0;
}

static void post(const web_request *r, stream *st)
{
    const int status = is_unknown(r) ? 501 : st->closed ? 409 : append(r, st);

    if (status == 409 && st->closed)
        state(r, st, r->body.len == 0 && is_true(r, "Stream-Closed") ? 204 : 409);
    else if (status != 0)
        refuse(r, status);
    else
        state(r, st, 204);
}

/* GET */

static void get_all(const web_request *r, const stream *st, size_t from)
{
    answer a = answer_to(r);
    const sse_str known = web_field(r, "If-None-Match");
    size_t len = 0;
    char *const bytes = stream_read(st, from, &len);
    int same;

    snprintf(a.text, sizeof a.text, "\"%s:%s%s\"", stream_offset(st, from),
             stream_offset(st, st->count), st->closed ? ":c" : "");
    same = known.ptr != NULL && strcmp(known.ptr, a.text) == 0;
    add(&a, "etag", a.text);
    add(&a, "cache-control", from == st->count ? "no-store" : "no-cache");
    add(&a, "stream-next-offset", stream_offset(st, st->count));
    add(&a, "stream-up-to-date", "true");
    if (st->closed)
        add(&a, "stream-closed", "true");
    if (bytes == NULL)
        refuse(r, 503);
    else if (same)
        web_reply(r, 304, NULL, "", 0, a.fields, a.count);
    else
        web_reply(r, 200, st->type, bytes, len, a.fields, a.count);
    free(bytes);
}

static void get_live(const web_request *r, stream *st, size_t from)
{
    answer a = answer_to(r);
    char cursor[32] = "";

    parameter(r, "cursor", cursor, sizeof cursor);
    if (st->kind == STREAM_BINARY)
        add(&a, "stream-sse-data-encoding", "base64");
    stream_follow(st, r, from, strtoull(cursor, NULL, 10), life_ms, a.fields, a.count);
}

/* The id that an EventSource comes back with is an offset, too, and newer. */
static void get(const web_request *r, stream *st)
{
    const sse_str id = web_field(r, "Last-Event-ID");
    char offset[64] = "-1", live[16] = "";
    const int offsets = parameter(r, "offset", offset, sizeof offset);
    const int lives = parameter(r, "live", live, sizeof live);
    const long from =
        offsets < 0 || offsets > 1 ? -1 : stream_find(st, id.len > 0 ? id.ptr : offset);

    if (from < 0 || (lives != 0 && offsets == 0))
        refuse(r, 400);
    else if (lives == 0)
        get_all(r, st, (size_t)from);
    else if (strcmp(live, "sse") == 0)
        get_live(r, st, (size_t)from);
    else
        refuse(r, 501);
}

static void remove_stream(const web_request *r, stream **at)
{
    stream *const st = *at;

    *at = st->next;
    stream_count--;
    stream_free(st);
    refuse(r, 204);
}

static void handle(const web_request *r)
{
    stream **const at = find(r->path.ptr);
    const char *const method = r->method.ptr;

    if (strcmp(method, "PUT") == 0)
        put(r, *at);
    else if (*at == NULL)
        refuse(r, 404);
    else if (strcmp(method, "POST") == 0)
        post(r, *at);
    else if (strcmp(method, "GET") == 0)
        get(r, *at);
    else if (strcmp(method, "HEAD") == 0)
        state(r, *at, 200);
    else if (strcmp(method, "DELETE") == 0)
        remove_stream(r, at);
    else
        refuse(r, 405);
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        fprintf(stderr, "usage: durable_streams PORT [LIFE_MS]\n");
        return 2;
    }
    if (argc > 2)
        life_ms = (uint32_t)strtoul(argv[2], NULL, 10);
    return web_run(argv[1], "*",
                   "content-type, if-none-match, stream-seq, stream-closed, stream-forked-from, "
                   "stream-fork-offset",
                   handle, NULL);
}
