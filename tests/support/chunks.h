/* SPDX-License-Identifier: MIT */
/* chunks.h - HTTP/1.1 chunked framing, taken off as a strict client would.
 *
 * Spec: RFC 9112, section 7.1; without extensions and trailers, since the library writes none. */
#ifndef TESTS_CHUNKS_H
#define TESTS_CHUNKS_H

#include <stddef.h>

enum chunks {
    CHUNKS_BROKEN, /* this is no chunked framing, or something follows the last chunk */
    CHUNKS_OPEN,   /* well-formed so far, and cut, or the last chunk is still to come */
    CHUNKS_ENDED   /* whole: the last chunk ends it */
};

/* Take off the framing.
 *
 *   out       where the payload goes: len bytes are always enough. May be bytes itself
 *   out_len   out: bytes of the payload, also of a chunk that is cut
 *
 * A chunk of length zero is the last one: bytes behind it are CHUNKS_BROKEN. */
enum chunks unchunk(const void *bytes, size_t len, char *out, size_t *out_len);

#endif
