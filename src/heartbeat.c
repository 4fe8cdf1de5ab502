/* SPDX-License-Identifier: MIT */
/* Heartbeats: how long a stream has been silent. */
#include "sse/heartbeat.h"

#include <limits.h>

/* How long the silence has lasted; 0 where the clock has stepped back, or wrapped. */
static uint64_t silence(const sse_heartbeat *hb, uint64_t now_ms)
{
    return now_ms > hb->last_ms_ ? now_ms - hb->last_ms_ : 0;
}

/* see sse/heartbeat.h */
int sse_heartbeat_init(sse_heartbeat *hb, uint32_t interval_ms, uint64_t now_ms)
{
    if (hb == NULL)
        return SSE_E_ARG;
    hb->interval_ms_ = interval_ms;
    hb->last_ms_ = now_ms;
    return SSE_OK;
}

/* see sse/heartbeat.h */
int sse_heartbeat_touch(sse_heartbeat *hb, uint64_t now_ms)
{
    if (hb == NULL)
        return SSE_E_ARG;
    hb->last_ms_ = now_ms;
    return SSE_OK;
}

/* see sse/heartbeat.h */
int sse_heartbeat_timeout(const sse_heartbeat *hb, uint64_t now_ms)
{
    uint64_t passed, rest;

    if (hb == NULL || hb->interval_ms_ == 0)
        return -1;
    passed = silence(hb, now_ms);
    if (passed >= hb->interval_ms_)
        return 0;
    rest = hb->interval_ms_ - passed;
    return rest < INT_MAX ? (int)rest : INT_MAX;
}

/* see sse/heartbeat.h */
int sse_heartbeat_take(sse_heartbeat *hb, uint64_t now_ms)
{
    uint64_t passed;

    if (hb == NULL || hb->interval_ms_ == 0)
        return 0;
    passed = silence(hb, now_ms);
    if (passed > 0 && passed < hb->interval_ms_)
        return 0;
    hb->last_ms_ = now_ms; /* the beat is due, or the clock has stepped back: start from here */
    return passed > 0;
}

/* see sse/heartbeat.h */
size_t sse_heartbeat_size(void)
{
    return sizeof(sse_heartbeat);
}

/* see sse/heartbeat.h */
uint32_t sse_heartbeat_default_ms(void)
{
    return SSE_HEARTBEAT_MS;
}
