/* reader.h - a cursor, and beside it what the contract says that it shows. Needs cmocka.
 *
 * Each function makes one call of sse/cursor.h and demands that the result is right by the list of
 * a history: the status, the bytes, and where the cursor stands then. */
#ifndef TESTS_READER_H
#define TESTS_READER_H

#include "history.h"

#define READER_RUNS   16
#define READER_EVENTS 64 /* a log of more is not for it */
#define READER_STREAM 16384

/* What it has been given. In memory of its own, and only ever added to, so that a reader can be
 * copied, and put back, without it. */
typedef struct reader_stream {
    char bytes[READER_STREAM];
    uint64_t numbers[HISTORY_MAX]; /* of the events that are wholly in it */
} reader_stream;

typedef struct reader {
    sse_cursor c;
    const history *h;
    uint32_t flags;
    const uint64_t *tag; /* the one that it may see; NULL: all */
    uint64_t next;       /* the event that comes next */
    size_t at;           /* bytes of it that were taken */
    struct {
        uint64_t number, end; /* the log had this end when the event can first have been offered */
    } offers[READER_EVENTS];
    /* The offer that is out: */
    sse_str runs[READER_RUNS];
    size_t run_count; /* 0: none */
    size_t cap;
    size_t offer;           /* bytes */
    uint64_t offered_first; /* the event that it begins with */
    char copy[1024];
    reader_stream *stream;
    size_t len;   /* bytes in it */
    size_t count; /* events in it */
} reader;

/* Begin ahead of an event, with an empty stream. */
void reader_begin(reader *r, const history *h, reader_stream *stream, uint64_t next, uint32_t flags,
                  const uint64_t *tag);

/* Look, take n bytes of what is offered, or copy. Each returns as its call. */
int reader_peek(reader *r, size_t cap);
int reader_consume(reader *r, size_t n);
int reader_read(reader *r, size_t cap);
int reader_skip(reader *r);

/* Demand that the offer, if one is out, is as it was; or torn, if its event has gone. */
void reader_is_frozen(reader *r);

/* Demand that a client has got what was taken, event by event. */
void reader_end(const reader *r);

#endif
