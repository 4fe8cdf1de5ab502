/* SPDX-License-Identifier: MIT */
#include "encoding.h"

#include "guard.h"
#include "parser.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* Bytes around dst that must keep their value. */
#define MARGIN 16
#define MARK   0xA5

/* Up to this need every capacity is tried, and beyond it those that are near to an edge. */
#define EVERY 600
#define NEAR  40

sse_str *part_of(sse_event *ev, enum part part)
{
    sse_str *const parts[PARTS] = {&ev->comment, &ev->id, &ev->type, &ev->data};

    return parts[part];
}

sse_event with(enum part part, const char *ptr, size_t len)
{
    sse_event ev = {{NULL, 0}, {NULL, 0}, {NULL, 0}, 0, {NULL, 0}};

    part_of(&ev, part)->ptr = ptr;
    part_of(&ev, part)->len = len;
    return ev;
}

/* A part that is too long is not there to be read. */
static void show(const char *title, sse_str part)
{
    if (part.len <= SSE_PART_MAX)
        print_text(title, part);
    else
        fprintf(stderr, "%s(%zu)\n", title, part.len);
}

static void check(int ok, const char *what, const sse_event *ev, size_t cap)
{
    if (ok)
        return;
    fprintf(stderr, "%s; capacity %zu, retry %lu\n", what, cap, (unsigned long)ev->retry_ms);
    show("  comment", ev->comment);
    show("  type   ", ev->type);
    show("  id     ", ev->id);
    show("  data   ", ev->data);
    fail();
}

/* The last n bytes ahead of an unmapped page. The region lives on, as there may be millions of
 * cases, and grows as needed. */
static char *region(guard *g, size_t n)
{
    if (g->ptr == NULL || g->len < n) {
        if (g->ptr)
            guard_free(g);
        *g = guard_before_end(2 * n + 4096);
    }
    return guard_tail(g, n);
}

static sse_str place(guard *g, sse_str part)
{
    char *at;

    if (part.ptr == NULL)
        return part;
    at = region(g, part.len);
    memcpy(at, part.ptr, part.len);
    part.ptr = at;
    return part;
}

sse_event placed(const sse_event *ev)
{
    static guard comment, id, type, data;
    sse_event copy;

    copy.comment = place(&comment, ev->comment);
    copy.id = place(&id, ev->id);
    copy.type = place(&type, ev->type);
    copy.data = place(&data, ev->data);
    copy.retry_ms = ev->retry_ms;
    return copy;
}

static int marked(const char *at, size_t n)
{
    size_t i;

    for (i = 0; i < n; i++)
        if ((unsigned char)at[i] != MARK)
            return 0;
    return 1;
}

/* Encode at one capacity, where a page ends. Returns dst. */
static const char *encode_at(guard *out, const sse_event *ev, size_t need, size_t cap)
{
    char *dst = region(out, cap + MARGIN) + MARGIN;
    size_t len = (size_t)-1;
    int status;

    memset(dst - MARGIN, MARK, MARGIN);
    if (cap > need)
        memset(dst + need, MARK, cap - need);
    status = sse_event_encode(ev, dst, cap, &len);
    check(status == (cap < need ? SSE_E_SPACE : SSE_OK), "wrong status", ev, cap);
    check(len == need, "wrong length", ev, cap);
    check(marked(dst - MARGIN, MARGIN), "written ahead of dst", ev, cap);
    if (cap > need)
        check(marked(dst + need, cap - need), "written past the length", ev, cap);
    return dst;
}

static int is_edge(size_t need, size_t cap)
{
    return need <= EVERY || cap <= NEAR || need - cap <= NEAR || cap == need / 2;
}

/* How many lines a text has. */
static size_t lines(sse_str text)
{
    size_t n = 1, i;

    for (i = 0; i < text.len; i++)
        if (text.ptr[i] == '\r' || (text.ptr[i] == '\n' && (i == 0 || text.ptr[i - 1] != '\r')))
            n++;
    return n;
}

/* Tell whether bytes say to a client what an event says. */
static int says(sse_str bytes, const sse_event *ev)
{
    parsed_event event = {{"message", 7}, {NULL, 0}, {NULL, 0}};
    uint64_t retry = ev->retry_ms;
    parsed want = {&event, 0, &retry, 0, 0, {NULL, 0}};
    char *data = NULL;
    int same;

    if (ev->comment.ptr)
        want.comments = lines(ev->comment);
    if (ev->type.len > 0)
        event.type = ev->type;
    if (ev->data.ptr) {
        data = as_received(ev->data, &event.data.len);
        event.data.ptr = data;
        want.event_count = 1;
    }
    event.id = ev->id;
    want.last_id = ev->id;
    want.retry_count = retry > 0;
    same = parses_to(bytes.ptr, bytes.len, &want);
    free(data);
    return same;
}

sse_str encode(const sse_event *ev)
{
    static guard out;
    sse_event in = placed(ev);
    sse_str bytes = {NULL, 0};
    size_t need = (size_t)-1, cap;

    check(sse_event_encode(&in, NULL, 0, &need) == SSE_E_SPACE, "not measured", ev, 0);
    encode_at(&out, &in, need, need + MARGIN);
    encode_at(&out, &in, need, need + 1);
    for (cap = 0; cap <= need; cap++)
        if (is_edge(need, cap))
            bytes.ptr = encode_at(&out, &in, need, cap);
    bytes.len = need;
    check(says(bytes, ev), "not what the event says", ev, need);
    return bytes;
}

void assert_refused(const sse_event *ev, int status)
{
    static const size_t caps[] = {0, 1, 4096};
    static guard out;
    size_t len = (size_t)-1, i;

    check(sse_event_encode(ev, NULL, 0, &len) == status, "measured, not refused", ev, 0);
    check(len == 0, "a length beside the refusal", ev, 0);
    for (i = 0; i < sizeof caps / sizeof caps[0]; i++) {
        char *dst = region(&out, caps[i]);

        memset(dst, MARK, caps[i]);
        len = (size_t)-1;
        check(sse_event_encode(ev, dst, caps[i], &len) == status, "not refused", ev, caps[i]);
        check(len == 0, "a length beside the refusal", ev, caps[i]);
        check(marked(dst, caps[i]), "written in spite of the refusal", ev, caps[i]);
    }
}
