/* test_faults_channel.c - two clients of a channel, and the sink of one of them has faults: at each
 * of its calls, at each byte, in each shape, once and for ever, and two of them. It gets all that
 * it is owed, or is told what it lost, or is closed, once, for the reason that there was. The other
 * one gets everything. */
#include "sse/subscriber.h"

#include "sequence_client.h"
#include "text.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

enum { EVENTS = 4, ROOM = 4 * 32, ROUNDS = 8, QUEUE = 320, GONE = 0xEE };

enum fault { NONE, BLOCKS, TAKES_NONE, TAKES_ONE, FAILS, LIES, LEAVES, CLOSES, FAULTS };

/* A fault in two calls of a sink, and what comes behind the second one. */
typedef struct plan {
    size_t first, second; /* the numbers of the calls, from 1; 0: there is none */
    enum fault one, other;
    int for_ever; /* the second fault comes again in each call behind its own */
} plan;

typedef struct client {
    due due;
    plan plan;
    size_t most; /* what its sink takes in a call without a fault */
    size_t calls;
    int closes, reason;
    enum fault over; /* the fault that has ended it; NONE: none has */
    const void *offer;
    size_t offer_len;
    sse_subscriber s;
    size_t writer[SSE_WRITER_WORDS(QUEUE)];
} client;

static uint64_t log_memory[SSE_REPLAY_WORDS(EVENTS, ROOM)];
static sse_channel ch;
static client faulty, sound;
static uint32_t flags, framing;
static int is_running;

/* How many runs ended so, and in how many a gap was told. */
static struct {
    size_t complete, failed, left, lagged, torn, told;
} runs;

static sse_replay *the_log(void)
{
    return (sse_replay *)(void *)log_memory;
}

static enum fault fault_now(const client *c)
{
    if (c->calls == c->plan.first)
        return c->plan.one;
    if (c->calls == c->plan.second || (c->plan.for_ever && c->calls > c->plan.second))
        return c->plan.other;
    return NONE;
}

static void close_it(client *c)
{
    assert_int_equal(sse_subscriber_close(&c->s), SSE_OK);
    c->due.closing = 1;
}

/* What was offered in vain is offered again, to a transport that holds on to it. */
static void check_offer(client *c, const void *bytes, size_t len)
{
    if (flags & SSE_STAGED && c->offer_len > 0) {
        assert_ptr_equal(bytes, c->offer);
        assert_int_equal(len, c->offer_len);
    }
    c->offer = bytes;
    c->offer_len = len;
}

static int sink(void *user, const void *bytes, size_t len, size_t *taken)
{
    client *const c = user;
    enum fault now;
    size_t n;

    assert_int_equal(c->closes, 0);
    assert_int_equal(c->over, NONE);
    assert_true(len > 0);
    check_offer(c, bytes, len);
    c->calls++;
    now = fault_now(c);
    n = now == TAKES_ONE ? 1 : now == NONE || now == CLOSES ? c->most : 0;
    n = n < len ? n : len;
    assert_true(n <= sizeof c->due.bytes - c->due.len);
    memcpy(c->due.bytes + c->due.len, bytes, n);
    c->due.len += n;
    if (n > 0)
        c->offer_len = 0;
    if (now == CLOSES)
        close_it(c);
    if (now == LEAVES)
        assert_int_equal(sse_subscriber_leave(&c->s), SSE_OK);
    if (now == FAILS || now == LIES || now == LEAVES)
        c->over = now;
    *taken = now == LIES ? len + 1 : n;
    return now == FAILS ? SSE_E_IO : now == BLOCKS || now == TAKES_ONE ? SSE_AGAIN : SSE_OK;
}

static void on_close(void *user, sse_subscriber *s, int reason)
{
    client *const c = user;

    assert_ptr_equal(s, &c->s);
    c->closes++;
    c->reason = reason;
    memset(&c->s, GONE, sizeof c->s);
    memset(c->writer, GONE, sizeof c->writer);
}

