/* SPDX-License-Identifier: MIT */
/* last_id.c - the last event ID in what came from a client: its header, or else its query. */
#include "last_id.h"

#include "ascii.h"
#include "query.h"
#include "sse/text.h"
#include "str.h"

/* Whether a name in a query, still encoded, is one that clients and polyfills use for the id. */
static int is_known(sse_str encoded)
{
    char text[sizeof "evs_last_event_id" - 1]; /* the longest */
    sse_str name;

    name.ptr = text;
    if (sse_query_decode(encoded, text, sizeof text, &name.len) != SSE_OK)
        return 0;
    return sse_ascii_same(name, SSE_LIT("lastEventId")) ||
           sse_ascii_same(name, SSE_LIT("last_event_id")) ||
           sse_ascii_same(name, SSE_LIT("last-event-id")) ||
           sse_ascii_same(name, SSE_LIT("evs_last_event_id"));
}

static int find_in_query(sse_str query, char *dst, size_t cap, sse_str *id)
{
    sse_str name, value;

    while (sse_query_next(&query, &name, &value))
        if (value.len > 0 && is_known(name)) {
            id->ptr = dst;
            return sse_query_decode(value, dst, cap, &id->len);
        }
    return SSE_OK;
}

/* see last_id.h */
int sse_last_id(const char *header, size_t header_len, const char *query, size_t query_len,
                char *dst, size_t cap, sse_str *id)
{
    const sse_str absent = {NULL, 0};
    const sse_str field = {header, header_len};
    int status;

    *id = absent;
    if (sse_is_missing(header, header_len) || sse_is_missing(query, query_len) ||
        sse_is_missing(dst, cap))
        return SSE_E_ARG;
    *id = sse_ascii_trim(field);
    if (id->len == 0) {
        *id = absent;
        status = find_in_query(sse_query_of(query, query_len), dst, cap, id);
        if (status != SSE_OK)
            return status;
    }
    if (!sse_id_valid(id->ptr, id->len)) {
        *id = absent;
        return SSE_E_FIELD;
    }
    return SSE_OK;
}
