/* SPDX-License-Identifier: MIT */
/* Events: the flat calls, for callers that have no struct, and the constants as functions. */
#include "sse/event.h"

#include "encode.h"
#include "str.h"

/* see sse/event.h */
int sse_event_encode_parts(const char *comment, size_t comment_len, const char *type,
                           size_t type_len, const char *id, size_t id_len, uint32_t retry_ms,
                           const char *data, size_t data_len, void *dst, size_t cap, size_t *len)
{
    sse_event ev;

    ev.comment = sse_str_of(comment, comment_len);
    ev.type = sse_str_of(type, type_len);
    ev.id = sse_str_of(id, id_len);
    ev.retry_ms = retry_ms;
    ev.data = sse_str_present(data, data_len);
    return sse_event_encode(&ev, dst, cap, len);
}

/* see sse/event.h */
int sse_event_encode_comment(const char *text, size_t text_len, void *dst, size_t cap, size_t *len)
{
    const sse_event ev = sse_comment_of(text, text_len);

    return sse_event_encode(&ev, dst, cap, len);
}

/* see sse/event.h */
int sse_event_encode_retry(uint32_t retry_ms, void *dst, size_t cap, size_t *len)
{
    const sse_event ev = sse_retry_of(retry_ms);

    return sse_event_encode(&ev, dst, cap, len);
}

/* see sse/event.h */
size_t sse_event_size(void)
{
    return sizeof(sse_event);
}

/* see sse/event.h */
size_t sse_event_part_max(void)
{
    return SSE_PART_MAX;
}

/* see sse/event.h */
uint32_t sse_event_retry_max(void)
{
    return SSE_RETRY_MAX;
}
