/* test_http.c - the response head: its exact text, and the list that says the same.
 *
 * What is refused is in test_http_refusal.c; Accept and Last-Event-ID are in test_http_request.c.
 */
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
#include <string.h>
#include <cmocka.h>

#define PAGE ((size_t)4096)

#define STREAM                                  \
    "content-type: text/event-stream\r\n"       \
    "cache-control: no-store, no-transform\r\n" \
    "x-accel-buffering: no\r\n"
#define CLOSE "connection: close\r\n"

/* A head with garbage where nothing of the caller's stands. */
static sse_head head_of(int version, int status)
{
    sse_head head;

    memset(&head, 0, sizeof head);
    memset(head.digits_, 'x', sizeof head.digits_);
    head.version = version;
    head.status = status;
    return head;
}

/* Write a head as text, at every capacity up to the need and beyond it, where a page ends. The
 * text is good until the next call. */
static sse_str text_of(sse_head *head)
{
    static guard page;
    sse_str text;
    size_t need = 0, cap, len;

    if (page.ptr == NULL)
        page = guard_before_end(PAGE);
    assert_int_equal(sse_http_head(head, NULL, 0, &need), SSE_E_SPACE);
    assert_in_range(need, 1, PAGE - 1);
    memset(page.ptr, 'x', PAGE);
    for (cap = 0; cap < need; cap++) {
        len = 0;
        assert_int_equal(sse_http_head(head, guard_tail(&page, cap), cap, &len), SSE_E_SPACE);
        assert_int_equal(len, need);
    }
    len = 0;
    assert_int_equal(sse_http_head(head, guard_tail(&page, need + 1), need + 1, &len), SSE_OK);
    assert_int_equal(len, need);
    memset(page.ptr, 'x', PAGE);
    text.ptr = guard_tail(&page, need);
    assert_int_equal(sse_http_head(head, guard_tail(&page, need), need, &text.len), SSE_OK);
    assert_int_equal(text.len, need);
    assert_int_equal(text.ptr[-1], 'x');
    return text;
}

/* The same for the list. */
static const sse_field *list_of(sse_head *head, size_t *count)
{
    static guard page;
    const size_t room = PAGE / sizeof(sse_field);
    void *list;
    size_t need = 0, cap;

    if (page.ptr == NULL)
        page = guard_before_end(room * sizeof(sse_field));
    assert_int_equal(sse_http_fields(head, NULL, 0, &need), SSE_E_SPACE);
    assert_in_range(need, 1, room);
    for (cap = 0; cap < need; cap++) {
        list = guard_tail(&page, cap * sizeof(sse_field));
        *count = 0;
        assert_int_equal(sse_http_fields(head, list, cap, count), SSE_E_SPACE);
        assert_int_equal(*count, need);
    }
    list = guard_tail(&page, cap * sizeof(sse_field));
    *count = 0;
    assert_int_equal(sse_http_fields(head, list, cap, count), SSE_OK);
    assert_int_equal(*count, need);
    return list;
}

static void assert_shown(sse_str got, sse_str want)
{
    if (!same_text(got, want)) {
        print_text("got      ", got);
        print_text("expected ", want);
        fail();
    }
}

static void assert_text(sse_head *head, const char *want)
{
    sse_str text = {want, strlen(want)};

    assert_shown(text_of(head), text);
}

/* Demand that the list is these fields, given as the text that they would be. */
static void assert_list(sse_head *head, const char *want)
{
    char bytes[PAGE];
    sse_str got = {bytes, 0}, text = {want, strlen(want)};
    size_t count, i;
    const sse_field *list = list_of(head, &count);

    for (i = 0; i < count; i++) {
        const sse_str parts[] = {list[i].name, TEXT(": "), list[i].value, TEXT("\r\n")};
        size_t k;

        for (k = 0; k < 4; got.len += parts[k++].len)
            memcpy(bytes + got.len, parts[k].ptr, parts[k].len);
    }
    assert_shown(got, text);
}

static void a_stream_on_a_raw_connection_ends_with_it_and_the_head_says_so(void **state)
{
    sse_head head = head_of(SSE_HTTP_1_1, 200);

    (void)state;
    assert_text(&head, "HTTP/1.1 200 OK\r\n" STREAM CLOSE "\r\n:\n\n");
    assert_list(&head, STREAM CLOSE);
    head.version = SSE_HTTP_1_0;
    assert_text(&head, "HTTP/1.0 200 OK\r\n" STREAM CLOSE "\r\n:\n\n");
    assert_list(&head, STREAM CLOSE);
}

