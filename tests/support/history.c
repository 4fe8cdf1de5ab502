/* SPDX-License-Identifier: MIT */
#include "history.h"

#include "../../src/history_layout.h"

#include <inttypes.h>
#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#define MARK 0xA5

const past *history_event(const history *h, uint64_t n)
{
    assert_true(n > 0 && n <= h->count);
    return &h->list[n - 1];
}

void history_learn(history *h)
{
    static const char digits[] = "0123456789abcdef-";
    char id[SSE_HISTORY_ID_MAX + 1] = "";
    size_t len;

    if (h->epoch == 0)
        return;
    assert_int_equal(sse_history_id(h->real, h->end - 1, id, SSE_HISTORY_ID_MAX, &len), SSE_OK);
    len = strspn(id, digits);
    while (id[len - 1] != '-')
        len--;
    assert_true(len < sizeof h->origin);
    memcpy(h->origin, id, len);
    h->origin[len] = '\0';
}

void history_begin(history *h, uint32_t events, size_t room, uint32_t flags, uint64_t epoch)
{
    h->size = sse_history_size(events, room);
    h->memory = guard_before_end((h->size + 7) / 8 * 8);
    memset(h->memory.ptr, MARK, h->memory.len);
    h->events = events;
    h->room = room;
    h->flags = flags;
    h->epoch = epoch;
    h->base = h->old_base = h->first = h->end = 1;
    h->count = 0;
    h->real = sse_history_init(h->memory.ptr, h->size, events, flags, epoch, HISTORY_NAME,
                               HISTORY_NAME_LEN);
    assert_ptr_equal(h->real, h->memory.ptr);
    history_learn(h);
    memcpy(h->old_origin, h->origin, sizeof h->origin);
}

void history_end(history *h)
{
    size_t i;

    for (i = h->size; i < h->memory.len; i++)
        assert_int_equal((unsigned char)h->memory.ptr[i], MARK);
    guard_free(&h->memory);
}

/* What a history puts before an event of len encoded bytes, for a chunk; it is learnt from a
 * history, since the contract leaves open how many digits a length has. */
static sse_str chunk_head(size_t len)
{
    static struct {
        char head[20];
        size_t len;
    } known[HISTORY_BYTES_MAX];
    static uint64_t memory[SSE_HISTORY_WORDS(1, 2 * HISTORY_BYTES_MAX)];
    static const char filler[HISTORY_BYTES_MAX];
    sse_event ev = {{NULL, 0}, {NULL, 0}, {NULL, 0}, 0, {filler, 0}};
    sse_history *real;
    const void *bytes;
    size_t stored;

    assert_true(len >= 8 && len < HISTORY_BYTES_MAX);
    if (known[len].len == 0) {
        ev.data.len = len - 8;
        real = sse_history_init(memory, sizeof memory, 1, SSE_HISTORY_CHUNKED, 0, NULL, 0);
        assert_int_equal(sse_history_append(real, &ev, 0, 0, 0), SSE_OK);
        assert_int_equal(sse_history_get(real, 1, &bytes, &stored), SSE_OK);
        assert_true(stored > len + 2 && stored - len - 2 <= sizeof known[len].head);
        known[len].len = stored - len - 2;
        memcpy(known[len].head, bytes, known[len].len);
    }
    return (sse_str){known[len].head, known[len].len};
}

/* Make the bytes that the history is to hold. */
static void encode_past(past *p, uint32_t flags)
{
    sse_str head = {"", 0}, tail = {"", 0};
    size_t len;

    assert_int_equal(sse_event_encode(&p->ev, p->bytes, sizeof p->bytes, &len), SSE_OK);
    if (flags & SSE_HISTORY_CHUNKED) {
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
        const past *p = history_event(h, n);

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
        const past *newest = history_event(h, h->end - 1);

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
    char id[SSE_HISTORY_ID_MAX + 1];

    assert_true(h->count < HISTORY_MAX);
    p->ev = *ev;
    p->base = h->base;
    p->tag = tag;
    p->key = key;
    p->at_ms = now_ms;
    if (h->epoch) {
        p->ev.id.len = (size_t)snprintf(id, sizeof id, "%s%" PRIu64, h->origin, h->end);
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
        assert_int_equal(sse_history_fits(h->real, p->stored, n),
                         p->stored <= h->room && n >= first);
    status = sse_history_append(h->real, ev, tag, key, now_ms);
    assert_int_equal(status, p->stored > h->room ? SSE_E_TOOBIG : SSE_OK);
    if (status == SSE_OK) {
        h->first = first;
        h->end++;
        h->count++;
    }
    assert_int_equal(sse_history_first(h->real), h->first);
    assert_int_equal(sse_history_next(h->real), h->end);
    return status;
}

int history_append(history *h, size_t len, uint64_t tag, uint64_t key, uint64_t now_ms)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz";
    char data[HISTORY_TEXT_MAX], id[SSE_HISTORY_ID_MAX + 1];
    sse_event ev = {{NULL, 0}, {NULL, 0}, {NULL, 0}, 0, {data, 0}};
    size_t rest, i;

    if (h->epoch == 0 && h->end % 4 != 0) {
        ev.id.ptr = id;
        ev.id.len = (size_t)snprintf(id, sizeof id, "n%" PRIu64, h->end);
        rest = 8 + 5 + ev.id.len;
    } else if (h->epoch)
        rest = 8 + 5 + (size_t)snprintf(id, sizeof id, "%s%" PRIu64, h->origin, h->end);
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
    while (h->first < h->end && history_event(h, h->first)->at_ms < before_ms)
        h->first++;
    assert_int_equal(sse_history_expire(h->real, before_ms), SSE_OK);
    assert_int_equal(sse_history_first(h->real), h->first);
    assert_int_equal(sse_history_next(h->real), h->end);
}

void history_reopen(history *h, uint64_t epoch)
{
    assert_ptr_equal(sse_history_open(h->real, h->size, h->events, h->flags, epoch, HISTORY_NAME,
                                      HISTORY_NAME_LEN),
                     h->real);
    h->old_base = h->base;
    memcpy(h->old_origin, h->origin, sizeof h->origin);
    h->epoch = epoch;
    if (h->first == h->end) {
        h->first = h->end = 1;
        h->count = 0;
    }
    h->base = h->end;
    assert_int_equal(sse_history_first(h->real), h->first);
    assert_int_equal(sse_history_next(h->real), h->end);
    history_learn(h);
    if (h->end == 1) { /* nothing was left: there is no run before this one */
        h->old_base = 1;
        memcpy(h->old_origin, h->origin, sizeof h->origin);
    }
}

uint64_t history_newer(const history *h, uint64_t n, uint64_t end)
{
    const past *p = history_event(h, n);
    uint64_t m;

    for (m = n + 1; p->key != 0 && m < end; m++)
        if (history_event(h, m)->tag == p->tag && history_event(h, m)->key == p->key)
            return m;
    return 0;
}
