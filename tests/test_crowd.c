/* test_crowd.c - a crowd is served like everybody else. Subscribers that want to be told when they
 * are woken are never in one; so whatever happens to a channel without such subscribers happens in
 * the same way to a channel of these. */
#include "sse/subscriber.h"

#include "dice.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

enum { PEERS = 5, STORY = 65536, LOG_EVENTS = 8, LOG_BYTES = 256 };

/* What a sink does, beside taking bytes. */
enum deed {
    NOTHING,
    PUBLISH,
    PUBLISH_MUCH, /* so that the log drops what is being sent */
    FLUSH,
    EXPIRE,
    SEND_SELF,
    SEND_NEXT,
    CLOSE_SELF,
    CLOSE_NEXT,
    LEAVE_SELF,
    LEAVE_NEXT,
    LEAVE_LAST,
    FAIL,
    LIE, /* about how much it took */
    TAKE_NONE,
    TAKE_HALF,
    TAKE_HALF_AND_BLOCK,
    TAKE_ALL_AND_BLOCK,
    DEEDS
};

typedef struct peer {
    sse_subscriber subscriber;
    size_t queue[SSE_WRITER_WORDS(SSE_SUBSCRIBER_QUEUE_MIN)];
    int here;
} peer;

/* A channel, and all that has happened, in words. */
typedef struct scene {
    uint64_t memory[SSE_REPLAY_WORDS(LOG_EVENTS, LOG_BYTES)];
    sse_replay *log;
    sse_channel channel;
    peer peers[PEERS];
    enum deed deed; /* of the sink call that comes when countdown is 0 */
    int countdown;
    int depth; /* of publishing and flushing from inside of sinks */
    char story[STORY];
    size_t len;
} scene;

static scene scenes[2], *now;

static void tell(const char *what, size_t who, long long how)
{
    const int n =
        snprintf(now->story + now->len, STORY - now->len, "%s %zu %lld\n", what, who, how);

    assert_true(n > 0 && (size_t)n < STORY - now->len);
    now->len += (size_t)n;
}

static void publish(unsigned times)
{
    const sse_event ev = {.data = SSE_LIT("an event like any other")};

    while (times-- > 0) {
        sse_published p;
        const int status = sse_channel_publish(&now->channel, &ev, 0, 0, &p);

        tell("published", p.woken * 100 + p.waiting, status);
        tell("lagged", p.lagged, p.closed);
    }
}

static void send_to(peer *p)
{
    const sse_event ev = {.comment = SSE_LIT("to one alone")};

    if (p->here)
        tell("sent", (size_t)(p - now->peers), sse_subscriber_send(&p->subscriber, &ev));
}

static void close_one(peer *p)
{
    if (p->here)
        tell("close", (size_t)(p - now->peers), sse_subscriber_close(&p->subscriber));
}

static void leave(peer *p)
{
    if (p->here)
        tell("leave", (size_t)(p - now->peers), sse_subscriber_leave(&p->subscriber));
}

static peer *next_of(peer *p)
{
    return p + 1 < now->peers + PEERS ? p + 1 : now->peers;
}

static void flush(void)
{
    if (now->depth > 2)
        return;
    now->depth++;
    sse_channel_flush(&now->channel);
    now->depth--;
}

static int act(peer *p, enum deed deed, size_t len, size_t *taken)
{
    switch (deed) {
    case PUBLISH:
        publish(1);
        break;
    case PUBLISH_MUCH:
        publish(LOG_EVENTS + 1);
        break;
    case FLUSH:
        flush();
        break;
    case EXPIRE:
        tell("expire", 0, sse_replay_expire(now->log, UINT64_MAX));
        break;
    case SEND_SELF:
        send_to(p);
        break;
    case SEND_NEXT:
        send_to(next_of(p));
        break;
    case CLOSE_SELF:
        close_one(p);
        break;
    case CLOSE_NEXT:
        close_one(next_of(p));
        break;
    case LEAVE_SELF:
        leave(p);
        break;
    case LEAVE_NEXT:
        leave(next_of(p));
        break;
    case LEAVE_LAST:
        leave(&now->peers[PEERS - 1]);
        break;
    case FAIL:
        return SSE_E_IO;
    case LIE:
        *taken = len + 1;
        break;
    case TAKE_NONE:
        *taken = 0;
        break;
    case TAKE_HALF:
        *taken = len / 2;
        break;
    case TAKE_HALF_AND_BLOCK:
        *taken = len / 2;
        return SSE_AGAIN;
    case TAKE_ALL_AND_BLOCK:
        return SSE_AGAIN;
    default:
        break;
    }
    return SSE_OK;
}

