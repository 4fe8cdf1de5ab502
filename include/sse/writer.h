/* SPDX-License-Identifier: MIT */
/* sse/writer.h - a bounded queue of whole events between a program and a transport.
 *
 * Events go in at one end; bytes come out at the other, by pull (peek and consume, or read) or by
 * push (flush). The writer does no I/O: the program that has the socket moves the bytes. A writer
 * is one block of the caller's memory. It has no pointer inside and nothing to free.
 *
 *     send                                  peek, consume
 *     comment, retry  +-----------+         read
 *     begin,   -----> |   queue   | ----->  flush             -----> socket, server
 *     append,         +-----------+
 *     finish             capacity
 *
 * Each function that returns a status returns SSE_E_ARG where an out parameter is NULL, or w is
 * NULL or all zero; SSE_E_IO once a sink has failed; SSE_E_STATE where the state of the writer does
 * not allow the call; and only then what is wrong with the other arguments. Only SSE_OK changes the
 * queue, except where a function says otherwise. */
#ifndef SSE_WRITER_H
#define SSE_WRITER_H

#include "sse/event.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A writer. Its address is the address of its block. */
typedef struct sse_writer sse_writer;

/* A transport that takes bytes now.
 *
 *   user    as given to sse_writer_flush
 *   bytes   the offer, len bytes, len above 0; valid until the sink returns
 *   taken   out: how many bytes the transport took; 0 where the sink does not write it
 *
 * Returns SSE_OK, with *taken from 1 to len, or 0 for "would block"; SSE_AGAIN for "would block"
 * with any *taken up to len. Any other result, or a *taken above len, is a failure and final. After
 * "would block" the next call offers the same bytes again, as TLS libraries require. A sink may
 * queue events on the same writer. It must not move bytes out of it: that is SSE_E_STATE. */
typedef int sse_sink(void *user, const void *bytes, size_t len, size_t *taken);

/* The bytes of a block that are not queue: the capacity is the size minus these. */
#define SSE_WRITER_OVERHEAD (6 * sizeof(size_t) + 5)

/* The least capacity, in bytes. */
enum { SSE_WRITER_CAPACITY_MIN = 64 };

/* The length of an array of size_t for a writer of at least that capacity:
 *     size_t memory[SSE_WRITER_WORDS(4096)]; */
#define SSE_WRITER_WORDS(capacity) \
    ((SSE_WRITER_OVERHEAD + (capacity) + sizeof(size_t) - 1) / sizeof(size_t))

/* Flags of sse_writer_init. */
enum sse_writer_flag {
    SSE_WRITER_CHUNKED = 0x1 /* each event is an HTTP/1.1 chunk; close queues the last chunk */
};

/* Makes a writer of a block of memory.
 *
 *   mem     the block, aligned for size_t; it stays the caller's and may be freed at any time
 *   size    bytes of the block: SSE_WRITER_OVERHEAD and the capacity; with SSE_WRITER_CHUNKED
 *           below 4 GiB. A chunk takes 12 bytes more than its event.
 *   flags   0, or SSE_WRITER_CHUNKED
 *
 * Returns the writer, which is mem; NULL where mem is NULL or not aligned, size is less than
 * SSE_WRITER_OVERHEAD + SSE_WRITER_CAPACITY_MIN or too large, or flags has an unknown bit.
 * Spec: RFC 9112, section 7.1, for chunks. */
SSE_API sse_writer *sse_writer_init(void *mem, size_t size, uint32_t flags);

/* Queues one event, whole or not at all.
 *
 *   ev   as for sse_event_encode
 *
 * Returns
 *   SSE_OK         the event is queued;
 *   SSE_AGAIN      it does not fit now, and will when the transport has taken enough: backpressure;
 *   SSE_E_TOOBIG   it never fits: use begin, append and finish, or a larger block; or a part is
 *                  longer than SSE_PART_MAX;
 *   SSE_E_STATE    an event is open, or the writer is closed;
 *   SSE_E_ARG      ev is NULL, has no part, or has a range that is NULL with a length;
 *   SSE_E_RANGE    retry_ms is above SSE_RETRY_MAX;
 *   SSE_E_FIELD    type fails sse_type_valid, or id fails sse_id_valid.
 * Spec: #event-stream-interpretation. */
SSE_API int sse_writer_send(sse_writer *w, const sse_event *ev);

/* Queues one event that is given part by part: sse_writer_send without the struct.
 *
 *   type, id   the ranges; NULL with length 0 is absent
 *   data       the data, which is always present; NULL with length 0 is ""
 *
 * Returns as sse_writer_send. */
SSE_API int sse_writer_send_parts(sse_writer *w, const char *type, size_t type_len, const char *id,
                                  size_t id_len, const char *data, size_t data_len);

/* Queues a comment alone, which clients ignore. NULL with length 0 is a lone colon.
 * Returns as sse_writer_send. */
SSE_API int sse_writer_comment(sse_writer *w, const char *text, size_t len);

/* Queues a reconnection time alone. Some clients read it only in an event with a type or data, and
 * openai-python fails at it.
 * Returns as sse_writer_send; SSE_E_RANGE also where retry_ms is 0. */
SSE_API int sse_writer_retry(sse_writer *w, uint32_t retry_ms);

/* Opens an event whose data comes in pieces.
 *
 *   head   the other parts, without data; NULL or all zero: no part except the data
 *
 * Until finish or cancel, only append, finish, cancel and close are accepted, so that a heartbeat
 * cannot tear the event. Returns as sse_writer_send; SSE_E_ARG where head has data. */
