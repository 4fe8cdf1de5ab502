/* SPDX-License-Identifier: MIT */
/* test_http_head.c - every answer in each of its forms: list, text, first bytes, in a queue, and
 * without a struct.
 *
 * All forms are compared with a plain description, for every combination of what an answer has.
 * Which descriptions are refused is in test_http_answer.c. */
#include "sse/http.h"
#include "sse/event.h"

#include "chunks.h"
#include "guard.h"
#include "moves.h"
#include "parsed.h"
#include "text.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#define PAGE   ((size_t)4096)
#define ORIGIN "https://a.example"

#define STREAM                                            \
    "content-type: text/event-stream\r\n"                 \
    "cache-control: no-cache, no-store, no-transform\r\n" \
    "x-accel-buffering: no\r\n"
#define CLOSE "connection: close\r\n"
#define EMPTY "content-length: 0\r\n"
#define STORE "cache-control: no-store\r\n"

static sse_http_answer answer_of(int version, int status)
{
    sse_http_answer a;

    memset(&a, 0, sizeof a);
    a.version = version;
    a.status = status;
    return a;
}

static void assert_shown(sse_str got, const char *want)
{
    const sse_str text = {want, strlen(want)};

    if (!same_text(got, text)) {
        print_text("got      ", got);
        print_text("expected ", text);
        fail();
    }
}

/* Write the text of an answer where a page ends, at every capacity up to the need and one beyond. The bytes are good
 * until the next call. */
static sse_str written(const sse_http_answer *a)
{
    static guard page;
    sse_str text;
    size_t need = 1, cap, len;

    if (page.ptr == NULL)
        page = guard_before_end(PAGE);
    assert_int_equal(sse_http_head(a, NULL, 0, &need), SSE_E_SPACE);
    memset(page.ptr, 'x', PAGE);
    for (cap = 0; cap < need; cap++) {
        len = 0;
        assert_int_equal(sse_http_head(a, guard_tail(&page, cap), cap, &len), SSE_E_SPACE);
        assert_int_equal(len, need);
    }
    assert_int_equal(sse_http_head(a, guard_tail(&page, need + 1), need + 1, &len), SSE_OK);
    assert_int_equal(len, need);
    memset(page.ptr, 'x', PAGE);
    text.ptr = guard_tail(&page, need);
    assert_int_equal(sse_http_head(a, guard_tail(&page, need), need, &text.len), SSE_OK);
    assert_int_equal(text.len, need);
    assert_int_equal(text.ptr[-1], 'x');
    return text;
}

/* The list of an answer as the text that it would be. */
static sse_str listed(const sse_http_answer *a)
{
    static guard page, small;
    static char bytes[PAGE];
    sse_str text = {bytes, 0};
    sse_http_field *list;
    char *scratch;
    size_t need = 0, count, cap, i, k;

    if (page.ptr == NULL) {
        page = guard_before_end(32 * sizeof(sse_http_field));
        small = guard_before_end(SSE_HTTP_SCRATCH);
    }
    scratch = small.ptr;
    assert_int_equal(sse_http_fields(a, NULL, 0, NULL, &need), SSE_E_SPACE);
    assert_in_range(need, 1, SSE_HTTP_FIELDS_MAX + a->extra_count);
    for (cap = 0; cap < need; cap++) {
        count = 0;
        assert_int_equal(
            sse_http_fields(a, (void *)guard_tail(&page, cap * sizeof *list), cap, scratch, &count),
            SSE_E_SPACE);
        assert_int_equal(count, need);
    }
    list = (void *)guard_tail(&page, cap * sizeof *list);
    assert_int_equal(sse_http_fields(a, list, cap, scratch, &count), SSE_OK);
    assert_int_equal(count, need);
    for (i = 0; i < count; i++) {
        const sse_str parts[] = {list[i].name, TEXT(": "), list[i].value, TEXT("\r\n")};

        for (k = 0; k < 4; text.len += parts[k++].len)
            memcpy(bytes + text.len, parts[k].ptr, parts[k].len);
        if (i < count - a->extra_count && list[i].value.ptr != a->origin.ptr &&
            list[i].value.ptr != a->methods.ptr && list[i].value.ptr != a->headers.ptr)
            assert_int_equal(list[i].value.ptr[list[i].value.len], '\0');
        if (i < count - a->extra_count)
            assert_int_equal(list[i].name.ptr[list[i].name.len], '\0');
    }
    return text;
}

