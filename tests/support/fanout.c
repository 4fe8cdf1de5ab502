#include "fanout.h"

#include "chunks.h"
#include "parser.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum { EPOCH = 14 };

static sse_str text_of(const char *text)
{
    sse_str s = {NULL, 0};

    if (text) {
        s.ptr = text;
        s.len = strlen(text);
    }
    return s;
}

void hall_open(hall *h, uint32_t events, size_t room, uint32_t framing, uint32_t heartbeat_ms)
{
    const size_t words = SSE_REPLAY_WORDS(events, room);

    memset(h, 0, sizeof *h);
    h->framing = framing;
    h->room = words * sizeof *h->memory;
    h->memory = malloc(h->room);
    assert_non_null(h->memory);
    h->log = sse_replay_init(h->memory, h->room, events, EPOCH, framing);
    assert_non_null(h->log);
    assert_int_equal(sse_channel_init(&h->ch, h->log, heartbeat_ms, NULL, 1000), SSE_OK);
}

void hall_close(hall *h)
{
    free(h->memory);
    h->memory = NULL;
}

sse_published say_to(hall *h, uint64_t tag, uint64_t key, const char *text)
{
    sse_event ev = {{NULL, 0}, {NULL, 0}, {NULL, 0}, {NULL, 0}, 0};
    sse_published result;

    ev.data = text_of(text);
    assert_int_equal(sse_channel_publish(&h->ch, &ev, tag, key, &result), SSE_OK);
    return result;
}

sse_published say(hall *h, const char *text)
{
    return say_to(h, 0, 0, text);
}

void client_note(client *c, const void *bytes, size_t len)
{
    assert_true(c->len + len <= sizeof c->bytes);
    memmove(c->bytes + c->len, bytes, len);
    c->len += len;
}

static int sink(void *user, const void *bytes, size_t len, size_t *taken)
{
    client *const c = user;

    assert_true(c->s != NULL && len > 0);
    c->sunk++;
    if (c->during)
        c->during(c, CALL_SINK);
    if (c->fails)
        return -1;
    if (c->most > 0 && len > c->most)
        len = c->most;
    if (c->limited && len > c->budget)
        len = c->budget;
    if (c->limited)
        c->budget -= len;
    client_note(c, bytes, len);
    *taken = len;
    return SSE_OK;
}

static void wake(void *user, sse_subscriber *s)
{
    client *const c = user;

    assert_ptr_equal(s, c->s);
    c->wakes++;
    if (c->during)
        c->during(c, CALL_WAKE);
}

static void on_close(void *user, sse_subscriber *s, int reason)
{
    client *const c = user;

    assert_ptr_equal(s, c->s);
    c->closes++;
    c->reason = reason;
    c->s = NULL;
    free(s);
    free(c->w);
    c->w = NULL;
    if (c->during)
        c->during(c, CALL_CLOSE);
}

static int filter(void *user, uint64_t tag)
{
    const client *const c = user;

    return tag == c->tag;
}

int client_join(client *c, hall *h, const char *last_id)
{
    const size_t size = SSE_WRITER_OVERHEAD + (c->capacity > 0 ? c->capacity : CLIENT_QUEUE);
    sse_join how = {NULL,
                    c->pushes ? sink : NULL,
                    wake,
                    on_close,
                    c->filtered ? filter : NULL,
                    c,
                    c->flags,
                    c->pace_ms};
    const sse_str id = text_of(last_id);
    int status;

    c->at = h;
    c->s = malloc(sizeof *c->s);
    c->w = malloc(size);
    assert_true(c->s != NULL && c->w != NULL);
    how.writer = sse_writer_init(c->w, size, h->framing);
    assert_non_null(how.writer);
    status = sse_channel_join(&h->ch, c->s, &how, id.ptr, id.len);
    if (status < SSE_OK) {
        free(c->s);
        free(c->w);
        c->s = NULL;
        c->w = NULL;
    }
    return status;
}

int client_tell(client *c, const char *text)
{
    sse_event ev = {{NULL, 0}, {NULL, 0}, SSE_LIT("private"), {NULL, 0}, 0};

    ev.data = text_of(text);
    return sse_subscriber_send(c->s, &ev);
}

int client_read(client *c, size_t n)
{
    char copy[CLIENT_BYTES];
    int status = SSE_OK;

    while (n > 0 && status == SSE_OK) {
        size_t len;

        status = sse_subscriber_read(c->s, copy, n < sizeof copy ? n : sizeof copy, &len);
        assert_true(status == SSE_OK ? len > 0 && len <= n : len == 0);
        client_note(c, copy, len);
        n -= len;
    }
    return status;
}

int client_pull(client *c)
{
    return client_read(c, (size_t)-1);
}

static parsed *parse_client(const client *c)
{
    char payload[CLIENT_BYTES];
    size_t len = c->len;

    memcpy(payload, c->bytes, len);
    if (c->at->framing & SSE_CHUNKED)
        assert_int_not_equal(unchunk(c->bytes, c->len, payload, &len), CHUNKS_BROKEN);
    return parse(payload, len);
}

static size_t put(char *dst, size_t at, sse_str text)
{
    assert_true(at + text.len < CLIENT_BYTES);
    memcpy(dst + at, text.ptr, text.len);
    return at + text.len;
}

const char *heard_text(const client *c)
{
    static char text[CLIENT_BYTES];
    parsed *const got = parse_client(c);
    size_t at = 0, i;

    for (i = 0; i < got->event_count; i++) {
        const parsed_event *const ev = &got->events[i];

        if (i > 0)
            at = put(text, at, SSE_LIT(","));
        if (!same_text(ev->type, SSE_LIT("message"))) {
            at = put(text, at, ev->type);
            at = put(text, at, SSE_LIT("="));
        }
        at = put(text, at, ev->data);
        at = put(text, at, SSE_LIT("@"));
        at = put(text, at, ev->id);
    }
    text[at] = '\0';
    parsed_free(got);
    return text;
}

void heard(const client *c, const char *want)
{
    assert_string_equal(heard_text(c), want);
}

void heard_comments(const client *c, size_t want)
{
    parsed *const got = parse_client(c);
    const size_t comments = got->comments;

    parsed_free(got);
    assert_int_equal(comments, want);
}

uint64_t heard_retry(const client *c)
{
    parsed *const got = parse_client(c);
    const uint64_t retry_ms = got->retry_count > 0 ? got->retries[got->retry_count - 1] : 0;

    parsed_free(got);
    return retry_ms;
}

void client_end(client *c)
{
    if (c->s)
        assert_int_equal(sse_subscriber_leave(c->s), SSE_OK);
    assert_null(c->s);
    assert_int_equal(c->closes, 1);
}
