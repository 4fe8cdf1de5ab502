/* SPDX-License-Identifier: MIT */
/* test_http_answer.c - which answers are refused, with which status, and in which order.
 *
 * What is wrong with an answer is wrong in all of its forms. */
#include "sse/http.h"
#include "sse/event.h"

#include "guard.h"
#include "parsed.h"
#include "moves.h"
#include "text.h"

#include <ctype.h>
#include <limits.h>
#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#define ORIGIN "https://a.example"

static const int versions[] = {SSE_HTTP_MANAGED, SSE_HTTP_1_0, SSE_HTTP_1_1};

static sse_http_answer answer_of(int version)
{
    sse_http_answer a;

    memset(&a, 0, sizeof a);
    a.version = version;
    return a;
}

/* Demand a status of all forms, with room and without; nothing is written but the count and the
 * length, which are 0. */
static void assert_refused(const sse_http_answer *a, int status)
{
    static const char untouched[1024];
    static sse_http_field fields[sizeof untouched / sizeof(sse_http_field)];
    static char bytes[sizeof untouched], scratch[SSE_HTTP_SCRATCH];
    const int of_text = a->version == SSE_HTTP_MANAGED ? SSE_E_ARG : status;
    size_t n[7], i;

    for (i = 0; i < 7; i++)
        n[i] = 1;
    assert_int_equal(sse_http_fields(a, fields, sizeof fields / sizeof fields[0], scratch, &n[0]),
                     status);
    assert_int_equal(sse_http_fields(a, NULL, 0, NULL, &n[1]), status);
    assert_int_equal(sse_http_head(a, bytes, sizeof bytes, &n[2]), of_text);
    assert_int_equal(sse_http_head(a, NULL, 0, &n[3]), of_text);
    for (i = 0; i < 4; i++)
        assert_int_equal(n[i], 0);
    assert_int_equal(sse_http_send(a, block_writer(&memory, 2048, 0)), status);
    assert_int_equal(block_queued(&memory).len, 0);
    if (a->extra_count == 0 && a->headers.ptr == NULL && a->headers.len == 0 && a->first == 0) {
        assert_int_equal(sse_http_field_parts(a->version, a->status, a->flags, a->retry_ms,
                                              a->origin.ptr, a->origin.len, a->methods.ptr,
                                              a->methods.len, 0, bytes, sizeof bytes, &n[5], &n[6]),
                         status);
        assert_int_equal(n[5] + n[6], 0);
        if (a->methods.ptr == NULL && a->methods.len == 0) {
            assert_int_equal(sse_http_head_parts(a->version, a->status, a->flags, a->retry_ms,
                                                 a->first, a->origin.ptr, a->origin.len, bytes,
                                                 sizeof bytes, &n[4]),
                             of_text);
            assert_int_equal(n[4], 0);
        }
    }
    assert_memory_equal(fields, untouched, sizeof fields);
    assert_memory_equal(bytes, untouched, sizeof bytes);
}

/* What becomes of an answer. */
static int status_of(const sse_http_answer *a)
{
    sse_http_field fields[SSE_HTTP_FIELDS_MAX + 4];
    char scratch[SSE_HTTP_SCRATCH];
    size_t count;

    return sse_http_fields(a, fields, SSE_HTTP_FIELDS_MAX + 4, scratch, &count);
}

/* The parts of an answer that are ranges. */
static sse_str *part(sse_http_answer *a, size_t i)
{
    return i == 0 ? &a->origin : i == 1 ? &a->methods : &a->headers;
}

/* Demand a status for a field of the caller's, the second of two, each text where a page ends. */
static void assert_field(int version, sse_str name, sse_str value, int status)
{
    static guard names, values;
    sse_http_field extra[2] = {{TEXT("x-first"), TEXT("1")}, {ABSENT, ABSENT}};
    sse_http_answer a = answer_of(version);

    if (names.ptr == NULL) {
        names = guard_before_end(256);
        values = guard_before_end(256);
    }
    extra[1].name.ptr = memcpy(guard_tail(&names, name.len), name.ptr, name.len);
    extra[1].name.len = name.len;
    extra[1].value.ptr = memcpy(guard_tail(&values, value.len), value.ptr, value.len);
    extra[1].value.len = value.len;
    a.extra = extra;
    a.extra_count = 2;
    if (status_of(&a) != status) {
        print_text("name  ", name);
        print_text("value ", value);
    }
    assert_int_equal(status_of(&a), status);
    if (status != SSE_OK)
        assert_refused(&a, status);
}

