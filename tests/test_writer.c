/* SPDX-License-Identifier: MIT */
/* test_writer.c - the writer as those see it who fill it: making one, and whole events or none.
 *
 * Around it: test_writer_room.c, what fits to the byte; test_writer_state.c, closed, idle and
 * failed; test_writer_pieces.c, events that come in pieces; test_writer_offer.c and
 * test_writer_sink.c, how bytes leave; and every way in with every way out in
 * test_writer_stream.c and test_writer_model.c. */
#include "sse/writer.h"

#include "block.h"
#include "moves.h"
#include "parsed.h"
#include "text.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#define CAPACITY ((size_t)SSE_WRITER_CAPACITY_MIN)

static const uint32_t framings[] = {0, SSE_WRITER_CHUNKED};

/* Longer than the queues here. */
static const char filler[256];

static void init_refuses_no_memory(void **state)
{
    (void)state;
    assert_null(sse_writer_init(NULL, 4096, 0));
    assert_null(sse_writer_init(NULL, 0, 0));
}

static void init_refuses_memory_that_is_not_aligned(void **state)
{
    const size_t size = sse_writer_overhead() + CAPACITY;
    char *start = block_of(&memory, size + sizeof(size_t));
    size_t off;

    (void)state;
    for (off = 1; off < sizeof(size_t); off++)
        assert_null(sse_writer_init(start + off, size, 0));
    assert_ptr_equal(sse_writer_init(start + off, size, 0), start + off);
}

static void init_refuses_a_block_that_is_a_byte_too_small_and_leaves_it_alone(void **state)
{
    const size_t least = sse_writer_overhead() + CAPACITY;
    size_t size, i;

    (void)state;
    for (size = 0; size < least; size++) {
        unsigned char *start = block_of(&memory, size);

        assert_null(sse_writer_init(start, size, 0));
        assert_null(sse_writer_init(start, size, SSE_WRITER_CHUNKED));
        for (i = 1; i < size; i++)
            assert_int_equal(start[i], start[0]);
    }
    assert_non_null(sse_writer_init(block_of(&memory, least), least, 0));
    assert_non_null(sse_writer_init(block_of(&memory, least), least, SSE_WRITER_CHUNKED));
}

static void init_refuses_flags_that_it_does_not_know(void **state)
{
    const size_t size = sse_writer_overhead() + CAPACITY;
    void *start = block_of(&memory, size);
    unsigned bit;

    (void)state;
    for (bit = 0; bit < 32; bit++) {
        const uint32_t flag = (uint32_t)1 << bit;

        if (flag == SSE_WRITER_CHUNKED)
            continue;
        assert_null(sse_writer_init(start, size, flag));
        assert_null(sse_writer_init(start, size, flag | SSE_WRITER_CHUNKED));
    }
}

/* Init touches the header alone, so that the memory need not be there. */
static void only_chunks_bound_the_size_of_a_writer(void **state)
{
    static size_t header[SSE_WRITER_WORDS(SSE_WRITER_CAPACITY_MIN)];
    const uint64_t size = (uint64_t)UINT32_MAX + 1;

    (void)state;
    if (size > SIZE_MAX)
        skip();
    assert_non_null(sse_writer_init(header, (size_t)size, 0));
    assert_non_null(sse_writer_init(header, (size_t)size - 1, SSE_WRITER_CHUNKED));
    assert_null(sse_writer_init(header, (size_t)size, SSE_WRITER_CHUNKED));
    assert_null(sse_writer_init(header, SIZE_MAX, SSE_WRITER_CHUNKED));
}

static void the_writer_is_the_block_whatever_was_in_it(void **state)
{
    size_t i;

    (void)state;
    for (i = 0; i < 2; i++) {
        sse_writer *w = block_writer(&memory, CAPACITY, framings[i]);

        assert_ptr_equal(w, memory.start);
        assert_int_equal(sse_writer_pending(w), 0);
        assert_int_equal(sse_writer_idle(w), 1);
        assert_int_equal(send_text(w, "tick"), SSE_OK);
        assert_ptr_equal(sse_writer_init(w, memory.size, framings[i]), w);
        assert_int_equal(sse_writer_pending(w), 0);
    }
}

static void bindings_get_the_constants(void **state)
{
    (void)state;
    assert_int_equal(sse_writer_overhead(), SSE_WRITER_OVERHEAD);
    assert_int_equal(sse_writer_capacity_min(), SSE_WRITER_CAPACITY_MIN);
}

