/* SPDX-License-Identifier: MIT */
/* generation_events.h - the text of one generation as events: all that is about SSE. It has no
 * thread and no lock; generation.c has them.
 *
 *                                  .--> history --> channel --> events_take, for each reader
 *     events_add --> held: less ---+
 *                    than one      '--> text: all of it, for events_json
 *                    character
 *
 * The history holds every event that there can be: TOKENS, and three more. So it drops none, and no
 * reader can lag. */
#ifndef GENERATION_EVENTS_H
#define GENERATION_EVENTS_H

#include <sse/sse.h>

enum {
    EVENTS_ID = 32,        /* bytes of the id of a generation */
    EVENTS_TOKENS = 4096,  /* the most of them; what the model adds at a time is one, */
    EVENTS_PIECE = 64,     /* or one for each so many bytes */
    EVENTS_TEXT = 65536,   /* the most bytes of the text, as a string of JSON */
    EVENTS_MODEL = 48,     /* the most bytes of the name of a model */
    EVENTS_ENVELOPE = 320, /* the most bytes of an event that are not text */
    EVENTS_MAX = EVENTS_TOKENS + 3,
    EVENTS_CAPACITY = EVENTS_MAX * EVENTS_ENVELOPE + EVENTS_TEXT
};

typedef struct events {
    char id[EVENTS_ID + 1];
    const char *model;
    long long created;  /* seconds since 1970 */
    const char *reason; /* of the end; NULL: there may be more */
    size_t held_len, tokens, text_len;
    char held[EVENTS_PIECE];
    char text[EVENTS_TEXT]; /* escaped for JSON */
    sse_channel channel;
    uint64_t memory[SSE_HISTORY_WORDS(EVENTS_MAX, EVENTS_CAPACITY)];
} events;

typedef struct events_reader {
    sse_subscriber subscriber; /* all zero before it joins */
    size_t queue[SSE_WRITER_WORDS(SSE_SUBSCRIBER_QUEUE_MIN)];
} events_reader;

/* Begin in memory in any state: publish the first event, which has no text yet.
 *
 *   id        EVENTS_ID bytes that can stand in JSON, and NUL
 *   model     a name that can, too; borrowed; at most EVENTS_MODEL bytes
 *   created   seconds since 1970
 *   epoch     a random number: ids of one generation mean nothing to another
 *
 * Returns SSE_OK, or why there can be no channel. */
int events_init(events *e, const char *id, const char *model, long long created, uint64_t epoch,
                uint32_t heartbeat_ms, uint64_t now_ms);

/* Add what the model gives; it may end inside a character. Nothing is added after the end, and at
 * the limit that comes: with the reason "length". */
void events_add(events *e, const char *bytes, size_t len);

/* Publish the end, unless there has been one: "stop", "cancelled" or "error", a constant. */
void events_end(events *e, const char *reason);

/* Begin to read after the event that last_event_id or the query names, else with the first one.
 * Returns SSE_OK; SSE_END: there is nothing after it; SSE_E_RANGE: it is no id of this generation.
 * Only with SSE_OK there is a reader. */
int events_join(events *e, events_reader *r, sse_str last_event_id, sse_str query, uint64_t now_ms);

/* Copy bytes, as sse_subscriber_read. After the last event comes SSE_END. */
int events_take(events *e, events_reader *r, void *dst, size_t cap, size_t *len);

/* Leave; it does no harm where r has not joined. */
void events_leave(events_reader *r);

/* Tell the time. Returns 1 if a reader has something to take, after this call or an earlier one of
 * those above. */
int events_tick(events *e, uint64_t now_ms);

/* Return when events_tick is due, at the latest until_ms. */
uint64_t events_due(const events *e, uint64_t now_ms, uint64_t until_ms);

/* Return all the text so far, as an answer in JSON of *len bytes, from the heap; NULL: it is full. */
char *events_json(const events *e, size_t *len);

#endif
