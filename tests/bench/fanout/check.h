/* SPDX-License-Identifier: MIT */
/* check.h - whether a stream is what was published: each event once, in order and whole, but for
 * what a gap event says is missing. The program ends where it is not. */
#ifndef FANOUT_CHECK_H
#define FANOUT_CHECK_H

#include "book.h"

/* Where a client is in its stream. All-zero but for next is the start. */
typedef struct place {
    uint64_t next; /* the event that comes next */
    uint64_t key;  /* the digits of its key, so far */
    uint64_t gaps;
    uint64_t lost; /* events, as the gaps say */
    char *told;    /* a gap event, or a place, that has not come whole */
    uint32_t told_len;
    uint32_t at; /* bytes of the next event that have come */
} place;

/* An event has come whole. */
typedef void check_seen(void *user, uint64_t key);

/* Take bytes of a stream.
 *
 *   b      what has been published
 *   last   the number of the last event that has been, or is being
 *   seen   called for each event */
void check(book *b, place *p, uint64_t last, const char *bytes, size_t len, check_seen *seen,
           void *user);

/* Whether the stream stands between two events. */
int check_is_whole(const place *p);

#endif
