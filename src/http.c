#include "sse/http.h"

#include "ascii.h"
#include "chunk.h"
#include "digits.h"
#include "out.h"
#include "sse/event.h"
#include "str.h"

#include <string.h>

static int is_token(sse_str s)
{
    static const char marks[] = "!#$%&'*+-.^_`|~";
    size_t i;

    for (i = 0; i < s.len; i++) {
        char c = sse_ascii_lower(s.ptr[i]);

        if ((c < 'a' || c > 'z') && (c < '0' || c > '9') && !memchr(marks, c, sizeof marks - 1))
            return 0;
    }
    return s.len > 0;
}

/* Whether s can be a field value: no control byte but the tab, no blank at its ends. */
static int is_value(sse_str s)
{
    size_t i;

    if (s.len > 0 && (sse_ascii_is_blank(s.ptr[0]) || sse_ascii_is_blank(s.ptr[s.len - 1])))
        return 0;
    for (i = 0; i < s.len; i++)
        if (((unsigned char)s.ptr[i] < ' ' && s.ptr[i] != '\t') || s.ptr[i] == 0x7F)
            return 0;
    return 1;
}

/* Whether a field belongs to the head itself or to the framing of the connection. */
static int is_owned(sse_str name)
{
    /* Names that end in NUL, one after the other: a table of pointers is no constant data. */
    static const char owned[] = "content-type\0"
                                "content-length\0"
                                "cache-control\0"
                                "x-accel-buffering\0"
                                "retry-after\0"
                                "access-control-allow-origin\0"
                                "access-control-allow-credentials\0"
                                "connection\0"
                                "proxy-connection\0"
                                "keep-alive\0"
                                "transfer-encoding\0"
                                "te\0"
                                "trailer\0"
                                "upgrade";
    const char *const end = owned + sizeof owned;
    sse_str one;

    for (one.ptr = owned; one.ptr < end; one.ptr += one.len + 1) {
        one.len = (size_t)((const char *)memchr(one.ptr, 0, (size_t)(end - one.ptr)) - one.ptr);
        if (sse_ascii_same(name, one))
            return 1;
    }
    return 0;
}

static int has_upper(sse_str s)
{
    size_t i;

    for (i = 0; i < s.len; i++)
        if (sse_ascii_lower(s.ptr[i]) != s.ptr[i])
            return 1;
    return 0;
}

static int is_any_origin(sse_str origin)
{
    return origin.len == 1 && origin.ptr[0] == '*';
}

static int is_stream(const sse_head *head)
{
    return head->status == 0 || head->status == 200;
}

/* How the status line ends for a status that EventSource knows; empty for any other. */
static sse_str status_line(int status)
{
    switch (status) {
    case 0:
    case 200:
        return SSE_LIT("200 OK\r\n");
    case 204:
        return SSE_LIT("204 No Content\r\n");
    case 503:
        return SSE_LIT("503 Service Unavailable\r\n");
    default:
        return SSE_LIT("");
    }
}

/* The flags that go with the rest of a head. */
static uint32_t possible_flags(const sse_head *head)
{
    uint32_t flags = 0;

    if (head->version == SSE_HTTP_1_1 && is_stream(head))
        flags |= SSE_HEAD_CHUNKED;
    if (head->allow_origin.ptr && !is_any_origin(head->allow_origin))
        flags |= SSE_HEAD_CREDENTIALS;
    return flags;
}

static int check_arguments(const sse_head *head)
{
    size_t i;

    if (head->version < SSE_HTTP_2 || head->version > SSE_HTTP_1_1 ||
        head->flags & ~possible_flags(head))
        return SSE_E_ARG;
    if (sse_str_missing(&head->allow_origin) || sse_is_missing(head->extra, head->extra_count))
        return SSE_E_ARG;
    for (i = 0; i < head->extra_count; i++)
        if (sse_str_missing(&head->extra[i].name) || sse_str_missing(&head->extra[i].value))
            return SSE_E_ARG;
    return SSE_OK;
}

/* Take n bytes out of the room, if it has so many; tells whether it had. */
static int take_room(size_t *room, size_t n)
{
    if (n > *room)
        return 0;
    *room -= n;
    return 1;
}

/* Bound the length of the head, before a byte of it is read. */
static int check_lengths(const sse_head *head)
{
    size_t room = SSE_PART_MAX;
    size_t i;

    if (!take_room(&room, head->allow_origin.len))
        return SSE_E_TOOBIG;
    for (i = 0; i < head->extra_count; i++)
        if (!take_room(&room, head->extra[i].name.len) ||
            !take_room(&room, head->extra[i].value.len) || !take_room(&room, sizeof ": \r\n"))
            return SSE_E_TOOBIG;
    return SSE_OK;
}

static int check_contents(const sse_head *head)
{
    const sse_str origin = head->allow_origin;
    size_t i;

    if (origin.ptr && (origin.len == 0 || !is_value(origin)))
        return SSE_E_FIELD;
    for (i = 0; i < head->extra_count; i++) {
        const sse_field *f = &head->extra[i];

        if (!is_token(f->name) || !is_value(f->value) || is_owned(f->name) ||
            (head->version == SSE_HTTP_2 && has_upper(f->name)))
            return SSE_E_FIELD;
    }
    return SSE_OK;
}

