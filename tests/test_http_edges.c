/* test_http_edges.c - the response head: origins that look like all, and lengths at the bound;
 * and the spread of reconnection times, to the bit. */
#include "sse/http.h"
#include "sse/retry.h"
#include "sse/event.h"

#include "text.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

/* List a head of those fields; returns what becomes of it. */
static int status_of(sse_str origin, uint32_t flags, const sse_field *extra, size_t extra_count)
{
    sse_field fields[SSE_HTTP_FIELDS_MAX + 4];
    sse_head head;
    size_t count;

    memset(&head, 0, sizeof head);
    head.allow_origin = origin;
    head.flags = flags;
    head.extra = extra;
    head.extra_count = extra_count;
    return sse_http_fields(&head, fields, sizeof fields / sizeof fields[0], &count);
}

static int says_vary(sse_str origin)
{
    sse_field fields[SSE_HTTP_FIELDS_MAX];
    sse_head head;
    size_t count;

    memset(&head, 0, sizeof head);
    head.allow_origin = origin;
    assert_int_equal(sse_http_fields(&head, fields, SSE_HTTP_FIELDS_MAX, &count), SSE_OK);
    return fields[count - 1].name.len == 4 && memcmp(fields[count - 1].name.ptr, "vary", 4) == 0;
}

static void only_a_star_is_any_origin(void **state)
{
    (void)state;
    assert_int_equal(says_vary(SSE_LIT("*")), 0);
    assert_int_equal(says_vary(SSE_LIT("x")), 1);
    assert_int_equal(says_vary(SSE_LIT("*x")), 1);
    assert_int_equal(status_of(SSE_LIT("*"), SSE_HEAD_CREDENTIALS, NULL, 0), SSE_E_ARG);
    assert_int_equal(status_of(SSE_LIT("x"), SSE_HEAD_CREDENTIALS, NULL, 0), SSE_OK);
    assert_int_equal(status_of(SSE_LIT("*x"), SSE_HEAD_CREDENTIALS, NULL, 0), SSE_OK);
}

static void each_field_of_the_callers_is_looked_at(void **state)
{
    static const sse_str none = ABSENT;
    sse_field extra[4] = {{TEXT("a"), TEXT("1")},
                          {TEXT("b"), TEXT("2")},
                          {TEXT("c"), TEXT("3")},
                          {TEXT("d"), TEXT("4")}};
    size_t i;

    (void)state;
    for (i = 0; i < 4; i++) {
        const sse_field whole = extra[i];

        extra[i].value.ptr = NULL;
        assert_int_equal(status_of(none, 0, extra, 4), SSE_E_ARG);
        assert_int_equal(status_of(none, 0, extra, i), SSE_OK);
        extra[i] = whole;
        extra[i].name.ptr = NULL;
        assert_int_equal(status_of(none, 0, extra, 4), SSE_E_ARG);
        extra[i] = whole;
        extra[i].value.len = SSE_PART_MAX;
        assert_int_equal(status_of(none, 0, extra, 4), SSE_E_TOOBIG);
        extra[i] = whole;
        extra[i].name.ptr = ":";
        assert_int_equal(status_of(none, 0, extra, 4), SSE_E_FIELD);
        extra[i] = whole;
    }
}

/* What is not too long is read, and refused at its first byte. */
static void an_origin_has_its_bound_to_the_byte(void **state)
{
    sse_str origin = {" ", SSE_PART_MAX};

    (void)state;
    assert_int_equal(status_of(origin, 0, NULL, 0), SSE_E_FIELD);
    origin.len++;
    assert_int_equal(status_of(origin, 0, NULL, 0), SSE_E_TOOBIG);
}

