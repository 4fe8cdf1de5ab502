/* SPDX-License-Identifier: MIT */
/* curve.h - how cost grows, drawn: curve.c writes it as SVG, both axes logarithmic. */
#ifndef FANOUT_CURVE_H
#define FANOUT_CURVE_H

#include "figures.h"

enum { CURVE_SIZES = 3, CURVE_POINTS = 8 };

typedef struct points {
    double x[CURVE_POINTS], y[CURVE_POINTS];
    uint32_t count;
} points;

typedef struct curve {
    size_t sizes[CURVE_SIZES];
    points event[2][CURVE_SIZES]; /* FLOOR, CHANNEL: clients, and ms that an event costs */
    points live, replay; /* events of the log, and ms: an event to all; all of it to a client */
    uint32_t history_clients;
} curve;

void points_add(points *p, double x, double y);

/* Write the plot; the program ends where it cannot. */
void curve_write(const curve *c, const char *path);

#endif
