/* SPDX-License-Identifier: MIT */
/* pieces.c - data that comes in pieces arrives whole: every split into appends, raw and chunked,
 * through a queue that is always too full, so that everything is retried and the ring wraps. */
#include "ledger.h"

#include "chunks.h"
#include "sse/writer.h"
#include "stream.h"

#include <string.h>

/* Ahead of the event: a comment that fills the queue. */
static const char filler[] = ":................................................\n\n";

enum { FILLER = sizeof filler - 1, STEP = 7 };

static size_t memory[SSE_WRITER_WORDS(SSE_WRITER_CAPACITY_MIN)];
static sse_writer *w;
static char out[400];
static size_t out_len;

static char text[WORD_MAX];
static size_t text_len;
static uint32_t number; /* the split, twice, and one for chunks */

static void check(int truth, const char *what)
{
    expect(truth, what, text, text_len, number);
}

/* Take up to `most` bytes. Returns what the writer said. */
static int take(size_t most)
{
    size_t len;
    const int status = fold_int(sse_writer_read(w, out + out_len, most, &len));

    out_len += len;
    return status;
}

/* Try a heartbeat inside of the event. */
static void beat(void)
{
    const sse_event ping = {SSE_LIT(""), {NULL, 0}, {NULL, 0}, 0, {NULL, 0}};

    check(!sse_writer_idle(w), "an open event is not idle");
    check(fold_int(sse_writer_send(w, &ping)) == SSE_E_STATE, "an open event refuses a heartbeat");
}

/* Ask again, and take a few bytes ahead of that, until there was room. */
static void begin(void)
{
    int status;

    while ((status = fold_int(sse_writer_begin(w, NULL))) == SSE_AGAIN)
        check(take(STEP) == SSE_OK, "a full queue has an offer");
    check(status == SSE_OK, "it begins");
}

static void append(const char *data, size_t len)
{
    size_t taken = 99;

    check(fold_int(sse_writer_append(w, NULL, 0, &taken)) == SSE_OK && taken == 0,
          "nothing can be appended");
    for (;;) {
        const int status = fold_int(sse_writer_append(w, data, len, &taken));

        fold_int((int)taken);
        check(taken <= len, "no more is taken than there is");
        check(status == (taken == len ? SSE_OK : SSE_AGAIN), "the result says whether all was");
        beat();
        data += taken;
        len -= taken;
        if (len == 0)
            return;
        check(take(STEP) == SSE_OK, "a full queue has an offer");
    }
}

static void finish(void)
{
    int status;

    while ((status = fold_int(sse_writer_finish(w))) == SSE_AGAIN) {
        beat();
        check(take(STEP) == SSE_OK, "a full queue has an offer");
    }
    check(status == SSE_OK, "it ends");
}

static void check_stream(uint32_t framing)
{
    static stream s;
    static stream_text want;
    size_t len = out_len - FILLER;

    check(memcmp(out, filler, FILLER) == 0, "what was raw is as it was");
    if (framing == SSE_WRITER_CHUNKED)
        check(unchunk(out + FILLER, len, out + FILLER, &len) == CHUNKS_ENDED, "it is all chunks");
    stream_start(&s, "", 0);
    stream_feed(&s, out, FILLER + len);
    stream_receives(&want, text, text_len);
    check(stream_at_rest(&s) && s.events == 1 && s.comments == 1 && s.retries == 0 &&
              stream_is(&s.type, "message", 7) && s.id.len == 0,
          "one event, and nothing else");
    check(stream_is(&s.data, want.bytes, want.len), "its data is the data");
}

/* Bit i of the split says whether a piece ends behind byte i. */
static void try(uint32_t framing, unsigned split)
{
    size_t from = 0, i;

    out_len = 0;
    w = sse_writer_init(memory, SSE_WRITER_OVERHEAD + SSE_WRITER_CAPACITY_MIN, framing);
    check(w != NULL, "there is a writer");
    check(fold_int(sse_writer_raw(w, filler, FILLER)) == SSE_OK, "bytes can be passed on");
    begin();
    for (i = 0; i < text_len; i++)
        if (split >> i & 1 || i + 1 == text_len) {
            append(text + from, i + 1 - from);
            from = i + 1;
        }
    finish();
    check(fold_int(sse_writer_close(w)) == SSE_OK, "it closes");
    while (take(2 * STEP) == SSE_OK)
        ;
    check(sse_writer_pending(w) == 0 && take(1) == SSE_END, "all of it was taken");
    fold(out, out_len);
    check_stream(framing);
    ledger_cases++;
}

void try_pieces(unsigned size)
{
    word letters;
    unsigned split;

    text_len = size;
    word_first(&letters, size, HOSTILE);
    do {
        word_spell(&letters, text);
        for (split = 0; split < 1u << (size > 0 ? size - 1 : 0); split++) {
            number = 2 * split;
            try(0, split);
            number++;
            try(SSE_WRITER_CHUNKED, split);
        }
    } while (word_next(&letters));
}
