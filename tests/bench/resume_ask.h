/* resume_ask.h - what resume.c measures, and the limit of each: six ways to go through a list of
 * questions. They are functions of their own, so that a profiler can count the instructions of
 * one. */
#ifndef RESUME_ASK_H
#define RESUME_ASK_H

#include <sse/sse.h>

enum {
    ID_MOST = SSE_HISTORY_ID_MAX + 1,
    READ = 4096 /* bytes of the caller's buffer */
};

/* Where does the client with this id go on? */
typedef struct question {
    char id[ID_MOST];
    unsigned char len;
    unsigned char sum; /* of the bytes of the id */
    uint64_t next;     /* the answer, which is in the log */
    const char *place; /* the bytes of that event */
    size_t place_len;  /* what one read brings of them, and of those behind them */
} question;

/* Answer so many questions. Returns how many of the answers are right. */
typedef size_t task(const sse_history *log, const question *asked, size_t count);

/* Find the place; and look at what is there; or copy it. */
task find_only, find_peek, find_read;

/* The limits: read the id; read it and the first byte of the event; and what memcpy needs for the
 * bytes that find_read brings, knowing where they are. */
task id_only, id_touch, copy_only;

#endif
