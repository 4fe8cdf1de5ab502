/* channel.c - a channel and its subscribers under any calls in any order, from outside and from
 * their callbacks, beside a list of what was published and what each client was given.
 *
 * What a client is given is whole events, those that it may see, in their order; of each that it
 * is not given it was told, by a gap event or by being closed. See channel_due.h. */
#include "channel_client.h"

#include <string.h>

enum { INPUT_MAX = 1024 };

static client *take_client(void)
{
    return &clients[take_below(hall.in, CLIENTS)];
}

/* What must be true of who is counted when an event was published. What was said to fit makes
 * nobody lose anything; who loses what it waited for, and is not to be told, is closed. */
static void check_published(const sse_published *got, uint64_t subscribers, int fits,
                            const uint64_t *wanted)
{
    size_t i;

    demand(got->number == twin.end - 1);
    demand(got->woken + got->waiting <= subscribers);
    demand(got->closed <= got->lagged && got->lagged <= got->waiting);
    demand(hall.expired || fits == (got->lagged == 0));
    for (i = 0; i < CLIENTS; i++)
        if (wanted[i] < twin.first)
            demand(!fits && clients[i].s == NULL);
}

static void do_publish(void)
{
    const uint64_t tag = take_byte(hall.in), key = tag >> 1 & 3, was = hall.sum.subscribers;
    const sse_event ev = twin_take(hall.in, 'e', twin.end);
    const unsigned inner = hall.inner;
    uint64_t wanted[CLIENTS];
    sse_published result;
    past p;
    const int want = twin_expects(&ev, tag & 1, key, hall.now_ms, &p);
    const int fits = sse_channel_fits(&hall.ch, p.bytes.len);
    size_t i;

    for (i = 0; i < CLIENTS; i++)
        wanted[i] = clients[i].s ? due_wants(&clients[i].due) : UINT64_MAX;
    if (want == SSE_OK) { /* known ahead of the call, in which it may be heard */
        twin_add(&p);
        hall.sum.events++;
        hall.sum.bytes += p.bytes.len;
        if (hall.depth > 0)
            look_at_all();
    }
    demand(sse_channel_publish(&hall.ch, &ev, tag & 1, key, &result) == want);
    if (want != SSE_OK)
        demand(result.number == 0 && result.woken == 0 && result.waiting == 0);
    else if (inner == hall.inner && hall.depth == 0)
        check_published(&result, was, fits, wanted);
}

/* Events of the log get too old. */
static void do_expire(void)
{
    const uint64_t before_ms = hall.now_ms - take_below(hall.in, 64);

    twin_expire(before_ms);
    hall.expired = 1;
    if (hall.depth > 0)
        look_at_all();
    demand(sse_replay_expire(twin.log, before_ms) == SSE_OK);
}

/* Whoever has a sink that does not block has everything. */
static void do_flush_all(void)
{
    const unsigned inner = hall.inner;
    size_t i;

    look_at_all();
    for (i = 0; i < CLIENTS; i++)
        if (clients[i].pushes && clients[i].sleep == AWAKE)
            clients[i].sleep = PERHAPS;
    demand(sse_channel_flush(&hall.ch) == SSE_OK);
    for (i = 0; i < CLIENTS && inner == hall.inner && hall.depth == 0; i++) {
        const client *const c = &clients[i];

        demand(!c->s || !c->pushes || c->blocked || c->pace_ms > 0 || !due_is_owed(&c->due));
    }
}

static void tick(uint64_t now_ms)
{
    size_t i;

    look_at_all();
    for (i = 0; i < CLIENTS; i++) {
        clients[i].due.beats++;
        if (now_ms < hall.now_ms)
            clients[i].woken_ms = now_ms;
    }
    if (says.drains && says.parting == 0)
        says.parting = twin.end;
    hall.now_ms = now_ms;
    demand(sse_channel_tick(&hall.ch, now_ms) == SSE_OK);
}

static void do_tick(void)
{
    const uint64_t by_ms = take_below(hall.in, 64);

    tick(take_below(hall.in, 16) ? hall.now_ms + by_ms : hall.now_ms - by_ms);
}

/* Nothing is due ahead of the time that is told. */
static void do_wait(void)
{
    sse_counters before, after;
    uint64_t wait_ms = 1;

    demand(sse_channel_wait(&hall.ch, &wait_ms) == SSE_OK);
    if (wait_ms == 0 || wait_ms == UINT64_MAX)
        return;
    sse_channel_counters(&hall.ch, &before);
    tick(hall.now_ms + wait_ms - 1);
    sse_channel_counters(&hall.ch, &after);
    demand(memcmp(&before, &after, sizeof before) == 0);
}

