/* SPDX-License-Identifier: MIT */
/* dice.h - numbers that look random and come again in the same order after the same seed. */
#ifndef TESTS_DICE_H
#define TESTS_DICE_H

#include <stddef.h>
#include <stdint.h>

/* Begin anew; any seed will do. */
void dice_seed(uint64_t seed);

/* A number below n, which is above 0. */
size_t below(size_t n);

#endif
