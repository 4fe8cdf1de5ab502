/* SPDX-License-Identifier: MIT */
/* schedules.c - the transport takes as much as it likes: every event of so many bytes of output,
 * every way to take them, a heartbeat tried at every point. In `rings` the event lies across the
 * end of the ring, at each of its bytes.
 *
 * Only lengths matter here, so the texts are of a letter and a line feed. */
#include "ledger.h"

#include "ring.h"

#include <string.h>

enum { CHUNK_FRAME = 12 };

#define NEVER ((unsigned)-1)

static const sse_event ping = {{"", 0}, {NULL, 0}, {NULL, 0}, 0, {NULL, 0}};

/* A writer, and how it was at the start. */
static size_t memory[SSE_WRITER_WORDS(SSE_WRITER_CAPACITY_MIN)],
    start[sizeof memory / sizeof(size_t)];

static char text[WORD_MAX];
static unsigned text_len;
static uint32_t schedule;

static void check(int truth, const char *what)
{
    expect(truth, what, text, text_len, schedule);
}

/* Peek twice, with a heartbeat in between if `beat` says so: the offer is frozen. Returns how long
 * it is. */
static size_t look(sse_writer *w, int beat, const char **offer)
{
    const void *bytes, *again;
    size_t len, again_len;

    check(sse_writer_peek(w, &bytes, &len) == SSE_OK && len > 0, "there is an offer");
    check(!sse_writer_idle(w), "what has an offer is not idle");
    if (beat) {
        check(fold_int(sse_writer_send(w, &ping)) == SSE_OK, "there is room for a heartbeat");
        check(sse_writer_peek(w, &again, &again_len) == SSE_OK && again == bytes &&
                  again_len == len,
              "the offer is frozen");
    }
    *offer = bytes;
    return len;
}

/* Take the bytes of `want`, as the schedule says: behind byte i a step ends if bit i is set. The
 * heartbeat is tried ahead of step `beat_at`. Returns the number of steps. */
static unsigned take(sse_writer *w, const char *want, size_t len, unsigned beat_at)
{
    unsigned steps = 0;
    size_t at = 0;

    while (at < len) {
        const char *offer;
        size_t n = 1, most = look(w, steps == beat_at, &offer);

        while (n < most && at + n < len && !(schedule >> (at + n - 1) & 1))
            n++;
        check(memcmp(offer, want + at, n) == 0, "the bytes are those of the event");
        check(sse_writer_consume(w, n) == SSE_OK, "they can be taken");
        fold_int((int)n);
        at += n;
        steps++;
    }
    return steps;
}

/* Send an event through a copy of the writer that was prepared; `want` is what it is. The heartbeat
 * goes ahead of step `beat_at`, or behind the last one. Returns the number of steps. */
static unsigned run(const sse_event *ev, uint32_t framing, unsigned place, const char *want,
                    size_t len, unsigned beat_at)
{
    static const char chunk[] = "00000003\r\n:\n\n\r\n";
    sse_writer *w = (sse_writer *)(void *)memory;
    unsigned steps;

    memcpy(memory, start, sizeof memory);
    check(sse_writer_idle(w) == (place == 0), "an empty writer is idle");
    check(sse_writer_send(w, ev) == SSE_OK, "there is room for the event");
    if (place > 0)
        take(w, "\n", 1, NEVER);
    steps = take(w, want, len, beat_at);
    if (beat_at >= steps) {
        check(sse_writer_idle(w), "when all is taken it is idle");
        check(fold_int(sse_writer_send(w, &ping)) == SSE_OK, "there is room for a heartbeat");
    }
    if (framing)
        take(w, chunk, sizeof chunk - 1, NEVER);
    else
        take(w, ":\n\n", 3, NEVER);
    check(sse_writer_idle(w), "when all is taken it is idle");
    ledger_cases++;
    return steps;
}

/* Every schedule, and for each the heartbeat at every point. */
static void run_all(const sse_event *ev, uint32_t framing, unsigned place, const char *want,
                    size_t len)
{
    check(ring_prepare(start, SSE_WRITER_CAPACITY_MIN, framing, place) != NULL,
          "there is a writer");
    for (schedule = 0; schedule < (uint32_t)1 << (len - 1); schedule++) {
        unsigned beat_at = 0;

        while (run(ev, framing, place, want, len, beat_at) > beat_at)
            beat_at++;
    }
}

/* Whether an event has so many bytes of output; if so, they are written to `want`. */
static int encodes(const sse_event *ev, uint32_t framing, size_t size, char *want)
{
    const size_t frame = framing ? CHUNK_FRAME : 0;
    size_t len;

    if (size < frame || sse_event_encode(ev, NULL, 0, &len) != SSE_E_SPACE || len + frame != size)
        return 0;
    if (framing) {
        memcpy(want, "00000000\r\n", 10);
        want[7] = (char)('0' + len);
        want += 10;
        memcpy(want + len, "\r\n", 2);
    }
    return sse_event_encode(ev, want, len, &len) == SSE_OK;
}

/* One event in both framings, at the places from 1 to `places`, or in an empty ring. */
static void try(const sse_event *ev, unsigned size, unsigned places)
{
    static const uint32_t framings[] = {0, SSE_WRITER_CHUNKED};
    char want[WORD_MAX];
    unsigned i, place;

    for (i = 0; i < 2; i++)
        if (encodes(ev, framings[i], size, want)) {
            fold(want, size);
            for (place = places > 0; place <= places; place++)
                run_all(ev, framings[i], place, want, size);
        }
}

/* Hand out the text to the parts of an event. The shape says how long each is: 0: absent, else its
 * length and one. Returns 0 where the lengths do not add up. */
static int shaped(const word *shape, sse_event *ev)
{
    sse_str *const parts[] = {&ev->comment, &ev->id, &ev->type, &ev->data};
    unsigned i, at = 0;

    for (i = 0; i < shape->len; i++) {
        parts[i]->ptr = shape->at[i] > 0 ? text + at : NULL;
        parts[i]->len = shape->at[i] > 0 ? shape->at[i] - 1u : 0;
        at += (unsigned)parts[i]->len;
    }
    return at == text_len;
}

static void try_all(unsigned size, unsigned places)
{
    word shape, letters;
    sse_event ev;
    unsigned i;

    for (text_len = 0; text_len <= size; text_len++) {
        word_first(&shape, 4, text_len + 2);
        do {
            if (!shaped(&shape, &ev))
                continue;
            word_first(&letters, text_len, 2);
            do {
                for (i = 0; i < text_len; i++)
                    text[i] = "x\n"[letters.at[i]];
                for (ev.retry_ms = 0; ev.retry_ms < 2; ev.retry_ms++)
                    try(&ev, size, places);
            } while (word_next(&letters));
        } while (word_next(&shape));
    }
}

void try_schedules(unsigned size)
{
    try_all(size, 0);
}

void try_rings(unsigned size)
{
    try_all(size, size);
}
