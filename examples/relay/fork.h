/* SPDX-License-Identifier: MIT */
/* fork.h - compare the log with Redis, entry by entry, from the oldest on.
 *
 *     log      a   b   c   d   e               Redis has lost d and e, and has got others: the
 *     Redis        b   c   x   y               entries match up to c; d and e are withdrawn
 *
 * Entries before the first match were trimmed, and one that is missing before another match was
 * deleted. There is no bisecting: where the middle was trimmed,
 * ids are equal or payloads repeat, that finds another place. */
#ifndef RELAY_FORK_H
#define RELAY_FORK_H

#include "stream.h"

/* Compare; then go on, live, or with a new log. */
void fork_begin(stream *s);

/* Note what the comparison has found; the new log is about to begin. */
void fork_settle(stream *s);

#endif