static void join(client *c, const plan *p, size_t most)
{
    sse_join how = {NULL, sink, NULL, on_close, NULL, c, 0, 0};

    memset(c, 0, sizeof *c);
    c->plan = *p;
    c->most = most;
    c->due.framing = framing;
    c->due.from = c->due.end = sse_replay_end(the_log());
    how.flags = flags;
    how.writer = sse_writer_init(c->writer, SSE_WRITER_OVERHEAD + QUEUE, framing);
    assert_int_equal(sse_writer_raw(how.writer, CLIENT_HEAD, strlen(CLIENT_HEAD)), SSE_OK);
    assert_int_equal(sse_channel_join(&ch, &c->s, &how, NULL, 0), SSE_OK);
}

static sse_event digit(sse_str type, uint64_t number)
{
    static char text[3];
    sse_event ev = {ABSENT, ABSENT, ABSENT, ABSENT, 0};

    ev.type = type;
    ev.data.ptr = text;
    ev.data.len = (size_t)snprintf(text, sizeof text, "%u", (unsigned)number);
    return ev;
}

static void note_end(client *c)
{
    if (c->closes == 0 && !c->due.closing)
        c->due.end = sse_replay_end(the_log());
}

static void publish(void)
{
    const sse_str none = ABSENT;
    const sse_event ev = digit(none, sse_replay_end(the_log()));

    assert_int_equal(sse_channel_publish(&ch, &ev, 0, 0, NULL), SSE_OK);
    note_end(&faulty);
    note_end(&sound);
}

/* Send it an event of its own; staged, and behind, it is refused, and goes without. */
static void tell(client *c)
{
    const sse_event ev = digit(SSE_LIT("private"), c->due.private_count);
    int status;

    if (c->closes > 0)
        return;
    status = sse_subscriber_send(&c->s, &ev);
    if (c->due.closing)
        assert_int_equal(status, SSE_E_STATE);
    else if (status == SSE_AGAIN)
        assert_true(flags & SSE_STAGED);
    else
        assert_int_equal(status, SSE_OK);
    if (status == SSE_OK)
        c->due.behind[c->due.private_count++] = sse_replay_end(the_log());
}

/* The transport can take more, as it says. */
static void writable(client *c)
{
    int status;

    if (c->closes > 0)
        return;
    status = sse_subscriber_flush(&c->s);
    if (c->closes > 0)
        assert_int_equal(status, c->reason == SSE_OK ? SSE_END : c->reason);
    else
        assert_in_range(status, SSE_OK, SSE_AGAIN);
}

/* Close it, and let it have what it is owed. */
static void finish(client *c)
{
    int i;

    if (c->closes == 0 && !c->due.closing)
        close_it(c);
    c->plan.for_ever = 0;
    for (i = 0; i < 4; i++)
        writable(c);
    assert_int_equal(c->closes, 1);
}

/* Demand that its stream holds what it was owed, up to its end, for which there was a reason. */
static heard check(const client *c)
{
    const uint64_t first = sse_replay_first(the_log());
    const heard h = hear(&c->due, c->due.len, first);
    const int has_lost = h.next < c->due.end && h.next < first;
    char gone[sizeof c->writer];

    assert_int_equal(c->reason == SSE_OK, c->over == LEAVES);
    assert_int_equal(c->reason == SSE_E_IO, c->over == FAILS || c->over == LIES);
    if (c->reason == SSE_END)
        assert_false(is_owed(&c->due, &h));
    else if (c->reason == SSE_GAP)
        assert_true(!(flags & SSE_SKIP) && has_lost);
    else if (c->reason == SSE_E_TORN)
        assert_true(h.cut > 0 && h.cut < first);
    else
        assert_int_not_equal(c->over, NONE);
    memset(gone, GONE, sizeof gone);
    assert_memory_equal(&c->s, gone, sizeof c->s);
    assert_memory_equal(c->writer, gone, sizeof c->writer);
    parse_heard(&c->due, &h);
    return h;
}

static void count(const heard *h)
{
    runs.complete += faulty.reason == SSE_END;
    runs.failed += faulty.reason == SSE_E_IO;
    runs.left += faulty.reason == SSE_OK;
    runs.lagged += faulty.reason == SSE_GAP;
    runs.torn += faulty.reason == SSE_E_TORN;
    runs.told += h->gaps > 0;
}

