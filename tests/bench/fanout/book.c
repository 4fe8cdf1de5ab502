/* SPDX-License-Identifier: MIT */
#include "book.h"

#include <string.h>

enum { SHIFTS = 61 };

const char *body_text(uint64_t key)
{
    static char text[BODY_MAX + SHIFTS];
    uint32_t dice = 1;
    size_t i;

    for (i = 0; text[0] == '\0' || (i > 0 && i < sizeof text); i++) {
        dice = dice * 1664525 + 1013904223;
        text[i] = (char)('a' + (dice >> 16) % 26);
    }
    return text + key % SHIFTS;
}

void body_write(char *dst, uint64_t key, size_t size)
{
    size_t i;

    memcpy(dst + KEY_DIGITS, body_text(key), size - KEY_DIGITS);
    for (i = KEY_DIGITS; i-- > 0; key /= 10)
        dst[i] = (char)('0' + key % 10);
}
