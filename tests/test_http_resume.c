/* SPDX-License-Identifier: MIT */
/* test_http_resume.c - where a client wants to resume, and what else its query says.
 *
 * Each value ends where a page ends, and so does the memory for what is found. */
#include "sse/http_request.h"

#include "guard.h"
#include "parsed.h"
#include "text.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#define PAGE         ((size_t)4096)
#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static const sse_str absent = ABSENT;

enum place { HEADER, QUERY, ID, PLACES };

/* Memory of n bytes that ends where a page ends. */
static char *memory_for(enum place place, size_t n)
{
    static guard pages[PLACES];

    if (pages[place].ptr == NULL)
        pages[place] = guard_before_end(PAGE);
    return guard_tail(&pages[place], n);
}

/* Copy a value to such memory; NULL stays NULL. */
static const char *placed(enum place place, sse_str value)
{
    char *at;

    if (value.ptr == NULL)
        return NULL;
    at = memory_for(place, value.len);
    memcpy(at, value.ptr, value.len);
    return at;
}

/* Ask for the id with room for cap bytes. Returns as sse_http_last_event_id; *len was written. */
static int resume(sse_str header, sse_str query, char *dst, size_t cap, size_t *len)
{
    *len = 12345;
    return sse_http_last_event_id(placed(HEADER, header), header.len, placed(QUERY, query),
                                  query.len, dst, cap, len);
}

/* Demand an id, at every capacity up to its length and beyond. */
static void assert_resumes(sse_str header, sse_str query, sse_str want)
{
    size_t cap, len;

    assert_int_equal(resume(header, query, NULL, 0, &len), want.len > 0 ? SSE_E_SPACE : SSE_OK);
    assert_int_equal(len, want.len);
    for (cap = 0; cap <= want.len + 1; cap++) {
        char *dst = memory_for(ID, cap);
        const sse_str got = {dst, want.len};

        memset(dst, '?', cap);
        assert_int_equal(resume(header, query, dst, cap, &len),
                         cap < want.len ? SSE_E_SPACE : SSE_OK);
        assert_int_equal(len, want.len);
        if (cap >= want.len)
            assert_same_text(got, want);
        if (cap > want.len)
            assert_int_equal(dst[want.len], '?');
    }
}

/* Demand that something was never an id: *len is 0. */
static void assert_no_id(sse_str header, sse_str query, size_t cap)
{
    size_t len;
    const int status = resume(header, query, memory_for(ID, cap), cap, &len);

    if (status != SSE_E_FIELD) {
        print_text("header ", header);
        print_text("query  ", query);
    }
    assert_int_equal(status, SSE_E_FIELD);
    assert_int_equal(len, 0);
}

typedef struct pair {
    sse_str given;
    sse_str id;
} pair;

static void the_header_counts_without_the_blanks_around_it(void **state)
{
    static const pair headers[] = {
        {TEXT("7"), TEXT("7")},
        {TEXT("a b"), TEXT("a b")},
        {TEXT(" 7"), TEXT("7")},
        {TEXT("7 \t"), TEXT("7")},
        {TEXT("\t  a b \t "), TEXT("a b")},
        {TEXT("caf\xC3\xA9"), TEXT("caf\xC3\xA9")},
        {TEXT("%41+%"), TEXT("%41+%")},
        {TEXT("lastEventId=7&x"), TEXT("lastEventId=7&x")},
        {TEXT("\"7\""), TEXT("\"7\"")},
    };
    size_t i;

    (void)state;
    for (i = 0; i < COUNT(headers); i++) {
        assert_resumes(headers[i].given, absent, headers[i].id);
        assert_resumes(headers[i].given, SSE_LIT("lastEventId=other"), headers[i].id);
        assert_resumes(headers[i].given, SSE_LIT("lastEventId=%zz"), headers[i].id);
    }
}

static void a_header_that_is_empty_or_blank_is_no_id_and_the_query_counts(void **state)
{
    static const sse_str headers[] = {ABSENT, TEXT(""), TEXT(" "), TEXT("\t \t")};
    size_t i;

    (void)state;
    for (i = 0; i < COUNT(headers); i++) {
        assert_resumes(headers[i], absent, SSE_LIT(""));
        assert_resumes(headers[i], SSE_LIT("a=b"), SSE_LIT(""));
        assert_resumes(headers[i], SSE_LIT("lastEventId=abc-7"), SSE_LIT("abc-7"));
        assert_no_id(headers[i], SSE_LIT("lastEventId=%zz"), 64);
    }
}