static void a_stream_on_a_raw_connection_ends_with_it_and_the_head_says_so(void **state)
{
    sse_http_answer a = answer_of(SSE_HTTP_1_1, 200);

    (void)state;
    assert_shown(written(&a), "HTTP/1.1 200 OK\r\n" STREAM CLOSE "\r\n:\n\n");
    a.version = SSE_HTTP_1_0;
    assert_shown(written(&a), "HTTP/1.0 200 OK\r\n" STREAM CLOSE "\r\n:\n\n");
}

static void all_zero_is_a_stream_whose_connection_is_managed(void **state)
{
    static const sse_http_answer zero; /* an answer can be constant */

    (void)state;
    assert_shown(listed(&zero), STREAM);
    assert_int_equal(sse_http_send(&zero, block_writer(&memory, PAGE, 0)), SSE_OK);
    assert_shown(block_queued(&memory), ":\n\n");
}

static void a_page_of_another_origin_can_read_a_refusal_and_its_time(void **state)
{
    sse_http_answer a = answer_of(SSE_HTTP_1_1, 429);

    (void)state;
    a.retry_ms = 2500;
    a.flags = SSE_HTTP_CREDENTIALS;
    a.origin = SSE_LIT(ORIGIN);
    assert_shown(written(&a),
                 "HTTP/1.1 429 Too Many Requests\r\n" STORE "retry-after: 3\r\n" EMPTY CLOSE
                 "access-control-allow-origin: " ORIGIN "\r\n"
                 "access-control-allow-credentials: true\r\n"
                 "access-control-expose-headers: retry-after\r\n"
                 "vary: Origin\r\n\r\n");
}

static void a_preflight_allows_what_resuming_needs_and_what_the_caller_adds(void **state)
{
    sse_http_answer a = answer_of(SSE_HTTP_1_1, 204);

    (void)state;
    a.flags = SSE_HTTP_PREFLIGHT;
    assert_shown(written(&a),
                 "HTTP/1.1 204 No Content\r\n" STORE "allow: GET, HEAD, OPTIONS\r\n" CLOSE "\r\n");
    a.origin = SSE_LIT("*");
    a.methods = SSE_LIT("GET, POST");
    a.headers = SSE_LIT("authorization, content-type");
    assert_shown(written(&a), "HTTP/1.1 204 No Content\r\n" STORE "allow: GET, POST\r\n" CLOSE
                              "access-control-allow-origin: *\r\n"
                              "access-control-allow-methods: GET, POST\r\n"
                              "access-control-allow-headers: last-event-id, cache-control\r\n"
                              "access-control-allow-headers: authorization, content-type\r\n"
                              "access-control-max-age: 7200\r\n\r\n");
}

static void the_longest_list_has_as_many_fields_as_the_constant_says(void **state)
{
    sse_http_answer a = answer_of(SSE_HTTP_1_1, 204);
    size_t count;

    (void)state;
    a.flags = SSE_HTTP_PREFLIGHT | SSE_HTTP_CREDENTIALS;
    a.origin = SSE_LIT(ORIGIN);
    a.headers = SSE_LIT("x-a");
    assert_int_equal(sse_http_fields(&a, NULL, 0, NULL, &count), SSE_E_SPACE);
    assert_int_equal(count, SSE_HTTP_FIELDS_MAX);
}

static const char *phrase(int status)
{
    static const struct {
        int status;
        const char *phrase;
    } phrases[] = {
        {0, "200 OK"},
        {200, "200 OK"},
        {204, "204 No Content"},
        {400, "400 Bad Request"},
        {401, "401 Unauthorized"},
        {403, "403 Forbidden"},
        {404, "404 Not Found"},
        {405, "405 Method Not Allowed"},
        {406, "406 Not Acceptable"},
        {408, "408 Request Timeout"},
        {409, "409 Conflict"},
        {410, "410 Gone"},
        {413, "413 Content Too Large"},
        {429, "429 Too Many Requests"},
        {500, "500 Internal Server Error"},
        {503, "503 Service Unavailable"},
    };
    static char other[8];
    size_t i;

    for (i = 0; i < sizeof phrases / sizeof phrases[0]; i++)
        if (phrases[i].status == status)
            return phrases[i].phrase;
    sprintf(other, "%d ", status);
    return other;
}

