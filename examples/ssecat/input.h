/* SPDX-License-Identifier: MIT */
/* input.h - standard input, as the pieces of text that become events. */
#ifndef SSECAT_INPUT_H
#define SSECAT_INPUT_H

#include <sse/sse.h>

#include <stddef.h>
#include <stdint.h>

/* What one event is; the order is that of the words of --input. */
enum input_form {
    INPUT_LINES, /* a line, up to LF or CRLF */
    INPUT_NUL,   /* a record, up to NUL */
    INPUT_CR,    /* a line, up to LF, CR or CRLF, as progress bars have them */
    INPUT_RAW    /* what has come, up to a whole character */
};

/* The bytes that were read and are not yet events stand from at to end; they go to the front of the
 * buffer when more are read. The buffer grows with a line that does not fit.
 *
 *     | sent | some line \n another \n the beginning of a li |  free  |
 *            ^at                                             ^end      */
typedef struct input {
    char *bytes;
    size_t size;
    size_t at;
    size_t end;
    size_t searched; /* so many bytes from at on have no line end in them */
    enum input_form form;
    size_t most;   /* bytes of an event */
    uint64_t line; /* the number of the line at `at`, from 1 */
    int begun;     /* the beginning of that line is an event already */
    int after_cr;  /* an LF at `at` belongs to the CR before it */
    int ended;     /* there is no more to read */
} input;

/* What becomes an event. */
typedef struct input_text {
    sse_str text;
    size_t taken; /* how many bytes of input it stands for */
    int ends;     /* the line ends with it */
} input_text;

/* An input of which each event has `most` bytes at the most; that is at least 16. */
void input_init(input *in, enum input_form form, size_t most);

/* Read what there is; call it when a read does not block, and input_next has nothing. Returns 0, or
 * -1 with errno set. */
int input_read(input *in);

/* Read no more: what was read is all. */
void input_end(input *in);

/* Find the next line, without its end; or a piece of it that has `most` bytes at the most, if it is
 * longer. Returns 0 if there is none. input_take takes it. */
int input_next(input *in, size_t most, input_text *next);
void input_take(input *in, const input_text *taken);

/* Whether all of the input has become events. */
int input_done(const input *in);

#endif
