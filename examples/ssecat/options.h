/* SPDX-License-Identifier: MIT */
/* options.h - the command line of ssecat. */
#ifndef SSECAT_OPTIONS_H
#define SSECAT_OPTIONS_H

#include "http_options.h"

#include <stdint.h>

/* Bytes that the history wants for an event beside those of the event: its id, and a frame. */
enum { OPTIONS_EVENT_FRAME = 64 };
enum { OPTIONS_TYPE_MAX = 256 }; /* bytes of an event type */

/* What each option is for stands in the table of options.c, next to its range. */
typedef struct options {
    http_options http;

    int input; /* enum input_form */
    uint32_t max_line;
    uint32_t wait;
    int stay;

    const char *event; /* NULL: message */
    const char *farewell;
    int plain;

    const char *page; /* NULL: the one inside ssecat */

    uint32_t history;
    const char *history_file; /* NULL: in memory */
    int from_start;
    uint32_t patience_ms;

    int quiet, help, version;
} options;

/* Read the command line. Returns 0 to go on; otherwise it has printed the help, the version or what
 * is wrong, and returns the exit code plus 1. */
int options_read(options *o, int argc, char **argv);

#endif
