/* SPDX-License-Identifier: MIT */
/* parsed.h - what a stream said to a client: to be compared, and printed where it is wrong.
 *
 * The parser in parser.h makes such records; tests write them down as constants for what they
 * expect. The assert_ macros need cmocka where they are used. */
#ifndef TESTS_PARSED_H
#define TESTS_PARSED_H

#include "sse/base.h"

/* An event as a page sees it. The texts of a parser's events are UTF-8 after decoding, may hold
 * NUL, and are never absent. */
typedef struct parsed_event {
    sse_str type; /* "message" where the stream names none */
    sse_str data;
    sse_str id; /* the last event ID when the event was dispatched: it persists */
} parsed_event;

typedef struct parsed {
    const parsed_event *events;
    size_t event_count;
    const uint64_t *retries; /* each valid reconnection time; UINT64_MAX for those above it */
    size_t retry_count;
    size_t comments; /* comment lines; in what is expected, ANY_COMMENTS is any number of them */
    sse_str last_id; /* the last event ID at the end of the stream */
} parsed;

#define ANY_COMMENTS ((size_t)-1)

/* Tell whether two texts have the same bytes. */
int same_text(sse_str a, sse_str b);

/* Tell whether a stream said what was expected. */
int equal_streams(const parsed *got, const parsed *want);

/* The same; where it did not, print both to stderr. */
int same_stream(const parsed *got, const parsed *want);

/* The same for bytes that are still to be parsed. */
int parses_to(const void *bytes, size_t len, const parsed *want);

/* The same for bytes that are to hold one event and nothing else: no retry and no comment. The id
 * is the event's and that at the end of the stream. */
int parses_to_event(const void *bytes, size_t len, sse_str type, sse_str data, sse_str id);

/* Make the text that a client receives for data: each break a line feed, U+FFFD for what is not
 * UTF-8. Free it by free(). */
char *as_received(sse_str data, size_t *len);

/* Print to stderr, with every byte outside of printable ASCII escaped. */
void print_text(const char *title, sse_str text);
void print_stream(const char *title, const parsed *p);

#define assert_same_text(got, want)        assert_true(same_text((got), (want)))
#define assert_same_stream(got, want)      assert_true(same_stream((got), (want)))
#define assert_parses_to(bytes, len, want) assert_true(parses_to((bytes), (len), (want)))
#define assert_parses_to_event(bytes, len, type, data, id) \
    assert_true(parses_to_event((bytes), (len), (type), (data), (id)))

#endif
