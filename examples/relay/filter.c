/* SPDX-License-Identifier: MIT */
#include "filter.h"

#include "../serve/text.h"
#include "entry.h"

#include <stdlib.h>
#include <string.h>

enum {
    VALUES_MAX = 64,
    VALUE_MAX = 256 /* bytes */
};

static int by_number(const void *a, const void *b)
{
    const uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

    return (left > right) - (left < right);
}

/* Read the parameters with this name; values NULL: only count them. Returns how many have a value,
 * or -1 where one is wrong. */
static int read_values(sse_str query, const char *name, uint64_t *values)
{
    char value[VALUE_MAX];
    size_t len;
    int count = 0;

    while (query.len > 0) {
        const sse_str pair = text_cut(&query, '&');

        if (sse_http_query(pair.ptr, pair.len, name, strlen(name), value, sizeof value, &len) !=
            SSE_OK)
            return -1;
        if (len == 0)
            continue;
        if (values)
            values[count] = entry_number((sse_str){value, len});
        count++;
    }
    return count;
}

/* The user whose client it is; absent where the field is not there once: of two, one is perhaps the
 * client's own. */
static sse_str user_of(const question *q, const options *o)
{
    sse_str rest = q->request->fields, user, other;

    if (request_next_field(&rest, o->user_header, &user) && user.len > 0 &&
        !request_next_field(&rest, o->user_header, &other))
        return user;
    return (sse_str){NULL, 0};
}

int filter_check(const question *q, const options *o)
{
    int count;

    if (o->user_field)
        return user_of(q, o).len > 0 ? 200 : 403;
    count = read_values(q->request->query, o->filter, NULL);
    return count >= 0 && count <= VALUES_MAX ? 200 : 400;
}

int filter_set(filter *f, const question *q, const options *o)
{
    const sse_str query = q->request->query;
    const int count = o->user_field ? 1 : read_values(query, o->filter, NULL);

    if (count == 0)
        return 0;
    f->values = calloc((size_t)count, sizeof *f->values);
    if (f->values == NULL)
        return -1;
    f->count = (size_t)count;
    if (o->user_field)
        f->values[0] = entry_number(user_of(q, o));
    else
        read_values(query, o->filter, f->values);
    qsort(f->values, f->count, sizeof *f->values, by_number);
    return 0;
}

int filter_shows(const filter *f, uint64_t value)
{
    return f->values == NULL || value == 0 ||
           bsearch(&value, f->values, f->count, sizeof value, by_number) != NULL;
}

void filter_free(filter *f)
{
    free(f->values);
    f->values = NULL;
}
