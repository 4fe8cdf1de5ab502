/* SPDX-License-Identifier: MIT */
#include "sequence.h"

#include "sse/writer.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* The way from the start to where the walk is. */
static const char *path[SEQUENCE_MAX];
static size_t depth;

/* Both memories, as they were at each place of the way. */
static char *saved[SEQUENCE_MAX + 1];

static void save(const sequence *q)
{
    memcpy(saved[depth], q->object, q->object_size);
    memcpy(saved[depth] + q->object_size, q->model, q->model_size);
}

static void put_back(const sequence *q)
{
    memcpy(q->object, saved[depth], q->object_size);
    memcpy(q->model, saved[depth] + q->object_size, q->model_size);
}

/* The part of the overhead that is not in the ring: all but the room for the last chunk. */
#define HEADER (SSE_WRITER_OVERHEAD - 5)

void blank_free(void *block, size_t size)
{
    size_t memory[BLANK_MAX / sizeof(size_t)];
    sse_writer *const copy = (sse_writer *)(void *)memory;
    char *const to = block;
    const void *bytes;
    size_t len;

    assert_in_range(size, SSE_WRITER_OVERHEAD, sizeof memory);
    memcpy(memory, block, size);
    memset(to + HEADER, 0, size - HEADER);
    while (sse_writer_peek(copy, &bytes, &len) == SSE_OK) {
        memcpy(to + ((const char *)bytes - (const char *)memory), bytes, len);
        assert_int_equal(sse_writer_consume(copy, len), SSE_OK);
    }
}

static size_t walk(const sequence *q, size_t left)
{
    size_t changes = 0, i;

    for (i = 0; i < q->count; i++) {
        const char *const before = saved[depth];
        int refused, same;

        path[depth++] = q->calls[i].name;
        refused = q->calls[i].make();
        if (q->settle)
            q->settle();
        same = memcmp(before, q->object, q->object_size) == 0;
        if (refused)
            assert_true(same);
        if (!same || memcmp(before + q->object_size, q->model, q->model_size) != 0) {
            changes++;
            save(q);
            q->check(left - 1);
            if (left > 1) {
                put_back(q);
                changes += walk(q, left - 1);
            }
        }
        depth--;
        put_back(q);
    }
    return changes;
}

size_t sequence_walk(const sequence *q, size_t length)
{
    size_t changes, i;

    assert_in_range(length, 1, SEQUENCE_MAX);
    for (i = 0; i <= length; i++) {
        saved[i] = malloc(q->object_size + q->model_size);
        assert_non_null(saved[i]);
    }
    depth = 0;
    save(q);
    changes = walk(q, length);
    for (i = 0; i <= length; i++) {
        free(saved[i]);
        saved[i] = NULL;
    }
    return changes;
}

int sequence_is_over(void **state)
{
    const int failed = depth > 0;
    size_t i;

    (void)state;
    if (failed)
        fprintf(stderr, "in the sequence:");
    for (i = 0; i < depth; i++)
        fprintf(stderr, " %s", path[i]);
    if (failed)
        fprintf(stderr, "\n");
    depth = 0;
    return failed ? -1 : 0;
}
