/* SPDX-License-Identifier: MIT */
/* history.c - a history under any calls in any order, beside a list of all events. After each call
 * it has the events from first up to end, to the byte, and what subscribers go by is right. */
#include "twin.h"

#include <string.h>

enum { INPUT_MAX = TWIN_EVENTS_MAX };

static void do_append(input *in)
{
    const uint64_t tag = take_byte(in), key = tag >> 1 & 3;
    const uint64_t now_ms = take_byte(in);
    const sse_event ev = twin_take(in, 'e', twin.end);
    past p;
    const int want = twin_expects(&ev, tag & 1, key, now_ms, &p);

    demand(sse_history_append(twin.real, &ev, tag & 1, key, now_ms) == want);
    if (want == SSE_OK)
        twin_add(&p);
}

static void do_expire(input *in)
{
    const uint64_t before_ms = take_byte(in);

    twin_expire(before_ms);
    demand(sse_history_expire(twin.real, before_ms) == SSE_OK);
}

static void do_find(input *in)
{
    const unsigned which = take_byte(in);
    const uint64_t n = which % (twin.end + 1);
    sse_str id = {NULL, 0};
    uint64_t next, want;

    if (which >= 200)
        id = take_text(in);
    else if (which >= 150 && twin.epoch)
        id = twin_old_id(n);
    else if (n > 0 && n < twin.end)
        id = twin_event(n)->id;
    else if (twin.epoch)
        id = twin_id(n);
    want = twin_after(id);
    demand(sse_history_find(twin.real, id.ptr, id.len, &next) == (want ? SSE_OK : SSE_GAP));
    demand(next == (want ? want : twin.first));
}

static void do_id(input *in)
{
    const uint64_t n = take_byte(in) % (twin.end + 2);
    const size_t cap = take_below(in, 2) ? take_below(in, SSE_HISTORY_ID_MAX) : SSE_HISTORY_ID_MAX;
    char *const id = provide(cap);
    size_t len;
    const int status = sse_history_id(twin.real, n, id, cap, &len);

    if (twin.epoch == 0)
        demand(status == SSE_E_STATE && len == 0);
    else if (n >= twin.end || n + 1 < twin.born)
        demand(status == SSE_E_RANGE && len == 0);
    else if (twin_id(n).len > cap)
        demand(status == SSE_E_SPACE && len == twin_id(n).len);
    else
        demand(status == SSE_OK && is_same(twin_id(n), (sse_str){id, len}));
}

/* Any number, near the events or far from them. */
static void do_get(input *in)
{
    const uint64_t n = take_below(in, 2) ? take_word(in) : take_byte(in);
    const int held = n >= twin.first && n < twin.end;
    const void *bytes = "";
    size_t len = 99;
    const int status = sse_history_get(twin.real, n, &bytes, &len);

    demand(status == (held ? SSE_OK : n == 0 || n >= twin.end ? SSE_E_RANGE : SSE_GAP));
    demand(held ? is_same(twin_event(n)->bytes, (sse_str){bytes, len}) : bytes == NULL && len == 0);
}

/* Another process finds it, maybe at another address. */
static void do_reopen(input *in)
{
    if (twin.epoch)
        twin.epoch = take_word(in) | 1;
    twin.real = (sse_history *)(uintptr_t)copy_of(twin.real, twin.size).ptr;
    twin_open();
}

/* What is true after each call. */
static void check(void)
{
    size_t sum = 0;
    uint64_t n;

    demand(sse_history_first(twin.real) == twin.first);
    demand(sse_history_next(twin.real) == twin.end);
    demand(twin.end - twin.first <= twin.events);
    for (n = twin.first; n < twin.end; n++) {
        const sse_slot *const slot = sse_history_slot(twin.real, n);
        const past *const p = twin_event(n);
        const void *bytes;
        size_t len;

        demand(sse_history_get(twin.real, n, &bytes, &len) == SSE_OK);
        demand(is_same(p->bytes, (sse_str){bytes, len}));
        demand(slot->number == n && slot->tag == p->tag && slot->key == p->key);
        demand(slot->newer == (p->newer < twin.end ? p->newer : 0));
        sum += len;
    }
    demand(sum <= twin.room);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const calls[])(input *) = {do_append, do_append, do_append, do_expire,
                                             do_find,   do_id,     do_get,    do_reopen};
    input in = {data, size < INPUT_MAX ? size : INPUT_MAX};

    twin_begin(&in);
    while (in.left > 0) {
        calls[take_below(&in, sizeof calls / sizeof calls[0])](&in);
        check();
    }
    release_all();
    return 0;
}
