#include "sequence_channel.h"

#include <stdarg.h>
#include <setjmp.h>
#include <string.h>
#include <cmocka.h>

enum { GONE = 0xEE };

struct seq_it seq_it;
struct seq_model seq_model;
struct seq_kind seq_kind;
struct seq_call seq_call;

sse_replay *seq_log(void)
{
    return (sse_replay *)(void *)seq_it.log;
}

heard seq_hear(void)
{
    return hear(&seq_model.due, seq_model.due.len, sse_replay_first(seq_log()));
}

int seq_has_more(void)
{
    const heard h = seq_hear();

    return is_owed(&seq_model.due, &h);
}

/* Bytes that the client has, or is offered. */
static void listen(const void *bytes, size_t len, size_t taken)
{
    assert_true(seq_model.joined && len > 0 && taken <= len);
    assert_true(len <= sizeof seq_model.due.bytes - seq_model.due.len);
    memcpy(seq_model.due.bytes + seq_model.due.len, bytes, len);
    hear(&seq_model.due, seq_model.due.len + len, sse_replay_first(seq_log()));
    memset(seq_model.due.bytes + seq_model.due.len + taken, 0, len - taken);
    seq_model.due.len += taken;
}

void seq_on_wake(void *user, sse_subscriber *s)
{
    assert_ptr_equal(user, &seq_call);
    assert_ptr_equal(s, &seq_it.s);
    assert_true(seq_model.joined && seq_model.asleep);
    seq_model.asleep = 0;
    seq_model.ready = seq_kind.pushes;
    seq_call.wakes++;
}

void seq_on_close(void *user, sse_subscriber *s, int reason)
{
    assert_ptr_equal(user, &seq_call);
    assert_ptr_equal(s, &seq_it.s);
    assert_int_equal(seq_call.closes, 0);
    seq_call.closes++;
    seq_call.reason = reason;
    memset(&seq_it.s, GONE, sizeof seq_it.s);
    memset(seq_it.writer, GONE, sizeof seq_it.writer);
}

int seq_sink(void *user, const void *bytes, size_t len, size_t *taken)
{
    const void *inner;
    size_t n;

    assert_ptr_equal(user, &seq_call);
    assert_int_equal(seq_call.closes, 0);
    assert_int_equal(seq_call.blocked, 0);
    assert_int_equal(sse_subscriber_peek(&seq_it.s, &inner, &n), SSE_E_STATE);
    assert_int_equal(sse_subscriber_consume(&seq_it.s, 0), SSE_E_STATE);
    assert_int_equal(sse_subscriber_read(&seq_it.s, &n, sizeof n, &n), SSE_E_STATE);
    assert_int_equal(sse_subscriber_flush(&seq_it.s), SSE_E_STATE);
    if (seq_model.offer_len > 0) {
        assert_ptr_equal(bytes, seq_model.offer);
        assert_int_equal(len, seq_model.offer_len);
        seq_model.offer_len = 0;
    }
    if (seq_call.during && seq_call.sunk == 0)
        assert_int_equal(seq_call.during(&seq_it.s), SSE_OK);
    seq_call.sunk++;
    *taken = len < seq_call.budget ? len : seq_call.budget;
    listen(bytes, len, seq_call.status < SSE_OK ? 0 : *taken);
    seq_call.budget -= *taken;
    seq_call.blocked = seq_call.status != SSE_OK || *taken == 0;
    if (*taken == 0 && seq_kind.flags & SSE_STAGED) { /* for a transport that minds */
        seq_model.offer = bytes;
        seq_model.offer_len = len;
    }
    return seq_call.status;
}

/* Whether an event that comes next was lost. */
int seq_has_lost(const heard *h)
{
    const uint64_t first = sse_replay_first(seq_log());

    return h->next < seq_model.due.end && (h->next == 0 || h->next < first);
}

/* Whether it has a part of one that was lost. */
static int is_torn(const heard *h)
{
    return h->cut > 0 && h->cut < sse_replay_first(seq_log());
}

/* Demand of a subscriber that was closed in this call that there was a reason. */
static void check_reason(int left)
{
    const heard h = seq_hear();
    static char gone[sizeof seq_it.s + sizeof seq_it.writer];

    switch (seq_call.reason) {
    case SSE_OK:
        assert_true(left);
        break;
    case SSE_END:
        assert_true(seq_model.due.closing && !is_owed(&seq_model.due, &h));
        break;
    case SSE_GAP:
        assert_true(!(seq_kind.flags & SSE_SKIP) && seq_has_lost(&h));
        break;
    case SSE_E_TORN:
        assert_true(is_torn(&h) || (seq_model.offer_len > 0 && seq_has_lost(&h)));
        break;
    default:
        assert_int_equal(seq_call.reason, SSE_E_IO);
        assert_true(seq_call.status < SSE_OK && seq_call.sunk > 0);
    }
    memset(gone, GONE, sizeof gone);
    assert_memory_equal(&seq_it.s, gone, sizeof seq_it.s); /* it is the caller's now */
    assert_memory_equal(seq_it.writer, gone, sizeof seq_it.writer);
}

