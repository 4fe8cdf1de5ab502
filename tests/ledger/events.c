/* SPDX-License-Identifier: MIT */
/* events.c - all events: each part absent or there, so many hostile bytes over all of them, and a
 * few reconnection times. What may be encoded is told by a rule that is made for these bytes. */
#include "ledger.h"

#include "sse/event.h"
#include "stream.h"

#include <string.h>

enum { COMMENT, ID, TYPE, DATA, PARTS };

static char text[WORD_MAX]; /* of all parts, one behind the other */
static size_t text_len;
static uint32_t number; /* of the case with this text */

static void check(int truth, const char *what)
{
    expect(truth, what, text, text_len, number);
}

static sse_str *part_of(sse_event *ev, unsigned which)
{
    return which == COMMENT ? &ev->comment
           : which == ID    ? &ev->id
           : which == TYPE  ? &ev->type
                            : &ev->data;
}

/* Hand out the text. The shape says how long each part is: 0: absent, else its length and one.
 * Returns 0 where the lengths do not add up. */
static int shaped(const word *shape, sse_event *ev)
{
    size_t at = 0;
    unsigned i;

    for (i = 0; i < PARTS; i++) {
        sse_str *part = part_of(ev, i);

        part->ptr = shape->at[i] > 0 ? text + at : NULL;
        part->len = shape->at[i] > 0 ? shape->at[i] - 1u : 0;
        at += part->len;
    }
    return at == text_len;
}

/* Whether text of hostile bytes has no control byte and only whole characters. */
static int is_plain(sse_str t)
{
    size_t i;

    for (i = 0; i < t.len; i++) {
        const int half = t.ptr[i] == '\xC3' && i + 1 < t.len && t.ptr[i + 1] == '\xA9';

        if (!half && t.ptr[i] != ' ' && t.ptr[i] != ':' && t.ptr[i] != 'a')
            return 0;
        i += (size_t)half;
    }
    return 1;
}

static int status_of(const sse_event *ev)
{
    const sse_str id = ev->id;

    if (!ev->comment.ptr && !id.ptr && !ev->type.ptr && !ev->data.ptr && ev->retry_ms == 0)
        return SSE_E_ARG;
    if (ev->retry_ms > 2147483647u)
        return SSE_E_RANGE;
    if (!is_plain(ev->type) || !is_plain(id))
        return SSE_E_FIELD;
    if (id.len > 0 && (id.ptr[0] == ' ' || id.ptr[id.len - 1] == ' '))
        return SSE_E_FIELD;
    return SSE_OK;
}

static unsigned lines(sse_str t)
{
    unsigned count = 1;
    size_t i;

    for (i = 0; i < t.len; i++)
        count += t.ptr[i] == '\r' || (t.ptr[i] == '\n' && (i == 0 || t.ptr[i - 1] != '\r'));
    return count;
}

/* What a client gets whose last event ID was "?". */
static void check_stream(const sse_event *ev, const char *bytes, size_t len)
{
    static stream s;
    static stream_text want;

    stream_start(&s, "?", 1);
    stream_feed(&s, bytes, len);
    stream_receives(&want, ev->data.ptr, ev->data.len);
    check(stream_at_rest(&s), "what follows stands alone");
    check(s.events == (ev->data.ptr != NULL), "data makes an event");
    check(stream_is(&s.data, want.bytes, want.len), "its data is the data");
    if (ev->data.ptr && ev->type.len > 0)
        check(stream_is(&s.type, ev->type.ptr, ev->type.len), "its type is the type");
    else if (ev->data.ptr)
        check(stream_is(&s.type, "message", 7), "its type is message");
    if (ev->id.ptr)
        check(stream_is(&s.id, ev->id.ptr, ev->id.len), "the id is the id");
    else
        check(stream_is(&s.id, "?", 1), "the id stays");
    check(s.retries == (ev->retry_ms > 0) && s.retry == ev->retry_ms, "the time is the time");
    check(s.comments == (ev->comment.ptr ? lines(ev->comment) : 0), "the comments are comments");
}

static void try(const sse_event *ev)
{
    static char bytes[8 * PARTS + 7 * WORD_MAX + 16];
    const int want = status_of(ev);
    size_t need = 99, len = 99;
    int status = sse_event_encode(ev, NULL, 0, &need);

    fold_int(status);
    check(status == (want == SSE_OK ? SSE_E_SPACE : want), "measured, or refused, by the rule");
    check(want == SSE_OK || need == 0, "what is refused needs nothing");
    if (want == SSE_OK) {
        status = sse_event_encode(ev, bytes, need - 1, &len);
        check(status == SSE_E_SPACE && len == need, "one byte less is too little");
        bytes[need] = '~';
        status = sse_event_encode(ev, bytes, need, &len);
        check(status == SSE_OK && len == need, "what was measured suffices");
        check(bytes[need] == '~', "and nothing is written behind it");
        fold(bytes, len);
        check_stream(ev, bytes, len);
    }
    ledger_cases++;
}

void try_events(unsigned size)
{
    static const uint32_t times[] = {0, 1, 2147483647u, 2147483648u};
    word shape, w;

    text_len = size;
    word_first(&w, size, HOSTILE);
    do {
        word_spell(&w, text);
        number = 0;
        word_first(&shape, PARTS, size + 2);
        do {
            sse_event ev;
            unsigned i;

            if (shaped(&shape, &ev))
                for (i = 0; i < sizeof times / sizeof times[0]; i++, number++) {
                    ev.retry_ms = times[i];
                    try(&ev);
                }
        } while (word_next(&shape));
    } while (word_next(&w));
}
