/* SPDX-License-Identifier: MIT */
/* clients.h - the process that drain.h starts, and what is said to it. */
#ifndef FANOUT_CLIENTS_H
#define FANOUT_CLIENTS_H

#include "drain.h"

/* What is said on the control socket; each is answered when it is done. */
enum op { EXPECT, WAIT, HOLD, RELEASE, TALLY };

typedef struct word {
    enum op op;
    uint64_t value;
    tally tally;
} word;

/* Connect the clients, say so with a WAIT that nobody has asked for, and do what is said on the
 * control socket for ever. */
void clients_run(const visit *v, book *b, int control);

#endif
