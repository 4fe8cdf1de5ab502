/* SPDX-License-Identifier: MIT */
/* test_sequences_heartbeat.c - every sequence of calls of a timer, up to length 6, whatever the
 * clock does between them; and of a timer and the writer that it keeps alive. */
#include "sse/heartbeat.h"

#include "moves.h"
#include "sequence.h"
#include "sequence_moves.h"
#include "text.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

enum { LENGTH = 6, INTERVAL = 100 };

#define CAPACITY ((size_t)SSE_WRITER_CAPACITY_MIN)

static sse_heartbeat hb;

/* What is known of the silence: how far the clock went forward since it began; and once it has
 * stepped back, how far since the timer was asked next. */
static struct {
    uint64_t now_ms;
    uint32_t interval_ms;
    uint64_t forward_ms;
    uint64_t grace_ms;
    enum { STEADY, BACK, ASKED } clock;
} timer;

static uint64_t later(uint64_t ms, uint64_t by_ms)
{
    return by_ms < UINT64_MAX - ms ? ms + by_ms : UINT64_MAX;
}

static void go(int64_t by_ms)
{
    const uint64_t before_ms = timer.now_ms;

    timer.now_ms += (uint64_t)by_ms;
    if (timer.now_ms < before_ms) { /* or it has wrapped, which is the same */
        timer.clock = BACK;
        return;
    }
    timer.forward_ms = later(timer.forward_ms, timer.now_ms - before_ms);
    if (timer.clock == ASKED)
        timer.grace_ms = later(timer.grace_ms, timer.now_ms - before_ms);
}

static void begin_silence(void)
{
    timer.forward_ms = timer.grace_ms = 0;
    timer.clock = STEADY;
}

static int due(int64_t by_ms)
{
    int is_due;

    go(by_ms);
    is_due = sse_heartbeat_take(&hb, timer.now_ms);
    assert_in_range(is_due, 0, 1);
    if (is_due)
        assert_true(timer.interval_ms > 0 && timer.forward_ms >= timer.interval_ms);
    else if (timer.interval_ms > 0 && timer.clock != BACK)
        assert_true((timer.clock == STEADY ? timer.forward_ms : timer.grace_ms) <
                    timer.interval_ms);
    if (is_due) {
        begin_silence();
    } else if (timer.clock == BACK) {
        timer.clock = ASKED;
        timer.grace_ms = 0;
    }
    return 0;
}

static int touch(int64_t by_ms)
{
    go(by_ms);
    assert_int_equal(sse_heartbeat_touch(&hb, timer.now_ms), SSE_OK);
    begin_silence();
    return 0;
}

static int start(uint32_t interval_ms)
{
    assert_int_equal(sse_heartbeat_init(&hb, interval_ms, timer.now_ms), SSE_OK);
    timer.interval_ms = interval_ms;
    begin_silence();
    return 0;
}

/* The functions, and how far the clock goes ahead of them. */
#define AFTER(name, by_ms)        \
    static int due_##name(void)   \
    {                             \
        return due(by_ms);        \
    }                             \
    static int touch_##name(void) \
    {                             \
        return touch(by_ms);      \
    }

AFTER(now, 0)
AFTER(after_1, 1)
AFTER(after_99, INTERVAL - 1)
AFTER(after_100, INTERVAL)
AFTER(after_weeks, INT64_C(1) << 32)
AFTER(back_1, -1)
AFTER(back_150, -150)

static int start_anew(void)
{
    return start(INTERVAL);
}

static int start_idle(void)
{
    return start(0);
}

static int call_without_timer(void)
{
    assert_int_equal(sse_heartbeat_init(NULL, INTERVAL, timer.now_ms), SSE_E_ARG);
    assert_int_equal(sse_heartbeat_touch(NULL, timer.now_ms), SSE_E_ARG);
    assert_int_equal(sse_heartbeat_timeout(NULL, timer.now_ms), -1);
    assert_int_equal(sse_heartbeat_take(NULL, timer.now_ms), 0);
    return 1;
}