static void do_drain(void)
{
    static const sse_event farewell = {{NULL, 0}, {NULL, 0}, {"bye", 3}, {"farewell", DUE_MARK}, 0};

    if (take_below(hall.in, 8) > 0)
        return;
    if (!says.drains) {
        says.farewell = take_below(hall.in, 4) ? &farewell : NULL;
        says.retry_ms = take_below(hall.in, 3000);
        says.retry_window_ms = take_below(hall.in, 3000);
        says.drains = 1;
        if (hall.depth > 0) /* perhaps inside of a tick, which then begins with it */
            says.parting = twin.end;
    }
    demand(sse_channel_drain(&hall.ch, says.farewell, says.retry_ms, says.retry_window_ms,
                             take_below(hall.in, 64)) == SSE_OK);
}

/* What one client does. */
static void do_client(void)
{
    client *const c = take_client();

    if (c->s == NULL) {
        client_join(c);
        return;
    }
    switch (take_below(hall.in, 16)) {
    case 0:
        client_close(c);
        break;
    case 1:
        client_leave(c);
        break;
    case 2:
    case 3:
        client_send(c);
        break;
    case 4:
    case 5:
        client_peek(c);
        break;
    case 6:
        client_consume(c, take_below(hall.in, 1024));
        break;
    case 7:
        client_consume(c, c->offer ? c->offered.len : 0);
        break;
    case 8:
    case 9:
        client_read(c, take_below(hall.in, 512));
        break;
    case 10:
        client_take_all(c);
        break;
    default:
        client_flush(c);
    }
}

/* What is true behind each call: who waits to be woken is due nothing, and what was counted. */
static void check(void)
{
    sse_counters got;
    uint64_t gaps = hall.sum.gaps, beats = hall.sum.heartbeats;
    size_t i;

    for (i = 0; i < CLIENTS; i++) {
        const client *const c = &clients[i];

        if (c->s && c->sleep == ASLEEP && c->wakes && c->pace_ms == 0)
            demand(!due_is_owed(&c->due));
        gaps += c->s ? c->due.gaps_heard : 0;
        beats += c->s ? c->due.beats_heard : 0;
    }
    demand(sse_channel_counters(&hall.ch, &got) == SSE_OK);
    demand(got.subscribers == hall.sum.subscribers && got.joined == hall.sum.joined);
    demand(got.resumed == hall.sum.resumed && got.missed == hall.sum.missed);
    demand(got.events == hall.sum.events && got.bytes == hall.sum.bytes);
    demand(got.delivered == hall.sum.delivered && got.closed == hall.sum.closed);
    demand(got.gaps >= gaps && got.heartbeats >= beats);
}

void make_call(void)
{
    static void (*const calls[])(void) = {
        do_publish, do_publish, do_publish, do_flush_all, do_flush_all, do_tick,  do_wait,
        do_drain,   do_client,  do_client,  do_client,    do_client,    do_expire};

    calls[take_below(hall.in, sizeof calls / sizeof calls[0])]();
}

static void begin(void)
{
    static const sse_event beat = {
        {NULL, 0}, {NULL, 0}, {"ping", 4}, {"heartbeat", DUE_MARK + 1}, 0};
    const uint32_t heartbeat_ms = take_below(hall.in, 2) ? take_below(hall.in, 64) : 0;

    says.beat = take_below(hall.in, 2) ? &beat : NULL;
    hall.now_ms = 1000;
    demand(sse_channel_init(&hall.ch, twin.log, heartbeat_ms, says.beat, hall.now_ms) == SSE_OK);
}

/* Let everyone take all there is: then they have it all, or were closed. */
static void finish(void)
{
    size_t i, rounds;

    for (rounds = 0; rounds < 4; rounds++) {
        tick(hall.now_ms + 100000);
        for (i = 0; i < CLIENTS; i++)
            if (clients[i].s)
                client_take_all(&clients[i]);
    }
    for (i = 0; i < CLIENTS; i++)
        if (clients[i].s) {
            demand(!says.drains && !due_is_owed(&clients[i].due));
            client_leave(&clients[i]);
        }
    check();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    input in = {data, size < INPUT_MAX ? size : INPUT_MAX};
    size_t i;

    memset(&hall, 0, sizeof hall);
    memset(&says, 0, sizeof says);
    for (i = 0; i < CLIENTS; i++)
        clients[i].s = NULL;
    hall.in = &in;
    twin_begin(&in);
    begin();
    while (in.left > 0) {
        make_call();
        check();
    }
    finish();
    release_all();
    return 0;
}
