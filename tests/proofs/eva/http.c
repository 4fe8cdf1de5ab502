/* SPDX-License-Identifier: MIT */
/* What a request holds, of all bytes and short lengths: ranges of media and their weights, ids in a
 * header and in a query, values in a query. */
#include "any.h"
#include "sse/http_request.h"

enum { MOST = 3, ROOM = 2 };

static void accept(void)
{
    char text[MOST], weight[9 + MOST] = "*/*;q=1.0";
    size_t n;

    for (n = 0; n <= MOST; n++) {
        any_bytes(text, n);
        sse_http_accepts_type(text, n, "a/b", 3);
        sse_http_prefers(text, n, "a/b", 3);
    }
    for (n = 0; n <= MOST; n++) {
        any_bytes(weight + 9, n);
        sse_http_accepts(weight, 9 + n); /* too long a weight, too */
    }
}

static void last_event_id(void)
{
    char text[MOST], query[14 + MOST] = "last_event_id=", dst[ROOM];
    size_t n, cap, len;

    for (n = 0; n <= MOST; n++)
        for (cap = 0; cap <= ROOM; cap++) {
            any_bytes(text, n);
            sse_http_last_event_id(text, n, NULL, 0, dst, cap, &len);
            sse_http_last_event_id(NULL, 0, text, n, dst, cap, &len);
            sse_http_query(text, n, "a", 1, dst, cap, &len);
            any_bytes(query + 14, n);
            sse_http_last_event_id(NULL, 0, query, 14 + n, dst, cap, &len);
        }
}

int main(void)
{
    accept();
    last_event_id();
    return 0;
}
