/* SPDX-License-Identifier: MIT */
/* consumer.c - prints an event and the version that it was linked with. */
#include <sse/sse.h>

#include <stdio.h>

int main(void)
{
    const sse_event ev = {.data = SSE_LIT("linked")};
    char bytes[64];
    size_t len;

    if (sse_event_encode(&ev, bytes, sizeof bytes, &len) != SSE_OK ||
        sse_version_number() != SSE_VERSION_NUMBER)
        return 1;
    printf("%.*s%s\n", (int)len, bytes, sse_version_text());
    return 0;
}
