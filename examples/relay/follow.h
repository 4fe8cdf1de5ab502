/* SPDX-License-Identifier: MIT */
/* follow.h - follow a stream through the states that README.md draws. */
#ifndef RELAY_FOLLOW_H
#define RELAY_FOLLOW_H

#include "stream.h"

void follow_init(stream *s, const char *key, const options *o, clients *to, sentinels *ss,
                 conns *ls);

/* Do what is due. Returns when to come again. */
uint64_t follow_tick(stream *s);

/* Give up the connection, since it cannot be trusted, or is gone. Clients stay. */
void follow_lose(stream *s, const char *why);

/* Take over from a comparison: all is there; or begin a new log. */
void follow_go_live(stream *s);
void follow_warm(stream *s);

void follow_close(stream *s);

#endif
