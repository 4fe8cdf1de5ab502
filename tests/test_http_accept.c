/* SPDX-License-Identifier: MIT */
/* test_http_accept.c - what a client accepts. Each value ends where a page ends. */
#include "sse/http_request.h"

#include "guard.h"
#include "text.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#define PAGE   ((size_t)4096)
#define STREAM "text/event-stream"
#define JSON   "application/json"

enum place { ACCEPT, TYPE, PLACES };

/* Copy a value to where a page ends; NULL stays NULL. */
static const char *placed(enum place place, sse_str value)
{
    static guard pages[PLACES];
    char *at;

    if (value.ptr == NULL)
        return NULL;
    if (pages[place].ptr == NULL)
        pages[place] = guard_before_end(PAGE);
    at = guard_tail(&pages[place], value.len);
    memcpy(at, value.ptr, value.len);
    return at;
}

static sse_str text(const char *literal)
{
    sse_str s = {literal, literal ? strlen(literal) : 0};

    return s;
}

static int accepts(const char *accept)
{
    const sse_str value = text(accept);

    return sse_http_accepts(placed(ACCEPT, value), value.len);
}

static int accepts_type(const char *accept, const char *type)
{
    const sse_str value = text(accept), other = text(type);

    return sse_http_accepts_type(placed(ACCEPT, value), value.len, placed(TYPE, other), other.len);
}

static int prefers(const char *accept, const char *type)
{
    const sse_str value = text(accept), other = text(type);

    return sse_http_prefers(placed(ACCEPT, value), value.len, placed(TYPE, other), other.len);
}

/* What a client accepts, and whether that includes a stream. */
typedef struct accept_case {
    const char *accept;
    int stream;
} accept_case;

/* Demand the answers, and that naming the type makes no difference. */
static void assert_accepts(const accept_case *cases, size_t count)
{
    size_t i;

    for (i = 0; i < count; i++)
        if (accepts(cases[i].accept) != cases[i].stream ||
            accepts_type(cases[i].accept, STREAM) != cases[i].stream)
            fail_msg("Accept: %s", cases[i].accept ? cases[i].accept : "(none)");
}

#define ASSERT_ACCEPTS(cases) assert_accepts((cases), sizeof(cases) / sizeof(cases)[0])

static void a_client_that_says_nothing_takes_anything(void **state)
{
    static const accept_case cases[] = {{NULL, 1}, {"", 1}, {" ", 1}, {" \t ", 1}};

    (void)state;
    ASSERT_ACCEPTS(cases);
    assert_int_equal(accepts_type(NULL, JSON), 1);
    assert_int_equal(accepts_type("", JSON), 1);
}

static void a_type_is_named_in_whole_or_by_a_wildcard(void **state)
{
    static const accept_case cases[] = {
        {STREAM, 1},
        {"text/*", 1},
        {"*/*", 1},
        {JSON, 0},
        {"application/*", 0},
        {JSON ", " STREAM, 1},
        {STREAM ", " JSON, 1},
        {JSON ", text/html", 0},
        {"text/html, */*", 1},
        {"text/event-strea", 0},
        {"text/event-streams", 0},
        {"text/event-*", 0},
        {"text/*x", 0},
        {"tex/*", 0},
        {"texts/*", 0},
        {"text/x", 0}, /* as long as a wildcard that would name it */
        {"text/?, text/h", 0},
        {"next/*", 0},
        {"font/*", 0},
    };

    (void)state;
    ASSERT_ACCEPTS(cases);
}

/* Alone, such an element is a field that says nothing; beside another, it is not there. */
static void an_element_that_is_no_media_range_is_left_out(void **state)
{
    static const char *const elements[] = {
        "text",
        "text/",
        "/*",
        "**/*x/",
        "*/",
        "*/event-stream",
        "text.*",
        "text/event-stream/x",
        "text /event-stream",
        "text/event-stream x",
        "text/ *",
        "\"" STREAM "\"",
        "\"",
        "\"\\",
        "\\",
        ";",
        "=",
        "5",
        "q=0",
        ";q=0",
        "text html/event-stream",
        "text/html text/plain",
        "text@/x",
        "(none)",
        "text/\x7f",
        "t\xC3\xA9xt/html",
        "text,html",
        "text/[x]",
        "a/b/c;q=0",
    };
    char accept[128];
    size_t i;

    (void)state;
    for (i = 0; i < sizeof elements / sizeof elements[0]; i++) {
        if (!accepts(elements[i]))
            fail_msg("Accept: %s", elements[i]);
        sprintf(accept, JSON ", %s", elements[i]);
        assert_int_equal(accepts(accept), 0);
        assert_int_equal(accepts_type(accept, JSON), 1);
        sprintf(accept, STREAM ";q=0, %s", elements[i]);
        assert_int_equal(accepts(accept), 0);
        if (!strchr(elements[i], '"')) {
            sprintf(accept, "%s, " STREAM, elements[i]);
            assert_int_equal(accepts(accept), 1);
        }
    }
}

