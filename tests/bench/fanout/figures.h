/* SPDX-License-Identifier: MIT */
/* figures.h - what is measured in rounds, and judged. */
#ifndef FANOUT_FIGURES_H
#define FANOUT_FIGURES_H

#include "stage.h"

enum { ROUNDS = 25 }; /* at most */

/* What is not yet growth of memory; a sanitizer keeps its own of each byte. */
#ifdef __has_feature
#if __has_feature(memory_sanitizer)
#define GROWTH_KIB 1024
#endif
#endif
#ifndef GROWTH_KIB
#define GROWTH_KIB 256
#endif

/* What the bench is to do. */
typedef struct plan {
    tools tools;
    int smoke;           /* small and quick: nothing is timed */
    struct curve *curve; /* what cells and history have for the plot */
} plan;

double median(const double *values, uint32_t count);

/* The median, over the rounds, of the one divided by the other. */
double median_ratio(const double *of, const double *to, uint32_t rounds);

/* Print a figure against its limit, and the end of a line; remember if it is missed. */
void judge(double figure, double limit);

/* How many were. */
int missed(void);

/* What a round has cost the server, and what its clients have had. */
typedef struct round_figures {
    double cost_ns; /* of one delivery */
    tally got;
} round_figures;

/* Measure what is done between these two. */
uint64_t round_begin(stage *s);
round_figures round_end(stage *s, uint64_t begun);

/* As many clients as there are descriptors for. */
uint32_t most_clients(const plan *p, uint32_t wanted);

/* The parts of the bench. Each has its own file. */
void measure_cells(const plan *p);   /* sizes, numbers of clients, stalls */
void measure_turns(const plan *p);   /* events that come together */
void measure_stall(const plan *p);   /* clients that never read */
void measure_history(const plan *p); /* the size of the log */
void measure_counts(const plan *p);  /* instructions */
void measure_memory(const plan *p);  /* of a client */
void measure_rate(const plan *p);    /* latency of events that come by the clock */
void measure_pace(const plan *p);    /* what it buys to let subscribers wait */

#endif
