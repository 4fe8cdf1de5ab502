/* SPDX-License-Identifier: MIT */
/* sse/event.h - encodes one event. This is the core of the library: it needs nothing else and keeps
 * nothing.
 *
 *     comment    : text           any number of lines
 *     type       event: text
 *     id         id: text
 *     retry_ms   retry: digits
 *     data       data: text       any number of lines
 *                                 a blank line: the client dispatches the event */
#ifndef SSE_EVENT_H
#define SSE_EVENT_H

#include "sse/base.h"
#include "sse/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The most bytes that one part may have. The limit keeps every sum in the library below SIZE_MAX.
 */
#define SSE_PART_MAX ((size_t)-1 / 16)

/* The longest reconnection time, in milliseconds. With a longer one some clients never reconnect.
 */
#define SSE_RETRY_MAX 2147483647u

/* The parts of an event, in the order in which they are sent. An event without any part is refused.
 *
 * The format has had these five parts since 2009, so this struct is frozen. */
typedef struct sse_event {
    sse_str comment;   /* lines that clients ignore; empty: a lone colon */
    sse_str type;      /* absent or empty: the client uses "message" */
    sse_str id;        /* absent: the client keeps its last event ID; empty: it forgets it */
    uint32_t retry_ms; /* the reconnection time, 1 to SSE_RETRY_MAX; 0: absent */
    sse_str data;      /* absent: nothing is dispatched; empty: the data is "" */
} sse_event;

/* Encodes one event.
 *
 *   ev    the event; its ranges are read during the call
 *   dst   where the bytes go, cap bytes; NULL with cap 0 to measure
 *   cap   bytes available at dst
 *   len   out: bytes written, or needed where the result is SSE_E_SPACE, else 0; always written
 *
 * A line feed, a carriage return, and the pair of both (one break, not two) start a new line of
 * data or comment; the client joins the lines of data with line feeds. Everything else in data
 * arrives unchanged: leading spaces, blank lines, line breaks at the end. The bytes end in the
 * blank line, so that the bytes after them are another event.
 *
 * Returns
 *   SSE_OK        *len bytes are at dst;
 *   SSE_E_ARG     ev or len is NULL, dst is NULL and cap is not 0, a range is NULL with a length,
 *                 or the event has no part;
 *   SSE_E_RANGE   retry_ms is above SSE_RETRY_MAX;
 *   SSE_E_TOOBIG  a part is longer than SSE_PART_MAX; no byte of it was read;
 *   SSE_E_FIELD   type fails sse_type_valid, or id fails sse_id_valid;
 *   SSE_E_SPACE   cap is too small; *len is the need; the contents of dst are unspecified.
 *
 * What clients do with it:
 * - Events of type "error" and "open" are legal, but a page that uses EventSource cannot tell them
 *   from the events of the same names that EventSource itself dispatches.
 * - Firefox drops an id that comes without data: send an id together with data.
 * - Some fetch-based clients keep an id when they have read its line, before the event is complete.
 *   If the connection breaks between that line and the end of the event, such a client resumes
 *   after an event that it never had. The id precedes the data; a long event keeps that gap open
 *   for long.
 *
 * Cost: one pass, one copy. Re-entrant.
 * Spec: #parsing-an-event-stream, #event-stream-interpretation. */
SSE_API int sse_event_encode(const sse_event *ev, void *dst, size_t cap, size_t *len);

/* Encodes one event that is given part by part: sse_event_encode without the struct.
 *
 *   comment, type, id   the ranges; NULL with length 0 is absent
 *   retry_ms            the reconnection time; 0: absent
 *   data                the data, which is always present; NULL with length 0 is ""
 *   dst, cap, len       as above
 *
 * Returns as sse_event_encode, except that the event always has a part. */
SSE_API int sse_event_encode_parts(const char *comment, size_t comment_len, const char *type,
                                   size_t type_len, const char *id, size_t id_len,
                                   uint32_t retry_ms, const char *data, size_t data_len, void *dst,
                                   size_t cap, size_t *len);

/* Encodes a comment, which clients ignore. NULL with length 0 is a lone colon.
 *
 * Returns SSE_OK; SSE_E_ARG where text is NULL with a length, dst is NULL and cap is not 0, or len
 * is NULL; SSE_E_TOOBIG where text is longer than SSE_PART_MAX; SSE_E_SPACE where cap is too small,
 * and then *len is the need. */
SSE_API int sse_event_encode_comment(const char *text, size_t text_len, void *dst, size_t cap,
                                     size_t *len);

/* Encodes a reconnection time alone. Some clients read it only in an event that has a type or data.
 *
 * Returns SSE_OK; SSE_E_ARG where dst is NULL and cap is not 0, or len is NULL; SSE_E_RANGE where
 * retry_ms is 0 or above SSE_RETRY_MAX; SSE_E_SPACE where cap is too small, and then *len is the
 * need. */
SSE_API int sse_event_encode_retry(uint32_t retry_ms, void *dst, size_t cap, size_t *len);

/* The constants, for bindings: sizeof(sse_event), SSE_PART_MAX, and SSE_RETRY_MAX. */
SSE_API size_t sse_event_size(void);
SSE_API size_t sse_event_part_max(void);
SSE_API uint32_t sse_event_retry_max(void);

#ifdef __cplusplus
}
#endif

#endif
