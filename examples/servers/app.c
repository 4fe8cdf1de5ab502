/* SPDX-License-Identifier: MIT */
#define _POSIX_C_SOURCE 200809L
#include "app.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { EVENTS = 1000, CAPACITY = 1024 * 1024, TURN_BYTES = 65536 };
enum { RETRY_MS = 1000, RETRY_WINDOW_MS = 2000, DRAIN_MS = 2000, NAME_BYTES = 64 };

sse_channel app_channel;
pthread_mutex_t app_mutex = PTHREAD_MUTEX_INITIALIZER;
static uint64_t memory[SSE_HISTORY_WORDS(EVENTS, CAPACITY)];
uint64_t app_counted[SSE_COUNTERS];
size_t app_sending;
uint32_t app_stall_ms;
static pthread_cond_t sooner; /* app_keep_time is to look again */
static uint32_t tick_ms;
static int draining;

static const char page[] =
    "<!doctype html><meta charset=utf-8><title>libsse</title>\n"
    "<form><input name=data placeholder='say something'><button>publish</button></form>\n"
    "<ol id=list></ol>\n"
    "<script>\n"
    "const list = document.getElementById('list')\n"
    "const show = text => { list.append(document.createElement('li')); list.lastChild.textContent "
    "= text }\n"
    "const stream = new EventSource('events' + location.search)\n"
    "stream.onopen = () => show('connected')\n"
    "stream.onerror = () => show('connection lost')\n"
    "stream.onmessage = event => show(event.data)\n"
    "for (const type of ['tick', 'gap', 'farewell'])\n"
    "    stream.addEventListener(type, event => show(type + ' ' + event.data))\n"
    "document.forms[0].onsubmit = event => {\n"
    "    event.preventDefault()\n"
    "    fetch('publish' + location.search, {method: 'POST', body: event.target.data.value})\n"
    "    event.target.reset()\n"
    "}\n"
    "</script>\n";

