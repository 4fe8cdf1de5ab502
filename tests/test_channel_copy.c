/* SPDX-License-Identifier: MIT */
/* test_channel_copy.c - what fan-out copies: nothing with flush, each byte once with read and with
 * peek. memcpy and memmove are counted by functions of the same names in this program, which stand
 * in for those of the C library. */
#include "sse/sse.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum { COUNT = 20, EVENTS = 10, LARGE = 300, QUEUE = 1024 };

static size_t copied;

/* Volatile pointers, or a compiler may make a call of memcpy out of the loop. */
static void *copy(void *dst, const void *src, size_t len)
{
    volatile unsigned char *const to = dst;
    const volatile unsigned char *const from = src;
    size_t i;

    copied += len;
    if ((uintptr_t)dst <= (uintptr_t)src)
        for (i = 0; i < len; i++)
            to[i] = from[i];
    else
        for (i = len; i-- > 0;)
            to[i] = from[i];
    return dst;
}

void *memcpy(void *dst, const void *src, size_t len)
{
    return copy(dst, src, len);
}

void *memmove(void *dst, const void *src, size_t len)
{
    return copy(dst, src, len);
}

/* Where the compiler copies in place, or calls a sanitizer's own functions, nothing is counted. */
static void skip_if_not_counted(void)
{
    if (copied == 0)
        skip();
}

static uint64_t memory[SSE_HISTORY_WORDS(EVENTS, 8000)];
static sse_channel ch;
static sse_subscriber all[COUNT];
static size_t queues[COUNT][SSE_WRITER_WORDS(QUEUE)];

static int is_in(const void *at, const void *block, size_t size)
{
    return (uintptr_t)at >= (uintptr_t)block && (uintptr_t)at < (uintptr_t)block + size;
}

/* Let all join, and publish. */
static void begin(uint32_t framing)
{
    static char text[LARGE];
    const sse_event ev = {.data = {memset(text, 'x', LARGE), LARGE}};
    const uint32_t flags = framing ? SSE_HISTORY_CHUNKED : 0;
    sse_history *const h = sse_history_init(memory, sizeof memory, EVENTS, flags, 0, NULL, 0);
    int i;

    assert_int_equal(sse_channel_init(&ch, h, 0, 0, 0), SSE_OK);
    memset(all, 0, sizeof all);
    for (i = 0; i < COUNT; i++) {
        sse_writer *const w =
            sse_writer_init(queues[i], sizeof queues[i], framing ? SSE_WRITER_CHUNKED : 0);

        assert_int_equal(sse_subscriber_join(&all[i], &ch, w, &all[i], 0, NULL, 0, NULL, 0),
                         SSE_OK);
    }
    for (i = 0; i < EVENTS; i++)
        assert_int_equal(sse_channel_publish(&ch, &ev, 0, 0), SSE_OK);
    copied = 0;
}

static void copies_are_counted(void **state)
{
    void *(*const volatile call)(void *, const void *, size_t) = memcpy;
    char from[2] = "x", to[2];

    (void)state;
    copied = 0;
    call(to, from, sizeof to);
    assert_string_equal(to, "x");
    assert_int_equal(copied, sizeof to);
}

static size_t sunk;

static int swallow(void *user, const void *bytes, size_t len, size_t *taken)
{
    (void)user;
    assert_true(is_in(bytes, memory, sizeof memory));
    *taken = len;
    sunk += len;
    return SSE_OK;
}

/* All at once: every subscriber is given the same bytes, where they lie in the history. */
static void flush_copies_nothing(void **state)
{
    uint32_t framing;

    (void)state;
    for (framing = 0; framing < 2; framing++) {
        begin(framing);
        sunk = 0;
        assert_null(sse_channel_flush(&ch, swallow));
        assert_int_equal(copied, 0);
        assert_true(sunk > (size_t)COUNT * EVENTS * LARGE);
        assert_int_equal(sse_channel_count(&ch, SSE_COUNT_BYTES), sunk);
    }
}

static size_t room;

/* A sink that takes what a socket may: less than an event at a time. */
static int sip(void *user, const void *bytes, size_t len, size_t *taken)
{
    (void)user;
    (void)bytes;
    *taken = len < room ? len : room;
    room -= *taken;
    return SSE_OK;
}

static void a_sink_that_stops_inside_of_an_event_has_the_rest_copied(void **state)
{
    (void)state;
    begin(0);
    room = LARGE / 2;
    assert_int_equal(sse_subscriber_flush(&all[0], sip), SSE_AGAIN);
    skip_if_not_counted();
    assert_in_range(copied, LARGE / 2, LARGE / 2 + 16);
    room = SIZE_MAX;
    copied = 0;
    assert_int_equal(sse_subscriber_flush(&all[0], sip), SSE_OK);
    assert_int_equal(copied, 0);
}

static void read_and_peek_copy_each_byte_once(void **state)
{
    char dst[8000];
    const void *bytes;
    size_t len, sum = 0;

    (void)state;
    begin(0);
    assert_int_equal(sse_subscriber_read(&all[0], dst, sizeof dst, &len), SSE_OK);
    assert_true(len > (size_t)EVENTS * LARGE);
    skip_if_not_counted();
    assert_int_equal(copied, len);
    copied = 0;
    while (sse_subscriber_peek(&all[1], &bytes, &len) == SSE_OK) {
        assert_true(is_in(bytes, queues[1], sizeof queues[1]));
        assert_int_equal(sse_subscriber_consume(&all[1], len), SSE_OK);
        sum += len;
    }
    assert_int_equal(sum, (size_t)EVENTS * (LARGE + 8));
    assert_int_equal(copied, sum);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(copies_are_counted),
        cmocka_unit_test(flush_copies_nothing),
        cmocka_unit_test(a_sink_that_stops_inside_of_an_event_has_the_rest_copied),
        cmocka_unit_test(read_and_peek_copy_each_byte_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
