/* SPDX-License-Identifier: MIT */
/* sequence.h - every sequence of calls up to a length, each from the same start. Needs cmocka.
 *
 * The sequences are a tree, walked depth first. Behind each call the memory is put back as it was
 * ahead of it: what the library has, and what the test has noted of it. A call that changed neither
 * is followed by what its predecessor is followed by, with one call less to come; that was walked
 * already, and is not walked again. */
#ifndef TESTS_SEQUENCE_H
#define TESTS_SEQUENCE_H

#include <stddef.h>

enum { SEQUENCE_MAX = 12, BLANK_MAX = 1100 };

/* One call. Returns whether it was refused: then it has to have changed nothing. */
typedef struct sequence_call {
    const char *name;
    int (*make)(void);
} sequence_call;

/* clang-format off */
#define CALL(name) {#name, name}
/* clang-format on */

typedef struct sequence {
    const sequence_call *calls;
    size_t count;
    void *object; /* the memory that the library was given */
    size_t object_size;
    void *model; /* what the test has noted */
    size_t model_size;
    void (*settle)(void);       /* behind each call: level in the object what is of no account */
    void (*check)(size_t left); /* behind each call that changed something; may change all of it.
                                   left: calls that are still to come */
} sequence;

/* Blank what is free in the queue of a writer's block, which is no larger than BLANK_MAX. A refused
 * call may have tried to put something there, and what is there must not matter. */
void blank_free(void *block, size_t size);

/* Walk all sequences of up to that length. Returns how many calls changed something. */
size_t sequence_walk(const sequence *q, size_t length);

/* A teardown that prints the sequence which the test has failed in. */
int sequence_is_over(void **state);

#define sequence_test(name) cmocka_unit_test_teardown(name, sequence_is_over)

#endif
