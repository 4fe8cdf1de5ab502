/* SPDX-License-Identifier: MIT */
/* test_writer_pieces.c - events whose data comes in pieces: begin, append, finish, and a cut. */
#include "sse/writer.h"

#include "block.h"
#include "moves.h"
#include "parsed.h"
#include "text.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define CAPACITY ((size_t)SSE_WRITER_CAPACITY_MIN)

static const uint32_t framings[] = {0, SSE_WRITER_CHUNKED};

/* A writer with room to spare and an event open. */
static sse_writer *opened(uint32_t framing)
{
    sse_writer *w = block_writer(&memory, 1024, framing);

    assert_int_equal(sse_writer_begin(w, NULL), SSE_OK);
    return w;
}

/* Finish the event, and demand that a client gets this data and nothing else. */
static void finish_as(sse_writer *w, sse_str data)
{
    sse_str payload;

    assert_int_equal(sse_writer_finish(w), SSE_OK);
    payload = block_payload(&memory);
    assert_parses_to_event(payload.ptr, payload.len, SSE_LIT("message"), data, SSE_LIT(""));
}

static void begin_takes_every_part_but_data(void **state)
{
    static const sse_event head = {TEXT("hello"), TEXT("tick"), TEXT("7"), 3000, ABSENT};
    static const uint64_t retry = 3000;
    static const parsed_event event = {TEXT("tick"), TEXT("a"), TEXT("7")};
    static const parsed want = {&event, 1, &retry, 1, 1, TEXT("7")};
    size_t i;

    (void)state;
    for (i = 0; i < 2; i++) {
        sse_writer *w = block_writer(&memory, 1024, framings[i]);
        sse_str payload;

        assert_int_equal(sse_writer_begin(w, &head), SSE_OK);
        append_text(w, "a");
        assert_int_equal(sse_writer_finish(w), SSE_OK);
        payload = block_payload(&memory);
        assert_parses_to(payload.ptr, payload.len, &want);
    }
}

static void begin_refuses_a_head_that_has_data_and_what_send_refuses(void **state)
{
    static const struct {
        sse_event head;
        int status;
    } refused[] = {
        {{ABSENT, ABSENT, ABSENT, 0, TEXT("x")}, SSE_E_ARG},
        {{ABSENT, TEXT("tick"), ABSENT, 0, TEXT("")}, SSE_E_ARG},
        {{ABSENT, {NULL, 1}, ABSENT, 0, ABSENT}, SSE_E_ARG},
        {{ABSENT, TEXT("tick"), ABSENT, SSE_RETRY_MAX + 1, ABSENT}, SSE_E_RANGE},
        {{ABSENT, ABSENT, {"x", SSE_PART_MAX + 1}, 0, ABSENT}, SSE_E_TOOBIG},
        {{ABSENT, TEXT("a\nb"), ABSENT, 0, ABSENT}, SSE_E_FIELD},
        {{ABSENT, ABSENT, TEXT("a\rb"), 0, ABSENT}, SSE_E_FIELD},
    };
    sse_writer *w = block_writer(&memory, CAPACITY, 0);
    size_t i;

    (void)state;
    for (i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        assert_int_equal(sse_writer_begin(w, &refused[i].head), refused[i].status);
        assert_int_equal(sse_writer_idle(w), 1);
    }
}

static void an_opened_event_without_data_is_dispatched_empty(void **state)
{
    size_t i;

    (void)state;
    for (i = 0; i < 2; i++) {
        finish_as(opened(framings[i]), SSE_LIT(""));
        append_text(opened(framings[i]), "");
        finish_as((sse_writer *)(void *)memory.start, SSE_LIT(""));
    }
}

/* What stands between the pieces decides: nothing may get in there, and no heartbeat. */
static void inside_an_open_event_only_its_own_calls_are_accepted(void **state)
{
    static const sse_event event = {ABSENT, ABSENT, ABSENT, 0, TEXT("x")};
    static const sse_event beat = {TEXT(""), ABSENT, ABSENT, 0, ABSENT};
    static const sse_event head = {ABSENT, TEXT("tick"), ABSENT, 0, ABSENT};
    size_t i;

    (void)state;
    for (i = 0; i < 2; i++) {
        sse_writer *w = opened(framings[i]);
        size_t pending;

        append_text(w, "a");
        pending = sse_writer_pending(w);
        assert_int_equal(sse_writer_send(w, &event), SSE_E_STATE);
        assert_int_equal(sse_writer_send(w, &beat), SSE_E_STATE);
        assert_int_equal(sse_writer_send_parts(w, NULL, 0, NULL, 0, "x", 1), SSE_E_STATE);
        assert_int_equal(sse_writer_begin(w, NULL), SSE_E_STATE);
        assert_int_equal(sse_writer_begin(w, &head), SSE_E_STATE);
        assert_int_equal(sse_writer_raw(w, ":\n\n", 3), SSE_E_STATE);
        assert_int_equal(sse_writer_pending(w), pending);
        append_text(w, "b");
        finish_as(w, SSE_LIT("ab"));
        assert_int_equal(sse_writer_send(w, &event), SSE_OK);
    }
}

