/* writer.c - a writer under any calls in any order, beside a model of it.
 *
 *     model.said    | all that was queued, without chunks                          |
 *     model.open    | the event that is open, as it would be if it were sent whole |
 *     model.taken   | all that came out                |
 *
 * Behind each call the model tells how many bytes are pending, and that an offer is frozen; in the
 * end what came out must be what was said, to the byte. */
#include "fuzz.h"

#include "chunks.h"
#include "sse/writer.h"

#include <string.h>

enum { INPUT_MAX = 4096, STREAM_MAX = 1 << 18, FRAME = 12, LAST_CHUNK = 5 };

typedef struct text {
    size_t len;
    char *bytes;
} text;

static char said[STREAM_MAX], taken_out[STREAM_MAX], scratch[STREAM_MAX];

static struct model {
    sse_writer *w;
    size_t size, capacity;
    uint32_t flags;
    text said, taken;
    size_t frames;             /* bytes that frame what was said */
    size_t raw;                /* bytes ahead of the first chunk */
    int open, closed, failed;  /* an event is open; the stream was closed; a sink failed */
    int framed;                /* a chunk was queued */
    int blocked;               /* the sink would block */
    sse_event head;            /* of the open event */
    char data[INPUT_MAX];      /* of it so far */
    size_t data_len, open_len; /* and how much of it was said */
    const void *offer;         /* what is offered; NULL: nothing */
    size_t offer_len;
    char offered[INPUT_MAX]; /* a copy */
} model;

static void say(const void *bytes, size_t len)
{
    demand(model.said.len + len <= STREAM_MAX);
    if (len > 0)
        memcpy(model.said.bytes + model.said.len, bytes, len);
    model.said.len += len;
}

static size_t pending(void)
{
    return model.said.len + model.frames - model.taken.len;
}

static size_t room(void)
{
    return model.capacity - pending();
}

/* What a call must return that queues so many bytes, which are a chunk if there are chunks. */
static int verdict_on_len(size_t len)
{
    if (len > model.capacity)
        return SSE_E_TOOBIG;
    return len > room() ? SSE_AGAIN : SSE_OK;
}

static size_t frame(void)
{
    return model.flags & SSE_CHUNKED ? FRAME : 0;
}

/* What stands in the way of queueing anything. */
static int refusal(int open)
{
    if (model.failed)
        return SSE_E_IO;
    return model.closed || model.open != open ? SSE_E_STATE : SSE_OK;
}

static void note_frame(void)
{
    model.frames += frame();
    model.framed = model.flags != 0;
}

/* Encode to scratch. */
static size_t encode(const sse_event *ev)
{
    size_t len;

    demand(sse_event_encode(ev, scratch, sizeof scratch, &len) == SSE_OK);
    return len;
}

/* The open event as far as it is known: all but the line end and the blank line. Returns how much
 * it has grown, and says that. */
static size_t grow(void)
{
    sse_event ev = model.head;
    size_t len, more;

    ev.data.ptr = model.data;
    ev.data.len = model.data_len;
    len = encode(&ev) - 2;
    more = len - model.open_len;
    say(scratch + model.open_len, more);
    model.open_len = len;
    return more;
}

static void send(input *in, int flat)
{
    sse_event ev = take_event(in);
    int want = refusal(0), status;

    if (flat) {
        ev.comment = (sse_str){NULL, 0};
        ev.retry_ms = 0;
        status = sse_writer_put(model.w, ev.type.ptr, ev.type.len, ev.data.ptr, ev.data.len,
                                ev.id.ptr, ev.id.len);
    } else {
        status = sse_writer_send(model.w, &ev);
    }
    if (want == SSE_OK)
        want = verdict_on(&ev);
    if (want == SSE_OK) {
        const size_t len = encode(&ev);

        want = verdict_on_len(len + frame());
        if (want == SSE_OK) {
            say(scratch, len);
            note_frame();
        }
    }
    demand(status == want);
}

