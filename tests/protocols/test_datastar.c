/* SPDX-License-Identifier: MIT */
/* test_datastar.c - examples/protocols/datastar.h against the golden cases of Datastar: what each
 * SDK is to send for which call.
 *
 * The cases are those of github.com/starfederation/datastar (MIT, Copyright Star Federation), folder
 * sdk/tests/golden at cbb865fd, of August 2025: the names and the bytes are as they are there. Its
 * runner lets data lines of different names change places; so two cases have `selector_first`. */
#include "protocols/datastar.h"

#include "delivery.h"
#include "encoding.h"
#include "parser.h"
#include "text.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define ELEMENTS "event: datastar-patch-elements\n"
#define SIGNALS  "event: datastar-patch-signals\n"
#define OPTIONS  "id: event1\nretry: 2000\n"
#define SCRIPT   ELEMENTS "data: mode append\ndata: selector body\n"

/* One call, and what it sends; a stream of several events has several rows of the same name. */
typedef struct golden {
    const char *name;
    sse_str output;
    datastar_patch patch;
    sse_str signals, script, attributes;
    int flag;           /* only_if_missing or keep */
    int all;            /* with the id "event1" and a retry of 2000 */
    int selector_first; /* the mode is before it in datastar.h */
} golden;

/* clang-format off */
static const golden cases[] = {
    {"executeScriptWithAllOptions", .script = TEXT("console.log('hello');"), .flag = 1, .all = 1,
     .attributes = TEXT("type=\"text/javascript\" blocking=\"false\""),
     .output = TEXT(ELEMENTS OPTIONS "data: mode append\ndata: selector body\n"
                    "data: elements <script type=\"text/javascript\" blocking=\"false\">"
                    "console.log('hello');</script>\n\n")},
    {"executeScriptWithDefaults", .script = TEXT("console.log('hello');"),
     .output = TEXT(SCRIPT "data: elements <script data-effect=\"el.remove()\">"
                    "console.log('hello');</script>\n\n")},
    {"executeScriptWithMultilineScript",
     .script = TEXT("if (true) {\n  console.log('hello');\n}"),
     .output = TEXT(SCRIPT "data: elements <script data-effect=\"el.remove()\">if (true) {\n"
                    "data: elements   console.log('hello');\ndata: elements }</script>\n\n")},
    {"executeScriptWithoutDefaults", .script = TEXT("console.log('hello');"),
     .output = TEXT(SCRIPT "data: elements <script data-effect=\"el.remove()\">"
                    "console.log('hello');</script>\n\n")},
    {"patchElementsWithAllOptions", .all = 1, .selector_first = 1,
     .patch = {TEXT("append"), TEXT("div"), 1, TEXT("<div>Merge</div>")},
     .output = TEXT(ELEMENTS OPTIONS "data: selector div\ndata: mode append\n"
                    "data: useViewTransition true\ndata: elements <div>Merge</div>\n\n")},
    {"patchElementsWithDefaults", .patch = {.elements = TEXT("<div>Merge</div>")},
     .output = TEXT(ELEMENTS "data: elements <div>Merge</div>\n\n")},
    {"patchElementsWithMultilineElements",
     .patch = {.elements = TEXT("<div>\n  <span>Merge</span>\n</div>")},
     .output = TEXT(ELEMENTS "data: elements <div>\ndata: elements   <span>Merge</span>\n"
                    "data: elements </div>\n\n")},
    {"patchElementsWithoutDefaults", .patch = {.elements = TEXT("<div>Merge</div>")},
     .output = TEXT(ELEMENTS "data: elements <div>Merge</div>\n\n")},
    {"patchSignalsWithAllOptions", .signals = TEXT("{\"one\":1,\"two\":2}"), .flag = 1, .all = 1,
     .output = TEXT(SIGNALS OPTIONS "data: onlyIfMissing true\n"
                    "data: signals {\"one\":1,\"two\":2}\n\n")},
    {"patchSignalsWithDefaults", .signals = TEXT("{\"one\":1,\"two\":2}"),
     .output = TEXT(SIGNALS "data: signals {\"one\":1,\"two\":2}\n\n")},
    {"patchSignalsWithMultilineJson",
     .signals = TEXT("{\n\"one\": \"first signal\",\n\"two\":  \n\"second signal\"}"),
     .output = TEXT(SIGNALS "data: signals {\ndata: signals \"one\": \"first signal\",\n"
                    "data: signals \"two\":  \ndata: signals \"second signal\"}\n\n")},
    {"patchSignalsWithMultilineSignals",
     .signals = TEXT("{\"one\":\"first\\n signal\",\"two\":\"second signal\"}"),
     .output = TEXT(SIGNALS
                    "data: signals {\"one\":\"first\\n signal\",\"two\":\"second signal\"}\n\n")},
    {"patchSignalsWithoutDefaults", .signals = TEXT("{\"one\":1,\"two\":2}"),
     .output = TEXT(SIGNALS "data: signals {\"one\":1,\"two\":2}\n\n")},
    {"removeElementsWithAllOptions", .all = 1, .selector_first = 1,
     .patch = {.mode = TEXT("remove"), .selector = TEXT("#target"), .view_transition = 1},
     .output = TEXT(ELEMENTS OPTIONS "data: selector #target\ndata: mode remove\n"
                    "data: useViewTransition true\n\n")},
    {"removeElementsWithDefaults",
     .patch = {.mode = TEXT("remove"), .selector = TEXT("#target")},
     .output = TEXT(ELEMENTS "data: mode remove\ndata: selector #target\n\n")},
    {"removeElementsWithoutDefaults",
     .patch = {.mode = TEXT("remove"), .selector = TEXT("#target")},
     .output = TEXT(ELEMENTS "data: mode remove\ndata: selector #target\n\n")},
    {"removeSignalsWithAllOptions", .all = 1,
     .signals = TEXT("{\"one\":null,\"two\":{\"alpha\":null}}"),
     .output = TEXT(SIGNALS OPTIONS
                    "data: signals {\"one\":null,\"two\":{\"alpha\":null}}\n\n")},
    {"removeSignalsWithDefaults", .signals = TEXT("{\"one\":null}"),
     .output = TEXT(SIGNALS "data: signals {\"one\":null}\n\n")},
    {"sendTwoEvents", .patch = {.elements = TEXT("<div>Merge</div>")},
     .output = TEXT(ELEMENTS "data: elements <div>Merge</div>\n\n")},
    {"sendTwoEvents", .patch = {.elements = TEXT("<div>Merge 2</div>")},
     .output = TEXT(ELEMENTS "data: elements <div>Merge 2</div>\n\n")},
    {"readSignalsFromBody", .patch = {.elements = TEXT("<div>Merge</div>")},
     .output = TEXT(ELEMENTS "data: elements <div>Merge</div>\n\n")},
};
/* clang-format on */

