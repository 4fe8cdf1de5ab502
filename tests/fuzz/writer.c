/* SPDX-License-Identifier: MIT */
/* writer.c - a writer under any calls in any order, beside the plain twin of its queue.
 *
 * Behind each call the twin tells how many bytes are pending, and that an offer is frozen. */
#include "writer_queue.h"

#include <string.h>

enum { LAST_CHUNK = 5 };

static int blocked; /* the sink would block */

static void send(input *in, int flat)
{
    sse_event ev = take_event(in);
    int want = queue_refusal(0), status;

    if (flat) {
        ev.comment = (sse_str){NULL, 0};
        ev.retry_ms = 0;
        if (ev.data.ptr == NULL)
            ev.data.ptr = "";
        status = sse_writer_send_parts(queue.w, ev.type.ptr, ev.type.len, ev.id.ptr, ev.id.len,
                                       ev.data.ptr, ev.data.len);
    } else {
        status = sse_writer_send(queue.w, &ev);
    }
    if (want == SSE_OK)
        want = verdict_on(&ev);
    if (want == SSE_OK) {
        want = queue_verdict(queue_measure(&ev) + queue_frame());
        if (want == SSE_OK) {
            queue_say_event(&ev);
            queue_note_frame();
            queue.begun = 1;
        }
    }
    demand(status == want);
}

static void begin(input *in)
{
    static const sse_event none;
    const int bare = take_below(in, 4) == 0;
    sse_event ev = bare ? none : take_event(in);
    const int status = sse_writer_begin(queue.w, bare ? NULL : &ev);
    int want = queue_refusal(0);

    if (want == SSE_OK && ev.data.ptr)
        want = SSE_E_ARG;
    ev.data.ptr = "";
    if (want == SSE_OK)
        want = verdict_on(&ev);
    if (want == SSE_OK)
        want = queue_verdict(queue_measure(&ev) - 2 + queue_frame());
    demand(status == want);
    if (want != SSE_OK)
        return;
    queue_open();
    queue.head = ev;
    queue.data_len = queue.open_len = 0;
    queue_grow(NULL, 0);
    queue_note_frame();
}

static void append(input *in)
{
    const sse_str piece = take_text(in);
    const size_t before = queue_pending(), cap = queue_room();
    size_t taken = piece.len + 1;
    const int status = sse_writer_append(queue.w, piece.ptr, piece.len, &taken);
    const int want = queue_refusal(1);

    if (want != SSE_OK) {
        demand(status == want && taken == 0);
        return;
    }
    demand(taken <= piece.len && status == (taken < piece.len ? SSE_AGAIN : SSE_OK));
    if (queue_grow(piece.ptr, taken) > 0)
        queue_note_frame();
    demand(queue_pending() - before <= cap);
    /* What is left is left for want of room: a byte grows to seven at most. */
    demand(status == SSE_OK || queue_room() < 7 + queue_frame());
}

static void finish(input *in)
{
    const int status = sse_writer_finish(queue.w);
    int want = queue_refusal(1);

    (void)in;
    if (want == SSE_OK)
        want = queue_verdict(2 + queue_frame());
    demand(status == want);
    if (want == SSE_OK) {
        queue_say("\n\n", 2);
        queue_note_frame();
        queue.begun = 1;
        queue.open = 0;
    }
}

static void raw(input *in)
{
    const sse_str bytes = take_text(in);
    const int status = sse_writer_raw(queue.w, bytes.ptr, bytes.len);
    int want = queue_refusal(0);

    if (want == SSE_OK && bytes.len > 0)
        want = queue_verdict(bytes.len + (queue.begun ? queue_frame() : 0));
    demand(status == want);
    if (want != SSE_OK || bytes.len == 0)
        return;
    queue_say(bytes.ptr, bytes.len);
    if (queue.begun)
        queue_note_frame();
    else
        queue.raw += bytes.len;
}

/* Take the open event back. It was not shown, so that the twin forgets what it has said of it. */
static void cancel(input *in)
{
    const size_t before = queue_pending();
    int want = queue_refusal(1);

    (void)in;
    if (want == SSE_OK && queue_is_shown())
        want = SSE_E_STATE;
    demand(sse_writer_cancel(queue.w) == want);
    if (want == SSE_OK) {
        queue_forget();
        demand(queue_pending() < before);
    }
}

