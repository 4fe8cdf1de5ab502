#include "listener.h"

#include "chunks.h"
#include "parser.h"

#include <inttypes.h>
#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum { EPOCH = 14, DATA_MAX = 1200 };

void station_init(station *st, uint32_t events, size_t room, uint32_t framing,
                  uint32_t heartbeat_ms)
{
    const size_t words = SSE_REPLAY_WORDS(events, room);

    memset(st, 0, sizeof *st);
    st->memory = malloc(words * sizeof *st->memory);
    assert_non_null(st->memory);
    st->chunked = framing == SSE_CHUNKED;
    st->log = sse_replay_init(st->memory, words * sizeof *st->memory, events, EPOCH, framing);
    assert_non_null(st->log);
    assert_int_equal(sse_channel_init(&st->channel, st->log, heartbeat_ms, NULL, 1000), SSE_OK);
}

void station_free(station *st)
{
    free(st->memory);
}

/* The data of an event: its number, and letters. */
static sse_str data_of(const station *st, uint64_t number, char *memory)
{
    const int len = snprintf(memory, DATA_MAX, "%" PRIu64 ":", number);
    sse_str data = {memory, (size_t)len + st->events[number].fill};

    memset(memory + len, 'a' + (int)(number % 26), st->events[number].fill);
    return data;
}

int station_publish(station *st, uint64_t tag, uint64_t key, size_t fill, sse_published *result)
{
    const uint64_t number = sse_replay_end(st->log);
    char memory[DATA_MAX];
    sse_event ev = {{NULL, 0}, {NULL, 0}, {NULL, 0}, {NULL, 0}, 0};

    assert_true(number < STATION_EVENTS_MAX);
    st->events[number].tag = tag;
    st->events[number].key = key;
    st->events[number].fill = fill;
    ev.data = data_of(st, number, memory);
    return sse_channel_publish(&st->channel, &ev, tag, key, result);
}

static void write_down(listener *l, const void *bytes, size_t len)
{
    if (len == 0)
        return;
    if (l->len + len > l->cap) {
        l->cap = 2 * (l->len + len);
        l->bytes = realloc(l->bytes, l->cap);
        assert_non_null(l->bytes);
    }
    memcpy(l->bytes + l->len, bytes, len);
    l->len += len;
}

static int sink(void *user, const void *bytes, size_t len, size_t *taken)
{
    listener *l = user;

    assert_true(l->open && len > 0);
    if (l->fails)
        return -1;
    *taken = len < l->most ? len : l->most;
    if (*taken > l->budget)
        *taken = l->budget;
    l->budget -= *taken;
    write_down(l, bytes, *taken);
    return SSE_OK;
}

static void wake(void *user, sse_subscriber *s)
{
    listener *l = user;

    assert_ptr_equal(s, &l->s);
    assert_true(l->open);
    l->woken++;
}

static void on_close(void *user, sse_subscriber *s, int reason)
{
    listener *l = user;

    assert_ptr_equal(s, &l->s);
    assert_true(l->open); /* once */
    l->open = 0;
    l->reason = reason;
}

static int filter(void *user, uint64_t tag)
{
    const listener *l = user;

    return l->tag == (int64_t)tag;
}

int listener_join(listener *l, station *st, int pulls, uint32_t flags, int64_t tag,
                  uint32_t pace_ms, uint64_t last_id)
{
    sse_join how = {NULL,   pulls ? NULL : sink, wake, on_close, tag >= 0 ? filter : NULL, l, flags,
                    pace_ms};
    char id[32];
    int len = 0, status;

    memset(l, 0, sizeof *l);
    l->at = st;
    l->pulls = pulls;
    l->flags = flags;
    l->tag = tag;
    l->writer = malloc(SSE_WRITER_OVERHEAD + LISTENER_QUEUE);
    assert_non_null(l->writer);
    how.writer = sse_writer_init(l->writer, SSE_WRITER_OVERHEAD + LISTENER_QUEUE,
                                 st->chunked ? SSE_CHUNKED : 0);
    if (last_id > 0)
        len = snprintf(id, sizeof id, "e-%" PRIu64, last_id);
    l->next = sse_replay_end(st->log);
    if (last_id > 0 && last_id < l->next)
        l->next = last_id + 1;
    else if (last_id > 0)
        l->next = 0;
    else if (flags & SSE_FROM_LOG)
        l->next = sse_replay_first(st->log);
    l->open = 1;
    status = sse_channel_join(&st->channel, &l->s, &how, len > 0 ? id : NULL, (size_t)len);
    l->open = l->joined = status >= SSE_OK;
    return status;
}

int listener_send(listener *l)
{
    station *const st = l->at;
    char data[32];
    sse_event ev = {{NULL, 0}, {NULL, 0}, SSE_LIT("private"), {NULL, 0}, 0};
    int status;

    ev.data.ptr = data;
    ev.data.len = (size_t)snprintf(data, sizeof data, "%" PRIu64, st->private_count);
    status = sse_subscriber_send(&l->s, &ev);
    if (status == SSE_OK)
        st->private_count++;
    return status;
}

