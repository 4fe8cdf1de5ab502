/* SPDX-License-Identifier: MIT */
/* test_writer_stream.c - every way in with every way out: whatever the size of the queue, where in
 * the ring it begins, and how many bytes the transport takes at a time, the client gets the same.
 *
 * A story is what a program does to a writer. It is told through each way out; where the queue is
 * full the transport gets a turn, as in any server. */
#include "sse/writer.h"

#include "block.h"
#include "chunks.h"
#include "moves.h"
#include "parser.h"
#include "sink.h"
#include "text.h"
#include "ways.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#define CAPACITY ((size_t)SSE_WRITER_CAPACITY_MIN)
#define COUNT(a) (sizeof(a) / sizeof(a)[0])

static const uint32_t framings[] = {0, SSE_WRITER_CHUNKED};

/* What the program does next. The data of an APPEND is in ev.data. */
enum act { SEND, BEGIN, APPEND, FINISH };

typedef struct line {
    enum act act;
    sse_event ev;
} line;

typedef struct story {
    const line *lines;
    size_t count;
    parsed want;
} story;

/* clang-format off */
#define SENDS(id, type, data) {SEND, {ABSENT, type, id, 0, data}}
#define BEGINS(type)          {BEGIN, {ABSENT, type, ABSENT, 0, ABSENT}}
#define APPENDS(text)         {APPEND, {ABSENT, ABSENT, ABSENT, 0, TEXT(text)}}
#define FINISHES              {FINISH, {ABSENT, ABSENT, ABSENT, 0, ABSENT}}
#define MESSAGE               TEXT("message")
#define NO_ID                 TEXT("")
/* clang-format on */

static const line whole[] = {
    SENDS(TEXT("1"), TEXT("tick"), TEXT("a")),
    SENDS(ABSENT, ABSENT, TEXT("")),
    {SEND, {TEXT("beat"), ABSENT, ABSENT, 0, ABSENT}},
    SENDS(ABSENT, ABSENT, TEXT(" \n\r\n\r b\n")),
    {SEND, {ABSENT, ABSENT, ABSENT, 1234, TEXT("retry")}},
    SENDS(TEXT("2"), ABSENT, TEXT("id: 3")),
    SENDS(TEXT(""), TEXT("t"), TEXT("0123456789abcdefghijklm")),
};
static const parsed_event whole_events[] = {
    {TEXT("tick"), TEXT("a"), TEXT("1")},
    {MESSAGE, TEXT(""), TEXT("1")},
    {MESSAGE, TEXT(" \n\n\n b\n"), TEXT("1")},
    {MESSAGE, TEXT("retry"), TEXT("1")},
    {MESSAGE, TEXT("id: 3"), TEXT("2")},
    {TEXT("t"), TEXT("0123456789abcdefghijklm"), TEXT("")},
};
static const uint64_t whole_retries[] = {1234};

/* One event that is longer than the queue, and another one in the smallest of pieces. */
static const line pieces[] = {
    BEGINS(TEXT("long")),
    APPENDS("0123456789abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz\r"),
    APPENDS("\n0123456789abcdefghijklmnopqrstuvwxyz\n\n\n\n\n\n\n\n\n\n\n\n\n\n\r\n\r\n"),
    FINISHES,
    BEGINS(ABSENT),
    APPENDS("\r"),
    APPENDS(""),
    APPENDS("\n"),
    APPENDS("\n"),
    APPENDS(" "),
    FINISHES,
    SENDS(ABSENT, ABSENT, TEXT("end")),
};
static const parsed_event pieces_events[] = {
    {TEXT("long"),
     TEXT("0123456789abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz\n"
          "0123456789abcdefghijklmnopqrstuvwxyz\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n"),
     NO_ID},
    {MESSAGE, TEXT("\n\n "), NO_ID},
    {MESSAGE, TEXT("end"), NO_ID},
};

