/* SPDX-License-Identifier: MIT */
/* What a client is and what it may see: each call is made, and judged by the model. */
#include "world.h"

static const char head[] = "HTTP/1.1 200 OK\r\n\r\n";

unsigned world_bits(const client *c, uint64_t number)
{
    const uint64_t drain = w.draining ? w.drain_end : NEVER;
    const uint64_t mark = c->heard < c->sent ? c->after[(c->sent - 1) % PRIVATES] : NEVER;
    unsigned bits = number < drain ? MAY | MUST : MAY;
    uint64_t n;

    if (number >= c->limit || !model_sees(c->filter, w.tag[number]))
        return 0;
    for (n = number + 1; n < w.end && n < c->limit && c->flags & SSE_JOIN_COALESCE; n++)
        if (w.key[number] > 0 && w.key[n] == w.key[number] && w.tag[n] == w.tag[number])
            bits &= n < mark && n < drain ? 0 : MAY;
    return bits;
}

void world_decide(client *c, uint64_t n, unsigned bits)
{
    if (n >= c->staged)
        c->bits[n] = (unsigned char)bits;
    else
        c->bits[n] = (unsigned char)(((c->bits[n] | bits) & MAY) | (c->bits[n] & bits & MUST));
}

int world_send(int i, size_t size)
{
    client *const c = &w.all[i];
    const sse_event ev = model_event('p', c->sent, size);
    size_t len;
    int status;

    if (!c->in || c->sent - c->heard == PRIVATES)
        return SSE_E_STATE;
    world_say("send %d: %u bytes", i, (unsigned)size);
    must(sse_event_encode(&ev, NULL, 0, &len) == SSE_E_SPACE);
    status = sse_subscriber_send(world_sub(c), &ev);
    world_say(" -> %d", status);
    if (!world_is_over(c, status)) {
        if (status == SSE_OK) {
            must(!c->closing && len <= c->capacity);
            c->private_len[c->sent % PRIVATES] = len + 12;
            c->after[c->sent++ % PRIVATES] = w.end;
        } else if (status == SSE_AGAIN) {
            must(model_may(c) || c->promised || c->offer_len > 0);
        } else if (status == SSE_E_TOOBIG) {
            must(len + 12 > c->capacity - SSE_SUBSCRIBER_KEPT);
        } else {
            must(status == SSE_E_STATE && (c->closing || w.draining));
        }
    }
    world_settle();
    return status;
}

void world_filter(int i, int mask)
{
    static const uint64_t tags[1 << TAGS][TAGS] = {{0}, {1},    {2},    {1, 2},
                                                   {3}, {1, 3}, {2, 3}, {1, 2, 3}};
    static const size_t counts[1 << TAGS] = {0, 1, 1, 2, 1, 2, 2, 3};
    client *const c = &w.all[i];
    int passed = 1,
        sure = !model_missed(c) &&
               c->opening == OPEN; /* what the filter that was has hidden so far stays hidden */
    uint64_t n;

    if (!c->in)
        return;
    world_say("filter %d: %d", i, mask);
    if (!world_is_over(
            c, sse_subscriber_set_filter(world_sub(c), mask ? tags[mask] : NULL, counts[mask]))) {
        c->refiltered |= c->filter != mask;
        c->filter = mask;
        c->promised = 0;
        for (n = c->pos; n < w.end; n++) {
            const int old = c->bits[n];

            if (old & MUST && n >= model_first() && n >= c->staged)
                passed = 0;
            if (!passed || old & MUST)
                world_decide(c, n, world_bits(c, n));
            else if (!sure || old)
                c->bits[n] = world_bits(c, n) || n < c->staged ? MAY : 0;
            sure &= old == 0;
        }
    }
    world_settle();
}

void world_limits(int i, uint32_t pace_ms, uint32_t stall_ms, uint32_t age_ms)
{
    client *const c = &w.all[i];

    if (!c->in)
        return;
    world_say("limits %d: pace %u, stall %u, age %u", i, pace_ms, stall_ms, age_ms);
    if (!world_is_over(c, sse_subscriber_set_limits(world_sub(c), pace_ms, stall_ms, age_ms))) {
        c->pace_ms = pace_ms;
        c->stall_ms = stall_ms;
        c->age_ms = age_ms;
        c->stall_from = c->busy_from = c->age_from = NEVER;
        c->returned_ms = c->next_ms = 0;
        c->held_turn = 1;
    }
    world_settle();
}

void world_close(int i)
{
    client *const c = &w.all[i];

    if (!c->in)
        return;
    world_say("close %d", i);
    if (!world_is_over(c, sse_subscriber_close(world_sub(c)))) {
        if (!c->closing && c->limit > w.end)
            c->limit = w.end;
        c->closing = 1;
    }
    world_settle();
}

