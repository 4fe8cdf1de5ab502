#include "sse/heartbeat.h"

/* How long the silence has lasted; nothing where the clock has stepped back, or wrapped. */
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
int sse_heartbeat_wait(const sse_heartbeat *hb, uint64_t now_ms, uint64_t *wait_ms)
{
    uint64_t passed;

    if (wait_ms)
        *wait_ms = UINT64_MAX;
    if (hb == NULL || wait_ms == NULL)
        return SSE_E_ARG;
    if (hb->interval_ms_ == 0)
        return SSE_OK;
    passed = silence(hb, now_ms);
    *wait_ms = passed < hb->interval_ms_ ? hb->interval_ms_ - passed : 0;
    return SSE_OK;
}

/* see sse/heartbeat.h */
int sse_heartbeat_due(sse_heartbeat *hb, uint64_t now_ms)
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
