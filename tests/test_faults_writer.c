/* SPDX-License-Identifier: MIT */
/* test_faults_writer.c - a program that writes through a sink with faults: at each of its calls, at
 * each byte, in each shape, once and for ever, and two of them. What the program was refused it
 * tries again. The client gets all of it, or, where the sink has failed, a part from the front, and
 * the sink is left alone. */
#include "sse/writer.h"

#include "chunks.h"
#include "moves.h"
#include "parsed.h"
#include "parser.h"
#include "sequence.h"
#include "sink.h"
#include "text.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define CAPACITY ((size_t)SSE_WRITER_CAPACITY_MIN)

static sink peer;
static sse_writer *w;

/* The program: acts, one after the other, each until it was accepted. */
static struct {
    size_t act, at; /* at: bytes of the piece that were taken already */
    size_t refusals;
} program;

static int head(void)
{
    return sse_writer_raw(w, ":\n\n", 3);
}

static int numbered(void)
{
    static const sse_event ev = {ABSENT, TEXT("tick"), TEXT("7"), 0, TEXT("one\r\ntwo\n")};

    return sse_writer_send(w, &ev);
}

static int begin(void)
{
    static const sse_event ev = {ABSENT, ABSENT, TEXT("8"), 0, ABSENT};

    return sse_writer_begin(w, &ev);
}

/* Append what is left of a piece. */
static int append(const char *text)
{
    const size_t left = strlen(text) - program.at;
    size_t taken = 99;
    const int status = sse_writer_append(w, text + program.at, left, &taken);

    assert_in_range(taken, 0, left);
    assert_int_equal(status, taken == left ? SSE_OK : SSE_AGAIN);
    program.at += taken;
    return status;
}

/* Longer than the queue, with what would be an event of its own. */
static int piece(void)
{
    return append("the first line\r\rdata: forged\r\n\n\r\nand one that is longer than the queue, "
                  "until it ends in half of a break\r");
}

static int another_piece(void)
{
    return append("\n.");
}

static int finish(void)
{
    return sse_writer_finish(w);
}

static int small(void)
{
    return send_text(w, "");
}

static int close(void)
{
    return sse_writer_close(w);
}

typedef int act(void);

static act *const long_program[] = {head,          numbered, small, begin, piece,
                                    another_piece, finish,   small, close, NULL};
static act *const short_program[] = {begin, another_piece, finish, small, close, NULL};

static const parsed_event long_events[] = {
    {TEXT("tick"), TEXT("one\ntwo\n"), TEXT("7")},
    {TEXT("message"), TEXT(""), TEXT("7")},
    {TEXT("message"),
     TEXT("the first line\n\ndata: forged\n\n\nand one that is longer than the queue, until it "
          "ends in half of a break\n."),
     TEXT("8")},
    {TEXT("message"), TEXT(""), TEXT("8")},
};
static const parsed_event short_events[] = {
    {TEXT("message"), TEXT("\n."), TEXT("8")},
    {TEXT("message"), TEXT(""), TEXT("8")},
};

/* Which program runs, with which framing, and all that the client gets of it without a fault. */
static struct {
    act *const *acts;
    uint32_t framing;
    size_t most; /* what the sink takes in a call */
    size_t calls;
    size_t len;
    char payload[SINK_BYTES_MAX];
} play;

/* Let the program go on until it is refused; then nothing has changed. */
static void go_on(void)
{
    static size_t before[SSE_WRITER_WORDS(2 * SSE_WRITER_CAPACITY_MIN)];
    int status = SSE_OK;

    while (status == SSE_OK && play.acts[program.act] != NULL) {
        const size_t at = program.at;

        blank_free(w, memory.size);
        memcpy(before, w, memory.size);
        status = play.acts[program.act]();
        if (status == SSE_OK) {
            program.act++;
            program.at = 0;
        } else if (program.at == at) {
            assert_int_equal(status, SSE_AGAIN);
            program.refusals++;
            blank_free(w, memory.size);
            assert_memory_equal(before, w, memory.size);
        }
    }
}

