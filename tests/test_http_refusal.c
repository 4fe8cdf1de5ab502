/* test_http_refusal.c - the response head: what is refused, with which status, and in which order.
 *
 * Whatever is wrong with a head is wrong with its list and its text alike. */
#include "sse/http.h"
#include "sse/event.h"

#include "guard.h"
#include "parsed.h"
#include "text.h"

#include <ctype.h>
#include <limits.h>
#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#define ORIGIN "https://a.example"

static const int versions[] = {SSE_HTTP_2, SSE_HTTP_1_0, SSE_HTTP_1_1};

static sse_head head_of(int version)
{
    sse_head head;

    memset(&head, 0, sizeof head);
    head.version = version;
    return head;
}

/* Demand a status of the list and of the text, with room and without; nothing is written but the
 * count and the length, which are 0. */
static void assert_refused(sse_head *head, int status)
{
    static const char untouched[1024];
    static sse_field fields[sizeof untouched / sizeof(sse_field)];
    static char bytes[sizeof untouched];
    const int of_text = head->version == SSE_HTTP_2 ? SSE_E_ARG : status;
    size_t n;

    n = 1;
    assert_int_equal(sse_http_fields(head, fields, sizeof fields / sizeof fields[0], &n), status);
    assert_int_equal(n, 0);
    n = 1;
    assert_int_equal(sse_http_fields(head, NULL, 0, &n), status);
    assert_int_equal(n, 0);
    n = 1;
    assert_int_equal(sse_http_head(head, bytes, sizeof bytes, &n), of_text);
    assert_int_equal(n, 0);
    n = 1;
    assert_int_equal(sse_http_head(head, NULL, 0, &n), of_text);
    assert_int_equal(n, 0);
    assert_memory_equal(fields, untouched, sizeof fields);
    assert_memory_equal(bytes, untouched, sizeof bytes);
}

/* Tell what becomes of a head. */
static int status_of(sse_head *head)
{
    sse_field fields[16];
    size_t count;

    return sse_http_fields(head, fields, 16, &count);
}

/* Demand a status for a field of the caller's, the second of two, each text where a page ends. */
static void assert_field(int version, sse_str name, sse_str value, int status)
{
    static guard names, values;
    sse_field extra[2] = {{TEXT("x-first"), TEXT("1")}, {ABSENT, ABSENT}};
    sse_head head = head_of(version);

    if (names.ptr == NULL) {
        names = guard_before_end(256);
        values = guard_before_end(256);
    }
    extra[1].name.ptr = memcpy(guard_tail(&names, name.len), name.ptr, name.len);
    extra[1].name.len = name.len;
    extra[1].value.ptr = memcpy(guard_tail(&values, value.len), value.ptr, value.len);
    extra[1].value.len = value.len;
    head.extra = extra;
    head.extra_count = 2;
    if (status_of(&head) != status) {
        print_text("name  ", name);
        print_text("value ", value);
    }
    assert_int_equal(status_of(&head), status);
    if (status != SSE_OK)
        assert_refused(&head, status);
}

/* Demand a status for a value, as that of a field and as the origin. */
static void assert_value(sse_str value, int status)
{
    sse_head head = head_of(SSE_HTTP_1_1);
    size_t i;

    for (i = 0; i < 3; i++)
        assert_field(versions[i], SSE_LIT("x-name"), value, status);
    head.allow_origin = value;
    assert_int_equal(status_of(&head), status);
    if (status != SSE_OK)
        assert_refused(&head, status);
}

static void a_version_or_a_flag_that_is_unknown_is_refused(void **state)
{
    static const int unknown[] = {-1, 3, 4, 11, INT_MIN, INT_MAX};
    sse_head head;
    size_t i, bit;

    (void)state;
    for (i = 0; i < sizeof unknown / sizeof unknown[0]; i++) {
        head = head_of(unknown[i]);
        assert_refused(&head, SSE_E_ARG);
    }
    for (i = 0; i < 3; i++)
        for (bit = 2; bit < 32; bit++) {
            head = head_of(versions[i]);
            head.flags = (uint32_t)1 << bit;
            assert_refused(&head, SSE_E_ARG);
        }
}

