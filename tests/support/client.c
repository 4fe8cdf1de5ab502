/* SPDX-License-Identifier: MIT */
#include "client.h"

#include "chunks.h"
#include "parser.h"

#include <stdio.h>
#include <stdlib.h>

enum { ROOM = 4000, TESTS_MAX = 64 };

sse_channel ch;
sse_history *history;
uint64_t now_ms;
int chunked;
client all[CLIENTS], *const a = &all[0], *const b = &all[1];

static guard memory;                        /* of the history */
static char origin[SSE_HISTORY_ID_MAX + 1]; /* with the dash */

/* The channel. */

static void finish(void)
{
    size_t i;

    for (i = 0; i < CLIENTS; i++)
        leave(&all[i]);
    if (memory.map)
        guard_free(&memory);
}

static void start(size_t way, uint32_t events, uint64_t epoch, uint32_t heartbeat_ms)
{
    const size_t size = sse_history_size(events, ROOM);
    size_t i, len;

    finish();
    for (i = 0; i < CLIENTS; i++)
        all[i].face = way % FACES;
    chunked = way / FACES != 0;
    now_ms = 1000;
    memory = guard_before_end((size + 7) / 8 * 8);
    history = sse_history_init(memory.ptr, size, events, chunked ? SSE_HISTORY_CHUNKED : 0, epoch,
                               "test", 4);
    assert_non_null(history);
    memset(origin, 0, sizeof origin);
    if (epoch) {
        ok(sse_history_id(history, 0, origin, SSE_HISTORY_ID_MAX, &len)); /* "origin-0" */
        origin[len - 1] = '\0';
    }
    memset(&ch, 0xA5, sizeof ch);
    ok(sse_channel_init(&ch, history, heartbeat_ms, 0, now_ms));
}

void begin(size_t way, uint32_t events, uint32_t heartbeat_ms)
{
    start(way, events, 14, heartbeat_ms);
}

void begin_plain(uint32_t events)
{
    start(READ, events, 0, 0);
}

void say_to(uint64_t tag, uint64_t key, const char *text)
{
    ok(sse_channel_publish_parts(&ch, NULL, 0, NULL, 0, text, strlen(text), tag, key));
}

void say(const char *text)
{
    say_to(0, 0, text);
}

void say_numbers(int from, int to)
{
    for (; from <= to; from++) {
        char text[12];

        sprintf(text, "%d", from);
        say(text);
    }
}

void say_long(size_t n)
{
    char text[ROOM];
    size_t i;

    assert_true(n < sizeof text);
    for (i = 0; i < n; i++)
        text[i] = (char)('a' + i % 26);
    text[n] = '\0';
    say(text);
}

size_t turn(void)
{
    sse_subscriber *s;
    size_t returned = 0;

    while ((s = sse_channel_next(&ch)) != NULL) {
        client *const c = sse_subscriber_user(s);

        assert_ptr_equal(s, c->s);
        assert_true(++returned < 100000);
        if (note(c, sse_subscriber_status(s)) == SSE_OK) {
            c->turns++;
            take_all(c);
        }
    }
    return returned;
}

void tick(uint64_t ms)
{
    now_ms += ms;
    ok(sse_channel_tick(&ch, now_ms));
    turn();
}

void pass(uint64_t ms, uint64_t step_ms)
{
    for (; ms > 0; ms -= step_ms)
        tick(step_ms);
}

int timeout(void)
{
    return sse_channel_timeout(&ch, now_ms);
}

/* A client. */

static size_t least(size_t x, size_t y)
{
    return x < y ? x : y;
}

/* How much of len bytes the transport takes in a call. */
static size_t takes(const client *c, size_t len)
{
    if (c->most > 0)
        len = least(len, c->most);
    return c->limited ? least(len, c->budget) : len;
}

static void took(client *c, const void *bytes, size_t len)
{
    if (c->len + len > c->room) {
        c->room = 2 * (c->len + len);
        c->bytes = realloc(c->bytes, c->room);
        assert_non_null(c->bytes);
    }
    if (len > 0)
        memcpy(c->bytes + c->len, bytes, len);
    c->len += len;
    if (c->limited)
        c->budget -= len;
}

static int is_queued(const client *c, const char *bytes)
{
    return bytes >= c->queue.start && bytes < c->queue.start + c->queue.size;
}

