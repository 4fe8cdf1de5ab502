/* The calls: each is made, and judged by the model. */
#include "model.h"

#include <limits.h>
#include <stdarg.h>
#include <string.h>

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifdef SANITIZED
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(at, size)   ((void)(at), (void)(size))
#define ASAN_UNPOISON_MEMORY_REGION(at, size) ((void)(at), (void)(size))
#endif

enum { GARBAGE = 0xEE, SPARE = 200 };

int world_trace, world_keeps;
unsigned world_sunk;
fault world_fault;

static const char head[] = "HTTP/1.1 200 OK\r\n\r\n";
static sinking script;
static client *sinker;

static void say(const char *format, ...)
{
    va_list args;

    if (!world_trace)
        return;
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
}

static sse_history *history(void)
{
    return (sse_history *)(void *)lib.history;
}

static sse_subscriber *sub(const client *c)
{
    return &lib.of[c - w.all].s;
}

/* The memory of a client is the caller's: whatever the library does there, is wrong. */
static void spoil(client *c)
{
    void *const memory = &lib.of[c - w.all];

    memset(memory, GARBAGE, sizeof lib.of[0]);
    if (!world_keeps)
        ASAN_POISON_MEMORY_REGION(memory, sizeof lib.of[0]);
}

static void check_spoiled(const client *c)
{
#ifndef SANITIZED
    static unsigned char garbage[sizeof lib.of[0]];

    if (garbage[0] == 0)
        memset(garbage, GARBAGE, sizeof garbage);
    must(memcmp(&lib.of[c - w.all], garbage, sizeof garbage) == 0);
#else
    (void)c;
#endif
}

/* A client has learned that it is closed: each further call says so, until its memory is used for
 * something else. */
static void end(client *c, int reason)
{
    sse_subscriber *const s = sub(c);
    char byte;
    size_t len = 1;

    say(" [%d is closed: %d]", (int)(c - w.all), reason);
    model_judge_reason(c, reason);
    must(sse_subscriber_status(s) == reason);
    must(sse_subscriber_read(s, &byte, 1, &len) == reason && len == 0);
    must(sse_subscriber_consume(s, 0) == reason && sse_subscriber_close(s) == reason);
    must(sse_subscriber_set_filter(s, NULL, 0) == reason && sse_subscriber_behind(s) == 0);
    must(sse_subscriber_user(s) == c && sse_subscriber_leave(s) == SSE_OK);
    c->in = 0;
    spoil(c);
}

/* What a call has returned. Returns whether it says that the client is closed. */
static int is_over(client *c, int status)
{
    if (sse_status_closed(status)) {
        end(c, status);
        return 1;
    }
    must(!c->dead);
    return 0;
}

/* Whether a tick may have closed it. */
static int may_be_closed(const client *c)
{
    return c->dead || model_may_be_stalled(c) || model_may_be_old(c);
}

/* When a client that is not in its turn gets a heartbeat, at the latest. */
static uint64_t beat_due(const client *c)
{
    const uint64_t last_ms = c->heard_ms > c->idle_ms ? c->heard_ms : c->idle_ms;

    return w.kind.heartbeat_ms > 0 ? last_ms + w.kind.heartbeat_ms : NEVER;
}

/* Whether next has to return a client before it returns NULL. */
static int is_next(const client *c)
{
    const int beats = c->beat_may && w.clock_ms >= beat_due(c) && !c->closing;

    return c->in && (c->dead || (c->turn == IDLE && ((model_owed(c) && !model_held(c)) || beats)));
}

/* How long until something is due for a client, at the latest. */
static uint64_t due_in(const client *c, uint64_t now_ms)
{
    uint64_t at = NEVER, n;

    if (c->turn == IDLE)
        at = beat_due(c);
    if (c->turn == IDLE && model_owed(c) && (n = c->began_ms + c->pace_ms) < at)
        at = n;
    if (c->turn == BUSY && c->stall_ms > 0) {
        n = c->busy_from == NEVER ? now_ms : c->busy_from;
        n += c->stall_ms + c->stall_ms / 4 + c->step_ms + 1;
        at = n < at ? n : at;
    }
    if (c->age_ms > 0 && !w.draining) {
        n = (c->age_from == NEVER ? now_ms : c->age_from) + c->age_ms;
        at = n < at ? n : at;
    }
    if (w.draining && c->turn == IDLE && !c->parting && !c->closing && (n = w.drain_ms + w.over_ms) < at)
        at = n;
    if (w.draining && w.limit_ms > 0 && (n = w.drain_ms + w.limit_ms) < at)
        at = n;
    return at == NEVER ? NEVER : at > now_ms ? at - now_ms : 0;
}

