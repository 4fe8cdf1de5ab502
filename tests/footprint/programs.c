/* programs.c - two programs on the core. Linked with unused sections dropped they show what each
 * needs of it: one calls every function of sse/event.h and sse/writer.h, the other sends events and
 * pulls their bytes. */
#include <sse/event.h>
#include <sse/writer.h>

int all(sse_writer *w, const sse_event *ev, sse_sink *sink, void *memory, size_t n);
int few(sse_writer *w, const sse_event *ev, void *memory, size_t n);

int all(sse_writer *w, const sse_event *ev, sse_sink *sink, void *memory, size_t n)
{
    const void *bytes;
    size_t len;

    w = sse_writer_init(memory, n + sse_writer_overhead() + sse_event_size(), 0);
    return sse_event_encode(ev, memory, n, &len) + sse_writer_send(w, ev) +
           sse_writer_put(w, memory, n, memory, n, memory, n) + sse_writer_begin(w, ev) +
           sse_writer_append(w, memory, n, &len) + sse_writer_finish(w) +
           sse_writer_raw(w, memory, n) + sse_writer_peek(w, &bytes, &len) +
           sse_writer_consume(w, n) + sse_writer_read(w, memory, n, &len) +
           sse_writer_flush(w, sink, memory) + sse_writer_close(w) + sse_writer_idle(w) +
           (int)sse_writer_pending(w);
}

int few(sse_writer *w, const sse_event *ev, void *memory, size_t n)
{
    const void *bytes;
    size_t len;

    w = sse_writer_init(memory, n, 0);
    return sse_writer_send(w, ev) + sse_writer_peek(w, &bytes, &len) + sse_writer_consume(w, len) +
           sse_writer_close(w);
}
