/* SPDX-License-Identifier: MIT */
/* feed.h - from the input to the clients: reads when it does not block and the clients have room,
 * and publishes each line. */
#ifndef SSECAT_FEED_H
#define SSECAT_FEED_H

#include "clients.h"
#include "input.h"
#include "options.h"

#include <stdint.h>

typedef struct feed {
    clients *to;
    input input;
    const options *options;
    clients_channel channel;
    sse_str page; /* of --page; absent: that of ssecat */
    int epoll;
    uint64_t held_ms;     /* since when a stream holds up the input; UINT64_MAX: none does */
    uint32_t waiting_for; /* read nothing until there are so many streams */
    int readable;         /* a read does not block */
    int always_readable;  /* it is a file, which epoll does not watch */
    int failed;           /* it has ended with an error, and that was said */
} feed;

/* Start a channel, and watch standard input; epoll names it by the address of the feed. */
void feed_init(feed *f, const options *o, clients *to, sse_history *history, int epoll);

/* Read and publish, unless the clients cannot take it now. Returns 1 if there may be more to do at
 * once, else 0. */
int feed_turn(feed *f);

/* Whether all of the input is published. */
int feed_done(const feed *f);

#endif