/* Demand a status for a value, as that of a field, and as each part of an answer. */
static void assert_value(sse_str value, int status)
{
    size_t i;

    for (i = 0; i < 3; i++) {
        sse_http_answer a = answer_of(SSE_HTTP_1_1);

        assert_field(versions[i], SSE_LIT("x-name"), value, status);
        *part(&a, i) = value;
        assert_int_equal(status_of(&a), status);
        if (status != SSE_OK)
            assert_refused(&a, status);
    }
}

static void a_version_a_flag_or_a_beginning_that_is_unknown_is_refused(void **state)
{
    static const int unknown[] = {-1, 1, 2, 3, 9, 12, 20, 30, INT_MIN, INT_MAX};
    static const int beginnings[] = {-1, 4, 5, INT_MIN, INT_MAX};
    sse_http_answer a;
    size_t i, bit;

    (void)state;
    for (i = 0; i < sizeof unknown / sizeof unknown[0]; i++) {
        a = answer_of(unknown[i]);
        assert_refused(&a, SSE_E_ARG);
    }
    for (i = 0; i < 15; i++) {
        a = answer_of(versions[i % 3]);
        a.first = beginnings[i / 3];
        assert_refused(&a, SSE_E_ARG);
    }
    for (i = 0; i < 3; i++)
        for (bit = 0; bit < 32; bit++) {
            a = answer_of(versions[i]);
            a.status = 204;
            a.flags = (uint32_t)1 << bit;
            if (bit >= 8 && bit <= 10)
                assert_int_equal(status_of(&a), SSE_OK);
            else
                assert_refused(&a, SSE_E_ARG);
        }
}

static void a_status_that_is_neither_a_stream_nor_a_stop_nor_a_refusal_is_refused(void **state)
{
    static const int far_off[] = {INT_MIN, -503, -204, -200, INT_MAX, 65536 + 200};
    sse_http_answer a;
    size_t i;
    int status;

    (void)state;
    for (i = 0; i < 3; i++) {
        a = answer_of(versions[i]);
        for (status = -1; status <= 1000; status++) {
            a.status = status;
            if (status == 0 || status == 200 || status == 204 || (status >= 400 && status < 600))
                assert_int_equal(status_of(&a), SSE_OK);
            else
                assert_refused(&a, SSE_E_RANGE);
        }
    }
    for (i = 0; i < sizeof far_off / sizeof far_off[0]; i++) {
        a.status = far_off[i];
        assert_refused(&a, SSE_E_RANGE);
    }
}

static const int statuses[] = {0, 200, 204, 404, 429, 503};

static void a_retry_above_its_maximum_is_refused_whatever_the_status(void **state)
{
    sse_http_answer a;
    size_t i;

    (void)state;
    for (i = 0; i < 18; i++) {
        a = answer_of(versions[i % 3]);
        a.status = statuses[i / 3];
        a.retry_ms = SSE_RETRY_MAX;
        assert_int_equal(status_of(&a), SSE_OK);
        a.retry_ms = SSE_RETRY_MAX + 1;
        assert_refused(&a, SSE_E_RANGE);
        a.retry_ms = UINT32_MAX;
        assert_refused(&a, SSE_E_RANGE);
    }
}

/* So that one description serves a route: its refusals have no body, and no chunks. */
static void chunks_are_for_http_1_1_and_other_answers_than_streams_ignore_them(void **state)
{
    sse_http_answer a;
    size_t i;

    (void)state;
    for (i = 0; i < 18; i++) {
        a = answer_of(versions[i % 3]);
        a.status = statuses[i / 3];
        a.flags = SSE_HTTP_CHUNKED;
        if (a.version == SSE_HTTP_1_1 || i / 3 >= 2)
            assert_int_equal(status_of(&a), SSE_OK);
        else
            assert_refused(&a, SSE_E_ARG);
    }
}

static void a_preflight_is_a_204(void **state)
{
    sse_http_answer a;
    size_t i;

    (void)state;
    for (i = 0; i < 18; i++) {
        a = answer_of(versions[i % 3]);
        a.status = statuses[i / 3];
        a.flags = SSE_HTTP_PREFLIGHT;
        if (a.status == 204)
            assert_int_equal(status_of(&a), SSE_OK);
        else
            assert_refused(&a, SSE_E_ARG);
    }
}

