/* test_fanout_reentry.c - anything may be called from a sink, a wake and an on_close.
 *
 * A player does in each of its callbacks what a script says: leave, make another one leave, close,
 * publish, send, flush, join a new one. Its memory is freed in its on_close, so that whatever is
 * touched later is found by the address sanitizer. */
#include "dice.h"

#include <sse/subscriber.h>

#include <stdarg.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum { PLAYERS = 6, QUEUE = 400, DEPTH_MAX = 6 };

typedef enum deed {
    NOTHING,
    LEAVE,
    LEAVE_OTHER,
    LEAVE_ALL,
    CLOSE,
    CLOSE_OTHER,
    SEND,
    SEND_OTHER,
    PUBLISH,
    PUBLISH_MUCH, /* more than the log has */
    FLUSH,
    FLUSH_SELF,
    TICK,
    READ_OTHER,
    JOIN,
    FAIL, /* a sink */
    DEEDS
} deed;

typedef enum moment { AT_SINK, AT_WAKE, AT_CLOSE, MOMENTS } moment;

typedef struct player {
    sse_subscriber s;
    size_t place;
    int pulls;
    size_t writer[SSE_WRITER_WORDS(QUEUE)];
} player;

static uint64_t memory[SSE_REPLAY_WORDS(8, 300)];
static sse_replay *the_log;
static sse_channel channel;
static player *players[PLAYERS]; /* NULL: closed, and freed */
static deed script[PLAYERS][MOMENTS];
static size_t joined, closed, depth;
static uint64_t now_ms;

static void act(player *self, moment when);

static void publish(void)
{
    const sse_event ev = {.data = {"some text, of no account", 24}};

    sse_channel_publish(&channel, &ev, 0, 0, NULL);
}

static int sink(void *user, const void *bytes, size_t len, size_t *taken)
{
    player *p = user;
    const deed will = script[p->place][AT_SINK];

    assert_true(bytes != NULL && len > 0);
    *taken = will == FAIL ? 0 : 1 + below(len);
    act(p, AT_SINK);
    if (will == FAIL)
        return -1;
    return below(4) ? SSE_OK : SSE_AGAIN;
}

static void wake(void *user, sse_subscriber *s)
{
    player *p = user;

    assert_ptr_equal(s, &p->s);
    act(p, AT_WAKE);
}

static void on_close(void *user, sse_subscriber *s, int reason)
{
    player *p = user;

    assert_ptr_equal(s, &p->s);
    assert_ptr_equal(players[p->place], p); /* once */
    assert_true(reason == SSE_OK || reason == SSE_END || reason == SSE_GAP || reason == SSE_E_IO ||
                reason == SSE_E_TORN);
    players[p->place] = NULL;
    closed++;
    act(p, AT_CLOSE);
    memset(p, 0xA5, sizeof *p);
    free(p);
}

static void join(size_t place)
{
    static const uint32_t flags[] = {0, SSE_SKIP, SSE_STAGED | SSE_SKIP, SSE_FROM_LOG, SSE_STAGED};
    player *p;
    sse_join how = {.wake = wake, .on_close = on_close};

    if (players[place])
        return;
    p = malloc(sizeof *p);
    assert_non_null(p);
    memset(p, 0x5A, sizeof *p);
    p->place = place;
    p->pulls = below(2) == 0;
    players[place] = p;
    how.writer = sse_writer_init(p->writer, sizeof p->writer, 0);
    how.sink = p->pulls ? NULL : sink;
    how.user = p;
    how.flags = flags[below(5)];
    how.pace_ms = below(3) ? 0 : 3;
    assert_int_equal(sse_channel_join(&channel, &p->s, &how, NULL, 0), SSE_OK);
    joined++;
}

static void read_some(player *p)
{
    char bytes[64];
    size_t len;

    sse_subscriber_read(&p->s, bytes, 1 + below(sizeof bytes), &len);
}

static void leave(player *p)
{
    assert_in_range(sse_subscriber_leave(&p->s) - SSE_E_STATE, 0, -SSE_E_STATE);
}

