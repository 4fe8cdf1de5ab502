/* bench.c - bench_fanout: what fan-out costs, against the least that it can cost.
 *
 *     bench_fanout SSECAT [--smoke] [--plot FILE]           FILE: fanout.svg
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

int main(int argc, char **argv)
{
    static curve c;
    plan p = {.plot = "fanout.svg"};
    char *const slash = strrchr(argv[0], '/');
    int i, right = argc > 1 && slash != NULL;

    for (i = 2; i < argc; i++) {
        if (strcmp(argv[i], "--smoke") == 0)
            p.smoke = 1;
        else if (strcmp(argv[i], "--plot") == 0 && i + 1 < argc)
            p.plot = argv[++i];
        else
            right = 0;
    }
    if (!right) {
        fputs("Usage: path/to/bench_fanout SSECAT [--smoke] [--plot FILE]\n", stderr);
        return EXIT_FAILURE;
    }
    *slash = '\0';
    p.tools.here = argv[0];
    p.tools.ssecat = argv[1];
    p.tools.descriptors = raise_descriptors();
    setvbuf(stdout, NULL, _IOLBF, 0);
    pin(CLIENTS_CPU);
    measure_cells(&p, &c);
    measure_turns(&p);
    measure_stall(&p);
    measure_history(&p, &c);
    measure_counts(&p);
    curve_write(&c, p.plot);
    return missed() ? EXIT_FAILURE : EXIT_SUCCESS;
}
