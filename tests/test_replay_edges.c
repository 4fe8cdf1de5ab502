/* test_replay_edges.c - an event whose id is empty is not what a client without an id has seen. */
#include "sse/replay.h"

#include <stdarg.h>
#include <stdint.h>
#include <setjmp.h>
#include <string.h>
#include <cmocka.h>

static void an_empty_id_is_never_found(void **state)
{
    static uint64_t memory[SSE_REPLAY_WORDS(4, 1000)];
    static const sse_event ev = {{NULL, 0}, {"", 0}, {NULL, 0}, {"x", 1}, 0};
    sse_replay *const log = sse_replay_init(memory, sizeof memory, 4, 0, 0);
    uint64_t next = 0;

    (void)state;
    assert_non_null(log);
    assert_int_equal(sse_replay_append(log, &ev, 0, 0, 0), SSE_OK);
    assert_int_equal(sse_replay_find(log, "", 0, &next), SSE_GAP);
    assert_int_equal(next, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_id_is_never_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
