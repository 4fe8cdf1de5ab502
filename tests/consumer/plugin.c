/* SPDX-License-Identifier: MIT */
/* plugin.c - a plugin that contains the library, and exports one function of its own. */
#include <sse/sse.h>

int plugin_length(void);

int plugin_length(void)
{
    const sse_event ev = {.data = SSE_LIT("linked")};
    char bytes[64];
    size_t len;

    return sse_event_encode(&ev, bytes, sizeof bytes, &len) == SSE_OK ? (int)len : -1;
}
