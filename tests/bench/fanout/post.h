/* SPDX-License-Identifier: MIT */
/* post.h - publishing: by POST over connections that are kept, or as lines into a pipe. */
#ifndef FANOUT_POST_H
#define FANOUT_POST_H

#include "book.h"

/* Connect to a server; returns the socket. */
int post_connect(int port);

/* Publish events in one write: count of them, from a key on. Their latency counts from when they
 * were due, which may have been earlier. */
void post_send(int fd, book *b, uint64_t key, uint32_t count, uint64_t due_ns);

/* See to it that so many posts have been answered, and well. */
void post_answered(int fd, uint32_t count);

/* Publish as a number of publishers of whom each sends its next event when it has the answer to
 * the one before: `each` events of each. */
void post_in_turn(const int *fds, uint32_t publishers, book *b, uint64_t key, uint32_t each);

/* Publish lines, in one write. */
void post_lines(int fd, book *b, uint64_t key, uint32_t count, uint64_t due_ns);

#endif
