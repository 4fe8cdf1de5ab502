/* SPDX-License-Identifier: MIT */
/* watch.h - what memory is behind each instruction that writes to it: what a process that dies
 * between two instructions leaves in a mapped file. Linux on x86-64.
 *
 * The memory is write-protected, so that each write is caught; it is let through alone, and what it
 * has made of the memory is kept. */
#ifndef TESTS_WATCH_H
#define TESTS_WATCH_H

#include <stddef.h>

#define WATCH_BYTES_MAX  2048
#define WATCH_WRITES_MAX 1024

typedef struct watched {
    int result; /* of the act */
    size_t count;
    unsigned char images[WATCH_WRITES_MAX][WATCH_BYTES_MAX]; /* the memory, behind each write */
} watched;

typedef int act_on(const void *user, void *memory);

/* Copy bytes into memory that is aligned for anything, and call act for it. Returns what is seen,
 * good until the next call; NULL where this machine cannot do it. Too many writes end the
 * program. */
const watched *watch(const void *bytes, size_t len, act_on *act, const void *user);

#endif
