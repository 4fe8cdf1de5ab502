/* test_http_request_edges.c - what a client accepts, where one byte, one thousandth or one name
 * makes the difference. */
#include "sse/http.h"

#include <stdarg.h>
#include <stdint.h>
#include <setjmp.h>
#include <string.h>
#include <cmocka.h>

#define STREAM "text/event-stream"
#define JSON   "application/json"

static int accepts(const char *accept)
{
    return sse_http_accepts(accept, strlen(accept));
}

static int accepts_type(const char *accept, const char *type)
{
    return sse_http_accepts_type(accept, strlen(accept), type, strlen(type));
}

static int prefers(const char *accept)
{
    return sse_http_prefers(accept, strlen(accept), JSON, sizeof JSON - 1);
}

static void an_absent_value_is_not_read_whatever_its_length(void **state)
{
    (void)state;
    assert_int_equal(sse_http_accepts(NULL, 5), 1);
    assert_int_equal(sse_http_prefers(NULL, 5, JSON, sizeof JSON - 1), 0);
}

static void a_type_without_a_byte_is_named_by_the_range_of_all(void **state)
{
    (void)state;
    assert_int_equal(sse_http_accepts_type("*/*", 3, NULL, 0), 1);
    assert_int_equal(sse_http_accepts_type("*/*;q=0", 7, NULL, 0), 0);
    assert_int_equal(sse_http_accepts_type("text/*", 6, NULL, 0), 0);
    assert_int_equal(sse_http_prefers(STREAM, sizeof STREAM - 1, NULL, 0), 1);
}

static void a_range_of_subtypes_is_of_one_type_and_has_a_star(void **state)
{
    (void)state;
    assert_int_equal(accepts("text/h"), 0);
    assert_int_equal(accepts("text/?"), 0);
    assert_int_equal(accepts("font/*"), 0);
    assert_int_equal(accepts("next/*"), 0);
}

static void only_letters_have_two_cases(void **state)
{
    (void)state;
    assert_int_equal(accepts_type("x/[", "x/{"), 0);
    assert_int_equal(accepts_type("x/@", "x/`"), 0);
    assert_int_equal(accepts_type("x/A", "x/a"), 1);
    assert_int_equal(accepts_type("x/Z", "x/z"), 1);
}

static void the_bytes_beside_the_digits_make_no_weight(void **state)
{
    (void)state;
    assert_int_equal(accepts(STREAM ";q=0.0:"), 0);
    assert_int_equal(accepts(STREAM ";q=0.1/"), 0);
    assert_int_equal(accepts(STREAM ";q=0.:"), 0);
    assert_int_equal(accepts(STREAM ";q=1./"), 0);
    assert_int_equal(accepts(STREAM ";q=/.5"), 0);
}

static void what_is_no_weight_is_a_refusal_and_nothing_below_one(void **state)
{
    static const char *const weights[] = {"x", "", "00", "0.00000", "/.5", "0./", "0.x", "1.1"};
    char accept[128];
    size_t i;

    (void)state;
    for (i = 0; i < sizeof weights / sizeof weights[0]; i++) {
        strcpy(accept, JSON ";q=");
        strcat(accept, weights[i]);
        strcat(accept, ", " STREAM ";q=0");
        assert_int_equal(prefers(accept), 0);
    }
}

static void no_weight_is_a_weight_of_1(void **state)
{
    (void)state;
    assert_int_equal(prefers(STREAM ", " JSON ";q=1"), 0);
    assert_int_equal(prefers(STREAM ";q=1, " JSON), 0);
}

static void the_least_weight_is_enough_to_go_by_the_name(void **state)
{
    (void)state;
    assert_int_equal(prefers(STREAM ";q=0.001, */*;q=0.001"), 1);
    assert_int_equal(prefers(STREAM ";q=0, */*;q=0"), 0);
}

static void of_two_weights_for_one_range_the_higher_counts(void **state)
{
    (void)state;
    assert_int_equal(accepts(STREAM ";q=0, " STREAM), 1);
    assert_int_equal(accepts(STREAM ", " STREAM ";q=0"), 1);
    assert_int_equal(accepts("text/*;q=0, text/*"), 1);
    assert_int_equal(accepts("text/*, text/*;q=0"), 1);
    assert_int_equal(accepts("*/*;q=0, */*"), 1);
    assert_int_equal(accepts("*/*, */*;q=0"), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_absent_value_is_not_read_whatever_its_length),
        cmocka_unit_test(a_type_without_a_byte_is_named_by_the_range_of_all),
        cmocka_unit_test(a_range_of_subtypes_is_of_one_type_and_has_a_star),
        cmocka_unit_test(only_letters_have_two_cases),
        cmocka_unit_test(the_bytes_beside_the_digits_make_no_weight),
        cmocka_unit_test(what_is_no_weight_is_a_refusal_and_nothing_below_one),
        cmocka_unit_test(no_weight_is_a_weight_of_1),
        cmocka_unit_test(the_least_weight_is_enough_to_go_by_the_name),
        cmocka_unit_test(of_two_weights_for_one_range_the_higher_counts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
