/* SPDX-License-Identifier: MIT */
/* datastar.h - the events that a page with Datastar 1 acts upon. Copy it.
 *
 *     char text[512];
 *     datastar d = {.text = text, .cap = sizeof text};
 *     const datastar_patch patch = {.elements = SSE_LIT("<b id=price>42</b>")};
 *
 *     if (datastar_patch_elements(&d, &patch) == SSE_OK)
 *         sse_channel_publish(ch, &d.event, 0, 0);      or sse_writer_send, sse_subscriber_send
 *
 * The data is lines of a name and a value, built at text. A value of several lines has the name
 * before each, so that no value forges a line. HTML and scripts are sent as they are: what a user
 * wrote is the caller's to escape. Each function returns SSE_OK; the id and the retry_ms of the
 * event are then free to be set. Or SSE_E_SPACE: the text is too small, and the event has no part.
 * Spec: github.com/starfederation/datastar, sdk/ADR.md. */
#ifndef PROTOCOLS_DATASTAR_H
#define PROTOCOLS_DATASTAR_H

#include <sse/sse.h>

typedef struct datastar {
    char *text; /* for the data, cap bytes; borrowed while the event is used */
    size_t cap;
    sse_event event;
} datastar;

/* Elements, and what to do with them. What is absent or empty is not sent. */
typedef struct datastar_patch {
    sse_str mode;        /* inner, replace, prepend, append, before, after, remove; none: outer */
    sse_str selector;    /* the target; none: each element has the id of its target */
    int view_transition; /* whether the browser animates the change */
    sse_str elements;    /* whole elements; none: remove what the selector finds */
} datastar_patch;

static inline void datastar_put_(datastar *d, char c)
{
    if (d->event.data.len < d->cap)
        d->text[d->event.data.len] = c;
    d->event.data.len++;
}

static inline void datastar_name_(datastar *d, const char *name)
{
    if (d->event.data.len > 0)
        datastar_put_(d, '\n');
    while (*name != '\0')
        datastar_put_(d, *name++);
    datastar_put_(d, ' ');
}

static inline void datastar_value_(datastar *d, const char *name, sse_str value)
{
    size_t i;

    for (i = 0; i < value.len; i++)
        if (value.ptr[i] != '\n' && value.ptr[i] != '\r')
            datastar_put_(d, value.ptr[i]);
        else if (value.ptr[i] == '\r' || i == 0 || value.ptr[i - 1] != '\r') /* CRLF is one break */
            datastar_name_(d, name);
}

static inline void datastar_line_(datastar *d, const char *name, sse_str value)
{
    if (value.len > 0) {
        datastar_name_(d, name);
        datastar_value_(d, name, value);
    }
}

static inline int datastar_end_(datastar *d)
{
    if (d->event.data.len <= d->cap)
        return SSE_OK;
    d->event = (sse_event){.retry_ms = 0};
    return SSE_E_SPACE;
}

static inline int datastar_patch_elements(datastar *d, const datastar_patch *patch)
{
    d->event = (sse_event){.type = SSE_LIT("datastar-patch-elements"), .data = {d->text, 0}};
    datastar_line_(d, "mode", patch->mode);
    datastar_line_(d, "selector", patch->selector);
    datastar_line_(d, "useViewTransition", (sse_str){"true", patch->view_transition ? 4 : 0});
    datastar_line_(d, "elements", patch->elements);
    return datastar_end_(d);
}

static inline int datastar_remove(datastar *d, sse_str selector)
{
    const datastar_patch patch = {.mode = SSE_LIT("remove"), .selector = selector};

    return datastar_patch_elements(d, &patch);
}

/* json: an object, which is merged into the signals; null removes one. */
static inline int datastar_patch_signals(datastar *d, sse_str json, int only_if_missing)
{
    d->event = (sse_event){.type = SSE_LIT("datastar-patch-signals"), .data = {d->text, 0}};
    datastar_line_(d, "onlyIfMissing", (sse_str){"true", only_if_missing ? 4 : 0});
    datastar_line_(d, "signals", json);
    return datastar_end_(d);
}

/* attributes: such as type="module"; keep: the script element stays in the page. */
static inline int datastar_script(datastar *d, sse_str script, sse_str attributes, int keep)
{
    d->event = (sse_event){.type = SSE_LIT("datastar-patch-elements"), .data = {d->text, 0}};
    datastar_line_(d, "mode", SSE_LIT("append"));
    datastar_line_(d, "selector", SSE_LIT("body"));
    datastar_line_(d, "elements", SSE_LIT("<script"));
    datastar_value_(d, "elements", (sse_str){" ", attributes.len > 0});
    datastar_value_(d, "elements", attributes);
    datastar_value_(d, "elements", keep ? SSE_LIT(">") : SSE_LIT(" data-effect=\"el.remove()\">"));
    datastar_value_(d, "elements", script);
    datastar_value_(d, "elements", SSE_LIT("</script>"));
    return datastar_end_(d);
}

#endif