static void an_array_of_words_holds_at_least_the_capacity_and_at_most_a_word_more(void **state)
{
    size_t words[SSE_WRITER_WORDS(100)];
    size_t capacity;
    sse_writer *w = sse_writer_init(words, sizeof words, 0);

    (void)state;
    assert_non_null(w);
    assert_int_equal(send_of(w, 100), SSE_OK);
    for (capacity = CAPACITY; capacity < 200; capacity++) {
        const size_t size = SSE_WRITER_WORDS(capacity) * sizeof(size_t);

        assert_true(size >= SSE_WRITER_OVERHEAD + capacity);
        assert_true(size < SSE_WRITER_OVERHEAD + capacity + sizeof(size_t));
    }
}

static void only_success_changes_the_queue(void **state)
{
    static const struct {
        sse_event ev;
        int status;
    } refused[] = {
        {{ABSENT, ABSENT, ABSENT, 0, ABSENT}, SSE_E_ARG},
        {{ABSENT, ABSENT, ABSENT, 0, {NULL, 1}}, SSE_E_ARG},
        {{ABSENT, ABSENT, ABSENT, SSE_RETRY_MAX + 1, TEXT("x")}, SSE_E_RANGE},
        {{ABSENT, ABSENT, ABSENT, 0, {filler, SSE_PART_MAX + 1}}, SSE_E_TOOBIG},
        {{ABSENT, ABSENT, ABSENT, 0, {filler, 200}}, SSE_E_TOOBIG},
        {{ABSENT, ABSENT, TEXT("1\ndata: forged"), 0, TEXT("x")}, SSE_E_FIELD},
        {{ABSENT, TEXT("a\rdata: forged"), ABSENT, 0, TEXT("x")}, SSE_E_FIELD},
        {{ABSENT, ABSENT, ABSENT, 0, {filler, 48}}, SSE_AGAIN},
        {{{filler, 50}, ABSENT, ABSENT, 0, ABSENT}, SSE_AGAIN},
    };
    size_t i, k;

    (void)state;
    for (k = 0; k < 2; k++) {
        sse_writer *w = block_writer(&memory, CAPACITY + 12 * k, framings[k]);
        size_t before;

        assert_int_equal(send_text(w, "tick"), SSE_OK);
        before = sse_writer_pending(w);
        for (i = 0; i < sizeof refused / sizeof refused[0]; i++) {
            assert_int_equal(sse_writer_send(w, &refused[i].ev), refused[i].status);
            assert_int_equal(sse_writer_pending(w), before);
            assert_same_text(block_payload(&memory), SSE_LIT("data: tick\n\n"));
        }
        assert_int_equal(send_text(w, "tick"), SSE_OK);
        assert_same_text(block_payload(&memory), SSE_LIT("data: tick\n\ndata: tick\n\n"));
    }
}

static void a_null_event_is_refused(void **state)
{
    (void)state;
    assert_int_equal(sse_writer_send(block_writer(&memory, CAPACITY, 0), NULL), SSE_E_ARG);
}

static void raw_bytes_are_passed_on_unseen(void **state)
{
    static const sse_str bytes = TEXT("\0\r\nid: \xFF\n\n");
    sse_writer *w = block_writer(&memory, CAPACITY, 0);

    (void)state;
    assert_int_equal(sse_writer_raw(w, bytes.ptr, bytes.len), SSE_OK);
    assert_same_text(block_queued(&memory), bytes);
    assert_int_equal(sse_writer_raw(w, NULL, 0), SSE_OK);
    assert_int_equal(sse_writer_raw(w, "x", 0), SSE_OK);
    assert_int_equal(sse_writer_raw(w, NULL, 1), SSE_E_ARG);
    assert_same_text(block_queued(&memory), bytes);
    assert_int_equal(send_text(w, "tick"), SSE_OK);
    assert_int_equal(sse_writer_raw(w, ":\n\n", 3), SSE_OK);
    assert_int_equal(sse_writer_pending(w), bytes.len + 12 + 3);
}

static void raw_bytes_too_long_to_count_are_never_read(void **state)
{
    guard none = guard_none(1);
    size_t i;

    (void)state;
    for (i = 0; i < 2; i++) {
        sse_writer *w = block_writer(&memory, CAPACITY, framings[i]);

        assert_int_equal(sse_writer_comment(w, NULL, 0), SSE_OK);
        assert_int_equal(sse_writer_raw(w, none.ptr, SIZE_MAX), SSE_E_TOOBIG);
        assert_int_equal(sse_writer_raw(w, none.ptr, SIZE_MAX - 11), SSE_E_TOOBIG);
        assert_int_equal(sse_writer_raw(w, none.ptr, SSE_PART_MAX + 1), SSE_E_TOOBIG);
        assert_int_equal(sse_writer_raw(w, none.ptr, CAPACITY + 1), SSE_E_TOOBIG);
        assert_same_text(block_payload(&memory), SSE_LIT(":\n\n"));
    }
    guard_free(&none);
}

