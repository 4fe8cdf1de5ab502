/* SPDX-License-Identifier: MIT */
/* put.h - what a client gets before it has joined: entries and gaps, in its writer. */
#ifndef RELAY_PUT_H
#define RELAY_PUT_H

#include "visitor.h"

enum {
    PUT_PAGE = 32 * 1024, /* bytes of the writer, where no event is longer */
    PUT_FRAME = 128       /* bytes of the fields of an event without its data, at most */
};

/* Make the event of an entry; text: for a gap in place of one that is too large. Returns 1, 0 where
 * the client does not see it, or -1 where there is no memory. */
int put_make(const visit *v, const entry *e, entry_event *made, char text[GAP_MAX]);

/* Have the writer, which is empty, take so many bytes, or a page. Returns 0, or -1 where there is
 * no memory. */
int put_make_room(visit *v, size_t len);

/* Put an entry. One that is larger than the writer gets a larger one, once that is empty. Returns
 * SSE_OK, or SSE_AGAIN. */
int put_entry(visit *v, const entry *e);

/* Put the gap that a client is to be told of. resume: what follows, or NULL. place: where the client
 * goes on, if that is known: it comes back with that, and is not told again. Returns 1, or -1 where
 * the stream ends with it: v may be gone. */
int put_gap(visit *v, const entry_id *resume, const entry_id *place);

#endif
