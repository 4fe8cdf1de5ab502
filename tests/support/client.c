#include "client.h"

#include "chunks.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* The server. */

static void open_server(server *v, uint32_t events, size_t capacity, uint32_t chunked,
                        uint64_t epoch, uint32_t heartbeat_ms)
{
    const size_t size = sse_history_size(events, capacity);

    memset(v, 0xA5, sizeof *v);
    v->chunked = chunked;
    v->now_ms = CLIENT_START_MS;
    v->origin[0] = '\0';
    v->memory = guard_before_end((size + 7) / 8 * 8);
    v->history = sse_history_init(v->memory.ptr, size, events, chunked ? SSE_HISTORY_CHUNKED : 0,
                                  epoch, "test", 4);
    assert_non_null(v->history);
    if (epoch) {
        char id[SSE_HISTORY_ID_MAX];
        size_t len;

        assert_int_equal(sse_history_id(v->history, 0, id, sizeof id, &len), SSE_OK);
        memcpy(v->origin, id, len - 1); /* "origin-0" */
        v->origin[len - 1] = '\0';
    }
    assert_int_equal(sse_channel_init(&v->ch, v->history, heartbeat_ms, 0, v->now_ms), SSE_OK);
}

void server_open(server *v, uint32_t events, size_t capacity, uint32_t chunked,
                 uint32_t heartbeat_ms)
{
    open_server(v, events, capacity, chunked, 14, heartbeat_ms);
}

void server_open_plain(server *v, uint32_t events, size_t capacity, uint32_t chunked,
                       uint32_t heartbeat_ms)
{
    open_server(v, events, capacity, chunked, 0, heartbeat_ms);
}

void server_close(server *v)
{
    if (v->memory.map)
        guard_free(&v->memory);
}

void say_to(server *v, uint64_t tag, uint64_t key, const char *text)
{
    sse_event ev;

    memset(&ev, 0, sizeof ev);
    ev.data.ptr = text;
    ev.data.len = strlen(text);
    assert_int_equal(sse_channel_publish(&v->ch, &ev, tag, key), SSE_OK);
}

void say(server *v, const char *text)
{
    say_to(v, 0, 0, text);
}

void say_long(server *v, size_t n)
{
    char *const text = malloc(n + 1);
    size_t i;

    assert_non_null(text);
    for (i = 0; i < n; i++)
        text[i] = (char)('a' + i % 26);
    text[n] = '\0';
    say(v, text);
    free(text);
}

void server_tick(server *v, uint64_t ms)
{
    v->now_ms += ms;
    assert_int_equal(sse_channel_tick(&v->ch, v->now_ms), SSE_OK);
}

size_t server_turn(server *v)
{
    sse_subscriber *s;
    size_t count = 0;

    while ((s = sse_channel_next(&v->ch)) != NULL) {
        client *const c = sse_subscriber_user(s);

        assert_ptr_equal(s, c->s);
        count++;
        assert_true(count < 100000);
        if (client_note(c, sse_subscriber_status(s)) == SSE_OK) {
            c->turns++;
            client_take(c);
        }
    }
    return count;
}

/* A client. */

static void keep(client *c, const void *bytes, size_t len)
{
    if (c->len + len > c->room) {
        c->room = 2 * (c->len + len);
        c->bytes = realloc(c->bytes, c->room);
        assert_non_null(c->bytes);
    }
    if (len > 0)
        memcpy(c->bytes + c->len, bytes, len);
    c->len += len;
}