static void a_header_that_was_never_an_id_is_refused(void **state)
{
    static const sse_str headers[] = {
        TEXT("\xFF"), TEXT("a\xC3"), TEXT("\xC0\x80"), TEXT("\xED\xA0\x80"), TEXT("\x80 a"),
    };
    char bytes[3] = {'a', 0, 'b'};
    const sse_str controls = {bytes, 3};
    size_t i;

    (void)state;
    for (i = 0; i < COUNT(headers); i++)
        assert_no_id(headers[i], SSE_LIT("lastEventId=7"), 64);
    for (i = 0; i <= 0x20; i++) {
        bytes[1] = i < 0x20 ? (char)i : '\x7F';
        assert_no_id(controls, absent, 3);
    }
}

static void the_query_counts_if_no_header_does(void **state)
{
    static const pair queries[] = {
        {ABSENT, TEXT("")},
        {TEXT(""), TEXT("")},
        {TEXT("&"), TEXT("")},
        {TEXT("="), TEXT("")},
        {TEXT("lastEventId=7"), TEXT("7")},
        {TEXT("last_event_id=7"), TEXT("7")},
        {TEXT("a=1&lastEventId=7&b=2"), TEXT("7")},
        {TEXT("&&a&last_event_id=7&&"), TEXT("7")},
        {TEXT("lastEventId=a=b=c"), TEXT("a=b=c")},
        {TEXT("lastEventId=a?b/c;d#e"), TEXT("a?b/c;d#e")},
        {TEXT("lastEventId"), TEXT("")},
        {TEXT("lastEventId="), TEXT("")},
        {TEXT("lastEventId&last_event_id=7"), TEXT("7")},
        {TEXT("lastEventId=&last_event_id=7"), TEXT("7")},
        {TEXT("?lastEventId=7"), TEXT("7")},
        {TEXT("?"), TEXT("")},
        {TEXT("lastEventId=1&last_event_id=2"), TEXT("1")},
        {TEXT("last_event_id=2&lastEventId=1"), TEXT("2")},
        {TEXT("lastEventId=1&lastEventId=%zz"), TEXT("1")},
        {TEXT("a=%zz&b=%&lastEventId=7&c=%0"), TEXT("7")},
        {TEXT("a=\"&lastEventId=7&b=\""), TEXT("7")},
        {TEXT("lastEventId=\"7&b=\""), TEXT("\"7")},
        {TEXT("a=\\&lastEventId=7"), TEXT("7")},
    };
    size_t i;

    (void)state;
    for (i = 0; i < COUNT(queries); i++)
        assert_resumes(absent, queries[i].given, queries[i].id);
}

static void the_names_that_clients_use_are_known_in_any_letter_case(void **state)
{
    static const sse_str queries[] = {
        TEXT("lastEventId=7"),       TEXT("lastEventID=7"),       TEXT("lasteventid=7"),
        TEXT("LASTEVENTID=7"),       TEXT("last_event_id=7"),     TEXT("Last_Event_Id=7"),
        TEXT("last-event-id=7"),     TEXT("Last-Event-ID=7"),     TEXT("Last-Event-Id=7"),
        TEXT("evs_last_event_id=7"), TEXT("last%2Devent%2did=7"), TEXT("last%5Fevent_id=7"),
    };
    size_t i;

    (void)state;
    for (i = 0; i < COUNT(queries); i++)
        assert_resumes(absent, queries[i], SSE_LIT("7"));
}

static void a_name_in_a_query_matches_in_whole(void **state)
{
    static const sse_str queries[] = {
        TEXT("lastEventI=7"),
        TEXT("lastEventIdx=7"),
        TEXT("xlastEventId=7"),
        TEXT("last_event_ids=7"),
        TEXT("_event_id=7"),
        TEXT(" lastEventId=7"),
        TEXT("lastEventId =7"),
        TEXT("??lastEventId=7"),
        TEXT("a=lastEventId=7"),
        TEXT("a;lastEventId=7"),
        TEXT("lastEventId\0=7"),
        TEXT("lastEventId:7"),
        TEXT("evs_=7"),
        TEXT("xevs_last_event_id=7"),
        TEXT("evs_last_event_id2=7"),
        TEXT("last+event+id=7"),
        TEXT("lastEventId%=7"),
        TEXT("evs_lastEventId=7"),
        TEXT("last event id=7"),
        TEXT("eventId=7&id=7&since=7"),
        TEXT("a=1&?lastEventId=7"),
    };
    size_t i;

    (void)state;
    for (i = 0; i < COUNT(queries); i++)
        assert_resumes(absent, queries[i], SSE_LIT(""));
}

