/* history.c - a log and its readers under any calls in any order, beside a list of all events.
 *
 * Behind each call the log has the events from first up to end, to the byte; what its readers are
 * shown is in history_reader.h. */
#include "history_reader.h"

#include <string.h>

enum { INPUT_MAX = TWIN_EVENTS_MAX, READERS = 3 };

static reader readers[READERS];

static void begin_all(void)
{
    size_t i;

    for (i = 0; i < READERS; i++)
        reader_begin(&readers[i], twin.first, (unsigned)i);
}

static reader *take_reader(input *in)
{
    return &readers[take_below(in, READERS)];
}

static void do_begin(input *in)
{
    reader *const r = take_reader(in);
    const uint64_t next = 1 + take_byte(in) % twin.end;

    reader_begin(r, next, take_byte(in));
}

static void do_peek(input *in)
{
    reader *const r = take_reader(in);

    reader_peek(r, 1 + take_below(in, READER_RUNS));
}

static void do_consume(input *in)
{
    reader *const r = take_reader(in);

    reader_consume(r, take_below(in, 1024));
}

static void do_read(input *in)
{
    reader *const r = take_reader(in);
    const size_t cap = 1 + take_below(in, 300);

    reader_read(r, cap, 1 + take_below(in, 2));
}

static void do_skip(input *in)
{
    reader *const r = take_reader(in);

    if (!reader_skip(r)) /* its stream is over */
        reader_begin(r, twin.first, take_byte(in));
}

static void do_append(input *in)
{
    const uint64_t tag = take_byte(in), key = tag >> 1 & 3;
    const uint64_t now_ms = take_byte(in);
    const sse_event ev = twin_take(in, 'e', twin.end);
    past p;
    const int want = twin_expects(&ev, tag & 1, key, now_ms, &p);

    demand(sse_history_append(twin.log, &ev, tag & 1, key, now_ms) == want);
    if (want == SSE_OK)
        twin_add(&p);
}

static void do_expire(input *in)
{
    const uint64_t before_ms = take_byte(in);

    twin_expire(before_ms);
    demand(sse_history_expire(twin.log, before_ms) == SSE_OK);
}

static void do_find(input *in)
{
    const unsigned which = take_byte(in);
    const uint64_t n = which % (twin.end + 1);
    sse_str id = {NULL, 0};
    uint64_t next, want;

    if (which >= 200)
        id = take_text(in);
    else if (n > 0 && n < twin.end)
        id = twin_event(n)->id;
    else if (twin.epoch)
        id = twin_id(n);
    want = twin_behind(id);
    demand(sse_history_find(twin.log, id.ptr, id.len, &next) == (want ? SSE_OK : SSE_GAP));
    demand(next == (want ? want : twin.first));
}

static void do_id(input *in)
{
    const uint64_t n = take_byte(in) % (twin.end + 2);
    char id[SSE_HISTORY_ID_MAX];
    size_t len;
    const int status = sse_history_id(twin.log, n, id, &len);

    if (twin.epoch == 0)
        demand(status == SSE_E_STATE && len == 0);
    else if (n >= twin.end || n + 1 < twin.born)
        demand(status == SSE_E_RANGE && len == 0);
    else
        demand(status == SSE_OK && is_same(twin_id(n), (sse_str){id, len}));
}

/* Another process finds the log, maybe at another address. */
static void do_reopen(input *in)
{
    if (twin.epoch)
        twin.epoch = take_word(in) | 1;
    twin.log = (sse_history *)(uintptr_t)copy_of(twin.log, twin.size).ptr;
    demand(sse_history_open(twin.log, twin.size, twin.events, twin.epoch, twin.flags) == twin.log);
    if (twin.first == twin.end)
        twin.first = twin.end = 1;
    twin.born = twin.end;
    begin_all();
}

/* What is true behind each call. */
static void check(void)
{
    sse_cursor c;
    sse_str runs[2];
    size_t count = 0, i, at = 0, sum = 0;
    uint64_t n = twin.first;

    demand(sse_history_first(twin.log) == twin.first);
    demand(sse_history_end(twin.log) == twin.end);
    demand(twin.end - twin.first <= twin.events);
    demand(sse_cursor_init(&c, twin.first, 0, NULL, NULL) == SSE_OK);
    demand(sse_cursor_peek(&c, twin.log, runs, 2, &count) ==
           (twin.first < twin.end ? SSE_OK : SSE_AGAIN));
    for (i = 0; i < count; at = 0, i++)
        for (; at < runs[i].len; n++) {
            const sse_str bytes = twin_event(n)->bytes;

            demand(runs[i].len - at >= bytes.len);
            demand(is_same(bytes, (sse_str){runs[i].ptr + at, bytes.len}));
            at += bytes.len;
            sum += bytes.len;
        }
    demand(n == twin.end && sum <= twin.room);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const calls[])(input *) = {do_append, do_append, do_append,  do_expire, do_find,
                                             do_id,     do_reopen, do_begin,   do_peek,   do_peek,
                                             do_read,   do_skip,   do_consume, do_consume};
    input in = {data, size < INPUT_MAX ? size : INPUT_MAX};

    twin_begin(&in);
    begin_all();
    while (in.left > 0) {
        calls[take_below(&in, sizeof calls / sizeof calls[0])](&in);
        check();
    }
    release_all();
    return 0;
}
