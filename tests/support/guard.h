/* SPDX-License-Identifier: MIT */
/* guard.h - memory between unmapped pages: a read or a write one byte too far ends the test.
 *
 *     guard_before_end:  | no access | unused |  len  | no access |
 *     guard_at_start:    | no access |  len  | unused | no access |
 *
 * Running out of memory ends the program. */
#ifndef TESTS_GUARD_H
#define TESTS_GUARD_H

#include <stddef.h>

/* A region. All-zero is one that was freed. */
typedef struct guard {
    char *map;
    size_t map_len;
    char *ptr; /* the memory to use; never NULL, even for len 0 */
    size_t len;
} guard;

/* Memory that ends where an unmapped page begins. Its address is not aligned unless len is. */
guard guard_before_end(size_t len);

/* The last n bytes of such memory: cheaper than memory of its own for each n. */
char *guard_tail(const guard *g, size_t n);

/* Memory that begins where an unmapped page ends. */
guard guard_at_start(size_t len);

/* Memory that holds a copy and ends where an unmapped page begins. */
guard guard_copy(const void *bytes, size_t len);

/* Memory that can be neither read nor written, for pointers that must not be followed. */
guard guard_none(size_t len);

void guard_free(guard *g);

#endif
