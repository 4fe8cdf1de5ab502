/* SPDX-License-Identifier: MIT */
/* ring.h - a writer that stands where a test wants it. */
#ifndef TESTS_LEDGER_RING_H
#define TESTS_LEDGER_RING_H

#include "sse/writer.h"

/* Make a writer with this capacity, whose next byte goes `place` bytes ahead of the end of its
 * ring; place 0: an empty writer. A line feed is left in the others, since an empty ring begins
 * anew. Returns NULL where the writer did not do as it should. */
sse_writer *ring_prepare(size_t *memory, size_t capacity, uint32_t framing, size_t place);

#endif
