/* SPDX-License-Identifier: MIT */
#include "visit.h"

#include "missing.h"
#include "page.h"
#include "relay.h"
#include "visitor.h"

#include <stdlib.h>
#include <string.h>

enum { PLACE_MS = 15000 };

static void leave_list(visit **list, visit *v)
{
    if (v->previous)
        v->previous->next = v->next;
    else
        *list = v->next;
    if (v->next)
        v->next->previous = v->previous;
}

static void enter_list(visit **list, visit *v)
{
    v->previous = NULL;
    v->next = *list;
    if (v->next)
        v->next->previous = v;
    *list = v;
}

/* Take it off the list that it is on. */
static void leave(visit *v)
{
    stream *const s = v->stream;

    if (v->is_waiting) {
        leave_list(&s->waiting, v);
        s->waits--;
    } else if (v->filter.values) {
        leave_list(&s->filtered, v);
    }
    v->is_waiting = 0;
}

static void gone(errand *e)
{
    visit *const v = (visit *)e;

    leave(v);
    v->stream->open--;
    page_forget(v);
    filter_free(&v->filter);
    free(v);
}

static void set_place(visit *v, const question *q)
{
    const sse_str header = request_field(q->request, "Last-Event-ID"), query = q->request->query;
    char text[ENTRY_ID_MAX];
    size_t len;
    const int status = sse_http_last_event_id(header.ptr, header.len, query.ptr, query.len, text,
                                              sizeof text, &len);

    if (status == SSE_OK && len == 0) {
        v->from = VISIT_NEW;
    } else if (status == SSE_OK && entry_id_parse(&v->at, text, len) == 0) {
        v->from = VISIT_AFTER;
    } else {
        v->from = VISIT_OLDEST;
        missing_make_gap(v, GAP_UNKNOWN_ID);
        v->has_last = 0;
    }
}

int visit_check(const question *q)
{
    relay *const r = q->clients->program;

    return relay_stream(r, q->request->query) ? filter_check(q, &r->options) : 404;
}

static int has_parameter(const question *q, const char *name)
{
    const sse_str query = q->request->query;
    char value[2];
    size_t len;

    return sse_http_query(query.ptr, query.len, name, strlen(name), value, sizeof value, &len) ==
               SSE_OK &&
           len > 0;
}

int visit_begin(client *c, const question *q)
{
    visit *const v = calloc(1, sizeof *v);

    if (v == NULL)
        return SSE_E_STATE;
    v->errand.gone = gone;
    v->client = c;
    v->stream = relay_stream(q->clients->program, q->request->query);
    v->page = VISIT_PAGE_FIRST;
    v->beat_ms = stream_now(v->stream) + v->stream->options->http.heartbeat_ms;
    v->stream->open++;
    v->stream->waits++;
    v->is_waiting = 1;
    enter_list(&v->stream->waiting, v);
    c->errand = v;
    v->latest = has_parameter(q, "latest");
    set_place(v, q);
    return filter_set(&v->filter, q, v->stream->options) == 0 ? SSE_OK : SSE_E_STATE;
}

/* Tell a client where it is, without an entry: it comes back with that. */
static void send_place(visit *v)
{
    char id[ENTRY_ID_MAX + 1];
    const size_t len = entry_id_write(&v->stream->log.last, id);
    const sse_event ev = {.type = SSE_LIT("place"), .id = {id, len}, .data = {"", 0}};

    if (sse_subscriber_send(&v->client->subscriber, &ev) == SSE_OK)
        v->placed = v->stream->log.last;
}

/* Join the channel, after its id or as the flags say. */
static void join(visit *v, uint32_t flags, const entry_id *after)
{
    stream *const s = v->stream;
    client *const c = v->client;
    char id[ENTRY_ID_MAX + 1];
    const sse_str at = {id, after ? entry_id_write(after, id) : 0}, none = {NULL, 0};

    if ((v->room > 0 && client_make_writer(c, CLIENTS_QUEUE) != 0) ||
        client_join(c, &s->log.now->channel.channel,
                    flags | (v->latest ? (uint32_t)SSE_JOIN_COALESCE : 0), after ? at : none,
                    none) != SSE_OK) {
        client_close(c);
        return;
    }
    leave(v);
    if (v->filter.values) {
        sse_subscriber_set_filter(&c->subscriber, v->filter.values, v->filter.count);
        v->renewal = s->log.drains;
        enter_list(&s->filtered, v);
    }
    if (v->from == VISIT_NEW)
        send_place(v);
    else if (v->room > 0)
        s->counts.from_redis++;
    else
        s->counts.from_log++;
}

