/* SPDX-License-Identifier: MIT */
/* encode.h - private: the encoder, as the writer and the flat calls use it. */
#ifndef SSE_ENCODE_H
#define SSE_ENCODE_H

#include "out.h"
#include "str.h"
#include "sse/event.h"

/* Check an event, and put it if it passes, unless o is NULL. Returns SSE_OK, or the error that
 * sse_event_encode documents. Where open is not 0 its data comes later: it must be absent, no other
 * part is needed, ev may be NULL, and what is put ends where the data begins. Whatever is in an
 * event that passes, it is shorter than SIZE_MAX when encoded. */
int sse_event_put(sse_out *o, const sse_event *ev, int open);

/* The event of a flat call: its data is always present. */
static inline sse_event sse_event_of(const char *type, size_t type_len, const char *id,
                                     size_t id_len, const char *data, size_t data_len)
{
    const sse_event ev = {
        {NULL, 0}, {type, type_len}, {id, id_len}, 0, sse_str_present(data, data_len)};

    return ev;
}

/* A comment alone, which is always present. */
static inline sse_event sse_comment_of(const char *text, size_t len)
{
    const sse_event ev = {sse_str_present(text, len), {NULL, 0}, {NULL, 0}, 0, {NULL, 0}};

    return ev;
}

/* A retry line alone, which is always present: 0 becomes a number that is out of range. */
static inline sse_event sse_retry_of(uint32_t retry_ms)
{
    const sse_event ev = {
        {NULL, 0}, {NULL, 0}, {NULL, 0}, retry_ms == 0 ? UINT32_MAX : retry_ms, {NULL, 0}};

    return ev;
}

#endif
