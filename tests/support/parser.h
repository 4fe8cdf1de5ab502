/* SPDX-License-Identifier: MIT */
/* parser.h - a reference client: the event stream parser of the HTML standard, for tests.
 *
 * It follows the standard step by step and shares no code with the library, so that it can be the
 * judge of it: decoding with replacement, the byte order mark, lines, fields, dispatch. It needs
 * neither the library nor a test framework.
 *
 *     parsed *got = parse(bytes, len);
 *     assert_same_stream(got, &want);
 *     parsed_free(got);
 *
 * Running out of memory ends the program.
 * Spec: #parsing-an-event-stream, #event-stream-interpretation. */
#ifndef TESTS_PARSER_H
#define TESTS_PARSER_H

#include "parsed.h"

typedef struct parser parser;

/* Start a stream. */
parser *parser_new(void);

/* Give it the next bytes, in pieces of any size. */
void parser_feed(parser *p, const void *bytes, size_t len);

/* End the stream: what is unfinished is discarded. The parser is gone; the result is to be freed
 * by parsed_free. */
parsed *parser_end(parser *p);

/* All of it in one call. */
parsed *parse(const void *bytes, size_t len);

void parsed_free(parsed *p);

#endif