/* As they were seen in the field. */
static void what_old_and_odd_clients_send_is_read_as_it_is_meant(void **state)
{
    static const accept_case cases[] = {
        {"text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2", 1}, /* HttpURLConnection */
        {STREAM ";q=.9, */*;q=0.8", 1},
        {"*/*; q=.2", 1},
        {"*", 1},
        {"*;q=0", 0},
        {"text/html, *;q=.2", 1},
        {STREAM ";charset=utf-8", 1},
        {STREAM "; charset=\"utf-8\"; q=0.5", 1},
        {JSON ", " STREAM, 1}, /* MCP */
        {JSON "," STREAM, 1},  /* two fields, joined */
        {STREAM ",", 1},
        {"text/event-stream, text/event-stream", 1},
        {STREAM ";q=0,5", 1}, /* a decimal comma */
        {STREAM ";q=0,5, " JSON, 1},
        {STREAM ";q=0,0", 0},
        {STREAM ";q=0, 5", 0},
        {STREAM ";q=0,x/5", 0},
        {"text/html;level=1,2/x", 0},
        {",5", 1},
        {"5,", 1},
        {"5,5", 1},
    };

    (void)state;
    ASSERT_ACCEPTS(cases);
}

static void letter_case_blanks_and_empty_elements_do_not_count(void **state)
{
    static const accept_case cases[] = {
        {"TEXT/EVENT-STREAM", 1},   {"Text/Event-Stream", 1}, {"tExT/*", 1},
        {STREAM ";Q=0", 0},         {"  " STREAM "  ", 1},    {"\t" STREAM "\t", 1},
        {JSON " \t,\t " STREAM, 1}, {STREAM " ; q=0", 0},     {STREAM "\t;\tq=0\t", 0},
        {STREAM ";;q=0", 0},        {STREAM ";", 1},          {",, " STREAM " ,", 1},
        {",," STREAM ";q=0,,", 0},  {JSON ",,", 0},           {", ,\t," JSON, 0},
    };

    (void)state;
    ASSERT_ACCEPTS(cases);
}

static void a_comma_is_a_decimal_point_between_two_digits_and_else_ends_an_element(void **state)
{
    static const struct {
        const char *accept;
        int named; /* whether 5/x is */
    } cases[] = {
        {"a/b,5/x", 1},     {"a/b;c=/,5/x", 1},  {"a/b;c=:,5/x", 1},  {"a/b;c=0,5/x", 0},
        {"a/b;c=9,5/x", 0}, {"a/b;c=1, 5/x", 1}, {"a/b;c=1,,5/x", 1}, {"a/b, 5,5/x", 0},
        {"5,5/x,a/b", 0},   {"5,0,5/x,a/b", 0},  {",5/x,a/b", 1},     {"5/x,a/b;c=5", 1},
    };
    static const accept_case ends[] = {
        {STREAM ";q=0,", 0},  {STREAM ";q=0;5", 0}, {STREAM ";5=0;q=0", 0},
        {STREAM ";q=0,/", 0}, {STREAM ";q=0,:", 0},
    };
    static const char after_a_digit[] = "1,5/x,a/b";
    size_t i;

    (void)state;
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++)
        if (accepts_type(cases[i].accept, "5/x") != cases[i].named)
            fail_msg("Accept: %s", cases[i].accept);
    assert_int_equal(sse_http_accepts_type(after_a_digit + 1, 8, "5/x", 3), 1);
    ASSERT_ACCEPTS(ends);
}