static void every_status_has_a_line_and_the_known_ones_a_phrase(void **state)
{
    char want[256];
    int status;

    (void)state;
    for (status = 400; status <= 599; status++) {
        const sse_http_answer a = answer_of(SSE_HTTP_1_1, status);
        const char *const allow = status == 405 ? "allow: GET, HEAD, OPTIONS\r\n" : "";

        sprintf(want, "HTTP/1.1 %s\r\n" STORE "%s" EMPTY CLOSE "\r\n", phrase(status), allow);
        assert_shown(written(&a), want);
    }
}

static void a_time_is_told_in_seconds_rounded_up(void **state)
{
    static const struct {
        uint32_t retry_ms;
        const char *list;
    } times[] = {
        {0, STORE},
        {1, STORE "retry-after: 1\r\n"},
        {999, STORE "retry-after: 1\r\n"},
        {1000, STORE "retry-after: 1\r\n"},
        {1001, STORE "retry-after: 2\r\n"},
        {9000, STORE "retry-after: 9\r\n"},
        {9001, STORE "retry-after: 10\r\n"},
        {2147483000, STORE "retry-after: 2147483\r\n"},
        {SSE_RETRY_MAX, STORE "retry-after: 2147484\r\n"},
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof times / sizeof times[0]; i++) {
        sse_http_answer a = answer_of(SSE_HTTP_MANAGED, i % 2 ? 429 : 503);

        a.retry_ms = times[i].retry_ms;
        assert_shown(listed(&a), times[i].list);
    }
}

static void the_text_of_a_time_is_in_the_callers_memory(void **state)
{
    sse_http_answer a = answer_of(SSE_HTTP_MANAGED, 503);
    sse_http_field list[2];
    char scratch[SSE_HTTP_SCRATCH];
    size_t count;

    (void)state;
    a.retry_ms = SSE_RETRY_MAX;
    assert_int_equal(sse_http_fields(&a, list, 2, scratch, &count), SSE_OK);
    assert_in_range(list[1].value.ptr, scratch, scratch + SSE_HTTP_SCRATCH - 1);
    assert_string_equal(list[1].value.ptr, "2147484");
}

static const sse_http_field extras[] = {
    {TEXT("set-cookie"), TEXT("a=b")}, {TEXT("X-Empty"), TEXT("")},
    {TEXT("vary"), TEXT("accept")},    {TEXT("set-cookie"), TEXT("c=\t\xC3\xA9")},
    {TEXT("x-absent"), ABSENT},
};

static void the_callers_fields_come_last_and_as_they_are(void **state)
{
    static const char text[] = "set-cookie: a=b\r\nX-Empty: \r\nvary: accept\r\n"
                               "set-cookie: c=\t\xC3\xA9\r\nx-absent: \r\n";
    sse_http_answer a = answer_of(SSE_HTTP_MANAGED, 404);
    sse_http_field list[6];
    char scratch[SSE_HTTP_SCRATCH], want[512];
    size_t count, i;

    (void)state;
    a.extra = extras;
    a.extra_count = 5;
    assert_int_equal(sse_http_fields(&a, list, 6, scratch, &count), SSE_OK);
    for (i = 0; i < 5; i++) {
        assert_ptr_equal(list[1 + i].name.ptr, extras[i].name.ptr);
        assert_int_equal(list[1 + i].name.len, extras[i].name.len);
        assert_ptr_equal(list[1 + i].value.ptr, extras[i].value.ptr);
        assert_int_equal(list[1 + i].value.len, extras[i].value.len);
    }
    a.version = SSE_HTTP_1_1;
    sprintf(want, "HTTP/1.1 404 Not Found\r\n" STORE EMPTY CLOSE "%s\r\n", text);
    assert_shown(written(&a), want);
}

