/* SPDX-License-Identifier: MIT */
/* encoding.h - the one way in which tests encode an event: in every way there is. Needs cmocka. */
#ifndef TESTS_ENCODING_H
#define TESTS_ENCODING_H

#include "sse/event.h"

/* The parts of an event, for what holds for each of them. */
enum part { COMMENT, ID, TYPE, DATA, PARTS };

sse_str *part_of(sse_event *ev, enum part part);

/* An event that has one part and no other. */
sse_event with(enum part part, const char *ptr, size_t len);
#define WITH(part, text) with(part, "" text, sizeof(text) - 1)

/* Encode an event that is legal, and demand all that its contract promises:
 *
 *   - at every capacity from 0 to the need (long ones: at many) the result is exact, and nothing
 *     is written ahead of dst, past the length, or past the capacity, where a page ends;
 *   - nothing is read past a part, since each ends where a page ends;
 *   - measuring, writing and refusing for lack of space agree on the length;
 *   - the reference parser gets from the bytes what the event says, and nothing else.
 *
 * Returns the bytes. They are good until the next call. */
sse_str encode(const sse_event *ev);

/* Demand that an event is refused with a status, whatever the capacity: *len is 0, and nothing is
 * written. The parts are given to the encoder as they are. */
void assert_refused(const sse_event *ev, int status);

/* Copy the parts of an event to where a page ends. The result is good until the next call of any
 * of these functions. */
sse_event placed(const sse_event *ev);

#endif