static int sink(void *user, const void *bytes, size_t len, size_t *taken)
{
    peer *const p = user;
    int status = SSE_OK;

    *taken = len;
    if (now->countdown-- == 0)
        status = act(p, now->deed, len, taken);
    tell("takes", (size_t)(p - now->peers), status);
    if (status >= SSE_OK && *taken <= len) {
        assert_true(now->len + *taken < STORY);
        memcpy(now->story + now->len, bytes, *taken);
        now->len += *taken;
    }
    return status;
}

static void gone(void *user, sse_subscriber *s, int reason)
{
    peer *const p = user;

    assert_ptr_equal(s, &p->subscriber);
    assert_true(p->here);
    p->here = 0;
    tell("gone", (size_t)(p - now->peers), reason);
}

static void wake(void *user, sse_subscriber *s)
{
    (void)user;
    (void)s;
}

static void join(peer *p, sse_wake *waker, uint32_t flags)
{
    const sse_join how = {.writer = sse_writer_init(p->queue, sizeof p->queue, 0),
                          .sink = sink,
                          .on_close = gone,
                          .wake = waker,
                          .user = p,
                          .flags = flags};

    assert_int_equal(sse_channel_join(&now->channel, &p->subscriber, &how, NULL, 0), SSE_OK);
    p->here = 1;
}

static void begin(scene *s, sse_wake *waker, uint32_t flags)
{
    size_t i;

    now = s;
    memset(s, 0, sizeof *s);
    s->countdown = -1;
    s->log = sse_replay_init(s->memory, sizeof s->memory, LOG_EVENTS, 7, 0);
    assert_int_equal(sse_channel_init(&s->channel, s->log, 0, NULL, 0), SSE_OK);
    for (i = 0; i < PEERS; i++)
        join(&s->peers[i], waker, flags);
    flush();
}

/* Those whose transport was full can go on. */
static void unblock(void)
{
    size_t i;

    for (i = 0; i < PEERS; i++)
        if (now->peers[i].here)
            tell("flushed", i, sse_subscriber_flush(&now->peers[i].subscriber));
}

static void count(void)
{
    sse_counters c;

    assert_int_equal(sse_channel_counters(&now->channel, &c), SSE_OK);
    tell("delivered", (size_t)c.subscribers, (long long)c.delivered);
    tell("woken", (size_t)c.lagged, (long long)c.woken);
    tell("closed", (size_t)c.closed, (long long)c.events);
}

static void assert_same_story(void)
{
    assert_true(scenes[0].len > 0);
    assert_string_equal(scenes[0].story, scenes[1].story);
}

static void play(scene *s, sse_wake *waker, uint32_t flags, enum deed deed, int when,
                 unsigned events)
{
    begin(s, waker, flags);
    publish(1);
    flush();
    s->deed = deed;
    s->countdown = when;
    publish(events);
    flush();
    count();
    publish(1);
    flush();
    unblock();
    flush();
    count();
}

static void whatever_a_sink_does_the_crowd_fares_like_anybody(void **state)
{
    static const uint32_t flags[] = {0, SSE_SKIP, SSE_FROM_LOG};
    size_t f;
    int deed, when;
    unsigned events;

    (void)state;
    for (f = 0; f < sizeof flags / sizeof *flags; f++)
        for (deed = NOTHING; deed < DEEDS; deed++)
            for (when = 0; when < 2 * PEERS; when++)
                for (events = 1; events <= LOG_EVENTS + 2; events++) {
                    play(&scenes[0], NULL, flags[f], (enum deed)deed, when, events);
                    play(&scenes[1], wake, flags[f], (enum deed)deed, when, events);
                    assert_same_story();
                }
}

