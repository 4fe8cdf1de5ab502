/* SPDX-License-Identifier: MIT */
/* http_parts.c - answers for callers that have no struct, and the constants as functions. */
#include "http_answer.h"

#include "str.h"

#include <string.h>

/* An answer of the parts that a flat call has. */
static sse_http_answer answer_of(int version, int status, uint32_t flags, uint32_t retry_ms)
{
    sse_http_answer a;

    memset(&a, 0, sizeof a);
    a.version = version;
    a.status = status;
    a.flags = flags;
    a.retry_ms = retry_ms;
    return a;
}

/* see sse/http.h */
int sse_http_field_parts(int version, int status, uint32_t flags, uint32_t retry_ms,
                         const char *origin, size_t origin_len, const char *methods,
                         size_t methods_len, size_t index, char *dst, size_t cap, size_t *name_len,
                         size_t *value_len)
{
    char scratch[SSE_HTTP_SCRATCH];
    sse_http_field own[SSE_HTTP_FIELDS_MAX];
    sse_http_answer a = answer_of(version, status, flags, retry_ms);
    sse_out o = sse_out_to(dst, cap);
    size_t need;
    int result;

    if (name_len)
        *name_len = 0;
    if (value_len)
        *value_len = 0;
    if (name_len == NULL || value_len == NULL || sse_is_missing(dst, cap))
        return SSE_E_ARG;
    a.origin = sse_str_of(origin, origin_len);
    a.methods = sse_str_of(methods, methods_len);
    result = sse_http_check(&a);
    if (result != SSE_OK)
        return result;
    if (index >= sse_http_own_fields(&a, own, scratch))
        return SSE_END;
    *name_len = own[index].name.len;
    *value_len = own[index].value.len;
    sse_out_put(&o, own[index].name.ptr, own[index].name.len);
    sse_out_put(&o, "", 1);
    sse_out_put(&o, own[index].value.ptr, own[index].value.len);
    sse_out_put(&o, "", 1);
    return sse_out_end(&o, &need);
}

/* see sse/http.h */
int sse_http_head_parts(int version, int status, uint32_t flags, uint32_t retry_ms, int first,
                        const char *origin, size_t origin_len, void *dst, size_t cap, size_t *len)
{
    sse_http_answer a = answer_of(version, status, flags, retry_ms);

    a.first = first;
    a.origin = sse_str_of(origin, origin_len);
    return sse_http_head(&a, dst, cap, len);
}

/* see sse/http.h */
int sse_http_send_parts(int version, int status, uint32_t flags, uint32_t retry_ms, int first,
                        const char *origin, size_t origin_len, struct sse_writer *w)
{
    sse_http_answer a = answer_of(version, status, flags, retry_ms);

    a.first = first;
    a.origin = sse_str_of(origin, origin_len);
    return sse_http_send(&a, w);
}

/* see sse/http.h */
size_t sse_http_field_size(void)
{
    return sizeof(sse_http_field);
}

/* see sse/http.h */
size_t sse_http_answer_size(void)
{
    return sizeof(sse_http_answer);
}

/* see sse/http.h */
size_t sse_http_fields_max(void)
{
    return SSE_HTTP_FIELDS_MAX;
}

/* see sse/http.h */
size_t sse_http_scratch(void)
{
    return SSE_HTTP_SCRATCH;
}
