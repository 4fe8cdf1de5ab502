/* SPDX-License-Identifier: MIT */
/* turn.h - a turn of a stream that is LIVE: wake up, read, verify, publish.
 *
 *     XREAD BLOCK ---> XRANGE last +, INFO [, WAIT] ---> first entry is the last one of the log:
 *         ^                     ^                         publish the others ------------------.
 *         |                     | as many as asked: more <---------------------------------------|
 *         '-------------------------------------------------------------------------------------'
 *
 * Where the first entry is another one, a probe tells whether the front was trimmed, and how many
 * entries are gone that were not read; if that cannot be, the log is compared with Redis. */
#ifndef RELAY_TURN_H
#define RELAY_TURN_H

#include "stream.h"

/* Wait for entries, and go on, turn by turn. */
void turn_begin(stream *s);

/* Get a probe into s->batch, with whether replicas confirm it; then settle is called. */
void turn_ask_probe(stream *s, void (*settle)(stream *), const char *command, const char *from,
                    const char *to, size_t count);

#endif