int world_timeout(uint64_t now_ms)
{
    const int wait_ms = sse_channel_timeout(&lib.ch, now_ms);
    const uint64_t at = w.clock_ms + (now_ms > w.given_ms ? now_ms - w.given_ms : 0);
    int i;

    must(wait_ms >= -1);
    for (i = 0; i < CLIENTS; i++) {
        const client *const c = &w.all[i];
        const uint64_t due = c->in ? due_in(c, at) : NEVER;

        if (c->in && (is_next(c) || c->turn == SPENT))
            must(wait_ms == 0);
        if (due != NEVER)
            must(wait_ms >= 0 && (uint64_t)wait_ms <= due);
    }
    return wait_ms;
}

/* What holds after each call. */
static void settle(void)
{
    const sse_channel *const ch = &lib.ch;
    uint64_t in = 0, n;
    int i;

    w.ticked = 0;
    for (i = 0; i < CLIENTS; i++) {
        client *const c = &w.all[i];
        const sse_subscriber *const s = sub(c);

        if (!c->in) {
            check_spoiled(c);
            continue;
        }
        in++;
        if (c->turn == BUSY && !may_be_closed(c))
            must(sse_subscriber_blocked_ms(s) > 0);
        if (c->turn == IDLE)
            must(sse_subscriber_blocked_ms(s) == 0);
        n = sse_subscriber_behind(s);
        must(n <= w.end - c->pos + (c->raw > 0 && c->len == 0) || c->again || c->closing || w.draining);
        if (c->turn == IDLE && !model_mid(c) && !model_missed(c) && c->opening == OPEN)
            must(n >= w.end - c->pos || c->filter >= 0 || c->flags & SSE_JOIN_COALESCE ||
                 c->refiltered);
    }
    must(sse_channel_count(ch, SSE_COUNT_SUBSCRIBERS) == in);
    must(sse_channel_count(ch, SSE_COUNT_JOINED) == w.joined);
    must(sse_channel_count(ch, SSE_COUNT_RESUMED) == w.resumed);
    must(sse_channel_count(ch, SSE_COUNT_EVENTS) == w.end - 1);
    must(sse_channel_count(ch, SSE_COUNT_BYTES) == w.bytes);
    must(sse_channel_count(ch, SSE_COUNT_GAPS) >= w.gaps);
    must(sse_channel_count(ch, SSE_COUNT_HEARTBEATS) >= w.beats);
    n = sse_channel_count(ch, SSE_COUNT_CLOSED);
    must(n >= w.closed && n <= w.closed + in + w.untold);
    must(sse_history_next(history()) == w.end);
    world_timeout(w.given_ms);
    world_timeout(w.given_ms + 7);
    say("\n");
}

void world_open(const kind *k)
{
    size_t size, len;
    int i;

    ASAN_UNPOISON_MEMORY_REGION(&lib, sizeof lib);
    memset(&w, 0, sizeof w);
    w.kind = *k;
    w.given_ms = 1000;
    w.clock_ms = 1000000;
    w.end = 1;
    size = sse_history_size(k->events, k->capacity);
    must(size > 0 && size <= sizeof lib.history);
    must(sse_history_init(lib.history, size, k->events, k->chunked ? SSE_HISTORY_CHUNKED : 0,
                          k->own_ids ? 0 : 77, "a", 1) != NULL);
    must(sse_channel_init(&lib.ch, history(), k->heartbeat_ms, k->turn_bytes, w.given_ms) ==
         SSE_OK);
    if (k->typed)
        must(sse_channel_set_heartbeat(&lib.ch, "beat", 4, "b", 1) == SSE_OK);
    if (!k->own_ids) {
        must(sse_history_id(history(), 0, w.origin, SSE_HISTORY_ID_MAX, &len) == SSE_OK);
        must(len > 2 && w.origin[len - 1] == '0' && w.origin[len - 2] == '-');
        w.origin[len - 1] = '\0';
    }
    for (i = 0; i < CLIENTS; i++)
        spoil(&w.all[i]);
    say("world: %u events, %u bytes, chunked %d, own ids %d, heartbeat %u, turn %u, typed %d\n",
        k->events, (unsigned)k->capacity, k->chunked, k->own_ids, k->heartbeat_ms, k->turn_bytes,
        k->typed);
    settle();
}

