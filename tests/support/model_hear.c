/* SPDX-License-Identifier: MIT */
/* The ear of the model: every event that a client takes is judged. */
#include "model.h"

#include "parser.h"

#include <stdlib.h>
#include <string.h>

/* The event of a number: 'e' is published, 'p' is private. Good until the next call. */
sse_event model_event(char what, unsigned number, size_t size)
{
    static char data[EVENT_ROOM], id[16];
    sse_event ev = {{NULL, 0}, {NULL, 0}, {NULL, 0}, 0, {NULL, 0}};
    size_t len = (size_t)snprintf(data, sizeof data, "%c%u;%u;", what, number, (unsigned)size);

    for (; len < size && len < sizeof data; len++)
        data[len] = len % 9 == 8 ? '\n' : (char)('a' + (len + number) % 26);
    ev.data.ptr = data;
    ev.data.len = len;
    if (number % 3 == 0) {
        ev.type.ptr = "t";
        ev.type.len = 1;
    }
    if (number % 5 == 4)
        ev.retry_ms = 100 + number;
    if (what == 'e' && w.kind.own_ids && number % 2 == 1) {
        ev.id.ptr = id;
        ev.id.len = (size_t)snprintf(id, sizeof id, "o%u", number);
    }
    return ev;
}

static int is(sse_str text, const char *want)
{
    return text.len == strlen(want) && memcmp(text.ptr, want, text.len) == 0;
}

/* The number in an automatic id. */
static uint64_t number_of(sse_str id)
{
    const size_t len = strlen(w.origin);
    char digits[24] = "";

    if (id.len <= len || id.len - len >= sizeof digits || memcmp(id.ptr, w.origin, len) != 0)
        return NEVER;
    memcpy(digits, id.ptr + len, id.len - len);
    return strtoull(digits, NULL, 10);
}

static void judge_callers(client *c, const parsed *p)
{
    const parsed_event *const e = p->events;
    char what = 0, text[24] = "";
    unsigned number = 0, size = 0;
    char id[64] = "";
    sse_event want;

    memcpy(text, e->data.ptr, e->data.len < 23 ? e->data.len : 23);
    must(sscanf(text, "%c%u;%u;", &what, &number, &size) == 3);
    must(c->opening == OPEN && !c->parted);
    c->returned_ms = c->next_ms; /* its turn counts for the pace */
    want = model_event(what, number, size);
    must(e->data.len == want.data.len && memcmp(e->data.ptr, want.data.ptr, e->data.len) == 0);
    must(is(e->type, want.type.ptr ? "t" : "message"));
    must(want.retry_ms == 0 ? p->retry_count == 0
                            : p->retry_count == 1 && p->retries[0] == want.retry_ms);
    if (what == 'e') {
        must(number >= c->pos && number < w.end && number < c->limit);
        must(!c->late || number < c->staged); /* the turn was over */
        must(size == w.size[number] && c->bits[number] & MAY);
        must(model_had_all(c, number));
        model_move(c, number + 1);
        c->again = 0;
        c->last = number;
        if (!w.kind.own_ids)
            snprintf(id, sizeof id, "%s%u", w.origin, number);
        else if (want.id.ptr)
            snprintf(id, sizeof id, "o%u", number);
    } else {
        must(what == 'p' && number == c->heard && c->heard < c->sent);
        must(model_had_all(c, c->after[number % PRIVATES]));
        model_move(c, c->after[number % PRIVATES]);
        c->heard++;
    }
    must(is(e->id, id));
}

/* Whether the data of a gap event is right for events from `first` on, up to `until`. */
static int tells(sse_str data, uint64_t first, uint64_t until)
{
    static const char unnamed[] = "{\"first\":null,\"last\":null,\"count\":";
    char want[200];

    if (w.kind.own_ids)
        return data.len > sizeof unnamed && memcmp(data.ptr, unnamed, sizeof unnamed - 1) == 0;
    snprintf(want, sizeof want, "{\"first\":\"%s%u\",\"last\":\"%s%u\",\"count\":%u}", w.origin,
             (unsigned)first, w.origin, (unsigned)until - 1, (unsigned)(until - first));
    return is(data, want);
}

static void judge_gap(client *c, const parsed_event *e)
{
    const uint64_t first = model_first();
    const int joins = c->opening == BEFORE_GAP, known = !joins || c->missing > 0;
    const uint64_t from = joins && c->missing > 0 ? c->missing : c->pos;
    const int sees_all = !(c->flags & SSE_JOIN_COALESCE) && c->filter < 0 && !c->refiltered;
    const uint64_t at = w.kind.own_ids ? first : number_of(e->id) + 1;
    int told = known && w.kind.own_ids && tells(e->data, 0, 0);
    uint64_t n;

    must(!(c->flags & SSE_JOIN_PLAIN) && c->opening != BEFORE_PLACE && !c->parted);
    must(joins || (c->flags & SSE_JOIN_GAPS && model_missed(c)));
    must(at <= first && ((joins && c->missing == 0) || c->again ? at >= c->pos : at > from));
    for (n = from; n < at && known && (!sees_all || n == from); n++)
        told |= tells(e->data, n, at);
    if (is(e->data, "{\"first\":null,\"last\":null,\"count\":null}"))
        told = !known || c->filter >= 0 || c->refiltered;
    else
        must(c->filter < 0 || c->refiltered);
    must(told);
    must(w.kind.own_ids || at > c->last);
    model_move(c, at);
    c->last = w.kind.own_ids ? c->last : at - 1;
    c->again = w.kind.own_ids; /* it does not say where it goes on */
    c->lagging |= !joins;
    c->opening = OPEN;
    w.gaps++;
}

