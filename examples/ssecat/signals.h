/* SPDX-License-Identifier: MIT */
/* signals.h - the signals that end a program that serves. */
#ifndef SSECAT_SIGNALS_H
#define SSECAT_SIGNALS_H

#include <signal.h>

enum signals { SIGNALS_NONE, SIGNALS_END, SIGNALS_END_AT_ONCE };

/* Catch SIGTERM, SIGINT and SIGHUP from here on. They are blocked, so that none is missed, except
 * while something waits with the mask that this returns. One that was ignored stays ignored, as
 * nohup wants it. */
sigset_t signals_catch(void);

/* What the signals ask for up to now. */
enum signals signals_taken(void);

#endif
