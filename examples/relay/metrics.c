/* SPDX-License-Identifier: MIT */
#include "metrics.h"

#include "relay.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { LINES_MAX = 50, LINE_MAX = 400, HELP_MAX = 8192 };

size_t metrics_max(const clients *cs)
{
    const relay *const r = cs->program;

    return HELP_MAX + r->count * LINES_MAX * LINE_MAX;
}

/* A place in the text. */
typedef struct text {
    char *bytes;
    size_t len;
} text;

static void begin(text *t, const char *name, const char *type, const char *help)
{
    t->len += (size_t)sprintf(t->bytes + t->len, "# HELP sse_relay_%s %s\n# TYPE sse_relay_%s %s\n",
                              name, help, name, type);
}

/* Write the key as the value of a label: no control characters are in it. */
static void put_key(text *t, const char *key)
{
    for (; *key; key++) {
        if (*key == '"' || *key == '\\')
            t->bytes[t->len++] = '\\';
        t->bytes[t->len++] = *key;
    }
}

static void put(text *t, const stream *s, const char *name, const char *label, const char *value,
                uint64_t n)
{
    t->len += (size_t)sprintf(t->bytes + t->len, "sse_relay_%s{stream=\"", name);
    put_key(t, s->key);
    t->len += (size_t)sprintf(t->bytes + t->len, "\"");
    if (label)
        t->len += (size_t)sprintf(t->bytes + t->len, ",%s=\"%s\"", label, value);
    t->len += (size_t)sprintf(t->bytes + t->len, "} %" PRIu64 "\n", n);
}

static uint64_t joined(const stream *s)
{
    return log_counter(&s->log, SSE_COUNT_JOINED);
}

static uint64_t sent(const stream *s)
{
    return log_counter(&s->log, SSE_COUNT_BYTES);
}

static uint64_t lagged(const stream *s)
{
    return log_counter(&s->log, SSE_COUNT_CLOSED);
}

/* A metric with one number for each stream: in the struct, or of a function. */
typedef struct single {
    const char *name, *type, *help;
    size_t at;
    int is_size;
    uint64_t (*of)(const stream *s);
} single;

#define COUNTER(field) offsetof(stream, counts.field), 0, NULL
#define GAUGE(field)   offsetof(stream, field), 1, NULL
#define ENTRIES(field) offsetof(stream, log.field), 0, NULL

static const single singles[] = {
    {"turns_total", "counter", "Turns that ended with a proof.", COUNTER(turns)},
    {"unconfirmed_total", "counter", "Turns that --wait held back.", COUNTER(unconfirmed)},
    {"entries_total", "counter", "Entries published to clients.", ENTRIES(entries)},
    {"lost_total", "counter", "Times that the state became LOST.", COUNTER(lost)},
    {"phantoms_total", "counter", "Entries withdrawn.", COUNTER(phantoms)},
    {"fork_length", "gauge", "Entries withdrawn in the last cut.", COUNTER(fork_length)},
    {"holes_total", "counter", "Times that entries were trimmed unread.", COUNTER(holes)},
    {"hole_entries_total", "counter", "Entries that were trimmed unread.", COUNTER(hole_entries)},
    {"drains_total", "counter", "Times that all clients were sent away.", ENTRIES(drains)},
    {"pages_total", "counter", "Pages read from Redis.", COUNTER(pages)},
    {"gaps_unneeded_total", "counter", "Gaps whose entry came after all.", COUNTER(unneeded)},
    {"clients", "gauge", "Streams that are open.", GAUGE(open)},
    {"waiting", "gauge", "Streams that have not joined.", GAUGE(waits)},
    {"streams_total", "counter", "Streams that have joined.", 0, 0, joined},
    {"sent_bytes_total", "counter", "Bytes sent on streams that have joined.", 0, 0, sent},
    {"lagged_total", "counter", "Streams that could not go on.", 0, 0, lagged},
    {"log_entries", "gauge", "Entries in the log.", GAUGE(log.count)},
};

static uint64_t value_of(const single *row, const stream *s)
{
    const void *const at = (const char *)s + row->at;

    if (row->of)
        return row->of(s);
    return row->is_size ? *(const size_t *)at : *(const uint64_t *)at;
}

static void put_singles(text *t, const relay *r)
{
    size_t row, i;

    for (row = 0; row < sizeof singles / sizeof singles[0]; row++) {
        begin(t, singles[row].name, singles[row].type, singles[row].help);
        for (i = 0; i < r->count; i++)
            put(t, &r->streams[i], singles[row].name, NULL, NULL,
                value_of(&singles[row], &r->streams[i]));
    }
}

/* A metric with several numbers for each stream. */
static void put_several(text *t, const relay *r, const char *name, const char *help,
                        const char *label, const char *const *values, size_t count, size_t at)
{
    size_t i, n;

    begin(t, name, "counter", help);
    for (i = 0; i < r->count; i++) {
        const uint64_t *const numbers =
            (const uint64_t *)(const void *)((const char *)&r->streams[i].counts + at);

        for (n = 0; n < count; n++)
            put(t, &r->streams[i], name, label, values[n], numbers[n]);
    }
}

static void put_states(text *t, const relay *r)
{
    size_t i, n;

    begin(t, "state", "gauge", "1 for the state of a stream.");
    for (i = 0; i < r->count; i++) {
        for (n = 0; n < STREAM_STATES; n++)
            put(t, &r->streams[i], "state", "state", stream_states[n], r->streams[i].state == n);
    }
}

int metrics_write(char *dst, size_t *len, const clients *cs)
{
    static const char *const results[] = {"match", "cut", "none"}, *const from[] = {"log", "redis"},
                             *const outcomes[] = {"ok", "unconfirmed", "refused", "unknown"};
    const relay *const r = cs->program;
    text t = {dst, 0};

    put_states(&t, r);
    put_singles(&t, r);
    put_several(&t, r, "forks_total", "Comparisons with Redis.", "result", results, FORK_RESULTS,
                offsetof(stream_counts, forks));
    put_several(&t, r, "resumes_total", "Clients that came back and went on.", "from", from, 2,
                offsetof(stream_counts, from_log));
    put_several(&t, r, "gaps_total", "Gaps.", "reason", gap_reasons, GAP_REASONS,
                offsetof(stream_counts, gaps));
    put_several(&t, r, "published_total", "Requests to publish.", "result", outcomes, PUBLISHES,
                offsetof(stream_counts, published));
    begin(&t, "connections", "gauge", "Open connections.");
    t.len += (size_t)sprintf(t.bytes + t.len, "sse_relay_connections %zu\n", cs->count);
    *len = t.len;
    return 200;
}
