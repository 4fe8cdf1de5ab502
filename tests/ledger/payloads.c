/* SPDX-License-Identifier: MIT */
/* payloads.c - all data of up to so many hostile bytes arrives as it should, and forges nothing. */
#include "ledger.h"

#include "sse/event.h"
#include "stream.h"

void try_payloads(unsigned size)
{
    static stream s;
    static stream_text want;
    static char text[WORD_MAX], bytes[8 + 7 * WORD_MAX];
    sse_event ev = {{NULL, 0}, {NULL, 0}, {NULL, 0}, 0, {NULL, 0}};
    size_t len;
    word w;

    ev.data.ptr = text;
    ev.data.len = size;
    word_first(&w, size, HOSTILE);
    do {
        int status;

        word_spell(&w, text);
        status = sse_event_encode(&ev, bytes, sizeof bytes, &len);
        fold_int(status);
        fold(bytes, len);
        stream_start(&s, "", 0);
        stream_feed(&s, bytes, len);
        stream_receives(&want, text, size);
        expect(status == SSE_OK, "it is encoded", text, size, 0);
        expect(stream_at_rest(&s) && s.events == 1 && s.comments == 0 && s.retries == 0 &&
                   s.id.len == 0,
               "one event, and nothing else", text, size, 0);
        expect(stream_is(&s.type, "message", 7), "its type is message", text, size, 0);
        expect(stream_is(&s.data, want.bytes, want.len), "its data is the data", text, size, 0);
        ledger_cases++;
    } while (word_next(&w));
}