static void the_value_in_a_query_is_percent_decoded(void **state)
{
    static const pair queries[] = {
        {TEXT("lastEventId=%41%62c"), TEXT("Abc")},
        {TEXT("lastEventId=%37"), TEXT("7")},
        {TEXT("last_event_id=%e2%82%AC"), TEXT("\xE2\x82\xAC")},
        {TEXT("lastEventId=caf\xC3\xA9"), TEXT("caf\xC3\xA9")},
        {TEXT("lastEventId=%F0%9f%98%80"), TEXT("\xF0\x9F\x98\x80")},
        {TEXT("lastEventId=a+b%20c"), TEXT("a b c")},
        {TEXT("lastEventId=a%2Bb"), TEXT("a+b")},
        {TEXT("lastEventId=a%26b%3Dc&d=e"), TEXT("a&b=c")},
        {TEXT("lastEventId=%2541"), TEXT("%41")},
        {TEXT("lastEventId=%25"), TEXT("%")},
    };
    size_t i;

    (void)state;
    for (i = 0; i < COUNT(queries); i++)
        assert_resumes(absent, queries[i].given, queries[i].id);
}

static void every_byte_comes_back_from_two_hex_digits_of_either_case(void **state)
{
    static const char *const digits[] = {"0123456789abcdef", "0123456789ABCDEF"};
    char bytes[] = "lastEventId=a%..b";
    const sse_str query = {bytes, sizeof bytes - 1};
    unsigned high, low, k;

    (void)state;
    for (high = 0; high < 16; high++)
        for (low = 0; low < 16; low++)
            for (k = 0; k < 4; k++) {
                const char id[] = {'a', (char)(high << 4 | low), 'b'};
                const sse_str want = {id, 3};
                const unsigned byte = high << 4 | low;

                bytes[sizeof bytes - 4] = digits[k & 1][high];
                bytes[sizeof bytes - 3] = digits[k >> 1][low];
                if (byte >= ' ' && byte < 0x7F)
                    assert_resumes(absent, query, want);
                else
                    assert_no_id(absent, query, 3);
            }
}

static int is_hex_digit(unsigned byte)
{
    return byte > 0 && byte < 128 && strchr("0123456789abcdefABCDEF", (int)byte) != NULL;
}

static void every_other_pair_of_bytes_is_no_escape(void **state)
{
    char bytes[] = "lastEventId=a%..b";
    const sse_str query = {bytes, sizeof bytes - 1};
    unsigned high, low;

    (void)state;
    for (high = 0; high < 256; high++)
        for (low = 0; low < 256; low++) {
            bytes[sizeof bytes - 4] = (char)high;
            bytes[sizeof bytes - 3] = (char)low;
            if (!is_hex_digit(high) || !is_hex_digit(low))
                assert_no_id(absent, query, 64);
        }
}

static void an_escape_that_is_none_is_refused_whatever_the_capacity(void **state)
{
    static const sse_str values[] = {
        TEXT("%"),   TEXT("%4"),    TEXT("%zz"),    TEXT("%4z"),   TEXT("%z4"), TEXT("a%"),
        TEXT("a%4"), TEXT("%%41"),  TEXT("%41%"),   TEXT("%41%4"), TEXT("%g0"), TEXT("%0g"),
        TEXT("%/0"), TEXT("%:0"),   TEXT("%@0"),    TEXT("%`0"),   TEXT("% 1"), TEXT("%+1"),
        TEXT("%-1"), TEXT("%0x41"), TEXT("%u0041"), TEXT("%4\0"),  TEXT("%%"),  TEXT("%25%"),
    };
    size_t i, cap;

    (void)state;
    for (i = 0; i < COUNT(values); i++) {
        char bytes[64] = "lastEventId=";
        sse_str query = {bytes, 12};
        size_t len;

        memcpy(bytes + query.len, values[i].ptr, values[i].len);
        query.len += values[i].len;
        for (cap = 0; cap < 8; cap++)
            assert_no_id(absent, query, cap);
        assert_int_equal(resume(absent, query, NULL, 0, &len), SSE_E_FIELD);
        assert_int_equal(len, 0);
        /* What would make the escape whole belongs to the next parameter. */
        memcpy(bytes + query.len, "&41", 3);
        query.len += 3;
        assert_no_id(absent, query, 64);
    }
}

