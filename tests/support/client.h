/* client.h - a server with a channel, and clients that are judged by what they get. Needs cmocka.
 *
 *     server_open(&v, 8, 4096, 0, 15000);
 *     client_join(&c, &v, NULL);
 *     say(&v, "one");
 *     server_turn(&v);
 *     heard(&c, "place=@e-0,one@e-1");
 *
 * Ids are automatic. What tests write and read has "e" for the origin in them: "e-7" is the seventh
 * event. The memory of a subscriber and of its queue lies between unmapped pages and is unmapped as
 * soon as the client knows that it is closed: any later touch ends the test. */
#ifndef TESTS_CLIENT_H
#define TESTS_CLIENT_H

#include "block.h"
#include "parser.h"
#include "sse/subscriber.h"

enum { CLIENT_QUEUE = 600, CLIENT_START_MS = 1000 };

typedef struct server {
    sse_channel ch;
    guard memory;
    sse_history *history;
    uint32_t chunked;                    /* 1: the history and the queues are */
    uint64_t now_ms;                     /* begins at CLIENT_START_MS */
    char origin[SSE_HISTORY_ID_MAX + 1]; /* with the dash */
} server;

/* How a client takes bytes. */
typedef enum face { FLUSH, READ, PEEK, FACES } face;

/* Each face, plain and chunked: way % FACES is the face, way / FACES the framing. */
enum { CLIENT_WAYS = 2 * FACES };

typedef struct client {
    face
        face; /* these are set before joining; all-zero is a client that flushes all it is given, */
    uint32_t flags;
    size_t capacity;  /* of its queue; 0: CLIENT_QUEUE */
    const char *head; /* is put in its queue before joining; NULL: none */
    int keeps;        /* its memory stays mapped when it is closed */
    size_t most;      /* bytes that it takes in a call; 0: any; may be changed */
    int limited;      /* it takes `budget` bytes in all, then its transport takes no more */
    size_t budget;
    int answer;                       /* what its sink returns for a failure; 0: it does not fail */
    void (*during)(struct client *c); /* is called by its sink; or NULL */

    server *at; /* and these are written here */
    guard memory;
    block block;
    sse_subscriber *s; /* NULL: has not joined, or is closed and unmapped */
    sse_writer *queue;
    int reason;           /* why it was closed; SSE_OK: it is not known to be */
    int closes;           /* how often it was learned that it is closed: at most once */
    int turns;            /* how often next has returned it, not closed */
    size_t copied, calls; /* bytes that its sink was given from its queue; calls of the sink */
    size_t len;           /* of all that it took */
    size_t room;
    char *bytes;
} client;

/* Open a server, with a history of this geometry. server_open_plain: its ids are the caller's. */
void server_open(server *v, uint32_t events, size_t capacity, uint32_t chunked,
                 uint32_t heartbeat_ms);
void server_open_plain(server *v, uint32_t events, size_t capacity, uint32_t chunked,
                       uint32_t heartbeat_ms);
void server_close(server *v); /* may be repeated, also for one that is all-zero */

/* Publish a text. */
void say(server *v, const char *text);
void say_to(server *v, uint64_t tag, uint64_t key, const char *text);

/* Publish a text of n letters. */
void say_long(server *v, size_t n);

/* Let time pass, and tick. */
void server_tick(server *v, uint64_t ms);

/* Take next until it is NULL; each client takes what it can. Returns how many next has returned. */
size_t server_turn(server *v);

/* The sink, whose user is a client. */
int client_sink(void *user, const void *bytes, size_t len, size_t *taken);

/* Join; last_id NULL: none. client_resume: with the field and the query as they are, except that
 * "e-" at the start of an id is the origin of the server. Both return as sse_subscriber_join. */
int client_join(client *c, server *v, const char *last_id);
int client_resume(client *c, server *v, const char *header, const char *query);

/* Leave, if it has not; free what it took, and be all-zero again. */
void client_end(client *c);

/* Send it an event of type "private". Returns as sse_subscriber_send. */
int client_send(client *c, const char *text);

/* Take what there is, by the face of the client. client_take_some: n bytes at most. Return SSE_OK:
 * every byte was taken (for flush, or the turn is over); SSE_AGAIN: its transport takes no more;
 * otherwise it is closed. */
int client_take(client *c);
int client_take_some(client *c, size_t n);

/* Note a status of a call: where it is a reason, the client is closed, and its memory unmapped. */
int client_note(client *c, int status);

/* Tell what a client has got so far: "data@id" for each event, "type=data@id" where it has a type,
 * with commas in between; good until the next call. Demand it. */
const char *heard_text(const client *c);
#define heard(c, want) assert_string_equal(heard_text(c), (want))

/* The comments and events that it has got, the retry it was told last (0: none), and its last event
 * ID, good until the next call: "e-7", or "" where there is none. */
size_t heard_comments(const client *c);
size_t heard_events(const client *c);
uint64_t heard_retry(const client *c);
const char *heard_last_id(const client *c);

/* Forget what it has got until now. */
void client_forget(client *c);

#endif
