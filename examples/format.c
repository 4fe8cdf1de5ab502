/* SPDX-License-Identifier: MIT */
/* format.c - one event becomes bytes in your own buffer. The core of the library does just that.
 *
 *     cc format.c -lsse -o format
 *     ./format
 *     ./format "$(printf '8\ndata: forged')"        a line break in an id: refused, not repaired
 *
 * Fits any server that takes bytes, and tests: no writer, no connection, no state. */
#include <sse/sse.h>

#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
    const char *id = argc > 1 ? argv[1] : "7";
    sse_event ev = {
        .id = {id, strlen(id)},
        .type = SSE_LIT("greeting"),
        .data = SSE_LIT("Hello,\n  world!"),
    };
    char bytes[256];
    size_t len;
    int status = sse_event_encode(&ev, bytes, sizeof bytes, &len);

    if (status != SSE_OK) {
        fprintf(stderr, "format: %s\n", sse_status_text(status));
        return 1;
    }
    return fwrite(bytes, 1, len, stdout) == len ? 0 : 1;
}