static void what_decodes_to_no_id_is_refused(void **state)
{
    static const sse_str queries[] = {
        TEXT("lastEventId=%00"),
        TEXT("lastEventId=7%0A"),
        TEXT("lastEventId=7%0d"),
        TEXT("lastEventId=7%0D%0Adata:x"),
        TEXT("lastEventId=7\n"),
        TEXT("lastEventId=7\0"),
        TEXT("lastEventId=+7"),
        TEXT("lastEventId=7+"),
        TEXT("lastEventId=%207"),
        TEXT("lastEventId=7%20"),
        TEXT("lastEventId= 7"),
        TEXT("lastEventId=+"),
        TEXT("lastEventId=%09"),
        TEXT("lastEventId=%7F"),
        TEXT("lastEventId=%FF"),
        TEXT("lastEventId=%C3"),
        TEXT("lastEventId=%C0%80"),
        TEXT("lastEventId=%ED%A0%80"),
        TEXT("lastEventId=%C3+%A9"),
        TEXT("last_event_id=%F4%90%80%80"),
        TEXT("lastEventId=%0A&last_event_id=7"),
    };
    size_t i;

    (void)state;
    for (i = 0; i < COUNT(queries); i++)
        assert_no_id(absent, queries[i], 64);
}

static void a_header_is_checked_before_the_capacity_and_a_query_after_it(void **state)
{
    size_t len;
    char dst[2];

    (void)state;
    assert_int_equal(resume(SSE_LIT("a\nb"), absent, dst, 2, &len), SSE_E_FIELD);
    assert_int_equal(len, 0);
    assert_int_equal(resume(SSE_LIT(" \xFF\xFF\xFF "), absent, NULL, 0, &len), SSE_E_FIELD);
    assert_int_equal(len, 0);
    assert_int_equal(resume(absent, SSE_LIT("lastEventId=a%0Ab"), dst, 2, &len), SSE_E_SPACE);
    assert_int_equal(len, 3);
}

/* Demand the value of a name, at every capacity up to its length and beyond. */
static void assert_value(sse_str query, sse_str name, sse_str want)
{
    size_t cap, len;

    for (cap = 0; cap <= want.len + 1; cap++) {
        char *dst = memory_for(ID, cap);
        const sse_str got = {dst, want.len};

        memset(dst, '?', cap);
        assert_int_equal(sse_http_query(placed(QUERY, query), query.len, placed(HEADER, name),
                                        name.len, dst, cap, &len),
                         cap < want.len ? SSE_E_SPACE : SSE_OK);
        assert_int_equal(len, want.len);
        if (cap >= want.len)
            assert_same_text(got, want);
        if (cap > want.len)
            assert_int_equal(dst[want.len], '?');
    }
}

static void a_query_has_values_for_names_of_the_applications_own(void **state)
{
    static const struct {
        sse_str query;
        sse_str name;
        sse_str value;
    } cases[] = {
        {ABSENT, TEXT("a"), TEXT("")},
        {TEXT(""), TEXT("a"), TEXT("")},
        {TEXT("?"), TEXT("a"), TEXT("")},
        {TEXT("a=b"), TEXT("a"), TEXT("b")},
        {TEXT("?a=b"), TEXT("a"), TEXT("b")},
        {TEXT("??a=b"), TEXT("a"), TEXT("")},
        {TEXT("??a=b"), TEXT("?a"), TEXT("b")},
        {TEXT("a"), TEXT("a"), TEXT("")},
        {TEXT("a="), TEXT("a"), TEXT("")},
        {TEXT("a&a=&a=c&a=d"), TEXT("a"), TEXT("c")},
        {TEXT("A=1&a=2"), TEXT("a"), TEXT("2")},
        {TEXT("aa=1&a=2"), TEXT("a"), TEXT("2")},
        {TEXT("a=1&aa=2"), TEXT("aa"), TEXT("2")},
        {TEXT("x=a=1&b=2"), TEXT("a"), TEXT("")},
        {TEXT("starting_after=41"), TEXT("starting_after"), TEXT("41")},
        {TEXT("st%61rt=7"), TEXT("start"), TEXT("7")},
        {TEXT("a+b=7"), TEXT("a b"), TEXT("7")},
        {TEXT("a%3Db=7"), TEXT("a=b"), TEXT("7")},
        {TEXT("%=1&%6=2&a%=3&a=4"), TEXT("a"), TEXT("4")},
        {TEXT("a=%00%0a%ff"), TEXT("a"), TEXT("\0\n\xFF")},
        {TEXT("b=%zz&a=+%2B%20"), TEXT("a"), TEXT(" + ")},
        {TEXT("a%00=1"), TEXT("a"), TEXT("")},
        {TEXT("a%00=1"), TEXT("a\0"), TEXT("1")},
        {TEXT("=1"), TEXT("a"), TEXT("")},
    };
    size_t i;

    (void)state;
    for (i = 0; i < COUNT(cases); i++)
        assert_value(cases[i].query, cases[i].name, cases[i].value);
}

