/* SPDX-License-Identifier: MIT */
/* offer.h - private: what a subscriber's transport gets next.
 *
 *     history   | 17 | 18 | 19 | 20 |
 *                         ^mark_          first, 17, 18, private, 19, 20
 *     queue     | first | private |
 *               |first_ |
 *
 * First come the first_ bytes of the queue: the response head, a notice (notice.h), the rest or a
 * piece of an event of the history. Then come events of the history, up to mark_ while events for s
 * alone wait in the queue; mark_ is where the history ended when the last of them was sent. */
#ifndef SSE_OFFER_H
#define SSE_OFFER_H

#include "reader.h"

typedef struct sse_offer {
    const char *bytes;
    size_t len;
    sse_run run; /* where they come from; end 0: from the queue */
} sse_offer;

/* Find what comes next; `most` as for sse_reader_find. Returns SSE_OK; SSE_AGAIN: nothing, now;
 * otherwise the reason to close s. */
int sse_offer_find(sse_subscriber *s, size_t most, sse_offer *o);

/* Whether what was found begins with a whole event of the history. */
int sse_offer_is_whole(const sse_subscriber *s, const sse_offer *o);

/* Whether it is certain that nothing comes next: an answer without looking. */
int sse_offer_is_last(const sse_subscriber *s);

/* Take the first n bytes of what was found just now. */
void sse_offer_take(sse_subscriber *s, const sse_offer *o, size_t n);

/* Note that n bytes have gone to the transport. */
void sse_offer_count(sse_subscriber *s, size_t n);

/* Where a part of an event was taken, copy the rest of it into the queue, if it fits: then the
 * history may drop it. */
void sse_offer_keep_rest(sse_subscriber *s);

/* Move bytes of the history that were found just now into the queue, as many as fit. */
void sse_offer_move(sse_subscriber *s, const sse_offer *o);

#endif
