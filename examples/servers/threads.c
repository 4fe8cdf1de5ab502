/* SPDX-License-Identifier: MIT */
#define _POSIX_C_SOURCE 200809L
#include "threads.h"

static void stop_sending(threads_stream *s)
{
    app_sending -= s->is_sending != 0;
    s->is_sending = 0;
}

/* After a call that can give work to others; the lock is held. */
void server_wake(void)
{
    sse_subscriber *s;

    while ((s = sse_channel_next(&app_channel)) != NULL) {
        threads_stream *const t = sse_subscriber_user(s);

        if (sse_subscriber_status(s) < SSE_E_FATAL) {
            if (t->cut)
                t->cut(t->cut_user);
            else
                stop_sending(t);
        }
        pthread_cond_signal(&t->more);
    }
    app_look_at_clock();
}

void threads_answer(threads_stream *s, const app_request *r, app_reply *reply)
{
    pthread_cond_init(&s->more, NULL);
    app_lock();
    app_answer(&s->stream, s, r, reply);
    s->is_sending = reply->is_stream;
    app_sending += reply->is_stream != 0;
    server_wake();
    app_unlock();
}

int threads_read(threads_stream *s, void *dst, size_t cap, size_t *len)
{
    int status;

    app_lock();
    while ((status = sse_subscriber_read(&s->stream.subscriber, dst, cap, len)) == SSE_AGAIN)
        pthread_cond_wait(&s->more, &app_mutex);
    app_unlock();
    return status;
}

void threads_leave(threads_stream *s)
{
    app_lock();
    sse_subscriber_leave(&s->stream.subscriber);
    stop_sending(s);
    app_look_at_clock();
    app_unlock();
    pthread_cond_destroy(&s->more);
}
