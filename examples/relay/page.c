/* SPDX-License-Identifier: MIT */
#include "page.h"

#include "../ssecat/say.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    PAGE_BYTES = 32 * 1024, /* of a page in the writer of a client */
    PAGE_MAX = 512,         /* entries */
    AGAIN_MS = 100,         /* before Redis is asked again, when it could not answer */
    LAG_MS = 20,            /* the same, when the log is to catch up */
    ABSENT_MS = 2000,       /* for an id to appear that is above all others */
    LINE_MS = 1000,         /* between lines of the log about gaps of a reason */
    FRAME = 128,            /* bytes of the fields of an event */
    OUT_MAX = 32            /* questions about one stream at a time */
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

void page_make_gap(visit *v, enum gap_reason reason)
{
    if (!v->has_gap) {
        v->reason = reason;
        v->last = v->at;
        v->has_last = 1;
        v->withdrawn = GAP_UNKNOWN;
    }
    v->has_gap = 1;
    v->missed = GAP_UNKNOWN;
    v->from = VISIT_OLDEST;
}

/* Put an event into the writer. One that is larger gets a larger writer, once it is empty. */
static int put(visit *v, const sse_event *ev)
{
    int status = sse_writer_send(v->client->writer, ev);
    size_t len;

    if (status != SSE_E_TOOBIG)
        return status;
    if (sse_writer_pending(v->client->writer) > 0)
        return SSE_AGAIN;
    sse_event_encode(ev, NULL, 0, &len);
    if (client_make_writer(v->client, len + FRAME) != 0)
        return SSE_AGAIN;
    return sse_writer_send(v->client->writer, ev);
}

static int put_entry(visit *v, const entry *e)
{
    stream *const s = v->stream;
    const gap too_big = {GAP_TOO_BIG, &e->id, NULL, 1, 0};
    char text[GAP_MAX];
    entry_event made;
    size_t len;

    if (entry_to_event(e, options_filter(s->options), &made, &s->log.memory) != 0)
        return SSE_AGAIN;
    if (!filter_shows(&v->filter, made.tag))
        return SSE_OK;
    sse_event_encode(&made.ev, NULL, 0, &len);
    if (len > s->options->history_bytes) {
        made.ev.type = (sse_str){"gap", 3};
        made.ev.data = (sse_str){text, gap_write(&too_big, text)};
    }
    return put(v, &made.ev);
}

/* Say it, once a second at most for each reason: clients choose the ids. */
static void say_gap(const visit *v)
{
    stream *const s = v->stream;
    stream_line *const line = &s->gap_lines[v->reason];
    char id[ENTRY_ID_MAX + 1] = "an id of another kind", others[40] = "";

    if (stream_now(s) < line->next_ms) {
        line->skipped++;
        return;
    }
    if (v->has_last)
        entry_id_write(&v->last, id);
    if (line->skipped > 0)
        snprintf(others, sizeof others, ", and %" PRIu64 " before it", line->skipped);
    say_notice("%s: gap %s for %s%s", s->key, gap_reasons[v->reason], id, others);
    *line = (stream_line){stream_now(s) + LINE_MS, 0};
}

/* Where a client stands that has got its gap and nothing else yet. It comes back with that, and is
 * not told again. NULL: nowhere. */
static const entry_id *place_of(const visit *v, const entry_id *resume)
{
    const log *const l = &v->stream->log;

    if (v->from == VISIT_AFTER)
        return &v->at;
    return resume == NULL && l->count == 0 ? &l->last : NULL;
}

/* Tell a client of its gap. Returns 1, or 0 where the stream ends with it. */
static int put_gap(visit *v, const entry_id *resume)
{
    stream *const s = v->stream;
    const int closes = s->options->on_gap == OPTIONS_CLOSE;
    const gap g = {v->reason, v->has_last ? &v->last : NULL, resume, v->missed, v->withdrawn};
    const entry_id *const place = place_of(v, resume);
    char text[GAP_MAX], id[ENTRY_ID_MAX + 1];
    sse_event ev = {.type = SSE_LIT("gap"), .data = {text, gap_write(&g, text)}};

    if (closes)
        ev.id = (sse_str){"", 0};
    else if (place)
        ev.id = (sse_str){id, entry_id_write(place, id)};
    say_gap(v);
    s->counts.gaps[v->reason]++;
    v->has_gap = 0;
    sse_writer_send(v->client->writer, &ev); /* it is empty, and has room */
    if (!closes)
        return 1;
    client_end(v->client);
    return 0;
}

/* Find an entry of a page that the log has verified: one after its last entry may not be confirmed
 * yet, and comes to it soon. */
static int verified_entry(const visit *v, const reply_probe *p, size_t i, entry *e)
{
    return reply_entry(p->entries, i, e) == 0 && entry_id_order(&e->id, &v->stream->log.last) <= 0;
}