/* Whether a client gets an event. It is left out for a newer one; perhaps, if the newer one comes
 * after a private event, or after the drain has begun. */
static unsigned bits_of(const client *c, uint64_t number)
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

/* What was said before of whether an event comes changes, unless it may be in the queue. */
static void decide(client *c, uint64_t n, unsigned bits)
{
    if (n >= c->staged)
        c->bits[n] = (unsigned char)bits;
    else
        c->bits[n] = (unsigned char)(((c->bits[n] | bits) & MAY) | (c->bits[n] & bits & MUST));
}

int world_publish(unsigned tag, unsigned key, size_t size)
{
    const sse_event ev = model_event('e', (unsigned)w.end, size);
    size_t len, spare = w.kind.own_ids ? 12 : 80;
    int fits, status, i;
    const void *bytes;
    uint64_t n, m;

    if (w.end == EVENTS)
        return SSE_E_STATE;
    say("publish %u: tag %u, key %u, %u bytes", (unsigned)w.end, tag, key, (unsigned)size);
    must(sse_event_encode(&ev, NULL, 0, &len) == SSE_E_SPACE);
    fits = sse_channel_fits(&lib.ch, len);
    status = sse_channel_publish(&lib.ch, &ev, tag, key);
    if (status != SSE_OK) {
        must(status == SSE_E_TOOBIG && !fits && len + spare > w.kind.capacity);
        settle();
        return status;
    }
    must(len <= w.kind.capacity);
    n = w.end++;
    w.tag[n] = (unsigned char)tag;
    w.key[n] = (unsigned char)key;
    w.size[n] = size;
    must(sse_history_get(history(), n, &bytes, &w.len[n]) == SSE_OK);
    for (i = 0; i < CLIENTS; i++) {
        client *const c = &w.all[i];

        if (!c->in)
            continue;
        c->bits[n] = (unsigned char)bits_of(c, n);
        for (m = c->pos; m < n; m++)
            if (c->bits[m] & ~bits_of(c, m))
                decide(c, m, c->bits[m] & bits_of(c, m));
        for (m = c->pos; m < model_first() && fits && !c->lagging && !may_be_closed(c); m++)
            must(!(c->bits[m] & MUST) || m < c->staged);
        c->lagging |= model_missed(c);
    }
    settle();
    return SSE_OK;
}

void world_tick(uint64_t now_ms)
{
    const uint64_t step = now_ms > w.given_ms ? now_ms - w.given_ms : 0;
    int i;

    say("tick +%d", (int)(now_ms - w.given_ms));
    w.given_ms = now_ms;
    w.clock_ms += step;
    must(sse_channel_tick(&lib.ch, now_ms) == SSE_OK);
    for (i = 0; i < CLIENTS; i++) {
        client *const c = &w.all[i];
        const uint64_t at = w.clock_ms;

        if (!c->in)
            continue;
        if (w.draining && !c->parting && !c->closing && at - w.drain_ms >= w.over_ms) {
            c->parting = 1;
            c->limit = c->limit < w.end ? c->limit : w.end;
        }
        if (w.kind.heartbeat_ms > 0 && at - c->heard_ms >= w.kind.heartbeat_ms / 2 &&
            !c->beat_may) {
            c->beat_may = 1;
            c->floor = c->pos;
        }
        if (c->turn == SPENT)
            c->turn = IDLE;
        if (c->turn == IDLE)
            c->stall_from = NEVER;
        c->step_ms = c->stall_from == NEVER || step > c->step_ms ? step : c->step_ms;
        if (c->turn != IDLE && c->stall_from == NEVER)
            c->stall_from = at;
        if (c->turn != BUSY)
            c->busy_from = NEVER;
        else if (c->busy_from == NEVER)
            c->busy_from = at;
        if (c->age_from == NEVER)
            c->age_from = at;
        c->dead |= w.draining && w.limit_ms > 0 && at - w.drain_ms >= w.limit_ms;
        c->dead |= model_may_be_old(c);
        c->dead |= c->turn == BUSY && c->stall_ms > 0 &&
                   at - c->busy_from > c->stall_ms + c->stall_ms / 4 + c->step_ms + 1;
    }
    settle();
    w.ticked = 1;
}

