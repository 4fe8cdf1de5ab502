/* SPDX-License-Identifier: MIT */
/* http_head.c - the forms of an answer: the list, and the text. */
#include "http_answer.h"

#include "chunk.h"
#include "digits.h"
#include "out.h"
#include "str.h"

#include <string.h>

/* see sse/http.h */
int sse_http_fields(const sse_http_answer *a, sse_http_field *fields, size_t cap, char *scratch,
                    size_t *count)
{
    char number[SSE_HTTP_SCRATCH];
    sse_http_field own[SSE_HTTP_FIELDS_MAX];
    size_t n, i;
    int status;

    if (count == NULL)
        return SSE_E_ARG;
    *count = 0;
    if (a == NULL || sse_is_missing(fields, cap) || sse_is_missing(scratch, cap))
        return SSE_E_ARG;
    status = sse_http_check(a);
    if (status != SSE_OK)
        return status;
    n = sse_http_own_fields(a, own, scratch ? scratch : number);
    *count = n + a->extra_count;
    if (*count > cap)
        return SSE_E_SPACE;
    for (i = 0; i < *count; i++)
        fields[i] = i < n ? own[i] : a->extra[i - n];
    return SSE_OK;
}

/* Puts the status and its phrase. The phrase is for people, and may be empty. */
static void put_status(sse_out *o, const sse_http_answer *a)
{
    static const char lines[] = "200 OK\0"
                                "204 No Content\0"
                                "400 Bad Request\0"
                                "401 Unauthorized\0"
                                "403 Forbidden\0"
                                "404 Not Found\0"
                                "405 Method Not Allowed\0"
                                "406 Not Acceptable\0"
                                "408 Request Timeout\0"
                                "409 Conflict\0"
                                "410 Gone\0"
                                "413 Content Too Large\0"
                                "429 Too Many Requests\0"
                                "500 Internal Server Error\0"
                                "503 Service Unavailable";
    const char *const end = lines + sizeof lines;
    char memory[SSE_DIGITS_MAX];
    const sse_str code = sse_digits(memory + sizeof memory, a->status ? (uint32_t)a->status : 200);
    sse_str line;

    for (line.ptr = lines; line.ptr < end; line.ptr += line.len + 1) {
        line.len = (size_t)((const char *)memchr(line.ptr, 0, (size_t)(end - line.ptr)) - line.ptr);
        if (memcmp(line.ptr, code.ptr, code.len) == 0) {
            sse_out_put(o, line.ptr, line.len);
            return;
        }
    }
    sse_out_put(o, code.ptr, code.len);
    SSE_OUT_LIT(o, " ");
}

static void put_fields(sse_out *o, const sse_http_field *f, size_t count)
{
    for (; count > 0; f++, count--) {
        sse_out_put(o, f->name.ptr, f->name.len);
        SSE_OUT_LIT(o, ": ");
        if (f->value.len > 0)
            sse_out_put(o, f->value.ptr, f->value.len);
        SSE_OUT_LIT(o, "\r\n");
    }
}

static void put_first_line(sse_out *o, const sse_http_answer *a)
{
    if (a->retry_ms) {
        char memory[SSE_DIGITS_MAX];
        const sse_str digits = sse_digits(memory + sizeof memory, a->retry_ms);

        if (a->first == SSE_HTTP_FIRST_TYPED)
            SSE_OUT_LIT(o, "event: retry\n");
        SSE_OUT_LIT(o, "retry: ");
        sse_out_put(o, digits.ptr, digits.len);
    } else {
        SSE_OUT_LIT(o, ":");
    }
    SSE_OUT_LIT(o, "\n");
    if (a->first != SSE_HTTP_FIRST_LINE)
        SSE_OUT_LIT(o, "\n");
}

/* Puts the first bytes of the body. */
static void put_first(sse_out *o, const sse_http_answer *a)
{
    const size_t at = o->len;

    if (!sse_http_is_stream(a) || a->first == SSE_HTTP_FIRST_NONE)
        return;
    if (sse_http_is_chunked(a)) {
        sse_chunk_open(o);
        put_first_line(o, a);
        sse_chunk_close(o);
        sse_chunk_fill(o, at);
    } else {
        put_first_line(o, a);
    }
}

/* Puts the status line and the fields, and the line that ends them. */
static void put_head(sse_out *o, const sse_http_answer *a)
{
    char scratch[SSE_HTTP_SCRATCH];
    sse_http_field own[SSE_HTTP_FIELDS_MAX];

    sse_out_put(o, a->version == SSE_HTTP_1_0 ? "HTTP/1.0 " : "HTTP/1.1 ", 9);
    put_status(o, a);
    SSE_OUT_LIT(o, "\r\n");
    put_fields(o, own, sse_http_own_fields(a, own, scratch));
    put_fields(o, a->extra, a->extra_count);
    SSE_OUT_LIT(o, "\r\n");
}

void sse_http_put(sse_out *o, const sse_http_answer *a)
{
    if (a->version != SSE_HTTP_MANAGED)
        put_head(o, a);
    put_first(o, a);
}

/* see sse/http.h */
int sse_http_head(const sse_http_answer *a, void *dst, size_t cap, size_t *len)
{
    sse_out o = sse_out_to(dst, cap);
    int status;

    if (len == NULL)
        return SSE_E_ARG;
    *len = 0;
    if (a == NULL || sse_is_missing(dst, cap) || a->version == SSE_HTTP_MANAGED)
        return SSE_E_ARG;
    status = sse_http_check(a);
    if (status != SSE_OK)
        return status;
    sse_http_put(&o, a);
    return sse_out_end(&o, len);
}
