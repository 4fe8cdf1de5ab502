/* SPDX-License-Identifier: MIT */
/* test_request.c - the reader of request heads that the example servers share. Each head ends where
 * a page ends, and is read at once, as each of its beginnings, and byte by byte, moved in between.
 */
#include "serve/request.h"

#include "dice.h"
#include "guard.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>

#define HEAD_MAX ((size_t)4096)
#define BODY_MAX ((size_t)1000)
#define END      "\r\n\r\n"
#define HOST     "\r\nHost: a" END
#define LINE     "GET / HTTP/1.1\r\nHost: a\r\n"

static guard page;

static int read_of(request *r, const char *bytes, size_t len)
{
    char *const at = guard_tail(&page, len);

    memcpy(at, bytes, len);
    return request_read(r, at, len, HEAD_MAX, BODY_MAX);
}

/* The result, which no beginning of the bytes may contradict, however they arrive. */
static int status_of(const char *text)
{
    const size_t len = strlen(text);
    request all = {0}, grows = {0};
    const int status = read_of(&all, text, len);
    int now = 0;
    size_t n;

    for (n = 0; n <= len; n++) {
        request alone = {0};
        const int some = read_of(&alone, text, n);

        if (now == 0)
            now = read_of(&grows, text, n);
        if (some != now || (some != 0 && some != status)) {
            print_error("%s: %d, then %d, of %zu bytes: %d\n", text, now, status, n, some);
            fail();
        }
        if (some == 200)
            assert_int_equal(n, len);
    }
    assert_int_equal(now, status);
    if (now == 200) { /* once more, for a server that waits for the body */
        assert_int_equal(read_of(&grows, text, len), 200);
        assert_memory_equal(&grows, &all, offsetof(request, begin_));
    }
    return status;
}

static request sound(const char *text)
{
    request r = {0};

    assert_int_equal(status_of(text), 200);
    read_of(&r, text, strlen(text));
    assert_int_equal(r.len, strlen(text));
    return r;
}

static void is(sse_str s, const char *expected)
{
    if (expected == NULL)
        assert_null(s.ptr);
    else if (s.ptr == NULL || s.len != strlen(expected) || memcmp(s.ptr, expected, s.len) != 0) {
        print_error("'%.*s', not '%s'\n", (int)s.len, s.ptr ? s.ptr : "", expected);
        fail();
    }
}

static void a_target_is_taken_apart(void **state)
{
    static const struct {
        const char *text, *method, *host, *path, *query;
    } cases[] = {
        {"GET / HTTP/1.1" HOST, "GET", "a", "/", NULL},
        {"GET /?x HTTP/1.1" HOST, "GET", "a", "/", "x"},
        {"GET /? HTTP/1.1" HOST, "GET", "a", "/", ""},
        {"GET /a/b?x=1?y/z HTTP/1.1" HOST, "GET", "a", "/a/b", "x=1?y/z"},
        {"GET //b/c HTTP/1.1" HOST, "GET", "a", "//b/c", NULL},
        {"GET /%41\xE9 HTTP/1.1" HOST, "GET", "a", "/%41\xE9", NULL},
        {"get / HTTP/1.1" HOST, "get", "a", "/", NULL},
        {"M-SEARCH / HTTP/1.1" HOST, "M-SEARCH", "a", "/", NULL},
        {"GET http://b/c?d HTTP/1.1" HOST, "GET", "b", "/c", "d"},
        {"GET HtTpS://B.example:443/c HTTP/1.1" HOST, "GET", "B.example:443", "/c", NULL},
        {"GET http://[::1]:80 HTTP/1.1" HOST, "GET", "[::1]:80", "/", NULL},
        {"GET http://b?c/d HTTP/1.1" HOST, "GET", "b", "/", "c/d"},
        {"GET http://b/http://c/ HTTP/1.0" END, "GET", "b", "/http://c/", NULL},
        {"OPTIONS * HTTP/1.1" HOST, "OPTIONS", "a", "*", NULL},
        {"GET / HTTP/1.1\r\nhost: \t B:80 \t" END, "GET", "B:80", "/", NULL},
        {"GET / HTTP/1.1\r\nHost:" END, "GET", "", "/", NULL},
        {"GET / HTTP/1.0" END, "GET", NULL, "/", NULL},
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const request r = sound(cases[i].text);

        is(r.method, cases[i].method);
        is(r.host, cases[i].host);
        is(r.path, cases[i].path);
        is(r.query, cases[i].query);
    }
}