/* Do what the dice say, some hundred times. */
static void improvise(scene *s, sse_wake *waker, uint64_t seed)
{
    int i;

    begin(s, waker, seed % 2 ? SSE_SKIP : 0);
    dice_seed(seed);
    for (i = 0; i < 200; i++) {
        peer *const p = &s->peers[below(PEERS)];

        s->deed = (enum deed)below(DEEDS);
        s->countdown = (int)below(2 * PEERS);
        switch (below(8)) {
        case 0:
            send_to(p);
            break;
        case 1:
            unblock();
            break;
        case 2:
            if (!p->here)
                join(p, waker, 0);
            break;
        case 3:
            flush();
            break;
        default:
            publish(1 + (unsigned)below(3));
            flush();
        }
    }
    count();
}

static void in_any_course_of_events_the_crowd_fares_like_anybody(void **state)
{
    uint64_t seed;

    (void)state;
    for (seed = 1; seed <= 1000; seed++) {
        improvise(&scenes[0], NULL, seed);
        improvise(&scenes[1], wake, seed);
        assert_same_story();
    }
}

/* The data of all events that were taken, each a letter. */
typedef struct letters {
    char text[16];
    size_t len;
} letters;

static int gather(void *user, const void *bytes, size_t len, size_t *taken)
{
    letters *const all = user;
    const char *at = bytes;
    const char *const end = at + len;

    for (; (at = memchr(at, '\n', (size_t)(end - at))) != NULL; at++)
        if (at > (const char *)bytes && at[-1] != '\n' && at + 1 < end && at[1] == '\n')
            all->text[all->len++] = at[-1];
    *taken = len;
    return SSE_OK;
}

static int is_even(void *user, uint64_t tag)
{
    (void)user;
    return tag % 2 == 0;
}

static void publish_letter(uint64_t tag, uint64_t key, const char *letter)
{
    const sse_event ev = {.data = {letter, 1}};

    assert_int_equal(sse_channel_publish(&now->channel, &ev, tag, key, NULL), SSE_OK);
}

static void who_asks_for_something_of_its_own_gets_it(void **state)
{
    static const sse_join hows[] = {
        {.filter = is_even}, {.pace_ms = 100}, {.flags = SSE_COALESCE}, {.flags = SSE_STAGED}};
    static const char *const before[] = {"b", "abc", "bc", "abc"};
    static const char *const after[] = {"bd", "abcd", "bcd", "abcd"};
    letters got[4];
    size_t i;

    (void)state;
    begin(&scenes[0], NULL, 0);
    memset(got, 0, sizeof got);
    for (i = 0; i < 4; i++) {
        peer *const p = &now->peers[i];
        sse_join how = hows[i];

        leave(p);
        how.writer = sse_writer_init(p->queue, sizeof p->queue, 0);
        how.sink = gather;
        how.user = &got[i];
        assert_int_equal(sse_channel_join(&now->channel, &p->subscriber, &how, NULL, 0), SSE_OK);
    }
    flush();
    publish_letter(1, 1, "a");
    publish_letter(2, 0, "b");
    publish_letter(1, 1, "c");
    flush();
    for (i = 0; i < 4; i++)
        assert_string_equal(got[i].text, before[i]);
    publish_letter(2, 0, "d");
    flush();
    assert_string_equal(got[1].text, "abc"); /* it is too soon */
    assert_int_equal(sse_channel_tick(&now->channel, 100), SSE_OK);
    flush();
    for (i = 0; i < 4; i++)
        assert_string_equal(got[i].text, after[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whatever_a_sink_does_the_crowd_fares_like_anybody),
        cmocka_unit_test(in_any_course_of_events_the_crowd_fares_like_anybody),
        cmocka_unit_test(who_asks_for_something_of_its_own_gets_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