static void status_0_is_200(void **state)
{
    sse_head head = head_of(SSE_HTTP_1_1, 0);

    (void)state;
    assert_text(&head, "HTTP/1.1 200 OK\r\n" STREAM CLOSE "\r\n:\n\n");
    memset(&head, 0, sizeof head);
    assert_list(&head, STREAM);
}

static void over_http_2_the_connection_is_the_servers(void **state)
{
    sse_head head = head_of(SSE_HTTP_2, 200);

    (void)state;
    assert_list(&head, STREAM);
    head.status = 204;
    assert_list(&head, "cache-control: no-store\r\n");
    head.status = 503;
    assert_list(&head, "cache-control: no-store\r\n");
    head.retry_ms = 5000;
    assert_list(&head, "cache-control: no-store\r\nretry-after: 5\r\n");
}

/* Demand a chunked head, and behind it one chunk with these first bytes. */
static void assert_chunked(sse_head *head, sse_str first)
{
    static const sse_str want =
        TEXT("HTTP/1.1 200 OK\r\n" STREAM "transfer-encoding: chunked\r\n\r\n");
    const sse_str text = text_of(head);
    const sse_str fields = {text.ptr, want.len};
    char bytes[64];
    sse_str body = {bytes, 0};

    assert_in_range(text.len, want.len + 1, want.len + sizeof bytes);
    assert_shown(fields, want);
    assert_int_equal(unchunk(text.ptr + want.len, text.len - want.len, bytes, &body.len),
                     CHUNKS_OPEN);
    assert_shown(body, first);
    assert_memory_equal(text.ptr + text.len - 2, "\r\n", 2);
}

static void a_chunked_stream_begins_with_a_chunk(void **state)
{
    sse_head head = head_of(SSE_HTTP_1_1, 200);

    (void)state;
    head.flags = SSE_HEAD_CHUNKED;
    assert_list(&head, STREAM "transfer-encoding: chunked\r\n");
    assert_chunked(&head, SSE_LIT(":\n\n"));
    head.retry_ms = 3000;
    assert_chunked(&head, SSE_LIT("retry: 3000\n\n"));
    head.retry_ms = SSE_RETRY_MAX;
    assert_chunked(&head, SSE_LIT("retry: 2147483647\n\n"));
}

static void a_reconnection_time_is_the_first_line_of_the_body(void **state)
{
    sse_head head = head_of(SSE_HTTP_1_1, 200);

    (void)state;
    head.retry_ms = 1;
    assert_text(&head, "HTTP/1.1 200 OK\r\n" STREAM CLOSE "\r\nretry: 1\n\n");
    head.retry_ms = SSE_RETRY_MAX;
    assert_text(&head, "HTTP/1.1 200 OK\r\n" STREAM CLOSE "\r\nretry: 2147483647\n\n");
    assert_list(&head, STREAM CLOSE);
}

static void status_204_sends_a_client_away_and_has_no_body(void **state)
{
    static const uint32_t times[] = {0, 1, SSE_RETRY_MAX};
    sse_head head = head_of(SSE_HTTP_1_1, 204);
    size_t i;

    (void)state;
    for (i = 0; i < 3; i++) {
        head.retry_ms = times[i];
        head.version = SSE_HTTP_1_1;
        assert_text(&head, "HTTP/1.1 204 No Content\r\ncache-control: no-store\r\n" CLOSE "\r\n");
        head.version = SSE_HTTP_1_0;
        assert_text(&head, "HTTP/1.0 204 No Content\r\ncache-control: no-store\r\n" CLOSE "\r\n");
    }
}

#define FULL(version, retry_after)                                                        \
    "HTTP/" version " 503 Service Unavailable\r\ncache-control: no-store\r\n" retry_after \
    "content-length: 0\r\n" CLOSE "\r\n"

