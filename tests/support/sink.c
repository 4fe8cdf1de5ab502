/* SPDX-License-Identifier: MIT */
#include "sink.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void sink_start(sink *s, const sink_step *steps, size_t step_count, size_t rest)
{
    s->steps = steps;
    s->step_count = step_count;
    s->rest.status = SSE_OK;
    s->rest.taken = rest;
    s->during = NULL;
    s->to = NULL;
    s->calls = 0;
    s->len = 0;
    s->broken = NULL;
}

/* Hold an offer against the one before it. */
static void check(sink *s, const sink_offer *now)
{
    const sink_offer *last = s->calls > 0 ? &s->offers[s->calls - 1] : NULL;

    if (now->bytes == NULL || now->len == 0) {
        s->broken = "an empty offer";
    } else if (last && last->taken == 0) {
        if (last->bytes != now->bytes)
            s->broken = "an offer that was refused has moved";
        else if (last->len != now->len)
            s->broken = "an offer that was refused has another length";
        else if (memcmp(s->refused, now->bytes, now->len) != 0)
            s->broken = "an offer that was refused has other bytes";
    }
    if (s->broken)
        fprintf(stderr, "call %zu of the sink: %s\n", s->calls, s->broken);
}

int sink_take(void *user, const void *bytes, size_t len, size_t *taken)
{
    sink *s = user;
    sink_step step = s->calls < s->step_count ? s->steps[s->calls] : s->rest;
    sink_offer *now = &s->offers[s->calls];

    if (s->calls == SINK_CALLS_MAX || len > SINK_BYTES_MAX - s->len) {
        fprintf(stderr, "the sink is full\n");
        abort();
    }
    now->bytes = bytes;
    now->len = len;
    check(s, now);
    s->calls++;
    if (s->during)
        s->during(s->to);

    now->taken = step.taken == SINK_SILENT ? 0 : step.taken < len ? step.taken : len;
    memcpy(now->taken > 0 ? s->bytes + s->len : s->refused, bytes, now->taken ? now->taken : len);
    s->len += now->taken;
    if (step.taken != SINK_SILENT)
        *taken = step.taken == SINK_MORE ? len + 1 : now->taken;
    return step.status;
}
