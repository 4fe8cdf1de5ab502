/* SPDX-License-Identifier: MIT */
/* blocks.c - a peer for blocks.mjs: the body of a POST says which calls of the library to make, and
 * the answer is the stream that they make.
 *
 *     [{"send": {"type": "a", "id": "1", "data": "b", "retry": 9}}, {"comment": "c"}, {"retry": 9},
 *      {"raw": ":\n"}] */
#include "web.h"

#include <jansson.h>
#include <string.h>

enum { STREAM_BYTES = 1 << 18 };

static sse_str text(const json_t *object, const char *name)
{
    const json_t *const value = json_object_get(object, name);

    return (sse_str){json_string_value(value), json_string_length(value)};
}

/* Make one call. Returns its status. */
static int make(sse_writer *w, const json_t *call)
{
    const json_t *const event = json_object_get(call, "send");
    const json_int_t retry_ms = json_integer_value(json_object_get(event, "retry"));
    const sse_str comment = text(call, "comment"), raw = text(call, "raw");
    const sse_event ev = {.type = text(event, "type"),
                          .id = text(event, "id"),
                          .retry_ms = (uint32_t)retry_ms,
                          .data = text(event, "data")};

    if (event != NULL)
        return sse_writer_send(w, &ev);
    if (comment.ptr != NULL)
        return sse_writer_comment(w, comment.ptr, comment.len);
    if (raw.ptr != NULL)
        return sse_writer_raw(w, raw.ptr, raw.len);
    return sse_writer_retry(w, (uint32_t)json_integer_value(json_object_get(call, "retry")));
}

static void handle(const web_request *r)
{
    static size_t memory[SSE_WRITER_WORDS(STREAM_BYTES)];
    static char bytes[STREAM_BYTES];
    json_t *const script = json_loadb(r->body.ptr ? r->body.ptr : "", r->body.len, 0, NULL);
    sse_writer *const w = sse_writer_init(memory, sizeof memory, 0);
    size_t i, len = 0;
    int status = SSE_OK;

    for (i = 0; i < json_array_size(script) && status == SSE_OK; i++)
        status = make(w, json_array_get(script, i));
    if (status == SSE_OK)
        status = sse_writer_read(w, bytes, sizeof bytes, &len);
    if (status == SSE_OK)
        web_reply(r, 200, "text/event-stream", bytes, len, NULL, 0);
    else
        web_refuse(r, 400);
    json_decref(script);
}

int main(int argc, char **argv)
{
    return web_run(argc > 1 ? argv[1] : "0", NULL, NULL, handle, NULL);
}
