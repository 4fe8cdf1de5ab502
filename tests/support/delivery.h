/* SPDX-License-Identifier: MIT */
/* delivery.h - events through a writer to a client, every way there is. Needs cmocka.
 *
 *     in:   send; put; begin, append, finish, with the data cut in two anywhere, and byte by byte
 *     out:  flush, peek and consume, or read; much at once, or a few bytes at a time
 *     as:   raw, or chunks
 *
 * The queues hardly suffice, so that calls are put off and come again. */
#ifndef TESTS_DELIVERY_H
#define TESTS_DELIVERY_H

#include "parsed.h"
#include "sse/event.h"

/* Demand that a client gets what is wanted, whichever way. Long data is cut near its ends and in
 * the middle only. The name is for the report of a failure. */
void deliver_every_way(const char *name, const sse_event *events, size_t count, const parsed *want);

/* Demand that an event is refused with a status by the encoder and at every entry of the writer,
 * and that the stream goes on as if nothing had been. Its data is not what is wrong with it. */
void refuse_every_way(const char *name, const sse_event *ev, int status);

#endif
