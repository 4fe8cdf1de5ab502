/* test_http_request.c - what a client accepts. Each value ends where a page ends.
 *
 * Where it wants to resume is in test_http_resume.c. */
#include "sse/http.h"

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
        {"text/event-stream/x", 0},
        {"text/event-*", 0},
        {"text/*x", 0},
        {"text.*", 0},
        {"text/", 0},
        {"text", 0},
        {"tex/*", 0},
        {"texts/*", 0},
        {"text/x", 0}, /* as long as a wildcard that would name it */
        {"next/*", 0},
        {"*/event-stream", 0},
        {"*", 0},
        {"*/", 0},
        {"/*", 0},
        {"**/*", 0},
        {"text /event-stream", 0},
        {"text/event-stream x", 0},
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

static void a_weight_of_0_is_a_refusal_and_so_is_one_that_is_none(void **state)
{
    static const accept_case cases[] = {
        {STREAM ";q=0", 0},      {STREAM ";q=0.", 0},     {STREAM ";q=0.0", 0},
        {STREAM ";q=0.00", 0},   {STREAM ";q=0.000", 0},  {STREAM ";q=0.001", 1},
        {STREAM ";q=0.01", 1},   {STREAM ";q=0.1", 1},    {STREAM ";q=0.999", 1},
        {STREAM ";q=1", 1},      {STREAM ";q=1.", 1},     {STREAM ";q=1.0", 1},
        {STREAM ";q=1.00", 1},   {STREAM ";q=1.000", 1},  {STREAM ";q=1.1", 0},
        {STREAM ";q=1.001", 0},  {STREAM ";q=1.01", 0},   {STREAM ";q=2", 0},
        {STREAM ";q=9", 0},      {STREAM ";q=10", 0},     {STREAM ";q=01", 0},
        {STREAM ";q=abc", 0},    {STREAM ";q=0.a", 0},    {STREAM ";q=0.5x", 0},
        {STREAM ";q=", 0},       {STREAM ";q", 0},        {STREAM ";q=0.0001", 0},
        {STREAM ";q=1.0000", 0}, {STREAM ";q=0.5555", 0}, {STREAM ";q=-1", 0},
        {STREAM ";q=+1", 0},     {STREAM ";q=.5", 0},     {STREAM ";q=0,5", 0},
        {STREAM ";q=1e0", 0},    {STREAM ";q=0..5", 0},   {STREAM ";q=\"1\"", 0},
        {STREAM ";q=0.5 ", 1},   {STREAM ";q=0.5\t", 1},  {STREAM ";q=0 .5", 0},
    };

    (void)state;
    ASSERT_ACCEPTS(cases);
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
        {STREAM ";q=bad, */*", 0},
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
        {STREAM ";a=\"\\\";q=0", 1},
        {STREAM ";a=\"\\\"\";q=0", 0},
        {STREAM ";a=\"\\\\\";q=0", 0},
        {"text/html;a=\"x, " STREAM "\"", 0},
        {"text/html;a=\"x\", " STREAM, 1},
        {"text/html;a=\"x\\\", " STREAM "\"", 0},
        {"text/html;a=\"x\\\\\", " STREAM, 1},
        {"text/html;a=\"x\\\", " STREAM ", \", " STREAM, 1},
        {"text/html;a=x\\, " STREAM, 1},
        {"text/html;a=\"x, " STREAM, 0},
        {STREAM ", text/html;a=\"x", 1},
        {"\"" STREAM "\"", 0},
        {"\"", 0},
        {"\"\\", 0},
        {"\\", 0},
        {";", 0},
        {"=", 0},
        {"text/html;a=\"\\", 0},
    };

    (void)state;
    ASSERT_ACCEPTS(cases);
}

static void a_value_is_read_up_to_its_length_and_not_to_a_nul(void **state)
{
    static const sse_str cut = TEXT(JSON "\0, " STREAM), in = TEXT("text/event\0-stream");

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

static void every_weight_is_told_from_its_neighbours(void **state)
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
        cmocka_unit_test(letter_case_blanks_and_empty_elements_do_not_count),
        cmocka_unit_test(a_weight_of_0_is_a_refusal_and_so_is_one_that_is_none),
        cmocka_unit_test(the_most_exact_name_decides_wherever_it_stands),
        cmocka_unit_test(parameters_and_what_is_quoted_in_them_are_passed_over),
        cmocka_unit_test(a_value_is_read_up_to_its_length_and_not_to_a_nul),
        cmocka_unit_test(other_media_types_are_asked_about_in_the_same_way),
        cmocka_unit_test(a_stream_is_preferred_by_weight_and_then_by_name),
        cmocka_unit_test(every_weight_is_told_from_its_neighbours),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