/* Next, or a flush of all, has returned a subscriber. */
static int judge_next(sse_subscriber *s, int flushed)
{
    client *const c = sse_subscriber_user(s);
    int status;

    must(c >= w.all && c < w.all + CLIENTS && sub(c) == s && c->in);
    say(" %d", (int)(c - w.all));
    status = sse_subscriber_status(s);
    if (is_over(c, status))
        return (int)(c - w.all);
    must(status == SSE_OK && !flushed && model_may(c));
    must(c->turn != BUSY && c->turn != SPENT);
    if (c->pace_ms > 0 && !c->going && w.clock_ms - c->returned_ms < c->pace_ms)
        must(c->beat_may || c->closing || w.draining);
    c->held_turn = model_held(c);
    if (!c->held_turn && !c->going)
        c->began_ms = c->next_ms = w.clock_ms;
    c->turn = BUSY;
    c->promised = 1;
    c->stall_from = c->busy_from = NEVER;
    return (int)(c - w.all);
}

/* The turn is over. Who was not returned has nothing, and is at the end. */
static void judge_rest(void)
{
    int i;

    for (i = 0; i < CLIENTS; i++) {
        client *const c = &w.all[i];

        must(!is_next(c));
        if (c->in && c->turn == IDLE && !model_held(c))
            model_caught_up(c, 0);
    }
}

int world_next(void)
{
    sse_subscriber *s;
    int i = NOBODY;

    say("next:");
    s = sse_channel_next(&lib.ch);
    if (s != NULL) {
        i = judge_next(s, 0);
    } else {
        judge_rest();
        for (i = 0; i < CLIENTS && !(w.all[i].in && w.all[i].turn == SPENT); i++)
            ;
        if (i == CLIENTS && w.ticked)
            must(sse_channel_timeout(&lib.ch, w.given_ms) != 0);
        i = NOBODY;
    }
    settle();
    return i;
}

/* Inside of a sink the library says that it is busy. */
static void call_inside(client *c)
{
    sse_subscriber *const s = sub(c);
    size_t len = 1;
    char byte;

    must(sse_channel_publish_parts(&lib.ch, NULL, 0, NULL, 0, "x", 1, 0, 0) == SSE_E_BUSY);
    must(sse_channel_tick(&lib.ch, w.given_ms + 1000) == SSE_E_BUSY);
    must(sse_channel_next(&lib.ch) == NULL && sse_subscriber_leave(s) == SSE_E_BUSY);
    must(sse_subscriber_read(s, &byte, 1, &len) == SSE_E_BUSY && len == 0);
    must(sse_subscriber_send_parts(s, NULL, 0, NULL, 0, "x", 1) == SSE_E_BUSY);
    must(sse_subscriber_consume(s, 0) == SSE_E_BUSY && sse_subscriber_close(s) == SSE_E_BUSY);
}

