/* SPDX-License-Identifier: MIT */
/* a2a_task.h - the tasks of a2a.c, and the streams of their readers.
 *
 * Each event is a JSON-RPC response in data, whose id is that of the request which its reader has
 * sent: so no two readers get the same bytes, and each has a channel of its own. There are no SSE
 * ids; a reader that comes back first gets the task as it is. */
#ifndef PROTOCOLS_A2A_TASK_H
#define PROTOCOLS_A2A_TASK_H

#include "web.h"

#include <jansson.h>

enum task_state { TASK_WORKING, TASK_COMPLETED, TASK_FAILED, TASK_CANCELED };

typedef struct task {
    char id[40], context[40];
    enum task_state state;
    int to, done, fails; /* it counts to a number, or fails halfway */
    struct follower *followers;
    web_timer timer;
    struct task *next;
} task;

/* Return a task that counts to the number in a text; NULL: too many run, or there is no memory. It
 * can be found until some minutes after its end, if there are not too many. */
task *task_start(const char *text);
task *task_find(const char *id);
void task_cancel(task *t);
void task_free_all(void);

/* The task as JSON; old: of version 0.3. */
json_t *task_json(const task *t, int old);

/* Answer with the events of a task, from now to its end.
 *   id        of the request
 *   beat_ms   a heartbeat after so long a silence */
void task_follow(task *t, const web_request *r, json_t *id, int old, uint32_t beat_ms);

#endif
