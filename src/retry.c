/* SPDX-License-Identifier: MIT */
/* retry.c - reconnection times that are spread. */
#include "sse/retry.h"

#include "sse/event.h"

/* see sse/retry.h */
uint32_t sse_retry_spread(uint32_t base_ms, uint32_t window_ms, uint64_t seed)
{
    uint64_t time;

    /* splitmix64: neighboring seeds give values without relation. */
    seed += UINT64_C(0x9E3779B97F4A7C15);
    seed = (seed ^ seed >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    seed = (seed ^ seed >> 27) * UINT64_C(0x94D049BB133111EB);
    seed ^= seed >> 31;
    time = base_ms + ((seed >> 32) * window_ms >> 32);
    if (time == 0)
        return 1;
    return time > SSE_RETRY_MAX ? SSE_RETRY_MAX : (uint32_t)time;
}