/* One run with such faults. Returns how often the faulty sink was called. */
static size_t run(const plan *p, size_t most)
{
    static const plan without = {0, 0, NONE, NONE, 0};
    heard h;
    int round;

    is_running = 1;
    assert_non_null(sse_replay_init(log_memory, sizeof log_memory, EVENTS, CLIENT_EPOCH, framing));
    assert_int_equal(sse_channel_init(&ch, the_log(), 0, NULL, 0), SSE_OK);
    join(&faulty, p, most);
    join(&sound, &without, (size_t)-1);
    for (round = 1; round <= ROUNDS; round++) {
        publish();
        if (round % 2 == 0) {
            tell(&faulty);
            tell(&sound);
        }
        assert_int_equal(sse_channel_flush(&ch), SSE_OK);
        if (round % 3 == 0)
            writable(&faulty);
    }
    finish(&faulty);
    finish(&sound);
    h = check(&sound);
    assert_int_equal(sound.reason, SSE_END);
    assert_int_equal(h.shared, ROUNDS);
    assert_int_equal(h.privates, ROUNDS / 2);
    assert_int_equal(h.gaps, 0);
    h = check(&faulty);
    count(&h);
    is_running = 0;
    return faulty.calls;
}

/* A teardown that prints the run which the test has failed in. */
static int runs_are_over(void **state)
{
    const plan *const p = &faulty.plan;

    (void)state;
    if (!is_running)
        return 0;
    fprintf(stderr, "in the run: flags %u, framing %u, %zu bytes a call, fault %d in call %zu,",
            (unsigned)flags, (unsigned)framing, faulty.most, (int)p->one, p->first);
    fprintf(stderr, " %d in call %zu%s\n", (int)p->other, p->second,
            p->for_ever ? " and all that follow" : "");
    is_running = 0;
    return -1;
}

/* Go through the kinds of subscriber. */
static void every_kind(void (*with)(void))
{
    uint32_t i;

    client_texts();
    memset(&runs, 0, sizeof runs);
    for (i = 0; i < 8; i++) {
        flags = (i & 1 ? SSE_SKIP : 0) | (i & 2 ? SSE_STAGED : 0);
        framing = i & 4 ? SSE_CHUNKED : 0;
        with();
    }
    assert_true(runs.complete > 100 && runs.failed > 100 && runs.left > 100);
    assert_true(runs.lagged > 100 && runs.told > 100);
}

static void one_fault(void)
{
    static const size_t most[] = {1, 7, (size_t)-1};
    plan p = {0, 0, NONE, NONE, 0};
    size_t i, calls;

    for (i = 0; i < sizeof most / sizeof most[0]; i++) {
        p.second = 0;
        p.other = NONE;
        p.for_ever = 0;
        calls = run(&p, most[i]);
        assert_int_equal(faulty.reason, SSE_END);
        for (p.second = 1; p.second <= calls; p.second++)
            for (p.other = BLOCKS; p.other < FAULTS; p.other++)
                for (p.for_ever = 0; p.for_ever < 2; p.for_ever++)
                    run(&p, most[i]);
    }
}

static void a_fault_in_any_call_loses_nothing_in_silence(void **state)
{
    (void)state;
    every_kind(one_fault);
}

static void two_faults(void)
{
    plan p = {0, 0, NONE, NONE, 0};
    const size_t calls = run(&p, 20);

    for (p.first = 1; p.first < calls; p.first++)
        for (p.second = p.first + 1; p.second <= calls; p.second++)
            for (p.one = BLOCKS; p.one < FAULTS; p.one++)
                for (p.other = BLOCKS; p.other < FAULTS; p.other++)
                    for (p.for_ever = 0; p.for_ever < 2; p.for_ever++)
                        run(&p, 20);
}

static void two_faults_lose_nothing_in_silence(void **state)
{
    (void)state;
    every_kind(two_faults);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(a_fault_in_any_call_loses_nothing_in_silence, runs_are_over),
        cmocka_unit_test_teardown(two_faults_lose_nothing_in_silence, runs_are_over),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
