/* SPDX-License-Identifier: MIT */
/* app.h - the small application that every server of this folder serves, so that they can be
 * compared. It knows nothing of sockets. Replace it with yours.
 *
 *     GET  /                             a page that shows the stream and publishes
 *     GET  /events[?user=U]              the stream: the events for everybody, and those for U
 *     POST /publish[?user=U][&type=T]    the body becomes the data of an event, for everybody or U
 *     GET  /status                       the counters of the channel, as JSON
 *
 *                  .----------------- a server of this folder -----------------.
 *     request ---->| app_answer ----> a short answer                           |
 *                  |         '------> a stream: app_stream.subscriber ------------> bytes
 *                  | app_tick, sse_channel_next, app_timeout: its loop         |
 *                  '------------------------------------------------------------'
 *                                    ^ server_wake
 *     a thread of the application: publishes the time, drains at SIGTERM and SIGINT
 *
 * One mutex protects the channel and all its subscribers. The server holds it, with app_lock,
 * whenever it calls the functions below or those of the library; they do not block. */
#ifndef APP_H
#define APP_H

#include <sse/sse.h>

#include <pthread.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    APP_BODY_MAX = 32768,           /* the most bytes of a body that a server has to take */
    APP_QUEUE = APP_BODY_MAX + 1024 /* bytes of the queue of a stream: the rest of an event fits */
};

/* One client that has asked for the stream. All zero at first. */
typedef struct app_stream {
    sse_subscriber subscriber;
    uint64_t tag; /* of its user */
    size_t queue[SSE_WRITER_WORDS(APP_QUEUE)];
} app_stream;

/* A request. What a client has not sent is absent: NULL with length 0. */
typedef struct app_request {
    int version; /* enum sse_http_version; not SSE_HTTP_MANAGED: the head of the stream is wanted */
    sse_str method, path, query; /* the query without "?", as it came */
    sse_str accept, last_event_id;
    sse_str body;
} app_request;

/* An answer. The fields do not tell the length of the body. */
typedef struct app_reply {
    int status;
    int is_stream; /* the body is what the subscriber of the stream gives; else it is this: */
    sse_str body;
    sse_http_field fields[SSE_HTTP_FIELDS_MAX]; /* each name and value ends in NUL */
    size_t count;
    char scratch_[SSE_HTTP_SCRATCH], text_[512];
} app_reply;

/* Start the application; call it before there is any other thread.
 *
 *   name      of the server, for the ids of events
 *   signals   1: from now on SIGTERM and SIGINT drain the channel; 0: the server has its own way,
 *             and calls app_drain
 *
 * The environment can set APP_HEARTBEAT_MS (15000), APP_STALL_MS (30000), and APP_TICK_MS (0:
 * never), after which a thread publishes the time, again and again. Ends the program where it
 * cannot start. */
void app_start(const char *name, int signals);

/* The same for a process that has no thread, and shares a history with others. Returns SSE_OK, or
 * SSE_E_ARG: it is not a history. */
int app_start_on(sse_history *history);

/* What the channels of these other processes have counted, for /status. */
extern uint64_t app_counted[SSE_COUNTERS];

/* APP_STALL_MS: the time limit of writes, where they block. */
extern uint32_t app_stall_ms;

/* The mutex, for condition variables; else app_lock and app_unlock are shorter. */
extern pthread_mutex_t app_mutex;
void app_lock(void);
void app_unlock(void);

/* Answer a request. Where the answer is a stream, s has joined the channel, user is that of
 * sse_subscriber_user, and the first bytes are ready: call sse_channel_next. The reply, and what
 * it points to, is valid as long as the request and the reply are. */
void app_answer(app_stream *s, void *user, const app_request *r, app_reply *reply);

/* The channel, for sse_channel_next and sse_channel_flush. */
extern sse_channel app_channel;

/* Tell the channel the time. Then call sse_channel_next until it returns NULL. */
void app_tick(void);

/* Return the milliseconds until app_tick is due, as poll takes them; -1: never. */
int app_timeout(void);

/* Send all clients away; those that do not read are cut off after two seconds. */
void app_drain(void);

/* Return 1 when the channel has drained: the server can end. */
int app_has_drained(void);

/* For a server without a loop of its own: tick when it is due, and call server_wake each time.
 * Returns when the channel has drained and app_sending is 0. Do not hold the lock. */
void app_keep_time(void);

/* For the same servers: the streams whose bytes are not all sent. Taken is not sent. */
extern size_t app_sending;

/* Wake app_keep_time: sse_channel_next was called, which can make the timeout shorter, or
 * app_sending is less. */
void app_look_at_clock(void);

/* Each server defines this. It is called, with the lock held, by the thread of the application when
 * there is something to take, or to do: the server is to call sse_channel_next soon. */
void server_wake(void);

#ifdef __cplusplus
}
#endif

#endif