static void a_value_that_is_wrongly_encoded_is_refused(void **state)
{
    static const char *const queries[] = {"a=%", "a=%4", "a=%zz&a=1", "a=1%", "b=1&a=%g0"};
    char dst[8];
    size_t i, len;

    (void)state;
    for (i = 0; i < COUNT(queries); i++) {
        len = 1;
        assert_int_equal(sse_http_query(queries[i], strlen(queries[i]), "a", 1, dst, 8, &len),
                         SSE_E_FIELD);
        assert_int_equal(len, 0);
        assert_int_equal(sse_http_query(queries[i], strlen(queries[i]), "a", 1, NULL, 0, &len),
                         SSE_E_FIELD);
    }
}

static void a_query_refuses_null_and_a_name_without_a_byte(void **state)
{
    char dst[4] = "???";
    size_t n[4] = {1, 1, 1, 1}, i;

    (void)state;
    assert_int_equal(sse_http_query("a=1", 3, "a", 1, dst, 4, NULL), SSE_E_ARG);
    assert_int_equal(sse_http_query(NULL, 3, "a", 1, dst, 4, &n[0]), SSE_E_ARG);
    assert_int_equal(sse_http_query("a=1", 3, NULL, 1, dst, 4, &n[1]), SSE_E_ARG);
    assert_int_equal(sse_http_query("a=1", 3, "", 0, dst, 4, &n[2]), SSE_E_ARG);
    assert_int_equal(sse_http_query("a=1", 3, "a", 1, NULL, 4, &n[3]), SSE_E_ARG);
    for (i = 0; i < 4; i++)
        assert_int_equal(n[i], 0);
    assert_string_equal(dst, "???");
}

static void an_argument_that_breaks_its_contract_is_refused(void **state)
{
    char dst[4] = "???";
    size_t len;

    (void)state;
    assert_int_equal(sse_http_last_event_id("7", 1, NULL, 0, dst, 4, NULL), SSE_E_ARG);
    assert_int_equal(sse_http_last_event_id(NULL, 0, NULL, 0, NULL, 0, NULL), SSE_E_ARG);
    assert_int_equal(resume(SSE_LIT("7"), absent, NULL, 1, &len), SSE_E_ARG);
    assert_int_equal(len, 0);
    assert_int_equal(resume(absent, absent, NULL, SIZE_MAX, &len), SSE_E_ARG);
    assert_int_equal(len, 0);
    len = 1;
    assert_int_equal(sse_http_last_event_id(NULL, 1, "lastEventId=7", 13, dst, 4, &len), SSE_E_ARG);
    assert_int_equal(len, 0);
    len = 1;
    assert_int_equal(sse_http_last_event_id(NULL, 0, NULL, 1, dst, 4, &len), SSE_E_ARG);
    assert_int_equal(len, 0);
    assert_string_equal(dst, "???");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_header_counts_without_the_blanks_around_it),
        cmocka_unit_test(a_header_that_is_empty_or_blank_is_no_id_and_the_query_counts),
        cmocka_unit_test(a_header_that_was_never_an_id_is_refused),
        cmocka_unit_test(the_query_counts_if_no_header_does),
        cmocka_unit_test(the_names_that_clients_use_are_known_in_any_letter_case),
        cmocka_unit_test(a_name_in_a_query_matches_in_whole),
        cmocka_unit_test(the_value_in_a_query_is_percent_decoded),
        cmocka_unit_test(every_byte_comes_back_from_two_hex_digits_of_either_case),
        cmocka_unit_test(every_other_pair_of_bytes_is_no_escape),
        cmocka_unit_test(an_escape_that_is_none_is_refused_whatever_the_capacity),
        cmocka_unit_test(what_decodes_to_no_id_is_refused),
        cmocka_unit_test(a_header_is_checked_before_the_capacity_and_a_query_after_it),
        cmocka_unit_test(an_argument_that_breaks_its_contract_is_refused),
        cmocka_unit_test(a_query_has_values_for_names_of_the_applications_own),
        cmocka_unit_test(a_value_that_is_wrongly_encoded_is_refused),
        cmocka_unit_test(a_query_refuses_null_and_a_name_without_a_byte),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