/* Go ahead with a seq_call. */
void seq_before(void)
{
    memset(&seq_call, 0, sizeof seq_call);
}

/* Look at what has happened in seq_it. left: it was to leave. Returns whether it was refused. */
int seq_after(int status, int left)
{
    if (seq_call.closes > 0) {
        assert_true(seq_model.joined);
        check_reason(left);
        memset(&seq_it.s, 0, sizeof seq_it.s);
        memset(seq_it.writer, 0, sizeof seq_it.writer);
        memset(&seq_model.due, 0, sizeof seq_model.due);
        seq_model.joined = seq_model.asleep = seq_model.ready = 0;
        seq_model.offer_len = 0;
    } else if (seq_model.joined && seq_model.asleep) {
        assert_false(seq_has_more());
    }
    return status < SSE_OK && seq_call.closes == 0;
}

int seq_close(sse_subscriber *s)
{
    const int status = sse_subscriber_close(s);

    if (status == SSE_OK)
        seq_model.due.closing = 1;
    return status;
}

/* Demand that a call of the transport returned what there is. Returns as after. */
static int moved(int status, int had_more)
{
    if (seq_call.closes > 0)
        assert_int_equal(status, seq_call.reason);
    else if (!seq_model.joined)
        assert_int_equal(status, SSE_E_ARG);
    else
        assert_int_equal(status, had_more ? SSE_OK : SSE_AGAIN);
    if (status == SSE_AGAIN)
        seq_model.asleep = 1;
    return seq_after(status, 0);
}

int seq_peek(void)
{
    const int had_more = seq_model.joined && seq_has_more();
    const void *bytes = &seq_it;
    size_t len = 99;
    int status;

    seq_before();
    status = sse_subscriber_peek(&seq_it.s, &bytes, &len);
    assert_true(status == SSE_OK ? len > 0 : bytes == NULL && len == 0);
    if (status == SSE_OK) {
        if (seq_model.offer_len > 0) {
            assert_ptr_equal(bytes, seq_model.offer);
            assert_int_equal(len, seq_model.offer_len);
            assert_memory_equal(bytes, seq_model.offered, len);
        }
        listen(bytes, len, 0);
        seq_model.offer = bytes;
        seq_model.offer_len = len;
        memcpy(seq_model.offered, bytes, len);
    }
    return moved(status, had_more);
}

int seq_consume(size_t n)
{
    int same, status;

    seq_before();
    same = seq_model.offer_len == 0 || memcmp(seq_model.offer, seq_model.offered, n) == 0;
    status = sse_subscriber_consume(&seq_it.s, n);
    if (seq_call.closes > 0)
        assert_int_equal(status, seq_call.reason);
    else
        assert_int_equal(status, seq_model.joined ? SSE_OK : SSE_E_ARG);
    if (status == SSE_OK) {
        assert_true(same);
        if (n > 0)
            listen(seq_model.offered, n, n);
        seq_model.offer_len = 0;
    }
    return seq_after(status, 0);
}

int seq_read(size_t cap)
{
    const int had_more = seq_model.joined && seq_has_more();
    size_t len = 99;
    char bytes[CLIENT_STREAM];
    int status;

    assert_in_range(cap, 1, sizeof bytes);
    seq_before();
    status = sse_subscriber_read(&seq_it.s, bytes, cap, &len);
    assert_true(status == SSE_OK ? len > 0 && len <= cap : len == 0);
    if (status == SSE_OK) {
        if (seq_model.offer_len > 0)
            assert_int_equal(len, seq_model.offer_len < cap ? seq_model.offer_len : cap);
        listen(bytes, len, len);
        seq_model.offer_len = 0;
    }
    return moved(status, had_more);
}

int seq_read_all(void)
{
    char bytes[CLIENT_STREAM];
    size_t len = 99;
    int status;

    seq_before();
    while ((status = sse_subscriber_read(&seq_it.s, bytes, sizeof bytes, &len)) == SSE_OK) {
        listen(bytes, len, len);
        seq_model.offer_len = 0;
    }
    assert_int_equal(len, 0);
    return moved(status, 0);
}

/* Let the sink take so much in all, and return this status. */
int seq_flush(size_t budget, int sink_status, int (*during)(sse_subscriber *s))
{
    int status;

    seq_before();
    seq_call.budget = budget;
    seq_call.status = sink_status;
    seq_call.during = during;
    status = sse_subscriber_flush(&seq_it.s);
    seq_model.ready = 0;
    if (seq_call.closes > 0)
        assert_int_equal(status, seq_call.reason == SSE_OK ? SSE_END : seq_call.reason);
    else if (!seq_model.joined)
        assert_int_equal(status, SSE_E_ARG);
    else
        assert_int_equal(status, seq_call.blocked ? SSE_AGAIN : SSE_OK);
    seq_model.asleep = seq_model.joined && status == SSE_OK;
    return seq_after(status, during == sse_subscriber_leave && seq_call.sunk > 0);
}
