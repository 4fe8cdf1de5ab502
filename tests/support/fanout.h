/* fanout.h - a hall and clients: a channel, and subscribers that write down what they get. Needs
 * cmocka. Where listener.h judges long schedules, this is for the short ones that are spelled out.
 *
 * Ids are automatic, with the epoch 14: "e-7" is the seventh event. A client's subscriber and its
 * writer are on the heap and freed in on_close, so that a sanitizer sees any later touch. */
#ifndef TESTS_FANOUT_H
#define TESTS_FANOUT_H

#include <sse/subscriber.h>

enum { CLIENT_QUEUE = 600, CLIENT_BYTES = 8192 };

typedef struct hall {
    sse_channel ch;
    uint64_t *memory;
    sse_replay *log;
    size_t room;
    uint32_t framing;
} hall;

/* Who calls a client. */
enum call { CALL_SINK, CALL_WAKE, CALL_CLOSE };

typedef struct client {
    int pushes; /* these are set ahead of joining: all-zero is one that pulls all events, */
    uint32_t flags, pace_ms;
    int filtered;
    uint64_t tag; /* the only one that it may see */
    size_t most;  /* what its sink takes in a call; 0: all */
    int limited;  /* it takes `budget` in all, then blocks */
    size_t budget;
    size_t capacity;                                /* of its writer; 0: CLIENT_QUEUE */
    void (*during)(struct client *c, enum call by); /* or NULL */
    int fails;                                      /* its sink does */
    struct client *other;                           /* for `during` */

    hall *at;          /* and these tell what was */
    sse_subscriber *s; /* NULL: it is closed, and the memory is freed */
    sse_writer *w;
    int wakes, closes, reason, sunk;
    size_t len;
    char bytes[CLIENT_BYTES];
} client;

/* Make a hall, with a log of this geometry. */
void hall_open(hall *h, uint32_t events, size_t room, uint32_t framing, uint32_t heartbeat_ms);
void hall_close(hall *h);

/* Publish a text. Returns what came of it. */
sse_published say(hall *h, const char *text);
sse_published say_to(hall *h, uint64_t tag, uint64_t key, const char *text);

/* Join; last_id NULL: new. Returns as sse_channel_join. */
int client_join(client *c, hall *h, const char *last_id);

/* Send it an event of type "private". Returns as sse_subscriber_send. */
int client_tell(client *c, const char *text);

/* Read n bytes, as far as there are any; client_pull: all. Returns the last status. */
int client_read(client *c, size_t n);
int client_pull(client *c);

/* Write down bytes that were taken by other means. */
void client_note(client *c, const void *bytes, size_t len);

/* Tell what a client has heard so far: "data@id" for each event, "type=data@id" where it has a
 * type, with commas in between; good until the next call. Demand it, and how many comments. */
const char *heard_text(const client *c);
void heard(const client *c, const char *want);
void heard_comments(const client *c, size_t want);

/* The reconnection time that it was told last; 0: none. */
uint64_t heard_retry(const client *c);

/* Leave, if it has not; then demand that it was closed once. */
void client_end(client *c);

#endif
