/* SPDX-License-Identifier: MIT */
/* visit.h - a client of a stream: from its last event ID to the log.
 *
 *     an id --> in the log? ------------------------------------------> joins the channel
 *      ^ ^        | no                                                    ^
 *      | |      Redis: a page from the id on --- has the id: its entries -'  in the log
 *      | |        | has not
 *      | '----- withdrawn? -- gap; it goes on after what was kept
 *      |          | no: wait, or
 *      '-- oldest <-- gap
 *
 * One page at a time is in the writer of the client. Until it has joined, a client with no entries
 * to take gets comments. */
#ifndef RELAY_VISIT_H
#define RELAY_VISIT_H

#include "../ssecat/answer.h"
#include "stream.h"

/* What refuses a stream; and its begin: see answer.h. */
int visit_check(const question *q);
int visit_begin(client *c, const question *q);

/* The client has taken what was in its writer. */
void visit_drained(client *c);

/* Have those that wait look again: the log has grown; or the stream is LIVE, perhaps on another
 * server. */
void visit_wake(stream *s);
void visit_start(stream *s);

/* An entry has come, of which clients may have been told that it is a phantom. */
void visit_has_come(stream *s, const entry_id *id);

/* Do what is due. Returns when to come again. */
uint64_t visit_tick(stream *s);

#endif
