/* SPDX-License-Identifier: MIT */
/* sse/http.h - every answer that a route of streams gives: the stream, refusals, preflights.
 *
 * A raw connection gets the answer into its queue: sse_http_send. A server with a header API gets
 * the fields as a list, sse_http_fields, and only the first bytes of the body into the queue. What
 * is asked about a request is in sse/http_request.h. */
#ifndef SSE_HTTP_H
#define SSE_HTTP_H

#include "sse/status.h"

#ifdef __cplusplus
extern "C" {
#endif

struct sse_writer; /* sse/writer.h */

/* A header field. */
typedef struct sse_http_field {
    sse_str name;
    sse_str value;
} sse_http_field;

/* Which connection fields an answer has: sse_http_answer.version. */
enum sse_http_version {
    SSE_HTTP_MANAGED = 0, /* none: HTTP/2, HTTP/3, or a server that manages connections itself */
    SSE_HTTP_1_0 = 10,    /* those of a raw connection that speaks HTTP/1.0 */
    SSE_HTTP_1_1 = 11     /* those of a raw connection that speaks HTTP/1.1 */
};

/* sse_http_answer.flags. The bits of all flags in the library are disjoint. */
enum sse_http_flag {
    SSE_HTTP_CHUNKED = 0x100,     /* the body of a stream is chunks; HTTP/1.1 only */
    SSE_HTTP_CREDENTIALS = 0x200, /* with an origin that is not "*": pages may send cookies */
    SSE_HTTP_PREFLIGHT = 0x400    /* 204 answers OPTIONS, such as a preflight; only for 204 */
};

/* The first bytes of a stream: sse_http_answer.first. A client sees that the stream is open when
 * they arrive: Firefox and some proxies wait for them. */
enum sse_http_first {
    SSE_HTTP_FIRST_BLOCK = 0, /* ":" or "retry: N", and a blank line */
    SSE_HTTP_FIRST_LINE = 1,  /* the same without the blank line, so that it belongs to the first
                                 event: fetch-event-source calls onmessage for a block of its own,
                                 openai-python fails at one that has a retry, or once there was
                                 an id, and htmx 4 reads a retry only in a block with data or a
                                 type */
    SSE_HTTP_FIRST_TYPED = 2, /* "event: retry", "retry: N", a blank line: dispatches nothing in a
                                 browser, and htmx 4 reads it. The openai SDK and graphql-sse
                                 fail at it.
                                 Without retry_ms as SSE_HTTP_FIRST_BLOCK */
    SSE_HTTP_FIRST_NONE = 3   /* nothing: the request was HEAD, or other bytes follow at once */
};

enum sse_http_size {
    SSE_HTTP_FIELDS_MAX = 10, /* the most fields that an answer has, without the caller's */
    SSE_HTTP_SCRATCH = 16     /* bytes that a list needs for the text of a number */
};

/* An answer that a route of streams gives. All-zero is a stream, managed, without CORS. It can be
 * constant; the library reads it, and what it points at, during the call.
 *
 *   200                  the stream
 *   200 with retry_ms,   come back later: an EventSource reconnects after retry_ms. Spread the
 *   then close           times with sse_retry_spread, or all clients return at once
 *   204                  stop: an EventSource does not reconnect. htmx does, and clients that use
 *                        fetch may; a last event of an agreed type is the portable end of a stream
 *   204 with             the answer to OPTIONS: the methods, and with an origin what a page may
 *   SSE_HTTP_PREFLIGHT   send. Without it, a fetch with Last-Event-ID fails across origins
 *   400 to 599           a refusal: an EventSource gives up for good; other clients read it, or come
 *                        back, htmx 2 without its id. 405 has Allow; 429 and 503 have
 *                        Retry-After, where retry_ms is set; 401 needs a WWW-Authenticate among
 *                        the extra fields
 *
 * Answers other than the stream have no content; over HTTP/1 they end the connection. HEAD is
 * answered like GET, with SSE_HTTP_FIRST_NONE. */
typedef struct sse_http_answer {
    int version;       /* enum sse_http_version */
    int status;        /* 200, 204, or 400 to 599; 0: 200 */
    uint32_t flags;    /* enum sse_http_flag */
    uint32_t retry_ms; /* 200: the reconnection time; 429, 503: Retry-After, rounded up to
                          seconds; 0: none. Other statuses ignore it */
    int first;         /* enum sse_http_first */
    sse_str origin;    /* Access-Control-Allow-Origin: "*" or one origin; absent: no CORS */
    sse_str methods;   /* of this route, for 405 and a preflight; absent: GET, HEAD, OPTIONS */
    sse_str headers;   /* that a page may send beside Last-Event-ID and Cache-Control, for a
                          preflight: "authorization, content-type"; absent: none */
    const sse_http_field *extra; /* further fields of the caller's; NULL where extra_count is 0 */
    size_t extra_count;
} sse_http_answer;

/* Gets the fields of an answer as a list, for a server with a header API. The server sends the
 * status; where it is 200, the body begins with what sse_http_send queues.
 *
 *   a         the answer
 *   fields    where the list goes, cap fields; NULL with cap 0 counts
 *   scratch   SSE_HTTP_SCRATCH bytes for the text of Retry-After; NULL where cap is 0
 *   count     out: fields written, or needed where the result is SSE_E_SPACE, else 0; always
 *             written
 *
 * The list points into the answer, scratch, and constants. Names and values of the library's own
 * end in NUL; its names are in lower case. The caller's fields come last, as they are: give lower
 * case over HTTP/2. A name may occur more than once: add fields, do not replace them.
 *
 * Returns SSE_OK;
 *   SSE_E_ARG     a or count is NULL, fields or scratch is NULL with cap above 0, the version,
 *                 first or a flag is unknown, a stream has SSE_HTTP_CHUNKED without HTTP/1.1, a
 *                 status other than 204 has SSE_HTTP_PREFLIGHT, the origin "*" has
 *                 SSE_HTTP_CREDENTIALS, or a range or extra is NULL with a length;
 *   SSE_E_RANGE   the status is none of those above, or retry_ms is above 2^31-1;
 *   SSE_E_TOOBIG  origin, methods, headers and extra fields together pass SSE_PART_MAX;
 *   SSE_E_FIELD   a name is no token; a value holds a control byte other than tab, or begins or
 *                 ends in a blank; origin, methods or headers is empty; or an extra field is one
 *                 that the answer or the framing owns: Content-Type, Content-Length, Allow,
 *                 Connection and the like;
 *   SSE_E_SPACE   cap is too small; *count is the need.
 *
 * Spec: RFC 9110, section 5; RFC 9113, section 8.2; Fetch, "CORS protocol". */
SSE_API int sse_http_fields(const sse_http_answer *a, sse_http_field *fields, size_t cap,
                            char *scratch, size_t *count);

/* Writes an answer as text, for a raw HTTP/1 connection: status line, fields, and the first bytes
 * of the body. The events follow.
 *
 *   a     the answer; its version is not SSE_HTTP_MANAGED
 *   dst   where the bytes go, cap bytes; NULL with cap 0 measures
 *   len   out: bytes written, or needed where the result is SSE_E_SPACE, else 0; always written
 *
 * Without SSE_HTTP_CHUNKED the end of the connection ends the stream, and the text says so. Then a
 * client cannot tell a cut from the end; sse.js dispatches what has come of an event.
 *
 * Returns SSE_OK;
 *   SSE_E_ARG     len is NULL, dst is NULL with cap above 0, the version is SSE_HTTP_MANAGED, which
 *                 has no text, or as sse_http_fields;
 *   SSE_E_RANGE, SSE_E_TOOBIG, SSE_E_FIELD   as sse_http_fields;
 *   SSE_E_SPACE   cap is too small; *len is the need; what dst holds is unspecified.
 *
 * Spec: RFC 9112, sections 4 to 7. */
SSE_API int sse_http_head(const sse_http_answer *a, void *dst, size_t cap, size_t *len);

/* Queues an answer: what sse_http_head writes; where the version is SSE_HTTP_MANAGED, the first
 * bytes of the body alone, for a server that has sent the list. Then queue the events of the
 * stream, or join a channel; after any other answer call sse_writer_close.
 *
 *   w   the queue of the connection, before its first event; it frames chunks where the answer does
 *
 * Returns SSE_OK; otherwise nothing was queued:
 *   SSE_AGAIN, SSE_E_TOOBIG   it does not fit now; it never fits;
 *   SSE_E_STATE, SSE_E_IO     w has had an event, or is closed; its sink has failed;
 *   SSE_E_ARG                 w is no writer, one of the two frames chunks and the other does not,
 *                             or as sse_http_fields;
 *   SSE_E_RANGE, SSE_E_TOOBIG, SSE_E_FIELD   as sse_http_fields.
 *
 * Spec: #the-eventsource-interface; #event-stream-interpretation, on "retry". */
SSE_API int sse_http_send(const sse_http_answer *a, struct sse_writer *w);

/* Gets one field of an answer without a struct: number `index`, counted from 0, of the list. Such
 * an answer has no extra fields, and headers are absent.
 *
 *   origin, methods       as in the struct; NULL with length 0: absent
 *   dst                   gets the name, NUL, the value, NUL; cap bytes; NULL with cap 0 measures
 *   name_len, value_len   out: lengths without the NUL; 0 except after SSE_OK and SSE_E_SPACE;
 *                         always written
 *
 * Returns SSE_OK;
 *   SSE_END       the list has no more than index fields;
 *   SSE_E_ARG     name_len or value_len is NULL, dst is NULL with cap above 0, or as
 *                 sse_http_fields;
 *   SSE_E_RANGE, SSE_E_TOOBIG, SSE_E_FIELD   as sse_http_fields;
 *   SSE_E_SPACE   cap is below *name_len + *value_len + 2. */
SSE_API int sse_http_field_parts(int version, int status, uint32_t flags, uint32_t retry_ms,
                                 const char *origin, size_t origin_len, const char *methods,
                                 size_t methods_len, size_t index, char *dst, size_t cap,
                                 size_t *name_len, size_t *value_len);

/* sse_http_head and sse_http_send without a struct; methods are absent, too. They return as their
 * twins do. */
SSE_API int sse_http_head_parts(int version, int status, uint32_t flags, uint32_t retry_ms,
                                int first, const char *origin, size_t origin_len, void *dst,
                                size_t cap, size_t *len);
SSE_API int sse_http_send_parts(int version, int status, uint32_t flags, uint32_t retry_ms,
                                int first, const char *origin, size_t origin_len,
                                struct sse_writer *w);

/* Returns sizeof(sse_http_field), sizeof(sse_http_answer), for bindings that lay them out by hand.
 */
SSE_API size_t sse_http_field_size(void);
SSE_API size_t sse_http_answer_size(void);

/* Returns SSE_HTTP_FIELDS_MAX, SSE_HTTP_SCRATCH. */
SSE_API size_t sse_http_fields_max(void);
SSE_API size_t sse_http_scratch(void);

#ifdef __cplusplus
}
#endif

#endif
