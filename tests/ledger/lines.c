/* SPDX-License-Identifier: MIT */
/* lines.c - long data, which goes through other code than short data: all texts of 16 lengths with
 * two breaks in them, or one and what is nearly one, encoded; all with one break, sent across the
 * end of a ring at each of its bytes, and appended where there is room for so many bytes and no
 * more. A plain encoder tells what is to come out. */
#include "ledger.h"

#include "ring.h"

#include <string.h>

enum { CAPACITY = 256, BREAK = sizeof "\ndata: " - 1 };

static char text[CAPACITY], want[CAPACITY], got[CAPACITY + 1];
static size_t text_len, want_len;
static size_t memory[SSE_WRITER_WORDS(CAPACITY)], start[sizeof memory / sizeof(size_t)];
static size_t number; /* the place, or the room */

static void check(int truth, const char *what)
{
    expect(truth, what, text, text_len, (uint32_t)number);
}

/* What becomes of the byte at i: 1 byte, the beginning of a line, or nothing, where it is the
 * second of a break. */
static size_t grown(size_t i)
{
    if (text[i] != '\n' && text[i] != '\r')
        return 1;
    return text[i] == '\n' && i > 0 && text[i - 1] == '\r' ? 0 : BREAK;
}

static void encode_plainly(void)
{
    size_t i;

    memcpy(want, "data: ", want_len = 6);
    for (i = 0; i < text_len; i++) {
        memcpy(want + want_len, grown(i) == 1 ? text + i : "\ndata: ", grown(i));
        want_len += grown(i);
    }
    memcpy(want + want_len, "\n\n", 2);
    want_len += 2;
}

static sse_event event(void)
{
    sse_event ev = {{NULL, 0}, {NULL, 0}, {NULL, 0}, 0, {text, 0}};

    ev.data.len = text_len;
    return ev;
}

static void try_encode(void)
{
    const sse_event ev = event();
    size_t cap, len;

    for (cap = want_len - 1; cap <= want_len; cap++) {
        memset(got, '~', sizeof got);
        check(fold_int(sse_event_encode(&ev, got, cap, &len)) ==
                  (cap < want_len ? SSE_E_SPACE : SSE_OK),
              "there is room, or there is not");
        check(len == want_len, "the length");
        check(got[cap] == '~' && memcmp(got + cap, got + cap + 1, sizeof got - 1 - cap) == 0,
              "nothing is written behind");
    }
    check(memcmp(got, want, want_len) == 0, "the bytes");
    fold(got, want_len);
    ledger_cases++;
}

/* Read all that is in the writer, behind so many bytes that were read: it is line feeds, as many as
 * there were ahead of the event, and the event. Returns the bytes that were read in all. */
static size_t drain(sse_writer *w, size_t at, size_t ahead)
{
    size_t n, i;

    while (sse_writer_read(w, got, CAPACITY, &n) == SSE_OK)
        for (i = 0; i < n; i++, at++) {
            check(at < ahead + want_len, "there is no more than that");
            check(got[i] == (at < ahead ? '\n' : want[at - ahead]), "the bytes");
        }
    check(sse_writer_pending(w) == 0, "all is read");
    return at;
}

static void try_send(void)
{
    const sse_event ev = event();
    sse_writer *w = (sse_writer *)(void *)memory;

    memcpy(memory, start, sizeof memory);
    check(fold_int(sse_writer_send(w, &ev)) == SSE_OK, "there is room");
    check(drain(w, 0, 1) == 1 + want_len, "all of it comes out");
    ledger_cases++;
}

/* How much of the text fits in so many bytes. */
static size_t fitting(size_t room)
{
    size_t i;

    for (i = 0; i < text_len && grown(i) <= room; i++)
        room -= grown(i);
    return i;
}

static void try_append(size_t room)
{
    const size_t fits = fitting(room), ahead = CAPACITY - 6 - room;
    sse_writer *w = sse_writer_init(memory, SSE_WRITER_OVERHEAD + CAPACITY, 0);
    size_t len, at;

    memset(got, '\n', ahead);
    check(w != NULL && sse_writer_raw(w, got, ahead) == SSE_OK, "bytes can be passed on");
    check(sse_writer_begin(w, NULL) == SSE_OK, "there is room to begin");
    check(fold_int(sse_writer_append(w, text, text_len, &len)) ==
              (fits == text_len ? SSE_OK : SSE_AGAIN),
          "there is room, or there is not");
    check(len == fits, "as much as fits is taken");
    fold_int((int)len);
    at = drain(w, 0, ahead);
    check(sse_writer_append(w, text + fits, text_len - fits, &len) == SSE_OK, "the rest fits");
    check(sse_writer_finish(w) == SSE_OK, "it ends");
    check(drain(w, at, ahead) == ahead + want_len, "all of it comes out");
    ledger_cases++;
}

/* Put a break at i, and at j a break or a byte that is nearly one; i may be j. */
static void put_breaks(size_t i, size_t j, unsigned which)
{
    text[i] = which & 1 ? '\r' : '\n';
    text[j] = "\n\r\0\x0E\x8A"[which >> 1];
    encode_plainly();
}

static void try_two_breaks(void)
{
    unsigned which;
    size_t i, j;

    for (i = 0; i < text_len; i++)
        for (j = i; j < text_len; j++)
            for (which = 0; which < 10; which++) {
                put_breaks(i, j, which);
                try_encode();
                text[i] = text[j] = 'a';
            }
}

/* With one break, at each place in the ring, and with each room. */
static void try_one_break(unsigned which)
{
    size_t i;

    for (number = 1; number <= text_len + 16; number++) {
        check(ring_prepare(start, CAPACITY, 0, number) != NULL, "there is a writer");
        for (i = 0; i < text_len; i++) {
            put_breaks(i, i, which);
            try_send();
            try_append(number - 1);
            text[i] = 'a';
        }
    }
    number = 0;
}

void try_lines(unsigned size)
{
    memset(text, 'a', sizeof text);
    for (text_len = 16 * (size_t)size; text_len < 16 * (size_t)size + 16; text_len++) {
        try_two_breaks();
        try_one_break(0);
        try_one_break(3);
    }
}
