/* sse/http.h - the HTTP around a stream: the response head, refusals, Accept, Last-Event-ID.
 *
 * Neither a server nor a parser of requests: it takes the values of the fields that the server has
 * parsed, and gives back the fields of the answer, as a list for servers with a header API of
 * their own, or as text for a raw socket. Both come from one description. */
#ifndef SSE_HTTP_H
#define SSE_HTTP_H

#include "sse/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A header field. */
typedef struct sse_field {
    sse_str name;
    sse_str value;
} sse_field;

/* Who owns the connection: sse_head.version. */
enum sse_http_version {
    SSE_HTTP_2 = 0,   /* HTTP/2, HTTP/3, or a server that manages connections itself: no fields */
    SSE_HTTP_1_0 = 1, /* a raw connection that speaks HTTP/1.0 */
    SSE_HTTP_1_1 = 2  /* a raw connection that speaks HTTP/1.1 */
};

/* sse_head.flags. The bits of all flags in the library are disjoint. */
enum sse_head_flag {
    SSE_HEAD_CHUNKED = 0x100,    /* the body is HTTP/1.1 chunks */
    SSE_HEAD_CREDENTIALS = 0x200 /* let a page send cookies across origins */
};

/* What the head says. All-zero is a stream over HTTP/2 without CORS.
 *
 * Refusals are heads, too, and there are three, since EventSource knows three:
 *
 *   status 204                  go away for good: the client does not reconnect
 *   status 503, retry_ms        full: an error page to fetch, proxies and probes. EventSource gives
 *                               up for good, as at any status but 200
 *   status 200, retry_ms, and   come back later: the client reconnects after retry_ms. Use
 *   the connection is closed    sse_retry_spread, or they all come back at once */
typedef struct sse_head {
    int version;            /* enum sse_http_version */
    int status;             /* 0 or 200: the stream; 204; 503 */
    uint32_t flags;         /* SSE_HEAD_CHUNKED (only HTTP/1.1, only status 200), SSE_HEAD_CREDENTIALS */
    uint32_t retry_ms;      /* reconnection time; 0: none. 503: Retry-After, rounded up to s */
    sse_str allow_origin;   /* Access-Control-Allow-Origin: "*" or one origin; absent: none */
    const sse_field *extra; /* further fields of the caller's; NULL where extra_count is 0 */
    size_t extra_count;
    char digits_[12]; /* holds the text of Retry-After, which a list points at */
} sse_head;

/* The most fields that a list has beside the caller's. */
#define SSE_HTTP_FIELDS_MAX 8

/* Write the head as a list of fields, for a server with a header API; the status code is the
 * server's to send.
 *
 *   head     the description; the list points into it, and is good while it stays unchanged
 *   fields   where the list goes, cap fields; NULL with cap 0 counts
 *   count    out: fields written, or needed where the result is SSE_E_SPACE, else 0; always written
 *
 * Names are in lower case, as HTTP/2 demands and HTTP/1 allows; the caller's stay as they are.
 * Send a comment or an event right behind it: Firefox fires "open" at the first byte of the body.
 *
 * Returns SSE_OK;
 *   SSE_E_ARG     head or count is NULL, fields is NULL with cap above 0, the version or a flag is
 *                 unknown, SSE_HEAD_CHUNKED without HTTP/1.1 or status 200, SSE_HEAD_CREDENTIALS without one
 *                 origin, a range is NULL with a length, or extra is NULL with a count;
 *   SSE_E_RANGE   the status is none of those above, or retry_ms is above 2^31-1;
 *   SSE_E_TOOBIG  the fields are longer than SSE_PART_MAX, one or all of them;
 *   SSE_E_FIELD   a name is no token, or in upper case over HTTP/2; a value holds a control byte,
 *                 but for a tab, or begins or ends in a blank; the origin is empty; or the
 *                 caller's field is one that the head, or the framing, owns: Content-Type,
 *                 Content-Length, Connection and their kin;
 *   SSE_E_SPACE   cap is too small.
 *
 * Spec: RFC 9110, section 5; RFC 9113, section 8.2; Fetch, "CORS protocol". */
SSE_API int sse_http_fields(sse_head *head, sse_field *fields, size_t cap, size_t *count);

/* Write the head as text for a raw HTTP/1 connection, and behind it the first bytes of the body: a
 * comment, or the retry line where retry_ms is set. Then come the events.
 *
 *   dst   where the bytes go, cap bytes; NULL with cap 0 measures
 *   len   out: bytes written, or needed where the result is SSE_E_SPACE, else 0; always written
 *
 * Without SSE_HEAD_CHUNKED the end of the connection is the end of the stream, and the head says so.
 *
 * Returns as sse_http_fields; SSE_E_ARG also for SSE_HTTP_2, which has no text.
 * Spec: RFC 9112, sections 4 to 7; #the-eventsource-interface, on the first bytes. */
SSE_API int sse_http_head(sse_head *head, void *dst, size_t cap, size_t *len);

/* Tell whether a client can be sent a stream.
 *
 *   accept   the value of its Accept field; NULL, or blank: it takes anything
 *
 * Weights, wildcards, quoted strings and q=0 are honoured; letter case is not. Of two weights for
 * one media range the higher counts. Where this is 0 the answer is 406, or another representation.
 * Returns 1 or 0.
 * Spec: RFC 9110, section 12.5.1. */
SSE_API int sse_http_accepts(const char *accept, size_t len);

/* Tell the same of another media type, such as "application/json": for a route that serves several
 * and answers 406 where none of them fits. */
SSE_API int sse_http_accepts_type(const char *accept, size_t len, const char *type,
                                  size_t type_len);

/* Tell whether a client would rather have a stream than a plain answer: for a route that serves
 * both.
 *
 *   accept   as for sse_http_accepts
 *   other    the media type of the plain answer, "application/json"
 *
 * Returns 1 where the stream has the higher weight, or the same, above 0, and is named more
 * exactly; else 0. So EventSource gets the stream, and curl, with its "any type", gets the plain
 * answer. */
SSE_API int sse_http_prefers(const char *accept, size_t len, const char *other, size_t other_len);

/* Find where a client wants to resume.
 *
 *   header   the value of its Last-Event-ID field; NULL: it sent none
 *   query    the query of its URL, without the "?"; NULL: it has none. It is searched where there
 *            is no header, for lastEventId or last_event_id, and percent-decoded
 *   dst      where the id goes, cap bytes; it is not ended by a NUL. NULL with cap 0 measures
 *   len      out: bytes of the id; 0: none, a fresh start; the need where the result is
 *            SSE_E_SPACE; always written
 *
 * Returns SSE_OK;
 *   SSE_E_ARG     len is NULL, dst is NULL with cap above 0, or header or query is NULL with a
 *                 length;
 *   SSE_E_FIELD   this was never an id: it fails sse_id_valid, or is wrongly percent-encoded.
 *                 Answer 400, or treat it as unknown; *len is 0;
 *   SSE_E_SPACE   it is longer than cap, so it is none of yours if cap is your longest: unknown.
 *                 What it holds was not checked.
 * Spec: #the-last-event-id-header. */
SSE_API int sse_http_last_event_id(const char *header, size_t header_len, const char *query,
                                   size_t query_len, char *dst, size_t cap, size_t *len);

/* Tell sizeof(sse_field) and sizeof(sse_head), for bindings that lay them out by hand. */
SSE_API size_t sse_field_size(void);
SSE_API size_t sse_head_size(void);

#ifdef __cplusplus
}
#endif

#endif
