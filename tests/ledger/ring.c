/* SPDX-License-Identifier: MIT */
#include "ring.h"

sse_writer *ring_prepare(size_t *memory, size_t capacity, uint32_t framing, size_t place)
{
    const size_t ring = capacity + sizeof "0\r\n\r\n" - 1; /* which has room for the last chunk */
    sse_writer *w = sse_writer_init(memory, SSE_WRITER_OVERHEAD + capacity, framing);
    size_t at;

    for (at = 0; w != NULL && place > 0 && at < ring - place; at++) {
        const void *bytes;
        size_t len;

        if (sse_writer_raw(w, "\n", 1) != SSE_OK || sse_writer_peek(w, &bytes, &len) != SSE_OK ||
            len != (at > 0) + 1u || sse_writer_consume(w, len - 1) != SSE_OK)
            return NULL;
    }
    return w;
}
