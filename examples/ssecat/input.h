/* input.h - standard input, as lines, as events. */
#ifndef SSECAT_INPUT_H
#define SSECAT_INPUT_H

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
    int ended;         /* there is no more to read */
    uint64_t epoch;    /* ids are <epoch>-<sequence>: those of an earlier run are no ids of this */
    uint64_t sequence; /* of the last event */
    const char *event; /* type of the events; NULL: message */
} input;

void input_init(input *in, const char *event, uint64_t epoch);

/* Read what there is; call it when a read does not block. Returns 0, or -1 with errno set. */
int input_read(input *in);

/* Encode as many of the lines as fit in dst, cap bytes, which are more than one line needs. Returns
 * the bytes that were written; 0: there is no whole line. */
size_t input_encode(input *in, char *dst, size_t cap);

/* Whether all of the input has become events. */
int input_done(const input *in);

#endif
