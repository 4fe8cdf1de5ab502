/* SPDX-License-Identifier: MIT */
/* any.h - input of which nothing is known but its size, for the harnesses. It is put ahead of each
 * file of the source, too, for memchr. */
#ifndef PROOFS_ANY_H
#define PROOFS_ANY_H

#include "__fc_builtin.h"

#include <stddef.h>

/* Fill memory with bytes of any value. */
static inline void any_bytes(char *p, size_t n)
{
    Frama_C_make_unknown(p, n);
}

/* A length, up to most. */
static inline size_t any_len(size_t most)
{
    return (size_t)Frama_C_unsigned_long_interval(0, most);
}

/* One of two, and which is not known. */
static inline int any_bool(void)
{
    return Frama_C_interval(0, 1);
}

/* Find a byte. Eva's own does not keep the cases apart, and so what is behind the byte, and how
 * much of it, does not fit together. */
static inline void *any_memchr(const void *p, int c, size_t n)
{
    const char *q = p;
    size_t i;

    for (i = 0; i < n; i++)
        if (q[i] == (char)c)
            return (void *)(q + i);
    return NULL;
}

#define memchr any_memchr

#endif
