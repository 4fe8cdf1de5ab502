/* SPDX-License-Identifier: MIT */
/* vectors.h - facts about the format, as tables: what clients make of bytes, what emitters must be
 * able to say, and what they must never let through.
 *
 * vectors.c is generated; see from_json.py. */
#ifndef TESTS_VECTORS_H
#define TESTS_VECTORS_H

#include "sse/event.h"
#include "../support/parsed.h"

/* Bytes, and what a client makes of them: tests of the reference parser. */
typedef struct parse_vector {
    const char *name;
    sse_str bytes;
    const size_t *pieces; /* how to cut the bytes, besides all other ways; NULL: not at all */
    size_t piece_count;
    parsed expected;
} parse_vector;

/* What the emitter is to do with what the standard allows. */
enum vector_policy {
    POLICY_KEEP,         /* emit it */
    POLICY_REFUSE,       /* legal, but it does not survive every client */
    POLICY_WITHOUT_RETRY /* retry 0 cannot be given: it means that there is none */
};

/* Events, and what a client must receive. */
typedef struct emit_vector {
    const char *name;
    const sse_event *events;
    size_t event_count;
    int inexpressible; /* a retry is a text, or more than 32 bits wide: no caller can give it */
    enum vector_policy policy;
    sse_str canonical;           /* one way to write it; retry 0 is in it, whatever the policy */
    parsed expected;             /* what that says, and so what any other way must say */
    sse_str upstream;            /* what the emitter that the vector comes from writes; or absent */
    const parsed *upstream_says; /* NULL where that is what is expected */
} emit_vector;

/* An event that forges fields or events if it is written by plain concatenation. */
typedef struct reject_vector {
    const char *name;
    sse_event input;
    int inexpressible; /* as above */
    const char *field; /* the hostile one: "comment", "data", "event", "id", "retry" */
    sse_str naive;     /* what plain concatenation writes */
    parsed naive_says;
    const parsed *if_neutralised; /* what may be received in place of a refusal; NULL: nothing */
} reject_vector;

/* What to do with a field of a request. */
enum header_verdict {
    HEADER_ACCEPT,     /* Accept: send a stream */
    HEADER_REFUSE,     /* Accept: send something else; Last-Event-ID: this is none */
    HEADER_FRESH,      /* Last-Event-ID: start without one */
    HEADER_RESUME,     /* Last-Event-ID: go on behind exactly these bytes */
    HEADER_UNKNOWN,    /* Last-Event-ID: well-formed, but no id that was ever sent */
    HEADER_INFORMATIVE /* nothing to decide */
};

typedef struct header_vector {
    const char *name;
    const char *field;
    sse_str value;
    enum header_verdict verdict;
} header_vector;

extern const parse_vector parse_vectors[];
extern const size_t parse_vector_count;

extern const emit_vector emit_vectors[];
extern const size_t emit_vector_count;

extern const reject_vector reject_vectors[];
extern const size_t reject_vector_count;

extern const header_vector header_vectors[];
extern const size_t header_vector_count;

#endif