/* What an answer is to be: its fields as text, and the first bytes of its body without framing. */
static void describe(const sse_http_answer *a, char *fields, char *first)
{
    const int stream = a->status == 0 || a->status == 200;
    const int late = a->retry_ms && (a->status == 429 || a->status == 503);
    const int preflight = (a->flags & SSE_HTTP_PREFLIGHT) != 0;
    const char *const methods = a->methods.ptr ? a->methods.ptr : "GET, HEAD, OPTIONS";
    const char *const line = a->first == SSE_HTTP_FIRST_LINE ? "\n" : "\n\n";

    *fields = *first = '\0';
    fields += sprintf(fields, stream ? STREAM : STORE);
    if (a->status == 405 || preflight)
        fields += sprintf(fields, "allow: %s\r\n", methods);
    if (late)
        fields += sprintf(fields, "retry-after: %u\r\n", (unsigned)((a->retry_ms + 999) / 1000));
    if (a->version != SSE_HTTP_MANAGED && !stream && a->status != 204)
        fields += sprintf(fields, EMPTY);
    if (stream && a->flags & SSE_HTTP_CHUNKED)
        fields += sprintf(fields, "transfer-encoding: chunked\r\n");
    else if (a->version != SSE_HTTP_MANAGED)
        fields += sprintf(fields, CLOSE);
    if (a->origin.ptr) {
        fields += sprintf(fields, "access-control-allow-origin: %s\r\n", a->origin.ptr);
        if (a->flags & SSE_HTTP_CREDENTIALS)
            fields += sprintf(fields, "access-control-allow-credentials: true\r\n");
        if (preflight) {
            fields += sprintf(fields, "access-control-allow-methods: %s\r\n", methods);
            fields +=
                sprintf(fields, "access-control-allow-headers: last-event-id, cache-control\r\n");
            if (a->headers.ptr)
                fields += sprintf(fields, "access-control-allow-headers: %s\r\n", a->headers.ptr);
            fields += sprintf(fields, "access-control-max-age: 7200\r\n");
        }
        if (late)
            fields += sprintf(fields, "access-control-expose-headers: retry-after\r\n");
        if (strcmp(a->origin.ptr, "*") != 0)
            fields += sprintf(fields, "vary: Origin\r\n");
    }
    if (a->extra_count)
        sprintf(fields, "set-cookie: a=b\r\n");
    if (!stream || a->first == SSE_HTTP_FIRST_NONE)
        return;
    if (a->retry_ms && a->first == SSE_HTTP_FIRST_TYPED)
        first += sprintf(first, "event: retry\n");
    if (a->retry_ms)
        sprintf(first, "retry: %u%s", (unsigned)a->retry_ms, line);
    else
        sprintf(first, ":%s", line);
}

/* Demand that the fields are the same without a struct, one by one. */
static void assert_same_without_a_struct(const sse_http_answer *a, const char *fields)
{
    char bytes[256];
    size_t index, name_len, value_len, unused;
    const char *at = fields;

    for (index = 0; *at; index++) {
        char want[256];
        const size_t len = strcspn(at, "\r"), name = strcspn(at, ":");
        size_t need = len; /* with a NUL for each of colon and blank, and no line end */

        memcpy(want, at, len);
        want[name] = '\0';
        memmove(want + name + 1, want + name + 2, len - name - 2);
        want[len - 1] = '\0';
        assert_int_equal(sse_http_field_parts(a->version, a->status, a->flags, a->retry_ms,
                                              a->origin.ptr, a->origin.len, a->methods.ptr,
                                              a->methods.len, index, bytes, need, &name_len,
                                              &value_len),
                         SSE_OK);
        assert_int_equal(name_len, name);
        assert_int_equal(name_len + value_len + 2, need);
        assert_memory_equal(bytes, want, need);
        assert_int_equal(sse_http_field_parts(a->version, a->status, a->flags, a->retry_ms,
                                              a->origin.ptr, a->origin.len, a->methods.ptr,
                                              a->methods.len, index, bytes, need - 1, &name_len,
                                              &value_len),
                         SSE_E_SPACE);
        assert_int_equal(name_len + value_len + 2, need);
        at += len + 2;
    }
    for (unused = 0; unused < 3; unused++) {
        name_len = value_len = 1;
        assert_int_equal(sse_http_field_parts(a->version, a->status, a->flags, a->retry_ms,
                                              a->origin.ptr, a->origin.len, a->methods.ptr,
                                              a->methods.len,
                                              unused < 2 ? index + unused : SIZE_MAX, bytes,
                                              sizeof bytes, &name_len, &value_len),
                         SSE_END);
        assert_int_equal(name_len + value_len, 0);
    }
}

/* Whether the body of a good answer is chunks. */
static int is_chunked(const sse_http_answer *a)
{
    return a->status <= 200 && a->flags & SSE_HTTP_CHUNKED;
}

