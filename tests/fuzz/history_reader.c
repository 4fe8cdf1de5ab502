#include "history_reader.h"

#include <string.h>

static int sees(void *user, uint64_t tag)
{
    const reader *const r = user;

    return tag == r->tag;
}

/* Whether a reader is not shown an event, as the log is now. */
static int is_hidden(const reader *r, uint64_t n)
{
    if (r->filtered && twin_event(n)->tag != r->tag)
        return 1;
    return r->flags & SSE_COALESCE && twin_is_superseded(n, twin.end);
}

/* Demand that events which were left out need not be shown. */
static void all_are_hidden(const reader *r, uint64_t from, uint64_t to)
{
    for (; from < to; from++)
        demand(is_hidden(r, from));
}

/* What is left of an event that a reader has a part of. */
static sse_str rest_of(uint64_t n, size_t begun)
{
    const sse_str bytes = twin_event(n)->bytes;

    return (sse_str){bytes.ptr + begun, bytes.len - begun};
}

/* Note which events are offered: all that are not hidden, as far as there are runs for them. */
static void note_offer(reader *r, const sse_str *runs, size_t count, size_t cap)
{
    uint64_t n = r->next;
    size_t skip = r->begun, at = 0, i = 0;

    r->count = r->offer = 0;
    for (; i < count; n++) {
        const sse_str rest = rest_of(n, skip);

        if (skip == 0 && is_hidden(r, n))
            continue;
        demand(runs[i].len - at >= rest.len);
        demand(is_same(rest, (sse_str){runs[i].ptr + at, rest.len}));
        demand(r->count < TWIN_KEPT_MAX);
        r->numbers[r->count++] = n;
        r->offer += rest.len;
        at += rest.len;
        skip = 0;
        if (at == runs[i].len) {
            at = 0;
            i++;
        }
    }
    if (count < cap)
        all_are_hidden(r, n, twin.end);
}

/* Demand that the same is offered again, as far as it is shown. */
static void is_frozen(const reader *r, const sse_str *runs, size_t count)
{
    size_t skip = r->begun, at = 0, i = 0, k;

    for (k = 0; k < r->count && i < count; k++) {
        const sse_str rest = rest_of(r->numbers[k], skip);

        demand(runs[i].len - at >= rest.len);
        demand(is_same(rest, (sse_str){runs[i].ptr + at, rest.len}));
        at += rest.len;
        skip = 0;
        if (at == runs[i].len) {
            at = 0;
            i++;
        }
    }
    demand(i == count && at == 0);
}

/* The offer is gone, and n bytes of it were taken. */
static void take(reader *r, size_t n)
{
    size_t i;

    for (i = 0; n > 0; i++) {
        const size_t left = rest_of(r->numbers[i], r->begun).len;

        r->next = r->numbers[i];
        if (n < left) {
            r->begun += n;
            break;
        }
        n -= left;
        r->begun = 0;
        r->next++;
    }
    r->offer = r->count = 0;
}

/* What stands in the way of a reader: the status of a peek, or SSE_OK. */
static int lost(const reader *r)
{
    if (sse_cursor_next(&r->c) >= twin.first)
        return SSE_OK;
    return r->begun > 0 || r->offer > 0 ? SSE_E_TORN : SSE_GAP;
}

/* The cursor may have stepped over what need not be shown. */
static void follow(reader *r)
{
    const uint64_t next = sse_cursor_next(&r->c);

    demand(next >= r->next && next <= twin.end);
    demand(r->begun == 0 || next == r->next);
    all_are_hidden(r, r->next, next);
    r->next = next;
}

void reader_begin(reader *r, uint64_t next, unsigned kind)
{
    memset(r, 0, sizeof *r);
    r->flags = kind & 1 ? SSE_COALESCE : 0;
    r->filtered = (kind & 2) != 0;
    r->tag = kind >> 2 & 1;
    r->next = next;
    demand(sse_cursor_init(&r->c, next, r->flags, r->filtered ? sees : NULL, r) == SSE_OK);
}

static int peek(reader *r, size_t cap)
{
    const int want = lost(r);
    sse_str runs[READER_RUNS];
    size_t count = cap + 1;
    const int status = sse_cursor_peek(&r->c, twin.log, runs, cap, &count);

    demand(want == SSE_OK ? status == SSE_OK || status == SSE_AGAIN : status == want);
    demand(status == SSE_OK ? count > 0 && count <= cap : count == 0);
    if (status == SSE_OK && r->offer > 0) {
        is_frozen(r, runs, count);
    } else if (status == SSE_OK) {
        note_offer(r, runs, count, cap);
        if (r->begun == 0)
            follow(r);
    } else if (status == SSE_AGAIN) {
        demand(r->offer == 0 && r->begun == 0);
        all_are_hidden(r, r->next, twin.end);
        follow(r);
    }
    return status;
}

void reader_peek(reader *r, size_t cap)
{
    peek(r, cap);
}

void reader_consume(reader *r, size_t n)
{
    const int was = lost(r);
    const int status = sse_cursor_consume(&r->c, twin.log, n);

    if (n > r->offer) {
        demand(status == SSE_E_ARG);
    } else if (n > 0 && was != SSE_OK) {
        demand(status == SSE_E_TORN);
    } else {
        demand(status == SSE_OK);
        take(r, n);
        if (was == SSE_OK)
            follow(r);
    }
}

void reader_read(reader *r, size_t cap, size_t peek_cap)
{
    const int want = peek(r, peek_cap);
    char *const dst = provide(cap);
    size_t len = cap + 1;

    demand(sse_cursor_read(&r->c, twin.log, dst, cap, &len) == want);
    if (want != SSE_OK) {
        demand(len == 0);
        return;
    }
    demand(len > 0 && len <= cap && len <= r->offer);
    if (len <= rest_of(r->numbers[0], r->begun).len)
        demand(memcmp(dst, rest_of(r->numbers[0], r->begun).ptr, len) == 0);
    take(r, len);
    follow(r);
}

int reader_skip(reader *r)
{
    const int want = lost(r);
    const uint64_t next = sse_cursor_next(&r->c);
    uint64_t first, count;
    const int status = sse_cursor_skip(&r->c, twin.log, &first, &count);

    demand(status == (want == SSE_E_TORN ? SSE_E_TORN : SSE_OK));
    if (want == SSE_GAP) {
        demand(first == next && count == twin.first - next);
        demand(sse_cursor_next(&r->c) == twin.first);
        r->next = twin.first;
    } else if (want == SSE_OK) {
        demand(count == 0 && sse_cursor_next(&r->c) == next);
    }
    return want != SSE_E_TORN;
}