static void what_frames_a_message_is_read(void **state)
{
    static const struct {
        const char *text;
        int minor, close, expects, has_body;
        size_t body_len;
    } cases[] = {
        {LINE "\r\n", 1, 0, 0, 0, 0},
        {"GET / HTTP/1.0" END, 0, 1, 0, 0, 0},
        {"GET / HTTP/1.9" HOST, 9, 0, 0, 0, 0},
        {LINE "Connection: close" END, 1, 1, 0, 0, 0},
        {LINE "connection: x , Close\t,y" END, 1, 1, 0, 0, 0},
        {LINE "Connection: closed" END, 1, 0, 0, 0, 0},
        {LINE "Connection: x\r\nConnection: close" END, 1, 1, 0, 0, 0},
        {LINE "Connection:" END, 1, 0, 0, 0, 0},
        {"GET / HTTP/1.0\r\nConnection: Keep-Alive" END, 0, 0, 0, 0, 0},
        {"GET / HTTP/1.0\r\nConnection: keep-alive, close" END, 0, 1, 0, 0, 0},
        {LINE "Content-Length: 0" END, 1, 0, 0, 1, 0},
        {LINE "Content-Length: 1000" END, 1, 0, 0, 1, 1000},
        {LINE "content-length:007" END, 1, 0, 0, 1, 7},
        {LINE "Expect: 100-Continue" END, 1, 0, 1, 0, 0},
        {LINE "Expect: more" END, 1, 0, 0, 0, 0},
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const request r = sound(cases[i].text);

        assert_int_equal(r.minor, cases[i].minor);
        assert_int_equal(r.close, cases[i].close);
        assert_int_equal(r.expects, cases[i].expects);
        assert_int_equal(r.has_body, cases[i].has_body);
        assert_int_equal(r.body_len, cases[i].body_len);
    }
}

static void harmless_deviations_are_read_as_they_are_meant(void **state)
{
    (void)state;
    is(sound("\r\n\r\n\n" LINE "\r\n").path, "/");
    is(sound("GET / HTTP/1.1\nHost: a\n\n").host, "a");
    is(sound("GET / HTTP/1.1\r\nHost: a\n\r\n").host, "a");
    is(sound("GET / HTTP/1.1\nHost: a\r\n\n").host, "a");
}