static void a_status_that_eventsource_does_not_know_is_refused(void **state)
{
    static const int far_off[] = {INT_MIN, -503, -204, -200, INT_MAX, 65536 + 200};
    sse_head head;
    size_t i;
    int status;

    (void)state;
    for (i = 0; i < 3; i++) {
        head = head_of(versions[i]);
        for (status = -1; status <= 1000; status++) {
            head.status = status;
            if (status == 0 || status == 200 || status == 204 || status == 503)
                assert_int_equal(status_of(&head), SSE_OK);
            else
                assert_refused(&head, SSE_E_RANGE);
        }
    }
    for (i = 0; i < sizeof far_off / sizeof far_off[0]; i++) {
        head.status = far_off[i];
        assert_refused(&head, SSE_E_RANGE);
    }
}

static void a_retry_above_its_maximum_is_refused_whatever_the_status(void **state)
{
    static const int statuses[] = {0, 200, 204, 503};
    sse_head head;
    size_t i;

    (void)state;
    for (i = 0; i < 12; i++) {
        head = head_of(versions[i % 3]);
        head.status = statuses[i / 3];
        head.retry_ms = SSE_RETRY_MAX;
        assert_int_equal(status_of(&head), SSE_OK);
        head.retry_ms = SSE_RETRY_MAX + 1;
        assert_refused(&head, SSE_E_RANGE);
        head.retry_ms = UINT32_MAX;
        assert_refused(&head, SSE_E_RANGE);
    }
}

static void chunks_are_for_streams_over_http_1_1(void **state)
{
    static const int statuses[] = {0, 200, 204, 503};
    sse_head head;
    size_t i;

    (void)state;
    for (i = 0; i < 12; i++) {
        head = head_of(versions[i % 3]);
        head.status = statuses[i / 3];
        head.flags = SSE_HEAD_CHUNKED;
        if (head.version == SSE_HTTP_1_1 && i / 3 < 2)
            assert_int_equal(status_of(&head), SSE_OK);
        else
            assert_refused(&head, SSE_E_ARG);
    }
}

static void credentials_are_for_one_origin(void **state)
{
    sse_head head;
    size_t i;

    (void)state;
    for (i = 0; i < 3; i++) {
        head = head_of(versions[i]);
        head.flags = SSE_HEAD_CREDENTIALS;
        assert_refused(&head, SSE_E_ARG);
        head.allow_origin = SSE_LIT("*");
        assert_refused(&head, SSE_E_ARG);
        head.allow_origin = SSE_LIT(ORIGIN);
        assert_int_equal(status_of(&head), SSE_OK);
    }
}

static void null_is_refused(void **state)
{
    sse_head head = head_of(SSE_HTTP_1_1);
    sse_field fields[8];
    char bytes[8];
    size_t n;

    (void)state;
    assert_int_equal(sse_http_fields(&head, fields, 8, NULL), SSE_E_ARG);
    assert_int_equal(sse_http_fields(NULL, NULL, 0, NULL), SSE_E_ARG);
    assert_int_equal(sse_http_head(&head, bytes, 8, NULL), SSE_E_ARG);
    assert_int_equal(sse_http_head(NULL, NULL, 0, NULL), SSE_E_ARG);
    n = 1;
    assert_int_equal(sse_http_fields(NULL, fields, 8, &n), SSE_E_ARG);
    assert_int_equal(n, 0);
    n = 1;
    assert_int_equal(sse_http_head(NULL, bytes, 8, &n), SSE_E_ARG);
    assert_int_equal(n, 0);
    n = 1;
    assert_int_equal(sse_http_fields(&head, NULL, 1, &n), SSE_E_ARG);
    assert_int_equal(n, 0);
    n = 1;
    assert_int_equal(sse_http_head(&head, NULL, SIZE_MAX, &n), SSE_E_ARG);
    assert_int_equal(n, 0);
}