static void begin(input *in)
{
    static const sse_event none;
    const int bare = take_below(in, 4) == 0;
    sse_event ev = bare ? none : take_event(in);
    const int status = sse_writer_begin(model.w, bare ? NULL : &ev);
    int want = refusal(0);

    if (want == SSE_OK && ev.data.ptr)
        want = SSE_E_ARG;
    ev.data.ptr = "";
    if (want == SSE_OK)
        want = verdict_on(&ev);
    if (want == SSE_OK)
        want = verdict_on_len(encode(&ev) - 2 + frame());
    demand(status == want);
    if (want != SSE_OK)
        return;
    model.open = 1;
    model.head = ev;
    model.data_len = model.open_len = 0;
    grow();
    note_frame();
}

static void append(input *in)
{
    const sse_str piece = take_text(in);
    const size_t before = pending(), cap = room();
    size_t taken = piece.len + 1;
    const int status = sse_writer_append(model.w, piece.ptr, piece.len, &taken);
    const int want = refusal(1);

    if (want != SSE_OK) {
        demand(status == want && taken == 0);
        return;
    }
    demand(taken <= piece.len && status == (taken < piece.len ? SSE_AGAIN : SSE_OK));
    memcpy(model.data + model.data_len, piece.ptr, taken);
    model.data_len += taken;
    if (taken > 0 && grow() > 0)
        note_frame();
    demand(pending() - before <= cap);
    /* What is left is left for want of room: a byte grows to seven at most. */
    demand(status == SSE_OK || room() < 7 + frame());
}

static void finish(input *in)
{
    const int status = sse_writer_finish(model.w);
    int want = refusal(1);

    (void)in;
    if (want == SSE_OK)
        want = verdict_on_len(2 + frame());
    demand(status == want);
    if (want == SSE_OK) {
        say("\n\n", 2);
        note_frame();
        model.open = 0;
    }
}

static void raw(input *in)
{
    const sse_str bytes = take_text(in);
    const int status = sse_writer_raw(model.w, bytes.ptr, bytes.len);
    int want = refusal(0);

    if (want == SSE_OK && model.framed)
        want = SSE_E_STATE;
    if (want == SSE_OK)
        want = verdict_on_len(bytes.len);
    demand(status == want);
    if (want == SSE_OK) {
        say(bytes.ptr, bytes.len);
        model.raw += bytes.len;
    }
}

static void close(input *in)
{
    (void)in;
    demand(sse_writer_close(model.w) == (model.failed ? SSE_E_IO : SSE_OK));
    if (!model.failed && !model.closed) {
        model.frames += model.flags & SSE_CHUNKED ? LAST_CHUNK : 0;
        model.closed = 1;
    }
}

static void take(const void *bytes, size_t len)
{
    demand(model.taken.len + len <= STREAM_MAX);
    memcpy(model.taken.bytes + model.taken.len, bytes, len);
    model.taken.len += len;
    model.offer = NULL;
}

/* What a call must return that looks at the queue. */
static int view(void)
{
    if (model.failed)
        return SSE_E_IO;
    if (pending() > 0)
        return SSE_OK;
    return model.closed ? SSE_END : SSE_AGAIN;
}

/* An offer is out; if one was, it is the same. */
static void note_offer(const void *bytes, size_t len)
{
    demand(len > 0 && len <= pending());
    if (model.offer) {
        demand(bytes == model.offer && len == model.offer_len);
        demand(memcmp(bytes, model.offered, len) == 0);
    }
    demand(len <= sizeof model.offered);
    model.offer = bytes;
    model.offer_len = len;
    memcpy(model.offered, bytes, len);
}

/* Look, and demand that an offer is inside of the block, and as it was. */
static void peek(void)
{
    const char *const block = (const char *)model.w;
    const void *bytes = block;
    size_t len = 1;
    const int status = sse_writer_peek(model.w, &bytes, &len);

    demand(status == view());
    if (status != SSE_OK) {
        demand(bytes == NULL && len == 0);
        return;
    }
    demand((const char *)bytes > block);
    demand((size_t)((const char *)bytes - block) + len <= model.size);
    note_offer(bytes, len);
}

