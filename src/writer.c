#include "sse/writer.h"

#include "assert.h"
#include "chunk.h"
#include "encode.h"
#include "lines.h"
#include "out.h"
#include "queue.h"

#include <string.h>

/* sse_writer.state; the memory is drawn in queue.h.
 *
 *                        begin
 *         +----------+ --------> +------+ --.
 *    send | boundary |           | open |   | append
 *         +----------+ <-------- +------+ <-'
 *                       finish
 *
 * Close leaves either state for good, a sink that fails leaves any. */
enum {
    CHUNKED = SSE_WRITER_CHUNKED,
    OPEN = 2,     /* an event is open */
    CR = 4,       /* its data ends in CR so far: an LF that comes next belongs to that break */
    CLOSED = 8,   /* nothing more comes */
    FAILED = 16,  /* the sink failed */
    SINKING = 32, /* a sink is being called */
    FRAMED = 64   /* the first chunk is behind us */
};

enum { RESERVE = SSE_CHUNK_LAST_LEN };

SSE_STATIC_ASSERT(sizeof(struct sse_writer) + RESERVE == SSE_WRITER_OVERHEAD, writer_overhead);

/* What an array of size_t is aligned to; on small processors that is less than its size. */
typedef struct word_place {
    char byte;
    size_t word;
} word_place;

static char *ring(sse_writer *w)
{
    return (char *)(w + 1);
}

/* Refuse a call: w is no writer, its sink failed, or the states in `of` are not exactly those in
 * `want`. */
static int refuse(const sse_writer *w, size_t of, size_t want)
{
    if (w == NULL || w->size == 0)
        return SSE_E_ARG;
    if (w->state & FAILED)
        return SSE_E_IO;
    return (w->state & of) == want ? SSE_OK : SSE_E_STATE;
}

/* Make o the free part of the ring, as far as events can reach, unless the state refuses it. */
static int claim(sse_writer *w, size_t of, size_t want, sse_out *o)
{
    const int status = refuse(w, of, want);

    if (status != SSE_OK)
        return status;
    o->ring = ring(w);
    o->size = w->size;
    o->start = w->read + w->used;
    o->cap = w->size - w->used - RESERVE;
    o->len = 0;
    return SSE_OK;
}

/* The same for a part of an event. If there are chunks it begins behind the head of one, which is
 * put last. */
static int claim_frame(sse_writer *w, size_t want, sse_out *o)
{
    const int status = claim(w, OPEN | CLOSED, want, o);

    if (status == SSE_OK && w->state & CHUNKED)
        sse_chunk_open(o);
    return status;
}

/* How many bytes the frame of a part of an event has. */
static size_t frame_len(const sse_writer *w)
{
    return w->state & CHUNKED ? SSE_CHUNK_FRAME : 0;
}

/* Queue what was put into o, all of it or nothing. `frame` is the length of its frame, or 0. A
 * chunk without a payload would end the stream, so nothing is what becomes of it. */
static int commit(sse_writer *w, sse_out *o, size_t frame)
{
    if (frame)
        sse_chunk_close(o);
    if (o->len == frame)
        return SSE_OK;
    if (o->len > o->cap)
        return o->len > w->size - RESERVE ? SSE_E_TOOBIG : SSE_AGAIN;
    w->used += o->len;
    if (frame) {
        sse_chunk_fill(o, 0);
        w->state |= FRAMED;
    }
    return SSE_OK;
}

/* see sse/writer.h */
size_t sse_writer_overhead(void)
{
    return SSE_WRITER_OVERHEAD;
}

/* see sse/writer.h */
sse_writer *sse_writer_init(void *mem, size_t size, uint32_t flags)
{
    sse_writer *w = mem;

    if (mem == NULL || (uintptr_t)mem % offsetof(word_place, word) != 0 ||
        (flags & ~(uint32_t)CHUNKED) || size < SSE_WRITER_OVERHEAD + SSE_WRITER_CAPACITY_MIN ||
        (flags & CHUNKED && size != (uint32_t)size))
        return NULL;
    w->size = size - sizeof *w;
    w->read = 0;
    w->used = 0;
    w->offer = 0;
    w->state = flags;
    return w;
}

/* Queue an event, or, where open is OPEN, the beginning of one. */
static int enqueue(sse_writer *w, const sse_event *ev, int open)
{
    sse_out o;
    int status = claim_frame(w, 0, &o);

    if (status == SSE_OK)
        status = sse_event_put(&o, ev, open);
    if (status == SSE_OK)
        status = commit(w, &o, frame_len(w));
    if (status == SSE_OK)
        w->state |= (size_t)open;
    return status;
}

/* see sse/writer.h */
int sse_writer_send(sse_writer *w, const sse_event *ev)
{
    return enqueue(w, ev, 0);
}

/* see sse/writer.h */
int sse_writer_put(sse_writer *w, const char *type, size_t type_len, const char *data,
                   size_t data_len, const char *id, size_t id_len)
{
    const sse_event ev = {{NULL, 0}, {type, type_len}, {id, id_len}, 0, {data, data_len}};

    return sse_writer_send(w, &ev);
}

/* see sse/writer.h */
int sse_writer_begin(sse_writer *w, const sse_event *head)
{
    return enqueue(w, head, OPEN);
}