static int sink(void *user, const void *bytes, size_t len, size_t *taken)
{
    client *const c = user;
    size_t most = script.most, n;

    must(c->in && len > 0 && !c->blocked && !c->failed);
    if (c != sinker)
        c->flushed = 0;
    sinker = c;
    call_inside(c);
    if (++world_sunk == world_fault.at) {
        most = world_fault.most;
        script.budget = world_fault.most == 0 ? 0 : script.budget;
        script.fail_at = world_fault.most == SIZE_MAX ? c->sunk + 1 : script.fail_at;
    }
    if (++c->sunk == script.fail_at) {
        c->failed = 1;
        return script.way ? SSE_E_IO : -55;
    }
    n = len < most ? len : most;
    n = n < script.budget ? n : script.budget;
    script.budget -= n;
    if (n > 0)
        model_hear(c, bytes, n, 1);
    if (n > 0 || script.way != 1)
        *taken = n;
    c->blocked = n == 0 || (script.way == 2 && script.budget == 0);
    return c->blocked && script.way == 2 ? SSE_AGAIN : SSE_OK;
}

static void start_sink(const sinking *how)
{
    int i;

    script = *how;
    sinker = NULL;
    for (i = 0; i < CLIENTS; i++) {
        w.all[i].flushed = 0;
        w.all[i].sunk = 0;
        w.all[i].blocked = w.all[i].failed = 0;
    }
}

/* Every byte was taken, or nothing was there. */
static void judge_caught_up(client *c, int may_be_lost)
{
    must(!c->promised);
    if (!model_held(c))
        must(may_be_lost ? !model_owed_bytes(c) || model_missed(c) : !model_owed(c));
    model_caught_up(c, may_be_lost && model_missed(c));
}

/* More is there than was taken. */
static void stay(client *c)
{
    c->turn = c->turn == BUSY ? BUSY : PERHAPS;
}

static void judge_flush(client *c, int status)
{
    c->offer_len = 0;
    if (is_over(c, status))
        return;
    model_stop(c);
    if (!c->promised)
        c->began_ms = w.clock_ms;
    if (status == SSE_AGAIN) {
        must(c->blocked);
        if (c->turn != BUSY)
            c->busy_from = NEVER;
        c->turn = BUSY;
    } else {
        must(status == SSE_OK && !c->blocked);
        if (w.kind.turn_bytes == 0 || c->flushed < w.kind.turn_bytes || !model_may(c))
            judge_caught_up(c, 0);
        else
            c->going = c->turn = model_owed(c) && !model_held(c) ? SPENT : PERHAPS;
    }
}

int world_flush(int i, const sinking *how)
{
    client *const c = &w.all[i];
    int status;

    if (!c->in)
        return SSE_E_STATE;
    say("flush %d: %d a call, %d in all, fails at %u, way %u", i, (int)how->most, (int)how->budget,
        how->fail_at, how->way);
    start_sink(how);
    status = sse_subscriber_flush(sub(c), sink);
    say(" -> %d, %u bytes", status, (unsigned)c->flushed);
    judge_flush(c, status);
    settle();
    return status;
}

void world_turn(const sinking *how)
{
    sse_subscriber *s;
    int i;

    say("turn:");
    start_sink(how);
    do {
        s = sse_channel_flush(&lib.ch, sink);
        if (s != NULL)
            judge_next(s, 1);
        for (i = 0; i < CLIENTS; i++) {
            client *const c = &w.all[i];

            if (c->in && c->sunk > 0) {
                say(" (%d: %u)", i, (unsigned)c->flushed);
                judge_flush(c, c->blocked ? SSE_AGAIN : SSE_OK);
                c->sunk = 0;
            }
        }
    } while (s != NULL);
    judge_rest();
    settle();
}

int world_read(int i, size_t cap)
{
    static char bytes[4096];
    client *const c = &w.all[i];
    size_t len = 1;
    int status;

    if (!c->in)
        return SSE_E_STATE;
    cap = cap < sizeof bytes ? cap : sizeof bytes;
    say("read %d: %u", i, (unsigned)cap);
    status = sse_subscriber_read(sub(c), bytes, cap, &len);
    say(" -> %d, %u bytes", status, (unsigned)len);
    must(status == SSE_OK ? len > 0 && len <= cap : len == 0);
    c->offer_len = 0;
    if (!is_over(c, status)) {
        must(status == SSE_OK || status == SSE_AGAIN);
        if (len > 0) {
            model_hear(c, bytes, len, 0);
            c->began_ms = w.clock_ms;
            model_stop(c);
        }
        if (len < cap || !model_may(c))
            judge_caught_up(c, len > 0);
        else if (model_owed_bytes(c) && !model_missed(c))
            stay(c);
        else
            c->turn = PERHAPS;
    }
    settle();
    return status;
}

