/* sse/writer.h - a bounded queue of whole events between a program and a transport.
 *
 * Events go in at one side; bytes come out at the other, by pull (peek, consume; read) or by push
 * (flush). The writer does no I/O: whoever has the socket moves the bytes. It is one block of the
 * caller's memory, without a pointer inside and with nothing to destroy.
 *
 *     send                                  peek, consume
 *     put             +-----------+         read
 *     begin,   -----> |   queue   | ----->  flush             -----> socket, server
 *     append,         +-----------+
 *     finish             capacity
 *
 * Every function that returns a status returns SSE_E_ARG for a w that is NULL or all zero, and
 * SSE_E_IO once a sink has failed. SSE_E_STATE goes ahead of what is wrong with the other
 * arguments. */
#ifndef SSE_WRITER_H
#define SSE_WRITER_H

#include "sse/event.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Opaque; its address is the address of the block. */
typedef struct sse_writer sse_writer;

/* A transport that takes bytes now.
 *
 *   user    as given to sse_writer_flush
 *   bytes   the offer, len bytes, len above 0; valid until the sink returns
 *   taken   out: how many bytes it took; 0 when the sink does not write it
 *
 * Returns SSE_OK, with *taken from 1 to len, or 0 for "would block"; SSE_AGAIN for "would block"
 * whatever was taken; anything else, and more taken than offered, is a failure and final. After
 * "would block" the next call offers the same bytes again, as TLS libraries require. It may queue
 * events on the same writer, and must not move bytes out of it: that is SSE_E_STATE. */
typedef int sse_sink(void *user, const void *bytes, size_t len, size_t *taken);

/* Bytes of a block that are not queue: size minus this is the capacity. A constant, also below. */
SSE_API size_t sse_writer_overhead(void);
#define SSE_WRITER_OVERHEAD (5 * sizeof(size_t) + 5)

/* The least capacity of a queue, in bytes. */
#define SSE_WRITER_CAPACITY_MIN 64

/* The length of an array of size_t that holds a writer of at least that capacity:
 *     size_t memory[SSE_WRITER_WORDS(4096)]; */
#define SSE_WRITER_WORDS(capacity) \
    ((SSE_WRITER_OVERHEAD + (capacity) + sizeof(size_t) - 1) / sizeof(size_t))

/* Flags of sse_writer_init. The bits of all flags in the library are disjoint. */
enum sse_writer_flag {
    SSE_WRITER_CHUNKED = 0x1 /* each event is an HTTP/1.1 chunk, and close writes the last chunk */
};

/* Make a writer of a block of memory.
 *
 *   mem     the block; the caller keeps it and frees it when it likes
 *   size    bytes of the block; SSE_WRITER_OVERHEAD and the capacity
 *   flags   0, or SSE_WRITER_CHUNKED
 *
 * Returns the writer, which is mem; NULL where mem is NULL or not aligned for size_t, size is less
 * than SSE_WRITER_OVERHEAD + SSE_WRITER_CAPACITY_MIN, or from 4 GiB with SSE_WRITER_CHUNKED, or flags has
 * a bit that is not named here. A chunk costs 12 bytes.
 * Spec: RFC 9112, section 7.1, for chunks. */
SSE_API sse_writer *sse_writer_init(void *mem, size_t size, uint32_t flags);

/* Queue one event, whole or not at all.
 *
 *   ev   as for sse_event_encode
 *
 * Returns SSE_OK;
 *   SSE_AGAIN      it does not fit now and will when enough was consumed: this is backpressure;
 *   SSE_E_TOOBIG   it never fits: use begin, append, finish, or a larger block;
 *   SSE_E_STATE    inside an open event, or after close;
 *   SSE_E_ARG, SSE_E_RANGE, SSE_E_FIELD   as sse_event_encode.
 * Only SSE_OK changes the queue.
 * Spec: #event-stream-interpretation. */
SSE_API int sse_writer_send(sse_writer *w, const sse_event *ev);

/* Queue one event given part by part: sse_writer_send for bindings. A NULL pointer with length 0
 * is an absent part. Returns as sse_writer_send. */
SSE_API int sse_writer_put(sse_writer *w, const char *type, size_t type_len, const char *data,
                           size_t data_len, const char *id, size_t id_len);

