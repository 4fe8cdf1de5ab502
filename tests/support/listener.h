/* listener.h - a subscriber that writes down what it gets, and a judge of it. Needs cmocka.
 *
 * A station is a channel with a list of all that was published on it; listeners join it, take their
 * bytes as a script says, and in the end each stream is parsed and held against the list. Ids are
 * automatic, with the epoch 14: "e-7" is the seventh event. */
#ifndef TESTS_LISTENER_H
#define TESTS_LISTENER_H

#include <sse/subscriber.h>

enum { STATION_EVENTS_MAX = 4000, STATION_TAGS = 3, LISTENER_QUEUE = 600 };

typedef struct station {
    sse_channel channel;
    uint64_t *memory;
    sse_replay *log;
    int chunked;
    struct {
        uint64_t tag, key;
        size_t fill;              /* bytes of its data behind the number */
    } events[STATION_EVENTS_MAX]; /* by number */
    uint64_t private_count;
} station;

/* How a listener's sink takes bytes: at most `most` a call, then blocks when `budget` is used up.
 */
typedef struct listener {
    sse_subscriber s;
    station *at;
    int joined;
    int pulls;  /* it has no sink */
    int open;   /* on_close has not been called */
    int reason; /* with which it was */
    size_t most, budget;
    int fails; /* the sink fails at its next call */
    uint32_t flags;
    int64_t tag;   /* the only one that it may see; -1: all */
    uint64_t next; /* where it began; 0: where a gap event says */
    uint64_t end;  /* of the log when it was closed by sse_subscriber_close; 0: it was not */
    int woken;     /* wakes since the last SSE_AGAIN */
    size_t *writer;
    char *bytes;
    size_t len, cap;
} listener;

/* Make a station, with a log of this geometry. */
void station_init(station *st, uint32_t events, size_t room, uint32_t framing,
                  uint32_t heartbeat_ms);
void station_free(station *st);

/* Publish an event that is told by its number, and `fill` bytes beside. Returns as
 * sse_channel_publish. */
int station_publish(station *st, uint64_t tag, uint64_t key, size_t fill, sse_published *result);

/* Join; last_id 0 is a new client, else that of the event with this number. Returns as
 * sse_channel_join. */
int listener_join(listener *l, station *st, int pulls, uint32_t flags, int64_t tag,
                  uint32_t pace_ms, uint64_t last_id);

/* Send it a private event. Returns as sse_subscriber_send. */
int listener_send(listener *l);

/* Take `most` bytes at a time, up to `budget`, as the transport would. A listener that was closed
 * takes none. */
void listener_take(listener *l, size_t most, size_t budget);

/* Hold its stream against what was published: each event that it may see, once, in order and whole,
 * but for what gap events told of, and what newer ones stand for; private events behind what was
 * published before them. Where `all` is not 0, up to the end. */
void listener_check(const listener *l, int all);

/* Leave, if it is still there, and free what it has. */
void listener_free(listener *l);

#endif