int client_sink(void *user, const void *bytes, size_t len, size_t *taken)
{
    client *const c = user;

    assert_true(c->s != NULL && bytes != NULL && len > 0);
    c->calls++;
    if (c->during)
        c->during(c);
    if (c->failure)
        return c->failure;
    *taken = takes(c, len);
    if (is_queued(c, bytes))
        c->copied += *taken;
    took(c, bytes, *taken);
    return *taken > 0 ? SSE_OK : SSE_AGAIN;
}

static void unmap(client *c)
{
    guard_free(&c->memory);
    block_free(&c->queue);
    c->s = NULL;
}

int note(client *c, int status)
{
    if (sse_status_closed(status)) {
        assert_int_equal(c->reason, SSE_OK); /* nobody learns of it twice */
        c->reason = status;
        if (!c->keeps)
            unmap(c);
    }
    return status;
}

static int read_all(client *c)
{
    char copy[4096];

    for (;;) {
        const size_t cap = takes(c, sizeof copy);
        size_t len = 99;
        int status;

        if (cap == 0)
            return SSE_AGAIN;
        status = sse_subscriber_read(c->s, copy, cap, &len);
        assert_true(status == SSE_OK ? len > 0 && len <= cap : len == 0);
        took(c, copy, len);
        if (status == SSE_AGAIN || (status == SSE_OK && len < cap))
            return SSE_OK;
        if (status != SSE_OK)
            return note(c, status);
    }
}

static int peek_all(client *c)
{
    for (;;) {
        const void *bytes = "", *again;
        size_t len = 99, len_again, n;
        int status = sse_subscriber_peek(c->s, &bytes, &len);

        assert_true(status == SSE_OK ? len > 0 && is_queued(c, bytes) : len == 0 && bytes == NULL);
        if (status != SSE_OK)
            return status == SSE_AGAIN ? SSE_OK : note(c, status);
        n = takes(c, len);
        if (n == 0)
            return SSE_AGAIN;
        ok(sse_subscriber_peek(c->s, &again, &len_again));
        assert_true(again == bytes && len_again == len);
        took(c, bytes, n);
        ok(sse_subscriber_consume(c->s, n));
    }
}

int take_all(client *c)
{
    assert_non_null(c->s);
    return c->face == READ   ? read_all(c)
           : c->face == PEEK ? peek_all(c)
                             : note(c, sse_subscriber_flush(c->s, client_sink));
}

int take_some(client *c, size_t n)
{
    const int limited = c->limited;
    int status;

    c->limited = 1;
    c->budget = n;
    status = take_all(c);
    c->limited = limited;
    return status;
}

int tell(client *c, const char *text)
{
    return note(c, sse_subscriber_send_parts(c->s, "private", 7, NULL, 0, text, strlen(text)));
}

/* Put the origin for "e-" at the start of a text, or after the first "=" in it. */
static const char *with_origin(const char *text, char *full)
{
    const char *const sign = text ? strchr(text, '=') : NULL;
    const char *const id = sign ? sign + 1 : text;
    const int is_ours = text && strncmp(id, "e-", 2) == 0;

    if (!is_ours)
        return text;
    sprintf(full, "%.*s%s%s", (int)(id - text), text, origin, id + 2);
    return full;
}

int resume(client *c, const char *header, const char *query)
{
    const size_t capacity = c->capacity > 0 ? c->capacity : CLIENT_QUEUE;
    sse_writer *const queue = block_writer(&c->queue, capacity, chunked ? SSE_WRITER_CHUNKED : 0);
    char header_text[100], query_text[100];

    if (c->s == NULL) {
        c->memory = guard_before_end(sizeof *c->s);
        memset(c->memory.ptr, 0, sizeof *c->s);
        c->s = (sse_subscriber *)(void *)c->memory.ptr;
    }
    c->reason = SSE_OK;
    if (c->head)
        ok(sse_writer_raw(queue, c->head, strlen(c->head)));
    header = with_origin(header, header_text);
    query = with_origin(query, query_text);
    return sse_subscriber_join(c->s, &ch, queue, c, c->flags, header, header ? strlen(header) : 0,
                               query, query ? strlen(query) : 0);
}

int join(client *c, const char *last_id)
{
    return resume(c, last_id, NULL);
}

void leave(client *c)
{
    const face way = c->face;
    int status = SSE_OK, is_intact = 1;

    if (c->s) {
        status = sse_subscriber_leave(c->s);
        is_intact = block_is_intact(&c->queue);
        unmap(c);
    }
    free(c->bytes);
    memset(c, 0, sizeof *c);
    c->face = way;
    ok(status);
    assert_true(is_intact);
}