static void credentials_are_not_for_every_origin(void **state)
{
    sse_http_answer a;
    size_t i;

    (void)state;
    for (i = 0; i < 3; i++) {
        a = answer_of(versions[i]);
        a.flags = SSE_HTTP_CREDENTIALS;
        assert_int_equal(status_of(&a), SSE_OK);
        a.origin = SSE_LIT("*");
        assert_refused(&a, SSE_E_ARG);
        a.origin = SSE_LIT("x");
        assert_int_equal(status_of(&a), SSE_OK);
        a.origin = SSE_LIT("*x");
        assert_int_equal(status_of(&a), SSE_OK);
    }
}

static void null_is_refused_and_what_can_be_written_is_0(void **state)
{
    const sse_http_answer a = answer_of(SSE_HTTP_1_1);
    sse_http_field fields[8];
    char bytes[8], scratch[SSE_HTTP_SCRATCH];
    size_t n[4], i;

    (void)state;
    assert_int_equal(sse_http_fields(&a, fields, 8, scratch, NULL), SSE_E_ARG);
    assert_int_equal(sse_http_head(&a, bytes, 8, NULL), SSE_E_ARG);
    assert_int_equal(sse_http_head_parts(11, 0, 0, 0, 0, NULL, 0, bytes, 8, NULL), SSE_E_ARG);
    for (i = 0; i < 4; i++)
        n[i] = 1;
    assert_int_equal(sse_http_field_parts(11, 0, 0, 0, NULL, 0, NULL, 0, 0, bytes, 8, NULL, &n[0]),
                     SSE_E_ARG);
    assert_int_equal(sse_http_field_parts(11, 0, 0, 0, NULL, 0, NULL, 0, 0, bytes, 8, &n[1], NULL),
                     SSE_E_ARG);
    assert_int_equal(sse_http_fields(NULL, fields, 8, scratch, &n[2]), SSE_E_ARG);
    assert_int_equal(sse_http_head(NULL, bytes, 8, &n[3]), SSE_E_ARG);
    for (i = 0; i < 4; i++)
        assert_int_equal(n[i], 0);
}

static void memory_that_is_absent_has_no_capacity(void **state)
{
    const sse_http_answer a = answer_of(SSE_HTTP_1_1);
    sse_http_field fields[8];
    char scratch[SSE_HTTP_SCRATCH];
    size_t n[6], i;

    (void)state;
    for (i = 0; i < 6; i++)
        n[i] = 1;
    assert_int_equal(sse_http_fields(&a, NULL, 1, scratch, &n[0]), SSE_E_ARG);
    assert_int_equal(sse_http_fields(&a, fields, 8, NULL, &n[1]), SSE_E_ARG);
    assert_int_equal(sse_http_head(&a, NULL, SIZE_MAX, &n[2]), SSE_E_ARG);
    assert_int_equal(sse_http_head_parts(11, 0, 0, 0, 0, NULL, 0, NULL, 1, &n[3]), SSE_E_ARG);
    assert_int_equal(sse_http_field_parts(11, 0, 0, 0, NULL, 0, NULL, 0, 0, NULL, 1, &n[4], &n[5]),
                     SSE_E_ARG);
    for (i = 0; i < 6; i++)
        assert_int_equal(n[i], 0);
}

static void null_with_a_length_is_refused(void **state)
{
    static const size_t lens[] = {1, SSE_PART_MAX, SIZE_MAX};
    sse_http_field extra;
    sse_http_answer a;
    size_t i, k;

    (void)state;
    for (i = 0; i < 9; i++) {
        const sse_http_field good = {TEXT("x"), TEXT("1")};
        const sse_str bad = {NULL, lens[i / 3]};

        for (k = 0; k < 3; k++) {
            a = answer_of(versions[i % 3]);
            *part(&a, k) = bad;
            assert_refused(&a, SSE_E_ARG);
        }
        a = answer_of(versions[i % 3]);
        a.extra_count = bad.len;
        assert_refused(&a, SSE_E_ARG);
        a.extra = &extra;
        a.extra_count = 1;
        extra = good;
        extra.name = bad;
        assert_refused(&a, SSE_E_ARG);
        extra = good;
        extra.value = bad;
        assert_refused(&a, SSE_E_ARG);
    }
}

