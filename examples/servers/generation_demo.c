/* SPDX-License-Identifier: MIT */
/* A model for tests: what it says follows from the prompt, and its pieces cut characters. */
#include "generation.h"

#include <stdlib.h>
#include <string.h>

static uint32_t setting(const char *variable, uint32_t usual)
{
    const char *const value = getenv(variable);

    return value ? (uint32_t)strtoul(value, NULL, 10) : usual;
}

/* see generation.h */
int generation_demo(generation *g, const char *prompt, size_t len)
{
    const uint32_t token_ms = setting("DEMO_TOKEN_MS", 30);
    const char *const failure = strstr(prompt, "[fail]");
    const char *const end = failure ? failure : prompt + len;
    const char *at = prompt;
    int over = generation_wait(g, setting("DEMO_PREFILL_MS", 500));

    while (!over && at < end) {
        size_t n = 1 + (size_t)(at - prompt) % 5;

        if (n > (size_t)(end - at))
            n = (size_t)(end - at);
        over = generation_emit(g, at, n) || generation_wait(g, token_ms);
        at += n;
    }
    return failure != NULL;
}
