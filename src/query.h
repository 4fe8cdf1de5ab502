/* SPDX-License-Identifier: MIT */
/* query.h - private: the query of a URL, as form data: name=value, joined by '&', percent-encoded.
 *
 * Spec: URL, "application/x-www-form-urlencoded parsing". */
#ifndef SSE_QUERY_H
#define SSE_QUERY_H

#include "sse/status.h"

/* A query without the '?' that it may begin with. */
sse_str sse_query_of(const char *query, size_t len);

/* Cuts the next pair off a query, which becomes absent after the last one. A pair without '=' has
 * an empty value. Both ranges are still encoded. Returns 0 where no pair is left. */
int sse_query_next(sse_str *query, sse_str *name, sse_str *value);

/* Whether an encoded text, once decoded, is `text`. */
int sse_query_is(sse_str encoded, sse_str text);

/* Decodes a text into dst, and stores its decoded length whatever cap is. Returns SSE_OK;
 * SSE_E_FIELD where the encoding is broken (*len is 0); SSE_E_SPACE where it is longer than cap. */
int sse_query_decode(sse_str encoded, char *dst, size_t cap, size_t *len);

#endif
