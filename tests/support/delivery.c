/* SPDX-License-Identifier: MIT */
#include "delivery.h"

#include "chunks.h"
#include "encoding.h"
#include "sse/writer.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* How events go in: whole, as parts of a flat call, with their data cut in two, or byte by byte. */
enum way_in { SEND, PUT, PIECES, BYTES };

/* How bytes come out. */
enum way_out { FLUSH, PEEK, READ };

static const struct way {
    enum way_out out;
    size_t step; /* the most that is taken at once */
    uint32_t flags;
} ways[] = {
    {FLUSH, 100000, 0}, {FLUSH, 100000, SSE_WRITER_CHUNKED},
    {FLUSH, 7, 0},      {FLUSH, 7, SSE_WRITER_CHUNKED},
    {PEEK, 100000, 0},  {PEEK, 100000, SSE_WRITER_CHUNKED},
    {PEEK, 1, 0},       {PEEK, 1, SSE_WRITER_CHUNKED},
    {READ, 4096, 0},    {READ, 4096, SSE_WRITER_CHUNKED},
    {READ, 3, 0},       {READ, 3, SSE_WRITER_CHUNKED},
};

#define WAYS (sizeof ways / sizeof ways[0])

/* A stream from a writer to a client. */
typedef struct stream {
    const char *name; /* of the vector */
    const struct way *way;
    sse_writer *writer;
    char *bytes; /* what came out */
    size_t len;
    size_t cap;
} stream;

static void check(int ok, const char *name, const char *what)
{
    if (!ok)
        fail_msg("%s: %s", name, what);
}

static size_t take(stream *s, const void *bytes, size_t len)
{
    if (len > s->way->step)
        len = s->way->step;
    if (s->len + len > s->cap) {
        s->cap = 2 * (s->len + len);
        s->bytes = realloc(s->bytes, s->cap);
        assert_non_null(s->bytes);
    }
    memcpy(s->bytes + s->len, bytes, len);
    s->len += len;
    return len;
}

static int sink(void *user, const void *bytes, size_t len, size_t *taken)
{
    *taken = take(user, bytes, len);
    return SSE_OK;
}

/* Take all that is queued. Returns SSE_OK, or SSE_END behind the end of the stream. */
static int drain(stream *s)
{
    char copy[4096];
    const void *bytes;
    size_t len;
    int status;

    switch (s->way->out) {
    case FLUSH:
        return sse_writer_flush(s->writer, sink, s);
    case PEEK:
        while ((status = sse_writer_peek(s->writer, &bytes, &len)) == SSE_OK)
            assert_int_equal(sse_writer_consume(s->writer, take(s, bytes, len)), SSE_OK);
        break;
    default:
        while ((status = sse_writer_read(s->writer, copy, s->way->step, &len)) == SSE_OK)
            take(s, copy, len);
        break;
    }
    return status == SSE_AGAIN ? SSE_OK : status;
}

/* Make room, since a call was put off: there must be something to take. */
static void relieve(stream *s)
{
    check(sse_writer_pending(s->writer) > 0, s->name, "put off by an empty queue");
    check(drain(s) == SSE_OK, s->name, "not drained");
}

static void append(stream *s, const char *data, size_t len)
{
    size_t taken;

    while (sse_writer_append(s->writer, data, len, &taken) == SSE_AGAIN) {
        check(taken < len, s->name, "put off, though all was taken");
        data += taken;
        len -= taken;
        relieve(s);
    }
    check(taken == len, s->name, "not appended");
}

/* Queue an event, the data of which is cut at `cut` where it goes in pieces. */
static void emit(stream *s, const sse_event *ev, enum way_in in, size_t cut)
{
    sse_event head = *ev;
    int status;

    do {
        if (in >= PIECES && ev->data.ptr) {
            head.data.ptr = NULL;
            head.data.len = 0;
            status = sse_writer_begin(s->writer, &head);
        } else if (in == PUT && ev->data.ptr && ev->comment.ptr == NULL && ev->retry_ms == 0) {
            status = sse_writer_send_parts(s->writer, ev->type.ptr, ev->type.len, ev->id.ptr,
                                           ev->id.len, ev->data.ptr, ev->data.len);
        } else {
            status = sse_writer_send(s->writer, ev);
        }
        if (status == SSE_AGAIN)
            relieve(s);
    } while (status == SSE_AGAIN);
    check(status == SSE_OK, s->name, "not queued");
    if (in < PIECES || ev->data.ptr == NULL)
        return;
    if (cut > ev->data.len)
        cut = ev->data.len;
    append(s, ev->data.ptr, cut);
    for (; in == BYTES && cut < ev->data.len; cut++)
        append(s, ev->data.ptr + cut, 1);
    append(s, ev->data.ptr + cut, ev->data.len - cut);
    while ((status = sse_writer_finish(s->writer)) == SSE_AGAIN)
        relieve(s);
    check(status == SSE_OK, s->name, "not finished");
}