static void null_with_a_length_is_refused(void **state)
{
    static const size_t lens[] = {1, SSE_PART_MAX, SIZE_MAX};
    sse_field extra;
    sse_head head;
    size_t i;

    (void)state;
    for (i = 0; i < 9; i++) {
        const sse_field good = {TEXT("x"), TEXT("1")};
        const sse_str bad = {NULL, lens[i / 3]};

        head = head_of(versions[i % 3]);
        head.allow_origin = bad;
        assert_refused(&head, SSE_E_ARG);
        head = head_of(versions[i % 3]);
        head.extra_count = bad.len;
        assert_refused(&head, SSE_E_ARG);
        head.extra = &extra;
        head.extra_count = 1;
        extra = good;
        extra.name = bad;
        assert_refused(&head, SSE_E_ARG);
        extra = good;
        extra.value = bad;
        assert_refused(&head, SSE_E_ARG);
    }
}

/* Every byte alone, and at each place of three. */
static void a_name_is_a_token_and_over_http_2_in_lower_case(void **state)
{
    unsigned byte;
    size_t i, at;

    (void)state;
    for (byte = 0; byte < 256; byte++)
        for (at = 0; at < 4; at++)
            for (i = 0; i < 3; i++) {
                const char c = (char)byte;
                char bytes[] = "xyz";
                const sse_str name = {bytes, at < 3 ? 3 : 1};
                int good = byte > 0 && byte < 128 &&
                           (isalnum((int)byte) || strchr("!#$%&'*+-.^_`|~", (int)byte));

                if (versions[i] == SSE_HTTP_2 && byte >= 'A' && byte <= 'Z')
                    good = 0;
                bytes[at % 3] = c;
                assert_field(versions[i], name, SSE_LIT("1"), good ? SSE_OK : SSE_E_FIELD);
            }
    for (i = 0; i < 3; i++)
        assert_field(versions[i], SSE_LIT(""), SSE_LIT("1"), SSE_E_FIELD);
}

static void a_name_that_is_absent_is_refused(void **state)
{
    static const sse_field nameless = {ABSENT, TEXT("1")};
    sse_head head = head_of(SSE_HTTP_1_1);

    (void)state;
    head.extra = &nameless;
    head.extra_count = 1;
    assert_refused(&head, SSE_E_FIELD);
}

/* Every byte alone, and at each place of three. A tab is a blank. */
static void a_value_has_no_control_byte_and_no_blank_at_its_ends(void **state)
{
    unsigned byte;
    size_t at;

    (void)state;
    for (byte = 0; byte < 256; byte++)
        for (at = 0; at < 4; at++) {
            char bytes[] = "xyz";
            const sse_str value = {bytes, at < 3 ? 3 : 1};
            const int blank = byte == ' ' || byte == '\t';
            const int control = byte < ' ' || byte == 0x7F;

            bytes[at % 3] = (char)byte;
            if (blank)
                assert_value(value, at == 1 ? SSE_OK : SSE_E_FIELD);
            else
                assert_value(value, control ? SSE_E_FIELD : SSE_OK);
        }
}

static void a_value_cannot_bring_a_field_or_a_body_of_its_own(void **state)
{
    static const sse_str values[] = {
        TEXT("a\r\nset-cookie: b=c"),
        TEXT("a\nset-cookie: b=c"),
        TEXT("a\rset-cookie: b=c"),
        TEXT("a\r\n\r\ndata: forged"),
        TEXT("a\n\ndata: forged\n\n"),
        TEXT("a\r\n b"),
        TEXT("\r\n"),
        TEXT("a\0b"),
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof values / sizeof values[0]; i++) {
        assert_value(values[i], SSE_E_FIELD);
        assert_field(SSE_HTTP_1_1, values[i], SSE_LIT("1"), SSE_E_FIELD);
    }
    assert_field(SSE_HTTP_1_1, SSE_LIT("x: y\r\nz"), SSE_LIT("1"), SSE_E_FIELD);
}

