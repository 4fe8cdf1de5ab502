/* SPDX-License-Identifier: MIT */
/* test_version.c - the version of the headers is that of the library, as a number and as text. */
#include "sse/version.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <cmocka.h>

static void the_number_is_that_of_the_header(void **state)
{
    (void)state;
    assert_int_equal(sse_version_number(), SSE_VERSION_NUMBER);
}

static void the_number_is_made_of_the_three_parts_so_that_it_compares(void **state)
{
    (void)state;
    assert_int_equal(sse_version_number() / 1000000, SSE_VERSION_MAJOR);
    assert_int_equal(sse_version_number() / 1000 % 1000, SSE_VERSION_MINOR);
    assert_int_equal(sse_version_number() % 1000, SSE_VERSION_PATCH);
}

static void the_text_is_the_three_parts_with_dots(void **state)
{
    char text[32];

    (void)state;
    snprintf(text, sizeof text, "%d.%d.%d", SSE_VERSION_MAJOR, SSE_VERSION_MINOR,
             SSE_VERSION_PATCH);
    assert_string_equal(sse_version_text(), text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_number_is_that_of_the_header),
        cmocka_unit_test(the_number_is_made_of_the_three_parts_so_that_it_compares),
        cmocka_unit_test(the_text_is_the_three_parts_with_dots),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
