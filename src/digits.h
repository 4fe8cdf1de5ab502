/* SPDX-License-Identifier: MIT */
/* digits.h - private: numbers as text. */
#ifndef SSE_DIGITS_H
#define SSE_DIGITS_H

#include "sse/base.h"

/* The most digits that these numbers have. */
enum { SSE_DIGITS_MAX = 10, SSE_DIGITS64_MAX = 20 };

/* Write a number in decimal digits before `end`; returns them. Does not divide. digits.c. */
sse_str sse_digits(char *end, uint32_t number);

/* Write a number of 64 bits before `end`, in base 10 or 16; returns its first digit. It stands in a
 * file of its own, digits64.c, since the core must not link a division. */
char *sse_digits64(char *end, uint64_t number, unsigned base);

#endif
