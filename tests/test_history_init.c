/* test_history_init.c - which memory can be a log, and which arguments are refused. */
#include "sse/history.h"

#include "guard.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static size_t size_of(size_t events, size_t room)
{
    return SSE_HISTORY_OVERHEAD + events * SSE_HISTORY_SLOT + room;
}

static void memory_that_is_none_or_not_aligned_is_refused(void **state)
{
    static uint64_t memory[SSE_HISTORY_WORDS(2, 128) + 1];
    const size_t size = sizeof memory - 8;

    (void)state;
    assert_null(sse_history_init(NULL, size, 2, 1, 0));
    assert_null(sse_history_open(NULL, size, 2, 1, 0));
    assert_null(sse_history_init((char *)memory + 1, size, 2, 1, 0));
    assert_null(sse_history_open((char *)memory + 1, size, 2, 1, 0));
    assert_ptr_equal(sse_history_init(memory, size, 2, 1, 0), memory);
}

static void a_log_needs_a_place_for_an_event_and_the_least_room(void **state)
{
    static uint64_t memory[SSE_HISTORY_WORDS(20, SSE_HISTORY_ROOM_MIN)];
    uint32_t events;
    size_t size;

    (void)state;
    assert_null(sse_history_init(memory, sizeof memory, 0, 1, 0));
    for (events = 1; events <= 20; events++)
        for (size = 0; size <= size_of(events, SSE_HISTORY_ROOM_MIN); size++) {
            const int enough = size == size_of(events, SSE_HISTORY_ROOM_MIN);

            assert_int_equal(sse_history_init(memory, size, events, 0, 0) != NULL, enough);
        }
}

static void lengths_that_cannot_be_are_refused_before_the_memory_is_touched(void **state)
{
    guard none = guard_none(4096);

    (void)state;
    assert_null(sse_history_init(none.ptr, 4096, UINT32_MAX, 1, 0));
    assert_null(sse_history_open(none.ptr, 4096, UINT32_MAX, 1, 0));
    assert_null(sse_history_init(none.ptr, size_of(UINT32_MAX, 63), UINT32_MAX, 1, 0));
#if SIZE_MAX > UINT32_MAX
    assert_null(sse_history_init(none.ptr, size_of(1, (size_t)UINT32_MAX + 1), 1, 1, 0));
    assert_null(sse_history_open(none.ptr, size_of(1, (size_t)UINT32_MAX + 1), 1, 1, 0));
    assert_null(sse_history_init(none.ptr, SIZE_MAX, 1, 1, 0));
    assert_null(sse_history_open(none.ptr, SIZE_MAX, UINT32_MAX, 1, 0));
#endif
    guard_free(&none);
}

static void an_unknown_flag_is_refused(void **state)
{
    static uint64_t memory[SSE_HISTORY_WORDS(2, 128)];
    uint32_t flag;

    (void)state;
    for (flag = 1; flag; flag <<= 1) {
        const int known = flag == SSE_HISTORY_CHUNKED;

        assert_int_equal(sse_history_init(memory, sizeof memory, 2, 1, flag) != NULL, known);
        assert_int_equal(sse_history_open(memory, sizeof memory, 2, 1, flag) != NULL, known);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_that_is_none_or_not_aligned_is_refused),
        cmocka_unit_test(a_log_needs_a_place_for_an_event_and_the_least_room),
        cmocka_unit_test(lengths_that_cannot_be_are_refused_before_the_memory_is_touched),
        cmocka_unit_test(an_unknown_flag_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
