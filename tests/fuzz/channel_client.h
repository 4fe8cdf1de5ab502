/* channel_client.h - a client of a channel: a subscriber, its callbacks, and the calls of its
 * transport, each with what must come of it.
 *
 * The memory of a subscriber and of its writer is freed as soon as it is closed. A callback may
 * make any call of the input's, and so may close any client, and let it join again: a call that is
 * outside of that one looks no more at a client that has begun another life. */
#ifndef TESTS_CHANNEL_CLIENT_H
#define TESTS_CHANNEL_CLIENT_H

#include "channel_due.h"

enum { CLIENTS = 4 };

/* Whether it was told that there is nothing, and so is to be woken, once. */
enum sleep { AWAKE, PERHAPS, ASLEEP };

typedef struct client {
    sse_subscriber *s; /* NULL: it has not joined */
    sse_writer *w;
    unsigned life; /* how often it has joined */
    int reason;    /* with which the last life was closed */
    int pushes, wakes;
    uint32_t pace_ms;
    uint64_t woken_ms;
    enum sleep sleep;
    int blocked; /* its sink would block */
    int sinking; /* its sink is being called */
    int leaving;
    int failed;        /* its sink did */
    size_t in_vain;    /* bytes that its sink took when the log had dropped some of them */
    const void *offer; /* NULL: none is out */
    sse_str offered;   /* a copy of it */
    due due;
} client;

extern client clients[CLIENTS];

extern struct hall {
    sse_channel ch;
    input *in;
    uint64_t now_ms;
    unsigned depth;   /* of calls from callbacks */
    unsigned inner;   /* how many there were */
    int expired;      /* the log has dropped events that were too old */
    sse_counters sum; /* what the counters must say, or more */
} hall;

/* Make the next call of the input; behind it all is as it must be. */
void make_call(void);

/* The library may be about to look at any client. */
void look_at_all(void);

/* Bytes are offered to a client: as they were, if they were already. */
void client_offered(client *c, const void *bytes, size_t len);

/* The offer is gone, and n bytes of it were taken. */
void client_took(client *c, size_t n);

/* Its calls, channel_calls.c, but for join. */

void client_join(client *c);
void client_send(client *c);
void client_peek(client *c);
void client_consume(client *c, size_t n);
void client_read(client *c, size_t cap);
void client_flush(client *c);
void client_close(client *c);
void client_leave(client *c);

/* Take all there is. */
void client_take_all(client *c);

#endif
