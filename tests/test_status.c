/* test_status.c - the one table of results: its values, which bindings rely on, and its phrases. */
#include "sse/status.h"

#include <limits.h>
#include <stdarg.h>
#include <setjmp.h>
#include <string.h>
#include <cmocka.h>

/* The table, written down once more: the values are part of the binary interface. */
static const struct {
    int status;
    int value;
} table[] = {
    {SSE_OK, 0},       {SSE_AGAIN, 1},     {SSE_END, 2},      {SSE_E_ARG, -1},
    {SSE_E_RANGE, -2}, {SSE_E_TOOBIG, -3}, {SSE_E_FIELD, -4}, {SSE_E_SPACE, -5},
    {SSE_E_STATE, -6}, {SSE_GAP, 3},       {SSE_E_IO, -101},  {SSE_E_TORN, -102},
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

static void only_what_ends_the_connection_is_below_the_threshold(void **state)
{
    size_t i;

    (void)state;
    for (i = 0; i < COUNT; i++)
        assert_int_equal(table[i].status < SSE_E_FATAL,
                         table[i].status == SSE_E_IO || table[i].status == SSE_E_TORN);
}

static void each_status_has_a_phrase_of_its_own(void **state)
{
    size_t i, k;

    (void)state;
    for (i = 0; i < COUNT; i++) {
        const char *phrase = sse_status_text(table[i].status);

        assert_non_null(phrase);
        assert_true(strlen(phrase) > 0);
        assert_string_not_equal(phrase, "unknown status");
        for (k = 0; k < i; k++)
            assert_string_not_equal(phrase, sse_status_text(table[k].status));
    }
}

static void phrases_are_for_a_log_line(void **state)
{
    size_t i;
    const char *c;

    (void)state;
    for (i = 0; i < COUNT; i++)
        for (c = sse_status_text(table[i].status); *c; c++)
            assert_in_range(*c, ' ', '~');
}

static void a_phrase_is_static(void **state)
{
    (void)state;
    assert_ptr_equal(sse_status_text(SSE_E_FIELD), sse_status_text(SSE_E_FIELD));
    assert_ptr_equal(sse_status_text(SSE_E_IO), sse_status_text(SSE_E_IO));
}

static void any_other_value_is_unknown(void **state)
{
    int status;

    (void)state;
    for (status = -300; status <= 300; status++)
        if (!is_in_table(status) && status != SSE_E_FATAL)
            assert_string_equal(sse_status_text(status), "unknown status");
    assert_string_equal(sse_status_text(INT_MIN), "unknown status");
    assert_string_equal(sse_status_text(INT_MAX), "unknown status");
}

static void the_threshold_has_some_phrase(void **state)
{
    (void)state;
    assert_non_null(sse_status_text(SSE_E_FATAL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_values_do_not_change),
        cmocka_unit_test(only_what_ends_the_connection_is_below_the_threshold),
        cmocka_unit_test(each_status_has_a_phrase_of_its_own),
        cmocka_unit_test(phrases_are_for_a_log_line),
        cmocka_unit_test(a_phrase_is_static),
        cmocka_unit_test(any_other_value_is_unknown),
        cmocka_unit_test(the_threshold_has_some_phrase),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
