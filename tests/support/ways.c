/* SPDX-License-Identifier: MIT */
#include "ways.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

way *const ways[WAYS] = {push, push_once, push_refused, pull, pull_anew, copy};

int push(sse_writer *w, sink *peer, size_t step)
{
    peer->rest.status = SSE_OK;
    peer->rest.taken = step;
    return sse_writer_flush(w, sink_take, peer);
}

int push_once(sse_writer *w, sink *peer, size_t step)
{
    peer->rest.status = SSE_AGAIN;
    peer->rest.taken = step;
    return sse_writer_flush(w, sink_take, peer);
}

int push_refused(sse_writer *w, sink *peer, size_t step)
{
    int status = push(w, peer, 0);

    if (status != SSE_AGAIN)
        return status;
    assert_int_equal(push_once(w, peer, 0), SSE_AGAIN);
    return push_once(w, peer, step);
}

int pull(sse_writer *w, sink *peer, size_t step)
{
    const void *bytes;
    size_t len, taken;
    int status = sse_writer_peek(w, &bytes, &len);

    if (status != SSE_OK)
        return status;
    peer->rest.status = SSE_OK;
    peer->rest.taken = step;
    sink_take(peer, bytes, len, &taken);
    return sse_writer_consume(w, taken);
}

int pull_anew(sse_writer *w, sink *peer, size_t step)
{
    const void *first, *again;
    size_t first_len, again_len;
    int status = sse_writer_peek(w, &first, &first_len);

    if (status != SSE_OK)
        return status;
    assert_int_equal(sse_writer_peek(w, &again, &again_len), SSE_OK);
    assert_ptr_equal(again, first);
    assert_int_equal(again_len, first_len);
    assert_int_equal(sse_writer_consume(w, 0), SSE_OK);
    return pull(w, peer, step);
}

int copy(sse_writer *w, sink *peer, size_t step)
{
    char bytes[4096];
    size_t len, taken;
    int status = sse_writer_read(w, bytes, step < sizeof bytes ? step : sizeof bytes, &len);

    if (status != SSE_OK)
        return status;
    peer->rest.status = SSE_OK;
    peer->rest.taken = SINK_ALL;
    sink_take(peer, bytes, len, &taken);
    return status;
}
