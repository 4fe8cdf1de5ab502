/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE

#include "input.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

void input_init(input *in)
{
    in->at = 0;
    in->end = 0;
    in->ended = 0;
}

int input_read(input *in)
{
    ssize_t n;

    if (in->at > 0) {
        memmove(in->bytes, in->bytes + in->at, in->end - in->at);
        in->end -= in->at;
        in->at = 0;
    }
    if (in->end == sizeof in->bytes)
        return 0;
    do
        n = read(STDIN_FILENO, in->bytes + in->end, sizeof in->bytes - in->end);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return errno == EAGAIN ? 0 : -1;
    if (n == 0)
        in->ended = 1;
    in->end += (size_t)n;
    return 0;
}

size_t input_next(const input *in, size_t most, sse_str *line)
{
    const char *const at = in->bytes + in->at;
    const size_t have = in->end - in->at;
    const char *const lf = have > 0 ? memchr(at, '\n', have) : NULL;
    const size_t taken = lf ? (size_t)(lf - at) + 1 : have;

    line->ptr = at;
    line->len = lf ? taken - 1 : taken;
    if ((lf || in->ended) && line->len > 0 && at[line->len - 1] == '\r')
        line->len--;
    if (!lf && !in->ended && have == most + 1 && at[most] == '\r')
        return 0; /* perhaps the end of the line, half of it */
    if (line->len > most) {
        line->len = sse_utf8_whole(at, most);
        return line->len;
    }
    return lf || in->ended ? taken : 0;
}

void input_take(input *in, size_t n)
{
    in->at += n;
}

int input_done(const input *in)
{
    return in->ended && in->at == in->end;
}