static void an_origin_that_is_empty_is_refused(void **state)
{
    sse_head head = head_of(SSE_HTTP_1_1);

    (void)state;
    head.allow_origin = SSE_LIT("");
    assert_refused(&head, SSE_E_FIELD);
}

static void a_field_of_the_head_or_of_the_framing_is_refused_in_any_letter_case(void **state)
{
    static const char *const owned[] = {
        "content-type",      "content-length",
        "cache-control",     "x-accel-buffering",
        "retry-after",       "access-control-allow-origin",
        "connection",        "access-control-allow-credentials",
        "proxy-connection",  "keep-alive",
        "transfer-encoding", "te",
        "trailer",           "upgrade",
    };
    size_t i, k, v;

    (void)state;
    for (i = 0; i < sizeof owned / sizeof owned[0]; i++)
        for (v = 0; v < 3; v++) {
            char bytes[64];
            sse_str name = {bytes, strlen(owned[i])};
            unsigned shape;

            for (shape = 0; shape < 4; shape++) {
                for (k = 0; k < name.len; k++)
                    bytes[k] = (char)((shape & 1 && k % 2 == 0) || (shape & 2 && k % 2)
                                          ? toupper((unsigned char)owned[i][k])
                                          : owned[i][k]);
                assert_field(versions[v], name, SSE_LIT("1"), SSE_E_FIELD);
            }
            /* Others that only look like it are the caller's. */
            memcpy(bytes, owned[i], name.len);
            bytes[name.len++] = 'x';
            assert_field(versions[v], name, SSE_LIT("1"), SSE_OK);
            name.len -= 2;
            assert_field(versions[v], name, SSE_LIT("1"), SSE_OK);
            name.ptr++;
            assert_field(versions[v], name, SSE_LIT("1"), SSE_OK);
        }
}

static void what_is_too_long_is_never_read(void **state)
{
    static const size_t lens[] = {SSE_PART_MAX + 1, SIZE_MAX / 2, SIZE_MAX / 2 + 1, SIZE_MAX - 8,
                                  SIZE_MAX};
    guard none = guard_none(1);
    sse_field extra;
    sse_head head;
    size_t i;

    (void)state;
    for (i = 0; i < 15; i++) {
        const sse_field good = {TEXT("x"), TEXT("1")};
        const sse_str bad = {none.ptr, lens[i / 3]};

        head = head_of(versions[i % 3]);
        head.allow_origin = bad;
        assert_refused(&head, SSE_E_TOOBIG);
        head = head_of(versions[i % 3]);
        head.extra = &extra;
        head.extra_count = 1;
        extra = good;
        extra.name = bad;
        assert_refused(&head, SSE_E_TOOBIG);
        extra.value = bad;
        assert_refused(&head, SSE_E_TOOBIG);
        extra = good;
        extra.value = bad;
        assert_refused(&head, SSE_E_TOOBIG);
    }
    guard_free(&none);
}

/* None of them is too long for itself; the sum is, and would wrap if it were taken as it comes. */
static void fields_that_are_too_long_together_are_never_read(void **state)
{
    static const size_t counts[] = {2, 3, 17, 64};
    guard none = guard_none(1);
    sse_field extra[64];
    sse_head head;
    size_t i, k;

    (void)state;
    for (i = 0; i < 4; i++) {
        for (k = 0; k < counts[i]; k++) {
            extra[k].name.ptr = extra[k].value.ptr = none.ptr;
            extra[k].name.len = 1;
            extra[k].value.len = i == 3 ? SSE_PART_MAX / 60 : SSE_PART_MAX / 2;
        }
        head = head_of(SSE_HTTP_1_1);
        head.extra = extra;
        head.extra_count = counts[i];
        assert_refused(&head, SSE_E_TOOBIG);
        extra[counts[i] - 1].name.len = SSE_PART_MAX / 2;
        extra[counts[i] - 1].value.len = SSE_PART_MAX / 2 + 1;
        assert_refused(&head, SSE_E_TOOBIG);
    }
    guard_free(&none);
}

