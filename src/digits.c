/* SPDX-License-Identifier: MIT */
/* Decimal digits without a division. */
#include "digits.h"

sse_str sse_digits(char *end, uint32_t number)
{
    sse_str digits = {end, 0};

    /* Long division in binary. Small processors cannot divide, and the function that stands in for
     * it would be the only one that the core needs beside memory functions. */
    do {
        unsigned rest = 0, bit;

        for (bit = 0; bit < 32; bit++) {
            rest = rest << 1 | number >> 31;
            number <<= 1;
            if (rest >= 10) {
                rest -= 10;
                number |= 1;
            }
        }
        *--end = (char)('0' + rest);
        digits.len++;
    } while (number > 0);
    digits.ptr = end;
    return digits;
}
