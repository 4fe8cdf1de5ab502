/* SPDX-License-Identifier: MIT */
#include "sequence_moves.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

int wire_next(const wire *m)
{
    if (m->failed)
        return SSE_E_IO;
    return m->len > m->taken ? SSE_OK : m->closed ? SSE_END : SSE_AGAIN;
}

int wire_peek(wire *m, sse_writer *w)
{
    const int want = wire_next(m);
    const void *bytes = w;
    size_t len = 99;

    assert_int_equal(sse_writer_peek(w, &bytes, &len), want);
    if (want == SSE_OK) {
        wire_offered(m, bytes, len);
    } else {
        assert_null(bytes);
        assert_int_equal(len, 0);
    }
    return want != SSE_OK;
}

int wire_consume(wire *m, sse_writer *w, size_t n)
{
    const int want = m->failed ? SSE_E_IO : n > m->offer_len ? SSE_E_ARG : SSE_OK;

    assert_int_equal(sse_writer_consume(w, n), want);
    if (want == SSE_OK)
        wire_took(m, n);
    return want != SSE_OK;
}

int wire_read(wire *m, sse_writer *w, size_t cap)
{
    const int want = wire_next(m);
    const size_t out = m->offer_len;
    char bytes[WIRE_MAX];
    size_t len = 99;

    assert_true(cap <= sizeof bytes);
    assert_int_equal(sse_writer_read(w, bytes, cap, &len), want);
    if (want != SSE_OK) {
        assert_int_equal(len, 0);
        return 1;
    }
    assert_in_range(len, 1, cap);
    if (out > 0)
        assert_int_equal(len, out < cap ? out : cap);
    m->offer_len = 0;
    wire_offered(m, bytes, len);
    wire_took(m, len);
    return 0;
}

/* The sink of the flush that runs. */
static struct {
    wire *model;
    sse_writer *w;
    wire_step first, rest;
    int (*during)(void);
    int calls;
    int result; /* what the flush returns for it; SSE_OK: it has not stopped it yet */
} peer;

static int sink(void *user, const void *bytes, size_t len, size_t *taken)
{
    const wire_step step = peer.calls > 0 ? peer.rest : peer.first;
    const void *inner = bytes;
    size_t n = 99;

    assert_ptr_equal(user, &peer);
    assert_int_equal(peer.result, SSE_OK);
    wire_offered(peer.model, bytes, len);
    assert_int_equal(sse_writer_peek(peer.w, &inner, &n), SSE_E_STATE);
    assert_int_equal(sse_writer_consume(peer.w, 0), SSE_E_STATE);
    assert_int_equal(sse_writer_consume(peer.w, 1), SSE_E_STATE);
    assert_int_equal(sse_writer_read(peer.w, &n, sizeof n, &n), SSE_E_STATE);
    assert_int_equal(sse_writer_flush(peer.w, sink, NULL), SSE_E_STATE);
    if (peer.calls++ == 0 && peer.during)
        peer.during();
    *taken = step.taken == TAKE_OVER ? len + 1 : step.taken < len ? step.taken : len;
    if (step.status < SSE_OK || *taken > len) {
        peer.model->failed = 1;
        peer.result = SSE_E_IO;
    } else {
        if (step.status == SSE_AGAIN || *taken == 0)
            peer.result = SSE_AGAIN;
        if (*taken > 0)
            wire_took(peer.model, *taken);
    }
    return step.status;
}

int wire_flush(wire *m, sse_writer *w, wire_step first, wire_step rest, int (*during)(void))
{
    const int before = wire_next(m);
    int status;

    peer.model = m;
    peer.w = w;
    peer.first = first;
    peer.rest = rest;
    peer.during = during;
    peer.calls = 0;
    peer.result = SSE_OK;
    status = sse_writer_flush(w, sink, &peer);
    if (peer.result == SSE_OK && wire_next(m) != SSE_AGAIN)
        peer.result = wire_next(m);
    assert_int_equal(status, peer.result);
    assert_int_equal(peer.calls > 0, before == SSE_OK);
    return before != SSE_OK;
}
