/* SPDX-License-Identifier: MIT */
/* a2a_task.c - see a2a_task.h. */
#include "a2a_task.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

enum {
    EVENTS = 256,
    BYTES = 128 * 1024,
    COUNT_MS = 10,
    COUNT_MAX = 1000,
    TASKS_MAX = 1000,
    STALL_MS = 30000,
    KEEP_MS = 300000 /* how long a task can be asked for after its end */
};

static const char *const state_names[][2] = {
    {"TASK_STATE_WORKING", "working"},
    {"TASK_STATE_COMPLETED", "completed"},
    {"TASK_STATE_FAILED", "failed"},
    {"TASK_STATE_CANCELED", "canceled"},
};

typedef struct follower {
    sse_channel *channel;
    json_t *id; /* of its request */
    int old;    /* it speaks 0.3 */
    task *of;
    struct follower *next;
} follower;

static task *tasks;
static unsigned task_count;

/* What there is to say of a task: a value of JSON, in one of the two versions. */

static json_t *status(const task *t, int old)
{
    return json_pack("{s:s}", "state", state_names[t->state][old]);
}

/* The artifact from one number up to another. */
static json_t *artifact(int from, int to, int old)
{
    json_t *const part = old ? json_pack("{s:s}", "kind", "text") : json_object();
    char *const text = malloc((size_t)(to - from) * 5 + 1);
    size_t len = 0;
    int i;

    for (i = from; text != NULL && i < to; i++)
        len += (size_t)sprintf(text + len, "%d ", i + 1);
    json_object_set_new(part, "text", json_stringn(text ? text : "", len));
    free(text);
    return json_pack("{s:s, s:[o]}", "artifactId", "count", "parts", part);
}

json_t *task_json(const task *t, int old)
{
    json_t *const all = json_pack("{s:s, s:s, s:o, s:[o]}", "id", t->id, "contextId", t->context,
                                  "status", status(t, old), "artifacts", artifact(0, t->done, old));

    if (old)
        json_object_set_new(all, "kind", json_string("task"));
    return all;
}

/* An event of a stream: 1.0 wraps it, 0.3 marks it. */
static json_t *event(json_t *value, int old, const char *wrapper, const char *kind)
{
    if (!old)
        return json_pack("{s:o}", wrapper, value);
    json_object_set_new(value, "kind", json_string(kind));
    return value;
}

static json_t *status_update(const task *t, int old)
{
    json_t *const update = json_pack("{s:s, s:s, s:o}", "taskId", t->id, "contextId", t->context,
                                     "status", status(t, old));

    if (old)
        json_object_set_new(update, "final", json_boolean(t->state != TASK_WORKING));
    return event(update, old, "statusUpdate", "status-update");
}

static json_t *artifact_update(const task *t, int old)
{
    return event(json_pack("{s:s, s:s, s:o, s:b, s:b}", "taskId", t->id, "contextId", t->context,
                           "artifact", artifact(t->done - 1, t->done, old), "append", t->done > 1,
                           "lastChunk", t->done == t->to),
                 old, "artifactUpdate", "artifact-update");
}

/* Streams. */

static void tell(follower *f, json_t *result)
{
    json_t *const response =
        json_pack("{s:s, s:O, s:o}", "jsonrpc", "2.0", "id", f->id, "result", result);
    char *const text = response != NULL ? json_dumps(response, JSON_COMPACT) : NULL;

    json_decref(response);
    if (text == NULL ||
        sse_channel_publish_parts(f->channel, NULL, 0, NULL, 0, text, strlen(text), 0, 0) != SSE_OK)
        web_finish(f->channel); /* it comes back, and gets the task as it is */
    free(text);
}

static void tell_all(task *t, json_t *(*what)(const task *t, int old))
{
    follower *f;

    for (f = t->followers; f != NULL; f = f->next) {
        tell(f, what(t, f->old));
        if (t->state != TASK_WORKING)
            web_finish(f->channel);
    }
}

