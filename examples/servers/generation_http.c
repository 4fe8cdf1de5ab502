/* SPDX-License-Identifier: MIT */
/* What a request to the generations is answered with: see generation.h. */
#include "generation.h"

#include <stdio.h>
#include <string.h>

enum { RETRY_MS = 1000 };

static int is(sse_str s, const char *text)
{
    return s.len == strlen(text) && memcmp(s.ptr, text, s.len) == 0;
}

/* How a client wants the answer. Returns 200 or 406. One that accepts a stream gets it: fetch and
 * curl accept anything, and show tokens then. */
static int choose(sse_str accept, enum generation_kind json, enum generation_kind *kind)
{
    const int is_stream = sse_http_accepts(accept.ptr, accept.len);

    *kind = is_stream ? GENERATION_STREAM : json;
    return is_stream || sse_http_accepts_type(accept.ptr, accept.len, "application/json", 16) ? 200
                                                                                              : 406;
}

static int begin(const generation_request *q, enum generation_kind *kind,
                 generation_reader **reader)
{
    if (choose(q->accept, GENERATION_WHOLE, kind) != 200)
        return 406;
    if (q->body.len > GENERATION_PROMPT_MAX)
        return 413;
    if (q->body.len == 0 || !sse_utf8_valid(q->body.ptr, q->body.len))
        return 400;
    return generation_begin(q->body.ptr, q->body.len, *kind, reader);
}

static int join(const generation_request *q, sse_str id, enum generation_kind *kind,
                generation_reader **reader)
{
    const int is_head = is(q->method, "HEAD");
    int status = choose(q->accept, GENERATION_SO_FAR, kind);

    if (status == 200)
        status = generation_join(id, is_head ? GENERATION_SO_FAR : *kind, q->last_event_id,
                                 q->query, reader);
    if (is_head) {
        generation_leave(*reader);
        *reader = NULL;
    }
    return status;
}

/* Answer a request to /generations. Returns a status of HTTP. */
static int answer_all(const generation_request *q, enum generation_kind *kind,
                      generation_reader **reader)
{
    if (is(q->method, "OPTIONS"))
        return 204;
    return is(q->method, "POST") ? begin(q, kind, reader) : 405;
}

/* Answer a request to /generations/ID. */
static int answer_one(const generation_request *q, sse_str id, enum generation_kind *kind,
                      generation_reader **reader)
{
    if (is(q->method, "OPTIONS"))
        return 204;
    if (is(q->method, "DELETE"))
        return generation_cancel(id);
    return is(q->method, "GET") || is(q->method, "HEAD") ? join(q, id, kind, reader) : 405;
}

/* Write the fields of the answer; they point into the reply. */
static void write_fields(generation_reply *reply, const generation_reader *reader,
                         enum generation_kind kind, sse_http_answer *answer)
{
    size_t i;

    reply->extra_[0] = (sse_http_field){SSE_LIT("vary"), SSE_LIT("accept")};
    answer->extra = reply->extra_;
    answer->extra_count = 1;
    if (reader) {
        const int len = snprintf(reply->location_, sizeof reply->location_, "/generations/%s",
                                 generation_id(reader));

        reply->extra_[1].name = SSE_LIT("location");
        reply->extra_[1].value = (sse_str){reply->location_, (size_t)len};
        reply->extra_[2].name = SSE_LIT("access-control-expose-headers");
        reply->extra_[2].value = SSE_LIT("location");
        answer->extra_count = 3;
    }
    reply->status = answer->status;
    sse_http_fields(answer, reply->fields, sizeof reply->fields / sizeof reply->fields[0],
                    reply->scratch_, &reply->count);
    for (i = 0; i < reply->count && kind != GENERATION_STREAM; i++)
        if (is(reply->fields[i].name, "content-type"))
            reply->fields[i].value = SSE_LIT("application/json");
}

/* see generation.h */
generation_reader *generation_answer(const generation_request *q, generation_reply *reply)
{
    static const char one[] = "/generations/";
    const size_t skip = sizeof one - 1;
    enum generation_kind kind = GENERATION_STREAM;
    generation_reader *reader = NULL;
    sse_http_answer answer = {.status = 404,
                              .retry_ms = RETRY_MS,
                              .origin = SSE_LIT("*"),
                              .methods = SSE_LIT("POST, OPTIONS"),
                              .headers = SSE_LIT("content-type")};

    if (is(q->path, "/generations")) {
        answer.status = answer_all(q, &kind, &reader);
    } else if (q->path.len > skip && memcmp(q->path.ptr, one, skip) == 0) {
        const sse_str id = {q->path.ptr + skip, q->path.len - skip};

        answer.methods = SSE_LIT("GET, HEAD, DELETE, OPTIONS");
        answer.status = answer_one(q, id, &kind, &reader);
    }
    if (answer.status == 204 && is(q->method, "OPTIONS"))
        answer.flags = SSE_HTTP_PREFLIGHT;
    write_fields(reply, reader, kind, &answer);
    return reader;
}
