#include "history.h"

#include "chunks.h"
#include "parsed.h"

#include <inttypes.h>
#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define MARK       0xA5
#define STREAM_MAX 65536

static const past *event_of(const history *h, uint64_t n)
{
    assert_true(n > 0 && n <= h->count);
    return &h->list[n - 1];
}

void history_begin(history *h, uint32_t events, size_t room, uint64_t epoch, uint32_t flags)
{
    h->size = SSE_REPLAY_OVERHEAD + events * (size_t)SSE_REPLAY_SLOT + room;
    h->memory = guard_before_end((h->size + 7) / 8 * 8);
    memset(h->memory.ptr, MARK, h->memory.len);
    h->events = events;
    h->room = room;
    h->flags = flags;
    h->epoch = epoch;
    h->base = h->first = h->end = 1;
    h->count = 0;
    h->log = sse_replay_init(h->memory.ptr, h->size, events, epoch, flags);
    assert_ptr_equal(h->log, h->memory.ptr);
}

void history_end(history *h)
{
    size_t i;

    for (i = h->size; i < h->memory.len; i++)
        assert_int_equal((unsigned char)h->memory.ptr[i], MARK);
    guard_free(&h->memory);
}

/* What a log puts ahead of an event of len encoded bytes, for a chunk; it is learnt from a log,
 * since the contract leaves open how many digits a length has. */
static sse_str chunk_head(size_t len)
{
    static struct {
        char head[20];
        size_t len;
    } known[HISTORY_BYTES_MAX];
    static uint64_t memory[SSE_REPLAY_WORDS(1, 2 * HISTORY_BYTES_MAX)];
    static const char filler[HISTORY_BYTES_MAX];
    sse_event ev = {{NULL, 0}, {NULL, 0}, {NULL, 0}, {filler, 0}, 0};
    sse_replay *log;
    sse_cursor c;
    sse_str run;
    size_t count;

    assert_true(len >= 8 && len < HISTORY_BYTES_MAX);
    if (known[len].len == 0) {
        ev.data.len = len - 8;
        log = sse_replay_init(memory, sizeof memory, 1, 0, SSE_CHUNKED);
        assert_int_equal(sse_replay_append(log, &ev, 0, 0, 0), SSE_OK);
        assert_int_equal(sse_cursor_init(&c, 1, 0, NULL, NULL), SSE_OK);
        assert_int_equal(sse_cursor_peek(&c, log, &run, 1, &count), SSE_OK);
        assert_true(run.len > len + 2 && run.len - len - 2 <= sizeof known[len].head);
        known[len].len = run.len - len - 2;
        memcpy(known[len].head, run.ptr, known[len].len);
    }
    return (sse_str){known[len].head, known[len].len};
}

/* Make the bytes that the log is to hold. */
static void encode_past(past *p, uint32_t flags)
{
    sse_str head = {"", 0}, tail = {"", 0};
    size_t len;

    assert_int_equal(sse_event_encode(&p->ev, p->bytes, sizeof p->bytes, &len), SSE_OK);
    if (flags & SSE_CHUNKED) {
        head = chunk_head(len);
        tail = SSE_LIT("\r\n");
    }
    p->stored = head.len + len + tail.len;
    assert_true(p->stored <= sizeof p->bytes);
    memmove(p->bytes + head.len, p->bytes, len);
    memcpy(p->bytes, head.ptr, head.len);
    memcpy(p->bytes + head.len + len, tail.ptr, tail.len);
}

/* Whether bytes of the room are there, and none of them is of an event from n on. */
static int is_free(const history *h, size_t at, size_t len, uint64_t n)
{
    for (; n < h->end; n++) {
        const past *p = event_of(h, n);

        if (at < p->at + p->stored && p->at < at + len)
            return 0;
    }
    return at + len <= h->room;
}

/* The number of the event that is the oldest when one of this many bytes has come, and where that
 * one goes. */
static uint64_t first_after(const history *h, size_t stored, size_t *at)
{
    uint64_t n;

    *at = 0;
    for (n = h->first; n < h->end; n++) {
        const past *newest = event_of(h, h->end - 1);

        if (h->end - n >= h->events)
            continue;
        *at = newest->at + newest->stored;
        if (is_free(h, *at, stored, n))
            break;
        *at = 0;
        if (is_free(h, *at, stored, n))
            break;
    }
    return n;
}

