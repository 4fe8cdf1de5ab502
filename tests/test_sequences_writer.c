/* SPDX-License-Identifier: MIT */
/* test_sequences_writer.c - every sequence of calls of a writer, up to length 6, against a plain
 * model of it: what is on the wire, what each call returns, and what the client sees, wherever the
 * stream is cut. */
#include "sse/writer.h"

#include "block.h"
#include "moves.h"
#include "sequence.h"
#include "sequence_moves.h"
#include "text.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#define LENGTH   6
#define CAPACITY ((size_t)SSE_WRITER_CAPACITY_MIN)

#define SIXTEEN "0123456789abcdef"
#define EIGHTY  SIXTEEN SIXTEEN SIXTEEN SIXTEEN SIXTEEN

static wire model;
static sse_writer *w;
static int moved; /* the latest call has moved bytes */

/* Take note of an event that was queued whole. */
static void note(const char *bytes, const char *data, const char *type, const char *id)
{
    wire_begin(&model, type, id);
    memcpy(model.text + model.text_len, data, strlen(data));
    model.text_len += strlen(data);
    wire_put(&model, bytes, strlen(bytes));
    wire_finish(&model);
}

/* Send an event that is spelled so. Returns whether it was refused. */
static int send(const sse_event *ev, const char *bytes, const char *data, const char *id)
{
    int want = wire_refuses(&model);

    if (want == SSE_OK)
        want = wire_room(&model, strlen(bytes));
    assert_int_equal(sse_writer_send(w, ev), want);
    if (want == SSE_OK)
        note(bytes, data, "message", id);
    return want != SSE_OK;
}

static int send_small(void)
{
    static const sse_event ev = {ABSENT, ABSENT, ABSENT, 0, TEXT("a")};

    return send(&ev, "data: a\n\n", "a", NULL);
}

/* Two of it do not fit. */
static int send_half(void)
{
    static const sse_event ev = {ABSENT, ABSENT, TEXT("7"), 0, TEXT(SIXTEEN "\r\r\n")};

    return send(&ev, "id: 7\ndata: " SIXTEEN "\ndata: \ndata: \n\n", SIXTEEN "\n\n", "7");
}

static int send_too_big(void)
{
    static const sse_event ev = {ABSENT, ABSENT, ABSENT, 0, TEXT(EIGHTY)};

    return send(&ev, "data: " EIGHTY "\n\n", EIGHTY, NULL);
}

static int begin(void)
{
    static const sse_event head = {ABSENT, TEXT("b"), TEXT("8"), 0, ABSENT};
    static const char bytes[] = "event: b\nid: 8\ndata: ";
    int want = wire_refuses(&model);

    if (want == SSE_OK)
        want = wire_room(&model, sizeof bytes - 1);
    assert_int_equal(sse_writer_begin(w, &head), want);
    if (want == SSE_OK) {
        wire_begin(&model, "b", "8");
        wire_put(&model, bytes, sizeof bytes - 1);
    }
    return want != SSE_OK;
}

/* What the state makes of a call that goes on with an event. */
static int inside(void)
{
    return model.failed ? SSE_E_IO : model.open && !model.closed ? SSE_OK : SSE_E_STATE;
}

static int append(const char *data)
{
    const size_t len = strlen(data);
    size_t taken = 99, want_taken = 0;
    int want = inside();

    if (want == SSE_OK) {
        want_taken = wire_append(&model, data, len);
        want = want_taken == len ? SSE_OK : SSE_AGAIN;
    }
    assert_int_equal(sse_writer_append(w, data, len, &taken), want);
    assert_int_equal(taken, want_taken);
    return taken == 0;
}

static int append_cr(void)
{
    return append("a\r");
}

static int append_lf(void)
{
    return append("\n");
}

/* More than fits, and what would be an event of its own. */
static int append_long(void)
{
    return append("\n\ndata: " EIGHTY);
}

static int finish(void)
{
    int want = inside();

    if (want == SSE_OK)
        want = wire_room(&model, 2);
    assert_int_equal(sse_writer_finish(w), want);
    if (want == SSE_OK) {
        wire_put(&model, "\n\n", 2);
        wire_finish(&model);
    }
    return want != SSE_OK;
}