/* Open an event whose data comes in pieces.
 *
 *   head   the other parts; its data is absent. NULL, or all-zero: a "message" with none of them
 *
 * Returns as sse_writer_send; SSE_E_ARG where head has data. Until finish, only append,
 * finish and close are accepted: a heartbeat cannot tear the event. */
SSE_API int sse_writer_begin(sse_writer *w, const sse_event *head);

/* Append to the data of the open event.
 *
 *   data    bytes as for sse_event.data; NULL where len is 0
 *   taken   out: how many of them are queued; always written
 *
 * Takes what fits. A CRLF that is split over two calls is one break.
 * Returns SSE_OK when all were taken; SSE_AGAIN when some were left: give those again later;
 * SSE_E_STATE where no event is open. */
SSE_API int sse_writer_append(sse_writer *w, const void *data, size_t len, size_t *taken);

/* End the open event: the client dispatches it, with data "" if nothing was appended.
 *
 * Returns SSE_OK; SSE_AGAIN where the end does not fit now, and the event stays open;
 * SSE_E_STATE where no event is open. */
SSE_API int sse_writer_finish(sse_writer *w);

/* Queue bytes that are passed on unseen, all or nothing: the response head, or whole events that
 * were encoded before. The one entry that checks nothing: never give it what a user wrote.
 *
 * Returns as sse_writer_send, SSE_OK for len 0; SSE_E_STATE also on a chunked writer after its
 * first event, since these bytes are not framed. */
SSE_API int sse_writer_raw(sse_writer *w, const void *bytes, size_t len);

/* Look at the next bytes to transport: the offer.
 *
 *   bytes   out: the offer, inside of the block; NULL where there is none; always written
 *   len     out: its length, above 0 where there is one; always written
 *
 * The offer is frozen: same address, same length and same bytes, call after call, whatever is
 * queued meanwhile, until sse_writer_consume. It is not always all that is queued: where the
 * queue wraps, the rest is the next offer.
 *
 * Returns SSE_OK; SSE_AGAIN where nothing is queued; SSE_END where nothing is and nothing will be;
 * SSE_E_STATE from inside a sink. */
SSE_API int sse_writer_peek(sse_writer *w, const void **bytes, size_t *len);

/* Say how much of the offer the transport took.
 *
 *   n   bytes, from its front; 0: none, and the next peek may offer more
 *
 * Returns SSE_OK; SSE_E_ARG where n is more than was offered; SSE_E_STATE from inside a sink. */
SSE_API int sse_writer_consume(sse_writer *w, size_t n);

/* Move queued bytes out by copy: peek, copy, consume.
 *
 *   dst   where they go, cap bytes; cap above 0
 *   len   out: bytes copied; 0 only where the result is not SSE_OK; always written
 *
 * Returns as sse_writer_peek; SSE_E_ARG also where dst is NULL or cap is 0. */
SSE_API int sse_writer_read(sse_writer *w, void *dst, size_t cap, size_t *len);

/* Move queued bytes through a sink until the queue is empty or the sink would block.
 *
 * Returns SSE_OK where the queue is empty; SSE_AGAIN where the sink would block; SSE_END where the
 * queue is empty and closed; SSE_E_IO where the sink failed; SSE_E_STATE from inside a sink. */
SSE_API int sse_writer_flush(sse_writer *w, sse_sink *sink, void *user);

/* Close: accept no more events. What is queued can still be taken, then comes SSE_END.
 *
 * An event that is open stays unfinished, and clients discard it: a cut stream is not repaired
 * with a blank line. Never lacks space, and may be repeated.
 *
 * Returns SSE_OK.
 * Spec: #event-stream-interpretation, "any pending data must be discarded". */
SSE_API int sse_writer_close(sse_writer *w);

/* Tell how many bytes are queued and not consumed; 0 where w is NULL. */
SSE_API size_t sse_writer_pending(const sse_writer *w);

/* Tell whether the stream is at rest: nothing queued, no event open, not closed, not failed. This
 * is when a heartbeat is due to be sent; see sse/heartbeat.h. Returns 1 or 0; 0 for NULL. */
SSE_API int sse_writer_idle(const sse_writer *w);

#ifdef __cplusplus
}
#endif

#endif
