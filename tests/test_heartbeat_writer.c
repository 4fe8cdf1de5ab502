/* SPDX-License-Identifier: MIT */
/* test_heartbeat_writer.c - a keep-alive on its way through a writer: only where nothing can be
 * torn, and never on top of bytes that the client has not taken. */
#include "sse/heartbeat.h"
#include "sse/writer.h"

#include "moves.h"
#include "parsed.h"
#include "sink.h"
#include "text.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#define INTERVAL 100u
#define CAPACITY ((size_t)128)

static sse_heartbeat started(void)
{
    sse_heartbeat hb;

    assert_int_equal(sse_heartbeat_init(&hb, INTERVAL, 0), SSE_OK);
    return hb;
}

static uint64_t wait_at(const sse_heartbeat *hb, uint64_t now_ms)
{
    const int wait_ms = sse_heartbeat_timeout(hb, now_ms);

    assert_true(wait_ms >= 0);
    return (uint64_t)wait_ms;
}

static const sse_event smallest = {TEXT(""), ABSENT, ABSENT, 0, ABSENT};

/* What a program does after each wait. Returns whether it sent a beat. */
static int beat(sse_heartbeat *hb, uint64_t now_ms, sse_writer *w, const sse_event *ev)
{
    if (!sse_heartbeat_take(hb, now_ms) || !sse_writer_idle(w))
        return 0;
    assert_int_equal(sse_writer_send(w, ev), SSE_OK);
    return 1;
}

static void the_shape_of_a_beat_is_the_callers(void **state)
{
    static const parsed_event ping = {TEXT("ping"), TEXT(""), TEXT("")};
    static const struct {
        sse_event ev;
        sse_str bytes;
        parsed seen;
    } shapes[] = {
        {{TEXT(""), ABSENT, ABSENT, 0, ABSENT}, TEXT(":\n\n"), {NULL, 0, NULL, 0, 1, ABSENT}},
        {{TEXT("here"), ABSENT, ABSENT, 0, ABSENT},
         TEXT(": here\n\n"),
         {NULL, 0, NULL, 0, 1, ABSENT}},
        {{ABSENT, TEXT("ping"), ABSENT, 0, TEXT("")},
         TEXT("event: ping\ndata: \n\n"),
         {&ping, 1, NULL, 0, 0, ABSENT}},
    };
    size_t i, k;

    (void)state;
    for (i = 0; i < sizeof shapes / sizeof shapes[0]; i++)
        for (k = 0; k < 2; k++) {
            sse_writer *w = block_writer(&memory, CAPACITY, k ? SSE_WRITER_CHUNKED : 0);
            sse_heartbeat hb = started();
            sse_str bytes;

            assert_int_equal(beat(&hb, INTERVAL - 1, w, &shapes[i].ev), 0);
            assert_int_equal(sse_writer_pending(w), 0);
            assert_int_equal(beat(&hb, INTERVAL, w, &shapes[i].ev), 1);
            bytes = block_payload(&memory);
            assert_same_text(bytes, shapes[i].bytes);
            assert_parses_to(bytes.ptr, bytes.len, &shapes[i].seen);
        }
}

static void a_beat_never_tears_an_open_event(void **state)
{
    sse_writer *w = block_writer(&memory, CAPACITY, 0);
    sse_heartbeat hb = started();

    (void)state;
    assert_int_equal(sse_writer_begin(w, NULL), SSE_OK);
    append_text(w, "whole\nand ");
    assert_int_equal(beat(&hb, INTERVAL, w, &smallest), 0);
    take(w, sse_writer_pending(w));
    /* At rest as far as the bytes go, but the client is in the middle of a line. */
    assert_int_equal(beat(&hb, 2 * INTERVAL, w, &smallest), 0);
    assert_int_equal(sse_writer_idle(w), 0);
    assert_int_equal(sse_writer_send(w, &smallest), SSE_E_STATE);
    assert_int_equal(sse_writer_pending(w), 0);
    append_text(w, "sound");
    assert_int_equal(sse_writer_finish(w), SSE_OK);
    assert_same_text(block_queued(&memory), SSE_LIT("sound\n\n"));
    take(w, sse_writer_pending(w));
    assert_int_equal(beat(&hb, 3 * INTERVAL, w, &smallest), 1);
    assert_same_text(block_queued(&memory), SSE_LIT(":\n\n"));
}

static void a_beat_is_left_out_while_bytes_are_pending_and_the_loop_does_not_spin(void **state)
{
    sse_writer *w = block_writer(&memory, CAPACITY, 0);
    sse_heartbeat hb = started();

    (void)state;
    assert_int_equal(send_text(w, "tick"), SSE_OK);
    assert_int_equal(beat(&hb, INTERVAL, w, &smallest), 0);
    assert_true(wait_at(&hb, INTERVAL) == INTERVAL);
    take(w, sse_writer_pending(w) - 1);
    assert_int_equal(beat(&hb, 2 * INTERVAL, w, &smallest), 0);
    assert_same_text(block_queued(&memory), SSE_LIT("\n"));
    take(w, 1);
    assert_int_equal(beat(&hb, 2 * INTERVAL, w, &smallest), 0);
    assert_int_equal(beat(&hb, 3 * INTERVAL, w, &smallest), 1);
    take(w, sse_writer_pending(w));
    assert_int_equal(sse_writer_close(w), SSE_OK);
    assert_int_equal(beat(&hb, 4 * INTERVAL, w, &smallest), 0);
}

/* TCP takes the first write to a peer that has closed, and fails at the second. */
static void a_closed_peer_is_noticed_after_two_intervals(void **state)
{
    static const sink_step steps[] = {SINK_TAKE(SINK_ALL), SINK_TAKE(SINK_ALL), SINK_FAIL};
    static sink peer;
    sse_writer *w = block_writer(&memory, CAPACITY, 0);
    sse_heartbeat hb = started();
    uint64_t now = 0;

    (void)state;
    sink_start(&peer, steps, sizeof steps / sizeof steps[0], SINK_ALL);
    assert_int_equal(send_text(w, "the last that it read"), SSE_OK);
    while (sse_writer_flush(w, sink_take, &peer) == SSE_OK) {
        assert_int_equal(sse_heartbeat_touch(&hb, now), SSE_OK);
        now += wait_at(&hb, now);
        assert_int_equal(beat(&hb, now, w, &smallest), 1);
    }
    assert_int_equal(sse_writer_flush(w, sink_take, &peer), SSE_E_IO);
    assert_true(now == 2 * INTERVAL);
    assert_int_equal(beat(&hb, now + INTERVAL, w, &smallest), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        writer_test(the_shape_of_a_beat_is_the_callers),
        writer_test(a_beat_never_tears_an_open_event),
        writer_test(a_beat_is_left_out_while_bytes_are_pending_and_the_loop_does_not_spin),
        writer_test(a_closed_peer_is_noticed_after_two_intervals),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
