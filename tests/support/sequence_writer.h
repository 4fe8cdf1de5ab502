/* SPDX-License-Identifier: MIT */
/* sequence_writer.h - a plain model of a writer: all bytes that it has accepted, as they go on the
 * wire, how many of them were taken, and the events that a client makes of them. Needs cmocka.
 *
 * The wire is spelled by the test, in literals; the framing, and the lines of data, by the model.
 */
#ifndef TESTS_SEQUENCE_WRITER_H
#define TESTS_SEQUENCE_WRITER_H

#include "sse/writer.h"

enum { WIRE_MAX = 1024, WIRE_EVENTS = 24 };

typedef struct wire_event {
    size_t end; /* of its blank line on the wire */
    size_t data, data_len;
    const char *type, *id; /* id NULL: none */
} wire_event;

typedef struct wire {
    size_t capacity;
    uint32_t framing;
    size_t len, taken;
    size_t bare; /* bytes before the first chunk */
    size_t text_len;
    wire_event open_event;
    size_t open_len; /* bytes before it */
    int open_framed; /* whether a chunk is among them */
    size_t event_count;
    const void *offer;
    size_t offer_len; /* 0: none is out */
    int moved;        /* bytes were taken; for the test to reset */
    int open, cr, framed, closed, failed;
    int begun; /* an event is whole: raw bytes are framed, too */
    wire_event events[WIRE_EVENTS];
    char text[WIRE_MAX]; /* of the data of all events */
    char bytes[WIRE_MAX];
} wire;

void wire_start(wire *m, size_t capacity, uint32_t framing);

/* What the state makes of a call that queues an event: SSE_OK, or how it is refused. */
int wire_refuses(const wire *m);

/* What the room makes of n bytes: SSE_OK, SSE_AGAIN or SSE_E_TOOBIG. */
int wire_room(const wire *m, size_t n);

/* Queue a part of an event, framed; bytes that are not; the last chunk, if there are chunks; what
 * raw makes of bytes. */
void wire_put(wire *m, const char *bytes, size_t len);
void wire_raw(wire *m, const char *bytes, size_t len);
void wire_close(wire *m);
void wire_pass(wire *m, const char *bytes, size_t len);

/* An event is opened, before its first part is queued; it is whole, when its last part was queued;
 * it was taken back. */
void wire_begin(wire *m, const char *type, const char *id);
void wire_cancel(wire *m);
void wire_finish(wire *m);

/* Queue as much data as fits, as lines. Returns how much of it. */
size_t wire_append(wire *m, const char *data, size_t len);

/* Demand that an offer is what comes next, and the same as one that is out. */
void wire_offered(wire *m, const void *bytes, size_t len);

/* So much of the offer was taken. */
void wire_took(wire *m, size_t n);

/* Parse what was taken: the client sees the events that are whole, and nothing else. */
void wire_check(const wire *m);

#endif
