/* test_channel_copy.c - fan-out copies nothing: every subscriber is offered the same bytes, at the
 * same address, in the memory of the log. memcpy and memmove are counted by functions of the same
 * names in this program, which stand in for those of the C library. */
#include "fanout.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum { COUNT = 20, EVENTS = 10, LARGE = 300 };

static size_t copied;

/* A volatile pointer, or a compiler may make a call of memcpy out of the loop. */
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

static hall h;
static client all[COUNT];

static void begin(uint32_t framing, uint32_t flags)
{
    static char text[LARGE + 1];
    int i;

    memset(all, 0, sizeof all);
    memset(text, 'x', LARGE);
    hall_open(&h, EVENTS, 8000, framing, 0);
    for (i = 0; i < COUNT; i++) {
        all[i].flags = flags;
        client_join(&all[i], &h, NULL);
    }
    for (i = 0; i < EVENTS; i++)
        say(&h, text);
}

static void end(void)
{
    int i;

    for (i = 0; i < COUNT; i++)
        client_end(&all[i]);
    hall_close(&h);
}

static void the_offer_lies_in_the_log(void **state)
{
    void *(*const volatile call)(void *, const void *, size_t) = memcpy;
    char from[2] = "x", to[2];
    uint32_t framing;
    int i;

    (void)state;
    copied = 0;
    call(to, from, sizeof to);
    assert_string_equal(to, "x");
    assert_int_equal(copied, sizeof to); /* copies are counted */
    for (framing = 0; framing <= SSE_CHUNKED; framing++) {
        const void *first = NULL;
        size_t len, first_len = 0;

        begin(framing, 0);
        copied = 0;
        for (i = 0; i < COUNT; i++) {
            const void *bytes;

            assert_int_equal(sse_subscriber_peek(all[i].s, &bytes, &len), SSE_OK);
            if (i == 0) {
                first = bytes;
                first_len = len;
            }
            assert_ptr_equal(bytes, first);
            assert_int_equal(len, first_len);
            assert_true(len > EVENTS * LARGE); /* all at once */
            assert_in_range((uintptr_t)bytes, (uintptr_t)h.memory, (uintptr_t)h.memory + h.room);
            assert_int_equal(sse_subscriber_consume(all[i].s, len), SSE_OK);
            assert_int_equal(sse_subscriber_peek(all[i].s, &bytes, &len), SSE_AGAIN);
        }
        assert_int_equal(copied, 0);
        end();
    }
}

static size_t sunk;

static int swallow(void *user, const void *bytes, size_t len, size_t *taken)
{
    (void)user;
    assert_in_range((uintptr_t)bytes, (uintptr_t)h.memory, (uintptr_t)h.memory + h.room);
    *taken = len;
    sunk += len;
    return SSE_OK;
}

static void pushing_copies_nothing_either(void **state)
{
    size_t words[COUNT][SSE_WRITER_WORDS(SSE_SUBSCRIBER_QUEUE_MIN)];
    sse_subscriber subscribers[COUNT];
    sse_counters now;
    sse_join how;
    int i;

    (void)state;
    memset(&how, 0, sizeof how);
    hall_open(&h, EVENTS, 8000, 0, 0);
    how.sink = swallow;
    for (i = 0; i < COUNT; i++) {
        how.writer = sse_writer_init(words[i], sizeof words[i], 0);
        assert_int_equal(sse_channel_join(&h.ch, &subscribers[i], &how, NULL, 0), SSE_OK);
    }
    say(&h, "one");
    say(&h, "two");
    copied = 0;
    sunk = 0;
    assert_int_equal(sse_channel_flush(&h.ch), SSE_OK);
    assert_int_equal(copied, 0);
    assert_int_equal(sse_channel_counters(&h.ch, &now), SSE_OK);
    assert_int_equal(sunk, COUNT * now.bytes);
    assert_int_equal(now.delivered, sunk);
    hall_close(&h);
}

static void staged_each_byte_is_copied_once(void **state)
{
    const void *bytes;
    size_t len;

    (void)state;
#ifdef __OPTIMIZE_SIZE__
    skip(); /* the compiler copies in place: memcpy is not called, and so not counted */
#endif
    begin(0, SSE_STAGED);
    copied = 0;
    assert_int_equal(sse_subscriber_peek(all[0].s, &bytes, &len), SSE_OK);
    assert_in_range(copied, len, CLIENT_QUEUE);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_offer_lies_in_the_log),
        cmocka_unit_test(pushing_copies_nothing_either),
        cmocka_unit_test(staged_each_byte_is_copied_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
