/* SPDX-License-Identifier: MIT */
#include "writer_queue.h"

#include "chunks.h"

#include <string.h>

enum { FRAME = 12 };

struct queue queue;

static text said, taken, scratch;

void queue_begin(input *in)
{
    memset(&queue, 0, sizeof queue);
    said.len = taken.len = 0;
    queue.flags = take_below(in, 2) ? SSE_WRITER_CHUNKED : 0;
    queue.capacity = SSE_WRITER_CAPACITY_MIN + take_below(in, 1024);
    queue.size = SSE_WRITER_OVERHEAD + queue.capacity;
    queue.w = sse_writer_init(provide(queue.size), queue.size, queue.flags);
    demand(queue.w != NULL);
}

size_t queue_pending(void)
{
    return said.len + queue.frames - taken.len;
}

size_t queue_room(void)
{
    return queue.capacity - queue_pending();
}

size_t queue_frame(void)
{
    return queue.flags & SSE_WRITER_CHUNKED ? FRAME : 0;
}

int queue_refusal(int open)
{
    if (queue.failed)
        return SSE_E_IO;
    return queue.closed || queue.open != open ? SSE_E_STATE : SSE_OK;
}

int queue_verdict(size_t len)
{
    if (len > queue.capacity)
        return SSE_E_TOOBIG;
    return len > queue_room() ? SSE_AGAIN : SSE_OK;
}

/* Add bytes to the end of a text. */
static void add(text *t, const void *bytes, size_t len)
{
    demand(t->len + len <= STREAM_MAX);
    if (len > 0)
        memcpy(t->bytes + t->len, bytes, len);
    t->len += len;
}

void queue_say(const void *bytes, size_t len)
{
    add(&said, bytes, len);
}

size_t queue_measure(const sse_event *ev)
{
    demand(sse_event_encode(ev, scratch.bytes, STREAM_MAX, &scratch.len) == SSE_OK);
    return scratch.len;
}

void queue_say_event(const sse_event *ev)
{
    queue_measure(ev);
    queue_say(scratch.bytes, scratch.len);
}

void queue_note_frame(void)
{
    queue.frames += queue_frame();
}

void queue_open(void)
{
    queue.open = 1;
    queue.open_said = said.len;
    queue.open_frames = queue.frames;
}

/* What was taken and what is offered, up to where they are in what was said: a frame counts, too.
 */
int queue_is_shown(void)
{
    const size_t out = queue.offer ? queue.offer_len : 0;

    return taken.len + out > queue.open_said + queue.open_frames;
}

void queue_forget(void)
{
    queue.open = 0;
    said.len = queue.open_said;
    queue.frames = queue.open_frames;
}

/* Of the open event all is said but the line end and the blank line. */
size_t queue_grow(const void *data, size_t len)
{
    sse_event ev = queue.head;
    size_t more;

    if (len > 0)
        memcpy(queue.data + queue.data_len, data, len);
    queue.data_len += len;
    ev.data.ptr = queue.data;
    ev.data.len = queue.data_len;
    more = queue_measure(&ev) - 2 - queue.open_len;
    queue_say(scratch.bytes + queue.open_len, more);
    queue.open_len += more;
    return more;
}

int queue_view(void)
{
    if (queue.failed)
        return SSE_E_IO;
    if (queue_pending() > 0)
        return SSE_OK;
    return queue.closed ? SSE_END : SSE_AGAIN;
}

void queue_note_offer(const void *bytes, size_t len)
{
    demand(len > 0 && len <= queue_pending());
    if (queue.offer) {
        demand(bytes == queue.offer && len == queue.offer_len);
        demand(memcmp(bytes, queue.offered, len) == 0);
    }
    demand(len <= sizeof queue.offered);
    queue.offer = bytes;
    queue.offer_len = len;
    memcpy(queue.offered, bytes, len);
}

void queue_take(const void *bytes, size_t len)
{
    add(&taken, bytes, len);
    queue.offer = NULL;
}

void queue_look(void)
{
    const char *const block = (const char *)queue.w;
    const void *bytes = block;
    size_t len = 1;
    const int status = sse_writer_peek(queue.w, &bytes, &len);

    demand(status == queue_view());
    if (status != SSE_OK) {
        demand(bytes == NULL && len == 0);
        return;
    }
    demand((const char *)bytes > block);
    demand((size_t)((const char *)bytes - block) + len <= queue.size);
    queue_note_offer(bytes, len);
}

void queue_check(void)
{
    const int idle = !queue.failed && !queue.open && !queue.closed && queue_pending() == 0;

    demand(sse_writer_pending(queue.w) == queue_pending());
    demand(sse_writer_idle(queue.w) == idle);
    if (queue.offer)
        queue_look();
}

void queue_drain(void)
{
    size_t bare;
    enum chunks end;

    while (!queue.failed && queue_pending() > 0) {
        queue_look();
        demand(sse_writer_consume(queue.w, queue.offer_len) == SSE_OK);
        queue_take(queue.offered, queue.offer_len);
        queue_check();
    }
    if (!queue.failed)
        queue_look();
    if (queue.flags & SSE_WRITER_CHUNKED) {
        bare = queue.raw < taken.len ? queue.raw : taken.len;
        end = unchunk(taken.bytes + bare, taken.len - bare, taken.bytes + bare, &taken.len);
        taken.len += bare;
        demand(queue.failed || end == (queue.closed ? CHUNKS_ENDED : CHUNKS_OPEN));
    }
    demand(queue.failed ? taken.len <= said.len : taken.len == said.len);
    demand(memcmp(taken.bytes, said.bytes, taken.len) == 0);
}
