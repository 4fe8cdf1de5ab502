/* SPDX-License-Identifier: MIT */
#define _POSIX_C_SOURCE 200809L
#include "threads.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static pthread_cond_t sooner; /* the timeout may be shorter now */
static pthread_cond_t fewer = PTHREAD_COND_INITIALIZER;
static size_t streams; /* that have not left */

/* After a call that can give work to others; the lock is held. */
void server_wake(void)
{
    sse_subscriber *s;

    while ((s = sse_channel_next(&app_channel)) != NULL) {
        threads_stream *const t = sse_subscriber_user(s);

        if (t->cut && sse_subscriber_status(s) < SSE_E_FATAL)
            t->cut(t->cut_user);
        pthread_cond_signal(&t->more);
    }
    pthread_cond_signal(&sooner);
    pthread_cond_signal(&fewer);
}

static void *keep_time(void *unused)
{
    app_lock();
    for (;;) {
        struct timespec until;
        int wait_ms;

        app_tick();
        server_wake();
        wait_ms = app_timeout();
        if (wait_ms < 0) {
            pthread_cond_wait(&sooner, &app_mutex);
            continue;
        }
        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_sec += wait_ms / 1000;
        until.tv_nsec += wait_ms % 1000 * 1000000L;
        if (until.tv_nsec >= 1000000000L) {
            until.tv_sec++;
            until.tv_nsec -= 1000000000L;
        }
        pthread_cond_timedwait(&sooner, &app_mutex, &until);
    }
    return unused;
}

void threads_start(void)
{
    pthread_condattr_t monotonic;
    pthread_t thread;

    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&sooner, &monotonic);
    if (pthread_create(&thread, NULL, keep_time, NULL) != 0) {
        fprintf(stderr, "there can be no thread\n");
        exit(1);
    }
    pthread_detach(thread);
}

void threads_answer(threads_stream *s, const app_request *r, app_reply *reply)
{
    pthread_cond_init(&s->more, NULL);
    app_lock();
    app_answer(&s->stream, s, r, reply);
    s->is_open = reply->is_stream;
    streams += reply->is_stream != 0;
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
    streams -= s->is_open != 0;
    s->is_open = 0;
    pthread_cond_signal(&fewer);
    app_unlock();
    pthread_cond_destroy(&s->more);
}

void threads_wait_for_the_end(void)
{
    app_lock();
    while (!app_has_drained() || streams > 0)
        pthread_cond_wait(&fewer, &app_mutex);
    app_unlock();
}
