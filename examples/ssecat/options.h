/* options.h - the command line of ssecat. */
#ifndef SSECAT_OPTIONS_H
#define SSECAT_OPTIONS_H

#include <stdint.h>

typedef struct options {
    const char *bind;         /* address or host name */
    const char *port;         /* "0": any free one */
    const char *event;        /* event type; NULL: message */
    const char *cors;         /* allowed origin; NULL: none */
    uint32_t heartbeat_ms;    /* 0: none */
    uint32_t retry_ms;        /* 0: the client's own */
    uint32_t max_clients;     /* streams at a time */
    uint32_t wait;            /* read no input until there are this many streams */
    uint32_t history;         /* bytes of events that are kept */
    const char *history_file; /* where; NULL: in memory */
    int from_start;           /* a new client gets what is kept first */
    uint32_t patience_ms;     /* how long a stream may hold up the input before it has caught up */
    int stay;                 /* go on serving when the input has ended */
    int quiet;
} options;

/* Read the command line. Returns 0 to go on; otherwise it has printed the help, the version or what
 * is wrong, and returns the exit code plus 1. */
int options_read(options *o, int argc, char **argv);

#endif
