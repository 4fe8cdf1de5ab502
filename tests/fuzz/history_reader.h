/* history_reader.h - a reader of the log, beside what it is to be shown.
 *
 * What it is offered is events of the list, in order, each that it may see; what is left out was
 * hidden from it, or has a newer one with its key, or was dropped and the reader was told of a gap.
 */
#ifndef TESTS_HISTORY_READER_H
#define TESTS_HISTORY_READER_H

#include "sse/cursor.h"
#include "twin.h"

enum { READER_RUNS = TWIN_KEPT_MAX };

typedef struct reader {
    sse_cursor c;
    uint64_t tag; /* the one that it may see, where filtered */
    int filtered;
    uint32_t flags;
    uint64_t next; /* all ahead of it were taken, or need not be */
    size_t begun;  /* bytes of it that were taken */
    size_t offer;  /* bytes that are offered; 0: none */
    uint64_t numbers[TWIN_KEPT_MAX];
    size_t count; /* of the events that are offered */
} reader;

/* Stand ahead of an event, as a reader of one kind. */
void reader_begin(reader *r, uint64_t next, unsigned kind);

/* Make a call and demand what comes of it. Peek shows up to cap runs, READER_RUNS at most. */
void reader_peek(reader *r, size_t cap);
void reader_consume(reader *r, size_t n);
void reader_read(reader *r, size_t cap, size_t peek_cap);

/* Returns whether the reader can go on. */
int reader_skip(reader *r);

#endif
