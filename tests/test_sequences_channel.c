/* test_sequences_channel.c - every sequence of calls of a channel and a subscriber, up to length 6,
 * against a plain list of what the client is to hear; with a log that keeps two events, so that
 * some are lost. test_channel_model.c has two clients, who lose none. */
#include "sequence.h"
#include "sequence_channel.h"
#include "text.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

enum { LENGTH = 6, BEAT_MS = 50 };

static sse_event digit(sse_str type, uint64_t number)
{
    static char text[3];
    sse_event ev = {ABSENT, ABSENT, ABSENT, ABSENT, 0};

    ev.type = type;
    ev.data.ptr = text;
    ev.data.len = (size_t)snprintf(text, sizeof text, "%u", (unsigned)number);
    return ev;
}

static int publish(void)
{
    const uint64_t number = sse_replay_end(seq_log());
    const sse_str none = ABSENT;
    const sse_event ev = digit(none, number);
    sse_published result;

    seq_before();
    if (seq_model.joined && !seq_model.due.closing)
        seq_model.due.end = number + 1;
    assert_int_equal(sse_channel_publish(&seq_it.ch, &ev, 0, 0, &result), SSE_OK);
    assert_true(result.number == number);
    assert_int_equal(result.woken, seq_call.wakes);
    assert_int_equal(result.closed, seq_call.closes);
    return seq_after(SSE_OK, 0);
}

/* Join, if it has not. Returns as after. */
static int join(const char *last_id, uint64_t from, uint32_t flags)
{
    sse_join how = {
        NULL, seq_kind.pushes ? seq_sink : NULL, seq_on_wake, seq_on_close, NULL, &seq_call, 0, 0};
    int want = SSE_OK, status;

    if (seq_model.joined)
        return 1;
    seq_before();
    if (last_id && (from == 0 || from < sse_replay_first(seq_log())))
        want = SSE_GAP;
    how.flags = seq_kind.flags | flags;
    how.writer = sse_writer_init(seq_it.writer, SSE_WRITER_OVERHEAD + SEQ_QUEUE, seq_kind.framing);
    assert_int_equal(sse_writer_raw(how.writer, CLIENT_HEAD, strlen(CLIENT_HEAD)), SSE_OK);
    status = sse_channel_join(&seq_it.ch, &seq_it.s, &how, last_id, last_id ? strlen(last_id) : 0);
    assert_int_equal(status, seq_model.draining ? SSE_E_STATE : want);
    if (status < SSE_OK) {
        memset(seq_it.writer, 0, sizeof seq_it.writer);
    } else {
        seq_model.joined = 1;
        seq_model.ready = seq_kind.pushes;
        seq_model.due.framing = seq_kind.framing;
        seq_model.due.from = from;
        seq_model.due.end = sse_replay_end(seq_log());
    }
    return seq_after(status, 0);
}

static int join_new(void)
{
    return join(NULL, sse_replay_end(seq_log()), 0);
}

static int join_from_log(void)
{
    return join(NULL, sse_replay_first(seq_log()), SSE_FROM_LOG);
}

static int come_back(void)
{
    return join("e-1", 2, 0);
}

static int come_back_unknown(void)
{
    return join("d-1", 0, 0);
}

static int leave(void)
{
    int status;

    seq_before();
    status = sse_subscriber_leave(&seq_it.s);
    assert_int_equal(status, seq_model.joined ? SSE_OK : SSE_E_STATE);
    assert_int_equal(seq_call.closes, seq_model.joined);
    return seq_after(status, 1);
}

static int close(void)
{
    int status;

    seq_before();
    status = seq_close(&seq_it.s);
    assert_int_equal(status, seq_model.joined ? SSE_OK : SSE_E_ARG);
    assert_false(seq_model.asleep);
    return seq_after(status, 0);
}

/* What the state makes of a private event. */
static int may_send(void)
{
    if (!seq_model.joined)
        return SSE_E_ARG;
    return seq_model.due.closing ? SSE_E_STATE : SSE_OK;
}

static int send(void)
{
    const sse_event ev = digit(SSE_LIT("private"), seq_model.due.private_count);
    const int want = may_send();
    int status;
    heard h;

    seq_before();
    status = sse_subscriber_send(&seq_it.s, &ev);
    if (want == SSE_OK && status == SSE_AGAIN) { /* it waits for the gap event */
        h = seq_hear();
        assert_true(seq_kind.flags & SSE_STAGED && seq_has_lost(&h));
    } else {
        assert_int_equal(status, want);
    }
    if (status == SSE_OK)
        seq_model.due.behind[seq_model.due.private_count++] = sse_replay_end(seq_log());
    return seq_after(status, 0);
}

static int consume_none(void)
{
    return seq_consume(0);
}

static int consume_one(void)
{
    return seq_model.offer_len > 0 ? seq_consume(1) : 1;
}

