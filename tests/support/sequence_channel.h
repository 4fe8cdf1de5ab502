/* sequence_channel.h - a channel and one subscriber of it, beside a plain list of what the client
 * is to hear: the callbacks, the calls of the transport, and what is to be seen after any call.
 * Needs cmocka. The log keeps two events. */
#ifndef TESTS_SEQUENCE_CHANNEL_H
#define TESTS_SEQUENCE_CHANNEL_H

#include "sequence_client.h"
#include "sse/subscriber.h"

enum { SEQ_EVENTS = 2, SEQ_QUEUE = SSE_SUBSCRIBER_QUEUE_MIN };

/* What the library has. */
extern struct seq_it {
    uint64_t log[SSE_REPLAY_WORDS(SEQ_EVENTS, SSE_REPLAY_ROOM_MIN)];
    sse_channel ch;
    sse_subscriber s;
    size_t writer[SSE_WRITER_WORDS(SEQ_QUEUE)];
} seq_it;

/* What the test knows. */
extern struct seq_model {
    due due;
    int joined, draining;
    int asleep; /* SSE_AGAIN was said, and nothing has come since */
    int ready;  /* the next flush of the channel is to call its sink */
    uint64_t now_ms;
    const void *offer;
    size_t offer_len; /* 0: none is out */
    char offered[CLIENT_STREAM];
} seq_model;

extern struct seq_kind {
    uint32_t flags, framing;
    int pushes;
} seq_kind;

/* What has happened during the call that is made. */
extern struct seq_call {
    int wakes, closes, reason, sunk;
    int status; /* of the sink, and how much it takes */
    size_t budget;
    int blocked;
    int (*during)(sse_subscriber *s);
} seq_call;

sse_replay *seq_log(void);

/* What the client has heard so far; whether more is owed to it; whether what comes next is lost. */
heard seq_hear(void);
int seq_has_more(void);
int seq_has_lost(const heard *h);

/* The callbacks. A subscriber that is closed is filled with garbage, and its writer, too. */
sse_sink seq_sink;
sse_wake seq_on_wake;
sse_on_close seq_on_close;

/* Go ahead with a call; look at what has happened in it: who was closed had a reason for it, and
 * who sleeps is owed nothing. left: the subscriber was to leave. Returns whether it was refused. */
void seq_before(void);
int seq_after(int status, int left);

/* Make a call and demand what it is to return; they return as seq_after, but for seq_close, which
 * can be called from inside of another one. */
int seq_close(sse_subscriber *s);
int seq_peek(void);
int seq_consume(size_t n);
int seq_read(size_t cap);
int seq_read_all(void);

/* Let the sink take so much in all, and return this status; during is called in its first call. */
int seq_flush(size_t budget, int sink_status, int (*during)(sse_subscriber *s));

#endif
