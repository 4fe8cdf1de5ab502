/* SPDX-License-Identifier: MIT */
/* decoder.h - the UTF-8 decoder of the Encoding standard, one byte at a time.
 *
 * What is not UTF-8 becomes U+FFFD, one for each longest part that could have begun a sequence.
 * Spec: Encoding, #utf-8-decoder. */
#ifndef TESTS_DECODER_H
#define TESTS_DECODER_H

#include "sse/base.h"

/* Takes a code point, as the one to four bytes of its UTF-8. */
typedef void decoder_sink(void *user, const char *bytes, size_t len);

/* All-zero is the start of a text. */
typedef struct decoder {
    char sequence[4]; /* the sequence so far */
    unsigned seen;
    unsigned needed;     /* bytes that are missing in it */
    unsigned char lower; /* bounds of the next one */
    unsigned char upper;
} decoder;

void decoder_feed(decoder *d, unsigned char byte, decoder_sink *sink, void *user);

/* End the text: an unfinished sequence becomes U+FFFD. */
void decoder_end(decoder *d, decoder_sink *sink, void *user);

#endif
