/* SPDX-License-Identifier: MIT */
/* memory.c - by how much the memory of a server grows for each client: its connection, its
 * subscriber and its queue, and what malloc adds, counted as the pages that the server has touched.
 * At rest, and when each client has stalled within an event, whose rest is in its queue. What the
 * kernel keeps for a socket is not in it. */
#include "figures.h"

#include <sse/sse.h>

#include <inttypes.h>
#include <stdio.h>

#define LIMIT_SUBSCRIBER 160

enum { CLIENTS = 10000, SMALL = 30, SIZE = 64 };

static double bytes_a_client(const stage *s)
{
    return ((double)host_memory_kib(&s->host) - (double)s->empty_kib) * 1024 / s->clients;
}

/* ssecat cuts off clients that take nothing for half a minute: those are not let go on. */
static void end(stage *s)
{
    if (s->kind != SSECAT) {
        drain_release(&s->drain);
        drain_wait(&s->drain);
        drain_tally(&s->drain);
    }
    stage_end(s);
}

void measure_memory(const plan *p)
{
    const uint32_t clients = p->smoke ? SMALL : most_clients(p, CLIENTS);
    int k;

    if (!p->smoke)
        printf("\nmemory of a server, bytes for each of %" PRIu32 " clients\n%34s %15s\n", clients,
               "at rest", "when all stall");
    for (k = 0; k < KINDS; k++) {
        const setup how = {.kind = (enum kind)k, .clients = clients, .size = SIZE};
        static stage s;
        double rest;

        stage_start(&s, &p->tools, &how);
        stage_deliver(&s, 2, 1);
        rest = bytes_a_client(&s);
        drain_hold(&s.drain, clients);
        stage_overrun(&s);
        if (!p->smoke)
            printf("  %-23s %8.0f %15.0f\n", kinds[k], rest, bytes_a_client(&s));
        end(&s);
    }
    printf("of a client of the channel: a queue %zu, an sse_subscriber %zu",
           sizeof(size_t) * SSE_WRITER_WORDS(stage_queue(SIZE)), sizeof(sse_subscriber));
    judge(sizeof(sse_subscriber), LIMIT_SUBSCRIBER);
}