/* see sse/writer.h */
int sse_writer_append(sse_writer *w, const void *data, size_t len, size_t *taken)
{
    sse_str text = {data, len};
    const char *end;
    size_t frame, room;
    sse_out o;
    const int status = claim_frame(w, OPEN, &o);

    *taken = 0;
    if (status != SSE_OK || len == 0)
        return status;
    if (data == NULL)
        return SSE_E_ARG;
    if (w->state & CR && *text.ptr == '\n') {
        text.ptr++;
        text.len--;
    }
    frame = frame_len(w);
    room = o.cap > frame ? o.cap - frame : 0;
    end = sse_lines_put(&o, SSE_DATA_BREAK, sizeof SSE_DATA_BREAK - 1, &text, room);
    *taken = (size_t)(end - (const char *)data);
    if (*taken > 0) {
        commit(w, &o, frame);
        w->state &= ~(size_t)CR;
        if (end[-1] == '\r')
            w->state |= CR;
    }
    return *taken < len ? SSE_AGAIN : SSE_OK;
}

/* see sse/writer.h */
int sse_writer_finish(sse_writer *w)
{
    sse_out o;
    int status = claim_frame(w, OPEN, &o);

    if (status != SSE_OK)
        return status;
    SSE_OUT_LIT(&o, "\n\n");
    status = commit(w, &o, frame_len(w));
    if (status == SSE_OK)
        w->state &= ~(size_t)(OPEN | CR);
    return status;
}

/* see sse/writer.h */
int sse_writer_raw(sse_writer *w, const void *bytes, size_t len)
{
    sse_out o;
    const int status = claim(w, OPEN | CLOSED | FRAMED, 0, &o);

    if (status != SSE_OK || len == 0)
        return status;
    if (bytes == NULL)
        return SSE_E_ARG;
    sse_out_put(&o, bytes, len);
    return commit(w, &o, 0);
}

int sse_writer_pass(sse_writer *w, const void *bytes, size_t len)
{
    sse_out o;
    const int status = claim(w, OPEN | CLOSED, 0, &o);

    if (status != SSE_OK)
        return status;
    sse_out_put(&o, bytes, len);
    return commit(w, &o, 0);
}

/* see sse/writer.h */
int sse_writer_peek(sse_writer *w, const void **bytes, size_t *len)
{
    int status = refuse(w, SINKING, 0);

    *bytes = NULL;
    *len = 0;
    if (status != SSE_OK)
        return status;
    if (w->used == 0)
        return w->state & CLOSED ? SSE_END : SSE_AGAIN;
    if (w->offer == 0)
        w->offer = w->used < w->size - w->read ? w->used : w->size - w->read;
    *bytes = ring(w) + w->read;
    *len = w->offer;
    return SSE_OK;
}

/* see sse/writer.h */
int sse_writer_consume(sse_writer *w, size_t n)
{
    int status = refuse(w, SINKING, 0);

    if (status != SSE_OK)
        return status;
    if (n > w->offer)
        return SSE_E_ARG;
    w->offer = 0;
    w->read += n;
    w->used -= n;
    if (w->used == 0 || w->read == w->size)
        w->read = 0;
    return SSE_OK;
}

/* see sse/writer.h */
int sse_writer_read(sse_writer *w, void *dst, size_t cap, size_t *len)
{
    const void *bytes;
    int status = refuse(w, SINKING, 0);

    *len = 0;
    if (status == SSE_OK && (dst == NULL || cap == 0))
        status = SSE_E_ARG;
    if (status == SSE_OK)
        status = sse_writer_peek(w, &bytes, len);
    if (status != SSE_OK)
        return status;
    if (*len > cap)
        *len = cap;
    memcpy(dst, bytes, *len);
    return sse_writer_consume(w, *len);
}

/* see sse/writer.h */
int sse_writer_flush(sse_writer *w, sse_sink *sink, void *user)
{
    const void *bytes;
    size_t n, taken;
    int status, sunk;

    while ((status = sse_writer_peek(w, &bytes, &n)) == SSE_OK) {
        taken = 0;
        w->state |= SINKING;
        sunk = sink(user, bytes, n, &taken);
        w->state &= ~(size_t)SINKING;
        if (sunk < SSE_OK || sunk > SSE_AGAIN || taken > n) {
            w->state |= FAILED;
            return SSE_E_IO;
        }
        if (taken == 0)
            return SSE_AGAIN;
        sse_writer_consume(w, taken);
        if (sunk == SSE_AGAIN)
            return sunk;
    }
    return status == SSE_AGAIN ? SSE_OK : status;
}

/* see sse/writer.h */
int sse_writer_close(sse_writer *w)
{
    sse_out o;
    const int status = claim(w, 0, 0, &o);

    if (status != SSE_OK)
        return status;
    if ((w->state & (CHUNKED | CLOSED)) == CHUNKED) {
        o.cap += RESERVE;
        SSE_OUT_LIT(&o, SSE_CHUNK_LAST);
        w->used += o.len;
    }
    w->state |= CLOSED;
    return SSE_OK;
}

/* see sse/writer.h */
size_t sse_writer_pending(const sse_writer *w)
{
    return w ? w->used : 0;
}

/* see sse/writer.h */
int sse_writer_idle(const sse_writer *w)
{
    return refuse(w, OPEN | CLOSED, 0) == SSE_OK && w->used == 0;
}