/* Closed in the middle of an event. */
static const line cut[] = {
    SENDS(TEXT("1"), ABSENT, TEXT("a")),
    {BEGIN, {ABSENT, TEXT("cut"), TEXT("2"), 0, ABSENT}},
    APPENDS("0123456789abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz\n\n\n"),
};
static const parsed_event cut_events[] = {{MESSAGE, TEXT("a"), TEXT("1")}};

static const story stories[] = {
    {whole, COUNT(whole), {whole_events, 6, whole_retries, 1, ANY_COMMENTS, TEXT("")}},
    {pieces, COUNT(pieces), {pieces_events, 3, NULL, 0, 0, TEXT("")}},
    {cut, COUNT(cut), {cut_events, 1, NULL, 0, 0, TEXT("1")}},
};

static sink peer;

/* Do one line, as far as there is room. Returns SSE_AGAIN where something is left to do. */
static int act(sse_writer *w, const line *l, size_t *done)
{
    const size_t pending = sse_writer_pending(w);
    size_t taken;
    int status;

    switch (l->act) {
    case SEND:
        status = sse_writer_send(w, &l->ev);
        break;
    case BEGIN:
        status = sse_writer_begin(w, &l->ev);
        break;
    case APPEND:
        status = sse_writer_append(w, l->ev.data.ptr + *done, l->ev.data.len - *done, &taken);
        *done += taken;
        return status;
    default:
        status = sse_writer_finish(w);
        break;
    }
    if (status != SSE_OK)
        assert_int_equal(sse_writer_pending(w), pending);
    return status;
}

/* How a story is told. */
typedef struct telling {
    size_t capacity;
    uint32_t framing;
    size_t offset; /* of the queue in the ring */
    way *out;
    size_t step;
    int eager; /* the transport has a turn behind every line, not only where the queue is full */
} telling;

/* Tell a story to the end, or until the peer fails. Returns SSE_END or SSE_E_IO. */
static int tell(const story *s, const telling *t)
{
    sse_writer *w = block_writer_at(&memory, t->capacity, t->framing, t->offset);
    size_t i, turns;
    int status;

    for (i = 0; i < s->count; i++) {
        size_t done = 0;

        for (turns = 0; (status = act(w, &s->lines[i], &done)) == SSE_AGAIN; turns++) {
            assert_true(turns < 1000);
            if (t->out(w, &peer, t->step) == SSE_E_IO)
                return SSE_E_IO;
        }
        assert_int_equal(status, SSE_OK);
        if (t->eager && t->out(w, &peer, t->step) == SSE_E_IO)
            return SSE_E_IO;
    }
    assert_int_equal(sse_writer_close(w), SSE_OK);
    for (turns = 0; (status = t->out(w, &peer, t->step)) != SSE_END; turns++) {
        if (status == SSE_E_IO)
            return SSE_E_IO;
        assert_true(turns < 4000);
    }
    return status;
}

/* The payload of what the peer took; the line feed that set the offset is part of it. */
static sse_str heard(uint32_t framing, enum chunks want)
{
    static char bytes[SINK_BYTES_MAX];
    sse_str payload = {bytes, peer.len};

    memcpy(bytes, peer.bytes, peer.len);
    if (framing && peer.len > 0) {
        assert_int_equal(unchunk(bytes + 1, peer.len - 1, bytes + 1, &payload.len), want);
        payload.len++;
    }
    return payload;
}

/* Demand that the client got a story. Parsing takes longest, and the bytes seldom differ. */
static void assert_heard(const story *s, const telling *t)
{
    static char known[COUNT(stories)][1024];
    static size_t known_len[COUNT(stories)];
    const size_t which = (size_t)(s - stories);
    const sse_str payload = heard(t->framing, CHUNKS_ENDED);

    assert_null(peer.broken);
    assert_true(block_is_intact(&memory));
    if (payload.len == known_len[which] && memcmp(payload.ptr, known[which], payload.len) == 0)
        return;
    assert_parses_to(payload.ptr, payload.len, &s->want);
    assert_true(payload.len <= sizeof known[which]);
    memcpy(known[which], payload.ptr, payload.len);
    known_len[which] = payload.len;
}

