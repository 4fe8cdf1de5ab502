#include "history.h"

#include "chunks.h"
#include "parsed.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
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

static int is_tag(void *user, uint64_t tag)
{
    return tag == *(const uint64_t *)user;
}

/* Demand that a reader that begins with the oldest event gets all that it may see. */
static void assert_reads(const history *h, const sse_history *log, uint32_t flags, uint64_t *tag)
{
    static char bytes[STREAM_MAX];
    uint64_t numbers[HISTORY_MAX], n;
    size_t count = 0, len = 0, taken;
    sse_cursor c;
    int status;

    for (n = h->first; n < h->end; n++)
        if ((tag == NULL || history_event(h, n)->tag == *tag) &&
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

static void assert_finds(const history *h, const sse_history *log)
{
    uint64_t next, n;

    for (n = 1; n <= h->count; n++) {
        const past *p = history_event(h, n);
        const int held = n >= h->first && n < h->end;
        const int found = held || (h->epoch && p->epoch == h->epoch && n < h->end);

        if (p->ev.id.ptr == NULL)
            continue;
        next = 0;
        assert_int_equal(sse_history_find(log, p->id, p->ev.id.len, &next),
                         found ? SSE_OK : SSE_GAP);
        assert_int_equal(next, found ? n + 1 : h->first);
    }
}

static void assert_tells_ids(const history *h, const sse_history *log)
{
    char id[SSE_HISTORY_ID_MAX];
    uint64_t n;
    size_t len;
    int known;

    for (n = 1; n <= h->end + 1; n++) {
        if (n + 1 == h->base)
            continue; /* it can be the place ahead of the first one */
        known = h->epoch ? n >= h->base && n < h->end ? SSE_OK : SSE_E_RANGE : SSE_E_STATE;
        len = 99;
        assert_int_equal(sse_history_id(log, n, id, &len), known);
        assert_int_equal(len, known == SSE_OK ? history_event(h, n)->ev.id.len : 0);
        if (known == SSE_OK)
            assert_memory_equal(id, history_event(h, n)->id, len);
    }
}

void history_check(const history *h, const sse_history *log)
{
    uint64_t tag;

    assert_int_equal(sse_history_first(log), h->first);
    assert_int_equal(sse_history_end(log), h->end);
    assert_reads(h, log, 0, NULL);
    assert_reads(h, log, SSE_COALESCE, NULL);
    for (tag = 0; tag < HISTORY_TAGS; tag++)
        assert_reads(h, log, 0, &tag);
    assert_finds(h, log);
    assert_tells_ids(h, log);
}

void history_expires(const history *h, sse_history *log)
{
    uint64_t n;

    for (n = h->first; n < h->end; n++) {
        assert_int_equal(sse_history_expire(log, history_event(h, n)->at_ms), SSE_OK);
        assert_int_equal(sse_history_first(log), n);
        assert_int_equal(sse_history_expire(log, history_event(h, n)->at_ms + 1), SSE_OK);
        assert_int_equal(sse_history_first(log), n + 1);
    }
}
