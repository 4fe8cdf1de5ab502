/* SPDX-License-Identifier: MIT */
/* test_status.c - the one table of results: its values, which bindings rely on, and its phrases. */
#include "sse/status.h"

#include <limits.h>
#include <stdarg.h>
#include <setjmp.h>
#include <string.h>
#include <cmocka.h>

/* The table, written down once more: the values are part of the binary interface, and people search
 * their logs for the phrases. */
static const struct {
    int status;
    int value;
    const char *phrase;
} table[] = {
    {SSE_OK, 0, "success"},
    {SSE_AGAIN, 1, "would block"},
    {SSE_END, 2, "end of stream"},
    {SSE_GAP, 3, "events were missed"},
    {SSE_E_ARG, -1, "invalid argument"},
    {SSE_E_RANGE, -2, "number out of range"},
    {SSE_E_TOOBIG, -3, "too large for this queue"},
    {SSE_E_FIELD, -4, "invalid byte in field"},
    {SSE_E_SPACE, -5, "destination too small"},
    {SSE_E_STATE, -6, "not possible in this state"},
    {SSE_E_BUSY, -7, "called from inside a sink"},
    {SSE_E_IO, -101, "transport failed"},
    {SSE_E_TORN, -102, "event cut short"},
    {SSE_E_LAGGED, -103, "lagged too far"},
    {SSE_E_STALLED, -104, "no progress"},
    {SSE_E_OLD, -105, "too old"},
};

#define COUNT (sizeof table / sizeof table[0])

static int is_in_table(int status)
{
    size_t i;

    for (i = 0; i < COUNT; i++)
        if (table[i].status == status)
            return 1;
    return 0;
}

static void the_values_do_not_change(void **state)
{
    size_t i;

    (void)state;
    for (i = 0; i < COUNT; i++)
        assert_int_equal(table[i].status, table[i].value);
    assert_int_equal(SSE_E_FATAL, -100);
}

static void the_end_and_what_is_below_the_threshold_close_a_stream(void **state)
{
    int status;

    (void)state;
    for (status = -300; status <= 300; status++)
        assert_int_equal(sse_status_closed(status), status == 2 || status < -100);
    assert_int_equal(sse_status_closed(INT_MIN), 1);
    assert_int_equal(sse_status_closed(INT_MAX), 0);
}

static void each_status_has_a_static_phrase_of_its_own(void **state)
{
    size_t i;

    (void)state;
    for (i = 0; i < COUNT; i++) {
        assert_string_equal(sse_status_text(table[i].status), table[i].phrase);
        assert_ptr_equal(sse_status_text(table[i].status), sse_status_text(table[i].status));
    }
}

static void any_other_value_is_unknown(void **state)
{
    int status;

    (void)state;
    for (status = -300; status <= 300; status++)
        if (!is_in_table(status))
            assert_string_equal(sse_status_text(status), "unknown status");
    assert_string_equal(sse_status_text(INT_MIN), "unknown status");
    assert_string_equal(sse_status_text(INT_MAX), "unknown status");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_values_do_not_change),
        cmocka_unit_test(the_end_and_what_is_below_the_threshold_close_a_stream),
        cmocka_unit_test(each_status_has_a_static_phrase_of_its_own),
        cmocka_unit_test(any_other_value_is_unknown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