static int consume_all(void)
{
    return seq_consume(seq_model.offer_len);
}

static int read_five(void)
{
    return seq_read(5);
}

static int flush_all(void)
{
    return seq_flush((size_t)-1, SSE_OK, NULL);
}

static int flush_blocked(void)
{
    return seq_flush(0, SSE_AGAIN, NULL);
}

static int flush_five(void)
{
    return seq_flush(5, SSE_OK, NULL);
}

static int flush_twenty(void)
{
    return seq_flush(20, SSE_AGAIN, NULL);
}

static int flush_failing(void)
{
    return seq_flush(0, SSE_E_IO, NULL);
}

static int flush_leaving(void)
{
    return seq_flush(5, SSE_OK, sse_subscriber_leave);
}

static int flush_closing(void)
{
    return seq_flush((size_t)-1, SSE_OK, seq_close);
}

static int flush_channel(void)
{
    const int was_ready = seq_model.ready;

    seq_before();
    seq_call.budget = (size_t)-1;
    assert_int_equal(sse_channel_flush(&seq_it.ch), SSE_OK);
    assert_true(was_ready || seq_call.sunk == 0);
    seq_model.ready = 0;
    if (was_ready)
        seq_model.asleep = 1;
    return seq_after(SSE_OK, 0);
}

static int tick(void)
{
    seq_before();
    if (seq_model.joined && seq_model.asleep)
        seq_model.due.beats++;
    if (seq_model.joined && seq_model.draining && !seq_model.due.closing)
        seq_model.due.closing = seq_model.due.parting = 1;
    seq_model.now_ms += BEAT_MS;
    assert_int_equal(sse_channel_tick(&seq_it.ch, seq_model.now_ms), SSE_OK);
    return seq_after(SSE_OK, 0);
}

static int drain(void)
{
    static const sse_event bye = {ABSENT, ABSENT, TEXT("bye"), TEXT(""), 0};

    seq_before();
    assert_int_equal(sse_channel_drain(&seq_it.ch, &bye, 0, 0, 0), SSE_OK);
    seq_model.draining = 1;
    return seq_after(SSE_OK, 0);
}

/* What is wrong is refused. */
static int call_wrongly(void)
{
    static const sse_event forged = {ABSENT, ABSENT, TEXT("a\ndata: b"), TEXT("c"), 0};
    static const sse_event named = {ABSENT, TEXT("e-1"), ABSENT, TEXT("c"), 0};
    static size_t memory[SSE_WRITER_WORDS(SEQ_QUEUE)];
    static sse_subscriber other;
    const int sends = may_send();
    sse_join how = {NULL, NULL, NULL, NULL, NULL, NULL, 0, 0};
    sse_published result;
    const void *bytes;
    size_t n;

    seq_before();
    assert_int_equal(sse_channel_publish(&seq_it.ch, NULL, 0, 0, &result), SSE_E_ARG);
    assert_int_equal(sse_channel_publish(&seq_it.ch, &named, 0, 0, &result), SSE_E_ARG);
    assert_int_equal(sse_channel_publish(&seq_it.ch, &forged, 0, 0, NULL), SSE_E_FIELD);
    assert_int_equal(sse_channel_drain(&seq_it.ch, &forged, 0, 0, 0), SSE_E_FIELD);
    assert_int_equal(sse_channel_drain(&seq_it.ch, &named, 0, 0, 0), SSE_E_ARG);
    assert_int_equal(sse_channel_join(&seq_it.ch, &other, NULL, NULL, 0), SSE_E_ARG);
    assert_int_equal(sse_channel_join(&seq_it.ch, &other, &how, NULL, 0), SSE_E_ARG);
    how.writer =
        sse_writer_init(memory, SSE_WRITER_OVERHEAD + SEQ_QUEUE, seq_kind.framing ^ SSE_CHUNKED);
    assert_int_equal(sse_channel_join(&seq_it.ch, &other, &how, NULL, 0), SSE_E_ARG);
    how.writer = sse_writer_init(memory, SSE_WRITER_OVERHEAD + SEQ_QUEUE - 1, seq_kind.framing);
    assert_int_equal(sse_channel_join(&seq_it.ch, &other, &how, NULL, 0), SSE_E_ARG);
    how.writer = sse_writer_init(memory, SSE_WRITER_OVERHEAD + SEQ_QUEUE, seq_kind.framing);
    assert_int_equal(sse_channel_join(&seq_it.ch, NULL, &how, NULL, 0), SSE_E_ARG);
    assert_int_equal(sse_channel_join(&seq_it.ch, &other, &how, NULL, 1), SSE_E_ARG);
    how.flags = 16;
    assert_int_equal(sse_channel_join(&seq_it.ch, &other, &how, NULL, 0), SSE_E_ARG);
    assert_int_equal(sse_subscriber_send(&seq_it.s, NULL), SSE_E_ARG);
    assert_int_equal(sse_subscriber_send(&seq_it.s, &named), sends ? sends : SSE_E_ARG);
    assert_int_equal(sse_subscriber_send(&seq_it.s, &forged), sends ? sends : SSE_E_FIELD);
    assert_int_equal(sse_subscriber_consume(&seq_it.s, seq_model.offer_len + 1), SSE_E_ARG);
    assert_int_equal(sse_subscriber_consume(&seq_it.s, (size_t)-1), SSE_E_ARG);
    assert_int_equal(sse_subscriber_read(&seq_it.s, NULL, 1, &n), SSE_E_ARG);
    assert_int_equal(sse_subscriber_read(&seq_it.s, &n, 0, &n), SSE_E_ARG);
    assert_int_equal(sse_subscriber_peek(NULL, &bytes, &n), SSE_E_ARG);
    assert_int_equal(sse_subscriber_close(NULL), SSE_E_ARG);
    assert_int_equal(sse_subscriber_leave(NULL), SSE_E_ARG);
    if (!seq_kind.pushes)
        assert_int_equal(sse_subscriber_flush(&seq_it.s),
                         seq_model.joined ? SSE_E_STATE : SSE_E_ARG);
    assert_int_equal(seq_call.closes, 0);
    return 1;
}

