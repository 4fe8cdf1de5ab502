/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE

#include "say.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static int quiet;
static unsigned long lost;
static int torn; /* the last message that was written has no end */

/* Write to a pipe or a terminal what it takes at once. The setting of a descriptor that makes it
 * non-blocking is shared with the shell and others, so it is opened anew with that setting. Where
 * that is not possible, poll has to do: a pipe that it calls writable takes PIPE_BUF bytes. */
static ssize_t write_at_once(int fd, const char *text, size_t len)
{
    const int own = open(fd == STDOUT_FILENO ? "/proc/self/fd/1" : "/proc/self/fd/2",
                         O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    struct pollfd at = {.fd = fd, .events = POLLOUT};
    ssize_t n;

    if (own < 0)
        return poll(&at, 1, 0) == 1 && (at.revents & POLLOUT) ? write(fd, text, len) : -1;
    n = write(own, text, len);
    close(own);
    return n;
}

/* Write a message as far as that does not block. Returns 0 if that is the whole of it. */
static int put(int fd, const char *text, size_t len)
{
    struct stat is;
    ssize_t n;

    if (fstat(fd, &is) != 0)
        return -1;
    if (S_ISSOCK(is.st_mode))
        n = send(fd, text, len, MSG_DONTWAIT | MSG_NOSIGNAL);
    else if (S_ISFIFO(is.st_mode) || S_ISCHR(is.st_mode))
        n = write_at_once(fd, text, len);
    else
        n = write(fd, text, len);
    if (n > 0)
        torn = (size_t)n < len;
    return n == (ssize_t)len ? 0 : -1;
}

static int say(int fd, const char *format, va_list values)
{
    char text[PIPE_BUF];
    size_t len = (size_t)sprintf(text, "%.32s: ", say_name);
    int n;

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
    char text[96];
    int n;

    if (lost == 0)
        return;
    n = snprintf(text, sizeof text, "%s%.32s: %lu messages were lost\n", torn ? "\n" : "", say_name,
                 lost);
    if (put(STDERR_FILENO, text, (size_t)n) == 0)
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