static void status_503_tells_a_time_in_seconds_rounded_up(void **state)
{
    static const struct {
        uint32_t retry_ms;
        const char *text;
    } times[] = {
        {0, FULL("1.1", "")},
        {1, FULL("1.1", "retry-after: 1\r\n")},
        {999, FULL("1.1", "retry-after: 1\r\n")},
        {1000, FULL("1.1", "retry-after: 1\r\n")},
        {1001, FULL("1.1", "retry-after: 2\r\n")},
        {9000, FULL("1.1", "retry-after: 9\r\n")},
        {9001, FULL("1.1", "retry-after: 10\r\n")},
        {2147483000, FULL("1.1", "retry-after: 2147483\r\n")},
        {SSE_RETRY_MAX, FULL("1.1", "retry-after: 2147484\r\n")},
    };
    size_t i;
    sse_head head;

    (void)state;
    for (i = 0; i < sizeof times / sizeof times[0]; i++) {
        head = head_of(SSE_HTTP_1_1, 503);
        head.retry_ms = times[i].retry_ms;
        assert_text(&head, times[i].text);
    }
    head.version = SSE_HTTP_1_0;
    assert_text(&head, FULL("1.0", "retry-after: 2147484\r\n"));
}

#define ORIGIN "https://a.example"
#define ALLOW  "access-control-allow-origin: "

static void a_page_of_another_origin_is_let_in_if_asked(void **state)
{
    static const int statuses[] = {200, 204, 503};
    static const char *const before[] = {STREAM, "cache-control: no-store\r\n",
                                         "cache-control: no-store\r\n"};
    static const struct {
        sse_str origin;
        uint32_t flags;
        const char *text;
    } cases[] = {
        {TEXT("*"), 0, ALLOW "*\r\n"},
        {TEXT("null"), 0, ALLOW "null\r\nvary: Origin\r\n"},
        {TEXT(ORIGIN), 0, ALLOW ORIGIN "\r\nvary: Origin\r\n"},
        {TEXT(ORIGIN), SSE_HEAD_CREDENTIALS,
         ALLOW ORIGIN "\r\naccess-control-allow-credentials: true\r\nvary: Origin\r\n"},
    };
    size_t i, k;

    (void)state;
    for (i = 0; i < 4; i++)
        for (k = 0; k < 3; k++) {
            sse_head head = head_of(SSE_HTTP_2, statuses[k]);
            char want[512];

            head.allow_origin = cases[i].origin;
            head.flags = cases[i].flags;
            strcpy(want, before[k]);
            strcat(want, cases[i].text);
            assert_list(&head, want);
        }
}

static const sse_field extras[] = {
    {TEXT("set-cookie"), TEXT("a=b")}, {TEXT("X-Empty"), TEXT("")},
    {TEXT("vary"), TEXT("accept")},    {TEXT("set-cookie"), TEXT("c=\t\xC3\xA9")},
    {TEXT("x-absent"), ABSENT},
};

static void the_callers_fields_come_last_and_as_they_are(void **state)
{
    sse_head head = head_of(SSE_HTTP_1_1, 200);
    const sse_field *list;
    size_t count, i;

    (void)state;
    head.extra = extras;
    head.extra_count = 5;
    assert_text(&head, "HTTP/1.1 200 OK\r\n" STREAM CLOSE
                       "set-cookie: a=b\r\nX-Empty: \r\nvary: accept\r\n"
                       "set-cookie: c=\t\xC3\xA9\r\nx-absent: \r\n\r\n:\n\n");
    list = list_of(&head, &count);
    assert_int_equal(count, 4 + 5);
    for (i = 0; i < 5; i++) {
        assert_ptr_equal(list[4 + i].name.ptr, extras[i].name.ptr);
        assert_int_equal(list[4 + i].name.len, extras[i].name.len);
        assert_ptr_equal(list[4 + i].value.ptr, extras[i].value.ptr);
        assert_int_equal(list[4 + i].value.len, extras[i].value.len);
    }
}

/* Demand that the text is a status line, the fields of the list, and then the body. */
static void assert_text_is_the_list(sse_head *head)
{
    size_t count, i;
    const sse_field *list = list_of(head, &count);
    const sse_str text = text_of(head);
    const char *at = memchr(text.ptr, '\n', text.len);

    assert_non_null(at);
    at++;
    for (i = 0; i < count; i++) {
        const sse_str parts[] = {list[i].name, TEXT(": "), list[i].value, TEXT("\r\n")};
        size_t k;

        for (k = 0; k < 4; at += parts[k++].len) {
            assert_true(parts[k].len <= (size_t)(text.ptr + text.len - at));
            assert_memory_equal(at, parts[k].ptr, parts[k].len);
        }
    }
    assert_true(text.ptr + text.len - at >= 2);
    assert_memory_equal(at, "\r\n", 2);
    if (head->status == 200)
        assert_true(text.ptr + text.len - at > 2);
    else
        assert_int_equal(text.ptr + text.len - at, 2);
}

