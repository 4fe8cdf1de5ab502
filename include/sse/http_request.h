/* SPDX-License-Identifier: MIT */
/* sse/http_request.h - what a client asks for: Accept, Last-Event-ID, and the query of its URL.
 *
 * This is no parser of requests: the server passes the values of the fields that it has parsed. An
 * absent field is NULL with length 0 everywhere. */
#ifndef SSE_HTTP_REQUEST_H
#define SSE_HTTP_REQUEST_H

#include "sse/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Returns 1 where a client accepts a stream, else 0: answer 406, or with another representation.
 *
 *   accept   the value of its Accept field; several fields are joined by commas; NULL or blank: the
 *            client takes anything
 *
 * Weights, wildcards and quoted strings count; letter case does not. The most exact media range
 * decides; of two weights for one range, the higher one. Only a weight of zero refuses: what breaks
 * the grammar is read as it is meant (q=.9, q=0,5, a lone star) or left out, and a field without
 * any media range takes anything. Cost: one pass.
 * Spec: RFC 9110, sections 12.4.2 and 12.5.1. */
SSE_API int sse_http_accepts(const char *accept, size_t len);

/* Returns the same for another media type, such as "application/json", which may be in any letter
 * case: for a route that serves several, and answers 406 where none is accepted. */
SSE_API int sse_http_accepts_type(const char *accept, size_t len, const char *type,
                                  size_t type_len);

/* Returns 1 where a client prefers a stream to another representation, else 0: for a route that
 * serves both.
 *
 *   accept   as for sse_http_accepts
 *   other    the media type of the other one, "application/json"
 *
 * The stream is preferred where it has the higher weight, or the same, above 0, and is named more
 * exactly. So an EventSource gets the stream, and curl, which sends any type, gets the other.
 * Spec: RFC 9110, section 12.5.1. */
SSE_API int sse_http_prefers(const char *accept, size_t len, const char *other, size_t other_len);

/* Gets the last event ID that a client has sent, for a server without a channel.
 *
 *   header   the value of its Last-Event-ID field; NULL, empty or blank: no id, the query counts
 *   query    the query of its URL, percent-encoded, with or without the "?"; NULL: none. Known are
 *            lastEventId, last_event_id, last-event-id and evs_last_event_id, in any letter case;
 *            for another name, use sse_http_query
 *   dst      where the id goes, cap bytes; no NUL is added. NULL with cap 0 measures
 *   len      out: bytes of the id; 0: none, a fresh start; the need where the result is
 *            SSE_E_SPACE; always written
 *
 * Returns SSE_OK;
 *   SSE_E_ARG     len is NULL, or dst, header or query is NULL with a length;
 *   SSE_E_FIELD   this was never an id: it fails sse_id_valid, or is wrongly percent-encoded. It is
 *                 no fresh start: answer 400, or treat it as an unknown id; *len is 0;
 *   SSE_E_SPACE   it is longer than cap. If cap is your longest id, treat it as an unknown id. One
 *                 from a query was not checked any further.
 * Spec: #the-last-event-id-header. */
SSE_API int sse_http_last_event_id(const char *header, size_t header_len, const char *query,
                                   size_t query_len, char *dst, size_t cap, size_t *len);

/* Gets the value of a name in a query, percent-decoded: a topic, a token, an id under a name of the
 * application's own.
 *
 *   query    the query of the URL, percent-encoded, with or without the "?"; NULL: none
 *   name     the name, not encoded; letter case counts
 *   dst      where the value goes, cap bytes; no NUL is added. NULL with cap 0 measures
 *   len      out: bytes of the value; 0: the name is not there, or has no value; the need where the
 *            result is SSE_E_SPACE; always written
 *
 * Of several values the first one that is not empty counts. The value is any bytes, of an unknown
 * sender: check it before use (sse_utf8_valid, sse_id_valid).
 *
 * Returns SSE_OK;
 *   SSE_E_ARG     len is NULL, name is NULL or empty, or query or dst is NULL with a length;
 *   SSE_E_FIELD   the value is wrongly percent-encoded; *len is 0;
 *   SSE_E_SPACE   it is longer than cap.
 * Spec: URL, "application/x-www-form-urlencoded parsing". */
SSE_API int sse_http_query(const char *query, size_t query_len, const char *name, size_t name_len,
                           char *dst, size_t cap, size_t *len);

#ifdef __cplusplus
}
#endif

#endif
