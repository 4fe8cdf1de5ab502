/* SPDX-License-Identifier: MIT */
/* block.h - memory for a writer: it ends where an unmapped page begins, or as near to it as the
 * alignment of its start allows, and the few bytes between are watched. */
#ifndef TESTS_BLOCK_H
#define TESTS_BLOCK_H

#include "guard.h"
#include "sse/writer.h"

/* All-zero is one without memory yet. It may be used again and again, for one writer at a time. */
typedef struct block {
    guard memory;
    char *start;
    size_t size;
    uint32_t flags; /* of the writer in it */
} block;

/* Provide a block of that size, full of garbage. */
void *block_of(block *b, size_t size);

/* Make a writer of that capacity in it; never NULL. */
sse_writer *block_writer(block *b, size_t capacity, uint32_t flags);

/* The same, with the queue begun at an offset into its ring. One byte is queued then, a line feed,
 * which keeps the ring where it is: a client passes over it. */
sse_writer *block_writer_at(block *b, size_t capacity, uint32_t flags, size_t offset);

/* Tell what is queued, and change nothing: a copy of the writer is drained. Good until the next
 * call. */
sse_str block_queued(const block *b);

/* The same without the framing, if the writer has one; absent where the framing is broken. */
sse_str block_payload(const block *b);

/* Tell whether the bytes behind the block are as they were. */
int block_is_intact(const block *b);

void block_free(block *b);

#endif