static void outside_of_an_event_there_is_nothing_to_append_to(void **state)
{
    sse_writer *w = block_writer(&memory, CAPACITY, 0);
    size_t round;

    (void)state;
    for (round = 0; round < 2; round++) {
        size_t taken = 1;

        assert_int_equal(sse_writer_append(w, "x", 1, &taken), SSE_E_STATE);
        assert_int_equal(taken, 0);
        taken = 1;
        assert_int_equal(sse_writer_append(w, NULL, 0, &taken), SSE_E_STATE);
        assert_int_equal(taken, 0);
        assert_int_equal(sse_writer_finish(w), SSE_E_STATE);
        assert_int_equal(sse_writer_idle(w), 1);
        assert_int_equal(sse_writer_begin(w, NULL), SSE_OK);
        assert_int_equal(sse_writer_finish(w), SSE_OK);
        take(w, sse_writer_pending(w));
    }
}

static void append_refuses_a_length_without_data(void **state)
{
    sse_writer *w = opened(0);
    size_t pending = sse_writer_pending(w), taken = 1;

    (void)state;
    assert_int_equal(sse_writer_append(w, NULL, 1, &taken), SSE_E_ARG);
    assert_int_equal(taken, 0);
    assert_int_equal(sse_writer_pending(w), pending);
    finish_as(w, SSE_LIT(""));
}

/* Append a text in three pieces. */
static void append_cut(sse_writer *w, sse_str text, size_t first, size_t second)
{
    const size_t ends[] = {first, second, text.len};
    size_t at = 0, i, taken;

    for (i = 0; i < 3; i++) {
        assert_int_equal(sse_writer_append(w, text.ptr + at, ends[i] - at, &taken), SSE_OK);
        assert_int_equal(taken, ends[i] - at);
        at = ends[i];
    }
}

/* All texts of up to four of these symbols, cut in all ways into three pieces. */
static void data_is_the_same_however_it_is_cut(void **state)
{
    static const char symbols[] = "\r\n a";
    char text[4];
    sse_str data = {text, 0}, want;
    size_t first, second, i, code;

    (void)state;
    for (data.len = 0; data.len <= sizeof text; data.len++) {
        for (code = 0; code < (size_t)1 << 2 * data.len; code++) {
            char *received;

            for (i = 0; i < data.len; i++)
                text[i] = symbols[code >> 2 * i & 3];
            received = as_received(data, &want.len);
            want.ptr = received;
            for (first = 0; first <= data.len; first++) {
                for (second = first; second <= data.len; second++) {
                    sse_writer *w = opened(framings[second & 1]);

                    append_cut(w, data, first, second);
                    finish_as(w, want);
                }
            }
            free(received);
        }
    }
}

static void crlf_split_over_two_appends_is_one_break(void **state)
{
    size_t i;

    (void)state;
    for (i = 0; i < 2; i++) {
        sse_writer *w = opened(framings[i]);

        append_text(w, "a\r");
        append_text(w, "");
        append_text(w, "\nb");
        finish_as(w, SSE_LIT("a\nb"));
    }
}

static void a_line_feed_that_ends_a_split_crlf_writes_no_chunk(void **state)
{
    size_t i;

    (void)state;
    for (i = 0; i < 2; i++) {
        sse_writer *w = opened(framings[i]);
        size_t pending;

        append_text(w, "a\r");
        pending = sse_writer_pending(w);
        append_text(w, "\n");
        assert_int_equal(sse_writer_pending(w), pending);
        append_text(w, "\n");
        finish_as(w, SSE_LIT("a\n\n"));
    }
}

static void a_carriage_return_that_ends_one_event_is_not_completed_by_the_next(void **state)
{
    static const parsed_event events[] = {{TEXT("message"), TEXT("a\n"), TEXT("")},
                                          {TEXT("message"), TEXT("\nb"), TEXT("")}};
    static const parsed want = {events, 2, NULL, 0, 0, TEXT("")};
    size_t i;

    (void)state;
    for (i = 0; i < 2; i++) {
        sse_writer *w = opened(framings[i]);
        sse_str payload;

        append_text(w, "a\r");
        assert_int_equal(sse_writer_finish(w), SSE_OK);
        assert_int_equal(sse_writer_begin(w, NULL), SSE_OK);
        append_text(w, "\nb");
        assert_int_equal(sse_writer_finish(w), SSE_OK);
        payload = block_payload(&memory);
        assert_parses_to(payload.ptr, payload.len, &want);
    }
}

static void an_empty_append_writes_nothing(void **state)
{
    size_t i, taken = 1;

    (void)state;
    for (i = 0; i < 2; i++) {
        sse_writer *w = opened(framings[i]);
        const size_t pending = sse_writer_pending(w);

        assert_int_equal(sse_writer_append(w, NULL, 0, &taken), SSE_OK);
        assert_int_equal(taken, 0);
        assert_int_equal(sse_writer_append(w, "x", 0, &taken), SSE_OK);
        assert_int_equal(taken, 0);
        assert_int_equal(sse_writer_pending(w), pending);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        writer_test(begin_takes_every_part_but_data),
        writer_test(begin_refuses_a_head_that_has_data_and_what_send_refuses),
        writer_test(an_opened_event_without_data_is_dispatched_empty),
        writer_test(inside_an_open_event_only_its_own_calls_are_accepted),
        writer_test(outside_of_an_event_there_is_nothing_to_append_to),
        writer_test(append_refuses_a_length_without_data),
        writer_test(data_is_the_same_however_it_is_cut),
        writer_test(crlf_split_over_two_appends_is_one_break),
        writer_test(a_line_feed_that_ends_a_split_crlf_writes_no_chunk),
        writer_test(a_carriage_return_that_ends_one_event_is_not_completed_by_the_next),
        writer_test(an_empty_append_writes_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
