/* SPDX-License-Identifier: MIT */
/* test_channel_random.c - calls of all kinds in any order, against the model of support/model.h.
 *
 *     test_channel_random                 as many as a test may take
 *     test_channel_random ROUNDS          more, from another seed on each day
 *     test_channel_random seed SEED [STEPS]   one round, told call by call */
#include "dice.h"
#include "model.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ROUNDS = 6000, STEPS = 250 };

static uint64_t seed;

static void is_wrong(void)
{
    fprintf(stderr, "seed %llu\n", (unsigned long long)seed);
    abort();
}

static void run(unsigned steps)
{
    dice_seed(seed);
    world_open_any(below);
    while (steps-- > 0)
        world_step(below);
    world_finish();
}

int main(int argc, char **argv)
{
    unsigned long rounds = argc > 1 ? strtoul(argv[1], NULL, 10) : ROUNDS, i;

    world_failed = is_wrong;
    if (argc > 2 && strcmp(argv[1], "seed") == 0) {
        world_trace = 1;
        seed = strtoull(argv[2], NULL, 10);
        run(argc > 3 ? (unsigned)strtoul(argv[3], NULL, 10) : STEPS);
        return 0;
    }
    seed = argc > 1 ? (uint64_t)time(NULL) << 32 : 0;
    for (i = 0; i < rounds; i++, seed++)
        run(STEPS);
    printf("%lu rounds of %d calls\n", rounds, STEPS);
    return rounds > 0 ? 0 : 1;
}
