/* SPDX-License-Identifier: MIT */
/* Text of all bytes and short lengths, and what is asked of it. */
#include "any.h"
#include "sse/text.h"

enum { MOST = 5 };

int main(void)
{
    char text[MOST];
    size_t n;

    for (n = 0; n <= MOST; n++) {
        any_bytes(text, n);
        sse_utf8_valid(text, n);
        sse_type_valid(text, n);
        sse_id_valid(text, n);
        sse_id_portable(text, n);
    }
    return 0;
}