static void each_field_of_the_callers_is_looked_at(void **state)
{
    sse_http_field extra[4] = {{TEXT("a"), TEXT("1")},
                               {TEXT("b"), TEXT("2")},
                               {TEXT("c"), TEXT("3")},
                               {TEXT("d"), TEXT("4")}};
    sse_http_answer a = answer_of(SSE_HTTP_MANAGED);
    size_t i;

    (void)state;
    a.extra = extra;
    for (i = 0; i < 4; i++) {
        const sse_http_field whole = extra[i];

        extra[i].value.ptr = NULL;
        a.extra_count = i;
        assert_int_equal(status_of(&a), SSE_OK);
        a.extra_count = 4;
        assert_refused(&a, SSE_E_ARG);
        extra[i] = whole;
        extra[i].name.ptr = NULL;
        assert_refused(&a, SSE_E_ARG);
        extra[i] = whole;
        extra[i].value.len = SSE_PART_MAX;
        assert_refused(&a, SSE_E_TOOBIG);
        extra[i] = whole;
        extra[i].name.ptr = ":";
        assert_refused(&a, SSE_E_FIELD);
        extra[i] = whole;
    }
}

/* Every byte alone, and at each place of three. */
static void a_name_is_a_token(void **state)
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
                const int good = byte > 0 && byte < 128 &&
                                 (isalnum((int)byte) || strchr("!#$%&'*+-.^_`|~", (int)byte));

                bytes[at % 3] = c;
                assert_field(versions[i], name, SSE_LIT("1"), good ? SSE_OK : SSE_E_FIELD);
            }
    for (i = 0; i < 3; i++)
        assert_field(versions[i], SSE_LIT(""), SSE_LIT("1"), SSE_E_FIELD);
}

