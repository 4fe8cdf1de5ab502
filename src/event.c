#include "sse/event.h"

#include "encode.h"
#include "out.h"
#include "sse/text.h"

#include <string.h>

/* The length of the line at p, which has n bytes: up to the first LF or CR. */
static size_t line_len(const char *p, size_t n)
{
    size_t i = 0;

#ifndef __OPTIMIZE_SIZE__
    const size_t ones = (size_t)-1 / 0xFF, highs = ones << 7;

    for (; n - i >= sizeof(size_t); i += sizeof(size_t)) {
        size_t word, lf, cr;

        memcpy(&word, p + i, sizeof word);
        lf = word ^ ones * '\n';
        cr = word ^ ones * '\r';
        if ((((lf - ones) & ~lf) | ((cr - ones) & ~cr)) & highs)
            break;
    }
#endif
    while (i < n && p[i] != '\n' && p[i] != '\r')
        i++;
    return i;
}

/* The length of the break at p, which has n bytes: 2 for CRLF, else 1. */
static size_t break_len(const char *p, size_t n)
{
    return n > 1 && p[0] == '\r' && p[1] == '\n' ? 2 : 1;
}

static int is_missing(const sse_str *part)
{
    return part->ptr == NULL && part->len > 0;
}

int sse_event_check(const sse_event *ev, int open)
{
    if (ev == NULL)
        return open ? SSE_OK : SSE_E_ARG;
    if (is_missing(&ev->comment) || is_missing(&ev->type) || is_missing(&ev->id) ||
        is_missing(&ev->data))
        return SSE_E_ARG;
    if (open ? ev->data.ptr != NULL
             : !(ev->comment.ptr || ev->type.ptr || ev->id.ptr || ev->data.ptr || ev->retry_ms))
        return SSE_E_ARG;
    if (ev->retry_ms > SSE_RETRY_MAX)
        return SSE_E_RANGE;
    /* All low bits of the limit are set, so one comparison serves the four. */
    if ((ev->comment.len | ev->type.len | ev->id.len | ev->data.len) > SSE_PART_MAX)
        return SSE_E_TOOBIG;
    if (!sse_type_valid(ev->type.ptr, ev->type.len) || !sse_id_valid(ev->id.ptr, ev->id.len))
        return SSE_E_FIELD;
    return SSE_OK;
}

size_t sse_lines_put(sse_out *o, const char *brk, size_t brk_len, const char *text, size_t len,
                     size_t limit)
{
    size_t at = 0;

    for (;;) {
        size_t room = limit > o->len ? limit - o->len : 0;
        size_t run = line_len(text + at, len - at < room ? len - at : room);

        sse_out_put(o, text + at, run);
        at += run;
        if (at == len || line_len(text + at, 1) || room - run < brk_len)
            return at;
        sse_out_put(o, brk, brk_len);
        at += break_len(text + at, len - at);
    }
}

/* Put a part, if it is there, as one line or many. Each begins as brk says behind its LF. */
static void put_part(sse_out *o, const char *brk, size_t brk_len, const sse_str *part)
{
    if (part->ptr == NULL)
        return;
    sse_out_put(o, brk + 1, brk_len - 1);
    sse_lines_put(o, brk, brk_len, part->ptr, part->len, (size_t)-1);
    SSE_OUT_LIT(o, "\n");
}

void sse_event_put(sse_out *o, const sse_event *ev, int open)
{
    if (ev) {
        put_part(o, "\n: ", ev->comment.len ? 3 : 2, &ev->comment);
        if (ev->type.len)
            put_part(o, "\nevent: ", 8, &ev->type);
        put_part(o, "\nid: ", 5, &ev->id);
        if (ev->retry_ms) {
            char digits[10];
            sse_str retry;

            retry.ptr = sse_digits(digits + sizeof digits, ev->retry_ms);
            retry.len = (size_t)(digits + sizeof digits - retry.ptr);
            put_part(o, "\nretry: ", 8, &retry);
        }
        put_part(o, SSE_DATA_BREAK, sizeof SSE_DATA_BREAK - 1, &ev->data);
    }
    if (open)
        SSE_OUT_LIT(o, "data: ");
    else
        SSE_OUT_LIT(o, "\n");
}

/* see sse/event.h */
int sse_event_encode(const sse_event *ev, void *dst, size_t cap, size_t *len)
{
    sse_out o = sse_out_to(dst, cap);
    int status;

    if (len == NULL)
        return SSE_E_ARG;
    *len = 0;
    if (dst == NULL && cap != 0)
        return SSE_E_ARG;
    status = sse_event_check(ev, 0);
    if (status != SSE_OK)
        return status;
    sse_event_put(&o, ev, 0);
    return sse_out_end(&o, len);
}

/* see sse/event.h */
size_t sse_event_size(void)
{
    return sizeof(sse_event);
}
