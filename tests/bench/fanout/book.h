/* SPDX-License-Identifier: MIT */
/* book.h - what has been published, in memory that a publisher and its clients share.
 *
 * Events have numbers, in the order in which the server has taken them, and keys, in the order in
 * which they were sent: the same thing while there is one publisher. With several, the key K comes
 * from publisher K % publishers; the first client to see an event tells what its key is, which must
 * be the next of its publisher, and all others must see the same. */
#ifndef FANOUT_BOOK_H
#define FANOUT_BOOK_H

#include <stddef.h>
#include <stdint.h>

enum {
    BOOK = 1 << 18, /* the latest events that it knows */
    PUBLISHERS = 8, /* at most */
    BODY_MIN = 64,
    BODY_MAX = 16384
};

typedef struct book {
    size_t size;          /* of a body */
    char epoch[20];       /* of the ids of the server: its first event tells */
    uint64_t released_ns; /* what was due earlier counts as due then */
    uint32_t publishers;
    uint64_t wanted[PUBLISHERS]; /* the next key of each */
    uint64_t due_ns[BOOK];       /* by key */
    struct {
        uint64_t number, key;
    } seen[BOOK]; /* by number, where there are several publishers */
} book;

/* Write the body that has a key: the key in digits, and text that differs from the neighbours'. */
enum { KEY_DIGITS = 10 };
void body_write(char *dst, uint64_t key, size_t size);

/* The text after the digits. */
const char *body_text(uint64_t key);

#endif
