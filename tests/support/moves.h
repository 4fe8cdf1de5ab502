/* SPDX-License-Identifier: MIT */
/* moves.h - the few moves that every test of a writer makes. Needs cmocka. */
#ifndef TESTS_MOVES_H
#define TESTS_MOVES_H

#include "block.h"

/* The block of the test that runs, and the teardown that looks at it. */
extern block memory;
int the_block_is_intact(void **state);

#define writer_test(name) cmocka_unit_test_teardown(name, the_block_is_intact)

/* The shortest event with data: what send_of needs at least. */
#define LEAST_EVENT 8

/* Send an event that has this data and nothing else. Returns as sse_writer_send. */
int send_text(sse_writer *w, const char *data);

/* Send an event that is n bytes when encoded. Returns as sse_writer_send. */
int send_of(sse_writer *w, size_t n);

/* Append text to the open event, which must take all of it. */
void append_text(sse_writer *w, const char *data);

/* Take n bytes out, which must be there. */
void take(sse_writer *w, size_t n);

#endif