/* Make the next entry of the list, which does not belong to it yet. */
static past *prepare(history *h, const sse_event *ev, uint64_t tag, uint64_t key, uint64_t now_ms)
{
    past *p = &h->list[h->count];
    char id[SSE_REPLAY_ID_MAX + 1];

    assert_true(h->count < HISTORY_MAX);
    p->ev = *ev;
    p->epoch = h->epoch;
    p->tag = tag;
    p->key = key;
    p->at_ms = now_ms;
    if (h->epoch) {
        p->ev.id.len = (size_t)snprintf(id, sizeof id, "%" PRIx64 "-%" PRIu64, h->epoch, h->end);
        memcpy(p->id, id, p->ev.id.len);
        p->ev.id.ptr = p->id;
    } else if (ev->id.ptr) {
        assert_true(ev->id.len <= sizeof p->id);
        memcpy(p->id, ev->id.ptr, ev->id.len);
        p->ev.id.ptr = p->id;
    }
    if (ev->data.ptr) {
        assert_true(ev->data.len <= sizeof p->data);
        memcpy(p->data, ev->data.ptr, ev->data.len);
        p->ev.data.ptr = p->data;
    }
    encode_past(p, h->flags);
    return p;
}

int history_give(history *h, const sse_event *ev, uint64_t tag, uint64_t key, uint64_t now_ms)
{
    past *p = prepare(h, ev, tag, key, now_ms);
    const uint64_t first = first_after(h, p->stored, &p->at);
    uint64_t n;
    int status;

    for (n = h->first; n <= h->end; n++)
        assert_int_equal(sse_replay_fits(h->log, p->stored, n), p->stored <= h->room && n >= first);
    status = sse_replay_append(h->log, ev, tag, key, now_ms);
    assert_int_equal(status, p->stored > h->room ? SSE_E_TOOBIG : SSE_OK);
    if (status == SSE_OK) {
        h->first = first;
        h->end++;
        h->count++;
    }
    assert_int_equal(sse_replay_first(h->log), h->first);
    assert_int_equal(sse_replay_end(h->log), h->end);
    return status;
}

int history_append(history *h, size_t len, uint64_t tag, uint64_t key, uint64_t now_ms)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz";
    char data[HISTORY_TEXT_MAX], id[32];
    sse_event ev = {{NULL, 0}, {NULL, 0}, {NULL, 0}, {data, 0}, 0};
    size_t rest, i;

    if (h->epoch == 0 && h->end % 4 != 0) {
        ev.id.ptr = id;
        ev.id.len = (size_t)snprintf(id, sizeof id, "n%" PRIu64, h->end);
        rest = 8 + 5 + ev.id.len;
    } else if (h->epoch)
        rest = 8 + 5 + (size_t)snprintf(id, sizeof id, "%" PRIx64 "-%" PRIu64, h->epoch, h->end);
    else
        rest = 8;
    ev.data.len = len > rest ? len - rest : 0;
    assert_true(ev.data.len <= sizeof data);
    for (i = 0; i < ev.data.len; i++)
        data[i] = letters[(h->end + i) % 26];
    return history_give(h, &ev, tag, key, now_ms);
}

void history_expire(history *h, uint64_t before_ms)
{
    while (h->first < h->end && event_of(h, h->first)->at_ms < before_ms)
        h->first++;
    assert_int_equal(sse_replay_expire(h->log, before_ms), SSE_OK);
    assert_int_equal(sse_replay_first(h->log), h->first);
    assert_int_equal(sse_replay_end(h->log), h->end);
}

void history_reopen(history *h, uint64_t epoch)
{
    assert_ptr_equal(sse_replay_open(h->log, h->size, h->events, epoch, h->flags), h->log);
    if (h->first == h->end) {
        h->first = h->end = 1;
        h->count = 0;
    }
    h->epoch = epoch;
    h->base = h->end;
    assert_int_equal(sse_replay_first(h->log), h->first);
    assert_int_equal(sse_replay_end(h->log), h->end);
}

int history_superseded(const history *h, uint64_t n, uint64_t end)
{
    const past *p = event_of(h, n);
    uint64_t m;

    for (m = n + 1; p->key != 0 && m < end; m++)
        if (event_of(h, m)->tag == p->tag && event_of(h, m)->key == p->key)
            return 1;
    return 0;
}

/* Demand that a client gets these events from the payload of a stream. */
static void assert_client_gets(const history *h, const uint64_t *numbers, size_t count,
                               const char *payload, size_t len)
{
    static parsed_event events[HISTORY_MAX];
    static uint64_t retries[HISTORY_MAX];
    parsed want = {events, 0, retries, 0, ANY_COMMENTS, {"", 0}};
    size_t i;

    for (i = 0; i < count; i++) {
        const sse_event *ev = &event_of(h, numbers[i])->ev;
        parsed_event *event = &events[want.event_count];

        if (ev->retry_ms)
            retries[want.retry_count++] = ev->retry_ms;
        if (ev->id.ptr)
            want.last_id = ev->id;
        if (ev->data.ptr) {
            event->type = ev->type.len > 0 ? ev->type : SSE_LIT("message");
            event->data.ptr = as_received(ev->data, &event->data.len);
            event->id = want.last_id;
            want.event_count++;
        }
    }
    assert_parses_to(payload, len, &want);
    for (i = 0; i < want.event_count; i++)
        free((void *)(uintptr_t)events[i].data.ptr);
}

