#include "sequence_client.h"

#include "chunks.h"
#include "parsed.h"
#include "parser.h"

#include <inttypes.h>
#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

typedef struct spelling {
    size_t len;
    char bytes[40];
} spelling;

static spelling shared[CLIENT_ITEMS], private[CLIENT_ITEMS];

void client_texts(void)
{
    unsigned i;

    for (i = 0; i < CLIENT_ITEMS; i++) {
        shared[i].len = (size_t)snprintf(shared[i].bytes, sizeof shared[i].bytes,
                                         "id: e-%u\ndata: %u\n\n", i, i);
        private[i].len = (size_t)snprintf(private[i].bytes, sizeof private[i].bytes,
                                          "event: private\ndata: %u\n\n", i);
    }
}

/* What is left of the stream. */
typedef struct rest {
    const char *at;
    size_t len;
} rest;

/* Whether a text comes next, or the part of it that there is. */
static int comes(const rest *r, const char *text, size_t len)
{
    return memcmp(r->at, text, r->len < len ? r->len : len) == 0;
}

/* Step over a text that comes next, all or a part. Returns whether it is whole. */
static int step(rest *r, heard *h, size_t len)
{
    const int is_whole = r->len >= len;

    if (!is_whole)
        h->part = r->len;
    r->at += is_whole ? len : r->len;
    r->len -= is_whole ? len : r->len;
    return is_whole;
}

/* The length of a gap event, if it is a true one: of nothing but what comes next, and is gone. */
static size_t gap_len(const rest *r, heard *h, uint64_t first)
{
    uint64_t last;
    char text[160];

    for (last = h->next; last + 1 <= first; last++) {
        size_t len;

        if (h->next > 0)
            len = (size_t)snprintf(text, sizeof text,
                                   "event: gap\nid: e-%" PRIu64 "\ndata: {\"first\":\"e-%" PRIu64
                                   "\",\"last\":\"e-%" PRIu64 "\",\"count\":%" PRIu64 "}\n\n",
                                   last, h->next, last, last - h->next + 1);
        else
            len = (size_t)snprintf(text, sizeof text,
                                   "event: gap\nid: e-%" PRIu64
                                   "\ndata: {\"first\":null,\"last\":null,\"count\":null}\n\n",
                                   last);
        if (comes(r, text, len)) {
            if (r->len >= len)
                h->next = last + 1;
            return len;
        }
    }
    return 0;
}

/* Whether the next private event may come: all that was published before it has, or is in part
 * lost, and the gap event comes behind it. */
static int is_private_turn(const due *d, const heard *h, uint64_t first)
{
    return h->privates < d->private_count && (h->next >= d->behind[h->privates] || h->next < first);
}

static void hear_item(const due *d, heard *h, rest *r, uint64_t first)
{
    size_t len;

    h->last = 0;
    if (h->next > 0 && h->next < d->end && comes(r, shared[h->next].bytes, shared[h->next].len)) {
        if (step(r, h, shared[h->next].len)) {
            h->last = h->next++;
            h->shared++;
        } else {
            h->cut = h->next;
        }
    } else if (is_private_turn(d, h, first) &&
               comes(r, private[h->privates].bytes, private[h->privates].len)) {
        h->privates += (size_t)step(r, h, private[h->privates].len);
    } else if (h->beats < d->beats && comes(r, ":\n\n", 3)) {
        h->beats += (size_t)step(r, h, 3);
    } else if (d->parting && h->byes == 0 && h->next >= d->end &&
               comes(r, "event: bye\ndata: \n\n", 19)) {
        h->byes += (size_t)step(r, h, 19);
    } else {
        len = gap_len(r, h, first);
        assert_int_not_equal(len, 0);
        h->gaps += (size_t)step(r, h, len);
    }
}

/* Take off the framing. Returns the length of the payload; the head is not framed. */
static size_t payload_of(const due *d, size_t len, char *payload, enum chunks *state)
{
    const size_t bare = sizeof CLIENT_HEAD - 1;
    size_t payload_len;

    memcpy(payload, d->bytes, len);
    *state = CHUNKS_OPEN;
    if (!d->framing || len <= bare)
        return len;
    *state = unchunk(d->bytes + bare, len - bare, payload + bare, &payload_len);
    assert_int_not_equal(*state, CHUNKS_BROKEN);
    return bare + payload_len;
}

/* Note where a stream is cut inside of the frame of a chunk: "00000012", CR, LF, so many bytes, CR,
 * LF. What an event is framed by is a part of it. */
static void note_frame(const due *d, size_t len, heard *h)
{
    size_t at = sizeof CLIENT_HEAD - 1, end = at;

    if (!d->framing || h->is_ended || h->part > 0)
        return;
    for (; end + 10 <= len; end += strtoul(d->bytes + end, NULL, 16) + 12)
        at = end;
    if (end == len)
        return;
    h->part = 1;
    h->cut = end > len && len > at + 10 ? h->last : h->next;
}

heard hear(const due *d, size_t len, uint64_t first)
{
    char payload[CLIENT_STREAM];
    heard h;
    enum chunks state;
    rest r;

    memset(&h, 0, sizeof h);
    h.next = d->from;
    h.len = len;
    assert_true(len <= sizeof payload && d->end <= CLIENT_ITEMS);
    r.at = payload;
    r.len = payload_of(d, len, payload, &state);
    h.is_ended = state == CHUNKS_ENDED;
    assert_true(comes(&r, CLIENT_HEAD, sizeof CLIENT_HEAD - 1));
    step(&r, &h, sizeof CLIENT_HEAD - 1);
    while (r.len > 0)
        hear_item(d, &h, &r, first);
    note_frame(d, len, &h);
    assert_true(!h.is_ended || (d->closing && !is_owed(d, &h)));
    return h;
}

int is_owed(const due *d, const heard *h)
{
    return h->len < sizeof CLIENT_HEAD - 1 || h->part > 0 || h->next == 0 || h->next < d->end ||
           h->privates < d->private_count || h->beats < d->beats || h->byes < (size_t)d->parting ||
           (d->closing && d->framing && !h->is_ended);
}

void parse_heard(const due *d, const heard *h)
{
    char payload[CLIENT_STREAM];
    enum chunks state;
    const size_t len = payload_of(d, d->len, payload, &state);
    parsed *const got = parse(payload, len);

    assert_int_equal(got->event_count, h->shared + h->privates + h->byes + h->gaps);
    parsed_free(got);
}
