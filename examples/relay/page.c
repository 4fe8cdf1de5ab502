/* SPDX-License-Identifier: MIT */
#include "page.h"

#include "missing.h"
#include "put.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    PAGE_MAX = 256, /* entries, also where they are suddenly long */
    AGAIN_MS = 100, /* before Redis is asked again, when it could not answer */
    BUSY_MS = 20,   /* the same, when too many others ask */
    GROW_MS = 1000, /* the same, where it is the log that is to grow, and would wake it */
    OUT_MAX = 32    /* questions about one stream at a time */
};

/* A question that is out. */
struct page_question {
    stream *stream;
    visit *visit; /* NULL: the client is gone */
};

void page_forget(visit *v)
{
    if (v->ask)
        v->ask->visit = NULL;
    v->ask = NULL;
}

/* Wait for the log to grow. */
static int wait_for_log(visit *v)
{
    v->due_ms = stream_now(v->stream) + GROW_MS;
    return 0;
}

/* Find an entry of a page that the log has verified: one after its last entry may not be confirmed
 * yet, and comes to it soon. */
static int verified_entry(const visit *v, const reply_probe *p, size_t i, entry *e)
{
    return reply_entry(p->entries, i, e) == 0 && entry_id_order(&e->id, &v->stream->log.last) <= 0;
}

/* The gap and the first entry after it go out together: from that entry on, nothing is missed. */
static int tell_before(visit *v, const entry *first)
{
    char text[GAP_MAX];
    entry_event made;
    const int seen = put_make(v, first, &made, text);
    size_t len = 0;

    if (seen > 0)
        sse_event_encode(&made.ev, NULL, 0, &len);
    if (seen < 0 || put_make_room(v, GAP_MAX + len + 2 * PUT_FRAME) != 0)
        return wait_for_log(v);
    return put_gap(v, &first->id, NULL);
}

/* Redis has no entry: the client goes on after the last one of the log, if the log has read all that
 * there was, and nothing since. The place of a stream that has never had an entry is no such place:
 * it is the same after it has been emptied. */
static int tell_nothing(visit *v, const reply_probe *p)
{
    const log *const l = &v->stream->log;
    const int is_level =
        l->has_ordinal && p->added == l->ordinal && entry_id_order(&l->last, &p->last) <= 0;
    const int can_join = log_has(l, &l->last) || (l->count == 0 && l->is_whole);
    const int is_start = l->last.ms == 0 && l->last.seq == 0;

    if (!is_level || !can_join)
        return wait_for_log(v);
    v->at = l->last;
    v->from = VISIT_AFTER;
    return put_gap(v, NULL, is_start ? NULL : &v->at);
}

/* Tell a client of its gap, before the entries of a page from an index on. Returns 1 to go on with
 * these, 0 to wait, or -1: see put_gap. */
static int tell(visit *v, const reply_probe *p, size_t from)
{
    const int follows = from < p->entries->elements;
    entry e;

    if (follows && !verified_entry(v, p, from, &e))
        return wait_for_log(v);
    if (v->from == VISIT_OLDEST)
        return follows ? tell_before(v, &e) : tell_nothing(v, p);
    return put_gap(v, follows ? &e.id : NULL, &v->at);
}

/* Choose the size of the next page, by how much of this one was taken, and how long it was. */
static void size_page(visit *v, const reply_probe *p, size_t taken, int is_full)
{
    const size_t count = p->entries->elements, bytes = reply_bytes(p->entries, 0);
    size_t page = is_full ? taken + 1 : 2 * v->page;

    if (bytes > PUT_PAGE && count * PUT_PAGE / bytes < page)
        page = count * PUT_PAGE / bytes;
    v->page = page < 1 ? 1 : page < PAGE_MAX ? page : PAGE_MAX;
}