/* Put the entries of a page from an index on, as far as there is room, and choose the size of the
 * next page. */
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
    if (status == SSE_AGAIN)
        v->page = i - from + 1;
    else
        v->page = 2 * v->page < PAGE_MAX ? 2 * v->page : PAGE_MAX;
    if (i == from && status == SSE_OK) /* there is no more: the log lags, or is empty, too */
        v->due_ms = stream_now(v->stream) + LAG_MS;
}

/* Serve the entries of a page from an index on. v may be gone afterwards. */
static void serve(visit *v, const reply_probe *p, size_t from)
{
    const int follows = from < p->entries->elements;
    entry e;

    if (v->has_gap && follows && !verified_entry(v, p, from, &e)) {
        v->due_ms = stream_now(v->stream) + LAG_MS; /* until it is known what follows */
        clients_wake_at(v->stream->to, v->due_ms);
        return;
    }
    if (!v->has_pages && client_make_writer(v->client, PAGE_BYTES) != 0) {
        client_close(v->client);
        return;
    }
    v->has_pages = 1;
    v->absent_ms = 0;
    if (v->has_gap && !put_gap(v, follows ? &e.id : NULL))
        return;
    put_entries(v, p, from);
    clients_wake_at(v->stream->to, v->due_ms);
    client_flush(v->client);
}

/* Its id is above all that there is: that may be a replica that lags, or a primary that was
 * isolated. Returns 1 as long as it may yet appear. */
static int may_appear(visit *v)
{
    stream *const s = v->stream;

    if (v->absent_ms == 0) {
        v->absent_ms = stream_now(s);
        sentinels_ask(s->sentinels);
    }
    v->due_ms = stream_now(s) + AGAIN_MS;
    if (stream_now(s) - v->absent_ms < ABSENT_MS)
        return 1;
    s->told[s->told_count++ % STREAM_TOLD_MAX] = v->at;
    return 0;
}

/* Go on after the entries that were withdrawn, if it is at one of them. Returns whether. */
static int leave_phantoms(visit *v)
{
    const entry_id at = v->at;
    const log_phantom *p;

    while (v->from == VISIT_AFTER && !log_has(&v->stream->log, &v->at) &&
           (p = log_find_phantom(&v->stream->log, &v->at)) != NULL) {
        const uint64_t before = v->has_gap ? v->withdrawn : 0;

        if (!v->has_gap)
            page_make_gap(v, GAP_PHANTOM);
        v->withdrawn = before + p->withdrawn;
        v->missed = 0;
        v->at = p->after;
        v->from = VISIT_AFTER;
    }
    return !entry_id_same(&v->at, &at);
}

/* Why Redis does not have an id that is not above all others. */
static enum gap_reason reason_of(const entry_id *at, const reply_probe *p)
{
    if (p->length == 0)
        return GAP_FLUSHED;
    if (entry_id_order(at, &p->last) > 0)
        return GAP_PHANTOM;
    if (entry_id_order(at, &p->first) < 0)
        return GAP_TRIMMED;
    return p->has_counters && entry_id_order(&p->deleted, at) < 0 ? GAP_PHANTOM : GAP_DELETED;
}

/* Redis does not have the id: wait for it, or find the reason. */
static void explain(visit *v, const reply_probe *p)
{
    const int is_start = v->at.ms == 0 && v->at.seq == 0;
    const int is_above = p->length > 0 && entry_id_order(&v->at, &p->last) > 0;

    v->due_ms = 0;
    if (!leave_phantoms(v)) {
        if (is_start && reply_is_complete(p))
            v->from = VISIT_OLDEST; /* it was at the beginning */
        else if (!is_above || !may_appear(v))
            page_make_gap(v, reason_of(&v->at, p));
    }
    clients_wake_at(v->stream->to, v->due_ms);
}

static void use(visit *v, const reply_probe *p)
{
    entry e;

    v->stream->counts.pages++;
    if (v->from == VISIT_OLDEST) {
        serve(v, p, 0);
    } else if (reply_entry(p->entries, 0, &e) != 0 || entry_id_order(&e.id, &v->at) != 0) {
        explain(v, p);
    } else if (e.id.hash != v->at.hash) {
        if (!leave_phantoms(v))
            page_make_gap(v, GAP_HISTORY);
        v->due_ms = 0;
        clients_wake_at(v->stream->to, 0);
    } else {
        serve(v, p, 1);
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
        v->due_ms = stream_now(s) + LAG_MS;
        return;
    }
    if (v->from == VISIT_AFTER)
        snprintf(from, sizeof from, "%" PRIu64 "-%" PRIu64, v->at.ms, v->at.seq);
    *ask = (struct page_question){s, v};
    v->ask = ask;
    s->questions++;
    reply_ask_probe(&s->asks.conn, take, ask, s->key, "XRANGE", from, "+",
                    stream_count(s, PAGE_BYTES, v->page) + 1);
}
