/* SPDX-License-Identifier: MIT */
/* talk.h - requests and answers on one connection, until it becomes a stream. */
#ifndef FANOUT_TALK_H
#define FANOUT_TALK_H

#include "intake.h"

typedef struct talk talk;

/* NULL where there is no memory. */
talk *talk_new(void);
void talk_free(talk *t);

/* What comes next for a connection. */
enum next {
    TALK_READ,   /* go on when there is more to read */
    TALK_WRITE,  /* go on when its answers can be sent */
    TALK_STREAM, /* it has joined, and the talk is over */
    TALK_CLOSE
};

/* Go on with a talk: read once, answer each request that is whole. */
enum next talk_on(const service *s, client *c);

#endif