/* So that a head whose lengths pass has a length that does not wrap. */
static void what_stands_between_names_and_values_counts_among_them(void **state)
{
    guard none = guard_none(1);
    sse_field extra = {{none.ptr, 1}, {none.ptr, 0}};
    sse_head head = head_of(SSE_HTTP_1_1);
    size_t left;

    (void)state;
    head.extra = &extra;
    head.extra_count = 1;
    for (left = 0; left < sizeof ": " + 2; left++) {
        extra.value.len = SSE_PART_MAX - extra.name.len - left;
        assert_refused(&head, SSE_E_TOOBIG);
    }
    guard_free(&none);
}

static void an_origin_counts_among_the_fields_that_are_too_long_together(void **state)
{
    guard none = guard_none(1);
    const sse_field extra = {TEXT("x"), {none.ptr, SSE_PART_MAX / 2}};
    sse_head head = head_of(SSE_HTTP_1_1);

    (void)state;
    head.allow_origin.ptr = none.ptr;
    head.allow_origin.len = SSE_PART_MAX / 2 + 1;
    head.extra = &extra;
    head.extra_count = 1;
    assert_refused(&head, SSE_E_TOOBIG);
    guard_free(&none);
}

static void arguments_come_first_then_numbers_lengths_contents_and_capacity(void **state)
{
    guard none = guard_none(1);
    sse_field extra[2] = {{TEXT("a b"), TEXT("1")}, {TEXT("x"), ABSENT}};
    sse_head head = head_of(SSE_HTTP_1_1);
    char bytes[8];
    size_t n;

    (void)state;
    /* All wrong at once; then mended, one kind of error after the other. */
    head.status = 404;
    head.retry_ms = UINT32_MAX;
    head.flags = 4;
    head.extra = extra;
    head.extra_count = 2;
    extra[1].value.ptr = none.ptr;
    extra[1].value.len = SIZE_MAX;
    assert_refused(&head, SSE_E_ARG);
    head.flags = 0;
    assert_refused(&head, SSE_E_RANGE);
    head.status = 200;
    assert_refused(&head, SSE_E_RANGE);
    head.retry_ms = 0;
    assert_refused(&head, SSE_E_TOOBIG);
    extra[1].value.len = 0;
    assert_refused(&head, SSE_E_FIELD);
    extra[0].name = SSE_LIT("ab");
    assert_int_equal(sse_http_head(&head, bytes, sizeof bytes, &n), SSE_E_SPACE);
    assert_true(n > sizeof bytes);
    assert_int_equal(sse_http_fields(&head, NULL, 0, &n), SSE_E_SPACE);
    assert_int_equal(n, 4 + 2);
    guard_free(&none);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_version_or_a_flag_that_is_unknown_is_refused),
        cmocka_unit_test(a_status_that_eventsource_does_not_know_is_refused),
        cmocka_unit_test(a_retry_above_its_maximum_is_refused_whatever_the_status),
        cmocka_unit_test(chunks_are_for_streams_over_http_1_1),
        cmocka_unit_test(credentials_are_for_one_origin),
        cmocka_unit_test(null_is_refused),
        cmocka_unit_test(null_with_a_length_is_refused),
        cmocka_unit_test(a_name_is_a_token_and_over_http_2_in_lower_case),
        cmocka_unit_test(a_name_that_is_absent_is_refused),
        cmocka_unit_test(a_value_has_no_control_byte_and_no_blank_at_its_ends),
        cmocka_unit_test(a_value_cannot_bring_a_field_or_a_body_of_its_own),
        cmocka_unit_test(an_origin_that_is_empty_is_refused),
        cmocka_unit_test(a_field_of_the_head_or_of_the_framing_is_refused_in_any_letter_case),
        cmocka_unit_test(what_is_too_long_is_never_read),
        cmocka_unit_test(fields_that_are_too_long_together_are_never_read),
        cmocka_unit_test(what_stands_between_names_and_values_counts_among_them),
        cmocka_unit_test(an_origin_counts_among_the_fields_that_are_too_long_together),
        cmocka_unit_test(arguments_come_first_then_numbers_lengths_contents_and_capacity),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
