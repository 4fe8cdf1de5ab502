/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE

#include "input.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { USUAL_SIZE = 128 * 1024, READ_LEAST = 16 * 1024 };

void input_init(input *in, enum input_form form, size_t most)
{
    memset(in, 0, sizeof *in);
    in->form = form;
    in->most = most;
    in->line = 1;
}

/* Move what is left to the front, and see to it that there is room for more: for the longest event,
 * what ends it, and a read. A buffer that a long line has made large becomes usual again. */
static int make_room(input *in)
{
    const size_t most = in->most + READ_LEAST + 2;
    size_t size = in->size;
    char *bytes;

    if (in->at > 0)
        memmove(in->bytes, in->bytes + in->at, in->end - in->at);
    in->end -= in->at;
    in->at = 0;
    if (size == 0 || in->end + READ_LEAST <= USUAL_SIZE)
        size = USUAL_SIZE;
    else if (size - in->end < READ_LEAST)
        size = size < most / 2 ? 2 * size : most;
    if (size == in->size)
        return 0;
    bytes = realloc(in->bytes, size);
    if (bytes == NULL)
        return -1;
    in->bytes = bytes;
    in->size = size;
    return 0;
}

int input_read(input *in)
{
    ssize_t n;

    if (make_room(in) != 0)
        return -1;
    do
        n = read(STDIN_FILENO, in->bytes + in->end, in->size - in->end);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return errno == EAGAIN ? 0 : -1;
    if (n == 0)
        input_end(in);
    in->end += (size_t)n;
    return 0;
}

void input_end(input *in)
{
    in->ended = 1;
}

/* Find what ends a line. Returns NULL if it is not there. */
static const char *find_end(enum input_form form, const char *at, size_t len)
{
    const char *const end = at + len;

    if (len == 0)
        return NULL;
    if (form != INPUT_CR)
        return memchr(at, form == INPUT_NUL ? '\0' : '\n', len);
    while (at < end && *at != '\n' && *at != '\r')
        at++;
    return at < end ? at : NULL;
}

/* Find what has come. A CR waits for what is next to it: with an LF it is one line break. */
static int next_raw(const input *in, size_t most, input_text *next)
{
    const char *const at = in->bytes + in->at;
    const size_t have = in->end - in->at;
    size_t n = have < most ? have : most;

    if (n < have || !in->ended)
        n = sse_utf8_whole(at, n);
    if (n > 0 && at[n - 1] == '\r' && (n < have ? at[n] == '\n' : !in->ended))
        n--;
    next->text.ptr = at;
    next->text.len = n;
    next->taken = n;
    next->ends = 1;
    return n > 0;
}

/* Find the next line, or a piece of it. A CR may be one half of the end, whose other half is still
 * to come. */
static int next_line(input *in, size_t most, input_text *next)
{
    const char *const at = in->bytes + in->at;
    const size_t have = in->end - in->at;
    const char *const end = find_end(in->form, at + in->searched, have - in->searched);
    const size_t len = end ? (size_t)(end - at) : have;
    const int ends = end || in->ended;
    const int cr = in->form == INPUT_LINES && len > 0 && at[len - 1] == '\r';

    in->searched = len;
    if (!ends && len <= most + (size_t)cr)
        return 0;
    next->text.ptr = at;
    next->text.len = ends ? len - (size_t)cr : len;
    next->taken = end ? len + 1 : len;
    next->ends = ends;
    if (next->text.len > most) {
        next->text.len = sse_utf8_whole(at, most);
        next->taken = next->text.len;
        next->ends = 0;
    }
    return 1;
}

int input_next(input *in, size_t most, input_text *next)
{
    if (in->after_cr && in->at < in->end) {
        in->at += in->bytes[in->at] == '\n';
        in->after_cr = 0;
    }
    if (in->at == in->end)
        return 0;
    return in->form == INPUT_RAW ? next_raw(in, most, next) : next_line(in, most, next);
}

void input_take(input *in, const input_text *taken)
{
    in->at += taken->taken;
    in->searched -= taken->taken < in->searched ? taken->taken : in->searched;
    in->begun = !taken->ends;
    in->line += taken->ends != 0;
    in->after_cr = in->form == INPUT_CR && taken->ends && in->bytes[in->at - 1] == '\r';
}

int input_done(const input *in)
{
    return in->ended && in->at == in->end;
}