/* Take the open event back, unless a byte of it was shown. */
static int cancel(void)
{
    int want = inside();

    if (want == SSE_OK && model.taken + model.offer_len > model.open_len)
        want = SSE_E_STATE;
    assert_int_equal(sse_writer_cancel(w), want);
    if (want == SSE_OK)
        wire_cancel(&model);
    return want != SSE_OK;
}

static int raw(void)
{
    static const char bytes[] = ": raw\n\n";
    int want = wire_refuses(&model);

    if (want == SSE_OK && model.begun)
        want = wire_room(&model, sizeof bytes - 1);
    else if (want == SSE_OK && model.len - model.taken + sizeof bytes - 1 > CAPACITY)
        want = SSE_AGAIN;
    assert_int_equal(sse_writer_raw(w, bytes, sizeof bytes - 1), want);
    if (want == SSE_OK)
        wire_pass(&model, bytes, sizeof bytes - 1);
    return want != SSE_OK;
}

static int close(void)
{
    const int want = model.failed ? SSE_E_IO : SSE_OK;

    assert_int_equal(sse_writer_close(w), want);
    if (want == SSE_OK)
        wire_close(&model);
    return want != SSE_OK;
}

static int peek(void)
{
    return wire_peek(&model, w);
}

static int consume_none(void)
{
    return wire_consume(&model, w, 0);
}

static int consume_one(void)
{
    return wire_consume(&model, w, 1);
}

static int consume_all(void)
{
    return wire_consume(&model, w, model.offer_len);
}

static int read_four(void)
{
    return wire_read(&model, w, 4);
}

/* What is wrong with its arguments is refused, in the order of the header. */
static int call_wrongly(void)
{
    static const sse_event empty = {ABSENT, ABSENT, ABSENT, 0, ABSENT};
    static const sse_event forged = {ABSENT, TEXT("a\ndata: b"), ABSENT, 0, TEXT("c")};
    static const sse_event storm = {ABSENT, ABSENT, ABSENT, SSE_RETRY_MAX + 1u, TEXT("c")};
    const int want = wire_refuses(&model);
    const int moves = model.failed ? SSE_E_IO : SSE_E_ARG;
    const void *bytes;
    size_t n = 99;

    assert_int_equal(sse_writer_send(w, NULL), want ? want : SSE_E_ARG);
    assert_int_equal(sse_writer_send(w, &empty), want ? want : SSE_E_ARG);
    assert_int_equal(sse_writer_send(w, &storm), want ? want : SSE_E_RANGE);
    assert_int_equal(sse_writer_send(w, &forged), want ? want : SSE_E_FIELD);
    assert_int_equal(sse_writer_send_parts(w, NULL, 1, NULL, 0, "c", 1), want ? want : SSE_E_ARG);
    assert_int_equal(sse_writer_send_parts(w, NULL, 0, " ", 1, "c", 1), want ? want : SSE_E_FIELD);
    assert_int_equal(sse_writer_begin(w, &storm), want ? want : SSE_E_ARG);
    assert_int_equal(sse_writer_append(w, NULL, 1, &n), inside() ? inside() : SSE_E_ARG);
    assert_int_equal(n, 0);
    assert_int_equal(sse_writer_append(w, NULL, 0, &n), inside());
    assert_int_equal(sse_writer_append(w, "c", 1, NULL), SSE_E_ARG);
    assert_int_equal(sse_writer_read(w, &n, 1, NULL), SSE_E_ARG);
    assert_int_equal(sse_writer_peek(w, NULL, &n), SSE_E_ARG);
    assert_int_equal(sse_writer_peek(w, &bytes, NULL), SSE_E_ARG);
    assert_int_equal(sse_writer_raw(w, NULL, 1), want ? want : SSE_E_ARG);
    assert_int_equal(sse_writer_raw(w, NULL, 0), want);
    assert_int_equal(sse_writer_consume(w, model.offer_len + 1), moves);
    assert_int_equal(sse_writer_consume(w, (size_t)-1), moves);
    assert_int_equal(sse_writer_read(w, NULL, 1, &n), moves);
    assert_int_equal(sse_writer_read(w, &n, 0, &n), moves);
    return 1;
}

