/* hall.h - the process that drain.h starts, and what is said to it. */
#ifndef COST_HALL_H
#define COST_HALL_H

#include "drain.h"

/* What is said on the control socket; each is answered when it is done. */
enum op { EXPECT, WAIT, STALL, LATENCY, SAME };

typedef struct word {
    enum op op;
    uint64_t value;
    uint64_t start_ns;
    latency latency;
} word;

/* Connect the clients, say so with a WAIT that nobody has asked for, and do what is said on the
 * control socket for ever. */
void hall_run(int port, uint32_t clients, int checked, int control, FILE *first);

#endif
