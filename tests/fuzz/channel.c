/* SPDX-License-Identifier: MIT */
/* channel.c - calls of a channel and its subscribers, in any order, against the plain model of
 * support/model.h: which calls, and with what, the input says. */
#include "fuzz.h"
#include "model.h"

static input *script;

static size_t pick(size_t n)
{
    return take_below(script, (unsigned)n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    input in = {data, size};

    script = &in;
    world_open_any(pick);
    while (in.left > 0)
        world_step(pick);
    world_finish();
    return 0;
}
