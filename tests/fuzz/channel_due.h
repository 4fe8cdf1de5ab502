/* channel_due.h - what a client of a channel is due, and a judge of the bytes that it is given.
 *
 * The bytes are items: the response head, events of the log, private events, gap events,
 * heartbeats, the farewell of a drain, the last chunk. Each is compared with what it should be as
 * soon as it is whole. In the end the reference parser must have seen the same events.
 *
 *     the log       |  17  |  18  |  19  |  20  |  21  |
 *                       ^next         ^latest
 *
 * Where a gap event does not say where the stream goes on, that is known within bounds: at next or
 * behind it, and at latest or ahead of it. Elsewhere both are the same. */
#ifndef TESTS_CHANNEL_DUE_H
#define TESTS_CHANNEL_DUE_H

#include "parser.h"
#include "sse/subscriber.h"
#include "twin.h"

enum { DUE_PRIVATES_MAX = 512, DUE_EVENTS_MAX = 4096, DUE_BYTES_MAX = 8192, DUE_MARK = 8 };

/* What all clients are told. */
extern struct says {
    const sse_event *beat; /* NULL: an empty comment */
    const sse_event *farewell;
    uint32_t retry_ms, retry_window_ms;
    int drains;
    uint64_t parting; /* the end of the log when the first farewell was due; 0: none was */
} says;

typedef struct due {
    uint32_t flags;
    int filtered;
    uint64_t tag;    /* the only one that it may see, then */
    size_t capacity; /* of its writer */
    sse_str head;    /* what is left of it */
    uint64_t next, latest;
    int gap;     /* a gap event is due ahead of events of the log, */
    int unknown; /* which cannot say what is lost */
    struct {
        sse_str bytes;
        uint64_t behind; /* the end of the log when it was sent */
    } privates[DUE_PRIVATES_MAX];
    size_t private_count, privates_heard;
    size_t beats; /* that may still come, at most */
    int closing;  /* by a call: the last event is ahead of end */
    uint64_t end;
    int is_parted; /* the farewell was heard */
    int is_ended;  /* the last chunk was */
    size_t beats_heard, gaps_heard;
    size_t event_count;
    char marks[DUE_EVENTS_MAX][DUE_MARK]; /* how the data begins of each event that was heard */
    parser *client;
    size_t len;
    char bytes[DUE_BYTES_MAX]; /* of an item that is not whole yet */
    /* The log had this end, and this oldest event, when the library may have looked for more. */
    unsigned char ends[TWIN_EVENTS_MAX + 2], firsts[TWIN_EVENTS_MAX + 2];
} due;

/* A client joins that was last given the event with this id. Returns what sse_channel_join must. */
int due_begin(due *d, sse_str last_id);

/* The library may be about to look for more. */
void due_look(due *d);

/* Bytes were given to the client. */
void due_hear(due *d, const void *bytes, size_t len);

/* Whether something is to come of which nothing is known to be in the way. */
int due_is_owed(const due *d);

/* The event that a client certainly waits for, and has not lost; UINT64_MAX: that is not known. */
uint64_t due_wants(const due *d);

/* Whether what comes next may be lost, or an event is too large for the writer. */
int due_has_lost(const due *d);
int due_has_giant(const due *d);

/* Whether all was heard that belongs to an ended stream. */
int due_is_complete(const due *d);

/* The connection is over: let the reference parser tell the same. */
void due_end(due *d);

#endif