static uint64_t clock_ms(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

void app_lock(void)
{
    pthread_mutex_lock(&app_mutex);
}

void app_unlock(void)
{
    pthread_mutex_unlock(&app_mutex);
}

void app_tick(void)
{
    sse_channel_tick(&app_channel, clock_ms(CLOCK_MONOTONIC));
}

int app_timeout(void)
{
    return sse_channel_timeout(&app_channel, clock_ms(CLOCK_MONOTONIC));
}

void app_drain(void)
{
    app_tick();
    sse_channel_drain(&app_channel, NULL, 0, NULL, 0, RETRY_MS, RETRY_WINDOW_MS, 0, DRAIN_MS);
    draining = 1;
}

int app_has_drained(void)
{
    return draining && sse_channel_count(&app_channel, SSE_COUNT_SUBSCRIBERS) == 0;
}

void app_look_at_clock(void)
{
    pthread_cond_signal(&sooner);
}

/* Wait for app_look_at_clock, but not longer than the timeout. */
static void wait_for_time(int wait_ms)
{
    struct timespec until;

    if (wait_ms < 0) {
        pthread_cond_wait(&sooner, &app_mutex);
        return;
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

void app_keep_time(void)
{
    app_lock();
    for (;;) {
        app_tick();
        server_wake();
        if (app_has_drained() && app_sending == 0)
            break;
        wait_for_time(app_timeout());
    }
    app_unlock();
}

/* The thread of the application. The wait for a signal is its clock. */
static void *live(void *signals)
{
    const struct timespec period = {tick_ms / 1000, tick_ms % 1000 * 1000000L};
    char text[32];

    for (;;) {
        const int got =
            tick_ms > 0 ? sigtimedwait(signals, NULL, &period) : sigwaitinfo(signals, NULL);

        app_lock();
        app_tick(); /* heartbeats count from the time of the latest tick */
        if (got > 0) {
            app_drain();
        } else if (!draining && tick_ms > 0) {
            const int len =
                snprintf(text, sizeof text, "%llu", (unsigned long long)clock_ms(CLOCK_MONOTONIC));

            sse_channel_publish_parts(&app_channel, "tick", 4, NULL, 0, text, (size_t)len, 0, 0);
        }
        server_wake();
        app_unlock();
    }
    return NULL;
}

static uint32_t setting(const char *name, uint32_t usual)
{
    const char *const value = getenv(name);

    return value ? (uint32_t)strtoul(value, NULL, 10) : usual;
}

int app_start_on(sse_history *history)
{
    app_stall_ms = setting("APP_STALL_MS", 30000);
    signal(SIGPIPE, SIG_IGN); /* a client that has gone is an error of a write */
    return sse_channel_init(&app_channel, history, setting("APP_HEARTBEAT_MS", SSE_HEARTBEAT_MS),
                            TURN_BYTES, clock_ms(CLOCK_MONOTONIC));
}

void app_start(const char *name, int signals)
{
    static sigset_t set;
    sse_history *const history = sse_history_init(memory, sizeof memory, EVENTS, 0,
                                                  clock_ms(CLOCK_REALTIME), name, strlen(name));
    pthread_condattr_t monotonic;
    pthread_t thread;

    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&sooner, &monotonic);
    tick_ms = setting("APP_TICK_MS", 0);
    sigemptyset(&set);
    if (signals) {
        sigaddset(&set, SIGTERM);
        sigaddset(&set, SIGINT);
        pthread_sigmask(SIG_BLOCK, &set, NULL); /* threads that begin later inherit it */
    }
    if (app_start_on(history) != SSE_OK || pthread_create(&thread, NULL, live, &set) != 0) {
        fprintf(stderr, "%s: the application cannot start\n", name);
        exit(1);
    }
    pthread_detach(thread);
}

/* The tag of a user, as a number that is not 0. A real application has numbers of its users, and
 * knows from a session who asks. */
static int user_tag(sse_str query, uint64_t *tag)
{
    char name[NAME_BYTES];
    size_t len, i;

    if (sse_http_query(query.ptr, query.len, "user", 4, name, sizeof name, &len) != SSE_OK)
        return -1;
    *tag = len > 0 ? 14695981039346656037u : 0;
    for (i = 0; i < len; i++)
        *tag = (*tag ^ (unsigned char)name[i]) * 1099511628211u;
    if (len > 0 && *tag == 0)
        *tag = 1;
    return 0;
}

static int is(sse_str s, const char *text)
{
    return s.len == strlen(text) && memcmp(s.ptr, text, s.len) == 0;
}

/* Begin a stream at the place where the client was. Returns 200, or the status of a refusal. */
static int open_stream(app_stream *s, void *user, const app_request *r,
                       const sse_http_answer *answer)
{
    sse_writer *const queue = sse_writer_init(s->queue, sizeof s->queue, 0);

    if (user_tag(r->query, &s->tag) != 0)
        return 400;
    if (sse_http_send(answer, queue) != SSE_OK ||
        sse_subscriber_join(&s->subscriber, &app_channel, queue, user, SSE_JOIN_GAPS,
                            r->last_event_id.ptr, r->last_event_id.len, r->query.ptr,
                            r->query.len) < SSE_OK)
        return 503;
    sse_subscriber_set_filter(&s->subscriber, &s->tag, s->tag != 0);
    sse_subscriber_set_limits(&s->subscriber, 0, app_stall_ms, 0);
    return 200;
}

static int publish(const app_request *r)
{
    char type[NAME_BYTES];
    size_t len;
    uint64_t tag;

    if (user_tag(r->query, &tag) != 0 ||
        sse_http_query(r->query.ptr, r->query.len, "type", 4, type, sizeof type, &len) != SSE_OK)
        return 400;
    switch (sse_channel_publish_parts(&app_channel, type, len, NULL, 0,
                                      r->body.ptr ? r->body.ptr : "", r->body.len, tag, 0)) {
    case SSE_OK:
        return 204;
    case SSE_E_TOOBIG:
        return 413;
    default:
        return 400;
    }
}

static void write_status(app_reply *reply)
{
    static const char *const names[SSE_COUNTERS] = {
        "subscribers", "joined", "resumed", "events", "bytes", "gaps", "closed", "heartbeats"};
    size_t len = 0;
    int i;

    for (i = 0; i < SSE_COUNTERS; i++)
        len += (size_t)snprintf(
            reply->text_ + len, sizeof reply->text_ - len, "%s\"%s\": %llu", i > 0 ? ", " : "{",
            names[i], (unsigned long long)(app_counted[i] + sse_channel_count(&app_channel, i)));
    len += (size_t)snprintf(reply->text_ + len, sizeof reply->text_ - len, "}\n");
    reply->body = (sse_str){reply->text_, len};
}

/* The status of an answer that is no stream; 200: what its content is was written. */
static int answer_briefly(const app_request *r, app_reply *reply, sse_http_field *type)
{
    const int get = is(r->method, "GET") || is(r->method, "HEAD");

    type->name = SSE_LIT("content-type");
    if (is(r->path, "/publish"))
        return is(r->method, "POST") ? publish(r) : 405;
    if (!is(r->path, "/") && !is(r->path, "/status"))
        return 404;
    if (!get)
        return 405;
    if (is(r->path, "/")) {
        type->value = SSE_LIT("text/html");
        reply->body = (sse_str){page, sizeof page - 1};
    } else {
        type->value = SSE_LIT("application/json");
        write_status(reply);
    }
    return 200;
}

void app_answer(app_stream *s, void *user, const app_request *r, app_reply *reply)
{
    const int is_head = is(r->method, "HEAD");
    sse_http_answer answer = {.version = r->version,
                              .status = 200,
                              .retry_ms = RETRY_MS,
                              .first = is_head ? SSE_HTTP_FIRST_NONE : SSE_HTTP_FIRST_BLOCK,
                              .origin = SSE_LIT("*")};

    memset(reply, 0, sizeof *reply);
    app_tick();
    if (!is(r->path, "/events")) {
        if (is(r->path, "/publish"))
            answer.methods = SSE_LIT("POST");
        answer.status = answer_briefly(r, reply, reply->fields);
        reply->count = answer.status == 200;
    } else if (is(r->method, "OPTIONS")) {
        answer.status = 204;
        answer.flags = SSE_HTTP_PREFLIGHT;
    } else if (!is_head && !is(r->method, "GET")) {
        answer.status = 405;
    } else if (!sse_http_accepts(r->accept.ptr, r->accept.len)) {
        answer.status = 406;
    } else if (!is_head) {
        answer.status = open_stream(s, user, r, &answer);
        reply->is_stream = answer.status == 200;
    }
    reply->status = answer.status;
    answer.version = SSE_HTTP_MANAGED;
    if (reply->count == 0)
        sse_http_fields(&answer, reply->fields, SSE_HTTP_FIELDS_MAX, reply->scratch_,
                        &reply->count);
}