void history_says(const history *h, const uint64_t *numbers, size_t count, const char *bytes,
                  size_t len)
{
    static const char last_chunk[] = "0\r\n\r\n";
    static char payload[STREAM_MAX];
    size_t at = 0, i;

    for (i = 0; i < count; i++) {
        const past *p = event_of(h, numbers[i]);

        assert_true(p->stored <= len - at);
        assert_memory_equal(bytes + at, p->bytes, p->stored);
        at += p->stored;
    }
    assert_int_equal(at, len);
    assert_true(len + sizeof last_chunk <= sizeof payload);
    memcpy(payload, bytes, len);
    if (h->flags & SSE_CHUNKED) {
        memcpy(payload + len, last_chunk, sizeof last_chunk - 1);
        len += sizeof last_chunk - 1;
        assert_int_equal(unchunk(payload, len, payload, &len), CHUNKS_ENDED);
    }
    assert_client_gets(h, numbers, count, payload, len);
}

static int is_tag(void *user, uint64_t tag)
{
    return tag == *(const uint64_t *)user;
}

/* Demand that a reader that begins with the oldest event gets all that it may see. */
static void assert_reads(const history *h, const sse_replay *log, uint32_t flags, uint64_t *tag)
{
    static char bytes[STREAM_MAX];
    uint64_t numbers[HISTORY_MAX], n;
    size_t count = 0, len = 0, taken;
    sse_cursor c;
    int status;

    for (n = h->first; n < h->end; n++)
        if ((tag == NULL || event_of(h, n)->tag == *tag) &&
            !(flags & SSE_COALESCE && history_superseded(h, n, h->end)))
            numbers[count++] = n;
    assert_int_equal(sse_cursor_init(&c, h->first, flags, tag ? is_tag : NULL, tag), SSE_OK);
    while ((status = sse_cursor_read(&c, log, bytes + len, sizeof bytes - len, &taken)) == SSE_OK) {
        assert_true(taken > 0);
        len += taken;
    }
    assert_int_equal(status, SSE_AGAIN);
    assert_int_equal(taken, 0);
    history_says(h, numbers, count, bytes, len);
}

static void assert_finds(const history *h, const sse_replay *log)
{
    uint64_t next, n;

    for (n = 1; n <= h->count; n++) {
        const past *p = event_of(h, n);
        const int held = n >= h->first && n < h->end;
        const int found = held || (h->epoch && p->epoch == h->epoch && n < h->end);

        if (p->ev.id.ptr == NULL)
            continue;
        next = 0;
        assert_int_equal(sse_replay_find(log, p->id, p->ev.id.len, &next), found ? SSE_OK : SSE_GAP);
        assert_int_equal(next, found ? n + 1 : h->first);
    }
}

static void assert_tells_ids(const history *h, const sse_replay *log)
{
    char id[SSE_REPLAY_ID_MAX];
    uint64_t n;
    size_t len;
    int known;

    for (n = 1; n <= h->end + 1; n++) {
        if (n + 1 == h->base)
            continue; /* it can be the place ahead of the first one */
        known = h->epoch ? n >= h->base && n < h->end ? SSE_OK : SSE_E_RANGE : SSE_E_STATE;
        len = 99;
        assert_int_equal(sse_replay_id(log, n, id, &len), known);
        assert_int_equal(len, known == SSE_OK ? event_of(h, n)->ev.id.len : 0);
        if (known == SSE_OK)
            assert_memory_equal(id, event_of(h, n)->id, len);
    }
}

void history_check(const history *h, const sse_replay *log)
{
    uint64_t tag;

    assert_int_equal(sse_replay_first(log), h->first);
    assert_int_equal(sse_replay_end(log), h->end);
    assert_reads(h, log, 0, NULL);
    assert_reads(h, log, SSE_COALESCE, NULL);
    for (tag = 0; tag < HISTORY_TAGS; tag++)
        assert_reads(h, log, 0, &tag);
    assert_finds(h, log);
    assert_tells_ids(h, log);
}

void history_expires(const history *h, sse_replay *log)
{
    uint64_t n;

    for (n = h->first; n < h->end; n++) {
        assert_int_equal(sse_replay_expire(log, event_of(h, n)->at_ms), SSE_OK);
        assert_int_equal(sse_replay_first(log), n);
        assert_int_equal(sse_replay_expire(log, event_of(h, n)->at_ms + 1), SSE_OK);
        assert_int_equal(sse_replay_first(log), n + 1);
    }
}