/* Tell all stories in all ways, eagerly and not. */
static void tell_all(size_t capacity, size_t offset, size_t step)
{
    size_t s, f, o;
    telling t = {0, 0, 0, NULL, 0, 0};

    t.capacity = capacity;
    t.offset = offset;
    t.step = step;
    for (s = 0; s < COUNT(stories); s++) {
        for (f = 0; f < COUNT(framings); f++) {
            t.framing = framings[f];
            for (o = 0; o < WAYS; o++) {
                t.out = ways[o];
                for (t.eager = 0; t.eager < 2; t.eager++) {
                    sink_start(&peer, NULL, 0, SINK_ALL);
                    assert_int_equal(tell(&stories[s], &t), SSE_END);
                    assert_heard(&stories[s], &t);
                }
            }
        }
    }
}

static void a_stream_is_the_same_however_much_is_taken_at_a_time(void **state)
{
    size_t step;

    (void)state;
    for (step = 1; step <= CAPACITY + 8; step++)
        tell_all(CAPACITY, 0, step);
    tell_all(CAPACITY, 0, SINK_ALL);
    tell_all(4000, 0, SINK_ALL);
}

/* Sizes of step take turns, so that each meets many places of many rings. */
static void a_stream_is_the_same_wherever_in_whatever_ring_it_begins(void **state)
{
    static const size_t steps[] = {SINK_ALL, 1, 7, 2, 40, 3, 17};
    size_t capacity, offset;

    (void)state;
    for (capacity = CAPACITY; capacity < CAPACITY + 10; capacity++)
        for (offset = 0; offset < capacity; offset++)
            tell_all(capacity, offset, steps[(capacity + offset) % COUNT(steps)]);
}

/* Demand that a client got the beginning of a story, and none of it wrong. */
static void assert_begun(const story *s, uint32_t framing)
{
    const sse_str payload = heard(framing, CHUNKS_OPEN);
    parsed *got = parse(payload.ptr, payload.len);
    parsed want = s->want;

    assert_true(got->event_count <= want.event_count);
    assert_true(got->retry_count <= want.retry_count);
    want.event_count = got->event_count;
    want.retry_count = got->retry_count;
    want.comments = ANY_COMMENTS;
    want.last_id = got->last_id;
    assert_same_stream(got, &want);
    parsed_free(got);
}

/* Every story, interrupted behind every byte or every few. */
static void a_sink_that_fails_at_any_call_has_got_the_beginning_of_the_stream(void **state)
{
    static const size_t steps[] = {1, 10, SINK_ALL};
    static sink_step script[1024];
    static char all[SINK_BYTES_MAX];
    size_t s, f, i, n, calls, len;
    telling t = {CAPACITY, 0, 20, push, 0, 0};

    (void)state;
    for (s = 0; s < COUNT(stories); s++) {
        for (f = 0; f < COUNT(framings); f++) {
            for (i = 0; i < COUNT(steps); i++) {
                t.framing = framings[f];
                t.step = steps[i];
                sink_start(&peer, NULL, 0, SINK_ALL);
                assert_int_equal(tell(&stories[s], &t), SSE_END);
                calls = peer.calls;
                len = peer.len;
                memcpy(all, peer.bytes, len);
                assert_true(calls < COUNT(script));
                for (n = 0; n < calls; n++) {
                    script[n].status = SSE_E_IO;
                    script[n].taken = 0;
                    sink_start(&peer, script, n + 1, SINK_ALL);
                    assert_int_equal(tell(&stories[s], &t), SSE_E_IO);
                    assert_int_equal(peer.calls, n + 1);
                    assert_true(peer.len < len);
                    assert_memory_equal(peer.bytes, all, peer.len);
                    assert_begun(&stories[s], t.framing);
                    script[n].status = SSE_OK;
                    script[n].taken = t.step;
                }
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        writer_test(a_stream_is_the_same_however_much_is_taken_at_a_time),
        writer_test(a_stream_is_the_same_wherever_in_whatever_ring_it_begins),
        writer_test(a_sink_that_fails_at_any_call_has_got_the_beginning_of_the_stream),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
