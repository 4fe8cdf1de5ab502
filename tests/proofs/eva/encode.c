/* SPDX-License-Identifier: MIT */
/* Events of all bytes and short lengths, into no memory, into some, and into enough: one part at a
 * time, and all of them at once, where the data is any byte. */
#include "any.h"
#include "sse/event.h"

enum { MOST = 2, ROOM = 24 };

static char text[MOST], dst[ROOM];

static void encode(sse_event *ev, sse_str *part)
{
    size_t n, cap, len;

    for (n = 0; n <= MOST; n++)
        for (cap = 0; cap <= ROOM; cap += 12) {
            any_bytes(text, MOST);
            part->ptr = text;
            part->len = n;
            sse_event_encode(ev, dst, cap, &len);
        }
}

static void encode_all(void)
{
    sse_event ev = {SSE_LIT("c"), SSE_LIT("t"), SSE_LIT("i"), SSE_RETRY_MAX, {NULL, 0}};
    char all[ROOM + ROOM];
    size_t cap, len;

    ev.data.ptr = text;
    ev.data.len = 1;
    for (cap = 0; cap <= sizeof all; cap += ROOM) {
        any_bytes(text, 1);
        sse_event_encode(&ev, all, cap, &len);
    }
}

int main(void)
{
    const sse_event none = {{NULL, 0}, {NULL, 0}, {NULL, 0}, 0, {NULL, 0}};
    sse_event ev = none;

    encode(&ev, &ev.comment);
    ev = none;
    encode(&ev, &ev.data);
    ev = none;
    encode(&ev, &ev.type);
    ev = none;
    encode(&ev, &ev.id);
    encode_all();
    return 0;
}
