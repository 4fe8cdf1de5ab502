/* SPDX-License-Identifier: MIT */
/* writer_queue.h - the plain twin of a writer's queue: what went in, what came out, and what is on
 * offer between them.
 *
 *     queue.said     | all that was queued, without chunks                          |
 *     queue.open     | the event that is open, as it would be if it were sent whole |
 *     queue.taken    | all that came out                |
 *
 * It tells how many bytes are pending and what a call must return; in the end what came out must be
 * what was said, to the byte. */
#ifndef TESTS_WRITER_QUEUE_H
#define TESTS_WRITER_QUEUE_H

#include "fuzz.h"
#include "sse/writer.h"

enum { INPUT_MAX = 4096, STREAM_MAX = 1 << 18 };

typedef struct text {
    size_t len;
    char bytes[STREAM_MAX];
} text;

extern struct queue {
    sse_writer *w;
    size_t size, capacity;
    uint32_t flags;
    size_t frames;            /* bytes that frame what was said */
    size_t raw;               /* bytes before the first chunk */
    int open, closed, failed; /* an event is open; the stream was closed; a sink failed */
    int begun;                /* an event is whole: raw bytes are framed, too */
    size_t open_said;         /* what was said before the open event */
    size_t open_frames;
    sse_event head;            /* of the open event */
    char data[INPUT_MAX];      /* of it so far */
    size_t data_len, open_len; /* and how much of it was said */
    const void *offer;         /* what is offered; NULL: nothing */
    size_t offer_len;
    char offered[INPUT_MAX]; /* a copy */
} queue;

/* Begin with an empty queue whose capacity the input chooses. */
void queue_begin(input *in);

size_t queue_pending(void);
size_t queue_room(void);

/* What a chunk costs, where there are chunks. */
size_t queue_frame(void);

/* What stands in the way of queueing anything, where an event must be open, or not. */
int queue_refusal(int open);

/* What a call must return that queues so many bytes, with their frame. */
int queue_verdict(size_t len);

/* How long an event is. */
size_t queue_measure(const sse_event *ev);

/* Bytes, or an event, are queued; a chunk is. */
void queue_say(const void *bytes, size_t len);
void queue_say_event(const sse_event *ev);
void queue_note_frame(void);

/* An event is opened, before anything of it is said; whether a byte of it was shown; it was taken
 * back. */
void queue_open(void);
int queue_is_shown(void);
void queue_forget(void);

/* Data was appended to the open event, whose head is known. Returns how much was said by it. */
size_t queue_grow(const void *data, size_t len);

/* What a call must return that looks at the queue. */
int queue_view(void);

/* An offer is out; if one was, it is the same. */
void queue_note_offer(const void *bytes, size_t len);

/* It is gone, and so much was taken. */
void queue_take(const void *bytes, size_t len);

/* Look, and demand that an offer is inside of the block, and as it was. */
void queue_look(void);

/* What is true behind each call. */
void queue_check(void);

/* Take what is left, and demand that all that came out is all that was said. */
void queue_drain(void);

#endif