/* Take off the framing of what the sink has; the head is ahead of it. */
static size_t payload_of(char *payload, int is_whole)
{
    const size_t bare = play.acts[0] == head ? 3 : 0;
    size_t len = peer.len;

    memcpy(payload, peer.bytes, peer.len);
    if (play.framing && peer.len > bare) {
        const enum chunks state = unchunk(peer.bytes + bare, peer.len - bare, payload + bare, &len);

        assert_int_not_equal(state, CHUNKS_BROKEN);
        assert_true(!is_whole || state == CHUNKS_ENDED);
        len += bare;
    }
    return len;
}

/* Run the program, with these steps of the sink ahead of those that take. A last step that is for
 * ever is repeated instead, until nothing has moved for a while. Returns how it ended. */
static int run(const sink_step *steps, size_t count, int for_ever)
{
    int status, idle = 0;

    memset(&program, 0, sizeof program);
    w = block_writer(&memory, CAPACITY, play.framing);
    sink_start(&peer, steps, count, play.most);
    if (for_ever)
        peer.rest = steps[count - 1];
    do {
        const size_t before = peer.len;

        go_on();
        status = sse_writer_flush(w, sink_take, &peer);
        idle = peer.len > before ? 0 : idle + 1;
        if (idle == 4) {
            peer.rest.status = SSE_OK;
            peer.rest.taken = play.most;
        }
        assert_in_range(idle, 0, 8);
    } while (status == SSE_OK || status == SSE_AGAIN);
    assert_null(peer.broken);
    assert_true(block_is_intact(&memory));
    return status;
}

/* Whatever is cut off: the client sees the events that are whole. */
static void check_every_cut(const parsed_event *events, size_t count)
{
    size_t len;

    for (len = 0; len <= play.len; len++) {
        parsed *const got = parse(play.payload, len);
        size_t i;

        assert_true(got->event_count <= count);
        for (i = 0; i < got->event_count; i++) {
            assert_same_text(got->events[i].type, events[i].type);
            assert_same_text(got->events[i].data, events[i].data);
            assert_same_text(got->events[i].id, events[i].id);
        }
        assert_true(len < play.len || got->event_count == count);
        parsed_free(got);
    }
}

/* Run without a fault. */
static void rehearse(act *const *acts, uint32_t framing, size_t most)
{
    play.acts = acts;
    play.framing = framing;
    play.most = most;
    assert_int_equal(run(NULL, 0, 0), SSE_END);
    play.calls = peer.calls;
    play.len = payload_of(play.payload, 1);
    if (acts == long_program) {
        assert_true(program.refusals > 0 || most > 1);
        check_every_cut(long_events, sizeof long_events / sizeof long_events[0]);
    } else {
        check_every_cut(short_events, sizeof short_events / sizeof short_events[0]);
    }
}

/* Those from FAILS on are failures. */
enum { FAILS = 4, FAULTS = 8 };
static const sink_step faults[FAULTS] = {
    {SSE_AGAIN, 0}, {SSE_OK, 0},          {SSE_AGAIN, SINK_SILENT}, {SSE_AGAIN, 1},
    {SSE_E_IO, 0},  {SSE_E_IO, SINK_ALL}, {SSE_OK, SINK_MORE},      {SSE_END, 1},
};

/* Nothing but refusals comes from a writer whose sink has failed, and the sink is not called. */
static void check_failed(size_t calls)
{
    static const sse_event ev = {ABSENT, ABSENT, ABSENT, 0, TEXT("a")};
    const size_t pending = sse_writer_pending(w);
    const void *bytes;
    size_t n;

    assert_int_equal(peer.calls, calls);
    assert_int_equal(sse_writer_flush(w, sink_take, &peer), SSE_E_IO);
    assert_int_equal(peer.calls, calls);
    assert_int_equal(sse_writer_send(w, &ev), SSE_E_IO);
    assert_int_equal(sse_writer_begin(w, NULL), SSE_E_IO);
    assert_int_equal(sse_writer_append(w, "a", 1, &n), SSE_E_IO);
    assert_int_equal(sse_writer_finish(w), SSE_E_IO);
    assert_int_equal(sse_writer_raw(w, "a", 1), SSE_E_IO);
    assert_int_equal(sse_writer_peek(w, &bytes, &n), SSE_E_IO);
    assert_int_equal(sse_writer_consume(w, 0), SSE_E_IO);
    assert_int_equal(sse_writer_read(w, &n, sizeof n, &n), SSE_E_IO);
    assert_int_equal(sse_writer_close(w), SSE_E_IO);
    assert_int_equal(sse_writer_pending(w), pending);
    assert_int_equal(sse_writer_idle(w), 0);
}