/* Demand that the first bytes are what they are to be, as a chunk where they are framed. */
static void assert_first(const sse_http_answer *a, sse_str got, const char *want)
{
    char bytes[64];
    sse_str body = {bytes, 0};

    if (*want && is_chunked(a)) {
        assert_int_equal(unchunk(got.ptr, got.len, bytes, &body.len), CHUNKS_OPEN);
        assert_memory_equal(got.ptr + got.len - 2, "\r\n", 2);
        assert_int_equal(got.len, body.len + 12);
        assert_shown(body, want);
    } else {
        assert_shown(got, want);
    }
}

/* What is queued of an answer. Good until the next call. */
static sse_str queued(const sse_http_answer *a)
{
    static char bytes[PAGE];
    const uint32_t flags = is_chunked(a) ? SSE_WRITER_CHUNKED : 0;
    sse_str text;

    assert_int_equal(sse_http_send(a, block_writer(&memory, PAGE, flags)), SSE_OK);
    text = block_queued(&memory);
    memcpy(bytes, text.ptr, text.len);
    text.ptr = bytes;
    return text;
}

/* Demand that the text and the queue are the same without a struct. */
static void assert_same_in_parts(const sse_http_answer *a, sse_str text)
{
    sse_writer *const w = block_writer(&memory, PAGE, 0);
    char bytes[1200];
    size_t len;

    assert_int_equal(sse_http_send_parts(a->version, a->status, a->flags, a->retry_ms, a->first,
                                         a->origin.ptr, a->origin.len, w),
                     is_chunked(a) ? SSE_E_ARG : SSE_OK);
    if (!is_chunked(a))
        assert_true(same_text(block_queued(&memory), text));
    if (a->version == SSE_HTTP_MANAGED)
        return;
    assert_int_equal(sse_http_head_parts(a->version, a->status, a->flags, a->retry_ms, a->first,
                                         a->origin.ptr, a->origin.len, bytes, sizeof bytes, &len),
                     SSE_OK);
    assert_int_equal(len, text.len);
    assert_memory_equal(bytes, text.ptr, len);
}

static void assert_described(const sse_http_answer *a)
{
    char fields[1024], first[64], want[1200] = "";
    sse_str text, body;

    describe(a, fields, first);
    assert_shown(listed(a), fields);
    if (a->version == SSE_HTTP_MANAGED) {
        text = queued(a);
    } else {
        text = written(a);
        assert_true(same_text(queued(a), text));
        sprintf(want, "HTTP/1.%c %s\r\n%s\r\n", a->version == SSE_HTTP_1_0 ? '0' : '1',
                phrase(a->status), fields);
    }
    assert_true(text.len >= strlen(want));
    body.ptr = text.ptr + strlen(want);
    body.len = text.len - strlen(want);
    assert_int_equal(memcmp(text.ptr, want, strlen(want)), 0);
    assert_first(a, body, first);
    if (a->extra_count || a->headers.ptr)
        return;
    assert_same_without_a_struct(a, fields);
    if (a->methods.ptr == NULL)
        assert_same_in_parts(a, text);
}

static void a_refusal_and_a_preflight_name_the_methods_of_a_route_without_a_struct(void **state)
{
    sse_http_answer a = answer_of(SSE_HTTP_MANAGED, 405);

    (void)state;
    assert_same_without_a_struct(&a, STORE "allow: GET, HEAD, OPTIONS\r\n");
    a.methods = SSE_LIT("POST");
    assert_same_without_a_struct(&a, STORE "allow: POST\r\n");
    a.status = 404;
    assert_same_without_a_struct(&a, STORE);
    a.status = 204;
    assert_same_without_a_struct(&a, STORE);
    a.flags = SSE_HTTP_PREFLIGHT;
    a.origin = SSE_LIT("*");
    assert_same_without_a_struct(&a, STORE
                                 "allow: POST\r\n"
                                 "access-control-allow-origin: *\r\n"
                                 "access-control-allow-methods: POST\r\n"
                                 "access-control-allow-headers: last-event-id, cache-control\r\n"
                                 "access-control-max-age: 7200\r\n");
}

