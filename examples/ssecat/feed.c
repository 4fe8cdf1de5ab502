/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE

#include "feed.h"

#include "say.h"

#include <errno.h>
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

void feed_init(feed *f, const options *o, clients *to, int epoll)
{
    f->to = to;
    f->epoll = epoll;
    f->waiting_for = o->wait;
    input_init(&f->input);
    watch(f, EPOLL_CTL_ADD);
}

static void read_input(feed *f)
{
    if ((!f->readable && !f->always_readable) || f->input.ended)
        return;
    if (input_read(&f->input) != 0)
        say_and_exit("standard input");
    f->readable = 0;
    if (!f->always_readable && !f->input.ended)
        watch(f, EPOLL_CTL_MOD);
}

/* Publish the lines that there are. Returns SSE_AGAIN if the clients cannot take them all now. */
static int publish(feed *f)
{
    size_t taken, most = INPUT_LINE_MAX;
    int status = SSE_OK;
    sse_str line;

    while ((taken = input_next(&f->input, most, &line)) > 0) {
        status = clients_publish(f->to, &line);
        if (status == SSE_AGAIN)
            break;
        if (status == SSE_E_TOOBIG) {
            most = line.len / 2; /* it is full of breaks, which grow: send less of it at once */
        } else {
            input_take(&f->input, taken);
            most = INPUT_LINE_MAX;
        }
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
