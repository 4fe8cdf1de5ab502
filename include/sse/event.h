/* sse/event.h - one event to bytes. The tiny core: links alone, keeps nothing.
 *
 *     comment   : text           any number of lines
 *     type      event: text
 *     id        id: text
 *     retry     retry: digits
 *     data      data: text       any number of lines
 *                                a blank line: dispatch */
#ifndef SSE_EVENT_H
#define SSE_EVENT_H

#include "sse/base.h"
#include "sse/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The most bytes that any one part may have. With it no sum in the library can wrap. */
#define SSE_PART_MAX ((size_t)-1 / 16)

/* The largest reconnection time, in milliseconds: past it some clients never come back. */
#define SSE_RETRY_MAX 2147483647u

/* The parts of an event. All-zero is an event without any part, which is refused.
 *
 * The format has had these five parts since 2009, so this struct is frozen. */
typedef struct sse_event {
    sse_str comment;   /* lines that clients ignore, before the fields; empty: a lone colon */
    sse_str type;      /* absent or empty: "message" */
    sse_str id;        /* absent: the client keeps its last event ID; empty: it forgets it */
    uint32_t retry_ms; /* 0: no retry line; else the reconnection time, 1 to SSE_RETRY_MAX */
    sse_str data;      /* absent: nothing is dispatched; empty: an event whose data is "" */
} sse_event;

/* Encode one event.
 *
 *   ev    the event; its ranges are read during the call
 *   dst   where the bytes go, cap bytes; NULL with cap 0 measures
 *   cap   bytes available at dst
 *   len   out: bytes written, or needed where the result is SSE_E_SPACE, else 0; always written
 *
 * Line feed, carriage return and the pair of both (one break, not two) start a new line of data
 * or comment; the client joins data lines with line feeds. Everything else in data arrives as it
 * is: leading spaces, blank lines, line ends at the end. The bytes end in the blank line, so that
 * whatever follows them is an event of its own.
 *
 * Returns SSE_OK;
 *   SSE_E_ARG     ev or len is NULL, dst is NULL with cap above 0, a range is NULL with a length,
 *                 or the event has no part at all;
 *   SSE_E_RANGE   retry_ms is above SSE_RETRY_MAX;
 *   SSE_E_TOOBIG  a part is longer than SSE_PART_MAX; no byte of it was read;
 *   SSE_E_FIELD   type fails sse_type_valid, or id fails sse_id_valid;
 *   SSE_E_SPACE   cap is too small; *len is the need; what dst holds is unspecified.
 *
 * An id without data is legal, but Firefox drops it: send ids together with data.
 * Cost: one pass, one copy. Re-entrant.
 * Spec: #parsing-an-event-stream, #event-stream-interpretation. */
SSE_API int sse_event_encode(const sse_event *ev, void *dst, size_t cap, size_t *len);

/* Tell sizeof(sse_event), for bindings that lay it out by hand. */
SSE_API size_t sse_event_size(void);

#ifdef __cplusplus
}
#endif

#endif
