/* replay.c - a log and its readers under any calls in any order, beside a list of all events.
 *
 *     list      1  2  3  4  5  6  7          event n is list[n - 1]
 *     the log            ^first    ^end
 *
 * Behind each call the log has the events from first up to end, to the byte. What a reader is
 * offered is events of the list, in order, each that it may see; what is left out was hidden from
 * it, or has a newer one with its key, or was dropped and the reader was told of a gap. */
#include "fuzz.h"

#include "sse/cursor.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { INPUT_MAX = 2048, EVENTS_MAX = INPUT_MAX, READERS = 3, KEPT_MAX = 16, RUNS = KEPT_MAX };

typedef struct past {
    sse_str bytes; /* as they are stored; with its number in them, so no two are the same */
    sse_str id;    /* absent: it has none */
    uint64_t tag, key, time_ms;
} past;

typedef struct reader {
    sse_cursor c;
    uint64_t tag; /* the one that it may see, where filtered */
    int filtered;
    uint32_t flags;
    uint64_t next; /* all ahead of it were taken, or need not be */
    size_t begun;  /* bytes of it that were taken */
    size_t offer;  /* bytes that are offered; 0: none */
    uint64_t numbers[KEPT_MAX];
    size_t count; /* of the events that are offered */
} reader;

static struct state {
    sse_replay *log;
    size_t size, room;
    uint32_t events, flags;
    uint64_t epoch, born, first, end;
} state;

static past list[EVENTS_MAX];
static reader readers[READERS];

static const past *event(uint64_t n)
{
    demand(n > 0 && n < state.end);
    return &list[n - 1];
}

static int sees(void *user, uint64_t tag)
{
    const reader *const r = user;

    return tag == r->tag;
}

/* Whether a reader need not be shown an event, as the log is now. */
static int may_miss(const reader *r, uint64_t n)
{
    const past *const p = event(n);
    uint64_t newer;

    if (r->filtered && p->tag != r->tag)
        return 1;
    if (!(r->flags & SSE_COALESCE) || p->key == 0)
        return 0;
    for (newer = n + 1; newer < state.end; newer++)
        if (event(newer)->tag == p->tag && event(newer)->key == p->key)
            return 1;
    return 0;
}

/* Demand that events which were left out need not be shown. */
static void may_miss_all(const reader *r, uint64_t from, uint64_t to)
{
    for (; from < to; from++)
        demand(may_miss(r, from));
}

/* Note which events are offered. */
static void note_offer(reader *r, const sse_str *runs, size_t count, size_t cap)
{
    uint64_t n = r->next;
    size_t skip = r->begun, at = 0, i = 0;

    r->count = r->offer = 0;
    while (i < count) {
        const past *const p = event(n++);
        const sse_str rest = {p->bytes.ptr + skip, p->bytes.len - skip};
        const sse_str next = {runs[i].ptr + at, rest.len};

        if ((r->filtered && p->tag != r->tag) || runs[i].len - at < rest.len ||
            !is_same(rest, next)) {
            demand(skip == 0 && may_miss(r, n - 1));
            continue;
        }
        demand(r->count < KEPT_MAX);
        r->numbers[r->count++] = n - 1;
        r->offer += rest.len;
        at += rest.len;
        skip = 0;
        if (at == runs[i].len) {
            at = 0;
            i++;
        }
    }
    if (count < cap)
        may_miss_all(r, n, state.end);
}

/* Demand that the same is offered again, as far as it is shown. */
static void is_frozen(const reader *r, const sse_str *runs, size_t count)
{
    size_t skip = r->begun, at = 0, i = 0, k;

    for (k = 0; k < r->count && i < count; k++) {
        const past *const p = event(r->numbers[k]);
        const sse_str rest = {p->bytes.ptr + skip, p->bytes.len - skip};

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
        const size_t left = event(r->numbers[i])->bytes.len - r->begun;

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
    if (sse_cursor_next(&r->c) >= state.first)
        return SSE_OK;
    return r->begun > 0 || r->offer > 0 ? SSE_E_TORN : SSE_GAP;
}

/* The cursor may have stepped over what need not be shown. */
static void follow(reader *r)
{
    const uint64_t next = sse_cursor_next(&r->c);

    demand(next >= r->next && next <= state.end);
    demand(r->begun == 0 || next == r->next);
    may_miss_all(r, r->next, next);
    r->next = next;
}

static int peek(reader *r, size_t cap)
{
    const int want = lost(r);
    sse_str runs[RUNS];
    size_t count = cap + 1;
    const int status = sse_cursor_peek(&r->c, state.log, runs, cap, &count);

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
        may_miss_all(r, r->next, state.end);
        follow(r);
    }
    return status;
}

