/* history.h - the plain twin of a log: a list of all events that it was ever given, beside what it
 * has to hold of them. Needs cmocka.
 *
 *     list      1  2  3  4  5  6  7          event n is list[n - 1]
 *     the log            ^first    ^end      not one more, not one less
 *
 * An event lies in one piece: behind the one ahead of it, or at the start of the room, whichever is
 * free when the fewest have gone.
 * Each function that changes the log does the same to the list, and demands what the contract says
 * of the result. The log is in memory that ends where an unmapped page begins. */
#ifndef TESTS_HISTORY_H
#define TESTS_HISTORY_H

#include "guard.h"
#include "sse/cursor.h"

#define HISTORY_MAX       512
#define HISTORY_TEXT_MAX  256
#define HISTORY_BYTES_MAX (HISTORY_TEXT_MAX + 128)
#define HISTORY_TAGS      3 /* tags are below this */

/* An event that was given to the log. */
typedef struct past {
    sse_event ev; /* with the id that it got */
    char id[SSE_HISTORY_ID_MAX];
    char data[HISTORY_TEXT_MAX];
    uint64_t epoch, tag, key, at_ms;
    char bytes[HISTORY_BYTES_MAX]; /* as they stand in the log: encoded, and framed */
    size_t stored;                 /* how many */
    size_t at;                     /* where in the room */
} past;

/* Must not be moved: the events point into it. */
typedef struct history {
    guard memory;
    sse_history *log;
    size_t size;
    uint32_t events, flags;
    size_t room;
    uint64_t epoch; /* of this incarnation; 0: the ids are the caller's */
    uint64_t base;  /* the number of its first event */
    uint64_t first, end;
    past list[HISTORY_MAX];
    size_t count;
} history;

/* Begin with an empty log of that geometry, in garbage. */
void history_begin(history *h, uint32_t events, size_t room, uint64_t epoch, uint32_t flags);
void history_end(history *h);

/* Append an event that is len bytes when encoded, or as near to it as its id allows; the data of
 * neighbours differs. Where ids are the caller's, all have one but each fourth. Returns as
 * sse_history_append. */
int history_append(history *h, size_t len, uint64_t tag, uint64_t key, uint64_t now_ms);

/* Append an event; its type and comment must be static. Returns as sse_history_append. */
int history_give(history *h, const sse_event *ev, uint64_t tag, uint64_t key, uint64_t now_ms);

void history_expire(history *h, uint64_t before_ms);

/* Open the log again, as another incarnation, which finds all that the last one had. Where that is
 * nothing, its numbers and the list begin anew. */
void history_reopen(history *h, uint64_t epoch);

/* Event n, which must have been given. */
const past *history_event(const history *h, uint64_t n);

/* Tell whether a coalescing reader leaves event n out of what it sees up to end. */
int history_superseded(const history *h, uint64_t n, uint64_t end);

/* Demand that bytes are these events of the list, count of them, to the byte and to a client. */
void history_says(const history *h, const uint64_t *numbers, size_t count, const char *bytes,
                  size_t len);

/* Demand that a log holds the events from first to end with all that belongs to them but their
 * times: their bytes, ids, tags, keys; and no other events, and finds no other ids. */
void history_check(const history *h, const sse_history *log);

/* Demand that a log which loses its events by and by has the times of the list. It is empty then.
 */
void history_expires(const history *h, sse_history *log);

#endif
