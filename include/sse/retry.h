/* SPDX-License-Identifier: MIT */
/* sse/retry.h - reconnection times that are spread, so that a restart is no stampede. */
#ifndef SSE_RETRY_H
#define SSE_RETRY_H

#include "sse/base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Gets a reconnection time for one client of many.
 *
 *   base_ms     the shortest time, in milliseconds
 *   window_ms   the width of the spread, in milliseconds: the result is at least base_ms and less
 *               than base_ms + window_ms; 0: the result is base_ms
 *   seed        a different number for each client: a counter, an address, a random number.
 *               Neighboring numbers give unrelated times
 *
 * Returns a value for retry_ms, from 1 to SSE_RETRY_MAX: a time of 0 becomes 1, a longer one
 * becomes the longest. The same arguments give the same value. Spec:
 * #concept-event-stream-reconnection-time. */
SSE_API uint32_t sse_retry_spread(uint32_t base_ms, uint32_t window_ms, uint64_t seed);

#ifdef __cplusplus
}
#endif

#endif
