/* SPDX-License-Identifier: MIT */
/* datastar.c - the progress of a job with Datastar 1: signals and elements of a page.
 *
 *     ./datastar 8080 datastar.js               the bundle of the Datastar project's release
 *
 * All pages show the same job, and any of them can start it. What the signals are now is all that
 * counts, so these events have a key: a page that joins or lags gets the newest one only. The lines
 * of the log have none. What was missed comes after a cut, since Datastar sends Last-Event-ID. */
#include "../protocols/datastar.h"
#include "page.h"

#include "datastar_html.h"

#include <stdio.h>

enum { STEPS = 10, STEP_MS = 300, SIGNALS = 1 };

static sse_channel *job;
static char **scripts;
static int done = STEPS;

static void publish(int status, const datastar *d, uint64_t key)
{
    if (status == SSE_OK)
        status = sse_channel_publish(job, &d->event, 0, key);
    if (status != SSE_OK)
        fprintf(stderr, "datastar: %s\n", sse_status_text(status));
}

static void report(void)
{
    char text[256], json[64], html[64];
    datastar d = {.text = text, .cap = sizeof text};
    datastar_patch line = {
        .mode = SSE_LIT("append"), .selector = SSE_LIT("#log"), .elements = {html, 0}};
    const int len = snprintf(json, sizeof json, "{\"done\":%d,\"running\":%s}", done,
                             done < STEPS ? "true" : "false");

    publish(datastar_patch_signals(&d, (sse_str){json, (size_t)len}, 0), &d, SIGNALS);
    line.elements.len = (size_t)snprintf(html, sizeof html, "<li>step %d of %d</li>", done, STEPS);
    publish(datastar_patch_elements(&d, &line), &d, 0);
}

static void step(void *timer)
{
    done++;
    report();
    if (done < STEPS)
        web_after(timer, STEP_MS);
}

static int begin(void)
{
    static web_timer timer = {step, &timer, 0, NULL};

    if (done < STEPS)
        return 409; /* it runs */
    done = 0;
    report();
    web_after(&timer, STEP_MS);
    return 204;
}

static void answer(const web_request *r)
{
    static const sse_http_answer stream = {.retry_ms = 1000};
    const uint32_t flags = SSE_JOIN_GAPS | SSE_JOIN_OLDEST | SSE_JOIN_COALESCE;

    if (page_is(r, "GET", "/"))
        web_reply(r, 200, "text/html", datastar_html, datastar_html_len, NULL, 0);
    else if (page_is(r, "GET", "/events"))
        web_stream(r, job, &stream, flags, (sse_str){NULL, 0}, NULL, NULL);
    else if (page_is(r, "POST", "/start"))
        web_refuse(r, begin());
    else
        page_script(r, scripts);
}

int main(int argc, char **argv)
{
    job = web_channel("job", 1000, 1 << 18, SSE_HEARTBEAT_MS);
    if (argc < 3 || job == NULL) {
        fprintf(stderr, "Usage: datastar PORT datastar.js\n");
        return 2;
    }
    scripts = argv + 2;
    return web_run(argv[1], NULL, NULL, answer, NULL);
}