static void left(void *user)
{
    follower *const f = user;
    follower **at = f->of != NULL ? &f->of->followers : NULL;

    while (at != NULL && *at != f)
        at = &(*at)->next;
    if (at != NULL)
        *at = f->next;
    web_free(f->channel);
    json_decref(f->id);
    free(f);
}

void task_follow(task *t, const web_request *r, json_t *id, int old, uint32_t beat_ms)
{
    const sse_http_answer head = {.first = SSE_HTTP_FIRST_LINE};
    follower *const f = calloc(1, sizeof *f);
    sse_subscriber *s;

    if (f != NULL)
        f->channel = web_channel(NULL, EVENTS, BYTES, beat_ms);
    if (f == NULL || f->channel == NULL) {
        free(f);
        web_refuse(r, 503);
        return;
    }
    *f = (follower){f->channel, json_incref(id), old, t, t->followers};
    t->followers = f;
    tell(f, event(task_json(t, old), old, "task", "task"));
    s = web_stream(r, f->channel, &head, SSE_JOIN_PLAIN | SSE_JOIN_OLDEST, SSE_LIT(""), left, f);
    if (s == NULL)
        left(f);
    else
        sse_subscriber_set_limits(s, 0, STALL_MS, 0);
}

/* Tasks. */

static void forget(void *user)
{
    task *const t = user;
    task **at = &tasks;
    follower *f;

    while (*at != t)
        at = &(*at)->next;
    *at = t->next;
    task_count--;
    for (f = t->followers; f != NULL; f = f->next)
        f->of = NULL;
    free(t);
}

static void finish(task *t, enum task_state state)
{
    t->state = state;
    tell_all(t, status_update);
    t->timer.run = forget;
    web_after(&t->timer, KEEP_MS);
}

static void step(void *user)
{
    task *const t = user;

    if (t->done == t->to) {
        finish(t, TASK_COMPLETED);
    } else if (t->fails && t->done == t->to / 2) {
        finish(t, TASK_FAILED);
    } else {
        t->done++;
        tell_all(t, artifact_update);
        web_after(&t->timer, COUNT_MS);
    }
}

/* An id that nobody can guess: 12 random bytes. Returns 0 if there are none. */
static int make_id(char id[40], const char *prefix)
{
    unsigned char random[12];
    size_t at = (size_t)sprintf(id, "%s-", prefix), i;

    if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random)
        return 0;
    for (i = 0; i < sizeof random; i++)
        at += (size_t)sprintf(id + at, "%02x", random[i]);
    return 1;
}

/* Where there are too many, forget the one that was begun first of those that have ended. */
static void make_room(void)
{
    task *t, *oldest = NULL;

    for (t = task_count < TASKS_MAX ? NULL : tasks; t != NULL; t = t->next)
        oldest = t->state != TASK_WORKING ? t : oldest;
    if (oldest != NULL) {
        web_stop(&oldest->timer);
        forget(oldest);
    }
}

task *task_start(const char *text)
{
    const char *const number = strpbrk(text, "0123456789");
    const long to = number != NULL ? strtol(number, NULL, 10) : 1;
    task *t;

    make_room();
    t = task_count < TASKS_MAX ? calloc(1, sizeof *t) : NULL;
    if (t == NULL || !make_id(t->id, "task") || !make_id(t->context, "context")) {
        free(t);
        return NULL;
    }
    task_count++;
    t->to = to < 0 || to > COUNT_MAX ? COUNT_MAX : (int)to;
    t->fails = strstr(text, "fail") != NULL;
    t->timer = (web_timer){.run = step, .user = t};
    t->next = tasks;
    tasks = t;
    web_after(&t->timer, COUNT_MS);
    return t;
}

task *task_find(const char *id)
{
    task *t = id != NULL ? tasks : NULL;

    while (t != NULL && strcmp(t->id, id) != 0)
        t = t->next;
    return t;
}

void task_cancel(task *t)
{
    finish(t, TASK_CANCELED);
}

void task_free_all(void)
{
    while (tasks != NULL)
        forget(tasks);
}
