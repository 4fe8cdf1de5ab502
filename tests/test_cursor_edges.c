/* test_cursor_edges.c - reading to nowhere is refused, whether or not there is something to read.
 */
#include "sse/cursor.h"

#include <stdarg.h>
#include <setjmp.h>
#include <string.h>
#include <cmocka.h>

static void a_copy_needs_somewhere_to_go(void **state)
{
    static uint64_t memory[SSE_HISTORY_WORDS(4, 1000)];
    static const sse_event ev = {{NULL, 0}, {NULL, 0}, {NULL, 0}, 0, {"x", 1}};
    sse_history *const log = sse_history_init(memory, sizeof memory, 4, 14, 0);
    sse_cursor c;
    char dst[8];
    size_t len;
    int i;

    (void)state;
    assert_non_null(log);
    assert_int_equal(sse_cursor_init(&c, 1, 0, NULL, NULL), SSE_OK);
    for (i = 0; i < 2; i++) {
        len = 1;
        assert_int_equal(sse_cursor_read(&c, log, NULL, sizeof dst, &len), SSE_E_ARG);
        assert_int_equal(len, 0);
        len = 1;
        assert_int_equal(sse_cursor_read(&c, log, dst, 0, &len), SSE_E_ARG);
        assert_int_equal(len, 0);
        assert_int_equal(sse_history_append(log, &ev, 0, 0, 0), SSE_OK);
    }
    assert_int_equal(sse_cursor_read(&c, log, dst, sizeof dst, &len), SSE_OK);
    assert_int_equal(len, sizeof dst);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_copy_needs_somewhere_to_go),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