int world_peek(int i)
{
    client *const c = &w.all[i];
    const void *bytes = c;
    size_t len = 1;
    int status;

    if (!c->in)
        return SSE_E_STATE;
    say("peek %d", i);
    status = sse_subscriber_peek(sub(c), &bytes, &len);
    say(" -> %d, %u bytes", status, (unsigned)len);
    must(status == SSE_OK ? bytes != NULL && len > 0 : bytes == NULL && len == 0);
    if (!is_over(c, status)) {
        must(status == SSE_OK || (status == SSE_AGAIN && c->offer_len == 0));
        if (status == SSE_AGAIN) {
            judge_caught_up(c, 0);
        } else if (c->offer_len > 0) {
            must(bytes == c->offer && len == c->offer_len && !memcmp(bytes, c->offered, len));
        } else {
            must(len <= sizeof c->offered);
            memcpy(c->offered, bytes, len);
            c->offer = bytes;
            c->offer_len = len;
            c->staged = w.end;
            c->peeked = 1;
            c->promised = 0;
            stay(c);
        }
    }
    settle();
    return status;
}

static void judge_consumed(client *c, size_t n)
{
    model_hear(c, c->offered, n, 0);
    c->began_ms = w.clock_ms;
    if (model_owed_bytes(c) && !model_missed(c))
        stay(c);
    else if (n < c->offer_len || model_missed(c) || model_may_come(c) ||
             (w.draining && !c->parted))
        c->turn = PERHAPS; /* it may be closed, or rest */
    else
        model_caught_up(c, 0);
}

int world_consume(int i, size_t n)
{
    client *const c = &w.all[i];
    int status;

    if (!c->in)
        return SSE_E_STATE;
    say("consume %d: %u of %u", i, (unsigned)n, (unsigned)c->offer_len);
    if (c->offer_len > 0)
        must(memcmp(c->offer, c->offered, c->offer_len) == 0);
    status = sse_subscriber_consume(sub(c), n);
    if (!is_over(c, status)) {
        must(status == (n <= c->offer_len ? SSE_OK : SSE_E_ARG));
        if (status == SSE_OK) {
            if (n > 0)
                judge_consumed(c, n);
            c->offer_len = 0;
        }
    }
    settle();
    return status;
}

int world_send(int i, size_t size)
{
    client *const c = &w.all[i];
    const sse_event ev = model_event('p', c->sent, size);
    size_t len;
    int status;

    if (!c->in || c->sent - c->heard == PRIVATES)
        return SSE_E_STATE;
    say("send %d: %u bytes", i, (unsigned)size);
    must(sse_event_encode(&ev, NULL, 0, &len) == SSE_E_SPACE);
    status = sse_subscriber_send(sub(c), &ev);
    say(" -> %d", status);
    if (!is_over(c, status)) {
        if (status == SSE_OK) {
            must(!c->closing && len <= c->capacity);
            c->private_len[c->sent % PRIVATES] = len + 12;
            c->after[c->sent++ % PRIVATES] = w.end;
        } else if (status == SSE_AGAIN) {
            must(model_may(c) || c->promised || c->offer_len > 0);
        } else if (status == SSE_E_TOOBIG) {
            must(len + 12 > c->capacity - SPARE);
        } else {
            must(status == SSE_E_STATE && (c->closing || w.draining));
        }
    }
    settle();
    return status;
}

