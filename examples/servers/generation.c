/* SPDX-License-Identifier: MIT */
/* The generations: a table of them, their threads, and who reads them.
 *
 *     slots    | g | g |   | g | ... |    running; or over, and kept until it expires
 *                '-- events, a thread of the model, readers
 *
 * One mutex protects everything. It is held while a token is encoded, or bytes are copied for a
 * reader. */
#define _POSIX_C_SOURCE 200809L
#include "generation.h"
#include "generation_events.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

enum { SLOTS = 32, LOOK_MS = 500, END_MS = 2000 };

struct generation {
    pthread_t thread;
    pthread_cond_t news; /* for the readers, and for a model that waits */
    size_t readers;
    int is_running;    /* the model has not returned */
    uint64_t since_ms; /* when it was over; before that, when the last reader left */
    size_t prompt_len;
    char *prompt;
    events events;
};

struct generation_reader {
    generation *g;
    enum generation_kind kind;
    events_reader events; /* of a STREAM */
    char *json;           /* of the other kinds, once it is there */
    size_t len, taken;
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_condattr_t monotonic;
static pthread_cond_t fewer; /* models that run, or readers */
static generation *slots[SLOTS];
static size_t running, readers;
static int is_ending;
static generation_model *model;
static const char *name;
static uint32_t most, keep_ms, alone_ms, beat_ms;

static uint64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void wait_until(pthread_cond_t *cond, uint64_t ms)
{
    const struct timespec until = {(time_t)(ms / 1000), (long)(ms % 1000 * 1000000)};

    pthread_cond_timedwait(cond, &mutex, &until);
}

/* Wake the readers if there is something for one of them. */
static void notify(generation *g)
{
    if (events_tick(&g->events, now_ms()))
        pthread_cond_broadcast(&g->news);
}

static void finish(generation *g, const char *reason)
{
    const int was_over = g->events.reason != NULL;

    events_end(&g->events, reason);
    notify(g);
    if (was_over)
        return;
    g->since_ms = now_ms();
    pthread_cond_broadcast(&g->news); /* also those that wait for the whole text */
}

static int is_over(generation *g)
{
    if (alone_ms > 0 && g->readers == 0 && now_ms() - g->since_ms >= alone_ms)
        finish(g, "cancelled");
    return g->events.reason != NULL;
}

/* see generation.h */
int generation_emit(generation *g, const char *bytes, size_t len)
{
    int over;

    pthread_mutex_lock(&mutex);
    events_add(&g->events, bytes, len);
    notify(g);
    over = is_over(g);
    pthread_mutex_unlock(&mutex);
    return over;
}

/* see generation.h */
int generation_wait(generation *g, uint32_t ms)
{
    const uint64_t until = now_ms() + ms;
    uint64_t now;
    int over;

    pthread_mutex_lock(&mutex);
    while (!(over = is_over(g)) && (now = now_ms()) < until)
        wait_until(&g->news, until < now + LOOK_MS ? until : now + LOOK_MS);
    pthread_mutex_unlock(&mutex);
    return over;
}

static void *run(void *user)
{
    generation *const g = user;
    const int has_failed = model(g, g->prompt, g->prompt_len);

    pthread_mutex_lock(&mutex);
    finish(g, has_failed ? "error" : "stop");
    g->is_running = 0;
    running--;
    pthread_cond_broadcast(&fewer);
    pthread_mutex_unlock(&mutex);
    return NULL;
}

static void destroy(generation *g)
{
    pthread_cond_destroy(&g->news);
    free(g->prompt);
    free(g);
}

static int is_idle(const generation *g)
{
    return !g->is_running && g->readers == 0;
}

static void forget(generation **slot)
{
    pthread_join((*slot)->thread, NULL); /* it has nothing left to do */
    destroy(*slot);
    *slot = NULL;
}

static void expire(void)
{
    size_t i;

    for (i = 0; i < SLOTS; i++)
        if (slots[i] && is_idle(slots[i]) && now_ms() - slots[i]->since_ms >= keep_ms)
            forget(&slots[i]);
}

/* A place for one more: an empty one, or that of the one that has been over for longest. */
static generation **place(void)
{
    generation **oldest = NULL;
    size_t i;

    for (i = 0; i < SLOTS; i++) {
        if (slots[i] == NULL)
            return &slots[i];
        if (is_idle(slots[i]) && (oldest == NULL || slots[i]->since_ms < (*oldest)->since_ms))
            oldest = &slots[i];
    }
    if (oldest)
        forget(oldest);
    return oldest;
}

static generation *find(sse_str id)
{
    size_t i;

    expire();
    for (i = 0; i < SLOTS && id.len == EVENTS_ID; i++)
        if (slots[i] && memcmp(slots[i]->events.id, id.ptr, EVENTS_ID) == 0)
            return slots[i];
    return NULL;
}

/* Give it an id that nobody can guess: a client that knows it can read the text, and cancel it. */
static int init_events(generation *g)
{
    unsigned char bytes[EVENTS_ID / 2];
    char id[EVENTS_ID + 1];
    uint64_t epoch;
    size_t i;

    if (getrandom(bytes, sizeof bytes, 0) != sizeof bytes ||
        getrandom(&epoch, sizeof epoch, 0) != sizeof epoch)
        return SSE_E_IO;
    for (i = 0; i < sizeof bytes; i++)
        snprintf(id + 2 * i, sizeof id - 2 * i, "%02x", bytes[i]);
    return events_init(&g->events, id, name, (long long)time(NULL), epoch, beat_ms, now_ms());
}

static generation *create(const char *prompt, size_t len)
{
    generation *const g = malloc(sizeof *g); /* events_init takes memory in any state */

    if (g == NULL)
        return NULL;
    memset(g, 0, offsetof(generation, events));
    g->prompt = malloc(len + 1);
    if (g->prompt == NULL || init_events(g) != SSE_OK) {
        free(g->prompt);
        free(g);
        return NULL;
    }
    memcpy(g->prompt, prompt, len);
    g->prompt[len] = '\0';
    g->prompt_len = len;
    g->since_ms = now_ms();
    pthread_cond_init(&g->news, &monotonic);
    return g;
}

/* Begin to read. Returns a status of HTTP. */
static int open_reader(generation *g, enum generation_kind kind, sse_str last_event_id,
                       sse_str query, generation_reader **reader)
{
    generation_reader *const r = readers < GENERATION_READERS ? calloc(1, sizeof *r) : NULL;
    int status = SSE_OK;

    if (r == NULL)
        return 503;
    r->g = g;
    r->kind = kind;
    if (kind == GENERATION_STREAM)
        status = events_join(&g->events, &r->events, last_event_id, query, now_ms());
    if (status != SSE_OK) {
        free(r);
        return status == SSE_END ? 204 : 400;
    }
    notify(g);
    g->readers++;
    readers++;
    *reader = r;
    return 200;
}

static void close_reader(generation_reader *r)
{
    generation *const g = r->g;

    events_leave(&r->events);
    readers--;
    if (--g->readers == 0 && g->events.reason == NULL)
        g->since_ms = now_ms();
    pthread_cond_broadcast(&fewer);
    free(r->json);
    free(r);
}

/* see generation.h */
int generation_begin(const char *prompt, size_t len, enum generation_kind kind,
                     generation_reader **reader)
{
    const sse_str none = {NULL, 0};
    generation **slot;
    generation *g;
    int status = 503;

    pthread_mutex_lock(&mutex);
    expire();
    if (is_ending) {
        status = 503;
    } else if (running >= most || (slot = place()) == NULL) {
        status = 429;
    } else if ((g = create(prompt, len)) != NULL) {
        status = open_reader(g, kind, none, none, reader);
        if (status == 200 && pthread_create(&g->thread, NULL, run, g) != 0) {
            close_reader(*reader);
            status = 503;
        }
        g->is_running = status == 200;
        running += status == 200;
        if (status == 200)
            *slot = g;
        else
            destroy(g);
    }
    pthread_mutex_unlock(&mutex);
    return status;
}

/* see generation.h */
int generation_join(sse_str id, enum generation_kind kind, sse_str last_event_id, sse_str query,
                    generation_reader **reader)
{
    generation *g;
    int status = 404;

    pthread_mutex_lock(&mutex);
    if ((g = find(id)) != NULL)
        status = is_ending ? 503 : open_reader(g, kind, last_event_id, query, reader);
    pthread_mutex_unlock(&mutex);
    return status;
}

/* see generation.h */
int generation_cancel(sse_str id)
{
    generation *g;

    pthread_mutex_lock(&mutex);
    if ((g = find(id)) != NULL)
        finish(g, "cancelled");
    pthread_mutex_unlock(&mutex);
    return g ? 204 : 404;
}

/* see generation.h */
const char *generation_id(const generation_reader *r)
{
    return r->g->events.id;
}

static int take_json(generation_reader *r, void *dst, size_t cap, size_t *len)
{
    *len = 0;
    if (r->kind == GENERATION_WHOLE && r->g->events.reason == NULL)
        return SSE_AGAIN;
    if (r->json == NULL && (r->json = events_json(&r->g->events, &r->len)) == NULL)
        return SSE_E_IO;
    *len = r->len - r->taken < cap ? r->len - r->taken : cap;
    memcpy(dst, r->json + r->taken, *len);
    r->taken += *len;
    return *len > 0 ? SSE_OK : SSE_END;
}

static int take(generation_reader *r, void *dst, size_t cap, size_t *len)
{
    return r->kind == GENERATION_STREAM ? events_take(&r->g->events, &r->events, dst, cap, len)
                                        : take_json(r, dst, cap, len);
}

/* see generation.h */
int generation_read(generation_reader *r, void *dst, size_t cap, size_t *len)
{
    generation *const g = r->g;
    const uint64_t look = now_ms() + LOOK_MS;
    int status;

    pthread_mutex_lock(&mutex);
    while ((status = take(r, dst, cap, len)) == SSE_AGAIN && now_ms() < look) {
        wait_until(&g->news, events_due(&g->events, now_ms(), look));
        notify(g);
    }
    pthread_mutex_unlock(&mutex);
    return status;
}

/* see generation.h */
void generation_leave(generation_reader *r)
{
    if (r == NULL)
        return;
    pthread_mutex_lock(&mutex);
    close_reader(r);
    pthread_mutex_unlock(&mutex);
}

static uint32_t setting(const char *variable, uint32_t usual)
{
    const char *const value = getenv(variable);

    return value ? (uint32_t)strtoul(value, NULL, 10) : usual;
}

/* see generation.h */
void generation_start(const char *name_of_model, generation_model *that)
{
    name = name_of_model;
    model = that;
    most = setting("GENERATION_MAX", 8);
    keep_ms = setting("GENERATION_KEEP_MS", 300000);
    alone_ms = setting("GENERATION_ALONE_MS", 0);
    beat_ms = setting("GENERATION_BEAT_MS", SSE_HEARTBEAT_MS);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&fewer, &monotonic);
}

/* see generation.h */
void generation_end(void)
{
    const uint64_t until = now_ms() + END_MS;
    size_t i;

    pthread_mutex_lock(&mutex);
    is_ending = 1;
    for (i = 0; i < SLOTS; i++)
        if (slots[i])
            finish(slots[i], "cancelled");
    while (running + readers > 0 && now_ms() < until)
        wait_until(&fewer, until);
    keep_ms = 0;
    expire();
    pthread_mutex_unlock(&mutex);
}
