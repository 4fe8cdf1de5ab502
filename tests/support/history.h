/* SPDX-License-Identifier: MIT */
/* history.h - the plain twin of a history: a list of all events that it was ever given, beside what
 * it has to hold of them. Needs cmocka.
 *
 *     list        1  2  3  4  5  6  7        event n is list[n - 1]
 *     the real one         ^first    ^end    not one more, not one less
 *
 * An event lies in one piece: after the one before it, or at the start of the room, whichever is
 * free when the fewest have gone. Each function that changes the real history does the same to the
 * list, and demands what the contract says of the result. The real one is in memory that ends where
 * an unmapped page begins. */
#ifndef TESTS_HISTORY_H
#define TESTS_HISTORY_H

#include "guard.h"
#include "sse/history.h"

#define HISTORY_MAX       512
#define HISTORY_TEXT_MAX  256
#define HISTORY_BYTES_MAX (HISTORY_TEXT_MAX + 128)
#define HISTORY_TAGS      3 /* tags are below this */

/* The name that the real ones get. */
#define HISTORY_NAME     "/events/news"
#define HISTORY_NAME_LEN (sizeof HISTORY_NAME - 1)

/* The longest text before the number in an id, and its end. */
#define HISTORY_ORIGIN_MAX 20

/* An event that was given to the history. */
typedef struct past {
    sse_event ev; /* with the id that it got */
    char id[SSE_HISTORY_ID_MAX];
    char data[HISTORY_TEXT_MAX];
    uint64_t base, tag, key, at_ms; /* base: as below, when it was given */
    char bytes[HISTORY_BYTES_MAX];  /* as they stand in the history: encoded, and framed */
    size_t stored;                  /* how many */
    size_t at;                      /* where in the room */
} past;

/* Must not be moved: the events point into it. */
typedef struct history {
    guard memory;
    sse_history *real;
    size_t size;
    uint32_t events, flags;
    size_t room;
    uint64_t epoch;                  /* of this run; 0: the ids are the caller's */
    uint64_t base;                   /* the number of its first event */
    char origin[HISTORY_ORIGIN_MAX]; /* of its ids, as the real one gives it */
    uint64_t old_base;               /* of the run before; 0: the real one may know it or not */
    char old_origin[HISTORY_ORIGIN_MAX];
    uint64_t first, end;
    past list[HISTORY_MAX];
    size_t count;
} history;

/* Begin with an empty history of that geometry, in garbage. */
void history_begin(history *h, uint32_t events, size_t room, uint32_t flags, uint64_t epoch);
void history_end(history *h);

/* Append an event that is len bytes when encoded, or as near to it as its id allows; the data of
 * neighbours differs. Where ids are the caller's, all have one but each fourth. Returns as
 * sse_history_append. */
int history_append(history *h, size_t len, uint64_t tag, uint64_t key, uint64_t now_ms);

/* Append an event; its type and comment must be static. Returns as sse_history_append. */
int history_give(history *h, const sse_event *ev, uint64_t tag, uint64_t key, uint64_t now_ms);

void history_expire(history *h, uint64_t before_ms);

/* Open it again, as another run, which finds all that the last one had. Where that is nothing, its
 * numbers and the list begin anew. */
void history_reopen(history *h, uint64_t epoch);

/* Note the origin of the ids that the real one gives now. */
void history_learn(history *h);

/* Event n, which must have been given. */
const past *history_event(const history *h, uint64_t n);

/* The next event after n, and before end, that replaces n for readers that coalesce; 0: none. */
uint64_t history_newer(const history *h, uint64_t n, uint64_t end);

/* Demand that bytes are these events of the list, count of them, to the byte and to a client. */
void history_says(const history *h, const uint64_t *numbers, size_t count, const char *bytes,
                  size_t len);

/* Demand that a history holds the events from first to end with all that belongs to them: their
 * bytes, ids, tags, keys, times, and which of them replaces which; and no other events, and finds
 * no other ids, except those of the run before. */
void history_check(const history *h, const sse_history *real);

/* Demand that a history which loses its events by and by has the times of the list. It is empty
 * then. */
void history_expires(const history *h, sse_history *real);

#endif
