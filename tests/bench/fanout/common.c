/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE

#include "common.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

void die(const char *what)
{
    fprintf(stderr, "fanout: %s: %s\n", what, strerror(errno));
    exit(EXIT_FAILURE);
}

void die_plainly(const char *what)
{
    fprintf(stderr, "fanout: %s\n", what);
    exit(EXIT_FAILURE);
}

uint64_t now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

uint32_t raise_descriptors(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        die("descriptors");
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
        die("descriptors");
    return limit.rlim_cur < 1000000 ? (uint32_t)limit.rlim_cur : 1000000;
}

/* The first call learns which processors there are; children inherit that. */
void pin(enum cpu cpu)
{
    static cpu_set_t all;
    static int known;
    cpu_set_t one;
    size_t i;
    int skip = cpu == CLIENTS_CPU;

    if (!known && sched_getaffinity(0, sizeof all, &all) != 0)
        die("processors");
    known = 1;
    if (CPU_COUNT(&all) < 2)
        return;
    for (i = 0; !CPU_ISSET(i, &all) || skip-- > 0; i++)
        ;
    CPU_ZERO(&one);
    CPU_SET(i, &one);
    if (sched_setaffinity(0, sizeof one, &one) != 0)
        die("processors");
}