/* The wait is what a timer says that is asked then: not before, and then at once. */
static void check_wait(size_t left)
{
    const sse_heartbeat before = hb;
    sse_heartbeat copy = hb;
    const int timeout_ms = sse_heartbeat_timeout(&hb, timer.now_ms);
    const uint64_t wait_ms = (uint64_t)timeout_ms;

    (void)left;
    assert_memory_equal(&hb, &before, sizeof hb);
    assert_int_equal(timeout_ms < 0, timer.interval_ms == 0);
    if (timer.interval_ms == 0)
        return;
    assert_true(wait_ms <= timer.interval_ms);
    if (timer.clock == STEADY)
        assert_true(
            wait_ms ==
            (timer.forward_ms < timer.interval_ms ? timer.interval_ms - timer.forward_ms : 0));
    if (timer.clock == BACK || timer.now_ms > UINT64_MAX - wait_ms) /* it would begin anew */
        return;
    if (wait_ms > 0)
        assert_int_equal(sse_heartbeat_take(&copy, timer.now_ms + wait_ms - 1), 0);
    copy = hb;
    assert_int_equal(sse_heartbeat_take(&copy, timer.now_ms + wait_ms), 1);
    assert_int_equal(sse_heartbeat_take(&copy, timer.now_ms + wait_ms), 0);
}

static void a_timer_beats_once_an_interval_whatever_is_called(void **state)
{
    static const sequence_call calls[] = {
        CALL(due_now),        CALL(due_after_1),        CALL(due_after_99),
        CALL(due_after_100),  CALL(due_after_weeks),    CALL(due_back_1),
        CALL(due_back_150),   CALL(touch_now),          CALL(touch_after_1),
        CALL(touch_after_99), CALL(touch_after_100),    CALL(touch_after_weeks),
        CALL(touch_back_1),   CALL(touch_back_150),     CALL(start_anew),
        CALL(start_idle),     CALL(call_without_timer),
    };
    const sequence q = {
        calls,     sizeof calls / sizeof calls[0], &hb, sizeof hb, &timer, sizeof timer, NULL,
        check_wait};

    (void)state;
    memset(&hb, 0, sizeof hb);
    memset(&timer, 0, sizeof timer);
    timer.now_ms = 1000;
    assert_true(sequence_walk(&q, LENGTH) > 5000000);
    timer.now_ms = UINT64_MAX - INTERVAL - 1;
    start(INTERVAL);
    assert_true(sequence_walk(&q, LENGTH - 1) > 400000);
}

static sse_writer *w;

/* The writer, the timer beside it, and what the program is to find. */
static struct {
    wire wire;
    sse_heartbeat hb;
    uint64_t now_ms;
    uint64_t busy_ms; /* when bytes went, or a beat was due, for the last time */
} life;

/* What a program does when it has waited. */
static int wait(uint64_t by_ms)
{
    static const sse_event beat = {TEXT(""), ABSENT, ABSENT, 0, ABSENT};
    int is_due;

    life.now_ms += by_ms;
    is_due = sse_heartbeat_take(&life.hb, life.now_ms);
    assert_int_equal(is_due, life.now_ms - life.busy_ms >= INTERVAL);
    if (is_due)
        life.busy_ms = life.now_ms;
    if (is_due && sse_writer_idle(w)) {
        assert_int_equal(sse_writer_send(w, &beat), SSE_OK);
        wire_put(&life.wire, ":\n\n", 3);
    }
    return 0;
}

static int wait_60(void)
{
    return wait(60);
}

static int wait_100(void)
{
    return wait(INTERVAL);
}

static int send(void)
{
    const int want = wire_refuses(&life.wire);

    assert_int_equal(send_text(w, "a"), want);
    if (want == SSE_OK) {
        wire_begin(&life.wire, "message", NULL);
        life.wire.text[life.wire.text_len++] = 'a';
        wire_put(&life.wire, "data: a\n\n", 9);
        wire_finish(&life.wire);
    }
    return want != SSE_OK;
}

