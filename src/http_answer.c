/* SPDX-License-Identifier: MIT */
/* http_answer.c - what an answer is: which ones there are, and the fields of each. */
#include "http_answer.h"

#include "ascii.h"
#include "assert.h"
#include "digits.h"
#include "sse/event.h"
#include "str.h"

#include <string.h>

SSE_STATIC_ASSERT((int)SSE_HTTP_SCRATCH > (int)SSE_DIGITS_MAX, a_number_and_its_nul_fit);

/* Whether s can be a field value: no control byte other than tab, no blank at its ends. */
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

/* Whether s can be a part of an answer that is a field value, and not empty if it is there. */
static int is_part(sse_str s)
{
    return s.ptr == NULL || (s.len > 0 && is_value(s));
}

/* Whether a field belongs to the answer itself or to the framing of the connection. */
static int is_owned(sse_str name)
{
    /* Names that end in NUL, one after the other: a table of pointers is no constant data. */
    static const char owned[] = "content-type\0"
                                "content-length\0"
                                "cache-control\0"
                                "x-accel-buffering\0"
                                "retry-after\0"
                                "allow\0"
                                "access-control-allow-origin\0"
                                "access-control-allow-credentials\0"
                                "access-control-allow-methods\0"
                                "access-control-allow-headers\0"
                                "access-control-max-age\0"
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

static int is_any_origin(sse_str origin)
{
    return origin.len == 1 && origin.ptr[0] == '*';
}

static int check_flags(const sse_http_answer *a)
{
    const uint32_t known = SSE_HTTP_CHUNKED | SSE_HTTP_CREDENTIALS | SSE_HTTP_PREFLIGHT;

    if (a->flags & ~known)
        return SSE_E_ARG;
    if (sse_http_is_chunked(a) && a->version != SSE_HTTP_1_1)
        return SSE_E_ARG;
    if (a->flags & SSE_HTTP_PREFLIGHT && a->status != 204)
        return SSE_E_ARG;
    if (a->flags & SSE_HTTP_CREDENTIALS && is_any_origin(a->origin))
        return SSE_E_ARG;
    return SSE_OK;
}

/* Whether a text or a field has a length, and no memory. */
static int is_text_missing(const sse_http_answer *a)
{
    size_t i;

    if (sse_str_missing(&a->origin) || sse_str_missing(&a->methods) ||
        sse_str_missing(&a->headers) || sse_is_missing(a->extra, a->extra_count))
        return 1;
    for (i = 0; i < a->extra_count; i++)
        if (sse_str_missing(&a->extra[i].name) || sse_str_missing(&a->extra[i].value))
            return 1;
    return 0;
}

static int check_arguments(const sse_http_answer *a)
{
    if (a->version != SSE_HTTP_MANAGED && a->version != SSE_HTTP_1_0 && a->version != SSE_HTTP_1_1)
        return SSE_E_ARG;
    if (a->first < SSE_HTTP_FIRST_BLOCK || a->first > SSE_HTTP_FIRST_NONE)
        return SSE_E_ARG;
    return is_text_missing(a) ? SSE_E_ARG : check_flags(a);
}

static int check_numbers(const sse_http_answer *a)
{
    const int known =
        sse_http_is_stream(a) || a->status == 204 || (a->status >= 400 && a->status <= 599);

    return known && a->retry_ms <= SSE_RETRY_MAX ? SSE_OK : SSE_E_RANGE;
}

/* Takes n bytes out of the room. Returns 0 where it has fewer. */
static int take_room(size_t *room, size_t n)
{
    if (n > *room)
        return 0;
    *room -= n;
    return 1;
}

/* Bounds the length of the head before a byte of it is read. */
static int check_lengths(const sse_http_answer *a)
{
    size_t room = SSE_PART_MAX;
    size_t i;

    if (!take_room(&room, a->origin.len) || !take_room(&room, a->methods.len) ||
        !take_room(&room, a->methods.len) || !take_room(&room, a->headers.len))
        return SSE_E_TOOBIG;
    for (i = 0; i < a->extra_count; i++)
        if (!take_room(&room, a->extra[i].name.len) || !take_room(&room, a->extra[i].value.len) ||
            !take_room(&room, sizeof ": \r\n"))
            return SSE_E_TOOBIG;
    return SSE_OK;
}

static int check_contents(const sse_http_answer *a)
{
    size_t i;

    if (!is_part(a->origin) || !is_part(a->methods) || !is_part(a->headers))
        return SSE_E_FIELD;
    for (i = 0; i < a->extra_count; i++) {
        const sse_http_field *f = &a->extra[i];

        if (!sse_ascii_is_token(f->name) || !is_value(f->value) || is_owned(f->name))
            return SSE_E_FIELD;
    }
    return SSE_OK;
}

/* see http_answer.h */
int sse_http_check(const sse_http_answer *a)
{
    int status = check_arguments(a);

    if (status == SSE_OK)
        status = check_numbers(a);
    if (status == SSE_OK)
        status = check_lengths(a);
    return status == SSE_OK ? check_contents(a) : status;
}

typedef struct field_list {
    sse_http_field *fields;
    size_t count;
} field_list;

static void add(field_list *l, sse_str name, sse_str value)
{
    l->fields[l->count].name = name;
    l->fields[l->count].value = value;
    l->count++;
}

/* What the answer is, and how long it may be kept. */
static void add_content(field_list *l, const sse_http_answer *a)
{
    if (sse_http_is_stream(a)) {
        add(l, SSE_LIT("content-type"), SSE_LIT("text/event-stream"));
        add(l, SSE_LIT("cache-control"), SSE_LIT("no-cache, no-store, no-transform"));
        add(l, SSE_LIT("x-accel-buffering"), SSE_LIT("no"));
    } else {
        add(l, SSE_LIT("cache-control"), SSE_LIT("no-store"));
    }
}

static void add_framing(field_list *l, const sse_http_answer *a)
{
    if (a->version == SSE_HTTP_MANAGED)
        return;
    if (a->status >= 400)
        add(l, SSE_LIT("content-length"), SSE_LIT("0"));
    if (sse_http_is_chunked(a))
        add(l, SSE_LIT("transfer-encoding"), SSE_LIT("chunked"));
    else
        add(l, SSE_LIT("connection"), SSE_LIT("close"));
}

/* Renders a time in whole seconds, rounded up. */
static sse_str seconds(uint32_t ms, char scratch[SSE_HTTP_SCRATCH])
{
    char *const end = &scratch[SSE_HTTP_SCRATCH - 1];

    *end = '\0';
    return sse_digits(end, (ms + 999) / 1000);
}

/* What a page may do that is not of this origin. */
static void add_cors(field_list *l, const sse_http_answer *a, sse_str methods, int has_retry_after)
{
    add(l, SSE_LIT("access-control-allow-origin"), a->origin);
    if (a->flags & SSE_HTTP_CREDENTIALS)
        add(l, SSE_LIT("access-control-allow-credentials"), SSE_LIT("true"));
    if (a->flags & SSE_HTTP_PREFLIGHT) {
        add(l, SSE_LIT("access-control-allow-methods"), methods);
        add(l, SSE_LIT("access-control-allow-headers"), SSE_LIT("last-event-id, cache-control"));
        if (a->headers.ptr)
            add(l, SSE_LIT("access-control-allow-headers"), a->headers);
        add(l, SSE_LIT("access-control-max-age"), SSE_LIT("7200"));
    }
    if (has_retry_after)
        add(l, SSE_LIT("access-control-expose-headers"), SSE_LIT("retry-after"));
    if (!is_any_origin(a->origin))
        add(l, SSE_LIT("vary"), SSE_LIT("Origin"));
}

/* see http_answer.h */
size_t sse_http_own_fields(const sse_http_answer *a, sse_http_field fields[SSE_HTTP_FIELDS_MAX],
                           char scratch[SSE_HTTP_SCRATCH])
{
    const sse_str methods = a->methods.ptr ? a->methods : SSE_LIT("GET, HEAD, OPTIONS");
    const int has_retry_after = a->retry_ms > 0 && (a->status == 429 || a->status == 503);
    field_list l = {fields, 0};

    add_content(&l, a);
    if (a->status == 405 || a->flags & SSE_HTTP_PREFLIGHT)
        add(&l, SSE_LIT("allow"), methods);
    if (has_retry_after)
        add(&l, SSE_LIT("retry-after"), seconds(a->retry_ms, scratch));
    add_framing(&l, a);
    if (a->origin.ptr)
        add_cors(&l, a, methods, has_retry_after);
    return l.count;
}