static const wire_step takes = {SSE_OK, TAKE_ALL}, takes_one = {SSE_OK, 1},
                       takes_none = {SSE_OK, 0}, takes_two_and_blocks = {SSE_AGAIN, 2},
                       blocks = {SSE_AGAIN, 0}, fails = {SSE_E_IO, 1}, lies = {SSE_OK, TAKE_OVER};

static int flush_all(void)
{
    return wire_flush(&model, w, takes, takes, NULL);
}

static int flush_blocked(void)
{
    return wire_flush(&model, w, blocks, blocks, NULL);
}

static int flush_two_and_blocked(void)
{
    return wire_flush(&model, w, takes_two_and_blocks, fails, NULL);
}

static int flush_one_and_none(void)
{
    return wire_flush(&model, w, takes_one, takes_none, NULL);
}

static int flush_failing(void)
{
    return wire_flush(&model, w, fails, takes, NULL);
}

static int flush_one_and_failing(void)
{
    return wire_flush(&model, w, takes_one, lies, NULL);
}

static int flush_sending(void)
{
    return wire_flush(&model, w, takes_one, takes, send_small);
}

static int flush_cancelling(void)
{
    return wire_flush(&model, w, takes_one, takes, cancel);
}

static int flush_closing(void)
{
    return wire_flush(&model, w, blocks, blocks, close);
}

/* Take all that is left, and end. */
static void drain(void)
{
    flush_all();
    if (inside() == SSE_OK)
        finish();
    close();
    flush_all();
    assert_int_equal(wire_next(&model), SSE_END);
    assert_int_equal(sse_writer_pending(w), 0);
}

static void settle(void)
{
    blank_free(w, memory.size);
    moved = model.moved;
    model.moved = 0;
}

static void check(size_t left)
{
    assert_int_equal(sse_writer_pending(w), model.len - model.taken);
    assert_int_equal(sse_writer_idle(w),
                     model.len == model.taken && wire_refuses(&model) == SSE_OK);
    assert_true(block_is_intact(&memory));
    if (moved)
        wire_check(&model);
    if (left == 0 && !model.failed) {
        drain();
        wire_check(&model);
    }
}

static const sequence_call calls[] = {
    CALL(send_small),
    CALL(send_half),
    CALL(send_too_big),
    CALL(begin),
    CALL(append_cr),
    CALL(append_lf),
    CALL(append_long),
    CALL(finish),
    CALL(cancel),
    CALL(raw),
    CALL(close),
    CALL(peek),
    CALL(consume_none),
    CALL(consume_one),
    CALL(consume_all),
    CALL(read_four),
    CALL(call_wrongly),
    CALL(flush_all),
    CALL(flush_blocked),
    CALL(flush_two_and_blocked),
    CALL(flush_one_and_none),
    CALL(flush_failing),
    CALL(flush_one_and_failing),
    CALL(flush_sending),
    CALL(flush_cancelling),
    CALL(flush_closing),
};

/* Walk from a queue that begins at an offset of its ring. */
static void walk(uint32_t framing, size_t offset, size_t least)
{
    sequence q = {calls, sizeof calls / sizeof calls[0], NULL, 0, &model, sizeof model, settle,
                  check};

    w = block_writer_at(&memory, CAPACITY, framing, offset);
    wire_start(&model, CAPACITY, framing);
    wire_raw(&model, "\n", 1);
    q.object = w;
    q.object_size = memory.size;
    settle();
    assert_true(sequence_walk(&q, LENGTH) > least);
}

static void every_sequence_of_calls_is_as_the_model_says(void **state)
{
    (void)state;
    walk(0, 0, 1000000);
    walk(0, CAPACITY - 10, 1000000);
}

static void chunked_every_sequence_of_calls_is_as_the_model_says(void **state)
{
    (void)state;
    walk(SSE_WRITER_CHUNKED, 0, 800000);
    walk(SSE_WRITER_CHUNKED, CAPACITY - 10, 800000);
}

static int writer_is_over(void **state)
{
    const int over = sequence_is_over(state);

    return the_block_is_intact(state) == 0 ? over : -1;
}

#define TEST(name) cmocka_unit_test_teardown(name, writer_is_over)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_sequence_of_calls_is_as_the_model_says),
        TEST(chunked_every_sequence_of_calls_is_as_the_model_says),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
