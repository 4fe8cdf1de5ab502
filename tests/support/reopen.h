/* SPDX-License-Identifier: MIT */
/* reopen.h - what becomes of a history whose memory was damaged. Needs cmocka. */
#ifndef TESTS_REOPEN_H
#define TESTS_REOPEN_H

#include "history.h"

/* What an image was opened as. */
typedef struct reopened {
    int refused;
    uint64_t first, end; /* 0 where it was refused */
} reopened;

/* The epoch of the run that opens images whose ids are automatic. */
#define REOPEN_EPOCH 0xEEEE

/* Open a copy of an image, which the history of h has left, or has not, and demand:
 *
 *   - nothing outside of the copy is touched;
 *   - it is refused and unchanged, or it is a history of events of h, genuine in all their parts,
 *     whose numbers have no gap;
 *   - that history goes on: events can be appended and found, and it can be opened once more;
 *   - the ids of those that were dropped are not found, whatever gets their numbers;
 *   - its events have their times. These must rise in h, each by more than 1.
 *
 * h is as it was. */
reopened reopen(history *h, const void *image);

#endif
