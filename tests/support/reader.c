#include "reader.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static int sees(void *user, uint64_t tag)
{
    return tag == *(const uint64_t *)user;
}

void reader_begin(reader *r, const history *h, reader_stream *stream, uint64_t next, uint32_t flags,
                  const uint64_t *tag)
{
    assert_true(h->events <= READER_EVENTS);
    memset(r, 0, sizeof *r);
    assert_int_equal(sse_cursor_init(&r->c, next, flags, tag ? sees : NULL, (void *)(uintptr_t)tag),
                     SSE_OK);
    assert_int_equal(sse_cursor_next(&r->c), next);
    r->h = h;
    r->flags = flags;
    r->tag = tag;
    r->next = next;
    r->stream = stream;
}

static int hidden(const reader *r, uint64_t n)
{
    return r->tag && r->h->list[n - 1].tag != *r->tag;
}

/* Whether n has been followed by a newer one before a log had this end. */
static int stale(const reader *r, uint64_t n, uint64_t end)
{
    return r->flags & SSE_COALESCE && history_superseded(r->h, n, end);
}

/* Whether n must be shown: it may be seen, and is the newest, or begun. */
static int must_show(const reader *r, uint64_t n)
{
    return (n == r->next && r->at > 0) || (!hidden(r, n) && !stale(r, n, r->h->end));
}

/* Whether n can be shown: as above, or it was offered before it became stale. */
static int may_show(const reader *r, uint64_t n)
{
    const size_t i = n % READER_EVENTS;

    return must_show(r, n) ||
           (!hidden(r, n) && r->offers[i].number == n && !stale(r, n, r->offers[i].end));
}

/* An offer is made, which may be of all that there is to show. */
static void note_offers(reader *r)
{
    uint64_t n;

    for (n = r->next; n < r->h->end; n++)
        if (r->offers[n % READER_EVENTS].number != n && must_show(r, n)) {
            r->offers[n % READER_EVENTS].number = n;
            r->offers[n % READER_EVENTS].end = r->h->end;
        }
}

/* The cursor may step over what it need not show, and over nothing else. */
static void follow(reader *r)
{
    const uint64_t next = sse_cursor_next(&r->c);

    assert_true(next >= r->next && (next == r->next || next <= r->h->end));
    if (r->at > 0)
        assert_int_equal(next, r->next);
    for (; r->next < next; r->next++)
        assert_false(must_show(r, r->next));
}

/* Whether these bytes are of event n, which can be shown and need not be. The start of one event is
 * like that of another: of a part that is taken, the place of the cursor tells. */
static int is_shown(const reader *r, uint64_t n, const char *bytes, size_t part, int take)
{
    const past *p = &r->h->list[n - 1];

    if (take && part < p->stored)
        return sse_cursor_next(&r->c) == n;
    return memcmp(bytes, p->bytes, part) == 0;
}

/* Go along bytes from the place of the reader on, and demand that they are what it is to be shown.
 * The first event in them is *first; where take, they are taken. */
static void walk(reader *r, const char *bytes, size_t len, uint64_t *first, int take)
{
    size_t at = r->at;
    uint64_t n;

    *first = 0;
    for (n = r->next; len > 0; n++, at = 0) {
        const past *p = &r->h->list[n - 1];
        size_t part = p->stored - at;

        assert_true(n < r->h->end);
        if (part > len)
            part = len;
        if (!may_show(r, n))
            continue;
        if (!must_show(r, n) && !is_shown(r, n, bytes, part, take))
            continue;
        assert_memory_equal(bytes, p->bytes + at, part);
        if (*first == 0)
            *first = n;
        bytes += part;
        len -= part;
        if (take) {
            const int whole = at + part == p->stored;

            assert_true(r->len + part <= READER_STREAM && r->count < HISTORY_MAX);
            memcpy(r->stream->bytes + r->len, bytes - part, part);
            r->len += part;
            if (whole)
                r->stream->numbers[r->count++] = n;
            r->next = whole ? n + 1 : n;
            r->at = whole ? 0 : at + part;
        }
    }
}

/* What a call must return that has nothing to show, or SSE_OK. */
static int expected(const reader *r)
{
    const uint64_t next = r->run_count > 0 ? r->offered_first : r->next;
    uint64_t n;

    if (next < r->h->first)
        return r->run_count > 0 || r->at > 0 ? SSE_E_TORN : SSE_GAP;
    if (r->run_count > 0)
        return SSE_OK;
    for (n = next; n < r->h->end; n++)
        if (must_show(r, n))
            return SSE_OK;
    return SSE_AGAIN;
}