static void act(player *self, moment when)
{
    static const sse_event private = {.type = {"private", 7}, .data = {"", 0}};
    const deed will = script[self->place][when];
    player *const other = players[(self->place + 1) % PLAYERS];
    size_t i;

    if (depth == DEPTH_MAX)
        return;
    depth++;
    switch (will) {
    case LEAVE:
        leave(self);
        break;
    case LEAVE_OTHER:
        if (other)
            leave(other);
        break;
    case LEAVE_ALL:
        for (i = 0; i < PLAYERS; i++)
            if (players[i])
                leave(players[i]);
        break;
    case CLOSE:
        sse_subscriber_close(&self->s);
        break;
    case CLOSE_OTHER:
        if (other)
            sse_subscriber_close(&other->s);
        break;
    case SEND:
        sse_subscriber_send(&self->s, &private);
        break;
    case SEND_OTHER:
        if (other)
            sse_subscriber_send(&other->s, &private);
        break;
    case PUBLISH_MUCH:
        for (i = 0; i < 12; i++)
            publish();
        break;
    case PUBLISH:
        publish();
        break;
    case FLUSH:
        sse_channel_flush(&channel);
        break;
    case FLUSH_SELF:
        if (when == AT_SINK)
            assert_int_equal(sse_subscriber_flush(&self->s), SSE_E_STATE);
        else
            sse_subscriber_flush(&self->s);
        break;
    case TICK:
        sse_channel_tick(&channel, now_ms += 5);
        break;
    case READ_OTHER:
        if (other)
            read_some(other);
        break;
    case JOIN:
        join((self->place + 2) % PLAYERS);
        break;
    default:
        break;
    }
    depth--;
}

static void begin(void)
{
    the_log = sse_replay_init(memory, sizeof memory, 8, 1, 0);
    assert_non_null(the_log);
    now_ms = 0;
    joined = closed = depth = 0;
    assert_int_equal(sse_channel_init(&channel, the_log, 7, NULL, now_ms), SSE_OK);
}

/* All leave in the end; each was closed once, and the channel knows of none. */
static void end(void)
{
    sse_counters n;
    size_t i;

    memset(script, 0, sizeof script);
    for (i = 0; i < PLAYERS; i++)
        if (players[i])
            leave(players[i]);
    assert_int_equal(joined, closed);
    sse_channel_counters(&channel, &n);
    assert_int_equal(n.subscribers, 0);
    assert_int_equal(n.joined, joined);
    publish();
    assert_int_equal(sse_channel_flush(&channel), SSE_OK);
    assert_int_equal(sse_channel_tick(&channel, now_ms + 1000), SSE_OK);
}

static void play(unsigned steps)
{
    while (steps-- > 0) {
        const size_t place = below(PLAYERS);

        switch (below(6)) {
        case 0:
        case 1:
            publish();
            break;
        case 2:
            sse_channel_flush(&channel);
            break;
        case 3:
            sse_channel_tick(&channel, now_ms += below(9));
            break;
        case 4:
            join(place);
            break;
        default:
            if (players[place] && players[place]->pulls)
                read_some(players[place]);
            else if (players[place])
                sse_subscriber_flush(&players[place]->s);
        }
    }
}

static void every_deed_is_safe_at_every_moment(void **state)
{
    int will;
    moment when;
    size_t place, i;
    unsigned round;

    (void)state;
    for (will = 0; will < DEEDS; will++) {
        for (when = 0; when < MOMENTS; when++) {
            for (place = 0; place < PLAYERS; place++) {
                for (round = 0; round < 8; round++) {
                    dice_seed(round);
                    memset(script, 0, sizeof script);
                    begin();
                    for (i = 0; i < PLAYERS; i++)
                        join(i);
                    script[place][when] = (deed)will;
                    play(60);
                    end();
                }
            }
        }
    }
}

static void any_deeds_are_safe_together(void **state)
{
    unsigned round;
    size_t i, k;

    (void)state;
    for (round = 0; round < 4000; round++) {
        dice_seed(round);
        begin();
        for (i = 0; i < PLAYERS; i++)
            for (k = 0; k < MOMENTS; k++)
                script[i][k] = below(2) ? (deed)below(DEEDS) : NOTHING;
        for (i = 0; i < PLAYERS; i++)
            join(i);
        play(80);
        end();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_deed_is_safe_at_every_moment),
        cmocka_unit_test(any_deeds_are_safe_together),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