/* A field takes its name and value, and 5 bytes. */
static void all_fields_together_have_their_bound_to_the_byte(void **state)
{
    static const sse_str none = ABSENT;
    const sse_str origin = {" ", 100};
    size_t name, value;

    (void)state;
    for (value = 0; value <= 16; value++) {
        for (name = SSE_PART_MAX - 64; name <= SSE_PART_MAX; name++) {
            const sse_field one = {{":", name}, {"", value}};
            const sse_field two[2] = {{{":", name - 20}, {"", value}}, {TEXT(":"), {"", 19 - 5}}};
            const sse_field last[2] = {{TEXT(":"), {"", 19 - 5}}, {{":", name - 20}, {"", value}}};
            const int wanted = name + value + 5 > SSE_PART_MAX ? SSE_E_TOOBIG : SSE_E_FIELD;

            assert_int_equal(status_of(none, 0, &one, 1), wanted);
            assert_int_equal(status_of(none, 0, two, 2), wanted);
            assert_int_equal(status_of(none, 0, last, 2), wanted);
        }
    }
    for (name = SSE_PART_MAX - 110; name <= SSE_PART_MAX; name++) {
        const sse_field one = {{":", name}, {"", 0}};

        assert_int_equal(status_of(origin, 0, &one, 1),
                         name + 105 > SSE_PART_MAX ? SSE_E_TOOBIG : SSE_E_FIELD);
    }
}

static void memory_that_is_absent_has_no_capacity(void **state)
{
    sse_head head;
    size_t len;

    (void)state;
    memset(&head, 0, sizeof head);
    head.version = SSE_HTTP_1_1;
    assert_int_equal(sse_http_head(&head, NULL, 1, &len), SSE_E_ARG);
    assert_int_equal(sse_http_fields(&head, NULL, 1, &len), SSE_E_ARG);
}

static void the_first_chunk_says_its_length_whatever_that_is(void **state)
{
    sse_head head;
    char bytes[512], want[64];
    uint32_t retry_ms;
    size_t len, want_len;

    (void)state;
    memset(&head, 0, sizeof head);
    head.version = SSE_HTTP_1_1;
    head.flags = SSE_HEAD_CHUNKED;
    for (retry_ms = 1; retry_ms <= 1000000000; retry_ms *= 10) {
        const size_t payload = (size_t)sprintf(want, "retry: %lu\n\n", (unsigned long)retry_ms);

        want_len = (size_t)sprintf(want, "\r\n\r\n%08x\r\nretry: %lu\n\n\r\n", (unsigned)payload,
                                   (unsigned long)retry_ms);
        head.retry_ms = retry_ms;
        assert_int_equal(sse_http_head(&head, bytes, sizeof bytes, &len), SSE_OK);
        assert_true(len > want_len);
        assert_memory_equal(bytes + len - want_len, want, want_len);
    }
}

/* The generator splitmix64, as it was published. */
static uint64_t splitmix64(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9E3779B97F4A7C15);

    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

static void reconnection_times_are_spread_by_splitmix64(void **state)
{
    static const uint64_t published[] = {
        UINT64_C(6457827717110365317), UINT64_C(3203168211198807973), UINT64_C(9817491932198370423),
        UINT64_C(4593380528125082431), UINT64_C(16408922859458223821)};
    uint64_t x = 1234567;
    int i;

    (void)state;
    for (i = 0; i < 5; i++)
        assert_true(splitmix64(&x) == published[i]);
    x = 1234567;
    for (i = 0; i < 1000; i++) {
        const uint32_t got = sse_retry_spread(5, SSE_RETRY_MAX - 5, x);
        const uint64_t z = splitmix64(&x) >> 32;

        assert_int_equal(got, 5 + (z * (SSE_RETRY_MAX - 5) >> 32));
    }
}

static void the_least_reconnection_time_is_1(void **state)
{
    uint64_t seed;

    (void)state;
    for (seed = 0; seed < 100; seed++) {
        assert_int_equal(sse_retry_spread(0, 0, seed), 1);
        assert_int_equal(sse_retry_spread(0, 2, seed), 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_a_star_is_any_origin),
        cmocka_unit_test(each_field_of_the_callers_is_looked_at),
        cmocka_unit_test(an_origin_has_its_bound_to_the_byte),
        cmocka_unit_test(all_fields_together_have_their_bound_to_the_byte),
        cmocka_unit_test(memory_that_is_absent_has_no_capacity),
        cmocka_unit_test(the_first_chunk_says_its_length_whatever_that_is),
        cmocka_unit_test(reconnection_times_are_spread_by_splitmix64),
        cmocka_unit_test(the_least_reconnection_time_is_1),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