void refuses(sse_subscriber *s, int status)
{
    static const uint64_t tags[] = {1};
    const sse_event ev = {.data = {"x", 1}};
    const void *bytes = &ev;
    size_t len = 9, offered = 9;
    char byte;

    assert_int_equal(sse_subscriber_set_filter(s, tags, 1), status);
    assert_int_equal(sse_subscriber_set_limits(s, 1, 1, 1), status);
    assert_int_equal(sse_subscriber_send(s, &ev), status);
    assert_int_equal(sse_subscriber_send_parts(s, NULL, 0, NULL, 0, "x", 1), status);
    assert_int_equal(sse_subscriber_flush(s, client_sink), status);
    assert_int_equal(sse_subscriber_read(s, &byte, 1, &len), status);
    assert_int_equal(sse_subscriber_peek(s, &bytes, &offered), status);
    assert_true(len == 0 && offered == 0 && bytes == NULL);
    assert_int_equal(sse_subscriber_consume(s, 0), status);
    assert_int_equal(sse_subscriber_close(s), status);
    assert_int_equal(sse_subscriber_status(s), status);
    assert_int_equal(sse_subscriber_leave(s), s == NULL || status == SSE_E_BUSY ? status : SSE_OK);
}

/* What it has got. */

/* Take off the head and the framing, put "e-" for the origin, and parse. */
static parsed *parse_client(const client *c)
{
    const size_t head = c->head && c->len > 0 ? strlen(c->head) : 0, skip = strlen(origin);
    char *const text = malloc(c->len + 1);
    size_t len = c->len - head, from = 0, to = 0;
    parsed *got;

    assert_true(text != NULL && c->len >= head);
    if (len > 0)
        memcpy(text, c->bytes + head, len);
    if (chunked)
        assert_int_not_equal(unchunk(text, len, text, &len), CHUNKS_BROKEN);
    while (from < len) {
        if (skip > 0 && len - from >= skip && memcmp(text + from, origin, skip) == 0) {
            text[to++] = 'e';
            text[to++] = '-';
            from += skip;
        } else {
            text[to++] = text[from++];
        }
    }
    got = parse(text, to);
    free(text);
    return got;
}

static char shown[1 << 20];

static size_t show(size_t at, sse_str text)
{
    assert_true(at + text.len < sizeof shown);
    if (text.len > 0)
        memcpy(shown + at, text.ptr, text.len);
    shown[at + text.len] = '\0';
    return at + text.len;
}

const char *heard_text(const client *c)
{
    parsed *const got = parse_client(c);
    size_t at = show(0, SSE_LIT("")), i;

    for (i = 0; i < got->event_count; i++) {
        const parsed_event *const ev = &got->events[i];

        at = show(at, i > 0 ? SSE_LIT(",") : SSE_LIT(""));
        if (!same_text(ev->type, SSE_LIT("message")))
            at = show(show(at, ev->type), SSE_LIT("="));
        at = show(show(show(at, ev->data), SSE_LIT("@")), ev->id);
    }
    parsed_free(got);
    return shown;
}

const char *heard_id(const client *c)
{
    parsed *const got = parse_client(c);

    show(0, got->last_id);
    parsed_free(got);
    return shown;
}

/* Its numbers: events, comments, the last retry. */
static uint64_t number(const client *c, int which)
{
    parsed *const got = parse_client(c);
    const uint64_t retry_ms = got->retry_count > 0 ? got->retries[got->retry_count - 1] : 0;
    const uint64_t numbers[3] = {got->event_count, got->comments, retry_ms};

    parsed_free(got);
    return numbers[which];
}

size_t heard_events(const client *c)
{
    return (size_t)number(c, 0);
}

size_t heard_comments(const client *c)
{
    return (size_t)number(c, 1);
}

uint64_t heard_retry(const client *c)
{
    return number(c, 2);
}

/* The program. */

static void run(void **state)
{
    const client_test *const test = *state;
    size_t way;

    if (test->once)
        test->once();
    for (way = 0; test->each && way < WAYS; way++)
        test->each(way);
}

static int clean(void **state)
{
    (void)state;
    finish();
    return 0;
}

int client_tests(client_test *tests, size_t test_count)
{
    struct CMUnitTest list[TESTS_MAX];
    size_t i;

    assert_true(test_count <= TESTS_MAX);
    for (i = 0; i < test_count; i++) {
        const struct CMUnitTest test = {tests[i].name, run, NULL, clean, &tests[i]};

        list[i] = test;
    }
    return _cmocka_run_group_tests("fan-out", list, test_count, NULL, NULL);
}