static void begin(reader *r, uint64_t next, unsigned how)
{
    memset(r, 0, sizeof *r);
    r->flags = how & 1 ? SSE_COALESCE : 0;
    r->filtered = (how & 2) != 0;
    r->tag = how >> 2 & 1;
    r->next = next;
    demand(sse_cursor_init(&r->c, next, r->flags, r->filtered ? sees : NULL, r) == SSE_OK);
}

static void begin_all(void)
{
    size_t i;

    for (i = 0; i < READERS; i++)
        begin(&readers[i], state.first, (unsigned)i);
}

static reader *take_reader(input *in)
{
    return &readers[take_below(in, READERS)];
}

static void do_begin(input *in)
{
    reader *const r = take_reader(in);
    const uint64_t next = 1 + take_byte(in) % state.end;

    begin(r, next, take_byte(in));
}

static void do_peek(input *in)
{
    reader *const r = take_reader(in);

    peek(r, 1 + take_below(in, RUNS));
}

static void do_consume(input *in)
{
    reader *const r = take_reader(in);
    const size_t n = take_below(in, 1024);
    const int was = lost(r);
    const int status = sse_cursor_consume(&r->c, state.log, n);

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

static void do_read(input *in)
{
    reader *const r = take_reader(in);
    const size_t cap = 1 + take_below(in, 300);
    const int want = peek(r, 1 + take_below(in, 2));
    char *const dst = provide(cap);
    size_t len = cap + 1;

    demand(sse_cursor_read(&r->c, state.log, dst, cap, &len) == want);
    if (want != SSE_OK) {
        demand(len == 0);
        return;
    }
    demand(len > 0 && len <= cap && len <= r->offer);
    if (len <= event(r->numbers[0])->bytes.len - r->begun)
        demand(memcmp(dst, event(r->numbers[0])->bytes.ptr + r->begun, len) == 0);
    take(r, len);
    follow(r);
}

static void do_skip(input *in)
{
    reader *const r = take_reader(in);
    const int want = lost(r);
    const uint64_t next = sse_cursor_next(&r->c);
    uint64_t first, count;
    const int status = sse_cursor_skip(&r->c, state.log, &first, &count);

    demand(status == (want == SSE_E_TORN ? SSE_E_TORN : SSE_OK));
    if (want == SSE_GAP) {
        demand(first == next && count == state.first - next);
        demand(sse_cursor_next(&r->c) == state.first);
        r->next = state.first;
    } else if (want == SSE_OK) {
        demand(count == 0 && sse_cursor_next(&r->c) == next);
    } else { /* its stream is over */
        begin(r, state.first, take_byte(in));
    }
}

static sse_str automatic_id(uint64_t n)
{
    char id[64];

    return copy_of(id, (size_t)snprintf(id, sizeof id, "%" PRIx64 "-%" PRIu64, state.epoch, n));
}

/* The event as the log is to store it. */
static sse_str stored(const sse_event *ev)
{
    const size_t frame = state.flags & SSE_CHUNKED ? 10 : 0;
    char head[16], *bytes;
    size_t len;

    demand(sse_event_encode(ev, NULL, 0, &len) == SSE_E_SPACE);
    bytes = provide(len + frame + 3);
    demand(sse_event_encode(ev, bytes + frame, len, &len) == SSE_OK);
    if (frame > 0) {
        snprintf(head, sizeof head, "%08x\r\n", (unsigned)len);
        memcpy(bytes, head, frame);
        memcpy(bytes + frame + len, "\r\n", 2);
        len += frame + 2;
    }
    return (sse_str){bytes, len};
}

/* The event that is the oldest when one of len bytes has come. */
static uint64_t first_after(size_t len)
{
    uint64_t n;

    for (n = state.first; n < state.end; n++)
        if (sse_replay_fits(state.log, len, n))
            return n;
    return state.end;
}

/* An event with its number in its data. */
static sse_event numbered(input *in)
{
    sse_event ev = take_event(in);
    const size_t len = ev.data.ptr ? ev.data.len : 0;
    char *const data = provide(len + 8);

    snprintf(data, 8, "%06" PRIu64, state.end);
    data[6] = ' ';
    if (len > 0)
        memcpy(data + 7, ev.data.ptr, len);
    ev.data.ptr = data;
    ev.data.len = len + 7;
    return ev;
}

static void do_append(input *in)
{
    const uint64_t tag = take_byte(in), key = tag >> 1 & 3;
    const uint64_t now_ms = take_byte(in);
    sse_event ev = numbered(in);
    const int status_of = verdict_on(&ev);
    past p = {{NULL, 0}, {NULL, 0}, tag & 1, key, now_ms};
    uint64_t first = state.first;
    int want = state.epoch && ev.id.ptr ? SSE_E_ARG : status_of, status;
    sse_event whole = ev;

    if (want == SSE_OK) {
        if (state.epoch)
            whole.id = automatic_id(state.end);
        p.id = whole.id;
        p.bytes = stored(&whole);
        if (p.bytes.len > state.room)
            want = SSE_E_TOOBIG;
        else
            first = first_after(p.bytes.len);
    }
    status = sse_replay_append(state.log, &ev, p.tag, p.key, p.time_ms);
    demand(status == want);
    if (status == SSE_OK) {
        demand(state.end <= EVENTS_MAX);
        list[state.end - 1] = p;
        state.first = first;
        state.end++;
    }
}

static void do_expire(input *in)
{
    const uint64_t before_ms = take_byte(in);

    while (state.first < state.end && event(state.first)->time_ms < before_ms)
        state.first++;
    demand(sse_replay_expire(state.log, before_ms) == SSE_OK);
}

/* Where a client with this id goes on; 0: that cannot be said. */
static uint64_t place_behind(sse_str id)
{
    uint64_t n;

    for (n = state.end; n-- > state.first;)
        if (event(n)->id.ptr && id.len > 0 && is_same(event(n)->id, id))
            return n + 1;
    for (n = state.born - 1; state.epoch && n < state.end; n++)
        if (is_same(automatic_id(n), id))
            return n + 1;
    return 0;
}

static void do_find(input *in)
{
    const unsigned which = take_byte(in);
    const uint64_t n = which % (state.end + 1);
    sse_str id = {NULL, 0};
    uint64_t next, want;

    if (which >= 200)
        id = take_text(in);
    else if (n > 0 && n < state.end)
        id = event(n)->id;
    else if (state.epoch)
        id = automatic_id(n);
    want = place_behind(id);
    demand(sse_replay_find(state.log, id.ptr, id.len, &next) == (want ? SSE_OK : SSE_GAP));
    demand(next == (want ? want : state.first));
}

static void do_id(input *in)
{
    const uint64_t n = take_byte(in) % (state.end + 2);
    char id[SSE_REPLAY_ID_MAX];
    size_t len;
    const int status = sse_replay_id(state.log, n, id, &len);

    if (state.epoch == 0)
        demand(status == SSE_E_STATE && len == 0);
    else if (n >= state.end || n + 1 < state.born)
        demand(status == SSE_E_RANGE && len == 0);
    else
        demand(status == SSE_OK && is_same(automatic_id(n), (sse_str){id, len}));
}

/* Another process finds the log, maybe at another address. */
static void do_reopen(input *in)
{
    if (state.epoch)
        state.epoch = take_word(in) | 1;
    state.log = (sse_replay *)(uintptr_t)copy_of(state.log, state.size).ptr;
    demand(sse_replay_open(state.log, state.size, state.events, state.epoch, state.flags) ==
           state.log);
    if (state.first == state.end)
        state.first = state.end = 1;
    state.born = state.end;
    begin_all();
}

/* What is true behind each call. */
static void check(void)
{
    sse_cursor c;
    sse_str runs[2];
    size_t count = 0, i, at = 0, sum = 0;
    uint64_t n = state.first;

    demand(sse_replay_first(state.log) == state.first);
    demand(sse_replay_end(state.log) == state.end);
    demand(state.end - state.first <= state.events);
    demand(sse_cursor_init(&c, state.first, 0, NULL, NULL) == SSE_OK);
    demand(sse_cursor_peek(&c, state.log, runs, 2, &count) ==
           (state.first < state.end ? SSE_OK : SSE_AGAIN));
    for (i = 0; i < count; at = 0, i++)
        for (; at < runs[i].len; n++) {
            const sse_str bytes = event(n)->bytes;

            demand(runs[i].len - at >= bytes.len);
            demand(is_same(bytes, (sse_str){runs[i].ptr + at, bytes.len}));
            at += bytes.len;
            sum += bytes.len;
        }
    demand(n == state.end && sum <= state.room);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const calls[])(input *) = {do_append, do_append, do_append,  do_expire, do_find,
                                             do_id,     do_reopen, do_begin,   do_peek,   do_peek,
                                             do_read,   do_skip,   do_consume, do_consume};
    input in = {data, size < INPUT_MAX ? size : INPUT_MAX};

    memset(&state, 0, sizeof state);
    state.flags = take_below(&in, 2) ? SSE_CHUNKED : 0;
    state.epoch = take_below(&in, 3) ? take_word(&in) : 0;
    state.events = 1 + take_below(&in, KEPT_MAX);
    state.room = SSE_REPLAY_ROOM_MIN + take_below(&in, 1024);
    state.size = SSE_REPLAY_OVERHEAD + state.events * SSE_REPLAY_SLOT + state.room;
    state.born = state.first = state.end = 1;
    state.log =
        sse_replay_init(provide(state.size), state.size, state.events, state.epoch, state.flags);
    demand(state.log != NULL);
    begin_all();
    while (in.left > 0) {
        calls[take_below(&in, sizeof calls / sizeof calls[0])](&in);
        check();
    }
    release_all();
    return 0;
}