/* Whether bytes lie in the memory of the client's queue. */
static int is_queued(const client *c, const void *bytes)
{
    const char *const at = bytes;

    return at >= c->block.start && at < c->block.start + c->block.size;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* How much of len bytes the transport takes in a call. */
static size_t takes(const client *c, size_t len)
{
    if (c->most > 0)
        len = least(len, c->most);
    if (c->limited)
        len = least(len, c->budget);
    return len;
}

static void took(client *c, const void *bytes, size_t len)
{
    keep(c, bytes, len);
    if (c->limited)
        c->budget -= len;
}

int client_sink(void *user, const void *bytes, size_t len, size_t *taken)
{
    client *const c = user;

    assert_true(c->s != NULL && bytes != NULL && len > 0);
    c->calls++;
    if (c->during)
        c->during(c);
    if (c->answer)
        return c->answer;
    *taken = takes(c, len);
    if (is_queued(c, bytes))
        c->copied += *taken;
    took(c, bytes, *taken);
    return *taken > 0 ? SSE_OK : SSE_AGAIN;
}

int client_note(client *c, int status)
{
    if (!sse_status_closed(status))
        return status;
    assert_int_equal(c->reason, SSE_OK);
    c->reason = status;
    c->closes++;
    if (!c->keeps) {
        guard_free(&c->memory);
        block_free(&c->block);
        c->s = NULL;
        c->queue = NULL;
    }
    return status;
}

static int read_all(client *c)
{
    char copy[4096];
    int status = SSE_OK;

    for (;;) {
        const size_t cap = takes(c, sizeof copy);
        size_t len = 99;

        if (cap == 0)
            return SSE_AGAIN;
        status = sse_subscriber_read(c->s, copy, cap, &len);
        assert_true(status == SSE_OK ? len > 0 && len <= cap : len == 0);
        took(c, copy, len);
        if (status == SSE_AGAIN || (status == SSE_OK && len < cap))
            return SSE_OK;
        if (status != SSE_OK)
            return client_note(c, status);
    }
}

static int peek_all(client *c)
{
    for (;;) {
        const void *bytes = "", *again;
        size_t len = 99, len_again, n;
        int status = sse_subscriber_peek(c->s, &bytes, &len);

        if (status != SSE_OK) {
            assert_null(bytes);
            assert_int_equal(len, 0);
            return status == SSE_AGAIN ? SSE_OK : client_note(c, status);
        }
        assert_true(len > 0 && is_queued(c, bytes));
        n = takes(c, len);
        if (n == 0)
            return SSE_AGAIN;
        assert_int_equal(sse_subscriber_peek(c->s, &again, &len_again), SSE_OK);
        assert_true(again == bytes && len_again == len);
        took(c, bytes, n);
        status = sse_subscriber_consume(c->s, n);
        if (status != SSE_OK)
            return client_note(c, status);
    }
}

int client_take(client *c)
{
    assert_non_null(c->s);
    switch (c->face) {
    case READ:
        return read_all(c);
    case PEEK:
        return peek_all(c);
    default:
        return client_note(c, sse_subscriber_flush(c->s, client_sink));
    }
}

int client_take_some(client *c, size_t n)
{
    const int limited = c->limited;
    const size_t budget = c->budget;
    int status;

    c->limited = 1;
    c->budget = n;
    status = client_take(c);
    c->limited = limited;
    c->budget = budget;
    return status;
}

/* Put the origin of the server for "e-" at the start of a text, or after the first "=" in it. */
static char *with_origin(const server *v, const char *text)
{
    const char *const sign = text ? strchr(text, '=') : NULL;
    const char *const id = sign ? sign + 1 : text;
    const int is_ours = text && strncmp(id, "e-", 2) == 0;
    char *full;

    if (text == NULL)
        return NULL;
    full = malloc(sizeof v->origin + strlen(text));
    assert_non_null(full);
    sprintf(full, "%.*s%s%s", (int)(id - text), text, is_ours ? v->origin : "",
            is_ours ? id + 2 : id);
    return full;
}

int client_resume(client *c, server *v, const char *header, const char *query)
{
    char *const field = with_origin(v, header), *const text = with_origin(v, query);
    int status;

    if (c->s == NULL) {
        c->memory = guard_before_end(sizeof *c->s);
        memset(c->memory.ptr, 0, sizeof *c->s);
        c->s = (sse_subscriber *)(void *)c->memory.ptr;
    }
    c->at = v;
    c->reason = SSE_OK;
    c->queue = block_writer(&c->block, c->capacity > 0 ? c->capacity : CLIENT_QUEUE,
                            v->chunked ? SSE_WRITER_CHUNKED : 0);
    if (c->head)
        assert_int_equal(sse_writer_raw(c->queue, c->head, strlen(c->head)), SSE_OK);
    status = sse_subscriber_join(c->s, &v->ch, c->queue, c, c->flags, field,
                                 field ? strlen(field) : 0, text, text ? strlen(text) : 0);
    free(field);
    free(text);
    return status;
}

int client_join(client *c, server *v, const char *last_id)
{
    return client_resume(c, v, last_id, NULL);
}

void client_end(client *c)
{
    int status = SSE_OK, is_intact = 1;

    if (c->s) {
        status = sse_subscriber_leave(c->s);
        is_intact = block_is_intact(&c->block);
        guard_free(&c->memory);
        block_free(&c->block);
    }
    free(c->bytes);
    memset(c, 0, sizeof *c);
    assert_int_equal(status, SSE_OK);
    assert_true(is_intact);
}

int client_send(client *c, const char *text)
{
    return client_note(c,
                       sse_subscriber_send_parts(c->s, "private", 7, NULL, 0, text, strlen(text)));
}

void client_forget(client *c)
{
    c->len = 0;
}

/* What it has got. */

/* Take off the head and the framing, put "e-" for the origin, and parse. */
static parsed *parse_client(const client *c)
{
    const char *const origin = c->at->origin;
    const size_t head = c->head && c->len > 0 ? strlen(c->head) : 0, origin_len = strlen(origin);
    char *const payload = malloc(c->len + 1), *const text = malloc(c->len + 1);
    size_t len = c->len - head, from, to = 0;
    parsed *got;

    assert_true(payload != NULL && text != NULL && c->len >= head);
    if (c->len > 0)
        memcpy(payload, c->bytes + head, len);
    if (c->at->chunked)
        assert_int_not_equal(unchunk(payload, len, payload, &len), CHUNKS_BROKEN);
    for (from = 0; from < len;) {
        if (origin_len > 0 && len - from >= origin_len &&
            memcmp(payload + from, origin, origin_len) == 0) {
            text[to++] = 'e';
            text[to++] = '-';
            from += origin_len;
        } else
            text[to++] = payload[from++];
    }
    got = parse(text, to);
    free(payload);
    free(text);
    return got;
}

static char shown[1 << 20];

static size_t show(size_t at, const char *text, size_t len)
{
    assert_true(at + len < sizeof shown);
    if (len > 0)
        memcpy(shown + at, text, len);
    return at + len;
}

const char *heard_text(const client *c)
{
    parsed *const got = parse_client(c);
    size_t at = 0, i;

    for (i = 0; i < got->event_count; i++) {
        const parsed_event *const ev = &got->events[i];

        if (i > 0)
            at = show(at, ",", 1);
        if (!same_text(ev->type, SSE_LIT("message"))) {
            at = show(at, ev->type.ptr, ev->type.len);
            at = show(at, "=", 1);
        }
        at = show(at, ev->data.ptr, ev->data.len);
        at = show(at, "@", 1);
        at = show(at, ev->id.ptr, ev->id.len);
    }
    shown[at] = '\0';
    parsed_free(got);
    return shown;
}

size_t heard_comments(const client *c)
{
    parsed *const got = parse_client(c);
    const size_t comments = got->comments;

    parsed_free(got);
    return comments;
}

size_t heard_events(const client *c)
{
    parsed *const got = parse_client(c);
    const size_t events = got->event_count;

    parsed_free(got);
    return events;
}

uint64_t heard_retry(const client *c)
{
    parsed *const got = parse_client(c);
    const uint64_t retry_ms = got->retry_count > 0 ? got->retries[got->retry_count - 1] : 0;

    parsed_free(got);
    return retry_ms;
}

const char *heard_last_id(const client *c)
{
    parsed *const got = parse_client(c);

    shown[show(0, got->last_id.ptr, got->last_id.len)] = '\0';
    parsed_free(got);
    return shown;
}