/* Demand the status. An event that need not be shown may be, which the bytes then tell. */
static void assert_status(const reader *r, int status)
{
    const int want = expected(r);
    uint64_t n;
    int possible = 0;

    for (n = r->next; want == SSE_AGAIN && n < r->h->end; n++)
        possible |= may_show(r, n);
    if (status != SSE_OK || !possible)
        assert_int_equal(status, want);
}

int reader_peek(reader *r, size_t cap)
{
    const size_t old = r->run_count;
    sse_str runs[READER_RUNS];
    size_t count = 99, i;
    int status;

    assert_true(cap <= READER_RUNS);
    status = sse_cursor_peek(&r->c, r->h->log, runs, cap, &count);
    assert_status(r, status);
    if (status != SSE_OK) {
        assert_int_equal(count, 0);
        follow(r);
        return status;
    }
    assert_true(count > 0 && count <= cap);
    for (i = 0; i < count && i < old; i++) {
        assert_ptr_equal(runs[i].ptr, r->runs[i].ptr);
        assert_int_equal(runs[i].len, r->runs[i].len);
    }
    if (cap <= r->cap)
        assert_int_equal(count, old < cap ? old : cap);
    if (count <= old)
        return status;
    memcpy(r->runs, runs, count * sizeof runs[0]);
    r->run_count = count;
    r->cap = cap;
    for (r->offer = 0, i = 0; i < count; i++) {
        assert_true(runs[i].len > 0 && r->offer + runs[i].len <= sizeof r->copy);
        memcpy(r->copy + r->offer, runs[i].ptr, runs[i].len);
        r->offer += runs[i].len;
    }
    if (old == 0) {
        follow(r);
        note_offers(r);
    }
    walk(r, r->copy, r->offer, &r->offered_first, 0);
    return status;
}

static void withdraw(reader *r)
{
    r->run_count = r->cap = r->offer = 0;
}

int reader_consume(reader *r, size_t n)
{
    const int torn = r->run_count > 0 && expected(r) == SSE_E_TORN;
    const size_t offer = r->offer;
    int status;
    uint64_t first;

    if (n <= offer) {
        status = sse_cursor_consume(&r->c, r->h->log, n);
        assert_int_equal(status, torn && n > 0 ? SSE_E_TORN : SSE_OK);
    } else {
        /* What a small cap did not show can be offered, too: only more than there is, is too much.
         */
        status = sse_cursor_consume(&r->c, r->h->log, offer > 0 ? SIZE_MAX : n);
        assert_true(status == SSE_E_ARG || (torn && status == SSE_E_TORN));
    }
    if (status == SSE_OK) {
        walk(r, r->copy, n, &first, 1);
        withdraw(r);
        follow(r);
    }
    return status;
}

int reader_read(reader *r, size_t cap)
{
    guard place = guard_before_end(cap);
    size_t len = 99;
    uint64_t first;
    int status = sse_cursor_read(&r->c, r->h->log, place.ptr, cap, &len);

    assert_status(r, status);
    if (status == SSE_OK) {
        assert_true(len > 0 && len <= cap);
        if (r->run_count > 0) {
            const size_t known = len < r->offer ? len : r->offer;

            assert_memory_equal(place.ptr, r->copy, known);
        }
        note_offers(r);
        walk(r, place.ptr, len, &first, 1);
        withdraw(r);
    } else
        assert_int_equal(len, 0);
    follow(r);
    guard_free(&place);
    return status;
}

int reader_skip(reader *r)
{
    const int want = expected(r);
    uint64_t first = 99, count = 99;
    int status = sse_cursor_skip(&r->c, r->h->log, &first, &count);

    assert_int_equal(status, want == SSE_E_TORN ? SSE_E_TORN : SSE_OK);
    if (status == SSE_OK && want == SSE_GAP) {
        assert_int_equal(first, r->next);
        assert_int_equal(count, r->h->first - r->next);
        assert_int_equal(sse_cursor_next(&r->c), r->h->first);
        r->next = r->h->first;
    } else if (status == SSE_OK) {
        assert_int_equal(count, 0);
        follow(r);
    } else {
        assert_int_not_equal(first, 99);
        assert_int_not_equal(count, 99);
    }
    return status;
}

void reader_is_frozen(reader *r)
{
    size_t i, at = 0;

    if (r->run_count == 0 || reader_peek(r, r->cap) != SSE_OK)
        return;
    for (i = 0; i < r->run_count; i++) {
        assert_memory_equal(r->runs[i].ptr, r->copy + at, r->runs[i].len);
        at += r->runs[i].len;
    }
    assert_int_equal(reader_peek(r, 1), SSE_OK);
}

void reader_end(const reader *r)
{
    size_t whole = r->len - r->at;

    history_says(r->h, r->stream->numbers, r->count, r->stream->bytes, whole);
}
