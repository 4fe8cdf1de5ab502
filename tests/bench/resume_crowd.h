/* SPDX-License-Identifier: MIT */
/* resume_crowd.h - clients that come back: each has a part of the events, and checks that it gets
 * the others, byte by byte. */
#ifndef RESUME_CROWD_H
#define RESUME_CROWD_H

#include <stddef.h>
#include <stdint.h>

enum {
    EVENT = 64, /* bytes of an event, as clients get it, at most */
    LINE = 34   /* digits of a line and of the number of its event, together */
};

/* All that the server has to say: the head of the answer, then events.
 *
 *     | HTTP/1.1 200 ... : | event 1 | event 2 | ... | event n |
 *     0                    ^head                               ^all */
typedef struct story {
    char *bytes;
    size_t head, event, all; /* how long they are */
    size_t date, date_end;   /* where the head says the time, which differs */
    char origin[20];         /* of the ids */
} story;

/* The line of standard input that becomes event n. Returns its length; dst has room for EVENT. */
size_t story_line(char *dst, uint32_t n);

/* Be told the story by a server that has been given so many lines and tells new clients all of
 * them. See to it that it is what was published. */
void story_hear(story *s, int port, uint32_t events);

typedef struct client {
    int fd;
    uint32_t has; /* events, when it comes back */
    size_t at;    /* how much of its answer it has */
    int asked;
} client;

typedef struct crowd {
    client *clients;
    uint32_t count;
    uint32_t there; /* how many have everything */
    int epoll;
    const story *story;
} crowd;

/* Let all clients connect at once, and wait until each has all that it has missed. Returns
 * how long that took, in nanoseconds. */
uint64_t crowd_rush(crowd *c, int port);

/* See to it that no client was sent more than that, and leave. */
void crowd_leave(crowd *c);

#endif
