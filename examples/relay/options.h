/* SPDX-License-Identifier: MIT */
/* options.h - the command line of sse-relay. */
#ifndef RELAY_OPTIONS_H
#define RELAY_OPTIONS_H

#include "../ssecat/http_options.h"
#include "address.h"

enum { OPTIONS_SENTINELS_MAX = 16 };

/* What each option is for stands in the table of options.c, next to its range. */
typedef struct options {
    http_options http;

    const char *redis;   /* NULL: sentinels */
    table_list sentinel; /* empty: redis */
    address redis_at, sentinel_at[OPTIONS_SENTINELS_MAX];
    size_t sentinel_count;
    const char *master;
    table_list stream;
    const char *user, *password_file, *sentinel_password_file;
    char *password, *sentinel_password; /* NULL: none */
    uint32_t wait;
    uint32_t window_ms;

    int on_gap; /* OPTIONS_TELL or OPTIONS_CLOSE */
    uint32_t history, history_bytes;
    uint32_t spread_ms;
    const char *filter;
    const char *user_field, *user_header;

    int publish;
    uint32_t max_len;

    int quiet, help, version;
} options;

enum { OPTIONS_TELL, OPTIONS_CLOSE };

/* Read the command line. Returns 0 to go on; otherwise it has printed the help, the version or what
 * is wrong, and returns the exit code plus 1. */
int options_read(options *o, int argc, char **argv);

/* The field that clients filter by. */
const char *options_filter(const options *o);

#endif