SSE_API int sse_writer_begin(sse_writer *w, const sse_event *head);

/* Opens an event without the struct: type and id as for sse_writer_send_parts.
 * Returns as sse_writer_begin. */
SSE_API int sse_writer_begin_parts(sse_writer *w, const char *type, size_t type_len, const char *id,
                                   size_t id_len);

/* Appends to the data of the open event.
 *
 *   data    bytes as for sse_event.data; NULL where len is 0
 *   taken   out: how many of them are queued; always written
 *
 * Queues what fits. A CRLF that is split over two calls is one line break.
 * Returns SSE_OK where all bytes are queued; SSE_AGAIN where some are left: append those again
 * later; SSE_E_STATE where no event is open; SSE_E_ARG where data is NULL and len is not 0. */
SSE_API int sse_writer_append(sse_writer *w, const void *data, size_t len, size_t *taken);

/* Ends the open event: the client dispatches it, with data "" if nothing was appended.
 *
 * Returns SSE_OK; SSE_AGAIN where the end does not fit now, and the event stays open;
 * SSE_E_STATE where no event is open. */
SSE_API int sse_writer_finish(sse_writer *w);

/* Takes back the open event, as if it had not been begun. It is for a source that fails before the
 * transport has seen a byte of its event; later the only way out is close, or a finish that
 * delivers a part of the data.
 *
 * Returns SSE_OK; SSE_E_STATE where no event is open, or a byte of it is offered or was consumed.
 */
SSE_API int sse_writer_cancel(sse_writer *w);

/* Queues bytes as they are, all or nothing, and checks nothing: never pass what a user wrote.
 *
 *   bytes   before the first event: the response head, in one call or several. After it: whole
 *           events that were encoded before; a chunked writer makes one chunk of them. NULL where
 *           len is 0
 *
 * A chunked writer does not frame what comes before its first event.
 * Returns SSE_OK, also for len 0; SSE_AGAIN where they do not fit now; SSE_E_TOOBIG where they
 * never fit; SSE_E_STATE where an event is open, or the writer is closed; SSE_E_ARG where bytes is
 * NULL and len is not 0. */
SSE_API int sse_writer_raw(sse_writer *w, const void *bytes, size_t len);

/* Gets the next bytes for the transport: the offer.
 *
 *   bytes   out: the offer, in the block; NULL where there is none; always written
 *   len     out: its length, above 0 where there is an offer; always written
 *
 * The offer is frozen: it has the same address, length and bytes in each call until
 * sse_writer_consume, whatever is queued meanwhile. It may be less than what is queued: where the
 * queue wraps, the rest is the next offer.
 *
 * Returns SSE_OK; SSE_AGAIN where nothing is queued; SSE_END where the writer is closed and nothing
 * is queued; SSE_E_STATE from inside a sink. */
SSE_API int sse_writer_peek(sse_writer *w, const void **bytes, size_t *len);

/* Acknowledges bytes that the transport took.
 *
 *   n   bytes, from the front of the offer; 0: none, and the next peek may offer more
 *
 * Returns SSE_OK; SSE_E_ARG where n is more than was offered; SSE_E_STATE from inside a sink. */
SSE_API int sse_writer_consume(sse_writer *w, size_t n);

/* Moves queued bytes out by copy: peek, copy, consume.
 *
 *   dst   where they go, cap bytes, cap above 0
 *   len   out: bytes copied; 0 only where the result is not SSE_OK; always written
 *
 * Returns SSE_OK; SSE_AGAIN where nothing is queued; SSE_END where the writer is closed and nothing
 * is queued; SSE_E_STATE from inside a sink; SSE_E_ARG where dst is NULL or cap is 0. */
SSE_API int sse_writer_read(sse_writer *w, void *dst, size_t cap, size_t *len);

/* Moves queued bytes through a sink until the queue is empty or the sink would block.
 *
 *   sink   not NULL; called during this call only
 *   user   passed to the sink
 *
 * Returns SSE_OK where the queue is empty; SSE_AGAIN where the sink would block; SSE_END where the
 * queue is empty and closed; SSE_E_IO where the sink failed; SSE_E_STATE from inside a sink. */
SSE_API int sse_writer_flush(sse_writer *w, sse_sink *sink, void *user);

/* Closes the writer: it accepts no more events. After what is queued comes SSE_END.
 *
 * An open event stays unfinished, and clients discard it: the library does not end a cut event with
 * a blank line. Close always has space, and may be repeated.
 *
 * Returns SSE_OK.
 * Spec: #event-stream-interpretation, "any pending data must be discarded". */
SSE_API int sse_writer_close(sse_writer *w);

/* Returns how many bytes are queued and not consumed; 0 where w is NULL. */
SSE_API size_t sse_writer_pending(const sse_writer *w);

/* Returns 1 if the stream is at rest, else 0, also where w is NULL. At rest means that nothing is
 * queued, no event is open, and the writer is neither closed nor failed: a heartbeat may be sent.
 */
SSE_API int sse_writer_idle(const sse_writer *w);

/* The constants, for bindings: SSE_WRITER_OVERHEAD and SSE_WRITER_CAPACITY_MIN. */
SSE_API size_t sse_writer_overhead(void);
SSE_API size_t sse_writer_capacity_min(void);

#ifdef __cplusplus
}
#endif

#endif
