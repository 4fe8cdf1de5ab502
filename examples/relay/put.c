/* SPDX-License-Identifier: MIT */
#include "put.h"

#include "../ssecat/say.h"

#include <inttypes.h>
#include <stdio.h>

enum { LINE_MS = 1000 }; /* between lines of the log about gaps of a reason */

int put_make(const visit *v, const entry *e, entry_event *made, char text[GAP_MAX])
{
    stream *const s = v->stream;
    const gap too_big = {GAP_TOO_BIG, &e->id, NULL, 1, 0};
    size_t len;

    if (entry_to_event(e, options_filter(s->options), made, &s->log.memory) != 0)
        return -1;
    if (!filter_shows(&v->filter, made->tag))
        return 0;
    sse_event_encode(&made->ev, NULL, 0, &len);
    if (len > s->options->history_bytes) {
        made->ev.type = (sse_str){"gap", 3};
        made->ev.data = (sse_str){text, gap_write(&too_big, text)};
    }
    return 1;
}

int put_make_room(visit *v, size_t len)
{
    const size_t room = len > PUT_PAGE ? len : PUT_PAGE;

    if (v->room >= room)
        return 0;
    if (client_make_writer(v->client, room) != 0)
        return -1;
    v->room = room;
    return 0;
}

int put_entry(visit *v, const entry *e)
{
    char text[GAP_MAX];
    entry_event made;
    const int seen = put_make(v, e, &made, text);
    size_t len;
    int status;

    if (seen <= 0)
        return seen == 0 ? SSE_OK : SSE_AGAIN;
    status = sse_writer_send(v->client->writer, &made.ev);
    if (status != SSE_E_TOOBIG)
        return status;
    sse_event_encode(&made.ev, NULL, 0, &len);
    if (sse_writer_pending(v->client->writer) > 0 || put_make_room(v, len + PUT_FRAME) != 0)
        return SSE_AGAIN;
    return sse_writer_send(v->client->writer, &made.ev);
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

int put_gap(visit *v, const entry_id *resume, const entry_id *place)
{
    stream *const s = v->stream;
    const int closes = s->options->on_gap == OPTIONS_CLOSE;
    const gap g = {v->reason, v->has_last ? &v->last : NULL, resume, v->missed, v->withdrawn};
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
    return -1;
}
