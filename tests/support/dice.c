/* SPDX-License-Identifier: MIT */
#include "dice.h"

static uint64_t dice = 1;

void dice_seed(uint64_t seed)
{
    dice = (seed + 1) * UINT64_C(0x9E3779B97F4A7C15);
    if (dice == 0) /* the one state that never changes */
        dice = 1;
}

/* xorshift */
size_t below(size_t n)
{
    dice ^= dice << 13;
    dice ^= dice >> 7;
    dice ^= dice << 17;
    return (size_t)((dice >> 33) % n);
}
