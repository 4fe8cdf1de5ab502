/* test_writer_edges.c - a writer at the ends of what it can be made of. */
#include "sse/writer.h"

#include "block.h"
#include "moves.h"
#include "sink.h"

#include <stdarg.h>
#include <stdint.h>
#include <setjmp.h>
#include <string.h>
#include <cmocka.h>

static void only_chunks_bound_the_size_of_a_writer(void **state)
{
    static size_t memory_of_the_header[SSE_WRITER_WORDS(SSE_WRITER_CAPACITY_MIN)];
    const uint64_t size = (uint64_t)UINT32_MAX + 1;

    (void)state;
    if (size > SIZE_MAX)
        skip();
    /* Init touches the header alone, so that the memory need not be there. */
    assert_non_null(sse_writer_init(memory_of_the_header, (size_t)size, 0));
    assert_null(sse_writer_init(memory_of_the_header, (size_t)size, SSE_WRITER_CHUNKED));
    assert_non_null(sse_writer_init(memory_of_the_header, (size_t)size - 1, SSE_WRITER_CHUNKED));
}

static void all_that_a_new_queue_can_take_is_one_offer(void **state)
{
    static const char bytes[SSE_WRITER_CAPACITY_MIN];
    sse_writer *const w = block_writer(&memory, sizeof bytes, SSE_WRITER_CHUNKED);
    const void *offer;
    size_t len;

    (void)state;
    assert_int_equal(sse_writer_raw(w, bytes, sizeof bytes), SSE_OK);
    assert_int_equal(sse_writer_close(w), SSE_OK);
    assert_int_equal(sse_writer_peek(w, &offer, &len), SSE_OK);
    assert_int_equal(len, sizeof bytes + sizeof "0\r\n\r\n" - 1);
}

/* So that a transport gets all of what comes next in one piece. */
static void an_empty_queue_begins_anew(void **state)
{
    sse_writer *const w = block_writer(&memory, SSE_WRITER_CAPACITY_MIN, 0);
    const void *offer;
    size_t len;

    (void)state;
    assert_int_equal(send_of(w, 40), SSE_OK);
    take(w, 40);
    assert_int_equal(send_of(w, SSE_WRITER_CAPACITY_MIN), SSE_OK);
    assert_int_equal(sse_writer_peek(w, &offer, &len), SSE_OK);
    assert_int_equal(len, SSE_WRITER_CAPACITY_MIN);
}

static void a_sink_that_writes_no_count_has_taken_none_whatever_it_took_before(void **state)
{
    static const sink_step steps[] = {SINK_TAKE(5), {SSE_OK, SINK_SILENT}};
    static sink peer;
    sse_writer *const w = block_writer(&memory, SSE_WRITER_CAPACITY_MIN, 0);

    (void)state;
    sink_start(&peer, steps, 2, SINK_ALL);
    assert_int_equal(send_of(w, 40), SSE_OK);
    assert_int_equal(sse_writer_flush(w, sink_take, &peer), SSE_AGAIN);
    assert_int_equal(sse_writer_pending(w), 35);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_chunks_bound_the_size_of_a_writer),
        writer_test(an_empty_queue_begins_anew),
        writer_test(a_sink_that_writes_no_count_has_taken_none_whatever_it_took_before),
        writer_test(all_that_a_new_queue_can_take_is_one_offer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
