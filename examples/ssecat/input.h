/* SPDX-License-Identifier: MIT */
/* input.h - standard input, as lines, as events. */
#ifndef SSECAT_INPUT_H
#define SSECAT_INPUT_H

#include <sse/sse.h>

#include <stddef.h>
#include <stdint.h>

/* The most bytes of a line that become one event. */
#define INPUT_LINE_MAX (64 * 1024)

/* The bytes that were read and are not yet events stand from at to end; they go to the front of the
 * buffer when more are read.
 *
 *     | sent | some line \n another \n the beginning of a li |  free  |
 *            ^at                                             ^end      */
typedef struct input {
    char bytes[2 * INPUT_LINE_MAX];
    size_t at;
    size_t end;
    int ended; /* there is no more to read */
} input;

void input_init(input *in);

/* Read what there is; call it when a read does not block. Returns 0, or -1 with errno set. */
int input_read(input *in);

/* The next line, without its end, or a piece of one that is longer than `most`. Returns how many
 * bytes of input it stands for, which input_take takes; 0: there is no whole line. */
size_t input_next(const input *in, size_t most, sse_str *line);
void input_take(input *in, size_t n);

/* Whether all of the input has become events. */
int input_done(const input *in);

#endif
