/* SPDX-License-Identifier: MIT */
/* history.h - the memory of the history: anonymous, or a file that outlives the process. */
#ifndef SSECAT_HISTORY_H
#define SSECAT_HISTORY_H

#include <sse/sse.h>

/* Make a history with this much room for events, or go on with the one that the file has. Its ids
 * have this epoch. With a path, the file is made as large as it needs to be, and locked. Returns
 * NULL when it has said what is wrong; a file that is something else is as it was then. The history
 * is there until the process ends. */
sse_history *history_open(const char *path, uint32_t room, uint64_t epoch);

/* Say that what was in the file is not there any more, and end the program. */
void history_is_lost(void) __attribute__((noreturn));

#endif
