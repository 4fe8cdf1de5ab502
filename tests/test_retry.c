/* SPDX-License-Identifier: MIT */
/* test_retry.c - reconnection times that are spread over many clients. */
#include "sse/retry.h"
#include "sse/event.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

static void a_spread_time_is_within_its_window_and_the_same_for_the_same_seed(void **state)
{
    static const uint32_t bases[] = {1, 2, 1000, 3000, 1000000000, 2147483000};
    static const uint32_t windows[] = {1, 2, 7, 600, 60000, 1000000000};
    size_t i, k;
    uint64_t seed;

    (void)state;
    for (i = 0; i < 6; i++)
        for (k = 0; k < 6; k++)
            for (seed = 0; seed < 500; seed++) {
                const uint64_t client = seed * (seed % 2 ? 1 : UINT64_C(0x0123456789ABCDEF));
                const uint32_t time = sse_retry_spread(bases[i], windows[k], client);

                assert_true(time >= bases[i] && time <= SSE_RETRY_MAX);
                assert_true(time < (uint64_t)bases[i] + windows[k]);
                assert_int_equal(sse_retry_spread(bases[i], windows[k], client), time);
            }
}

static void a_window_of_0_spreads_nothing(void **state)
{
    static const uint64_t seeds[] = {0, 1, UINT32_MAX, UINT64_MAX};
    size_t i;

    (void)state;
    for (i = 0; i < 4; i++) {
        assert_int_equal(sse_retry_spread(0, 0, seeds[i]), 1);
        assert_int_equal(sse_retry_spread(1, 0, seeds[i]), 1);
        assert_int_equal(sse_retry_spread(3000, 0, seeds[i]), 3000);
        assert_int_equal(sse_retry_spread(SSE_RETRY_MAX, 0, seeds[i]), SSE_RETRY_MAX);
    }
}

static void a_spread_time_is_never_0_and_never_above_the_maximum(void **state)
{
    static const uint32_t high[] = {SSE_RETRY_MAX, SSE_RETRY_MAX + 1, UINT32_MAX};
    static const uint32_t windows[] = {0, 1, 1000, SSE_RETRY_MAX, UINT32_MAX};
    unsigned clamped = 0;
    size_t i, k;
    uint64_t seed;

    (void)state;
    for (seed = 0; seed < 500; seed++) {
        for (k = 0; k < 5; k++) {
            const uint32_t low = sse_retry_spread(0, windows[k], seed);

            assert_true(low >= 1 && low <= SSE_RETRY_MAX);
            for (i = 0; i < 3; i++)
                assert_int_equal(sse_retry_spread(high[i], windows[k], seed), SSE_RETRY_MAX);
        }
        clamped += sse_retry_spread(SSE_RETRY_MAX - 500, 1000, seed) == SSE_RETRY_MAX;
    }
    /* Half of the window lies above the maximum. */
    assert_in_range(clamped, 150, 350);
}

static void neighboring_seeds_are_spread_evenly(void **state)
{
    unsigned counts[10] = {0};
    uint64_t seed;
    size_t i;

    (void)state;
    for (seed = 0; seed < 10000; seed++)
        counts[(sse_retry_spread(5000, 10000, seed) - 5000) / 1000]++;
    for (i = 0; i < 10; i++)
        assert_in_range(counts[i], 850, 1150);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_spread_time_is_within_its_window_and_the_same_for_the_same_seed),
        cmocka_unit_test(a_window_of_0_spreads_nothing),
        cmocka_unit_test(a_spread_time_is_never_0_and_never_above_the_maximum),
        cmocka_unit_test(neighboring_seeds_are_spread_evenly),
        cmocka_unit_test(reconnection_times_are_spread_by_splitmix64),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
