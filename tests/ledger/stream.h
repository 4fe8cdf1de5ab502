/* SPDX-License-Identifier: MIT */
/* stream.h - a reference client in fixed memory: the event stream parser of the HTML standard.
 *
 * A twin of support/parser.h for machines without a heap, and for millions of streams a second; it
 * is compared with that one in parsers.c. It keeps the latest event only.
 * Spec: #parsing-an-event-stream, #event-stream-interpretation. */
#ifndef TESTS_LEDGER_STREAM_H
#define TESTS_LEDGER_STREAM_H

#include "decoder.h"

/* The longest line, and the longest text, after decoding. */
#define STREAM_TEXT 80

typedef struct stream_text {
    size_t len;
    char bytes[STREAM_TEXT];
} stream_text;

typedef struct stream {
    decoder decoder;
    int started;  /* the first code point is behind us: it may have been a byte order mark */
    int after_cr; /* a line feed that comes next belongs to the line end before */
    int cut;      /* something was longer than STREAM_TEXT */
    stream_text line, data_buffer, type_buffer, id_buffer;

    stream_text type, data; /* of the latest event */
    stream_text id;         /* the last event ID */
    uint32_t retry;         /* the latest reconnection time; UINT32_MAX for those above it */
    unsigned events, retries, comments;
} stream;

/* Start a stream, of a client that has this last event ID. */
void stream_start(stream *s, const char *id, size_t len);

void stream_feed(stream *s, const char *bytes, size_t len);

/* Whether nothing is unfinished, so that what follows stands alone. */
int stream_at_rest(const stream *s);

/* Whether a text has these bytes. */
int stream_is(const stream_text *text, const char *bytes, size_t len);

/* Make the text that a client receives for data: each break a line feed, U+FFFD for what is not
 * UTF-8. */
void stream_receives(stream_text *text, const char *data, size_t len);

#endif