void world_filter(int i, int mask)
{
    static const uint64_t tags[1 << TAGS][TAGS] = {{0}, {1}, {2}, {1, 2}, {3}, {1, 3}, {2, 3},
                                                   {1, 2, 3}};
    static const size_t counts[1 << TAGS] = {0, 1, 1, 2, 1, 2, 2, 3};
    client *const c = &w.all[i];
    int passed = 1, sure = !model_missed(c) && c->opening == OPEN; /* what the filter that was has hidden so far stays hidden */
    uint64_t n;

    if (!c->in)
        return;
    say("filter %d: %d", i, mask);
    if (!is_over(c, sse_subscriber_set_filter(sub(c), mask < 0 ? NULL : tags[mask],
                                          mask < 0 ? 0 : counts[mask]))) {
        c->refiltered |= c->filter != mask;
        c->filter = mask;
        c->promised = 0;
        for (n = c->pos; n < w.end; n++) {
            const int old = c->bits[n];

            if (old & MUST && n >= model_first() && n >= c->staged)
                passed = 0;
            if (!passed || old & MUST)
                decide(c, n, bits_of(c, n));
            else if (!sure || old)
                c->bits[n] = bits_of(c, n) || n < c->staged ? MAY : 0;
            sure &= old == 0;
        }
    }
    settle();
}

void world_limits(int i, uint32_t pace_ms, uint32_t stall_ms, uint32_t age_ms)
{
    client *const c = &w.all[i];

    if (!c->in)
        return;
    say("limits %d: pace %u, stall %u, age %u", i, pace_ms, stall_ms, age_ms);
    if (!is_over(c, sse_subscriber_set_limits(sub(c), pace_ms, stall_ms, age_ms))) {
        c->pace_ms = pace_ms;
        c->stall_ms = stall_ms;
        c->age_ms = age_ms;
        c->stall_from = c->busy_from = c->age_from = NEVER;
        c->returned_ms = c->next_ms = 0;
        c->held_turn = 1;
    }
    settle();
}

void world_close(int i)
{
    client *const c = &w.all[i];

    if (!c->in)
        return;
    say("close %d", i);
    if (!is_over(c, sse_subscriber_close(sub(c)))) {
        if (!c->closing && c->limit > w.end)
            c->limit = w.end;
        c->closing = 1;
    }
    settle();
}

void world_leave(int i)
{
    client *const c = &w.all[i];
    sse_subscriber *const s = sub(c);
    int status;

    if (!c->in)
        return;
    say("leave %d", i);
    must(sse_subscriber_leave(s) == SSE_OK && sse_subscriber_leave(s) == SSE_OK);
    status = sse_subscriber_status(s);
    must(status == SSE_E_STATE || sse_status_closed(status));
    if (status != SSE_E_STATE)
        model_judge_reason(c, status);
    c->in = 0;
    spoil(c);
    settle();
}

int world_drain(uint32_t retry_ms, uint32_t over_ms, uint32_t limit_ms)
{
    const int status = sse_channel_drain(&lib.ch, NULL, 0, NULL, 0, retry_ms, retry_ms / 2, over_ms,
                                         limit_ms);

    say("drain: retry %u, over %u, limit %u", retry_ms, over_ms, limit_ms);
    must(status == (w.draining ? SSE_E_STATE : SSE_OK));
    if (!w.draining) {
        w.draining = 1;
        w.drain_ms = w.clock_ms;
        w.drain_end = w.end;
        w.retry_ms = retry_ms;
        w.over_ms = over_ms;
        w.limit_ms = limit_ms;
    }
    settle();
    return status;
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
    sse_subscriber *const s = sub(c);
    sse_writer *queue;
    uint64_t next, missing, n;
    int is_gap, want, status;

    next = place_of(c, from, number, id, sizeof id, &is_gap, &missing);
    snprintf(text, sizeof text, is_query && id[0] ? "a=b&lastEventId=%s" : "%s", id);
    say("join %d: flags %x, %s", i, flags, text);
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
    say(" -> %d", status);
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
            spoil(c);
        settle();
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
        c->bits[n] = n >= model_first() ? (unsigned char)bits_of(c, n) : 0;
    c->lagging = is_gap;
    w.joined++;
    settle();
    return status;
}

void world_finish(void)
{
    static const sinking all = {SIZE_MAX, SIZE_MAX, 0, 0};
    int i, round;

    say("finish\n");
    for (round = 0; round < 6; round++) {
        for (i = 0; i < CLIENTS; i++)
            if (w.all[i].in && w.all[i].turn != IDLE && w.all[i].turn != SPENT)
                world_flush(i, &all);
        world_turn(&all);
        world_tick(w.given_ms + 100);
    }
    for (i = 0; i < CLIENTS; i++) {
        if (w.all[i].in && w.kind.turn_bytes == 0)
            must(!model_owed(&w.all[i]) || model_held(&w.all[i]) || w.all[i].dead);
        world_leave(i);
    }
}