static int is_framing(sse_str name)
{
    return same_text(name, SSE_LIT("connection")) || same_text(name, SSE_LIT("content-length")) ||
           same_text(name, SSE_LIT("transfer-encoding"));
}

/* Demand that HTTP/2 would take a list. */
static void assert_list_is_for_http_2(sse_head *head)
{
    size_t count, i, k;
    const sse_field *list = list_of(head, &count);

    for (i = 0; i < count; i++) {
        assert_false(is_framing(list[i].name));
        for (k = 0; k < list[i].name.len; k++)
            assert_false(list[i].name.ptr[k] >= 'A' && list[i].name.ptr[k] <= 'Z');
    }
}

static void list_and_text_are_one_description_in_every_combination(void **state)
{
    static const int statuses[] = {200, 204, 503};
    static const uint32_t times[] = {0, 1500};
    static const sse_str origins[] = {ABSENT, TEXT("*"), TEXT(ORIGIN)};
    const int last = 3 * 3 * 2 * 3 * 4 * 2;
    int i;
    size_t count;

    (void)state;
    for (i = 0; i < last; i++) {
        sse_head head = head_of(i % 3, statuses[i / 3 % 3]);

        head.retry_ms = times[i / 9 % 2];
        head.allow_origin = origins[i / 18 % 3];
        head.flags = (uint32_t)(i / 54 % 4);
        if ((head.flags & SSE_HEAD_CHUNKED && (head.version != SSE_HTTP_1_1 || head.status != 200)) ||
            (head.flags & SSE_HEAD_CREDENTIALS && head.allow_origin.len < 2))
            continue;
        list_of(&head, &count);
        assert_in_range(count, 1, SSE_HTTP_FIELDS_MAX);
        if (i / 216) {
            head.extra = extras;
            head.extra_count = 1;
        }
        if (head.version == SSE_HTTP_2)
            assert_list_is_for_http_2(&head);
        else
            assert_text_is_the_list(&head);
    }
}

/* Behind the head comes the stream, from a writer with the same framing. */
static void a_head_and_a_writer_make_one_response(void **state)
{
    static const parsed_event tick = {TEXT("message"), TEXT("tick"), TEXT("")};
    static const uint64_t retry = 3000;
    static const parsed want = {&tick, 1, &retry, 1, 0, ABSENT};
    uint32_t flags;

    (void)state;
    for (flags = 0; flags <= SSE_HEAD_CHUNKED; flags++) {
        sse_writer *w = block_writer(&memory, 1024, flags);
        sse_head head = head_of(SSE_HTTP_1_1, 200);
        sse_str text, stream, body;
        char bytes[256];

        head.flags = flags;
        head.retry_ms = 3000;
        text = text_of(&head);
        assert_int_equal(sse_writer_raw(w, text.ptr, text.len), SSE_OK);
        assert_int_equal(send_text(w, "tick"), SSE_OK);
        assert_int_equal(sse_writer_close(w), SSE_OK);
        stream = block_queued(&memory);
        body.ptr = strstr(stream.ptr, "\r\n\r\n") + 4;
        body.len = stream.len - (size_t)(body.ptr - stream.ptr);
        if (flags) {
            assert_int_equal(unchunk(body.ptr, body.len, bytes, &body.len), CHUNKS_ENDED);
            body.ptr = bytes;
        }
        assert_parses_to(body.ptr, body.len, &want);
    }
}

static void the_sizes_are_those_of_the_structs(void **state)
{
    (void)state;
    assert_int_equal(sse_field_size(), sizeof(sse_field));
    assert_int_equal(sse_head_size(), sizeof(sse_head));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stream_on_a_raw_connection_ends_with_it_and_the_head_says_so),
        cmocka_unit_test(status_0_is_200),
        cmocka_unit_test(over_http_2_the_connection_is_the_servers),
        cmocka_unit_test(a_chunked_stream_begins_with_a_chunk),
        cmocka_unit_test(a_reconnection_time_is_the_first_line_of_the_body),
        cmocka_unit_test(status_204_sends_a_client_away_and_has_no_body),
        cmocka_unit_test(status_503_tells_a_time_in_seconds_rounded_up),
        cmocka_unit_test(a_page_of_another_origin_is_let_in_if_asked),
        cmocka_unit_test(the_callers_fields_come_last_and_as_they_are),
        cmocka_unit_test(list_and_text_are_one_description_in_every_combination),
        writer_test(a_head_and_a_writer_make_one_response),
        cmocka_unit_test(the_sizes_are_those_of_the_structs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
