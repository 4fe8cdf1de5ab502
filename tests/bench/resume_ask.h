/* SPDX-License-Identifier: MIT */
/* resume_ask.h - what resume.c measures, and the limit of each: four ways to go through a list of
 * questions. They are functions of their own, so that a profiler can count the instructions of
 * one. */
#ifndef RESUME_ASK_H
#define RESUME_ASK_H

#include <sse/sse.h>

enum { ID_MOST = SSE_HISTORY_ID_MAX + 1 };

/* Where does the client with this id go on? */
typedef struct question {
    char id[ID_MOST];
    unsigned char len;
    unsigned char sum; /* of the bytes of the id */
    uint64_t next;     /* the answer, which is in the history */
    const char *place; /* the bytes of that event */
} question;

/* Answer so many questions. Returns how many of the answers are right. */
typedef size_t task(const sse_history *h, const question *asked, size_t count);

/* Find the place; and get the event that is there. */
task find_only, find_get;

/* The limits: read the id; and the first byte of the event. */
task id_only, id_touch;

#endif
