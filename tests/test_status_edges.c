/* test_status_edges.c - the phrases, word for word: they stand one behind the other in memory, and
 * people search their logs for them. */
#include "sse/status.h"

#include <stdarg.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

static void each_status_has_its_own_phrase_and_all_of_it(void **state)
{
    static const struct {
        int status;
        const char *phrase;
    } cases[] = {
        {SSE_OK, "success"},
        {SSE_AGAIN, "nothing can move now"},
        {SSE_END, "end of the stream"},
        {SSE_GAP, "events were missed"},
        {SSE_E_ARG, "an argument that breaks its contract"},
        {SSE_E_RANGE, "a number out of range"},
        {SSE_E_TOOBIG, "too big ever to fit"},
        {SSE_E_FIELD, "a value that its field cannot carry"},
        {SSE_E_SPACE, "not enough space at the destination"},
        {SSE_E_STATE, "not possible in this state"},
        {SSE_E_IO, "the transport failed"},
        {SSE_E_TORN, "the rest of an event is gone"},
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_string_equal(sse_status_text(cases[i].status), cases[i].phrase);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_status_has_its_own_phrase_and_all_of_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