static void only_a_weight_of_0_is_a_refusal(void **state)
{
    static const char *const zeros[] = {"0",    "0.",      "0.0", "0.00", "0.000", ".0",   "00",
                                        "0000", "0.00000", " 0",  "0 \t", "0;q=x", "x;q=0"};
    static const char *const others[] = {
        "0.001",    "0.01",
        "0.1",      "0.999",
        "1",        "1.",
        "1.0",      "1.00",
        "1.000",    ".9",
        ".2",       ".001",
        "0.0001",   "0.00000000001",
        "0.5555",   "1.0000",
        "1.1",      "1.001",
        "2",        "9",
        "10",       "100000000000000000000000",
        "01",       "abc",
        "0.a",      "0.5x",
        "",         "0x",
        "-1",       "-0",
        "+0",       "+1",
        "1e0",      "0..5",
        "0.0.",     "\"1\"",
        "\"0\"",    "0 .5",
        "0 0",      ".",
        "0/",       "0:",
        "/0",       ":0",
        "0./",      "0.:",
        "\xD9\xA0", "0;q=0.1",
        "0.1;q=0",
    };
    static const accept_case cases[] = {
        {STREAM ";q", 1},       {STREAM ";q;q=0", 0}, {STREAM "; q = 0", 0}, {STREAM ";Q=0", 0},
        {STREAM ";q = 0.5", 1}, {STREAM ";Q=0.5", 1}, {STREAM ";=0", 1},
    };
    char accept[128];
    size_t i;

    (void)state;
    ASSERT_ACCEPTS(cases);
    for (i = 0; i < sizeof zeros / sizeof zeros[0]; i++) {
        sprintf(accept, STREAM ";q=%s", zeros[i]);
        if (accepts(accept))
            fail_msg("Accept: %s", accept);
    }
    for (i = 0; i < sizeof others / sizeof others[0]; i++) {
        sprintf(accept, STREAM ";q=%s", others[i]);
        if (!accepts(accept))
            fail_msg("Accept: %s", accept);
    }
}

/* Of what is no number nothing is known, so the weight is that of no weight. */
static void a_weight_is_a_number_of_at_most_1_and_1_where_it_is_none(void **state)
{
    static const char *const whole[] = {"1", "1.", "1.000", "2", "1.001", "99999999999", "x", ""};
    static const struct {
        const char *weight;
        const char *below;
        const char *above;
    } others[] = {
        {".5", "0.499", "0.501"},  {"0.5", "0.499", "0.501"},       {"0.5009", "0.499", "0.501"},
        {"0,5", "0.499", "0.501"}, {"00.5", "0.499", "0.501"},      {"0.9999", "0.998", "1"},
        {"0.0001", "0", "0.002"},  {"0.1;q=0.5", "0.499", "0.501"},
    };
    char accept[128];
    size_t i;

    (void)state;
    for (i = 0; i < sizeof whole / sizeof whole[0]; i++) {
        sprintf(accept, STREAM ";q=%s, " JSON ";q=0.999", whole[i]);
        assert_int_equal(prefers(accept, JSON), 1);
        sprintf(accept, JSON ";q=%s, " STREAM, whole[i]);
        assert_int_equal(prefers(accept, JSON), 0);
        sprintf(accept, JSON ", " STREAM ";q=%s", whole[i]);
        assert_int_equal(prefers(accept, JSON), 0);
    }
    for (i = 0; i < sizeof others / sizeof others[0]; i++) {
        sprintf(accept, STREAM ";q=%s, " JSON ";q=%s", others[i].weight, others[i].below);
        assert_int_equal(prefers(accept, JSON), 1);
        sprintf(accept, STREAM ";q=%s, " JSON ";q=%s", others[i].above, others[i].weight);
        assert_int_equal(prefers(accept, JSON), 1);
    }
    assert_int_equal(prefers(STREAM ";q=0.001, */*;q=0.001", JSON), 1);
    assert_int_equal(prefers(STREAM ";q=0, */*;q=0", JSON), 0);
}

static void the_most_exact_name_decides_wherever_it_stands(void **state)
{
    static const accept_case cases[] = {
        {STREAM ";q=0, */*", 0},
        {"*/*, " STREAM ";q=0", 0},
        {STREAM ";q=0, text/*", 0},
        {"text/*, " STREAM ";q=0", 0},
        {"text/*;q=0, */*", 0},
        {"*/*, text/*;q=0", 0},
        {"*/*;q=0.1, " STREAM, 1},
        {"*/*;q=0, " STREAM, 1},
        {STREAM ", */*;q=0", 1},
        {"*/*;q=0, text/*;q=0.1", 1},
        {"text/*;q=0.1, */*;q=0", 1},
        {"*/*;q=0, text/*;q=0, " STREAM ";q=0.001", 1},
        {STREAM ";q=0.001, text/*;q=0, */*;q=0", 1},
        {STREAM ";q=bad, */*;q=0", 1},
        {"text/*;q=0, text/*", 1},
        {"text/*, text/*;q=0", 1},
        {"*/*;q=0, */*", 1},
        {"*/*, */*;q=0", 1},
        {"*/*;q=0", 0},
        {"application/*;q=0, */*", 1},
        {STREAM ";q=0, " STREAM, 1}, /* of two that are as exact, the heavier one */
        {STREAM ", " STREAM ";q=0", 1},
    };

    (void)state;
    ASSERT_ACCEPTS(cases);
}