/* Run with a script whose first failure is in this call; 0: there is none. Returns whether it came
 * to that. */
static int run_faulty(const sink_step *steps, size_t count, int for_ever, size_t failure)
{
    static char payload[SINK_BYTES_MAX];
    const int status = run(steps, count, for_ever);
    const size_t len = payload_of(payload, status == SSE_END);

    assert_memory_equal(payload, play.payload, len < play.len ? len : play.len);
    if (failure > 0 && peer.calls >= failure) {
        assert_int_equal(status, SSE_E_IO);
        assert_in_range(len, 0, play.len);
        check_failed(failure);
        return 1;
    }
    assert_int_equal(status, SSE_END);
    assert_int_equal(len, play.len);
    return 0;
}

/* A script that takes, but for a fault in one call, or in two of them. */
static sink_step script[SINK_CALLS_MAX];

static void write_script(size_t count)
{
    size_t i;

    for (i = 0; i < count; i++) {
        script[i].status = SSE_OK;
        script[i].taken = play.most;
    }
}

/* Each fault in each call. */
static void one_fault(act *const *acts, uint32_t framing, size_t most)
{
    size_t failed = 0, at, fault, i;

    rehearse(acts, framing, most);
    for (at = 0; at < play.calls; at++) {
        write_script(at + 1);
        for (fault = 0; fault < FAULTS; fault++) {
            script[at] = faults[fault];
            for (i = 0; i < 2; i++)
                failed += (size_t)run_faulty(script, at + 1, i > 0, fault >= FAILS ? at + 1 : 0);
        }
    }
    assert_int_equal(failed, play.calls * 2 * (FAULTS - FAILS));
}

static void a_fault_in_any_call_loses_nothing_that_the_client_can_still_get(void **state)
{
    size_t most;

    (void)state;
    for (most = 1; most <= CAPACITY; most++) {
        one_fault(long_program, 0, most);
        one_fault(long_program, SSE_WRITER_CHUNKED, most);
    }
}

static void pairs_of_faults(act *const *acts, uint32_t framing, size_t most)
{
    size_t failed = 0, first, second, one, other, calls;

    rehearse(acts, framing, most);
    calls = play.calls;
    for (first = 0; first < calls; first++) {
        for (second = first + 1; second <= calls; second++) {
            write_script(second + 1);
            for (one = 0; one < FAULTS; one++) {
                script[first] = faults[one];
                for (other = 0; other < FAULTS; other++) {
                    const size_t failure = one >= FAILS     ? first + 1
                                           : other >= FAILS ? second + 1
                                                            : 0;

                    script[second] = faults[other];
                    failed += (size_t)run_faulty(script, second + 1, 0, failure);
                    failed += (size_t)run_faulty(script, second + 1, 1, failure);
                }
            }
        }
    }
    assert_true(failed > calls * calls);
}

static void two_faults_lose_no_more_than_one(void **state)
{
    (void)state;
    pairs_of_faults(short_program, 0, 1);
    pairs_of_faults(short_program, SSE_WRITER_CHUNKED, 1);
    pairs_of_faults(long_program, 0, 11);
    pairs_of_faults(long_program, SSE_WRITER_CHUNKED, SINK_ALL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        writer_test(a_fault_in_any_call_loses_nothing_that_the_client_can_still_get),
        writer_test(two_faults_lose_no_more_than_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
