/* SPDX-License-Identifier: MIT */
#include "history.h"

#include "../../src/history_layout.h"
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

#define STREAM_MAX 65536

/* Demand that a client gets these events from the payload of a stream. */
static void assert_client_gets(const history *h, const uint64_t *numbers, size_t count,
                               const char *payload, size_t len)
{
    static parsed_event events[HISTORY_MAX];
    static uint64_t retries[HISTORY_MAX];
    parsed want = {events, 0, retries, 0, ANY_COMMENTS, {"", 0}};
    size_t i;

    for (i = 0; i < count; i++) {
        const sse_event *ev = &history_event(h, numbers[i])->ev;
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
        const past *p = history_event(h, numbers[i]);

        assert_true(p->stored <= len - at);
        assert_memory_equal(bytes + at, p->bytes, p->stored);
        at += p->stored;
    }
    assert_int_equal(at, len);
    assert_true(len + sizeof last_chunk <= sizeof payload);
    memcpy(payload, bytes, len);
    if (h->flags & SSE_HISTORY_CHUNKED) {
        memcpy(payload + len, last_chunk, sizeof last_chunk - 1);
        len += sizeof last_chunk - 1;
        assert_int_equal(unchunk(payload, len, payload, &len), CHUNKS_ENDED);
    }
    assert_client_gets(h, numbers, count, payload, len);
}

static void assert_gets(const history *h, const sse_history *real)
{
    static char all[STREAM_MAX];
    uint64_t numbers[HISTORY_MAX], n;
    size_t count = 0, len = 0;

    for (n = 0; n <= h->end + 1; n++) {
        const int held = n >= h->first && n < h->end;
        const void *bytes = "";
        size_t stored = 99;

        assert_int_equal(sse_history_get(real, n, &bytes, &stored), held ? SSE_OK
                                                                    : n == 0 || n >= h->end
                                                                        ? SSE_E_RANGE
                                                                        : SSE_GAP);
        if (held) {
            assert_true(stored <= sizeof all - len);
            memcpy(all + len, bytes, stored);
            numbers[count++] = n;
            len += stored;
        } else {
            assert_null(bytes);
            assert_int_equal(stored, 0);
        }
    }
    history_says(h, numbers, count, all, len);
}

/* What subscribers go by. */
static void assert_slots(const history *h, const sse_history *real)
{
    uint64_t n;

    for (n = h->first; n < h->end; n++) {
        const sse_slot *slot = sse_history_slot(real, n);
        const past *p = history_event(h, n);

        assert_int_equal(slot->number, n);
        assert_int_equal(slot->tag, p->tag);
        assert_int_equal(slot->key, p->key);
        assert_int_equal(slot->time_ms, p->at_ms);
        assert_int_equal(slot->newer, history_newer(h, n, h->end));
    }
}

static void assert_finds(const history *h, const sse_history *real)
{
    uint64_t next, n;

    for (n = 1; n <= h->count; n++) {
        const past *p = history_event(h, n);
        const int held = n >= h->first && n < h->end;
        int found = held || (h->epoch && n < h->end && p->base == h->base) ||
                    (h->epoch && n < h->base && p->base == h->old_base);

        if (p->ev.id.ptr == NULL)
            continue;
        next = 0;
        if (h->epoch && n < h->base && h->old_base == 0 && !found)
            found = sse_history_find(real, p->id, p->ev.id.len, &next) == SSE_OK;
        assert_int_equal(sse_history_find(real, p->id, p->ev.id.len, &next),
                         found ? SSE_OK : SSE_GAP);
        assert_int_equal(next, found ? n + 1 : h->first);
    }
}

/* The places that the run before gave its clients before its first event, and what is next to them.
 */
static void assert_finds_old_places(const history *h, const sse_history *real)
{
    char id[SSE_HISTORY_ID_MAX + 1];
    uint64_t next, n;

    if (h->epoch == 0 || h->old_base == 0)
        return;
    for (n = h->old_base - 1; n <= h->end; n++) {
        const size_t len = (size_t)snprintf(id, sizeof id, "%s%" PRIu64, h->old_origin, n);
        const uint64_t end = strcmp(h->old_origin, h->origin) ? h->base : h->end;

        assert_int_equal(sse_history_find(real, id, len, &next), n < end ? SSE_OK : SSE_GAP);
        assert_int_equal(next, n < end ? n + 1 : h->first);
    }
}

static void assert_tells_ids(const history *h, const sse_history *real)
{
    static guard g;
    uint64_t n;
    size_t len;
    int known;

    for (n = 1; n <= h->end + 1; n++) {
        if (n + 1 == h->base)
            continue; /* it can be the place before the first one */
        known = h->epoch ? n >= h->base && n < h->end ? SSE_OK : SSE_E_RANGE : SSE_E_STATE;
        len = 99;
        if (known != SSE_OK) {
            assert_int_equal(sse_history_id(real, n, NULL, 0, &len), known);
            assert_int_equal(len, 0);
        } else {
            const past *p = history_event(h, n);
            char *id;

            if (g.ptr == NULL)
                g = guard_before_end(SSE_HISTORY_ID_MAX);
            id = guard_tail(&g, p->ev.id.len);
            assert_int_equal(sse_history_id(real, n, id, p->ev.id.len - 1, &len), SSE_E_SPACE);
            assert_int_equal(len, p->ev.id.len);
            assert_int_equal(sse_history_id(real, n, id, len, &len), SSE_OK);
            assert_int_equal(len, p->ev.id.len);
            assert_memory_equal(id, p->id, len);
        }
    }
}

void history_check(const history *h, const sse_history *real)
{
    assert_int_equal(sse_history_first(real), h->first);
    assert_int_equal(sse_history_next(real), h->end);
    assert_gets(h, real);
    assert_slots(h, real);
    assert_finds(h, real);
    assert_finds_old_places(h, real);
    assert_tells_ids(h, real);
}

void history_expires(const history *h, sse_history *real)
{
    uint64_t n;

    for (n = h->first; n < h->end; n++) {
        assert_int_equal(sse_history_expire(real, history_event(h, n)->at_ms), SSE_OK);
        assert_int_equal(sse_history_first(real), n);
        assert_int_equal(sse_history_expire(real, history_event(h, n)->at_ms + 1), SSE_OK);
        assert_int_equal(sse_history_first(real), n + 1);
    }
}
