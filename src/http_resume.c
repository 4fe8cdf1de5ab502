/* SPDX-License-Identifier: MIT */
/* http_resume.c - what a query and a header say: the last event ID, and values of the application.
 */
#include "sse/http_request.h"

#include "last_id.h"
#include "query.h"
#include "str.h"

#include <string.h>

/* see sse/http_request.h */
int sse_http_last_event_id(const char *header, size_t header_len, const char *query,
                           size_t query_len, char *dst, size_t cap, size_t *len)
{
    sse_str id;
    int status;

    if (len == NULL)
        return SSE_E_ARG;
    status = sse_last_id(header, header_len, query, query_len, dst, cap, &id);
    *len = id.len;
    if (id.len > cap)
        return SSE_E_SPACE;
    if (status == SSE_OK && id.len > 0)
        memmove(dst, id.ptr, id.len);
    return status;
}

/* see sse/http_request.h */
int sse_http_query(const char *query, size_t query_len, const char *name, size_t name_len,
                   char *dst, size_t cap, size_t *len)
{
    const sse_str wanted = {name, name_len};
    sse_str pairs, found, value;

    if (len == NULL)
        return SSE_E_ARG;
    *len = 0;
    if (name == NULL || name_len == 0 || sse_is_missing(query, query_len) ||
        sse_is_missing(dst, cap))
        return SSE_E_ARG;
    pairs = sse_query_of(query, query_len);
    while (sse_query_next(&pairs, &found, &value))
        if (value.len > 0 && sse_query_is(found, wanted))
            return sse_query_decode(value, dst, cap, len);
    return SSE_OK;
}