static void settle(void)
{
    if (seq_model.joined)
        blank_free(seq_it.writer, SSE_WRITER_OVERHEAD + SEQ_QUEUE);
}

/* Let the client have all that it is owed; it leaves, if it has not been closed. */
static void finish(void)
{
    if (seq_model.joined && seq_kind.pushes)
        flush_all();
    else if (seq_model.joined)
        seq_read_all();
    if (seq_model.joined)
        leave();
}

static void check(size_t left)
{
    sse_counters counters;

    assert_int_equal(sse_channel_counters(&seq_it.ch, &counters), SSE_OK);
    assert_true(counters.subscribers == (uint64_t)seq_model.joined);
    if (left == 0)
        finish();
}

static const sequence_call pulls[] = {
    CALL(publish),      CALL(send),
    CALL(seq_peek),     CALL(consume_none),
    CALL(consume_one),  CALL(consume_all),
    CALL(read_five),    CALL(seq_read_all),
    CALL(close),        CALL(leave),
    CALL(join_new),     CALL(join_from_log),
    CALL(come_back),    CALL(come_back_unknown),
    CALL(tick),         CALL(drain),
    CALL(call_wrongly),
};
static const sequence_call pushes[] = {
    CALL(publish),       CALL(send),
    CALL(flush_all),     CALL(flush_blocked),
    CALL(flush_five),    CALL(flush_twenty),
    CALL(flush_failing), CALL(flush_leaving),
    CALL(flush_closing), CALL(flush_channel),
    CALL(close),         CALL(leave),
    CALL(join_new),      CALL(come_back_unknown),
    CALL(tick),          CALL(drain),
    CALL(call_wrongly),
};

/* Walk from a log of two events, and a client that has joined behind them. */
static void walk(const sequence_call *calls, size_t count, uint32_t flags, uint32_t framing,
                 size_t least)
{
    const sequence q = {calls,  count, &seq_it, sizeof seq_it, &seq_model, sizeof seq_model,
                        settle, check};

    memset(&seq_it, 0, sizeof seq_it);
    memset(&seq_model, 0, sizeof seq_model);
    seq_kind.flags = flags;
    seq_kind.framing = framing;
    seq_kind.pushes = calls == pushes;
    seq_model.now_ms = 1000;
    assert_non_null(
        sse_replay_init(seq_it.log, sizeof seq_it.log, SEQ_EVENTS, CLIENT_EPOCH, framing));
    assert_int_equal(sse_channel_init(&seq_it.ch, seq_log(), BEAT_MS, NULL, seq_model.now_ms),
                     SSE_OK);
    publish();
    publish();
    join_new();
    settle();
    assert_true(sequence_walk(&q, LENGTH) > least);
}

static void every_kind(const sequence_call *calls, size_t count, size_t least)
{
    uint32_t i;

    client_texts();
    for (i = 0; i < 8; i++)
        walk(calls, count, (i & 1 ? SSE_SKIP : 0) | (i & 2 ? SSE_STAGED : 0),
             i & 4 ? SSE_CHUNKED : 0, least);
}

static void who_pulls_hears_what_the_list_says_after_every_sequence_of_calls(void **state)
{
    (void)state;
    every_kind(pulls, sizeof pulls / sizeof pulls[0], 250000);
}

static void who_is_pushed_to_hears_what_the_list_says_after_every_sequence_of_calls(void **state)
{
    (void)state;
    every_kind(pushes, sizeof pushes / sizeof pushes[0], 500000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        sequence_test(who_pulls_hears_what_the_list_says_after_every_sequence_of_calls),
        sequence_test(who_is_pushed_to_hears_what_the_list_says_after_every_sequence_of_calls),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
