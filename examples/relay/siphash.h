/* SPDX-License-Identifier: MIT */
/* siphash.h - SipHash-2-4: without the key, nobody finds two texts with the same number. */
#ifndef RELAY_SIPHASH_H
#define RELAY_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

uint64_t siphash(const uint64_t key[2], const void *bytes, size_t len);

#endif