static int begin(void)
{
    const int want = wire_refuses(&life.wire);

    assert_int_equal(sse_writer_begin(w, NULL), want);
    if (want == SSE_OK) {
        wire_put(&life.wire, "data: ", 6);
        wire_begin(&life.wire, "message", NULL);
    }
    return want != SSE_OK;
}

static int append(void)
{
    const int want = life.wire.open && !life.wire.closed && !life.wire.failed;
    size_t taken = 99;
    const int status = sse_writer_append(w, "b\n", 2, &taken);

    assert_int_equal(taken, want ? wire_append(&life.wire, "b\n", 2) : 0);
    assert_int_equal(status == SSE_OK, want);
    return !want;
}

static int finish(void)
{
    const int want = life.wire.open && !life.wire.closed && !life.wire.failed;

    assert_int_equal(sse_writer_finish(w) == SSE_OK, want);
    if (want) {
        wire_put(&life.wire, "\n\n", 2);
        wire_finish(&life.wire);
    }
    return !want;
}

static int flush(wire_step step)
{
    const size_t before = life.wire.taken;
    const int refused = wire_flush(&life.wire, w, step, step, NULL);

    if (life.wire.taken > before) {
        assert_int_equal(sse_heartbeat_touch(&life.hb, life.now_ms), SSE_OK);
        life.busy_ms = life.now_ms;
    }
    return refused;
}

static int flush_all(void)
{
    const wire_step all = {SSE_OK, TAKE_ALL};

    return flush(all);
}

static int flush_one(void)
{
    const wire_step one = {SSE_AGAIN, 1};

    return flush(one);
}

static int flush_failing(void)
{
    const wire_step fails = {SSE_E_IO, 0};

    return flush(fails);
}

static int close(void)
{
    const int want = life.wire.failed ? SSE_E_IO : SSE_OK;

    assert_int_equal(sse_writer_close(w), want);
    if (want == SSE_OK)
        wire_close(&life.wire);
    return want != SSE_OK;
}

static void settle(void)
{
    blank_free(w, memory.size);
}

static void check_life(size_t left)
{
    const int rests = life.wire.len == life.wire.taken;

    assert_int_equal(sse_writer_idle(w), rests && wire_refuses(&life.wire) == SSE_OK);
    if (left == 0 && !life.wire.failed) {
        flush_all();
        wire_check(&life.wire);
    }
}

static void a_beat_stands_alone_whatever_is_called(void **state)
{
    static const sequence_call calls[] = {
        CALL(wait_60), CALL(wait_100), CALL(send),      CALL(begin),     CALL(append),
        CALL(finish),  CALL(close),    CALL(flush_all), CALL(flush_one), CALL(flush_failing),
    };
    sequence q = {calls,     sizeof calls / sizeof calls[0], NULL, 0, &life, sizeof life, settle,
                  check_life};
    uint32_t framing;

    (void)state;
    for (framing = 0; framing <= SSE_WRITER_CHUNKED; framing++) {
        w = block_writer(&memory, 4 * CAPACITY, framing);
        memset(&life, 0, sizeof life);
        wire_start(&life.wire, 4 * CAPACITY, framing);
        assert_int_equal(sse_heartbeat_init(&life.hb, INTERVAL, 0), SSE_OK);
        q.object = w;
        q.object_size = memory.size;
        settle();
        assert_true(sequence_walk(&q, LENGTH + 1) > 200000);
    }
}

static int life_is_over(void **state)
{
    const int over = sequence_is_over(state);

    return the_block_is_intact(state) == 0 ? over : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        sequence_test(a_timer_beats_once_an_interval_whatever_is_called),
        cmocka_unit_test_teardown(a_beat_stands_alone_whatever_is_called, life_is_over),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