void world_leave(int i)
{
    client *const c = &w.all[i];
    sse_subscriber *const s = world_sub(c);
    int status;

    if (!c->in)
        return;
    world_say("leave %d", i);
    must(sse_subscriber_leave(s) == SSE_OK && sse_subscriber_leave(s) == SSE_OK);
    status = sse_subscriber_status(s);
    must(status == SSE_E_STATE || sse_status_closed(status));
    if (status != SSE_E_STATE)
        model_judge_reason(c, status);
    c->in = 0;
    world_spoil(c);
    world_settle();
}

/* The id that a client brings, and what the channel makes of it: where the client begins; 0: it
 * brings none. *missing: the first event that it misses; 0: unknown. */
static uint64_t place_of(const client *c, enum from from, uint64_t number, char *id, size_t size,
                         int *is_gap, uint64_t *missing)
{
    const uint64_t first = model_first();

    *is_gap = 0;
    *missing = 0;
    id[0] = '\0';
    if (from == FROM_LAST || from == FROM_QUERY)
        number = c->last;
    if (from == FROM_NOWHERE || (number == NEVER && from <= FROM_QUERY))
        return 0;
    if (from == FROM_UNKNOWN || from == FROM_LONG) {
        snprintf(id, size, "%0*d", from == FROM_LONG ? 300 : 3, 1);
    } else if (w.kind.own_ids) {
        snprintf(id, size, "o%u", (unsigned)number);
        if (number >= first && number < w.end && number % 2 == 1)
            return number + 1;
    } else {
        snprintf(id, size, "%s%u", w.origin, (unsigned)number);
        *is_gap = number + 1 < first;
        *missing = number + 1;
        if (number < w.end)
            return number + 1;
        *missing = 0;
    }
    *is_gap = 1;
    return first;
}

int world_join(int i, uint32_t flags, enum from from, uint64_t number)
{
    client *const c = &w.all[i], was = *c;
    const int is_query = from == FROM_QUERY;
    char id[400], text[400];
    sse_subscriber *const s = world_sub(c);
    sse_writer *queue;
    uint64_t next, missing, n;
    int is_gap, want, status;

    next = place_of(c, from, number, id, sizeof id, &is_gap, &missing);
    snprintf(text, sizeof text, is_query && id[0] ? "a=b&lastEventId=%s" : "%s", id);
    world_say("join %d: flags %x, %s", i, flags, text);
    if (!c->in) {
        ASAN_UNPOISON_MEMORY_REGION(&lib.of[i], sizeof lib.of[i]);
        memset(&lib.of[i], 0, sizeof lib.of[i]);
    }
    c->queue ^= 1;
    c->capacity = (size_t)SSE_SUBSCRIBER_QUEUE_MIN + (number % 3) * 200;
    c->head = number % 2 ? sizeof head - 1 : 0;
    queue = sse_writer_init(lib.of[i].queue[c->queue], SSE_WRITER_OVERHEAD + c->capacity,
                            w.kind.chunked ? SSE_WRITER_CHUNKED : 0);
    must(queue != NULL && sse_writer_raw(queue, head, c->head) == SSE_OK);
    status = sse_subscriber_join(s, &lib.ch, queue, c, flags, is_query ? NULL : text,
                                 is_query ? 0 : strlen(text), is_query ? text : NULL,
                                 is_query ? strlen(text) : 0);
    world_say(" -> %d", status);
    want = is_gap ? SSE_GAP : SSE_OK;
    if (w.draining)
        want = SSE_E_STATE;
    else if (is_gap && flags & SSE_JOIN_PLAIN)
        want = SSE_E_RANGE;
    if (was.in && status == SSE_E_STATE) { /* it is in a channel, and perhaps closed: who knows */
        must(!was.dead || w.draining);
        want = status;
    } else if (was.in) { /* it was closed, and nobody knew */
        must(model_may(&was));
        w.untold += status >= SSE_OK;
    }
    must(status == want);
    if (status < SSE_OK) {
        *c = was;
        if (!c->in)
            world_spoil(c);
        world_settle();
        return status;
    }
    *c = was;
    memset(c, 0, sizeof *c);
    c->in = 1;
    c->flags = flags;
    c->queue = was.queue ^ 1;
    c->capacity = (size_t)SSE_SUBSCRIBER_QUEUE_MIN + (number % 3) * 200;
    c->head = number % 2 ? sizeof head - 1 : 0;
    c->filter = -1;
    c->limit = c->stall_from = c->busy_from = c->age_from = NEVER;
    c->last = next > 0 && !is_gap ? next - 1 : 0;
    c->heard_ms = c->idle_ms = w.clock_ms;
    if (next > 0)
        c->opening = is_gap ? BEFORE_GAP : OPEN;
    else if (!(flags & SSE_JOIN_PLAIN) && !w.kind.own_ids)
        c->opening = BEFORE_PLACE;
    if (next == 0)
        next = flags & SSE_JOIN_OLDEST ? model_first() : w.end;
    else
        w.resumed += !is_gap;
    c->pos = c->start = next;
    c->missing = missing;
    for (n = c->pos; n < w.end; n++)
        c->bits[n] = n >= model_first() ? (unsigned char)world_bits(c, n) : 0;
    c->lagging = is_gap;
    w.joined++;
    world_settle();
    return status;
}