static void consume(input *in)
{
    const size_t n = take_below(in, 1024);
    const size_t most = model.offer ? model.offer_len : 0;
    const int status = sse_writer_consume(model.w, n);

    if (model.failed) {
        demand(status == SSE_E_IO);
    } else if (n > most) {
        demand(status == SSE_E_ARG);
    } else {
        demand(status == SSE_OK);
        take(model.offered, n);
    }
}

static void read(input *in)
{
    const size_t cap = take_below(in, 512);
    char *const dst = provide(cap);
    size_t len = cap + 1;
    const int status = sse_writer_read(model.w, dst, cap, &len);

    demand(status == (!model.failed && cap == 0 ? SSE_E_ARG : view()));
    demand(status == SSE_OK ? len > 0 && len <= cap : len == 0);
    if (status == SSE_OK) {
        if (model.offer)
            demand(len <= model.offer_len && memcmp(dst, model.offered, len) == 0);
        take(dst, len);
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

    note_offer(bytes, len);
    model.blocked = how == BLOCK || how == NONE || how == CALL_BACK || how == LAST;
    model.failed = how == FAIL || how == CLAIM;
    if (how == CALL_BACK) {
        demand(sse_writer_peek(model.w, &peeked, &n) == SSE_E_STATE && peeked == NULL && n == 0);
        demand(sse_writer_consume(model.w, 0) == SSE_E_STATE);
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
        take(bytes, *taken);
    return how == LAST ? SSE_AGAIN : SSE_OK;
}

static void flush(input *in)
{
    int status;

    model.blocked = 0;
    status = sse_writer_flush(model.w, sink, in);
    if (model.failed)
        demand(status == SSE_E_IO);
    else if (model.blocked)
        demand(status == SSE_AGAIN);
    else
        demand(pending() == 0 && status == (model.closed ? SSE_END : SSE_OK));
}

/* Go on at another address, as a block may be that has no offer out. */
static void move(input *in)
{
    (void)in;
    if (model.offer == NULL)
        model.w = (sse_writer *)(uintptr_t)copy_of(model.w, model.size).ptr;
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
    peek();
}

static void call(input *in)
{
    static void (*const calls[])(input *) = {send_event, put_event, begin,   append, finish, raw,
                                             close,      look,      consume, read,   flush,  move};

    calls[take_below(in, sizeof calls / sizeof calls[0])](in);
}

/* What is true behind each call. */
static void check(void)
{
    const int idle = !model.failed && !model.open && !model.closed && pending() == 0;

    demand(sse_writer_pending(model.w) == pending());
    demand(sse_writer_idle(model.w) == idle);
    if (model.offer)
        peek();
}

/* Take what is left, and demand that all that came out is all that was said. */
static void drain(void)
{
    size_t len;
    enum chunks end;

    while (!model.failed && pending() > 0) {
        peek();
        demand(sse_writer_consume(model.w, model.offer_len) == SSE_OK);
        take(model.offered, model.offer_len);
        check();
    }
    if (!model.failed)
        peek();
    if (model.flags & SSE_CHUNKED) {
        len = model.raw < model.taken.len ? model.raw : model.taken.len;
        end = unchunk(taken_out + len, model.taken.len - len, taken_out + len, &model.taken.len);
        model.taken.len += len;
        demand(model.failed || end == (model.closed ? CHUNKS_ENDED : CHUNKS_OPEN));
    }
    demand(model.failed ? model.taken.len <= model.said.len : model.taken.len == model.said.len);
    demand(memcmp(taken_out, said, model.taken.len) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    input in = {data, size < INPUT_MAX ? size : INPUT_MAX};

    memset(&model, 0, sizeof model);
    model.said.bytes = said;
    model.taken.bytes = taken_out;
    model.flags = take_below(&in, 2) ? SSE_CHUNKED : 0;
    model.capacity = SSE_WRITER_CAPACITY_MIN + take_below(&in, 1024);
    model.size = SSE_WRITER_OVERHEAD + model.capacity;
    model.w = sse_writer_init(provide(model.size), model.size, model.flags);
    demand(model.w != NULL);
    while (in.left > 0) {
        call(&in);
        check();
    }
    drain();
    release_all();
    return 0;
}
