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

static int is_missing(const sse_str *part)
{
    return part->ptr == NULL && part->len > 0;
}

static int check_event(const sse_event *ev, int open)
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

const char *sse_lines_put(sse_out *o, const char *brk, size_t brk_len, const sse_str *text,
                          size_t room)
{
    const char *p = text->ptr;
    const char *const end = p + text->len;

    for (;;) {
        const size_t left = (size_t)(end - p);
        const size_t run = line_len(p, left < room ? left : room);

        sse_out_put(o, p, run);
        p += run;
        room -= run;
        if (p == end || room < brk_len)
            return p;
        sse_out_put(o, brk, brk_len);
        room -= brk_len;
        if (*p++ == '\r' && p < end && *p == '\n')
            p++; /* both are one break */
    }
}

/* Put a part, if it is there, as one line or many. Each begins as brk says behind its LF. */
static void put_part(sse_out *o, const char *brk, size_t brk_len, const sse_str *part)
{
    if (part->ptr == NULL)
        return;
    sse_out_put(o, brk + 1, brk_len - 1);
    sse_lines_put(o, brk, brk_len, part, (size_t)-1);
    SSE_OUT_LIT(o, "\n");
}

static void put_parts(sse_out *o, const sse_event *ev)
{
    put_part(o, "\n: ", ev->comment.len ? 3 : 2, &ev->comment);
    if (ev->type.len)
        put_part(o, "\nevent: ", 8, &ev->type);
    put_part(o, "\nid: ", 5, &ev->id);
    if (ev->retry_ms) {
        char memory[10];
        const sse_str digits = sse_digits(memory + sizeof memory, ev->retry_ms);

        put_part(o, "\nretry: ", 8, &digits);
    }
    put_part(o, SSE_DATA_BREAK, sizeof SSE_DATA_BREAK - 1, &ev->data);
}

int sse_event_put(sse_out *o, const sse_event *ev, int open)
{
    const int status = check_event(ev, open);

    if (status != SSE_OK)
        return status;
    if (ev)
        put_parts(o, ev);
    if (open)
        SSE_OUT_LIT(o, "data: ");
    else
        SSE_OUT_LIT(o, "\n");
    return SSE_OK;
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
    status = sse_event_put(&o, ev, 0);
    return status == SSE_OK ? sse_out_end(&o, len) : status;
}

/* see sse/event.h */
size_t sse_event_size(void)
{
    return sizeof(sse_event);
}
