/* SPDX-License-Identifier: MIT */
#include "figures.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SPARE = 64 }; /* descriptors that are no client's */

static int misses;

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

double median(const double *values, uint32_t count)
{
    double sorted[ROUNDS];

    memcpy(sorted, values, count * sizeof *values);
    qsort(sorted, count, sizeof *sorted, ascending);
    return sorted[count / 2];
}

double median_ratio(const double *of, const double *to, uint32_t rounds)
{
    double ratios[ROUNDS];
    uint32_t r;

    for (r = 0; r < rounds; r++)
        ratios[r] = of[r] / to[r];
    return median(ratios, rounds);
}

void judge(double figure, double limit)
{
    const int good = figure <= limit; /* and no number is not good */

    printf("   at most %.2f%s\n", limit, good ? "" : ": missed");
    misses += !good;
}

int missed(void)
{
    return misses;
}

uint64_t round_begin(stage *s)
{
    drain_tally(&s->drain);
    return host_cpu_ns(&s->host);
}

round_figures round_end(stage *s, uint64_t begun)
{
    const uint64_t spent = host_cpu_ns(&s->host) - begun;
    round_figures f = {.got = drain_tally(&s->drain)};

    f.cost_ns = (double)spent / (double)f.got.delivered;
    return f;
}

uint32_t most_clients(const plan *p, uint32_t wanted)
{
    const uint32_t most = p->tools.descriptors - SPARE;

    if (wanted <= most)
        return wanted;
    printf("%" PRIu32 " clients instead of %" PRIu32 ": there are no more descriptors\n", most,
           wanted);
    return most;
}
