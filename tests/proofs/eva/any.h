/* any.h - input of which nothing is known but its size, for the harnesses. */
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

#endif
