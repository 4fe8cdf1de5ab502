/* What a subscriber's transport gets next: bytes of the log, or of its writer.
 *
 * Straight from the log, two sources take turns. What must not wait is in the first_ bytes of the
 * writer: the response head, a gap event, the rest of an event. The turn of the others comes when
 * the cursor has come to turn_, where the log ended when something was queued last; from then on
 * they are first, so that nothing gets between them.
 *
 *     log     | 17 | 18 | 19 | 20 |
 *                         ^turn_              head, 17, 18, private, 19, 20
 *     writer  | head | private |
 *             |first_|
 *
 * Staged, there is one source: events of the log are copied into the writer in their order. */
#include "fanout.h"

static int has_queued(const sse_subscriber *s)
{
    return sse_writer_pending(s->writer_) > 0;
}

/* The number up to which the log may be read. */
static uint64_t limit(const sse_subscriber *s, int waits)
{
    return waits || s->state_ & SSE_SUB_CLOSING ? s->turn_ : UINT64_MAX;
}

/* Whether a gap event comes next, instead of the end for being too slow. */
static int is_told(const sse_subscriber *s)
{
    return (s->state_ & (SSE_SKIP | SSE_SUB_OWED)) != 0;
}

/* Copy the next event of the log into the writer. */
static int stage_event(sse_subscriber *s)
{
    const sse_replay *const log = s->channel_->log_;
    sse_str run;
    size_t count;
    int status = s->state_ & SSE_SUB_OWED
                     ? SSE_GAP
                     : sse_cursor_look(&s->cursor_, log, limit(s, 0), &run, 1, &count);

    if (status == SSE_GAP && is_told(s)) {
        if (has_queued(s))
            return SSE_AGAIN;
        sse_subscriber_tell_gap(s);
        return SSE_OK;
    }
    if (status == SSE_OK) {
        run.len = sse_log_slot(log, s->cursor_.next_)->len;
        sse_cursor_consume(&s->cursor_, log, 0);
        status = sse_writer_pass(s->writer_, run.ptr, run.len);
        if (status == SSE_OK)
            s->cursor_.next_++;
    } else if (status == SSE_AGAIN && s->state_ & SSE_SUB_CLOSING &&
               sse_subscriber_part(s) == SSE_OK) {
        sse_writer_close(s->writer_);
    }
    return status;
}

int sse_subscriber_stage(sse_subscriber *s)
{
    int status;

    do {
        status = stage_event(s);
    } while (status == SSE_OK);
    return status == SSE_AGAIN ? SSE_OK : status;
}

static int offer_staged(sse_subscriber *s, const void **bytes, size_t *len)
{
    const int status = sse_subscriber_stage(s);

    if (status != SSE_OK && !has_queued(s))
        return status;
    return sse_writer_peek(s->writer_, bytes, len);
}

/* Offer what goes first. */
static int offer_first(const sse_subscriber *s, const void **bytes, size_t *len)
{
    const int status = sse_writer_peek(s->writer_, bytes, len);

    if (*len > s->first_)
        *len = s->first_;
    return status;
}

static int offer_direct(sse_subscriber *s, const void **bytes, size_t *len)
{
    for (;;) {
        const int waits = has_queued(s);
        size_t count;
        sse_str run;
        int status;

        if (s->first_ > 0)
            return offer_first(s, bytes, len);
        status = s->state_ & SSE_SUB_OWED ? SSE_GAP
                                          : sse_cursor_look(&s->cursor_, s->channel_->log_,
                                                            limit(s, waits), &run, 1, &count);
        if (status == SSE_OK) {
            *bytes = run.ptr;
            *len = run.len;
            return SSE_OK;
        }
        if (status == SSE_GAP ? !is_told(s) : status != SSE_AGAIN)
            return status;
        if (waits) {
            s->first_ = sse_writer_pending(s->writer_);
        } else if (status == SSE_GAP) {
            sse_subscriber_tell_gap(s);
        } else if (s->state_ & SSE_SUB_CLOSING) {
            sse_subscriber_part(s);
            sse_writer_close(s->writer_);
            s->first_ = sse_writer_pending(s->writer_);
            if (s->first_ == 0)
                return SSE_END;
        } else {
            return SSE_AGAIN;
        }
    }
}

int sse_subscriber_offer(sse_subscriber *s, const void **bytes, size_t *len)
{
    return s->state_ & SSE_STAGED ? offer_staged(s, bytes, len) : offer_direct(s, bytes, len);
}
