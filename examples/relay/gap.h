/* SPDX-License-Identifier: MIT */
/* gap.h - the event that tells a client that entries are missing, and why. */
#ifndef RELAY_GAP_H
#define RELAY_GAP_H

#include "entry.h"

/* The order is that of gap_reasons. */
enum gap_reason {
    GAP_HISTORY,
    GAP_PHANTOM,
    GAP_DELETED,
    GAP_TRIMMED,
    GAP_FLUSHED,
    GAP_UNKNOWN_ID,
    GAP_TOO_BIG,
    GAP_REASONS
};

extern const char *const gap_reasons[GAP_REASONS];

enum { GAP_MAX = 300 }; /* bytes of its data */

#define GAP_UNKNOWN UINT64_MAX /* a number that is not known: null */

typedef struct gap {
    enum gap_reason reason;
    const entry_id *last;   /* with which the client has come; NULL: null */
    const entry_id *resume; /* that follows; NULL: null */
    uint64_t missed, withdrawn;
} gap;

/* Write the data of the event. Returns its length. */
size_t gap_write(const gap *g, char text[GAP_MAX]);

#endif