/* The capacity that just suffices, and a little: whole events, or heads where data is in pieces. */
static size_t capacity_for(const sse_event *events, size_t count, enum way_in in)
{
    size_t most = SSE_WRITER_CAPACITY_MIN, i, need;

    for (i = 0; i < count; i++) {
        sse_event ev = events[i];

        if (in >= PIECES && ev.data.ptr)
            ev.data.len = 0;
        assert_int_equal(sse_event_encode(&ev, NULL, 0, &need), SSE_E_SPACE);
        if (most < need)
            most = need;
    }
    return most + 40;
}

/* Send events to a client, one way in and one way out, and compare what it gets. */
static void deliver(const char *name, const sse_event *events, size_t count, const parsed *want,
                    enum way_in in, size_t cut, const struct way *way)
{
    stream s = {NULL, NULL, NULL, NULL, 0, 0};
    size_t size = SSE_WRITER_OVERHEAD + capacity_for(events, count, in), i;
    void *memory = malloc(size);

    s.name = name;
    s.way = way;
    s.writer = sse_writer_init(memory, size, way->flags);
    check(s.writer != NULL, name, "no writer");
    for (i = 0; i < count; i++)
        emit(&s, &events[i], in, cut);
    check(sse_writer_close(s.writer) == SSE_OK, name, "not closed");
    check(drain(&s) == SSE_END, name, "no end");
    if (way->flags & SSE_WRITER_CHUNKED)
        check(unchunk(s.bytes, s.len, s.bytes, &s.len) == CHUNKS_ENDED, name, "bad chunks");
    check(parses_to(s.bytes, s.len, want), name, "not what was expected");
    free(s.bytes);
    free(memory);
}

void deliver_every_way(const char *name, const sse_event *events, size_t count, const parsed *want)
{
    size_t longest = 0, i, cut;

    for (i = 0; i < count; i++)
        if (longest < events[i].data.len)
            longest = events[i].data.len;
    for (i = 0; i < WAYS; i++) {
        deliver(name, events, count, want, SEND, 0, &ways[i]);
        deliver(name, events, count, want, PUT, 0, &ways[i]);
        deliver(name, events, count, want, BYTES, 0, &ways[i]);
        for (cut = 0; cut <= longest; cut++)
            if (longest < 200 || cut < 3 || longest - cut < 3 || cut == longest / 2)
                deliver(name, events, count, want, PIECES, cut, &ways[i]);
    }
}

void refuse_every_way(const char *name, const sse_event *ev, int status)
{
    size_t memory[SSE_WRITER_WORDS(1000)];
    sse_writer *w = sse_writer_init(memory, sizeof memory, 0);
    sse_event in = placed(ev), head = in, after = WITH(DATA, "after");
    char bytes[64];
    size_t len;

    assert_refused(&in, status);
    check(sse_writer_send(w, &in) == status, name, "let in by send");
    if (in.retry_ms == 0 && in.comment.ptr == NULL && in.data.ptr)
        check(sse_writer_send_parts(w, in.type.ptr, in.type.len, in.id.ptr, in.id.len, in.data.ptr,
                                    in.data.len) == status,
              name, "let in by send_parts");
    head.data.ptr = NULL;
    head.data.len = 0;
    check(sse_writer_begin(w, &head) == status, name, "let in by begin");
    check(sse_writer_idle(w), name, "not idle after a refusal");
    check(sse_writer_send(w, &after) == SSE_OK, name, "stuck after a refusal");
    check(sse_writer_read(w, bytes, sizeof bytes, &len) == SSE_OK, name, "nothing to read");
    assert_parses_to_event(bytes, len, SSE_LIT("message"), SSE_LIT("after"), SSE_LIT(""));
}
