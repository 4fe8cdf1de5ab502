/* SPDX-License-Identifier: MIT */
/* bench.c - bench_fanout: what fan-out costs, against the least that it can cost.
 *
 *     bench_fanout SSECAT [--smoke] [--plot FILE] [PART...]
 *
 * FILE is fanout.svg unless it is told. A PART is cells, turns, stall, history, counts, memory,
 * rate or pace; without any, all of them, and the plot.
 *
 * The channel is bench_server, the least is bench_floor, both beside this program; SSECAT is that
 * program. They get the same events in turn, in rounds, so that what disturbs one disturbs all.
 * What is told is the median over the rounds, of a ratio that of the ratios within each. Cost is
 * processor time of the server, user and kernel. Clients and publishers are on another processor.
 * Each byte that a client gets is compared with what was published.
 *
 * With --smoke it is small and quick, and asks only for the streams and the memory; else it also
 * fails where a limit is missed. */
#define _GNU_SOURCE

#include "curve.h"

#include "common.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct part {
    const char *name;
    void (*measure)(const plan *p);
} parts[] = {{"cells", measure_cells},     {"turns", measure_turns},   {"stall", measure_stall},
             {"history", measure_history}, {"counts", measure_counts}, {"memory", measure_memory},
             {"rate", measure_rate},       {"pace", measure_pace}};

enum { PARTS = sizeof parts / sizeof parts[0] };

/* Returns PARTS where no part has this name. */
static int part_named(const char *name)
{
    int i = 0;

    while (i < PARTS && strcmp(parts[i].name, name) != 0)
        i++;
    return i;
}

int main(int argc, char **argv)
{
    static curve c;
    plan p = {.curve = &c};
    const char *plot = "fanout.svg";
    char *const slash = strrchr(argv[0], '/');
    unsigned wanted = 0; /* a bit each; none: all */
    int i, right = argc > 1 && slash != NULL;

    for (i = 2; i < argc; i++) {
        if (strcmp(argv[i], "--smoke") == 0)
            p.smoke = 1;
        else if (strcmp(argv[i], "--plot") == 0 && i + 1 < argc)
            plot = argv[++i];
        else if (part_named(argv[i]) < PARTS)
            wanted |= 1u << part_named(argv[i]);
        else
            right = 0;
    }
    if (!right) {
        fputs("Usage: path/to/bench_fanout SSECAT [--smoke] [--plot FILE] [PART...]\n", stderr);
        return EXIT_FAILURE;
    }
    *slash = '\0';
    p.tools.here = argv[0];
    p.tools.ssecat = argv[1];
    p.tools.descriptors = raise_descriptors();
    setvbuf(stdout, NULL, _IOLBF, 0);
    pin(CLIENTS_CPU);
    for (i = 0; i < PARTS; i++)
        if (wanted == 0 || wanted & 1u << i)
            parts[i].measure(&p);
    if (wanted == 0)
        curve_write(&c, plot);
    return missed() ? EXIT_FAILURE : EXIT_SUCCESS;
}
