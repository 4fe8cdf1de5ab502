/* What the history has for a subscriber, by its filter and its place. */
#include "reader.h"

#include "history_layout.h"

/* Whether s has a tag in its filter, which is an ascending array. */
static int has_tag(const sse_subscriber *s, uint64_t tag)
{
    size_t low = 0, high = s->tags_count_;

    while (low < high) {
        const size_t middle = low + (high - low) / 2;

        if (s->tags_[middle] < tag)
            low = middle + 1;
        else
            high = middle;
    }
    return low < s->tags_count_ && s->tags_[low] == tag;
}

/* Whether s gets an event, of those before `until`. */
static int shows(const sse_subscriber *s, const sse_slot *slot, uint64_t until)
{
    if (s->state_ & SSE_JOIN_COALESCE && slot->newer > 0 && slot->newer < until)
        return 0;
    return s->tags_ == NULL || slot->tag == 0 || has_tag(s, slot->tag);
}

static int sees_all(const sse_subscriber *s)
{
    return s->tags_ == NULL && !(s->state_ & SSE_JOIN_COALESCE);
}

static void skip_hidden(sse_subscriber *s, const sse_history *h, uint64_t until)
{
    if (s->at_ == 0 && !sees_all(s))
        while (s->next_ < until && !shows(s, sse_history_slot(h, s->next_), until))
            s->next_++;
}

/* Where the run that begins at the event `from` ends at the most: the room wraps there. */
static uint64_t piece_end(const sse_history *h, uint64_t from, uint64_t until)
{
    return from < h->wrap && until > h->wrap ? h->wrap : until;
}

/* Make a run of the events from next_ on: of all of them, if that is not too much. */
static int find_all(const sse_subscriber *s, const sse_history *h, size_t most, sse_run *run)
{
    const sse_slot *const last = sse_history_slot(h, run->end - 1);
    const size_t len = last->at + last->len - sse_history_slot(h, s->next_)->at - s->at_;

    if (!sees_all(s) || len > most)
        return 0;
    run->len = len;
    return 1;
}

/* The same, event by event. */
static void find_some(const sse_subscriber *s, const sse_history *h, uint64_t until, size_t most,
                      sse_run *run)
{
    const uint64_t end = run->end;

    run->end = s->next_;
    run->len = 0;
    do {
        run->len += sse_history_slot(h, run->end)->len - (run->end == s->next_ ? s->at_ : 0);
        run->end++;
    } while (run->end < end && run->len < most &&
             shows(s, sse_history_slot(h, run->end), until));
}

int sse_reader_find(sse_subscriber *s, uint64_t until, size_t most, sse_run *run)
{
    const sse_history *const h = s->channel_->history_;

    if (until > h->end)
        until = h->end;
    if (s->next_ >= until) /* whatever was dropped, s did not want it */
        return SSE_AGAIN;
    if (s->next_ < sse_history_first(h))
        return s->at_ > 0 ? SSE_E_TORN : SSE_GAP;
    skip_hidden(s, h, until);
    if (s->next_ >= until)
        return SSE_AGAIN;
    run->ptr = sse_history_room(h) + sse_history_slot(h, s->next_)->at + s->at_;
    run->end = piece_end(h, s->next_, until);
    if (!find_all(s, h, most, run))
        find_some(s, h, until, most, run);
    return SSE_OK;
}

void sse_reader_take(sse_subscriber *s, const sse_run *run, size_t n)
{
    const sse_history *const h = s->channel_->history_;

    if (n == run->len) {
        s->next_ = run->end;
        s->at_ = 0;
        return;
    }
    s->at_ += (uint32_t)n;
    while (s->at_ >= sse_history_slot(h, s->next_)->len)
        s->at_ -= sse_history_slot(h, s->next_++)->len;
}
