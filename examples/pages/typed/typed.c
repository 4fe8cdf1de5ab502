/* SPDX-License-Identifier: MIT */
/* typed.c - events with fields: one table in C gives the senders, and the types of the page.
 *
 *     ./typed [port]                           8080; port 0: any. Open the address in a browser
 *     ./typed --types > events.d.ts            then: tsc --noEmit --strict --checkJs page.js
 *
 * Change a name in events.h: then neither this file nor page.js compiles before it follows. */
#include "events.h"
#include "typed.h"

#include "page_html.h"
#include "page_js.h"
#include "web.h"
#include <stdio.h>

static sse_channel *prices;

static void move(void *timer)
{
    static const char *const symbols[] = {"ACME", "INIT", "VIM"};
    const char *const symbol = symbols[rand() % 3];
    const double bid = 100 + rand() % 1000 / 100.0;
    const struct price price = {.symbol = symbol, .bid = bid, .ask = bid + 0.05};
    const struct trade trade = {.symbol = symbol, .size = 100, .bought = true};

    if (send_price(prices, price) != SSE_OK ||
        (rand() % 4 == 0 && send_trade(prices, trade) != SSE_OK))
        fputs("typed: an event was not published\n", stderr);
    web_after(timer, 200);
}

static void answer(const web_request *r)
{
    static const sse_http_answer stream = {.retry_ms = 1000};

    if (strcmp(r->path.ptr, "/events") == 0)
        web_stream(r, prices, &stream, SSE_JOIN_GAPS, (sse_str){NULL, 0}, NULL, NULL);
    else if (strcmp(r->path.ptr, "/page.js") == 0)
        web_reply(r, 200, "text/javascript", page_js, page_js_len, NULL, 0);
    else if (strcmp(r->path.ptr, "/") == 0)
        web_reply(r, 200, "text/html", page_html, page_html_len, NULL, 0);
    else
        web_refuse(r, 404);
}

int main(int argc, char **argv)
{
    static web_timer timer = {move, &timer, 0, NULL};

    if (argc > 1 && strcmp(argv[1], "--types") == 0)
        return fputs(typed_declarations, stdout) < 0;
    prices = web_channel("typed", 1000, 100000, SSE_HEARTBEAT_MS);
    if (prices == NULL)
        return 1;
    web_after(&timer, 0);
    return web_run(argc > 1 ? argv[1] : "8080", NULL, NULL, answer, NULL);
}
