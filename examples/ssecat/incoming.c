/* SPDX-License-Identifier: MIT */
#include "incoming.h"

#include <stdlib.h>

incoming *incoming_new(void)
{
    incoming *const in = malloc(sizeof *in + INCOMING_FIRST);

    if (in) {
        in->request = (request){0};
        in->len = 0;
        in->cap = INCOMING_FIRST;
    }
    return in;
}

/* The bytes of it that count as grown. */
static size_t grown(const incoming *in)
{
    return in->cap > INCOMING_FIRST ? in->cap : 0;
}

int incoming_grow(incoming **in, size_t *used)
{
    const size_t cap = 2 * (*in)->cap;
    incoming *more;

    if ((*in)->len < (*in)->cap)
        return 0;
    if (*used - grown(*in) + cap > INCOMING_MORE)
        return -1;
    more = realloc(*in, sizeof *more + cap);
    if (more == NULL)
        return -1;
    *used += cap - grown(more);
    more->cap = cap;
    *in = more;
    return 0;
}

void incoming_free(incoming **in, size_t *used)
{
    if (*in)
        *used -= grown(*in);
    free(*in);
    *in = NULL;
}
