/* SPDX-License-Identifier: MIT */
/* common.h - what the programs of the fan-out bench share. */
#ifndef FANOUT_COMMON_H
#define FANOUT_COMMON_H

#include <stdint.h>

/* Print a message with the reason in errno and exit; die_plainly where errno has none. */
void die(const char *what);
void die_plainly(const char *what);

/* The monotonic clock. */
uint64_t now_ns(void);

/* Ask for as many descriptors as may be had; returns how many. */
uint32_t raise_descriptors(void);

/* Run on one processor from now on, if there are two: servers on the first, clients and the rest on
 * the second, so that whether they share one is not up to chance. */
enum cpu { SERVERS_CPU, CLIENTS_CPU };
void pin(enum cpu cpu);

#endif
