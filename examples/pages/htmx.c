/* SPDX-License-Identifier: MIT */
/* htmx.c - a guest book with htmx 4: what one writes, all see.
 *
 *     npm install htmx.org
 *     ./htmx 8080 node_modules/htmx.org/dist/htmx.js node_modules/htmx.org/dist/ext/hx-sse.js
 *
 * An entry is an event without a type, and its data is HTML: htmx puts it into the element with
 * hx-sse:connect. A page that is new gets the whole history, and one that comes back what it has
 * missed. An event with a type is one of the DOM: at a gap the page begins anew. htmx 4 reads a
 * reconnection time in such an event only, hence SSE_HTTP_FIRST_TYPED. */
#include "page.h"

#include "htmx_html.h"

#include <stdio.h>

static sse_channel *book;
static char **scripts;

static int write_entry(const web_request *r)
{
    char text[PAGE_HTML], html[PAGE_HTML + 16];
    int len;

    if (page_field(r, "text", text) == 0)
        return 422;
    len = snprintf(html, sizeof html, "<li>%s</li>", text);
    if (sse_channel_publish_parts(book, NULL, 0, NULL, 0, html, (size_t)len, 0, 0) != SSE_OK)
        return 503;
    return 204;
}

static void answer(const web_request *r)
{
    static const sse_http_answer stream = {.retry_ms = 1000, .first = SSE_HTTP_FIRST_TYPED};

    if (page_is(r, "GET", "/"))
        web_reply(r, 200, "text/html", htmx_html, htmx_html_len, NULL, 0);
    else if (page_is(r, "GET", "/events"))
        web_stream(r, book, &stream, SSE_JOIN_GAPS | SSE_JOIN_OLDEST, (sse_str){NULL, 0}, NULL,
                   NULL);
    else if (page_is(r, "POST", "/entries"))
        web_refuse(r, write_entry(r));
    else
        page_script(r, scripts);
}

int main(int argc, char **argv)
{
    book = web_channel("guest book", 1000, 1 << 20, SSE_HEARTBEAT_MS);
    if (argc < 3 || book == NULL) {
        fprintf(stderr, "Usage: htmx PORT htmx.js hx-sse.js\n");
        return 2;
    }
    scripts = argv + 2;
    return web_run(argv[1], NULL, NULL, answer, NULL);
}
