/* SPDX-License-Identifier: MIT */
/* last_id.h - private: the last event ID in what came from a client. It needs no response head, so
 * that a channel links none.
 *
 * Spec: #the-last-event-id-header. */
#ifndef SSE_LAST_ID_H
#define SSE_LAST_ID_H

#include "sse/status.h"

/* Finds the last event ID in the value of a Last-Event-ID field and in a query.
 *
 *   header   the value as it came; NULL, empty or blank: no id, and the query counts
 *   query    the query as it came, with or without its '?'; NULL: none. Known are lastEventId,
 *            last_event_id, last-event-id and evs_last_event_id, in any letter case; the first one
 *            whose value is not empty counts
 *   dst      where an id from the query is decoded to, cap bytes; NULL with cap 0 measures
 *   id       out, not NULL: the id, in header or in dst; absent where the client sent none. After
 *            an error there is only its length: the need after SSE_E_SPACE, else 0
 *
 * Returns SSE_OK;
 *   SSE_E_ARG     header, query or dst is NULL with a length;
 *   SSE_E_FIELD   the percent-encoding is broken, or the id fails sse_id_valid. The client had some
 *                 place, so this is not a fresh start;
 *   SSE_E_SPACE   an id from the query is longer than cap; it was not checked any further. */
int sse_last_id(const char *header, size_t header_len, const char *query, size_t query_len,
                char *dst, size_t cap, sse_str *id);

#endif
