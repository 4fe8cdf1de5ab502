/* SPDX-License-Identifier: MIT */
/* threads.h - a stream in a server that has a thread for each connection, and writes that block.
 *
 *     the thread of a connection           the thread of time
 *     threads_answer                       ticks when it is due
 *     until threads_read ends:             tells the streams that sse_channel_next returns
 *         write the bytes
 *     threads_leave
 *
 * These functions take app_lock themselves: do not hold it, least of all while a write blocks. */
#ifndef THREADS_H
#define THREADS_H

#include "app.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct threads_stream {
    app_stream stream;
    pthread_cond_t more; /* there is something to take */
    int is_open;         /* it is between threads_answer and threads_leave */
    void (*cut)(void *); /* to be called once if the client has stalled and its thread may be in a
                            write: shut the socket down, so that the write fails; NULL: writes have
                            a time limit */
    void *cut_user;
} threads_stream;

/* Start the thread of time; after app_start. server_wake is defined here. */
void threads_start(void);

/* Answer a request, as app_answer does. s: all zero but for cut. */
void threads_answer(threads_stream *s, const app_request *r, app_reply *reply);

/* Wait for bytes of a stream, and copy them. Returns SSE_OK; or the reason why it has ended. */
int threads_read(threads_stream *s, void *dst, size_t cap, size_t *len);

/* Let go of a stream, in any state: then s is the caller's. */
void threads_leave(threads_stream *s);

/* Return once the application has drained, and the threads of all streams have left. */
void threads_wait_for_the_end(void);

#ifdef __cplusplus
}
#endif

#endif
