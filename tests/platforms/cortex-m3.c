/* SPDX-License-Identifier: MIT */
/* cortex-m3.c - the vector table of a Cortex-M3, for newlib with semihosting: from reset on the
 * library's own start-up code takes over. */
#include <stdint.h>

extern void _start(void);

static void stuck(void)
{
    for (;;)
        ;
}

typedef void handler(void);

static const struct {
    uintptr_t stack;
    handler *handlers[15];
} vectors __attribute__((section(".vectors"), used)) = {
    0x20010000, {_start, stuck, stuck, stuck, stuck, stuck}};