static void a_name_that_is_absent_is_refused(void **state)
{
    static const sse_http_field nameless = {ABSENT, TEXT("1")};
    sse_http_answer a = answer_of(SSE_HTTP_1_1);

    (void)state;
    a.extra = &nameless;
    a.extra_count = 1;
    assert_refused(&a, SSE_E_FIELD);
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

static void a_part_that_is_there_is_not_empty(void **state)
{
    sse_http_answer a;
    size_t i;

    (void)state;
    for (i = 0; i < 3; i++) {
        a = answer_of(SSE_HTTP_1_1);
        *part(&a, i) = SSE_LIT("");
        assert_refused(&a, SSE_E_FIELD);
    }
}

static void a_field_of_the_answer_or_of_the_framing_is_refused_in_any_letter_case(void **state)
{
    static const char *const owned[] = {
        "content-type",
        "content-length",
        "cache-control",
        "x-accel-buffering",
        "retry-after",
        "access-control-allow-origin",
        "connection",
        "access-control-allow-credentials",
        "proxy-connection",
        "keep-alive",
        "transfer-encoding",
        "te",
        "trailer",
        "upgrade",
        "allow",
        "access-control-allow-methods",
        "access-control-max-age",
        "access-control-allow-headers",
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
    sse_http_field extra;
    sse_http_answer a;
    size_t i;

    (void)state;
    for (i = 0; i < 15; i++) {
        const sse_http_field good = {TEXT("x"), TEXT("1")};
        const sse_str bad = {none.ptr, lens[i / 3]};

        a = answer_of(versions[i % 3]);
        a.origin = bad;
        assert_refused(&a, SSE_E_TOOBIG);
        a = answer_of(versions[i % 3]);
        a.extra = &extra;
        a.extra_count = 1;
        extra = good;
        extra.name = bad;
        assert_refused(&a, SSE_E_TOOBIG);
        extra.value = bad;
        assert_refused(&a, SSE_E_TOOBIG);
        extra = good;
        extra.value = bad;
        assert_refused(&a, SSE_E_TOOBIG);
    }
    guard_free(&none);
}

/* What is not too long is read, and refused at its first byte. */
static void a_part_has_its_bound_to_the_byte(void **state)
{
    sse_http_answer a;
    size_t i;

    (void)state;
    for (i = 0; i < 3; i++) {
        a = answer_of(SSE_HTTP_MANAGED);
        part(&a, i)->ptr = " ";
        part(&a, i)->len = i == 1 ? SSE_PART_MAX / 2 : SSE_PART_MAX; /* methods stand twice */
        assert_refused(&a, SSE_E_FIELD);
        part(&a, i)->len++;
        assert_refused(&a, SSE_E_TOOBIG);
        part(&a, i)->len = SSE_PART_MAX + 1;
        assert_refused(&a, SSE_E_TOOBIG);
    }
}

/* A field takes its name and value, and 5 bytes; a part its bytes, the methods twice. None is too
 * long for itself; the sum is, and would wrap if it were taken as it comes. */
static void all_lengths_together_have_their_bound_to_the_byte(void **state)
{
    sse_http_field extra[2];
    size_t i, part_len, value;
    int swapped;

    (void)state;
    for (i = 0; i < 4; i++)
        for (part_len = 1; part_len <= 3; part_len++)
            for (value = 0; value < 3; value++)
                for (swapped = 0; swapped < 2; swapped++) {
                    const size_t parts = i == 3 ? 0 : part_len * (i == 1 ? 2 : 1);
                    const sse_http_field small = {TEXT(":"), {"", value}};
                    sse_http_field large = {{":", 0}, {"", 7}};
                    sse_http_answer a = answer_of(SSE_HTTP_MANAGED);

                    if (i < 3) {
                        part(&a, i)->ptr = "   ";
                        part(&a, i)->len = part_len;
                    }
                    large.name.len = SSE_PART_MAX - parts - (1 + value + 5) - (7 + 5);
                    extra[swapped] = large;
                    extra[!swapped] = small;
                    a.extra = extra;
                    a.extra_count = 2;
                    assert_refused(&a, SSE_E_FIELD);
                    extra[swapped].name.len++;
                    assert_refused(&a, SSE_E_TOOBIG);
                    extra[swapped].name.len = SSE_PART_MAX;
                    extra[!swapped].value.len = SSE_PART_MAX;
                    assert_refused(&a, SSE_E_TOOBIG);
                }
}

static void arguments_come_first_then_numbers_lengths_contents_and_capacity(void **state)
{
    guard none = guard_none(1);
    sse_http_field extra[2] = {{TEXT("a b"), TEXT("1")}, {TEXT("x"), ABSENT}};
    sse_http_answer a = answer_of(SSE_HTTP_1_1);
    char bytes[8];
    size_t n;

    (void)state;
    /* All wrong at once; then mended, one kind of error after the other. */
    a.status = 301;
    a.retry_ms = UINT32_MAX;
    a.flags = 4;
    a.extra = extra;
    a.extra_count = 2;
    extra[1].value.ptr = none.ptr;
    extra[1].value.len = SIZE_MAX;
    assert_refused(&a, SSE_E_ARG);
    a.flags = 0;
    assert_refused(&a, SSE_E_RANGE);
    a.status = 200;
    assert_refused(&a, SSE_E_RANGE);
    a.retry_ms = 0;
    assert_refused(&a, SSE_E_TOOBIG);
    extra[1].value.len = 0;
    assert_refused(&a, SSE_E_FIELD);
    extra[0].name = SSE_LIT("ab");
    assert_int_equal(sse_http_head(&a, bytes, sizeof bytes, &n), SSE_E_SPACE);
    assert_true(n > sizeof bytes);
    assert_int_equal(sse_http_fields(&a, NULL, 0, NULL, &n), SSE_E_SPACE);
    assert_int_equal(n, 4 + 2);
    guard_free(&none);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_version_a_flag_or_a_beginning_that_is_unknown_is_refused),
        cmocka_unit_test(a_status_that_is_neither_a_stream_nor_a_stop_nor_a_refusal_is_refused),
        cmocka_unit_test(a_retry_above_its_maximum_is_refused_whatever_the_status),
        cmocka_unit_test(chunks_are_for_http_1_1_and_other_answers_than_streams_ignore_them),
        cmocka_unit_test(a_preflight_is_a_204),
        cmocka_unit_test(credentials_are_not_for_every_origin),
        cmocka_unit_test(null_is_refused_and_what_can_be_written_is_0),
        cmocka_unit_test(memory_that_is_absent_has_no_capacity),
        cmocka_unit_test(null_with_a_length_is_refused),
        cmocka_unit_test(each_field_of_the_callers_is_looked_at),
        cmocka_unit_test(a_name_is_a_token),
        cmocka_unit_test(a_name_that_is_absent_is_refused),
        cmocka_unit_test(a_value_has_no_control_byte_and_no_blank_at_its_ends),
        cmocka_unit_test(a_value_cannot_bring_a_field_or_a_body_of_its_own),
        cmocka_unit_test(a_part_that_is_there_is_not_empty),
        cmocka_unit_test(a_field_of_the_answer_or_of_the_framing_is_refused_in_any_letter_case),
        cmocka_unit_test(what_is_too_long_is_never_read),
        cmocka_unit_test(a_part_has_its_bound_to_the_byte),
        cmocka_unit_test(all_lengths_together_have_their_bound_to_the_byte),
        cmocka_unit_test(arguments_come_first_then_numbers_lengths_contents_and_capacity),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
