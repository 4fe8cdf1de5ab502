/* SPDX-License-Identifier: MIT */
#include "block.h"

#include "chunks.h"
#include "parsed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MARK 0xA5

/* Bytes that are missing at the end of size, so that its start is aligned. */
static size_t gap(size_t size)
{
    return (sizeof(size_t) - size % sizeof(size_t)) % sizeof(size_t);
}

void *block_of(block *b, size_t size)
{
    const size_t room = size + gap(size);

    if (b->memory.ptr == NULL || b->memory.len < room) {
        if (b->memory.ptr)
            guard_free(&b->memory);
        b->memory = guard_before_end(room);
    }
    b->start = guard_tail(&b->memory, room);
    b->size = size;
    b->flags = 0;
    memset(b->start, MARK, room);
    return b->start;
}

sse_writer *block_writer(block *b, size_t capacity, uint32_t flags)
{
    const size_t size = sse_writer_overhead() + capacity;
    sse_writer *w = sse_writer_init(block_of(b, size), size, flags);

    if (w == NULL) {
        fprintf(stderr, "no writer of capacity %zu with flags %u\n", capacity, (unsigned)flags);
        abort();
    }
    b->flags = flags;
    return w;
}

/* Queue the byte that passes a ring along. */
static int pass(sse_writer *w)
{
    return sse_writer_raw(w, "\n", 1);
}

sse_writer *block_writer_at(block *b, size_t capacity, uint32_t flags, size_t offset)
{
    sse_writer *w = block_writer(b, capacity, flags);
    const void *bytes;
    size_t len, i;
    int status = pass(w);

    for (i = 0; i < offset && status == SSE_OK; i++) {
        status = pass(w);
        if (status == SSE_OK)
            status = sse_writer_peek(w, &bytes, &len);
        if (status == SSE_OK)
            status = sse_writer_consume(w, 1);
    }
    if (status != SSE_OK || sse_writer_pending(w) != 1) {
        fprintf(stderr, "no way to offset %zu of capacity %zu\n", offset, capacity);
        abort();
    }
    return w;
}

sse_str block_queued(const block *b)
{
    static char bytes[65536];
    sse_writer *copy = malloc(b->size);
    sse_str queued = {bytes, 0};
    size_t len;

    if (copy == NULL || b->size > sizeof bytes) {
        fprintf(stderr, "no room for the copy of a block\n");
        abort();
    }
    memcpy(copy, b->start, b->size);
    while (sse_writer_read(copy, bytes + queued.len, sizeof bytes - queued.len, &len) == SSE_OK)
        queued.len += len;
    free(copy);
    return queued;
}

sse_str block_payload(const block *b)
{
    static char bytes[65536];
    sse_str queued = block_queued(b);
    sse_str payload = {bytes, 0};

    if (b->flags == 0)
        return queued;
    if (unchunk(queued.ptr, queued.len, bytes, &payload.len) == CHUNKS_BROKEN) {
        print_text("broken chunks ", queued);
        payload.ptr = NULL;
        payload.len = 0;
    }
    return payload;
}

int block_is_intact(const block *b)
{
    size_t i;

    for (i = b->size; i < b->size + gap(b->size); i++)
        if ((unsigned char)b->start[i] != MARK)
            return 0;
    return 1;
}

void block_free(block *b)
{
    if (b->memory.ptr)
        guard_free(&b->memory);
    memset(b, 0, sizeof *b);
}
