/* SPDX-License-Identifier: MIT */
/* Digits of 64-bit numbers, which need a division. */
#include "digits.h"

char *sse_digits64(char *end, uint64_t number, unsigned base)
{
    do {
        /* by a constant, for compilers that multiply instead */
        const uint64_t rest = base == 16 ? number >> 4 : number / 10;

        *--end = "0123456789abcdef"[number - rest * base];
        number = rest;
    } while (number > 0);
    return end;
}