/* Put the entries of a page from an index on, as far as there is room. */
static void put_entries(visit *v, const reply_probe *p, size_t from)
{
    int status = SSE_OK;
    size_t i = from;
    entry e;

    while (verified_entry(v, p, i, &e) && (status = put_entry(v, &e)) == SSE_OK) {
        v->at = e.id;
        v->from = VISIT_AFTER;
        i++;
    }
    size_page(v, p, i - from, status == SSE_AGAIN);
    if (sse_writer_pending(v->client->writer) == 0 && i == from)
        wait_for_log(v); /* or for memory */
}

/* Serve the entries of a page from an index on. v may be gone afterwards. */
static void serve(visit *v, const reply_probe *p, size_t from)
{
    int goes_on = 0;

    v->absent_ms = 0;
    if (put_make_room(v, 0) != 0)
        wait_for_log(v);
    else
        goes_on = v->has_gap ? tell(v, p, from) : 1;
    if (goes_on < 0)
        return;
    if (goes_on)
        put_entries(v, p, from);
    clients_wake_at(v->stream->to, v->due_ms);
    client_flush(v->client);
}

/* Whether it was at the beginning, and all that has come since is there. */
static int is_at_start(const visit *v, const reply_probe *p)
{
    return p->has_stream && v->at.ms == 0 && v->at.seq == 0 && reply_is_complete(p);
}

/* Serve a client from a page, or find out why that is not possible. v may be gone afterwards. */
static void use(visit *v, const reply_probe *p)
{
    int has_id;
    entry e;

    v->stream->counts.pages++;
    has_id = reply_entry(p->entries, 0, &e) == 0 && entry_id_order(&e.id, &v->at) == 0;
    v->asks_why = v->from == VISIT_AFTER && !has_id;
    if (v->from == VISIT_OLDEST || is_at_start(v, p)) {
        serve(v, p, 0);
    } else if (has_id && e.id.hash == v->at.hash) {
        serve(v, p, 1);
    } else {
        if (has_id)
            missing_explain_hash(v);
        else if (p->has_stream)
            missing_explain(v, p);
        clients_wake_at(v->stream->to, v->due_ms);
    }
}

/* Whether the writer may be replaced: the client stays, and has taken all that was in it; a comment
 * may have been sent meanwhile. */
static int has_room(const visit *v)
{
    return v->client->state == STREAMING && sse_writer_pending(v->client->writer) == 0;
}

/* What Redis says counts only if it is the primary, with the id that is verified. */
static void take(void *user, const redisReply *reply)
{
    struct page_question *const ask = user;
    visit *const v = ask->visit;
    reply_probe p;

    ask->stream->questions--;
    free(ask);
    if (v == NULL)
        return;
    v->ask = NULL;
    v->due_ms = stream_now(v->stream) + AGAIN_MS;
    if (reply && has_room(v) && reply_read_probe(&v->stream->asks.conn, reply, &p) == 0 &&
        v->stream->state == STREAM_LIVE && p.info.is_primary &&
        strcmp(p.info.replid, v->stream->replid) == 0) {
        v->due_ms = 0;
        use(v, &p);
    }
}

void page_ask(visit *v)
{
    stream *const s = v->stream;
    struct page_question *const ask = malloc(sizeof *ask);
    char from[ENTRY_ID_MAX + 1] = "-";

    v->due_ms = stream_now(s) + AGAIN_MS;
    if (ask == NULL || !s->asks.conn.is_up || s->questions >= OUT_MAX) {
        free(ask);
        v->due_ms = stream_now(s) + BUSY_MS;
        return;
    }
    if (v->from == VISIT_AFTER)
        snprintf(from, sizeof from, "%" PRIu64 "-%" PRIu64, v->at.ms, v->at.seq);
    *ask = (struct page_question){s, v};
    v->ask = ask;
    s->questions++;
    if (v->from == VISIT_OLDEST || v->asks_why)
        reply_ask_probe(&s->asks.conn, take, ask, s->key, "XRANGE", from, "+", v->page + 1);
    else
        reply_ask_page(&s->asks.conn, take, ask, s->key, from, v->page + 1);
}