void world_open_any(size_t (*pick)(size_t n))
{
    kind k = {0, 0, 0, 0, 0, 0, 0};

    k.events = (uint32_t)(2 + pick(HISTORY_EVENTS - 1));
    k.capacity = pick(2) ? 128 + pick(400) : 200 + pick(HISTORY_ROOM - 200);
    k.chunked = (int)pick(2);
    k.own_ids = pick(4) == 0;
    k.heartbeat_ms = pick(3) ? 20 + (uint32_t)pick(100) : 0;
    k.turn_bytes = pick(3) ? 0 : 1 + (uint32_t)pick(300);
    k.typed = pick(3) == 0;
    world_open(&k);
}

void world_step(size_t (*pick)(size_t n))
{
    static const uint32_t flags[] = {0, SSE_JOIN_GAPS, SSE_JOIN_GAPS, SSE_JOIN_PLAIN};
    const size_t what = pick(32);
    const int i = (int)pick(CLIENTS);
    client *const c = &w.all[i];
    sinking how = {SIZE_MAX, SIZE_MAX, 0, 0};
    size_t n;
    uint32_t f;
    enum from from;

    if (what >= 16 && what < 20) {
        how.most = pick(2) ? SIZE_MAX : 1 + pick(40);
        how.budget = pick(2) ? SIZE_MAX : pick(300);
        how.fail_at = pick(12) == 0 ? 1 + (unsigned)pick(5) : 0;
        how.way = (unsigned)pick(3);
    }
    switch (what) {
    case 0: case 1: case 2: case 3: case 4: case 5: case 6:
        n = pick(8);
        n = n < 6 ? pick(50) : n == 6 ? pick(600) : pick(HISTORY_ROOM);
        world_publish((unsigned)pick(TAGS + 1), (unsigned)pick(3), n);
        break;
    case 7: case 8: case 9:
        for (n = pick(4); world_next() != NOBODY && n > 0; n--)
            ;
        break;
    case 10: case 11: case 12:
        world_read(i, 1 + (pick(2) ? pick(60) : pick(2000)));
        break;
    case 13: case 14:
        world_peek(i);
        break;
    case 15: case 23:
        world_consume(i, pick(3) ? c->offer_len : pick(c->offer_len + (pick(8) == 0) + 1));
        break;
    case 16: case 17: case 18:
        world_flush(i, &how);
        break;
    case 19:
        world_turn(&how);
        break;
    case 20: case 21:
        n = pick(8);
        n = n < 4 ? pick(12) : n < 6 ? pick(90) : n == 6 ? 0 : 500;
        world_tick(w.given_ms + n - (pick(10) ? 0 : pick(30)));
        break;
    case 22:
        world_send(i, pick(4) ? pick(40) : pick(700));
        break;
    case 24:
        world_filter(i, (int)pick((1 << TAGS) + 1) - 1);
        break;
    case 25:
        world_limits(i, pick(2) ? (uint32_t)pick(40) : 0, pick(2) ? (uint32_t)pick(60) : 0,
                     pick(4) == 0 ? (uint32_t)pick(300) : 0);
        break;
    case 26:
        if (pick(3) == 0)
            world_close(i);
        break;
    case 27:
        if (pick(4) == 0)
            world_leave(i);
        break;
    case 28:
        if (pick(40) == 0)
            world_drain(pick(2) ? 1000 : 0, (uint32_t)pick(60), pick(2) ? (uint32_t)pick(200) : 0);
        break;
    default:
        f = flags[pick(4)] | (pick(4) ? 0 : SSE_JOIN_COALESCE) | (pick(3) ? 0 : SSE_JOIN_OLDEST);
        from = (enum from)pick(FROMS);
        n = pick((size_t)w.end + 2);
        if ((!c->in || pick(8) == 0) && world_join(i, f, from, n) >= SSE_OK && pick(2))
            world_filter(i, (int)pick(1 << TAGS));
    }
}
