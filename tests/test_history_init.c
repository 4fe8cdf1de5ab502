/* SPDX-License-Identifier: MIT */
/* test_history_init.c - which memory can be a history, and which arguments are refused. */
#include "sse/history.h"

#include "guard.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static sse_history *init(void *mem, size_t size, uint32_t events, uint32_t flags)
{
    return sse_history_init(mem, size, events, flags, 1, "/a", 2);
}

static sse_history *open_again(void *mem, size_t size, uint32_t events, uint32_t flags)
{
    return sse_history_open(mem, size, events, flags, 1, "/a", 2);
}

static uint64_t size_of(uint64_t events, uint64_t capacity)
{
    return SSE_HISTORY_OVERHEAD + events * SSE_HISTORY_SLOT + capacity;
}

static void memory_that_is_null_or_not_aligned_is_refused(void **state)
{
    static uint64_t memory[SSE_HISTORY_WORDS(2, 128) + 1];
    const size_t size = sizeof memory - 8;

    (void)state;
    assert_null(init(NULL, size, 2, 0));
    assert_null(open_again(NULL, size, 2, 0));
    assert_null(init((char *)memory + 1, size, 2, 0));
    assert_null(open_again((char *)memory + 1, size, 2, 0));
    assert_ptr_equal(init(memory, size, 2, 0), memory);
}

static void a_history_needs_a_slot_and_the_least_capacity(void **state)
{
    static uint64_t memory[SSE_HISTORY_WORDS(20, SSE_HISTORY_CAPACITY_MIN)];
    uint32_t events;
    size_t size;

    (void)state;
    assert_null(init(memory, sizeof memory, 0, 0));
    for (events = 1; events <= 20; events++)
        for (size = 0; size <= size_of(events, SSE_HISTORY_CAPACITY_MIN); size++) {
            const int enough = size == size_of(events, SSE_HISTORY_CAPACITY_MIN);

            assert_int_equal(init(memory, size, events, 0) != NULL, enough);
        }
}

static void lengths_that_cannot_be_are_refused_before_the_memory_is_touched(void **state)
{
    guard none = guard_none(4096);

    (void)state;
    assert_null(init(none.ptr, 4096, UINT32_MAX, 0));
    assert_null(open_again(none.ptr, 4096, UINT32_MAX, 0));
    assert_null(init(none.ptr, (size_t)size_of(UINT32_MAX, 63), UINT32_MAX, 0));
#if SIZE_MAX > UINT32_MAX
    assert_null(init(none.ptr, size_of(1, (size_t)UINT32_MAX + 1), 1, 0));
    assert_null(open_again(none.ptr, size_of(1, (size_t)UINT32_MAX + 1), 1, 0));
    assert_null(init(none.ptr, SIZE_MAX, 1, 0));
    assert_null(open_again(none.ptr, SIZE_MAX, UINT32_MAX, 0));
#endif
    guard_free(&none);
}

static void the_largest_capacity_is_a_byte_below_4_gib(void **state)
{
    static uint64_t index[SSE_HISTORY_WORDS(2, SSE_HISTORY_CAPACITY_MIN)];
    const uint64_t size = size_of(2, UINT32_MAX);

    (void)state;
    if (size >= SIZE_MAX)
        skip();
    /* Init touches the index alone, so that the rest need not be there. */
    assert_non_null(init(index, (size_t)size, 2, 0));
    assert_null(init(index, (size_t)size + 1, 2, 0));
}

static void the_size_of_a_block_is_given_or_0_where_there_is_none(void **state)
{
    static uint64_t memory[SSE_HISTORY_WORDS(3, 100)];
    const uint64_t most = size_of(UINT32_MAX, UINT32_MAX);

    (void)state;
    assert_int_equal(sse_history_size(3, 100), 96 + 3 * 80 + 100);
    assert_int_equal(sse_history_size(3, SSE_HISTORY_CAPACITY_MIN), 96 + 3 * 80 + 64);
    assert_int_equal(sse_history_size(3, SSE_HISTORY_CAPACITY_MIN - 1), 0);
    assert_int_equal(sse_history_size(3, 0), 0);
    assert_int_equal(sse_history_size(0, 100), 0);
    assert_int_equal(sse_history_size(UINT32_MAX, UINT32_MAX), most <= SIZE_MAX ? most : 0);
#if SIZE_MAX > UINT32_MAX
    assert_int_equal(sse_history_size(1, (size_t)UINT32_MAX + 1), 0);
    assert_int_equal(sse_history_size(1, SIZE_MAX), 0);
#endif
    assert_int_equal(sizeof memory, (sse_history_size(3, 100) + 7) / 8 * 8);
    assert_non_null(init(memory, sse_history_size(3, 100), 3, 0));
}

/* On 32 bits, too, where the array that it would be cannot be declared. */
static void the_length_of_an_array_does_not_wrap(void **state)
{
    (void)state;
    assert_true(SSE_HISTORY_WORDS(UINT32_MAX, UINT32_MAX) ==
                (size_of(UINT32_MAX, UINT32_MAX) + 7) / 8);
    assert_true(SSE_HISTORY_WORDS(1 + 1, 64 + 9) == 42);
}

static void an_unknown_flag_is_refused(void **state)
{
    static uint64_t memory[SSE_HISTORY_WORDS(2, 128)];
    uint32_t flag;

    (void)state;
    for (flag = 1; flag; flag <<= 1) {
        const int known = flag == SSE_HISTORY_CHUNKED;

        assert_int_equal(init(memory, sizeof memory, 2, flag) != NULL, known);
        assert_int_equal(open_again(memory, sizeof memory, 2, flag) != NULL, known);
    }
}

static void a_name_is_needed_where_ids_are_automatic_and_not_read_otherwise(void **state)
{
    static uint64_t memory[SSE_HISTORY_WORDS(2, 128)];
    guard none = guard_none(1);

    (void)state;
    assert_null(sse_history_init(memory, sizeof memory, 2, 0, 1, NULL, 0));
    assert_null(sse_history_init(memory, sizeof memory, 2, 0, 1, NULL, 1));
    assert_null(sse_history_init(memory, sizeof memory, 2, 0, 1, "a", 0));
    assert_int_equal(memory[0], 0);
    assert_non_null(sse_history_init(memory, sizeof memory, 2, 0, 1, "a", 1));
    assert_null(sse_history_open(memory, sizeof memory, 2, 0, 1, NULL, 0));
    assert_null(sse_history_open(memory, sizeof memory, 2, 0, 1, NULL, 1));
    assert_null(sse_history_open(memory, sizeof memory, 2, 0, 1, "a", 0));
    assert_non_null(sse_history_init(memory, sizeof memory, 2, 0, 0, NULL, 1));
    assert_non_null(sse_history_open(memory, sizeof memory, 2, 0, 0, none.ptr, 1));
    guard_free(&none);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_that_is_null_or_not_aligned_is_refused),
        cmocka_unit_test(a_history_needs_a_slot_and_the_least_capacity),
        cmocka_unit_test(lengths_that_cannot_be_are_refused_before_the_memory_is_touched),
        cmocka_unit_test(the_largest_capacity_is_a_byte_below_4_gib),
        cmocka_unit_test(the_size_of_a_block_is_given_or_0_where_there_is_none),
        cmocka_unit_test(the_length_of_an_array_does_not_wrap),
        cmocka_unit_test(an_unknown_flag_is_refused),
        cmocka_unit_test(a_name_is_needed_where_ids_are_automatic_and_not_read_otherwise),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