static void all_forms_are_one_description_in_every_combination(void **state)
{
    static const int versions[] = {SSE_HTTP_MANAGED, SSE_HTTP_1_0, SSE_HTTP_1_1};
    static const int statuses[] = {0,   200, 204, 400, 401, 403, 404, 405,
                                   406, 408, 409, 413, 418, 429, 503};
    static const uint32_t times[] = {0, 1500, SSE_RETRY_MAX};
    static const sse_str origins[] = {ABSENT, TEXT("*"), TEXT("null"), TEXT(ORIGIN)};
    size_t v, s, t, o, flags, first, more, done = 0;

    (void)state;
    for (v = 0; v < 3; v++)
        for (s = 0; s < 15; s++)
            for (t = 0; t < 3; t++)
                for (o = 0; o < 4; o++)
                    for (flags = 0; flags < 8; flags++)
                        for (first = 0; first < 4; first++)
                            for (more = 0; more < 3; more++) {
                                sse_http_answer a = answer_of(versions[v], statuses[s]);
                                size_t count;

                                a.flags = (uint32_t)flags * SSE_HTTP_CHUNKED;
                                a.retry_ms = times[t];
                                a.first = (int)first;
                                a.origin = origins[o];
                                if (more)
                                    a.methods = SSE_LIT("GET, POST");
                                if (more == 2) {
                                    a.headers = SSE_LIT("x-a, x-b");
                                    a.extra = extras;
                                    a.extra_count = 1;
                                }
                                if (sse_http_fields(&a, NULL, 0, NULL, &count) == SSE_E_ARG)
                                    continue; /* see test_http_answer.c */
                                assert_described(&a);
                                done++;
                            }
    assert_int_equal(done, 23184);
}

/* After the head comes the stream, from a writer with the same framing. */
static void a_head_and_a_writer_make_one_response(void **state)
{
    static const parsed_event tick = {TEXT("message"), TEXT("tick"), TEXT("")};
    static const uint64_t retry = 3000;
    static const parsed want = {&tick, 1, &retry, 1, 0, ABSENT};
    int chunked, first;

    (void)state;
    for (chunked = 0; chunked < 2; chunked++)
        for (first = SSE_HTTP_FIRST_BLOCK; first < SSE_HTTP_FIRST_NONE; first++) {
            sse_writer *w = block_writer(&memory, 1024, chunked ? SSE_WRITER_CHUNKED : 0);
            sse_http_answer a = answer_of(SSE_HTTP_1_1, 200);
            sse_str stream, body;
            char bytes[256];

            a.flags = chunked ? SSE_HTTP_CHUNKED : 0;
            a.first = first;
            a.retry_ms = 3000;
            assert_int_equal(sse_http_send(&a, w), SSE_OK);
            assert_int_equal(send_text(w, "tick"), SSE_OK);
            assert_int_equal(sse_writer_close(w), SSE_OK);
            stream = block_queued(&memory);
            body.ptr = strstr(stream.ptr, "\r\n\r\n") + 4;
            body.len = stream.len - (size_t)(body.ptr - stream.ptr);
            if (chunked) {
                assert_int_equal(unchunk(body.ptr, body.len, bytes, &body.len), CHUNKS_ENDED);
                body.ptr = bytes;
            }
            assert_parses_to(body.ptr, body.len, &want);
        }
}

static void sizes_and_constants_are_functions_too(void **state)
{
    (void)state;
    assert_int_equal(sse_http_field_size(), sizeof(sse_http_field));
    assert_int_equal(sse_http_answer_size(), sizeof(sse_http_answer));
    assert_int_equal(sse_http_fields_max(), SSE_HTTP_FIELDS_MAX);
    assert_int_equal(sse_http_scratch(), SSE_HTTP_SCRATCH);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stream_on_a_raw_connection_ends_with_it_and_the_head_says_so),
        cmocka_unit_test(all_zero_is_a_stream_whose_connection_is_managed),
        cmocka_unit_test(a_page_of_another_origin_can_read_a_refusal_and_its_time),
        cmocka_unit_test(a_preflight_allows_what_resuming_needs_and_what_the_caller_adds),
        cmocka_unit_test(the_longest_list_has_as_many_fields_as_the_constant_says),
        cmocka_unit_test(every_status_has_a_line_and_the_known_ones_a_phrase),
        cmocka_unit_test(a_time_is_told_in_seconds_rounded_up),
        cmocka_unit_test(the_text_of_a_time_is_in_the_callers_memory),
        cmocka_unit_test(the_callers_fields_come_last_and_as_they_are),
        cmocka_unit_test(a_refusal_and_a_preflight_name_the_methods_of_a_route_without_a_struct),
        cmocka_unit_test(all_forms_are_one_description_in_every_combination),
        cmocka_unit_test(a_head_and_a_writer_make_one_response),
        cmocka_unit_test(sizes_and_constants_are_functions_too),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
