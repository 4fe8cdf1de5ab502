/* sse/text.h - which bytes may stand in which field. Predicates only: 1 for yes, 0 for no.
 *
 * The encoder asks these questions itself. They are public so that a caller can ask first: before
 * it stores an id, before it makes an event type of a user's input.
 *
 * In all of them ptr may be NULL where len is 0; empty text passes. Cost: one pass. */
#ifndef SSE_TEXT_H
#define SSE_TEXT_H

#include "sse/base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Tell whether text is well-formed UTF-8: no overlong form, no surrogate, nothing past U+10FFFF.
 *
 * Data and comments are passed through as they are, and clients put U+FFFD for what is not UTF-8;
 * a caller who minds checks its data with this.
 * Spec: #parsing-an-event-stream, "streams must be decoded using the UTF-8 decode algorithm". */
SSE_API int sse_utf8_valid(const char *ptr, size_t len);

/* Tell whether text can be an event type: UTF-8 without control bytes (0x00 to 0x1F, 0x7F).
 * Spec: #event-stream-interpretation, 'If the field name is "event"'. */
SSE_API int sse_type_valid(const char *ptr, size_t len);

/* Tell whether text can be an event id: as a type, and without a space at either end. Such an id
 * comes back unchanged in a Last-Event-ID header; any other does not from some client.
 * Spec: #the-last-event-id-header; NUL: #event-stream-interpretation. */
SSE_API int sse_id_valid(const char *ptr, size_t len);

/* Tell whether an id is accepted by every client and free of a CORS preflight when a cross-origin
 * page reconnects: sse_id_valid, at most 128 bytes, printable ASCII without "():<>?@[\]{}.
 * Spec: Fetch, "CORS-unsafe request-header byte". */
SSE_API int sse_id_portable(const char *ptr, size_t len);

#ifdef __cplusplus
}
#endif

#endif