static void parameters_and_what_is_quoted_in_them_are_passed_over(void **state)
{
    static const accept_case cases[] = {
        {STREAM ";charset=utf-8", 1},
        {STREAM ";charset=utf-8;q=0", 0},
        {STREAM ";q=0;ext=1", 0},
        {STREAM ";qq=0", 1},
        {STREAM ";x=q=0", 1},
        {STREAM ";a=\";q=0\"", 1},
        {STREAM ";a=\"b;c\";q=0", 0},
        {STREAM ";a=\"b,c\";q=0", 0},
        {STREAM ";a=\"\\\";q=0", 0}, /* a quote that is never closed is none */
        {STREAM ";a=\"\\\";q=0\"", 1},
        {STREAM ";a=\"\\\"\";q=0", 0},
        {STREAM ";a=\"\\\\\";q=0", 0},
        {"text/html;a=\"x, " STREAM "\"", 0},
        {"text/html;a=\"x\", " STREAM, 1},
        {"text/html;a=\"x\\\", " STREAM "\"", 0},
        {"text/html;a=\"x\\\\\", " STREAM, 1},
        {"text/html;a=\"x\\\", " STREAM ", \", " STREAM, 1},
        {"text/html;a=x\\, " STREAM, 1},
        {"text/html;a=\"x, " STREAM, 1},
        {"text/html;a=\"x\\\", " STREAM, 1},
        {"text/html;a=\"x\\\\, " STREAM, 1},
        {"text/html;a=\"\\", 0},
        {"text/html;a=\"\", b/c;a=\"x, " STREAM, 1},
        {"text/html;a=\"x," STREAM ",\", b/c;a=\"x", 0},
        {"text/html;a=\"\\\",\"," STREAM ",\"", 1},
        {"text/html;a=\"\\\",b\"," STREAM ",\"", 1},
        {STREAM ", text/html;a=\"x", 1},
        {STREAM ";\"q\"=0", 1},
        {STREAM ";a=\"=;\"=x;q=0", 0},
    };

    (void)state;
    ASSERT_ACCEPTS(cases);
}

static void a_value_is_read_up_to_its_length_and_not_to_a_nul(void **state)
{
    static const sse_str cut = TEXT(JSON "\0, " STREAM), in = TEXT(JSON ", text/event\0-stream");

    (void)state;
    assert_int_equal(sse_http_accepts(placed(ACCEPT, cut), cut.len), 1);
    assert_int_equal(sse_http_accepts(placed(ACCEPT, in), in.len), 0);
}

static void other_media_types_are_asked_about_in_the_same_way(void **state)
{
    (void)state;
    assert_int_equal(accepts_type(STREAM, JSON), 0);
    assert_int_equal(accepts_type(STREAM ", application/*;q=0.2", JSON), 1);
    assert_int_equal(accepts_type(JSON ";q=0, application/*", JSON), 0);
    assert_int_equal(accepts_type("Application/JSON", JSON), 1);
    assert_int_equal(accepts_type(JSON, "APPLICATION/json"), 1);
    assert_int_equal(accepts_type("application/*", "APPLICATION/json"), 1);
    assert_int_equal(accepts_type("text/*", JSON), 0);
    assert_int_equal(accepts_type("*/*", JSON), 1);
    assert_int_equal(accepts_type("application/jso", JSON), 0);
    assert_int_equal(accepts_type("application/json5", JSON), 0);
}

static void a_stream_is_preferred_by_weight_and_then_by_name(void **state)
{
    static const struct {
        const char *accept;
        const char *other;
        int stream;
    } cases[] = {
        {STREAM, JSON, 1}, /* EventSource */
        {"*/*", JSON, 0},  /* curl */
        {NULL, JSON, 0},
        {"", JSON, 0},
        {STREAM ", */*", JSON, 1},
        {"*/*, " STREAM, JSON, 1},
        {JSON ", " STREAM, JSON, 0},
        {STREAM ", " JSON, JSON, 0},
        {JSON ", " STREAM ";q=0.9", JSON, 0},
        {JSON ";q=0.9, " STREAM, JSON, 1},
        {JSON ", */*", JSON, 0},
        {JSON ";q=0.5, */*", JSON, 1},
        {STREAM ";q=0.5, */*", JSON, 0},
        {STREAM ";q=0, */*", JSON, 0},
        {STREAM ";q=0", JSON, 0},
        {JSON ";q=0", JSON, 0},
        {JSON ";q=0, " STREAM ";q=0", JSON, 0},
        {"text/html", JSON, 0},
        {"text/*", JSON, 1},
        {"text/*, application/*", JSON, 0},
        {"text/*, */*", JSON, 1},
        {"application/*, */*", JSON, 0},
        {"text/*", "text/html", 0},
        {"text/*, " STREAM, "text/html", 1},
        {"text/html, text/*", "text/html", 0},
        {STREAM ", text/html", "TEXT/HTML", 0},
        {STREAM, STREAM, 0},
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++)
        if (prefers(cases[i].accept, cases[i].other) != cases[i].stream)
            fail_msg("Accept: %s", cases[i].accept ? cases[i].accept : "(none)");
}

