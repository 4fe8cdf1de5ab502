/* SPDX-License-Identifier: MIT */
/* threads.h - a stream in a server that has a thread for each connection, and writes that block.
 *
 *     the thread of a connection           another thread, say main
 *     threads_answer                       app_keep_time: ticks when it is due, and signals the
 *     until threads_read ends:                            threads that have something to read
 *         write the bytes
 *     threads_leave
 *
 * server_wake is defined here. These functions take app_lock themselves: do not hold it, least of
 * all while a write blocks. */
#ifndef THREADS_H
#define THREADS_H

#include "app.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct threads_stream {
    app_stream stream;
    pthread_cond_t more; /* there is something to take */
    int is_sending;      /* app_sending counts it */
    void (*cut)(void *); /* called, with the lock held, if the client has stalled and its thread may
                            be in a write: shut the socket down, so that the write fails. NULL: a
                            write has a time limit, and the end does not wait for it */
    void *cut_user;
} threads_stream;

/* Answer a request, as app_answer does. s: all zero except cut. */
void threads_answer(threads_stream *s, const app_request *r, app_reply *reply);

/* Wait for bytes of a stream, and copy them. Returns SSE_OK; or the reason why it has ended. */
int threads_read(threads_stream *s, void *dst, size_t cap, size_t *len);

/* Let go of a stream, in any state: then s is the caller's. */
void threads_leave(threads_stream *s);

#ifdef __cplusplus
}
#endif

#endif