enum { CASES = sizeof cases / sizeof *cases };

static int make(datastar *d, const golden *g)
{
    int status;

    if (g->signals.ptr != NULL)
        status = datastar_patch_signals(d, g->signals, g->flag);
    else if (g->script.ptr != NULL)
        status = datastar_script(d, g->script, g->attributes, g->flag);
    else
        status = datastar_patch_elements(d, &g->patch);
    if (status == SSE_OK && g->all) {
        d->event.id = SSE_LIT("event1");
        d->event.retry_ms = 2000;
    }
    return status;
}

/* Let the first two lines of the data change places. */
static void swap_lines(datastar *d)
{
    const char *const end = memchr(d->text, '\n', d->event.data.len);
    const size_t one = (size_t)(end - d->text);
    const size_t two = (size_t)((char *)memchr(end + 1, '\n', d->event.data.len) - end) - 1;
    char first[64];

    memcpy(first, d->text, one);
    memmove(d->text, end + 1, two);
    d->text[two] = '\n';
    memcpy(d->text + two + 1, first, one);
}

static void each_golden_case_is_sent_byte_for_byte(void **state)
{
    size_t i, exact = 0;

    (void)state;
    for (i = 0; i < CASES; i++) {
        const golden *const g = &cases[i];
        char text[256];
        datastar d = {.text = text, .cap = sizeof text};

        assert_int_equal(make(&d, g), SSE_OK);
        if (g->selector_first)
            swap_lines(&d);
        else
            exact++;
        if (!same_text(encode(&d.event), g->output))
            fail_msg("%s", g->name);
    }
    assert_int_equal(exact, 19);
}

