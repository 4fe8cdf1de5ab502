/* SPDX-License-Identifier: MIT */
#include "curve.h"

#include "common.h"

#include <stdio.h>

/* A plot with logarithmic axes, of the same scale: what grows in proportion has a slope of one. */
typedef struct frame {
    FILE *to;
    double left, x_min, x_max, y_min, y_max;
} frame;

enum { WIDTH = 380, HEIGHT = 380, TOP = 50, MARGIN = 60, LEGEND = 190 };

static const char *const colours[CURVE_SIZES] = {"#1b6ca8", "#c8553d", "#3b7d3b"};

void points_add(points *p, double x, double y)
{
    p->x[p->count] = x;
    p->y[p->count++] = y;
}

/* The logarithm, as far as a plot needs it; libm is not linked for it. */
static double log_10(double v)
{
    double whole = 0, square, power, sum = 0;
    int i;

    for (; v >= 10; v /= 10)
        whole++;
    for (; v < 1; v *= 10)
        whole--;
    v = (v - 3.1622776601683795) / (v + 3.1622776601683795); /* ln = 2 artanh, about sqrt(10) */
    square = v * v;
    for (i = 1, power = v; i < 60; i += 2, power *= square)
        sum += power / i;
    return whole + 0.5 + 2 * sum / 2.302585092994046;
}

static double x_of(const frame *f, double v)
{
    return f->left + WIDTH * log_10(v / f->x_min) / log_10(f->x_max / f->x_min);
}

static double y_of(const frame *f, double v)
{
    return TOP + HEIGHT - HEIGHT * log_10(v / f->y_min) / log_10(f->y_max / f->y_min);
}

/* Widen the axes to whole decades about some points. */
static void fit(frame *f, const points *p)
{
    uint32_t i;

    for (i = 0; i < p->count; i++) {
        while (f->x_min > p->x[i])
            f->x_min /= 10;
        while (f->x_max < p->x[i])
            f->x_max *= 10;
        while (f->y_min > p->y[i])
            f->y_min /= 10;
        while (f->y_max < p->y[i])
            f->y_max *= 10;
    }
}

static void grid(const frame *f, const char *title, const char *x_title)
{
    double v;

    fprintf(f->to, "<text x='%.0f' y='%d' class='t'>%s</text>\n", f->left, TOP - 18, title);
    fprintf(f->to, "<text x='%.0f' y='%d' text-anchor='middle'>%s</text>\n", f->left + WIDTH / 2.0,
            TOP + HEIGHT + 40, x_title);
    for (v = f->x_min; v < f->x_max * 1.1; v *= 10) {
        const double x = x_of(f, v);

        fprintf(f->to, "<path d='M%.1f %d v%d' class='g'/>\n", x, TOP, HEIGHT);
        fprintf(f->to, "<text x='%.1f' y='%d' text-anchor='middle'>%.0f</text>\n", x,
                TOP + HEIGHT + 18, v);
    }
    for (v = f->y_min; v < f->y_max * 1.1; v *= 10) {
        const double y = y_of(f, v);

        fprintf(f->to, "<path d='M%.1f %.1f h%d' class='g'/>\n", f->left, y, WIDTH);
        fprintf(f->to, "<text x='%.1f' y='%.1f' text-anchor='end'>%g</text>\n", f->left - 6, y + 4,
                v);
    }
}

/* What would grow in proportion, up to the last point. */
static void guide(const frame *f, const points *p)
{
    const double x = p->x[p->count - 1], y = p->y[p->count - 1];
    const double from = p->x[0] > x * f->y_min / y ? p->x[0] : x * f->y_min / y;

    fprintf(f->to, "<path d='M%.1f %.1f L%.1f %.1f' class='p'/>\n", x_of(f, from),
            y_of(f, y * from / x), x_of(f, x), y_of(f, y));
}

