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

static void init_refuses_chunks_from_4_gib_upwards(void **state)
{
#if SIZE_MAX > UINT32_MAX
    guard none = guard_none(16);

    (void)state;
    assert_null(sse_writer_init(none.ptr, (size_t)UINT32_MAX + 1, SSE_WRITER_CHUNKED));
    assert_null(sse_writer_init(none.ptr, SIZE_MAX, SSE_WRITER_CHUNKED));
    guard_free(&none);
#else
    (void)state;
    skip();
#endif
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

static void the_overhead_is_one_number_in_two_forms(void **state)
{
    (void)state;
    assert_int_equal(sse_writer_overhead(), SSE_WRITER_OVERHEAD);
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

/* Each part absent, empty and full, in every combination. */
static void put_is_send_given_part_by_part(void **state)
{
    static const sse_str parts[] = {ABSENT, TEXT(""), TEXT("a b")};
    size_t type, data, id;

    (void)state;
    for (type = 0; type < 3; type++) {
        for (data = 0; data < 3; data++) {
            for (id = 0; id < 3; id++) {
                sse_event ev = {ABSENT, parts[type], parts[id], 0, parts[data]};
                sse_writer *w = block_writer(&memory, CAPACITY, 0);
                char bytes[64];
                sse_str want = {bytes, 0};
                int status = sse_event_encode(&ev, bytes, sizeof bytes, &want.len);

                assert_int_equal(status, type || data || id ? SSE_OK : SSE_E_ARG);
                assert_int_equal(sse_writer_put(w, ev.type.ptr, ev.type.len, ev.data.ptr,
                                                ev.data.len, ev.id.ptr, ev.id.len),
                                 status);
                assert_same_text(block_queued(&memory), want);
                w = block_writer(&memory, CAPACITY, 0);
                assert_int_equal(sse_writer_send(w, &ev), status);
                assert_same_text(block_queued(&memory), want);
            }
        }
    }
}

static void put_refuses_as_send_does(void **state)
{
    sse_writer *w = block_writer(&memory, CAPACITY, 0);

    (void)state;
    assert_int_equal(sse_writer_put(w, NULL, 1, "x", 1, NULL, 0), SSE_E_ARG);
    assert_int_equal(sse_writer_put(w, NULL, 0, NULL, 1, NULL, 0), SSE_E_ARG);
    assert_int_equal(sse_writer_put(w, NULL, 0, "x", 1, NULL, 1), SSE_E_ARG);
    assert_int_equal(sse_writer_put(w, "a\nb", 3, "x", 1, NULL, 0), SSE_E_FIELD);
    assert_int_equal(sse_writer_put(w, NULL, 0, "x", 1, "a\nb", 3), SSE_E_FIELD);
    assert_int_equal(sse_writer_put(w, NULL, 0, filler, CAPACITY, NULL, 0), SSE_E_TOOBIG);
    assert_int_equal(sse_writer_pending(w), 0);
    assert_int_equal(send_of(w, CAPACITY), SSE_OK);
    assert_int_equal(sse_writer_put(w, NULL, 0, "x", 1, NULL, 0), SSE_AGAIN);
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
    sse_writer *w = block_writer(&memory, CAPACITY, 0);

    (void)state;
    assert_int_equal(sse_writer_raw(w, none.ptr, SIZE_MAX), SSE_E_TOOBIG);
    assert_int_equal(sse_writer_raw(w, none.ptr, SSE_PART_MAX + 1), SSE_E_TOOBIG);
    assert_int_equal(sse_writer_raw(w, none.ptr, CAPACITY + 1), SSE_E_TOOBIG);
    assert_int_equal(sse_writer_pending(w), 0);
    guard_free(&none);
}

static void raw_bytes_go_ahead_of_the_first_chunk_and_never_behind_it(void **state)
{
    sse_writer *w = block_writer(&memory, CAPACITY, SSE_WRITER_CHUNKED);
    const sse_event forged = {ABSENT, TEXT("a\nb"), ABSENT, 0, TEXT("x")};
    size_t taken;

    (void)state;
    assert_int_equal(sse_writer_raw(w, "HEAD", 4), SSE_OK);
    assert_int_equal(sse_writer_send(w, &forged), SSE_E_FIELD);
    assert_int_equal(sse_writer_raw(w, "head", 4), SSE_OK);
    assert_same_text(block_queued(&memory), SSE_LIT("HEADhead"));
    assert_int_equal(send_text(w, "tick"), SSE_OK);
    assert_int_equal(sse_writer_raw(w, "x", 1), SSE_E_STATE);
    take(w, sse_writer_pending(w));
    assert_int_equal(sse_writer_raw(w, "x", 1), SSE_E_STATE);
    assert_int_equal(sse_writer_pending(w), 0);

    w = block_writer(&memory, CAPACITY, SSE_WRITER_CHUNKED);
    assert_int_equal(sse_writer_begin(w, NULL), SSE_OK);
    assert_int_equal(sse_writer_append(w, "x", 1, &taken), SSE_OK);
    assert_int_equal(sse_writer_finish(w), SSE_OK);
    assert_int_equal(sse_writer_raw(w, "x", 1), SSE_E_STATE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        writer_test(init_refuses_no_memory),
        writer_test(init_refuses_memory_that_is_not_aligned),
        writer_test(init_refuses_a_block_that_is_a_byte_too_small_and_leaves_it_alone),
        writer_test(init_refuses_flags_that_it_does_not_know),
        writer_test(init_refuses_chunks_from_4_gib_upwards),
        writer_test(the_writer_is_the_block_whatever_was_in_it),
        writer_test(the_overhead_is_one_number_in_two_forms),
        writer_test(an_array_of_words_holds_at_least_the_capacity_and_at_most_a_word_more),
        writer_test(only_success_changes_the_queue),
        writer_test(a_null_event_is_refused),
        writer_test(put_is_send_given_part_by_part),
        writer_test(put_refuses_as_send_does),
        writer_test(raw_bytes_are_passed_on_unseen),
        writer_test(raw_bytes_too_long_to_count_are_never_read),
        writer_test(raw_bytes_go_ahead_of_the_first_chunk_and_never_behind_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