/* A heartbeat. e is NULL: a comment. */
static void judge_beat(client *c, const parsed_event *e)
{
    const int marks = !w.kind.own_ids && !(c->flags & SSE_JOIN_PLAIN);
    uint64_t at;

    must(c->beat_may && !c->parted);
    c->beat_may = 0;
    w.beats++;
    if (e == NULL || e->id.len == 0) {
        must(w.kind.typed ? e && is(e->type, "beat") && is(e->data, "b") : e == NULL);
        must(!marks || c->filter < 0 || c->refiltered || c->opening != OPEN);
        return;
    }
    at = number_of(e->id) + 1;
    must(marks && (c->filter >= 0 || c->refiltered));
    must(w.kind.typed ? is(e->type, "beat") && is(e->data, "b")
                      : is(e->type, "place") && e->data.len == 0);
    must(c->opening == OPEN && at > c->last && at >= c->floor && at <= w.end &&
         model_had_all(c, at));
    model_move(c, at);
    c->last = at - 1;
}

static void judge_farewell(client *c, const parsed *p)
{
    must(w.draining && !c->parted && !(c->flags & SSE_JOIN_PLAIN) && c->opening == OPEN);
    must(model_had_all(c, w.end) && c->heard == c->sent && p->events->data.len == 0);
    must(w.retry_ms == 0 ? p->retry_count == 0
                         : p->retry_count == 1 && p->retries[0] >= w.retry_ms &&
                               p->retries[0] <= w.retry_ms + w.retry_ms / 2);
    c->parted = 1;
}

static void judge_event(client *c)
{
    parsed *const p = parse(c->bytes, c->len);
    const parsed_event *const e = p->events;

    c->len = 0;
    if (p->event_count == 0) {
        must(p->comments == 1 && p->retry_count == 0);
        judge_beat(c, NULL);
    } else {
        must(p->event_count == 1 && p->comments == 0);
        if (is(e->type, "gap")) {
            judge_gap(c, e);
        } else if (is(e->type, "place") && c->opening == BEFORE_PLACE) {
            must(number_of(e->id) + 1 == c->start && e->data.len == 0);
            c->opening = OPEN;
            c->last = c->start - 1;
        } else if (is(e->type, "place") || is(e->type, "beat")) {
            judge_beat(c, e);
        } else if (is(e->type, "farewell")) {
            judge_farewell(c, p);
        } else {
            judge_callers(c, p);
        }
    }
    parsed_free(p);
}

/* Take the framing off, as RFC 9112 has it. Returns whether the byte is of the payload. */
static int unframe(client *c, char byte)
{
    static const char digits[] = "0123456789abcdef";
    const char *const digit = byte ? strchr(digits, byte | 0x20) : NULL;

    switch (c->frame) {
    case SIZE:
        if (byte == '\r' && c->raw > 1) {
            c->frame = SIZE_LF;
        } else {
            must(digit != NULL && c->raw < 9);
            c->left = c->left * 16 + (size_t)(digit - digits);
        }
        return 0;
    case PAYLOAD:
        if (--c->left == 0)
            c->frame = PAYLOAD_CR;
        return 1;
    case SIZE_LF:
        must(byte == '\n' && c->len == 0);
        c->frame = c->left > 0 ? PAYLOAD : LAST_CR;
        return 0;
    case PAYLOAD_CR:
    case LAST_CR:
        must(byte == '\r');
        c->frame++;
        return 0;
    default:
        must(c->frame != ENDED && byte == '\n');
        must(c->len == 0); /* a chunk is an event */
        c->frame = c->frame == LAST_LF ? ENDED : SIZE;
        c->raw = 0;
        return 0;
    }
}

static const char head[] = "HTTP/1.1 200 OK\r\n\r\n";

void model_hear(client *c, const void *bytes, size_t len, int is_flush)
{
    const char *at = bytes;

    must(c->in && len > 0);
    w.bytes += len;
    c->heard_ms = w.clock_ms;
    c->stall_from = c->busy_from = NEVER;
    c->promised = 0;
    for (; len > 0; len--, at++, c->flushed++) {
        c->kept &= model_mid(c);
        if (c->head > 0) {
            must(*at == head[sizeof head - 1 - c->head]);
            c->head--;
            continue;
        }
        if (c->raw++ == 0)
            c->late = is_flush && w.kind.turn_bytes > 0 && c->flushed >= w.kind.turn_bytes;
        if (w.kind.chunked && !unframe(c, *at))
            continue;
        must(c->len < sizeof c->bytes);
        c->bytes[c->len++] = *at;
        if (c->len > 1 && *at == '\n' && at[0] == c->bytes[c->len - 2]) {
            judge_event(c);
            if (!w.kind.chunked)
                c->raw = 0;
        }
    }
    if (model_mid(c) && model_cut(c, MUST) >= c->staged) /* what has begun to come comes whole */
        c->staged = model_cut(c, MUST) + 1;
}
