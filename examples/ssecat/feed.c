/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE

#include "feed.h"

#include "history.h"
#include "say.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

static void watch(feed *f, int operation)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLONESHOT, .data.ptr = f};

    if (epoll_ctl(f->epoll, operation, STDIN_FILENO, &event) == 0)
        return;
    if (errno != EPERM)
        say_and_exit("standard input");
    f->always_readable = 1;
}

void feed_init(feed *f, const options *o, clients *to, sse_history *history, int epoll)
{
    f->to = to;
    f->options = o;
    f->held_ms = UINT64_MAX;
    clients_open(to, &f->channel, history);
    f->epoll = epoll;
    f->waiting_for = o->wait;
    input_init(&f->input, (enum input_form)o->input, o->max_line);
    watch(f, EPOLL_CTL_ADD);
}

static void read_input(feed *f)
{
    if ((!f->readable && !f->always_readable) || f->input.ended)
        return;
    if (input_read(&f->input) != 0) {
        say_error("standard input: %s", strerror(errno));
        f->failed = 1;
        input_end(&f->input);
    }
    f->readable = 0;
    if (!f->always_readable && !f->input.ended)
        watch(f, EPOLL_CTL_MOD);
}

/* Publish a line. Returns SSE_OK; SSE_AGAIN where a stream would lose a line by it that still has a
 * time to be waited for; SSE_E_TOOBIG where it is too long. */
static int publish_line(feed *f, const sse_str *line)
{
    const options *const o = f->options;
    clients *const cs = f->to;
    const sse_event ev = {.type = {o->event, o->event ? strlen(o->event) : 0}, .data = *line};
    size_t len;

    sse_event_encode(&ev, NULL, 0, &len);
    if (clients_fit(cs, &f->channel, len)) {
        f->held_ms = UINT64_MAX;
    } else {
        if (f->held_ms == UINT64_MAX)
            f->held_ms = cs->now_ms;
        if (cs->now_ms - f->held_ms < o->patience_ms && len + OPTIONS_EVENT_FRAME <= o->history) {
            clients_wake_at(cs, f->held_ms + o->patience_ms);
            return SSE_AGAIN;
        }
    }
    return sse_channel_publish(&f->channel.channel, &ev, 0, 0);
}

/* Publish the lines that there are. Returns SSE_AGAIN if the clients cannot take them all now. */
static int publish(feed *f)
{
    input *const in = &f->input;
    size_t most = in->most;
    int status = SSE_OK;
    input_text next;

    while (input_next(in, most, &next)) {
        status = publish_line(f, &next.text);
        if (status == SSE_AGAIN)
            break;
        if (status == SSE_E_TOOBIG) {
            /* It is full of breaks, which grow: send less of it at once. */
            most = next.text.len / 2;
            continue;
        }
        if (status != SSE_OK)
            history_is_lost();
        if (!next.ends && !in->begun)
            say_notice("line %llu is too long for one event, and comes in pieces; see --max-line",
                       (unsigned long long)in->line);
        input_take(in, &next);
        most = in->most;
    }
    return status;
}

int feed_turn(feed *f)
{
    if (f->to->streaming < f->waiting_for)
        return 0;
    f->waiting_for = 0;
    if (publish(f) == SSE_AGAIN) /* what was read before */
        return 0;
    read_input(f);
    return publish(f) != SSE_AGAIN && f->always_readable && !f->input.ended;
}

int feed_done(const feed *f)
{
    return input_done(&f->input);
}
