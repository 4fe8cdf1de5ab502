/* The crowd: of many subscribers most are alike. They get all events, have taken everything, and
 * have nothing else to get, so that what one gets in a flush the next one gets, too. Each is looked
 * at once when it is woken and once when it is flushed, and nothing is looked for. Whoever is not
 * like that, or becomes so while the sink is called, is served alone. */
#include "fanout.h"

#include <string.h>

/* What the crowd gets: the events from `from` up to `until`, the end of the log, or of its memory:
 * then the others follow one by one. */
typedef struct serving {
    uint64_t from, until;
    uint64_t count; /* of the events of the log: another one shows that it has dropped some */
    sse_str run;
} serving;

/* The flags but for those that make no difference here. */
static uint32_t mood(const sse_subscriber *s)
{
    return s->state_ & ~(SSE_SKIP | SSE_FROM_LOG);
}

/* Whether all that s gets is the events of the log from its cursor on. */
static int is_in_crowd(const sse_subscriber *s)
{
    return mood(s) == SSE_SUB_PLAIN &&
           (s->first_ | s->writer_->used | s->cursor_.at_ | s->cursor_.offer_) == 0;
}

/* Whether that is all there is, still. */
static int is_all(const serving *v, const sse_replay *log)
{
    return v->until == log->end && v->count == log->count;
}

/* Find what those get whose cursor is where that of s is: nothing, all zero, where s is not in the
 * crowd. */
static serving serving_of(const sse_subscriber *s)
{
    const sse_replay *const log = s->channel_->log_;
    serving v = {0};
    sse_cursor c = s->cursor_;
    size_t count;

    if (is_in_crowd(s) && sse_cursor_look(&c, log, UINT64_MAX, &v.run, 1, &count) == SSE_OK) {
        v.from = c.next_;
        v.until = c.until_;
        v.count = log->count;
    }
    return v;
}

/* Flush one of the crowd. */
static void serve(sse_subscriber *s, const serving *v)
{
    sse_channel *const ch = s->channel_;
    size_t taken = 0;
    int sunk;

    sse_list_move(&ch->lists_[SSE_BLOCKED], s);
    s->state_ |= SSE_SUB_BUSY;
    s->cursor_.offer_ = v->run.len;
    s->cursor_.until_ = v->until;
    sunk = s->sink_(s->cursor_.user_, v->run.ptr, v->run.len, &taken);
    if (sunk != SSE_OK || taken != v->run.len || !is_all(v, ch->log_) || s->writer_->used > 0 ||
        mood(s) != (SSE_SUB_PLAIN | SSE_SUB_BUSY)) {
        sse_subscriber_heed(s, sunk, v->run.len, taken);
        return;
    }
    s->cursor_.next_ = v->until;
    s->cursor_.offer_ = 0;
    s->state_ ^= SSE_SUB_BUSY;
    ch->counters_.delivered += taken;
    sse_subscriber_rest(s);
}

void sse_crowd_wake(sse_channel *ch, sse_link *waking, sse_published *result)
{
    sse_link *link;
    uint32_t woken = 0;

    for (link = waking->next_; link != waking; link = link->next_, woken++) {
        sse_subscriber *const s = (sse_subscriber *)(void *)link;

        if (mood(s) != (SSE_SUB_PLAIN | SSE_SUB_DRAINED))
            break;
        s->state_ ^= SSE_SUB_DRAINED;
        sse_subscriber_owe(s);
    }
    sse_list_move_front(&ch->lists_[SSE_READY], waking, link);
    ch->counters_.woken += woken;
    result->woken += woken;
    result->waiting -= woken;
}

/* see sse/channel.h */
int sse_channel_flush(sse_channel *ch)
{
    serving v = {0};
    sse_link *flushing;

    if (!sse_channel_is(ch))
        return SSE_E_ARG;
    flushing = &ch->lists_[SSE_FLUSHING];
    sse_list_splice(flushing, &ch->lists_[SSE_READY]);
    while (!sse_list_is_empty(flushing)) {
        sse_subscriber *const s = sse_list_next(flushing);

        if (s->cursor_.next_ != v.from || !is_all(&v, ch->log_))
            v = serving_of(s);
        if (s->cursor_.next_ == v.from && is_in_crowd(s))
            serve(s, &v);
        else
            sse_subscriber_flush(s);
    }
    return SSE_OK;
}
