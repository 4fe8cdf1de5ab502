/* SPDX-License-Identifier: MIT */
/* counts.c - instructions of a delivery in user mode, as callgrind counts them: of the server, the
 * library, libc and its stubs of system calls. What does not grow with clients and events together
 * cancels out: with I instructions for c clients and e events, it is
 *
 *     (I(C, E) - I(C, e) - I(c, E) + I(c, e)) / ((C - c) (E - e))
 */
#define _GNU_SOURCE

#include "figures.h"

#include "common.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define LIMIT_INSTRUCTIONS 500

enum { SIZE = 64, TOGETHER = 8 };
static const uint32_t clients[2] = {20, 80}, events[2] = {80, 400};

static double read_count(const char *path)
{
    char line[512];
    unsigned long long n = 0;
    FILE *const log = fopen(path, "r");

    if (log == NULL)
        die(path);
    while (fgets(line, sizeof line, log) && sscanf(line, "==%*d== Collected : %llu", &n) != 1)
        ;
    fclose(log);
    if (n == 0)
        die_plainly("callgrind has counted nothing");
    return (double)n;
}

static double count(const plan *p, enum kind kind, uint32_t together)
{
    double counted[2][2];
    char path[4096];
    int c, e;

    snprintf(path, sizeof path, "%s/fanout-callgrind.log", p->tools.here);
    for (c = 0; c < 2; c++)
        for (e = 0; e < 2; e++) {
            const setup how = {.kind = kind, .clients = clients[c], .size = SIZE, .counts = path};
            static stage s;

            stage_start(&s, &p->tools, &how);
            stage_deliver(&s, events[e] / together, together);
            stage_end(&s);
            counted[c][e] = read_count(path);
        }
    remove(path);
    return (counted[1][1] - counted[1][0] - counted[0][1] + counted[0][0]) /
           (clients[1] - clients[0]) / (events[1] - events[0]);
}

void measure_counts(const plan *p)
{
    static const uint32_t together[] = {1, TOGETHER};
    double counted[2];
    size_t i;

    if (p->smoke)
        return;
    if (system("valgrind --version >/dev/null 2>&1") != 0) {
        puts("instructions: skipped: there is no valgrind (Debian: valgrind)");
        return;
    }
    putchar('\n');
    for (i = 0; i < 2; i++) {
        counted[FLOOR] = count(p, FLOOR, together[i]);
        counted[CHANNEL] = count(p, CHANNEL, together[i]);
        printf("instructions of a delivery, events in a turn: %" PRIu32 "\n", together[i]);
        printf("  floor %7.1f\n  channel %5.1f", counted[FLOOR], counted[CHANNEL]);
        judge(counted[CHANNEL], LIMIT_INSTRUCTIONS);
    }
}
