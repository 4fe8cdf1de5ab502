/* SPDX-License-Identifier: MIT */
/* reader.h - private: what the history has for a subscriber.
 *
 *     history     | 17 | 18 | 19 | 20 | 21 | 22 |
 *                        ^next_    ^ hidden
 *     run               |---------|                  events in one piece of memory, all shown
 *
 * at_ bytes of the event next_ have been taken. */
#ifndef SSE_READER_H
#define SSE_READER_H

#include "sse/subscriber.h"

typedef struct sse_run {
    const char *ptr;
    size_t len;
    uint64_t end; /* the number after the last event of it */
} sse_run;

/* Find the next run, and move s past what is hidden from it.
 *
 *   until   only events before this number
 *   most    the run ends with the event that reaches this many bytes; 0: with its first event
 *
 * Returns SSE_OK; SSE_AGAIN: there is none; SSE_GAP: the history has dropped the event that comes
 * next; SSE_E_TORN: and s had taken a part of it. */
int sse_reader_find(sse_subscriber *s, uint64_t until, size_t most, sse_run *run);

/* Take the first n bytes of a run that was found just now. */
void sse_reader_take(sse_subscriber *s, const sse_run *run, size_t n);

#endif
