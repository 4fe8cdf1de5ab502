/* SPDX-License-Identifier: MIT */
/* model.h - a channel and its clients beside a plain model of what the headers promise.
 *
 * Each function below makes one call of the library and judges the result, and every byte that a
 * client takes: whole events, the right ones, in their order; what is missing must have been told,
 * who must be returned by next is, who must not is not; a close has a reason that there was.
 *
 *     world_open(&kind);
 *     world_join(0, SSE_JOIN_GAPS, FROM_NOWHERE, 0);
 *     world_publish(0, 0, 20);
 *     while (world_next() != NOBODY) ...
 *
 * What the model cannot know (whether an event was queued before a filter changed, say) it lets
 * pass either way. The memory of a client that has left or knows that it is closed is filled with
 * garbage at once, and must stay as it is. Needs no test framework. */
#ifndef TESTS_MODEL_H
#define TESTS_MODEL_H

#include "sse/subscriber.h"

#include <stdio.h>

enum { CLIENTS = 3, EVENTS = 160, TAGS = 3, PRIVATES = 32, NOBODY = -1 };
enum { EVENT_ROOM = 1700, QUEUE_ROOM = 1000, HISTORY_EVENTS = 8, HISTORY_ROOM = 1600 };

typedef struct kind {
    uint32_t events; /* of the history, and bytes of it */
    size_t capacity;
    int chunked, own_ids;
    uint32_t heartbeat_ms, turn_bytes;
    int typed; /* heartbeats are events */
} kind;

/* Whether a client is in its turn. Who takes bytes without having been returned by next is PERHAPS;
 * who has used up turn_bytes has SPENT it. */
enum turn { IDLE, PERHAPS, BUSY, SPENT };

typedef struct client {
    int in; /* it is in the channel, as far as the caller knows */
    uint32_t flags;
    size_t capacity;
    unsigned queue; /* which one of the two */
    int filter;     /* bit n - 1: it sees tag n; -1: all */
    int refiltered; /* it was another one before */

    unsigned char bits[EVENTS]; /* for each event: whether it may and must come */
    uint64_t pos;               /* events before this one are heard, or none of its business */
    uint64_t limit;             /* this one and those after it, too */
    uint64_t staged;            /* those before it may lie in the queue */
    uint64_t start, missing;    /* where it began; the first that it missed before; 0: unknown */
    uint64_t last, floor;       /* its last id; no bookmark may be before this */
    enum { OPEN, BEFORE_PLACE, BEFORE_GAP } opening;
    unsigned sent, heard; /* private events, and what each comes after */
    uint64_t after[PRIVATES];
    size_t private_len[PRIVATES];

    size_t head, raw, len, left; /* bytes of the head to come; of an event, and without framing */
    int frame;
    char bytes[EVENT_ROOM];
    const char *offer;
    size_t offer_len;
    char offered[QUEUE_ROOM];

    enum turn turn, going;        /* going: this turn goes on after a tick */
    int promised, held_turn;      /* next has promised that there are bytes */
    int closing, parting, parted; /* it ends, with a farewell, which it has heard */
    int dead, kept;               /* the library must have closed it; has the rest of its event */
    int again;                    /* another gap may come directly after the one that it had */
    int lagging;                  /* it has lost events, and has not caught up since */
    int peeked;                   /* a piece of an event may be in its queue */
    int late;                     /* its event began after turn_bytes */
    int beat_may, failed, blocked;
    size_t flushed;
    unsigned sunk;
    uint64_t heard_ms, idle_ms, began_ms, next_ms, returned_ms, stall_from, busy_from, age_from,
        step_ms;
    uint32_t pace_ms, stall_ms, age_ms;
} client;

