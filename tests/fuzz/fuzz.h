/* SPDX-License-Identifier: MIT */
/* fuzz.h - what the fuzz targets have in common: choices made by the input, memory of exact sizes,
 * demands.
 *
 * A target is a LLVMFuzzerTestOneInput, in a file of its own. The input is read as a script: each
 * choice takes the next bytes of it, and zeros once it has ended, so that every input is a valid
 * script, and a small change of it is a small change of what happens. */
#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H

#include "sse/event.h"

/* What is left of the input. */
typedef struct input {
    const uint8_t *at;
    size_t left;
} input;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* End the program, with a message, unless the condition holds. */
#define demand(condition) demand_that((condition), #condition, __FILE__, __LINE__)
void demand_that(int holds, const char *what, const char *file, int line);

/* Memory that is exactly so long, for a sanitizer to watch both ends; never NULL. Filled with a
 * byte that is neither text nor zero. All of it is freed by release_all, at the end of an input. */
void *provide(size_t len);
void release_all(void);

/* A copy in such memory. */
sse_str copy_of(const void *bytes, size_t len);

/* The next byte; the next number below n, which is above 0 and at most 65536; the next 64 bits. */
unsigned take_byte(input *in);
unsigned take_below(input *in, unsigned n);
uint64_t take_word(input *in);

/* A text: a byte for its length, and then its bytes, in exact memory. */
sse_str take_text(input *in);

/* An event: a byte that says which parts it has, and then these. Anything may be in them. Its data
 * is the only part that can be long. */
sse_event take_event(input *in);

/* What sse_event_encode must return for an event, but for SSE_E_SPACE. */
int verdict_on(const sse_event *ev);

/* Whether two texts have the same bytes. */
int is_same(sse_str a, sse_str b);

#endif