static void only_letters_have_two_cases(void **state)
{
    (void)state;
    assert_int_equal(accepts_type("x/^", "x/~"), 0);
    assert_int_equal(accepts_type("^/x", "~/x"), 0);
    assert_int_equal(accepts_type("x/A", "x/a"), 1);
    assert_int_equal(accepts_type("x/Z", "x/z"), 1);
}

static void a_type_without_a_byte_is_named_by_the_range_of_all(void **state)
{
    (void)state;
    assert_int_equal(sse_http_accepts_type("*/*", 3, NULL, 0), 1);
    assert_int_equal(sse_http_accepts_type("*/*;q=0", 7, NULL, 0), 0);
    assert_int_equal(sse_http_accepts_type("text/*", 6, NULL, 0), 0);
    assert_int_equal(sse_http_prefers(STREAM, sizeof STREAM - 1, NULL, 0), 1);
}

static void an_absent_value_is_not_read_whatever_its_length(void **state)
{
    (void)state;
    assert_int_equal(sse_http_accepts(NULL, 5), 1);
    assert_int_equal(sse_http_prefers(NULL, 5, JSON, sizeof JSON - 1), 0);
}

/* A quote that is never closed must not be looked for again and again. */
static void the_cost_is_linear_in_the_length(void **state)
{
    static char accept[3 << 20];
    size_t i;

    (void)state;
    for (i = 0; i < sizeof accept; i++)
        accept[i] = "\\\","[i % 3];
    accept[0] = 'x';
    accept[1] = '"';
    assert_int_equal(sse_http_accepts(accept, sizeof accept), 1);
}

static void every_weight_is_told_from_its_neighbors(void **state)
{
    unsigned a, b;
    char accept[128];

    (void)state;
    for (a = 0; a <= 1000; a++)
        for (b = a > 0 ? a - 1 : 0; b <= a + 1 && b <= 1000; b++) {
            sprintf(accept, STREAM ";q=%u.%03u, " JSON ";q=%u.%03u", a / 1000, a % 1000, b / 1000,
                    b % 1000);
            assert_int_equal(accepts(accept), a > 0);
            assert_int_equal(accepts_type(accept, JSON), b > 0);
            assert_int_equal(prefers(accept, JSON), a > b);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_client_that_says_nothing_takes_anything),
        cmocka_unit_test(a_type_is_named_in_whole_or_by_a_wildcard),
        cmocka_unit_test(an_element_that_is_no_media_range_is_left_out),
        cmocka_unit_test(what_old_and_odd_clients_send_is_read_as_it_is_meant),
        cmocka_unit_test(letter_case_blanks_and_empty_elements_do_not_count),
        cmocka_unit_test(a_comma_is_a_decimal_point_between_two_digits_and_else_ends_an_element),
        cmocka_unit_test(only_a_weight_of_0_is_a_refusal),
        cmocka_unit_test(a_weight_is_a_number_of_at_most_1_and_1_where_it_is_none),
        cmocka_unit_test(the_most_exact_name_decides_wherever_it_stands),
        cmocka_unit_test(parameters_and_what_is_quoted_in_them_are_passed_over),
        cmocka_unit_test(a_value_is_read_up_to_its_length_and_not_to_a_nul),
        cmocka_unit_test(other_media_types_are_asked_about_in_the_same_way),
        cmocka_unit_test(a_stream_is_preferred_by_weight_and_then_by_name),
        cmocka_unit_test(only_letters_have_two_cases),
        cmocka_unit_test(a_type_without_a_byte_is_named_by_the_range_of_all),
        cmocka_unit_test(an_absent_value_is_not_read_whatever_its_length),
        cmocka_unit_test(the_cost_is_linear_in_the_length),
        cmocka_unit_test(every_weight_is_told_from_its_neighbors),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
