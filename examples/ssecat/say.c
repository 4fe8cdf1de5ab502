/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE

#include "say.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int quiet;
static unsigned long lost;

/* Write a message where that does not block: a pipe that poll calls writable takes PIPE_BUF bytes.
 * The descriptor is not set to non-blocking, since the shell and others share that setting. */
static int put(int fd, const char *text, size_t len)
{
    struct pollfd at = {.fd = fd, .events = POLLOUT};

    if (poll(&at, 1, 0) != 1 || !(at.revents & POLLOUT))
        return -1;
    return write(fd, text, len) == (ssize_t)len ? 0 : -1;
}

static int say(int fd, const char *format, va_list values)
{
    static const char name[] = "ssecat: ";
    char text[PIPE_BUF];
    size_t len = sizeof name - 1;
    int n;

    memcpy(text, name, len);
    n = vsnprintf(text + len, sizeof text - len, format, values);
    if (n < 0)
        return -1;
    len = (size_t)n < sizeof text - len ? len + (size_t)n : sizeof text - 1;
    text[len] = '\n';
    return put(fd, text, len + 1);
}

static void say_on_error(const char *format, va_list values)
{
    say_lost();
    if (lost > 0 || say(STDERR_FILENO, format, values) != 0)
        lost++;
}

void say_lost(void)
{
    char text[64];
    const int n =
        lost > 0 ? snprintf(text, sizeof text, "ssecat: %lu messages were lost\n", lost) : 0;

    if (n > 0 && put(STDERR_FILENO, text, (size_t)n) == 0)
        lost = 0;
}

void say_error(const char *format, ...)
{
    va_list values;

    va_start(values, format);
    say_on_error(format, values);
    va_end(values);
}

void say_notice(const char *format, ...)
{
    va_list values;

    if (quiet)
        return;
    va_start(values, format);
    say_on_error(format, values);
    va_end(values);
}

void say_output(const char *format, ...)
{
    va_list values;
    int status;

    if (quiet)
        return;
    va_start(values, format);
    status = say(STDOUT_FILENO, format, values);
    va_end(values);
    if (status != 0)
        say_error("standard output does not take a line");
}

void say_as_it_is(const char *line, size_t len)
{
    put(STDERR_FILENO, line, len);
}

void say_errors_only(void)
{
    quiet = 1;
}

void say_and_exit(const char *what)
{
    say_error("%s: %s", what, strerror(errno));
    exit(EXIT_FAILURE);
}