static void what_two_readers_could_see_differently_is_refused(void **state)
{
    static const struct {
        const char *text;
        int status;
    } cases[] = {
        {"GET / HTTP/1.1" END, 400}, /* no Host */
        {LINE "Host: a" END, 400},
        {"GET / HTTP/1.0\r\nHost: a\r\nHost: b" END, 400},
        {"GET / HTTP/1.1\r\nHost: a b" END, 400},
        {"GET / HTTP/1.1\r\nHost: a, b" END, 400},
        {"GET / HTTP/1.1\r\nHost: a/b" END, 400},
        {"GET / HTTP/1.1\r\nHost: me@a" END, 400},
        {"GET http://b/ HTTP/1.1" END, 400}, /* no Host */
        {"GET http:///b HTTP/1.1" HOST, 400},
        {"GET http://me@b/ HTTP/1.1" HOST, 400},
        {"GET ftp://b/ HTTP/1.1" HOST, 400},
        {"GET http:/b HTTP/1.1" HOST, 400},
        {"GET b HTTP/1.1" HOST, 400},
        {"GET * HTTP/1.1" HOST, 400},
        {"GET ?x HTTP/1.1" HOST, 400},
        {"OPTIONS *?x HTTP/1.1" HOST, 400},
        {"CONNECT b:80 HTTP/1.1" HOST, 400},
        {"GET  / HTTP/1.1" HOST, 400},
        {"GET /  HTTP/1.1" HOST, 400},
        {"GET / HTTP/1.1 " HOST, 400},
        {" GET / HTTP/1.1" HOST, 400},
        {"GET\t/ HTTP/1.1" HOST, 400},
        {"GET /\tHTTP/1.1" HOST, 400},
        {"GET /a\x01 HTTP/1.1" HOST, 400},
        {"GET /a\x7F HTTP/1.1" HOST, 400},
        {"GET /\rX: y HTTP/1.1" HOST, 400},
        {"G@T / HTTP/1.1" HOST, 400},
        {" / HTTP/1.1" HOST, 400},
        {"GET /" HOST, 400},
        {"GET / http/1.1" HOST, 400},
        {"GET / HTTP/1" HOST, 400},
        {"GET / HTTP/1.10" HOST, 400},
        {"GET / HTTP/a.1" HOST, 400},
        {"GET / HTTP/1,1" HOST, 400},
        {"GET / HTTP/1.a" HOST, 400},
        {LINE "a" END, 400},
        {LINE ": b" END, 400},
        {LINE "a : b" END, 400},
        {LINE " a: b" END, 400},
        {LINE "a: b\r\n folded" END, 400},
        {LINE "a: b\r\n\tfolded" END, 400},
        {LINE "a\xE9: b" END, 400},
        {LINE "a(: b" END, 400},
        {LINE "a: b\rc: d" END, 400},
        {LINE "a: b\r\r\n\r\n", 400},
        {LINE "a: \x1F" END, 400},
        {LINE "a: \x7F" END, 400},
        {LINE "Content-Length:" END, 400},
        {LINE "Content-Length: -1" END, 400},
        {LINE "Content-Length: +1" END, 400},
        {LINE "Content-Length: 1 2" END, 400},
        {LINE "Content-Length: 0x1" END, 400},
        {LINE "Content-Length: 1, 1" END, 400},
        {LINE "Content-Length: 1\r\nContent-Length: 1" END, 400},
        {LINE "Content-Length: 1\r\nTransfer-Encoding: chunked" END, 400},
        {LINE "Transfer-Encoding: chunked\r\nContent-Length: 1" END, 400},
        {"GET / HTTP/1.0\r\nTransfer-Encoding: chunked" END, 400},
        {LINE "Transfer-Encoding: Chunked" END, 411},
        {LINE "Content-Length: 1001" END, 413},
        {LINE "Content-Length: 18446744073709551617" END, 413},
        {LINE "Content-Length: 99999999999999999999999999999999" END, 413},
        {LINE "Transfer-Encoding: gzip, chunked" END, 501},
        {LINE "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked" END, 501},
        {LINE "Transfer-Encoding:" END, 501},
        {"GET / HTTP/0.9" HOST, 505},
        {"GET / HTTP/2.0" HOST, 505},
        {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++)
        if (status_of(cases[i].text) != cases[i].status) {
            print_error("not %d: %s\n", cases[i].status, cases[i].text);
            fail();
        }
}

static void a_nul_is_no_end_of_a_text(void **state)
{
    static const char in_value[] = LINE "a: b\0c" END, in_target[] = "GET /\0 HTTP/1.1" HOST;
    static const char in_name[] = LINE "a\0b: c" END;
    request r = {0}, s = {0}, t = {0};

    (void)state;
    assert_int_equal(read_of(&r, in_value, sizeof in_value - 1), 400);
    assert_int_equal(read_of(&s, in_target, sizeof in_target - 1), 400);
    assert_int_equal(read_of(&t, in_name, sizeof in_name - 1), 400);
}

static void what_is_no_request_is_refused_before_its_end(void **state)
{
    (void)state;
    assert_int_equal(status_of("\x16\x03\x01\x02"), 400);
    assert_int_equal(status_of("\r\n\x16"), 400);
    assert_int_equal(status_of("GET  / HTTP/1.1\r\n"), 400);
    assert_int_equal(status_of("GET / HTTP/3.0\n"), 505);
    assert_int_equal(status_of("GET / HTTP/1.1\r\nno field\r\n"), 0);
    assert_int_equal(status_of("\r"), 0);
}

/* A head of this many bytes. */
static char *head_of(size_t len)
{
    static char text[2 * HEAD_MAX];
    const size_t before = (size_t)sprintf(text, LINE "Cookie: ");

    memset(text + before, 'x', len - before - 4);
    memcpy(text + len - 4, END, 5);
    return text;
}

static void a_head_may_be_as_long_as_it_is_told(void **state)
{
    request r = {0};
    size_t blank;

    (void)state;
    assert_int_equal(request_read(&r, head_of(HEAD_MAX), HEAD_MAX, HEAD_MAX, BODY_MAX), 200);
    assert_int_equal(r.len, HEAD_MAX);
    for (blank = 0; blank <= 4; blank++) {
        request s = {0};
        const char *const text = head_of(HEAD_MAX + 1);

        /* Also when the rest of it has come. */
        assert_int_equal(request_read(&s, text, HEAD_MAX - 1, HEAD_MAX, BODY_MAX), 0);
        assert_int_equal(request_read(&s, text, HEAD_MAX + blank, HEAD_MAX, BODY_MAX), 431);
    }
}

/* Else a client that sends byte by byte would cost the square of its head. */
static void what_was_read_of_a_head_is_not_read_again(void **state)
{
    const size_t size = (size_t)sysconf(_SC_PAGESIZE);
    const guard pages = guard_before_end(3 * size);
    request r = {0};

    (void)state;
    memset(pages.ptr, 'x', 3 * size);
    memcpy(pages.ptr, LINE, sizeof LINE - 1);
    assert_int_equal(request_read(&r, pages.ptr, 2 * size, 4 * size, 0), 0);
    assert_int_equal(mprotect(pages.ptr + size, size, PROT_NONE), 0);
    assert_int_equal(request_read(&r, pages.ptr, 2 * size + 1, 4 * size, 0), 0);
    assert_int_equal(request_read(&r, pages.ptr, 3 * size, 4 * size, 0), 0);
}

/* Change a text a little. Returns its new length. */
static size_t spoil(char *text, size_t len)
{
    static const char bytes[] = "\r\n\t :,/?*.@[]%-09aGHTP\x80\x7F\x01";
    const size_t at = below(len), to = below(len);

    switch (below(3)) {
    case 0:
        memmove(text + at, text + at + 1, len - at - 1);
        return len - 1;
    case 1:
        memmove(text + at + 1, text + at, len - at);
        text[at] = text[to];
        return len + 1;
    default:
        text[at] = bytes[below(sizeof bytes - 1)];
        return len;
    }
}

static void any_bytes_are_read_alike_in_any_pieces(void **state)
{
    static const char *const heads[] = {
        LINE "Content-Length: 5" END,
        "\r\n\nPOST https://[::1]:80/x?y HTTP/1.1\nhost:b\nConnection: x, close\n\n",
        ("OPTIONS * HTTP/1.0\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue" END),
    };
    size_t sound = 0, i;

    (void)state;
    dice_seed(1);
    for (i = 0; i < 50000; i++) {
        char text[256];
        request all = {0}, grows = {0};
        size_t len, n, changes = below(4);
        int status, now = 0;

        strcpy(text, heads[below(sizeof heads / sizeof heads[0])]);
        for (len = strlen(text); changes > 0; changes--)
            len = spoil(text, len);
        status = read_of(&all, text, len);
        for (n = 0; n < len && now == 0; now = read_of(&grows, text, n))
            n += 1 + below(len - n);
        assert_int_equal(now, status);
        if (status == 200)
            assert_memory_equal(&grows.len, &all.len,
                                offsetof(request, begin_) - offsetof(request, len));
        sound += status == 200;
    }
    assert_in_range(sound, 10000, 40000);
}

static void the_bytes_after_a_head_are_not_its_own(void **state)
{
    static const char text[] = LINE "Content-Length: 4" END "body" LINE "\r\n";
    request first = {0}, second = {0};
    size_t at;

    (void)state;
    assert_int_equal(read_of(&first, text, sizeof text - 1), 200);
    at = first.len + first.body_len;
    assert_int_equal(memcmp(text + at, LINE, sizeof LINE - 1), 0);
    assert_int_equal(read_of(&second, text + at, sizeof text - 1 - at), 200);
    assert_int_equal(at + second.len, sizeof text - 1);
}

static void a_field_is_found_by_its_name(void **state)
{
    const request r = sound(LINE "X-Last-Event-ID: 1\r\nlast-event-id:2 \r\nEmpty:\r\n"
                                 "A: b: c\r\nCookie: d\r\nLast-Event-ID: 3\r\nCookie: e" END);
    sse_str rest = r.fields, value;

    (void)state;
    is(request_field(&r, "Last-Event-ID"), "2");
    is(request_field(&r, "Empty"), "");
    is(request_field(&r, "a"), "b: c");
    is(request_field(&r, "Event-ID"), NULL);
    is(request_field(&r, ""), NULL);
    assert_true(request_next_field(&rest, "cookie", &value));
    is(value, "d");
    assert_true(request_next_field(&rest, "cookie", &value));
    is(value, "e");
    assert_false(request_next_field(&rest, "cookie", &value));
}

static void several_accept_fields_are_one_list(void **state)
{
    static const struct {
        const char *text;
        int accepts;
    } cases[] = {
        {LINE "\r\n", 1},
        {LINE "Accept:" END, 1},
        {LINE "Accept: text/event-stream" END, 1},
        {LINE "Accept: text/html" END, 0},
        {LINE "Accept: text/html\r\nX: y\r\naccept: text/*" END, 1},
        {LINE "Accept:\r\nAccept: text/html" END, 0},
        {LINE "Accept: text/html\r\nAccept: text/plain" END, 0},
        {LINE "Accept: */*\r\nAccept: text/event-stream;q=0" END, 0},
    };
    char text[HEAD_MAX];
    size_t i;

    (void)state;
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const request r = sound(cases[i].text);

        if (request_accepts_stream(&r) != cases[i].accepts) {
            print_error("not %d: %s\n", cases[i].accepts, cases[i].text);
            fail();
        }
    }
    for (i = 960; i < 1040; i++) { /* one field of any length counts as it is */
        request r = {0};

        sprintf(text, LINE "Accept: %*s, text/event-stream" END, (int)i, "text/html");
        assert_int_equal(read_of(&r, text, strlen(text)), 200);
        assert_true(request_accepts_stream(&r));
        sprintf(text, LINE "Accept: %*s\r\nAccept: text/plain" END, (int)i, "a/b;x=\"y\"");
        memset(&r, 0, sizeof r);
        assert_int_equal(read_of(&r, text, strlen(text)), 200);
        assert_false(request_accepts_stream(&r));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_target_is_taken_apart),
        cmocka_unit_test(what_frames_a_message_is_read),
        cmocka_unit_test(harmless_deviations_are_read_as_they_are_meant),
        cmocka_unit_test(what_two_readers_could_see_differently_is_refused),
        cmocka_unit_test(a_nul_is_no_end_of_a_text),
        cmocka_unit_test(what_is_no_request_is_refused_before_its_end),
        cmocka_unit_test(a_head_may_be_as_long_as_it_is_told),
        cmocka_unit_test(what_was_read_of_a_head_is_not_read_again),
        cmocka_unit_test(any_bytes_are_read_alike_in_any_pieces),
        cmocka_unit_test(the_bytes_after_a_head_are_not_its_own),
        cmocka_unit_test(a_field_is_found_by_its_name),
        cmocka_unit_test(several_accept_fields_are_one_list),
    };

    page = guard_before_end(2 * HEAD_MAX);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
