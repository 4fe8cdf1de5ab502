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

/* Look at what the log has for s, up to the event `until`. Returns as sse_cursor_peek; SSE_GAP also
 * where a gap event is owed. */
static int look(sse_subscriber *s, uint64_t until, sse_str *run)
{
    size_t count;

    if (s->state_ & SSE_SUB_OWED)
        return SSE_GAP;
    return sse_cursor_look(&s->cursor_, s->channel_->log_, until, run, 1, &count);
}

/* Copy the next event of the log, the first of a run, into the writer. */
static int stage_event(sse_subscriber *s, sse_str run)
{
    const sse_replay *const log = s->channel_->log_;
    int status;

    sse_cursor_consume(&s->cursor_, log, 0);
    status = sse_writer_pass(s->writer_, run.ptr, sse_log_slot(log, s->cursor_.next_)->len);
    if (status == SSE_OK)
        s->cursor_.next_++;
    return status;
}

/* Put what comes next into the writer, if it fits: an event of the log, a gap event, the end. */
static int stage_next(sse_subscriber *s)
{
    sse_str run;
    const int status = look(s, limit(s, 0), &run);

    if (status == SSE_OK)
        return stage_event(s, run);
    if (status == SSE_GAP && is_told(s)) {
        if (has_queued(s))
            return SSE_AGAIN;
        sse_subscriber_tell_gap(s);
        return SSE_OK;
    }
    if (status == SSE_AGAIN && s->state_ & SSE_SUB_CLOSING)
        sse_subscriber_part(s);
    return status;
}

int sse_subscriber_stage(sse_subscriber *s)
{
    int status;

    do {
        status = stage_next(s);
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

/* Offer what goes first. SSE_END: nothing does, and the writer is closed. */
static int offer_first(const sse_subscriber *s, const void **bytes, size_t *len)
{
    const int status = sse_writer_peek(s->writer_, bytes, len);

    if (*len > s->first_)
        *len = s->first_;
    return status;
}

/* All was taken: offer the end, where s is closing. */
static int offer_last(sse_subscriber *s, const void **bytes, size_t *len)
{
    if (!(s->state_ & SSE_SUB_CLOSING))
        return SSE_AGAIN;
    sse_subscriber_part(s);
    s->first_ = sse_writer_pending(s->writer_);
    return offer_first(s, bytes, len);
}

static int offer_direct(sse_subscriber *s, const void **bytes, size_t *len)
{
    while (s->first_ == 0) {
        const int waits = has_queued(s);
        sse_str run;
        const int status = look(s, limit(s, waits), &run);

        if (status == SSE_OK) {
            *bytes = run.ptr;
            *len = run.len;
            return SSE_OK;
        }
        if (status == SSE_GAP ? !is_told(s) : status != SSE_AGAIN)
            return status;
        if (waits)
            s->first_ = sse_writer_pending(s->writer_);
        else if (status == SSE_GAP)
            sse_subscriber_tell_gap(s);
        else
            return offer_last(s, bytes, len);
    }
    return offer_first(s, bytes, len);
}

int sse_subscriber_offer(sse_subscriber *s, const void **bytes, size_t *len)
{
    return s->state_ & SSE_STAGED ? offer_staged(s, bytes, len) : offer_direct(s, bytes, len);
}
