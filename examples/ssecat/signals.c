/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE

#include "signals.h"

#include <stddef.h>

static const int ending[] = {SIGTERM, SIGINT, SIGHUP};

static volatile sig_atomic_t asked, hung_up;

/* A terminal that closes sends SIGHUP, and its shell perhaps once more, so that a second one says
 * nothing. */
static void take(int number)
{
    if (number == SIGHUP)
        hung_up = 1;
    else
        asked++;
}

sigset_t signals_catch(void)
{
    const struct sigaction action = {.sa_handler = take};
    struct sigaction before;
    sigset_t blocked, waiting;
    size_t i;

    sigemptyset(&blocked);
    for (i = 0; i < sizeof ending / sizeof ending[0]; i++)
        sigaddset(&blocked, ending[i]);
    sigprocmask(SIG_BLOCK, &blocked, &waiting);
    for (i = 0; i < sizeof ending / sizeof ending[0]; i++) {
        sigdelset(&waiting, ending[i]);
        if (sigaction(ending[i], NULL, &before) == 0 && before.sa_handler != SIG_IGN)
            sigaction(ending[i], &action, NULL);
    }
    return waiting;
}

enum signals signals_taken(void)
{
    if (asked > 1)
        return SIGNALS_END_AT_ONCE;
    return asked || hung_up ? SIGNALS_END : SIGNALS_NONE;
}
