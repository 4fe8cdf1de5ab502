#include "sse/event.h"

#include "encode.h"
#include "out.h"
#include "sse/text.h"

#include <string.h>

/* A walk over the lines of a text. LF, CR and CRLF end a line; the text behind the last of them is
 * a line as well, if an empty one.
 *
 *     a line \r\n another one \n
 *     ^at   ^brk               ^lf: the next LF, remembered so that a text full of CR is not
 *                                   searched for LF again and again */
typedef struct lines {
    const char *at;
    const char *brk;
    const char *lf;
    const char *end;
} lines;

/* Find the end of the line at l->at: brk is its break, or end. */
static void find_break(lines *l)
{
    if (l->lf == NULL || l->lf < l->at) {
        l->lf = memchr(l->at, '\n', (size_t)(l->end - l->at));
        if (l->lf == NULL)
            l->lf = l->end;
    }
    l->brk = memchr(l->at, '\r', (size_t)(l->lf - l->at));
    if (l->brk == NULL)
        l->brk = l->lf;
}

/* Step over the break, one byte or the two of CRLF. */
static void next_line(lines *l)
{
    l->at = l->brk + 1;
    if (*l->brk == '\r' && l->at < l->end && *l->at == '\n')
        l->at++;
}

static int part_refused(const sse_str *part)
{
    return part->ptr == NULL && part->len != 0;
}

int sse_event_check(const sse_event *ev, int open)
{
    if (ev == NULL || part_refused(&ev->comment) || part_refused(&ev->type) ||
        part_refused(&ev->id) || part_refused(&ev->data))
        return SSE_E_ARG;
    if (open ? ev->data.ptr != NULL
             : !(ev->comment.ptr || ev->type.ptr || ev->id.ptr || ev->data.ptr || ev->retry_ms))
        return SSE_E_ARG;
    if (ev->retry_ms > SSE_RETRY_MAX)
        return SSE_E_RANGE;
    if (ev->comment.len > SSE_PART_MAX || ev->type.len > SSE_PART_MAX ||
        ev->id.len > SSE_PART_MAX || ev->data.len > SSE_PART_MAX)
        return SSE_E_TOOBIG;
    if (!sse_type_valid(ev->type.ptr, ev->type.len) || !sse_id_valid(ev->id.ptr, ev->id.len))
        return SSE_E_FIELD;
    return SSE_OK;
}

static void put_comment(sse_out *o, const sse_str *comment)
{
    lines l = {comment->ptr, NULL, NULL, comment->ptr + comment->len};

    for (;;) {
        find_break(&l);
        sse_out_put(o, ": ", l.at == l.brk ? 1 : 2);
        sse_out_put(o, l.at, (size_t)(l.brk - l.at));
        SSE_OUT_LIT(o, "\n");
        if (l.brk == l.end)
            return;
        next_line(&l);
    }
}

static void put_field(sse_out *o, const char *name, size_t name_len, const sse_str *value)
{
    sse_out_put(o, name, name_len);
    sse_out_put(o, value->ptr, value->len);
    SSE_OUT_LIT(o, "\n");
}

/* Put comment, type, id and retry. */
static void put_head(sse_out *o, const sse_event *ev)
{
    if (ev->comment.ptr)
        put_comment(o, &ev->comment);
    if (ev->type.len)
        put_field(o, "event: ", 7, &ev->type);
    if (ev->id.ptr)
        put_field(o, "id: ", 4, &ev->id);
    if (ev->retry_ms) {
        SSE_OUT_LIT(o, "retry: ");
        sse_out_number(o, ev->retry_ms);
        SSE_OUT_LIT(o, "\n");
    }
}

size_t sse_data_put(sse_out *o, const char *data, size_t len, size_t limit)
{
    lines l = {data, NULL, NULL, data + len};

    for (;;) {
        size_t room = limit > o->len ? limit - o->len : 0;
        size_t run;

        find_break(&l);
        run = (size_t)(l.brk - l.at);
        if (run > room)
            run = room;
        sse_out_put(o, l.at, run);
        l.at += run;
        if (l.at == l.end || l.at != l.brk || room - run < sizeof "\ndata: " - 1)
            return (size_t)(l.at - data);
        SSE_OUT_LIT(o, "\ndata: ");
        next_line(&l);
    }
}

void sse_event_put(sse_out *o, const sse_event *ev, int open)
{
    put_head(o, ev);
    if (ev->data.ptr || open) {
        SSE_OUT_LIT(o, "data: ");
        if (open)
            return;
        sse_data_put(o, ev->data.ptr, ev->data.len, (size_t)-1);
        SSE_OUT_LIT(o, "\n");
    }
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