/* Whether it stands where an empty log began, and all that has come since is there. */
static int is_at_base(const visit *v)
{
    const log *const l = &v->stream->log;

    return v->from == VISIT_AFTER && !v->has_gap && l->is_whole && entry_id_same(&v->at, &l->base);
}

/* Whether it can go on now. */
static int is_ready(const visit *v)
{
    const stream *const s = v->stream;

    return v->is_waiting && v->client->state == STREAMING && s->state == STREAM_LIVE &&
           v->ask == NULL && stream_now(s) >= v->due_ms &&
           sse_writer_pending(v->client->writer) == 0;
}

void visit_step(visit *v)
{
    stream *const s = v->stream;

    if (!is_ready(v))
        return;
    if (v->from == VISIT_NEW) {
        join(v, 0, NULL);
        return;
    }
    if (v->from == VISIT_AFTER && !v->has_gap && log_has(&s->log, &v->at))
        join(v, 0, &v->at);
    else if (is_at_base(v))
        join(v, SSE_JOIN_OLDEST, NULL);
    else
        page_ask(v);
}

void visit_drained(client *c)
{
    if (c->errand)
        visit_step(c->errand);
}

void visit_wake(stream *s)
{
    visit *v;

    for (v = s->waiting; v; v = v->next) {
        if (v->absent_ms == 0 || entry_id_order(&v->at, &s->log.last) <= 0)
            v->due_ms = 0; /* others have Redis asked again after a pause */
    }
    clients_wake_at(s->to, stream_now(s));
}

void visit_start(stream *s)
{
    visit *v;

    for (v = s->waiting; v; v = v->next)
        v->absent_ms = 0;
    visit_wake(s);
}

void visit_has_come(stream *s, const entry_id *id)
{
    size_t i;

    for (i = 0; i < STREAM_TOLD_MAX; i++) {
        if (entry_id_same(&s->told[i], id)) {
            s->counts.unneeded++;
            s->told[i] = (entry_id){0, 0, 0};
            return;
        }
    }
}

/* Keep the connection of a client alive that has nothing to take. */
static void beat(visit *v, uint64_t now_ms)
{
    const uint32_t each_ms = v->stream->options->http.heartbeat_ms;

    if (each_ms == 0 || now_ms < v->beat_ms)
        return;
    v->beat_ms = now_ms + each_ms;
    if (sse_writer_pending(v->client->writer) == 0) {
        sse_writer_comment(v->client->writer, NULL, 0);
        client_flush(v->client);
    }
}

/* A client whose filter hides all that comes would come back with an id that is long gone. One that
 * is being sent away keeps the id that it has: a place in the new log would hide what it lost. And
 * no place is before what a client may have got. */
static void send_places(stream *s)
{
    const uint32_t each_ms =
        s->options->http.heartbeat_ms > 0 ? s->options->http.heartbeat_ms : PLACE_MS;
    const int is_due = s->state == STREAM_LIVE && entry_id_same(&s->log.last, &s->log.newest);
    visit *v;

    if (stream_now(s) < s->place_ms)
        return;
    s->place_ms = stream_now(s) + each_ms;
    for (v = s->filtered; v; v = v->next) {
        if (is_due && v->renewal == s->log.drains && !entry_id_same(&v->placed, &s->log.last))
            send_place(v);
    }
}

uint64_t visit_tick(stream *s)
{
    const uint64_t now_ms = stream_now(s);
    uint64_t wake_ms = s->filtered ? s->place_ms : UINT64_MAX;
    visit *v, *next;

    for (v = s->waiting; v; v = next) {
        next = v->next;
        if (v->due_ms <= now_ms)
            visit_step(v);
    }
    for (v = s->waiting; v; v = next) {
        next = v->next;
        if (v->due_ms > now_ms && v->due_ms < wake_ms)
            wake_ms = v->due_ms;
        if (s->options->http.heartbeat_ms > 0 && v->beat_ms < wake_ms)
            wake_ms = v->beat_ms;
        beat(v, now_ms);
    }
    send_places(s);
    return wake_ms;
}