/* What the library has; what the model has noted. */
struct library {
    sse_channel ch;
    uint64_t history[SSE_HISTORY_WORDS(HISTORY_EVENTS, HISTORY_ROOM)];
    struct {
        sse_subscriber s;
        size_t queue[2][SSE_WRITER_WORDS(QUEUE_ROOM)];
    } of[CLIENTS];
};
struct world {
    kind kind;
    client all[CLIENTS];
    unsigned char tag[EVENTS], key[EVENTS];
    size_t size[EVENTS], len[EVENTS]; /* of the data, and as it is stored */
    uint64_t clock_ms, given_ms;      /* the channel's time, and what the last tick was given */
    uint64_t end;
    int draining, ticked; /* ticked: nothing was called since the last tick but next */
    uint64_t drain_ms, drain_end;
    uint32_t over_ms, limit_ms, retry_ms;
    uint64_t joined, resumed, bytes, gaps, beats, closed, untold;
    char origin[SSE_HISTORY_ID_MAX + 1];
};
extern struct library lib;
extern struct world w;

/* What a sink does: it takes so many bytes a call, so many in all, then it blocks, in one of three
 * ways; at the call of this number it fails. */
typedef struct sinking {
    size_t most, budget;
    unsigned fail_at, way;
} sinking;

/* What the sink does at one call of all: it takes only so many bytes, or it fails
 * (SIZE_MAX). At 0: there is none. world_sunk counts the calls. */
typedef struct fault {
    unsigned at;
    size_t most;
    int blocks; /* and takes no more after them */
} fault;
extern fault world_fault;
extern unsigned world_sunk;

enum from { FROM_NOWHERE, FROM_LAST, FROM_NUMBER, FROM_QUERY, FROM_UNKNOWN, FROM_LONG, FROMS };

void world_open(const kind *k);
int world_publish(unsigned tag, unsigned key, size_t size);
void world_tick(uint64_t now_ms);
int world_next(void);                /* the number of a client; its close is judged */
void world_turn(const sinking *how); /* sse_channel_flush until NULL */
int world_timeout(uint64_t now_ms);  /* is also judged after every call */
int world_drain(uint32_t retry_ms, uint32_t over_ms, uint32_t limit_ms);
int world_join(int i, uint32_t flags, enum from from, uint64_t number);
void world_filter(int i, int mask);
void world_limits(int i, uint32_t pace_ms, uint32_t stall_ms, uint32_t age_ms);
int world_send(int i, size_t size);
int world_read(int i, size_t cap);
int world_peek(int i);
int world_consume(int i, size_t n);
int world_flush(int i, const sinking *how);
void world_close(int i);
void world_leave(int i);

/* Let all take what there is: then nothing is owed. End what has not ended. */
void world_finish(void);

/* Make a call; pick returns a number below n, and decides which one, and its arguments. */
void world_step(size_t (*pick)(size_t n));
void world_open_any(size_t (*pick)(size_t n));

/* 1: say what is called. What is done where something is wrong; at first, abort. */
extern int world_trace;
extern void (*world_failed)(void);
extern int world_keeps; /* 1: no memory is poisoned for the sanitizer: it will be put back */

/* For the files of the model and of the calls. */
enum { MAY = 1, MUST = 2 };
/* What comes next in chunked framing. */
enum { SIZE, SIZE_LF, PAYLOAD, PAYLOAD_CR, PAYLOAD_LF, LAST_CR, LAST_LF, ENDED };

#define NEVER           UINT64_MAX
#define must(condition) ((condition) ? (void)0 : model_fail(#condition, __FILE__, __LINE__))
void model_fail(const char *what, const char *file, int line);
uint64_t model_first(void);
int model_sees(int filter, unsigned tag);
sse_event model_event(char what, unsigned number, size_t size);
void model_hear(client *c, const void *bytes, size_t len, int is_flush);
int model_had_all(const client *c, uint64_t until); /* of what must come before that */
void model_move(client *c, uint64_t pos);
uint64_t model_cut(const client *c, unsigned bits); /* the event of which it has a part */
int model_mid(const client *c);
int model_lost(const client *c);       /* something that it must get is gone */
int model_missed(const client *c);     /* perhaps something that it would not have seen */
int model_may_come(const client *c);   /* an event of the history */
int model_may(const client *c);        /* there may be something for it */
int model_owed(const client *c);       /* there is */
int model_owed_bytes(const client *c); /* and not only a loss or an end */
int model_held(const client *c);
void model_stop(client *c); /* read or flush has ended */
void model_caught_up(client *c, int may_have_lost);
int model_may_be_stalled(const client *c);
int model_may_be_old(const client *c);
void model_judge_reason(client *c, int reason);

#endif
