/* SPDX-License-Identifier: MIT */
/* turbo.c - a chat with Turbo Streams.
 *
 *     npm install @hotwired/turbo
 *     ./turbo 8080 node_modules/@hotwired/turbo/dist/turbo.es2017-esm.js
 *
 * A message is an event whose data is the element turbo-stream. The element turbo-stream-source
 * reads the stream with EventSource, which resumes by itself. Turbo replaces an element that has
 * the same id, so that a page that begins anew shows nothing twice. The answer to the form is such
 * an element, too: it empties the form. */
#include "page.h"

#include "turbo_html.h"

#include <stdio.h>

#define STREAM_TYPE "text/vnd.turbo-stream.html"

static sse_channel *chat;
static char **scripts;

static const char form[] =
    "<turbo-stream action=\"update\" target=\"field\"><template><input name=\"text\" "
    "aria-label=\"Your message\" maxlength=\"500\" required autofocus></template></turbo-stream>";

static void take_message(const web_request *r)
{
    static unsigned number;
    char text[PAGE_HTML], html[PAGE_HTML + 128];
    int len;

    if (page_field(r, "text", text) == 0) {
        web_refuse(r, 422);
        return;
    }
    len = snprintf(html, sizeof html,
                   "<turbo-stream action=\"append\" target=\"messages\"><template>"
                   "<p id=\"m%u\">%s</p></template></turbo-stream>",
                   ++number, text);
    if (sse_channel_publish_parts(chat, NULL, 0, NULL, 0, html, (size_t)len, 0, 0) != SSE_OK)
        web_refuse(r, 503);
    else
        web_reply(r, 200, STREAM_TYPE, form, sizeof form - 1, NULL, 0);
}

static void answer(const web_request *r)
{
    static const sse_http_answer stream = {.retry_ms = 1000};

    if (page_is(r, "GET", "/"))
        web_reply(r, 200, "text/html", turbo_html, turbo_html_len, NULL, 0);
    else if (page_is(r, "GET", "/events"))
        web_stream(r, chat, &stream, SSE_JOIN_GAPS | SSE_JOIN_OLDEST, (sse_str){NULL, 0}, NULL,
                   NULL);
    else if (page_is(r, "POST", "/messages"))
        take_message(r);
    else
        page_script(r, scripts);
}

int main(int argc, char **argv)
{
    chat = web_channel("chat", 1000, 1 << 20, SSE_HEARTBEAT_MS);
    if (argc < 3 || chat == NULL) {
        fprintf(stderr, "Usage: turbo PORT turbo.es2017-esm.js\n");
        return 2;
    }
    scripts = argv + 2;
    return web_run(argv[1], NULL, NULL, answer, NULL);
}
