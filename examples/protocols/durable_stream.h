/* SPDX-License-Identifier: MIT */
/* durable_stream.h - a stream of the Durable Streams protocol, in memory, and its live readers.
 *
 *     append --> messages --> stream_read                      all from an offset, for a GET
 *                   '-------> channel --> stream_follow        server-sent events, from an offset
 *
 * Each append is one event of type "data", and after it one of type "control" with the offset that
 * the client goes on from. "data" is published: it is the same for all readers. Only a reader that has
 * all gets a "control" that says so, for itself, before its stream waits. The others read on, and the
 * "control" that they need is published before the next "data", with a tag that the filters of those
 * others have. The id of "data" is its offset, so that an EventSource goes on, too. */
#ifndef PROTOCOLS_DURABLE_STREAM_H
#define PROTOCOLS_DURABLE_STREAM_H

#include "web.h"

enum {
    STREAM_MESSAGES = 1000,            /* the most appends to a stream, */
    STREAM_BYTES = 2 * 1024 * 1024,    /* and bytes of its events; a full one refuses appends */
    STREAMS_BYTES = 128 * 1024 * 1024, /* and of those of all streams */
    OFFSET_LEN = 33 /* an offset: 0, "_", the bytes before it, in digits that sort as text */
};

typedef struct message {
    char *bytes; /* JSON: the values, with commas between them, without the brackets */
    size_t len;
    char offset[OFFSET_LEN + 1]; /* after it */
} message;

typedef struct stream {
    char *path, *type, *sequence; /* sequence: the last Stream-Seq, or NULL */
    enum { STREAM_TEXT, STREAM_JSON, STREAM_BINARY } kind;
    int closed;
    message messages[STREAM_MESSAGES];
    size_t count, used, total; /* messages, bytes of their events, bytes of them */
    sse_channel *channel;
    struct reader *readers;
    struct stream *next;
} stream;

/* Return a stream without messages, or NULL: no memory. */
stream *stream_new(const char *path, const char *type);

/* Its live readers get the end. */
void stream_free(stream *st);

/* The offset after so many messages. */
const char *stream_offset(const stream *st, size_t count);

/* Return how many messages there are before an offset: "-1" is the start, "now" is the end. -1: no
 * such offset. */
long stream_find(const stream *st, const char *offset);

/* Append a body; close: it is the last one, and may be empty. Returns 0 or the status of a refusal:
 * 400, 413, or 507. */
int stream_append(stream *st, const char *body, size_t len, int close);

/* Append the messages of another stream before a place. Returns as stream_append. */
int stream_copy(stream *st, const stream *from, size_t count);

/* Return the messages after so many as one body, to be freed; NULL: no memory. */
char *stream_read(const stream *st, size_t from, size_t *len);

/* Answer with the messages after so many as server-sent events, live, for life_ms.
 *   cursor   the one that the client has, or 0 */
void stream_follow(stream *st, const web_request *r, size_t from, uint64_t cursor, uint32_t life_ms,
                   const sse_http_field *extra, size_t extra_count);

#endif
