/* SPDX-License-Identifier: MIT */
/* history.c - what the size of the history costs: an event to all clients, which must not
 * depend on it, and all of it to a client that comes back, which grows with it and not faster. */
#include "curve.h"

#include <inttypes.h>
#include <stdio.h>

#define LIMIT_LIVE   1.25
#define LIMIT_REPLAY 1.25

enum {
    LOGS = 3,
    CLIENTS = 100,
    RETURNING = 10, /* clients that come back at once */
    SIZE = 64,
    TURNS = 100,
    FILL = 50, /* events of a turn that fills the log */
    HISTORY_ROUNDS = 7
};

static double live(stage *s)
{
    const uint64_t begun = round_begin(s);

    stage_deliver(s, TURNS, 1);
    return round_end(s, begun).cost_ns;
}

/* Returns what it costs to send all of the log to a client that has had the event before it. */
static double replay(stage *s)
{
    const uint64_t before = host_cpu_ns(&s->host), had = s->published - s->events;
    char after[64];
    const visit v = {.port = s->host.port,
                     .clients = RETURNING,
                     .window = (uint32_t)s->window,
                     .after = after,
                     .first = had + 1,
                     .last = s->published};
    uint64_t spent;
    drain d;

    snprintf(after, sizeof after, "%s-%" PRIu64, s->book->epoch, had);
    drain_start(&d, &v, s->book);
    drain_wait(&d);
    spent = host_cpu_ns(&s->host) - before;
    drain_stop(&d);
    return (double)spent / RETURNING;
}

void measure_history(const plan *p)
{
    static const uint32_t sizes[2][LOGS] = {{1000, 10000, 100000}, {100, 200, 1000}};
    static stage stages[LOGS];
    static double lives[LOGS][ROUNDS], replays[LOGS][ROUNDS], ratios[ROUNDS];
    const uint32_t rounds = p->smoke ? 1 : HISTORY_ROUNDS;
    uint32_t r;
    int i;

    for (i = 0; i < LOGS; i++) {
        const setup how = {.kind = CHANNEL,
                           .clients = p->smoke ? CLIENTS / 10 : CLIENTS,
                           .size = SIZE,
                           .events = sizes[p->smoke][i]};

        stage_start(&stages[i], &p->tools, &how);
        stage_deliver(&stages[i], how.events / FILL, FILL);
    }
    for (r = 0; r < rounds; r++)
        for (i = 0; i < LOGS; i++) {
            lives[i][r] = live(&stages[i]);
            replays[i][r] = replay(&stages[i]);
        }
    if (!p->smoke)
        puts("\n  history    live: CPU s per 1e6    replay: ms a client    ns an event");
    for (i = 0; i < LOGS; i++) {
        const double ms = median(replays[i], rounds) / 1e6;

        points_add(&p->curve->live, stages[i].events, median(lives[i], rounds) * CLIENTS / 1e6);
        points_add(&p->curve->replay, stages[i].events, ms);
        if (!p->smoke)
            printf("%9" PRIu32 " %22.3f %22.3f %14.0f\n", stages[i].events,
                   median(lives[i], rounds) / 1000, ms, ms * 1e6 / stages[i].events);
        stage_end(&stages[i]);
    }
    p->curve->history_clients = CLIENTS;
    if (p->smoke)
        return;
    printf("live, the longest to the shortest: %.3f",
           median_ratio(lives[LOGS - 1], lives[0], rounds));
    judge(median_ratio(lives[LOGS - 1], lives[0], rounds), LIMIT_LIVE);
    for (r = 0; r < rounds; r++)
        ratios[r] = replays[LOGS - 1][r] / replays[0][r] * sizes[0][0] / sizes[0][LOGS - 1];
    printf("replay, an event of the longest to one of the shortest: %.3f", median(ratios, rounds));
    judge(median(ratios, rounds), LIMIT_REPLAY);
}