static void pull(listener *l)
{
    char copy[300];
    size_t len = 0;
    int status;

    while (l->open && l->budget > 0) {
        size_t cap = l->most < sizeof copy ? l->most : sizeof copy;

        if (cap > l->budget)
            cap = l->budget;
        status = sse_subscriber_read(&l->s, copy, cap, &len);
        if (status == SSE_AGAIN) {
            l->woken = 0;
            return;
        }
        if (status != SSE_OK) {
            assert_false(l->open);
            assert_int_equal(l->reason, status);
            return;
        }
        write_down(l, copy, len);
        l->budget -= len;
    }
}

void listener_take(listener *l, size_t most, size_t budget)
{
    l->most = most;
    l->budget = budget;
    if (!l->open)
        return;
    if (l->pulls)
        pull(l);
    else
        sse_subscriber_flush(&l->s);
}

/* Whether a listener gets an event, if the log had this end when it was looked at last. */
static int must_get(const listener *l, uint64_t number, uint64_t end)
{
    const station *const st = l->at;
    uint64_t newer;

    if (l->tag >= 0 && (int64_t)st->events[number].tag != l->tag)
        return 0;
    if (!(l->flags & SSE_COALESCE) || st->events[number].key == 0)
        return 1;
    for (newer = number + 1; newer < end; newer++)
        if (st->events[newer].key == st->events[number].key &&
            st->events[newer].tag == st->events[number].tag)
            return 0;
    return 1;
}

/* Demand that nothing from `next` up to `to` was withheld. */
static void check_skipped(const listener *l, uint64_t next, uint64_t to)
{
    for (; next < to; next++)
        assert_false(must_get(l, next, sse_replay_end(l->at->log)));
}

/* A gap event: returns where the stream goes on, 0 where it does not say. */
static uint64_t check_gap(const listener *l, const parsed_event *ev, uint64_t next)
{
    static const char unknown[] = "{\"first\":null,\"last\":null,\"count\":null}";
    uint64_t first, last, count;
    char text[200];

    assert_true(ev->data.len < sizeof text);
    memcpy(text, ev->data.ptr, ev->data.len);
    text[ev->data.len] = '\0';
    if (strcmp(text, unknown) == 0) {
        assert_true(l->tag >= 0 || next == 0);
        return 0;
    }
    assert_int_equal(l->tag, -1);
    assert_int_equal(sscanf(text,
                            "{\"first\":\"e-%" SCNu64 "\",\"last\":\"e-%" SCNu64
                            "\",\"count\":%" SCNu64 "}",
                            &first, &last, &count),
                     3);
    assert_int_equal(last - first + 1, count);
    if (next > 0)
        check_skipped(l, next, first); /* coalesced, perhaps */
    assert_true(first >= next && count > 0);
    return last + 1;
}

static uint64_t number_of(const char *prefix, sse_str text)
{
    char copy[DATA_MAX + 32], *end;
    const size_t skip = strlen(prefix);
    uint64_t number;

    assert_true(text.len < sizeof copy && text.len >= skip);
    memcpy(copy, text.ptr, text.len);
    copy[text.len] = '\0';
    assert_memory_equal(copy, prefix, skip);
    number = strtoull(copy + skip, &end, 10);
    assert_true(end > copy + skip);
    return number;
}

static uint64_t check_shared(const listener *l, const parsed_event *ev, uint64_t next)
{
    const uint64_t number = number_of("e-", ev->id);
    char memory[DATA_MAX];

    assert_true(number >= next && number > 0 && number < sse_replay_end(l->at->log));
    assert_same_text(ev->data, data_of(l->at, number, memory));
    if (next > 0)
        check_skipped(l, next, number);
    assert_true(l->tag < 0 || (int64_t)l->at->events[number].tag == l->tag);
    return number + 1;
}

static sse_str payload(const listener *l, char **memory)
{
    sse_str bytes = {l->bytes ? l->bytes : "", l->len};

    *memory = NULL;
    if (l->at->chunked && l->len > 0) {
        *memory = malloc(l->len);
        assert_non_null(*memory);
        assert_int_not_equal(unchunk(l->bytes, l->len, *memory, &bytes.len), CHUNKS_BROKEN);
        bytes.ptr = *memory;
    }
    return bytes;
}

void listener_check(const listener *l, int all)
{
    char *memory;
    const sse_str bytes = payload(l, &memory);
    parsed *const got = parse(bytes.ptr, bytes.len);
    uint64_t next = l->next, private = 0, i;

    for (i = 0; i < got->event_count; i++) {
        const parsed_event *const ev = &got->events[i];

        if (same_text(ev->type, SSE_LIT("gap"))) {
            next = check_gap(l, ev, next);
        } else if (same_text(ev->type, SSE_LIT("private"))) {
            const uint64_t number = number_of("", ev->data);

            assert_true(number >= private);
            private = number + 1;
        } else {
            next = check_shared(l, ev, next);
        }
    }
    if (all && next > 0)
        check_skipped(l, next, l->end > 0 ? l->end : sse_replay_end(l->at->log));
    parsed_free(got);
    free(memory);
}

void listener_free(listener *l)
{
    if (l->open)
        sse_subscriber_leave(&l->s);
    free(l->writer);
    free(l->bytes);
    memset(l, 0, sizeof *l);
}
