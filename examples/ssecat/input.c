#define _GNU_SOURCE

#include "input.h"

#include <sse/sse.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void input_init(input *in, const char *event, uint64_t epoch)
{
    in->at = 0;
    in->end = 0;
    in->ended = 0;
    in->epoch = epoch;
    in->sequence = 0;
    in->event = event;
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

/* Shorten a piece of a line so that it does not end inside of a UTF-8 sequence. */
static size_t whole_characters(const char *bytes, size_t len)
{
    size_t shorter = len;

    while (shorter > 0 && len - shorter < 3 && ((unsigned char)bytes[shorter] & 0xC0) == 0x80)
        shorter--;
    return shorter > 0 ? shorter : len;
}

/* The next event's data: a line without its end, or a piece of one that is longer than most.
 * Returns how many bytes of input it stands for; 0: the line has not all come. */
static size_t next_line(const input *in, size_t most, sse_str *data)
{
    const char *const at = in->bytes + in->at;
    const size_t have = in->end - in->at;
    const char *const lf = have > 0 ? memchr(at, '\n', have) : NULL;
    const size_t taken = lf ? (size_t)(lf - at) + 1 : have;

    data->ptr = at;
    data->len = lf ? taken - 1 : taken;
    if ((lf || in->ended) && data->len > 0 && at[data->len - 1] == '\r')
        data->len--;
    if (!lf && !in->ended && have == most + 1 && at[most] == '\r')
        return 0; /* perhaps the end of the line, half of it */
    if (data->len > most) {
        data->len = whole_characters(at, most);
        return data->len;
    }
    return lf || in->ended ? taken : 0;
}

size_t input_encode(input *in, char *dst, size_t cap)
{
    size_t used = 0, most = INPUT_LINE_MAX;
    sse_event ev = {.type = {in->event, in->event ? strlen(in->event) : 0}};

    for (;;) {
        const size_t taken = next_line(in, most, &ev.data);
        char id[48];
        size_t len;

        if (taken == 0)
            return used;
        ev.id.ptr = id;
        ev.id.len =
            (size_t)snprintf(id, sizeof id, "%" PRIx64 "-%" PRIu64, in->epoch, in->sequence + 1);
        if (sse_event_encode(&ev, dst + used, cap - used, &len) != SSE_OK) {
            if (used > 0)
                return used;
            most = ev.data.len / 2; /* it is full of breaks, which grow: send less of it at once */
            continue;
        }
        used += len;
        in->at += taken;
        in->sequence++;
    }
}

int input_done(const input *in)
{
    return in->ended && in->at == in->end;
}
