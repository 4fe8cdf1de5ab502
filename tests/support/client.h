/* SPDX-License-Identifier: MIT */
/* client.h - a channel and clients of it, which are judged by what they get, with cmocka.
 *
 *     begin(way, 8, 15000);
 *     join(a, NULL);
 *     say("one");
 *     turn();
 *     heard(a, "place=@e-0,one@e-1");
 *
 * Ids are automatic. What tests write and read has "e" for the origin in them: "e-7" is the seventh
 * event. The memory of a subscriber and of its queue lies between unmapped pages and is unmapped as
 * soon as the client knows that it is closed: any later touch ends the test. */
#ifndef TESTS_CLIENT_H
#define TESTS_CLIENT_H

#include "block.h"
#include "sse/subscriber.h"

#include <stdarg.h>
#include <setjmp.h>
#include <string.h>
#include <cmocka.h>

enum { CLIENTS = 10, CLIENT_QUEUE = 600 };

/* How a client takes bytes. A way is a face, plain or chunked: way % FACES, way / FACES. */
typedef enum face { FLUSH, READ, PEEK, FACES } face;
enum { WAYS = 2 * FACES };

typedef struct client {
    face face; /* these may be set before joining, */
    uint32_t flags;
    size_t capacity;  /* of its queue; 0: CLIENT_QUEUE */
    const char *head; /* is put in its queue; NULL: none */
    int keeps;        /* its memory stays mapped when it is closed */

    size_t most; /* and these at any time: bytes that it takes in a call; 0: any */
    int limited; /* it takes `budget` bytes in all, then its transport takes no more */
    size_t budget;
    int failure;                      /* what its sink returns; 0: it does not fail */
    void (*during)(struct client *c); /* is called by its sink; or NULL */

    sse_subscriber *s; /* these are results. NULL: it has not joined, or is closed and unmapped */
    int reason;        /* why it was closed; SSE_OK: it is not known to be */
    int turns;         /* how often next has returned it, not closed */
    size_t copied, calls; /* bytes that its sink was given from its queue; calls of the sink */
    size_t len;           /* of all that it took */
    char *bytes;
    size_t room;
    guard memory;
    block queue;
} client;

/* The channel of the test, and its clients, of which two have short names. */
extern sse_channel ch;
extern sse_history *history;
extern uint64_t now_ms; /* of the last tick; begins at 1000 */
extern int chunked;
extern client all[CLIENTS], *const a, *const b;

/* Begin anew: end all clients, which take bytes by that way from now on, and make a channel with a
 * history of so many events and 4000 bytes. begin_plain: its ids are the caller's. */
void begin(size_t way, uint32_t events, uint32_t heartbeat_ms);
void begin_plain(uint32_t events);

/* Join; last_id NULL: none. resume: with the field and the query as they are, except that "e-" at
 * the start of an id is the origin. Both return as sse_subscriber_join. leave: and forget all but
 * the face. */
int join(client *c, const char *last_id);
int resume(client *c, const char *header, const char *query);
void leave(client *c);

/* Publish a text; the numbers from one to another; a text of n letters. */
void say(const char *text);
void say_to(uint64_t tag, uint64_t key, const char *text);
void say_numbers(int from, int to);
void say_long(size_t n);

/* Send to a client an event of type "private". Returns as sse_subscriber_send. */
int tell(client *c, const char *text);

/* Call next until it is NULL: each client takes what it can. Returns how many next has returned. */
size_t turn(void);

/* Tick, then a turn; pass: again and again, until so much time has passed. */
void tick(uint64_t ms);
void pass(uint64_t ms, uint64_t step_ms);
int timeout(void);

/* Take what there is, by the face of the client; take_some: n bytes at most. Return SSE_OK: every
 * byte was taken (for flush, or its turn is over); SSE_AGAIN: its transport takes no more;
 * otherwise it is closed. */
int take_all(client *c);
int take_some(client *c, size_t n);

/* The sink, whose user is a client. */
int client_sink(void *user, const void *bytes, size_t len, size_t *taken);

/* Return a status of a call; where it is a reason, the client knows that it is closed. */
int note(client *c, int status);

/* Demand what a client has got so far: "data@id" for each event, "type=data@id" where it has a
 * type, with commas in between. heard_text: return it; good until the next call. */
#define heard(c, want) assert_string_equal(heard_text(c), (want))
const char *heard_text(const client *c);

/* The last event ID that it has got; the events and comments; the last retry. */
const char *heard_id(const client *c);
size_t heard_events(const client *c);
size_t heard_comments(const client *c);
uint64_t heard_retry(const client *c);

/* Demand that every call on a subscriber returns a status (leave: SSE_OK, if it can) and leaves
 * nothing unwritten. */
void refuses(sse_subscriber *s, int status);

#define ok(call)     assert_int_equal((call), SSE_OK)
#define count(which) sse_channel_count(&ch, SSE_COUNT_##which)

/* A program of tests, each of which is called once, or for each way. */
typedef struct client_test {
    const char *name;
    void (*once)(void);
    void (*each)(size_t way);
} client_test;

#define ONCE(name)        \
    {                     \
#name, name, NULL \
    }
#define EACH_WAY(name)    \
    {                     \
#name, NULL, name \
    }

int client_tests(client_test *tests, size_t test_count);

#endif