static void line(const frame *f, const points *p, const char *colour, int dashed)
{
    uint32_t i;

    fprintf(f->to, "<path fill='none' stroke='%s' stroke-width='2'%s d='", colour,
            dashed ? " stroke-dasharray='6 4'" : "");
    for (i = 0; i < p->count; i++)
        fprintf(f->to, "%c%.1f %.1f ", i ? 'L' : 'M', x_of(f, p->x[i]), y_of(f, p->y[i]));
    fputs("'/>\n", f->to);
    for (i = 0; i < p->count; i++)
        fprintf(f->to, "<circle cx='%.1f' cy='%.1f' r='%d' fill='%s' stroke='%s'/>\n",
                x_of(f, p->x[i]), y_of(f, p->y[i]), dashed ? 5 : 3, dashed ? "white" : colour,
                colour);
}

static void legend(const frame *f, int row, const char *colour, const char *dash, const char *text)
{
    const double x = f->left + WIDTH + 15;
    const int y = TOP + 10 + 22 * row;

    fprintf(f->to, "<path d='M%.0f %d h26' stroke='%s' stroke-width='2' stroke-dasharray='%s'/>\n",
            x, y, colour, dash);
    fprintf(f->to, "<text x='%.0f' y='%d'>%s</text>\n", x + 33, y + 4, text);
}

static void draw_clients(FILE *to, const curve *c)
{
    frame f = {to, MARGIN, 10, 10, 1, 1};
    char text[64];
    int i, k;

    for (i = 0; i < CURVE_SIZES; i++)
        for (k = FLOOR; k <= CHANNEL; k++)
            fit(&f, &c->event[k][i]);
    grid(&f, "An event to all clients: CPU, ms", "clients");
    for (i = 0; i < CURVE_SIZES; i++) {
        guide(&f, &c->event[FLOOR][i]);
        line(&f, &c->event[FLOOR][i], colours[i], 1);
        line(&f, &c->event[CHANNEL][i], colours[i], 0);
        snprintf(text, sizeof text, "channel, %zu bytes", c->sizes[i]);
        legend(&f, 2 * i, colours[i], "none", text);
        snprintf(text, sizeof text, "floor, %zu bytes", c->sizes[i]);
        legend(&f, 2 * i + 1, colours[i], "6 4", text);
    }
    legend(&f, 2 * CURVE_SIZES, "#999", "2 3", "in proportion");
}

static void draw_history(FILE *to, const curve *c)
{
    frame f = {to, 2 * MARGIN + WIDTH + LEGEND, 1000, 1000, 1, 1};
    char text[64];

    fit(&f, &c->live);
    fit(&f, &c->replay);
    grid(&f, "What the history costs: CPU, ms", "events of the log");
    guide(&f, &c->replay);
    line(&f, &c->replay, colours[0], 0);
    line(&f, &c->live, colours[1], 0);
    legend(&f, 0, colours[0], "none", "all of it to a client");
    snprintf(text, sizeof text, "an event to %u clients", (unsigned)c->history_clients);
    legend(&f, 1, colours[1], "none", text);
    legend(&f, 2, "#999", "2 3", "in proportion");
}

void curve_write(const curve *c, const char *path)
{
    FILE *const to = fopen(path, "w");
    int failed;

    if (to == NULL)
        die(path);
    fprintf(to,
            "<svg xmlns='http://www.w3.org/2000/svg' width='%d' height='%d' "
            "font-family='sans-serif' font-size='12'>\n"
            "<style>.t{font-size:15px;font-weight:bold}.g{stroke:#ddd}"
            ".p{stroke:#999;stroke-dasharray:2 3}</style>\n"
            "<rect width='100%%' height='100%%' fill='white'/>\n",
            2 * (MARGIN + WIDTH + LEGEND), TOP + HEIGHT + 60);
    draw_clients(to, c);
    draw_history(to, c);
    fputs("</svg>\n", to);
    failed = ferror(to);
    if (fclose(to) != 0 || failed)
        die(path);
    printf("\nthe curves are in %s\n", path);
}
