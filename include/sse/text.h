/* SPDX-License-Identifier: MIT */
/* sse/text.h - which bytes may stand in which field, and text that comes in pieces.
 *
 * The encoder asks the first four questions itself. They are public so that a caller can ask before
 * it stores an id, or makes an event type of a user's input. In all functions a pointer may be NULL
 * where its length is 0, and empty text is valid. Cost: one pass. */
#ifndef SSE_TEXT_H
#define SSE_TEXT_H

#include "sse/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Returns 1 if text is well-formed UTF-8, else 0: no overlong form, no surrogate, nothing above
 * U+10FFFF.
 *
 * The encoder passes data and comments through unchanged, and clients replace what is not UTF-8
 * with U+FFFD. A caller that minds checks its data with this function, or repairs it. Spec:
 * #parsing-an-event-stream, "streams must be decoded using the UTF-8 decode algorithm". */
SSE_API int sse_utf8_valid(const char *ptr, size_t len);

/* Returns 1 if text can be an event type, else 0: UTF-8 without control bytes (0x00 to 0x1F, 0x7F).
 * Spec: #event-stream-interpretation, 'If the field name is "event"'. */
SSE_API int sse_type_valid(const char *ptr, size_t len);

/* Returns 1 if text can be an event id, else 0: it could be a type, and has no space at either end.
 * Such an id comes back unchanged in a Last-Event-ID header; others do not, with some clients. But
 * keep ids to ASCII: a client that uses fetch or XMLHttpRequest never comes back with another one.
 * Spec: #the-last-event-id-header; NUL: #event-stream-interpretation. */
SSE_API int sse_id_valid(const char *ptr, size_t len);

/* Returns 1 if each client accepts an id, and a page from another origin that reconnects with it
 * needs no CORS preflight for it, else 0: sse_id_valid, at most 128 bytes, printable ASCII without
 * "():<>?@[\]{}.
 * Spec: Fetch, "CORS-unsafe request-header byte". */
SSE_API int sse_id_portable(const char *ptr, size_t len);

/* Returns how many bytes at the start of a text are whole characters: all of them, except a
 * character at the end that is incomplete.
 *
 * It is for text that comes in pieces which may end inside a character, such as the tokens of a
 * language model. Send that many bytes, and put the rest, three bytes at most, before the next
 * piece. Bytes that cannot become a character are not held back; sse_utf8_repair replaces them.
 * Cost: the last bytes only.
 * Spec: none. */
SSE_API size_t sse_utf8_whole(const char *ptr, size_t len);

/* Copies text and puts U+FFFD where it is not UTF-8, exactly as clients do when they decode it.
 *
 *   src, len    the text, or a piece of it
 *   last        0: more follows, so that an incomplete character at the end is not taken yet. Else:
 *               this is the end, and such a character is replaced
 *   dst, cap    where the result goes; dst and src do not overlap. 3 * len bytes always suffice;
 *               with 4 or more each call makes progress
 *   taken       out: bytes of src that are done; always written
 *   made        out: bytes put at dst, all of them whole characters; always written
 *
 * Put the bytes that were not taken before the next piece.
 * Returns SSE_OK where all is taken, except an incomplete character at the end; SSE_AGAIN where dst
 * is full: call again with the rest; SSE_E_ARG where taken or made is NULL, or src or dst is NULL
 * with a length. Spec: Encoding, "UTF-8 decoder", with "replacement" as the error mode; a byte
 * order mark stays. */
SSE_API int sse_utf8_repair(const char *src, size_t len, int last, char *dst, size_t cap,
                            size_t *taken, size_t *made);

#ifdef __cplusplus
}
#endif

#endif
