/* SPDX-License-Identifier: MIT */
/* Events: the encoder. */
#include "sse/event.h"

#include "digits.h"
#include "encode.h"
#include "lines.h"
#include "out.h"
#include "sse/text.h"
#include "str.h"

#include <string.h>

static int is_empty(const sse_event *ev)
{
    return !(ev->comment.ptr || ev->type.ptr || ev->id.ptr || ev->data.ptr || ev->retry_ms);
}

/* Whether an event has the parts that it must have, each with its bytes, and no other. */
static int has_parts(const sse_event *ev, int open)
{
    if (ev == NULL)
        return open;
    if (sse_str_missing(&ev->comment) || sse_str_missing(&ev->type) || sse_str_missing(&ev->id) ||
        sse_str_missing(&ev->data))
        return 0;
    return open ? ev->data.ptr == NULL : !is_empty(ev);
}

static int check_event(const sse_event *ev, int open)
{
    if (!has_parts(ev, open))
        return SSE_E_ARG;
    if (ev == NULL)
        return SSE_OK;
    if (ev->retry_ms > SSE_RETRY_MAX)
        return SSE_E_RANGE;
    /* All low bits of the limit are set, so one comparison serves the four. */
    if ((ev->comment.len | ev->type.len | ev->id.len | ev->data.len) > SSE_PART_MAX)
        return SSE_E_TOOBIG;
    if (BY_WORDS && (ev->type.len | ev->id.len) == 0) /* as most have none */
        return SSE_OK;
    if (!sse_type_valid(ev->type.ptr, ev->type.len) || !sse_id_valid(ev->id.ptr, ev->id.len))
        return SSE_E_FIELD;
    return SSE_OK;
}

/* Put a part, if it is present, as one line or many. Each begins with what follows the LF of brk.
 */
static void put_part(sse_out *o, const char *brk, size_t brk_len, const sse_str *part)
{
    if (part->ptr == NULL)
        return;
    sse_out_put(o, brk + 1, brk_len - 1);
    sse_lines_put(o, brk, brk_len, part, (size_t)-1);
    sse_out_put(o, brk, 1);
}

static void put_parts(sse_out *o, const sse_event *ev)
{
    put_part(o, "\n: ", ev->comment.len ? 3 : 2, &ev->comment);
    if (ev->type.len)
        put_part(o, "\nevent: ", 8, &ev->type);
    put_part(o, "\nid: ", 5, &ev->id);
    if (ev->retry_ms) {
        char memory[SSE_DIGITS_MAX];
        const sse_str digits = sse_digits(memory + sizeof memory, ev->retry_ms);

        put_part(o, "\nretry: ", 8, &digits);
    }
    put_part(o, SSE_DATA_BREAK, sizeof SSE_DATA_BREAK - 1, &ev->data);
}

static char *put(char *q, const char *bytes, size_t n)
{
    memcpy(q, bytes, n);
    return q + n;
}

/* Put an event as most are: with data, without comment and retry, and with room for it in one
 * piece, unless breaks make it longer. Its place is in a register. Returns 0, and has put nothing,
 * where it is not such an event. */
static int put_quickly(sse_out *o, const sse_event *ev)
{
    const size_t least =
        sizeof "event: \nid: \ndata: \n\n" + ev->type.len + ev->id.len + ev->data.len;
    sse_stop stop;
    size_t left;
    size_t room;
    char *const at = sse_out_ahead(o, &room);
    char *q = at;

    if (room < least || ev->comment.ptr || ev->retry_ms || ev->data.ptr == NULL)
        return 0;
    if (ev->type.len) {
        q = put(q, "event: ", 7);
        q = put(q, ev->type.ptr, ev->type.len);
        q = put(q, "\n", 1);
    }
    if (ev->id.ptr) {
        q = put(q, "id: ", 4);
        q = put(q, ev->id.ptr, ev->id.len);
        q = put(q, "\n", 1);
    }
    q = put(q, "data: ", 6);
    stop = sse_lines_copy(q, room - least, ev->data.ptr, ev->data.len);
    o->len += (size_t)(stop.to - at);
    left = ev->data.len - (size_t)(stop.from - ev->data.ptr);
    if (left == 0) {
        put(stop.to, "\n\n", 2);
        o->len += 2;
    } else {
        const sse_str rest = {stop.from, left};

        sse_lines_put(o, SSE_DATA_BREAK, sizeof SSE_DATA_BREAK - 1, &rest, (size_t)-1);
        SSE_OUT_LIT(o, "\n\n");
    }
    return 1;
}

int sse_event_put(sse_out *o, const sse_event *ev, int open)
{
    const int status = check_event(ev, open);

    if (status != SSE_OK || o == NULL)
        return status;
    if (BY_WORDS && ev && put_quickly(o, ev))
        return SSE_OK;
    if (ev)
        put_parts(o, ev);
    /* The LF of a break ends the event; what is behind it begins the data. */
    sse_out_put(o, &SSE_DATA_BREAK[open != 0], open ? sizeof SSE_DATA_BREAK - 2 : 1);
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