static int check(const sse_head *head)
{
    int status = check_arguments(head);

    if (status != SSE_OK)
        return status;
    if (status_line(head->status).len == 0 || head->retry_ms > SSE_RETRY_MAX)
        return SSE_E_RANGE;
    status = check_lengths(head);
    return status == SSE_OK ? check_contents(head) : status;
}

static void add(sse_field *fields, size_t *count, sse_str name, sse_str value)
{
    fields[*count].name = name;
    fields[*count].value = value;
    ++*count;
}

/* List the fields that the head has of its own; returns how many. */
static size_t own_fields(sse_head *head, sse_field fields[SSE_HTTP_FIELDS_MAX])
{
    size_t n = 0;

    if (is_stream(head)) {
        add(fields, &n, SSE_LIT("content-type"), SSE_LIT("text/event-stream"));
        add(fields, &n, SSE_LIT("cache-control"), SSE_LIT("no-store, no-transform"));
        add(fields, &n, SSE_LIT("x-accel-buffering"), SSE_LIT("no"));
    } else {
        add(fields, &n, SSE_LIT("cache-control"), SSE_LIT("no-store"));
    }
    if (head->status == 503) {
        if (head->retry_ms) {
            char *const end = head->digits_ + sizeof head->digits_;

            add(fields, &n, SSE_LIT("retry-after"), sse_digits(end, (head->retry_ms + 999) / 1000));
        }
        if (head->version != SSE_HTTP_2)
            add(fields, &n, SSE_LIT("content-length"), SSE_LIT("0"));
    }
    if (head->flags & SSE_HEAD_CHUNKED)
        add(fields, &n, SSE_LIT("transfer-encoding"), SSE_LIT("chunked"));
    else if (head->version != SSE_HTTP_2)
        add(fields, &n, SSE_LIT("connection"), SSE_LIT("close"));
    if (head->allow_origin.ptr) {
        add(fields, &n, SSE_LIT("access-control-allow-origin"), head->allow_origin);
        if (head->flags & SSE_HEAD_CREDENTIALS)
            add(fields, &n, SSE_LIT("access-control-allow-credentials"), SSE_LIT("true"));
        if (!is_any_origin(head->allow_origin))
            add(fields, &n, SSE_LIT("vary"), SSE_LIT("Origin"));
    }
    return n;
}

/* see sse/http.h */
int sse_http_fields(sse_head *head, sse_field *fields, size_t cap, size_t *count)
{
    sse_field own[SSE_HTTP_FIELDS_MAX];
    size_t n, i;
    int status;

    if (count == NULL)
        return SSE_E_ARG;
    *count = 0;
    if (head == NULL || sse_is_missing(fields, cap))
        return SSE_E_ARG;
    status = check(head);
    if (status != SSE_OK)
        return status;
    n = own_fields(head, own);
    *count = n + head->extra_count;
    if (*count > cap)
        return SSE_E_SPACE;
    for (i = 0; i < *count; i++)
        fields[i] = i < n ? own[i] : head->extra[i - n];
    return SSE_OK;
}

static void put_fields(sse_out *o, const sse_field *f, size_t count)
{
    for (; count > 0; f++, count--) {
        sse_out_put(o, f->name.ptr, f->name.len);
        SSE_OUT_LIT(o, ": ");
        if (f->value.len > 0)
            sse_out_put(o, f->value.ptr, f->value.len);
        SSE_OUT_LIT(o, "\r\n");
    }
}

/* Put the first bytes of the body, the shortest that a client notices. */
static void put_first(sse_out *o, const sse_head *head)
{
    const int chunked = (head->flags & SSE_HEAD_CHUNKED) != 0;
    const size_t at = o->len;

    if (chunked)
        sse_chunk_open(o);
    if (head->retry_ms) {
        char memory[SSE_DIGITS_MAX];
        const sse_str digits = sse_digits(memory + sizeof memory, head->retry_ms);

        SSE_OUT_LIT(o, "retry: ");
        sse_out_put(o, digits.ptr, digits.len);
        SSE_OUT_LIT(o, "\n\n");
    } else {
        SSE_OUT_LIT(o, ":\n\n");
    }
    if (chunked) {
        sse_chunk_close(o);
        sse_chunk_fill(o, at);
    }
}

/* see sse/http.h */
int sse_http_head(sse_head *head, void *dst, size_t cap, size_t *len)
{
    sse_field own[SSE_HTTP_FIELDS_MAX];
    sse_out o = sse_out_to(dst, cap);
    sse_str line;
    int status;

    if (len == NULL)
        return SSE_E_ARG;
    *len = 0;
    if (head == NULL || sse_is_missing(dst, cap) || head->version == SSE_HTTP_2)
        return SSE_E_ARG;
    status = check(head);
    if (status != SSE_OK)
        return status;
    line = status_line(head->status);
    sse_out_put(&o, head->version == SSE_HTTP_1_0 ? "HTTP/1.0 " : "HTTP/1.1 ", 9);
    sse_out_put(&o, line.ptr, line.len);
    put_fields(&o, own, own_fields(head, own));
    put_fields(&o, head->extra, head->extra_count);
    SSE_OUT_LIT(&o, "\r\n");
    if (is_stream(head))
        put_first(&o, head);
    return sse_out_end(&o, len);
}

/* see sse/http.h */
size_t sse_field_size(void)
{
    return sizeof(sse_field);
}

/* see sse/http.h */
size_t sse_head_size(void)
{
    return sizeof(sse_head);
}
