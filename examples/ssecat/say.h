/* SPDX-License-Identifier: MIT */
/* say.h - what a program says: diagnostics on standard error, its addresses on standard output.
 *
 * Perhaps nobody reads them, and the clients must not wait for that. So a message is written only
 * as far as that does not block. One that is not written as a whole is lost, and counted; the next
 * one has the number of lost messages before it.
 *
 * Each message is a line that begins with the name of the program. */
#ifndef SSECAT_SAY_H
#define SSECAT_SAY_H

#include <stddef.h>

#define SAY_FORMAT __attribute__((format(printf, 1, 2)))

/* The name of the program, which its main file has. */
extern const char say_name[];

/* An error. */
void say_error(const char *format, ...) SAY_FORMAT;

/* What happens to a client or to the input, and is no error of the program; nothing with --quiet. */
void say_notice(const char *format, ...) SAY_FORMAT;

/* A line on standard output; nothing with --quiet. */
void say_output(const char *format, ...) SAY_FORMAT;

/* A whole line on standard error, from within a signal handler. */
void say_as_it_is(const char *line, size_t len);

/* Be quiet from now on: say errors only. */
void say_errors_only(void);

/* Say how many messages were lost, if some were and there is room now. */
void say_lost(void);

/* Say what has failed, and errno, and end the program. */
void say_and_exit(const char *what) __attribute__((noreturn));

#endif
