/* SPDX-License-Identifier: MIT */
/* twin.h - the plain twin of a history: a list of all events that it was ever given, beside what it
 * has to hold of them.
 *
 *     list        1  2  3  4  5  6  7        event n is list[n - 1]
 *     the real one         ^first    ^end */
#ifndef TESTS_TWIN_H
#define TESTS_TWIN_H

#include "fuzz.h"
#include "history_layout.h"

enum { TWIN_EVENTS_MAX = 2048, TWIN_KEPT_MAX = 16 };

typedef struct past {
    sse_str bytes; /* as they are stored; with its number in them, so no two are the same */
    sse_str id;    /* absent: it has none */
    uint64_t tag, key, time_ms;
    uint64_t newer; /* the next event with its tag and key; 0: none */
    uint64_t first; /* the oldest event of the history when this one had come */
} past;

extern struct twin {
    sse_history *real;
    size_t size, room;
    uint32_t events, flags;
    uint64_t epoch, born, first, end;
    uint64_t old_born;               /* of the run before; 0: its newest event is gone */
    char origin[24], old_origin[24]; /* of automatic ids, with the hyphen */
} twin;

/* Begin with an empty history of a geometry that the input chooses. */
void twin_begin(input *in);

/* Open the real one, with the epoch of the twin, and note the origin of its ids. */
void twin_open(void);

/* Event n, which was given. */
const past *twin_event(uint64_t n);

/* The automatic id of event n, and that with this number of the run before. */
sse_str twin_id(uint64_t n);
sse_str twin_old_id(uint64_t n);

/* An event of the input's, with a word for its number before its data. */
sse_event twin_take(input *in, char word, uint64_t number);

/* An event as it is stored, or queued: encoded, and framed if there are chunks. */
sse_str twin_stored(const sse_event *ev);

/* What the history must return when it is given an event; where it is SSE_OK, what is to be added.
 */
int twin_expects(const sse_event *ev, uint64_t tag, uint64_t key, uint64_t time_ms, past *p);
void twin_add(const past *p);

/* Events that are older than a time are dropped. */
void twin_expire(uint64_t before_ms);

/* Where a client with this id goes on; 0: that cannot be said. */
uint64_t twin_after(sse_str id);

#endif