static void what_a_page_gets_is_what_the_call_says(void **state)
{
    size_t i;

    (void)state;
    for (i = 0; i < CASES; i++) {
        char text[256];
        datastar d = {.text = text, .cap = sizeof text};
        parsed_event event;
        const uint64_t retry = 2000;
        parsed want = {&event, 1, &retry, (size_t)cases[i].all, 0, {"", 0}};

        assert_int_equal(make(&d, &cases[i]), SSE_OK);
        event.type = d.event.type;
        event.data = d.event.data;
        event.id = want.last_id = cases[i].all ? SSE_LIT("event1") : SSE_LIT("");
        deliver_every_way(cases[i].name, &d.event, 1, &want);
    }
}

static void a_text_that_is_too_small_makes_no_event(void **state)
{
    size_t i, cap, need;

    (void)state;
    for (i = 0; i < CASES; i++) {
        char text[256];
        datastar d = {.text = text, .cap = sizeof text};

        assert_int_equal(make(&d, &cases[i]), SSE_OK);
        need = d.event.data.len;
        for (cap = 0; cap < need; cap++) {
            d = (datastar){.text = malloc(cap + !cap), .cap = cap};
            assert_int_equal(make(&d, &cases[i]), SSE_E_SPACE);
            assert_refused(&d.event, SSE_E_ARG);
            free(d.text);
        }
        d = (datastar){.text = malloc(need), .cap = need};
        assert_int_equal(make(&d, &cases[i]), SSE_OK);
        free(d.text);
    }
}

static void no_line_break_in_a_value_makes_a_line_of_another_name(void **state)
{
    char text[256];
    datastar d = {.text = text, .cap = sizeof text};
    const datastar_patch patch = {.selector = SSE_LIT("a\rmode inner"),
                                  .elements = SSE_LIT("<p>\r\n\r\n\n</p>\r")};

    (void)state;
    assert_int_equal(datastar_patch_elements(&d, &patch), SSE_OK);
    assert_same_text(d.event.data, SSE_LIT("selector a\nselector mode inner\nelements <p>\n"
                                           "elements \nelements \nelements </p>\nelements "));
    assert_int_equal(datastar_script(&d, SSE_LIT("a\nb"), SSE_LIT("x\ry"), 1), SSE_OK);
    assert_same_text(d.event.data, SSE_LIT("mode append\nselector body\nelements <script x\n"
                                           "elements y>a\nelements b</script>"));
}

static void remove_is_a_patch_without_elements(void **state)
{
    char text[64];
    datastar d = {.text = text, .cap = sizeof text};

    (void)state;
    assert_int_equal(datastar_remove(&d, SSE_LIT("#target")), SSE_OK);
    assert_same_text(d.event.data, SSE_LIT("mode remove\nselector #target"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_golden_case_is_sent_byte_for_byte),
        cmocka_unit_test(what_a_page_gets_is_what_the_call_says),
        cmocka_unit_test(a_text_that_is_too_small_makes_no_event),
        cmocka_unit_test(no_line_break_in_a_value_makes_a_line_of_another_name),
        cmocka_unit_test(remove_is_a_patch_without_elements),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