static void close(input *in)
{
    (void)in;
    demand(sse_writer_close(queue.w) == (queue.failed ? SSE_E_IO : SSE_OK));
    if (!queue.failed && !queue.closed) {
        queue.frames += queue.flags & SSE_WRITER_CHUNKED ? LAST_CHUNK : 0;
        queue.closed = 1;
    }
}

static void consume(input *in)
{
    const size_t n = take_below(in, 1024);
    const size_t most = queue.offer ? queue.offer_len : 0;
    const int status = sse_writer_consume(queue.w, n);

    if (queue.failed) {
        demand(status == SSE_E_IO);
    } else if (n > most) {
        demand(status == SSE_E_ARG);
    } else {
        demand(status == SSE_OK);
        queue_take(queue.offered, n);
    }
}

static void read(input *in)
{
    const size_t cap = take_below(in, 512);
    char *const dst = provide(cap);
    size_t len = cap + 1;
    const int status = sse_writer_read(queue.w, dst, cap, &len);

    demand(status == (!queue.failed && cap == 0 ? SSE_E_ARG : queue_view()));
    demand(status == SSE_OK ? len > 0 && len <= cap : len == 0);
    if (status == SSE_OK) {
        if (queue.offer)
            demand(len <= queue.offer_len && memcmp(dst, queue.offered, len) == 0);
        queue_take(dst, len);
    }
}

/* A sink that does what the input says: takes all or some, would block, said in either way, fails,
 * or calls back. */
static int sink(void *user, const void *bytes, size_t len, size_t *taken)
{
    enum { BLOCK, NONE, CALL_BACK, FAIL, CLAIM, LAST, SOME, ALL = 16 };
    input *const in = user;
    const unsigned how = in->left > 0 ? take_below(in, ALL) : ALL;
    const void *peeked;
    size_t n = len;

    queue_note_offer(bytes, len);
    blocked = how == BLOCK || how == NONE || how == CALL_BACK || how == LAST;
    queue.failed = how == FAIL || how == CLAIM;
    if (how == CALL_BACK) {
        demand(sse_writer_peek(queue.w, &peeked, &n) == SSE_E_STATE && peeked == NULL && n == 0);
        demand(sse_writer_consume(queue.w, 0) == SSE_E_STATE);
        send(in, 0);
    }
    if (how == BLOCK)
        return SSE_AGAIN;
    if (how == NONE || how == CALL_BACK)
        return SSE_OK;
    if (how == FAIL)
        return SSE_E_FATAL - (int)take_byte(in);
    *taken = how == CLAIM ? len + 1 : how == SOME ? 1 + take_byte(in) % len : len;
    if (how != CLAIM)
        queue_take(bytes, *taken);
    return how == LAST ? SSE_AGAIN : SSE_OK;
}

static void flush(input *in)
{
    int status;

    blocked = 0;
    status = sse_writer_flush(queue.w, sink, in);
    if (queue.failed)
        demand(status == SSE_E_IO);
    else if (blocked)
        demand(status == SSE_AGAIN);
    else
        demand(queue_pending() == 0 && status == (queue.closed ? SSE_END : SSE_OK));
}

/* Go on at another address, as a block may be that has no offer out. */
static void move(input *in)
{
    (void)in;
    if (queue.offer == NULL)
        queue.w = (sse_writer *)(uintptr_t)copy_of(queue.w, queue.size).ptr;
}

static void send_event(input *in)
{
    send(in, 0);
}

static void put_event(input *in)
{
    send(in, 1);
}

static void look(input *in)
{
    (void)in;
    queue_look();
}

static void call(input *in)
{
    static void (*const calls[])(input *) = {send_event, put_event, begin, append,  finish,
                                             raw,        close,     look,  consume, read,
                                             flush,      move,      cancel};

    calls[take_below(in, sizeof calls / sizeof calls[0])](in);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    input in = {data, size < INPUT_MAX ? size : INPUT_MAX};

    queue_begin(&in);
    while (in.left > 0) {
        call(&in);
        queue_check();
    }
    queue_drain();
    release_all();
    return 0;
}
