/* stage.h - a server with its clients, and events that go from the one to the others. */
#ifndef COST_STAGE_H
#define COST_STAGE_H

#include "drain.h"
#include "server.h"

enum kind { FLOOR, CHANNEL, SSECAT, KINDS };

/* The names of the three. */
extern const char *const kinds[KINDS];

enum {
    EVENT = 64,      /* bytes of an event, as clients get it */
    HISTORY = 262144 /* bytes of the log of ssecat */
};

typedef struct stage {
    enum kind kind;
    server server;
    drain drain;
    uint64_t bytes; /* that each client has been sent */
} stage;

/* Start one.
 *
 *   here      the folder of the programs cost_floor and cost_channel
 *   ssecat    that program
 *   checked   keep what is needed for stage_check */
void stage_start(stage *s, enum kind kind, const char *here, char *ssecat, uint32_t clients,
                 int checked);

/* Publish events of size bytes, so many turns, each with so many that come together; nothing more
 * is published until all have arrived. */
void stage_deliver(stage *s, uint32_t turns, uint32_t events, size_t size);

/* The same with events of EVENT bytes. Returns what one delivery has cost the server, in
 * nanoseconds. */
double stage_cost(stage *s, uint32_t turns, uint32_t events);

/* See to it that all clients have had the same bytes, and that these are what was published: events
 * of EVENT bytes. */
void stage_check(stage *s);

void stage_stop(stage *s);

#endif
