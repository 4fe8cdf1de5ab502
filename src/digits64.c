/* Digits of 64-bit numbers, which need a division. */
#include "digits.h"

char *sse_digits64(char *end, uint64_t number, unsigned base)
{
    do {
        *--end = "0123456789abcdef"[number % base];
        number /= base;
    } while (number > 0);
    return end;
}