static void raw_bytes_are_a_chunk_after_the_first_event_and_bare_before_it(void **state)
{
    sse_writer *w = block_writer(&memory, CAPACITY, SSE_WRITER_CHUNKED);
    const sse_event forged = {ABSENT, TEXT("a\nb"), ABSENT, 0, TEXT("x")};

    (void)state;
    assert_int_equal(sse_writer_raw(w, "HEAD", 4), SSE_OK);
    assert_int_equal(sse_writer_send(w, &forged), SSE_E_FIELD);
    assert_int_equal(sse_writer_begin(w, NULL), SSE_OK);
    assert_int_equal(sse_writer_cancel(w), SSE_OK);
    assert_int_equal(sse_writer_raw(w, "head", 4), SSE_OK);
    assert_same_text(block_queued(&memory), SSE_LIT("HEADhead"));
    assert_int_equal(send_text(w, "tick"), SSE_OK);
    take(w, sse_writer_pending(w));
    assert_int_equal(sse_writer_raw(w, ":\n\n", 3), SSE_OK);
    assert_int_equal(sse_writer_raw(w, NULL, 0), SSE_OK);
    assert_same_text(block_queued(&memory), SSE_LIT("00000003\r\n:\n\n\r\n"));

    w = block_writer(&memory, CAPACITY, SSE_WRITER_CHUNKED);
    assert_int_equal(sse_writer_begin(w, NULL), SSE_OK);
    assert_int_equal(sse_writer_finish(w), SSE_OK);
    take(w, sse_writer_pending(w));
    assert_int_equal(sse_writer_raw(w, "x", 1), SSE_OK);
    assert_same_text(block_queued(&memory), SSE_LIT("00000001\r\nx\r\n"));
}

static void all_that_a_new_queue_can_take_is_one_offer(void **state)
{
    sse_writer *const w = block_writer(&memory, CAPACITY, SSE_WRITER_CHUNKED);
    const void *offer;
    size_t len;

    (void)state;
    assert_int_equal(sse_writer_raw(w, filler, CAPACITY), SSE_OK);
    assert_int_equal(sse_writer_close(w), SSE_OK);
    assert_int_equal(sse_writer_peek(w, &offer, &len), SSE_OK);
    assert_int_equal(len, CAPACITY + sizeof "0\r\n\r\n" - 1);
}

/* So that a transport gets all of what comes next in one piece. */
static void an_empty_queue_begins_anew(void **state)
{
    sse_writer *const w = block_writer(&memory, CAPACITY, 0);
    const void *offer;
    size_t len;

    (void)state;
    assert_int_equal(send_of(w, 40), SSE_OK);
    take(w, 40);
    assert_int_equal(send_of(w, CAPACITY), SSE_OK);
    assert_int_equal(sse_writer_peek(w, &offer, &len), SSE_OK);
    assert_int_equal(len, CAPACITY);
}

static void no_place_for_a_result_is_refused(void **state)
{
    sse_writer *const w = block_writer(&memory, CAPACITY, 0);
    const void *bytes;
    char byte;
    size_t len;

    (void)state;
    assert_int_equal(send_text(w, "tick"), SSE_OK);
    assert_int_equal(sse_writer_peek(w, NULL, &len), SSE_E_ARG);
    assert_int_equal(sse_writer_peek(w, &bytes, NULL), SSE_E_ARG);
    assert_int_equal(sse_writer_read(w, &byte, 1, NULL), SSE_E_ARG);
    assert_int_equal(sse_writer_begin(w, NULL), SSE_OK);
    assert_int_equal(sse_writer_append(w, "x", 1, NULL), SSE_E_ARG);
    assert_same_text(block_queued(&memory), SSE_LIT("data: tick\n\ndata: "));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        writer_test(init_refuses_no_memory),
        writer_test(init_refuses_memory_that_is_not_aligned),
        writer_test(init_refuses_a_block_that_is_a_byte_too_small_and_leaves_it_alone),
        writer_test(init_refuses_flags_that_it_does_not_know),
        writer_test(only_chunks_bound_the_size_of_a_writer),
        writer_test(the_writer_is_the_block_whatever_was_in_it),
        writer_test(bindings_get_the_constants),
        writer_test(an_array_of_words_holds_at_least_the_capacity_and_at_most_a_word_more),
        writer_test(only_success_changes_the_queue),
        writer_test(a_null_event_is_refused),
        writer_test(raw_bytes_are_passed_on_unseen),
        writer_test(raw_bytes_too_long_to_count_are_never_read),
        writer_test(raw_bytes_are_a_chunk_after_the_first_event_and_bare_before_it),
        writer_test(all_that_a_new_queue_can_take_is_one_offer),
        writer_test(an_empty_queue_begins_anew),
        writer_test(no_place_for_a_result_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
