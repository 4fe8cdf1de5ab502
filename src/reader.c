/* SPDX-License-Identifier: MIT */
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

/* Where a run that begins at the event `from` ends at the latest: the room wraps there. */
static uint64_t piece_end(const sse_history *h, uint64_t from, uint64_t until)
{
    return from < h->wrap && until > h->wrap ? h->wrap : until;
}

/* Measure the run that begins at next_: event by event, up to the one that reaches `most`. */
static void measure(const sse_subscriber *s, const sse_history *h, uint64_t until, size_t most,
                    sse_run *run)
{
    const sse_slot *slot = sse_history_slot(h, s->next_);
    const uint64_t end = run->end;

    run->end = s->next_;
    run->len = slot->len - s->at_;
    while (++run->end < end && run->len < most) {
        slot = sse_history_slot(h, run->end);
        if (!shows(s, slot, until))
            break;
        run->len += slot->len;
    }
}

/* Find the event that s gets next. Returns as sse_reader_find. */
static int find_first(sse_subscriber *s, const sse_history *h, uint64_t until)
{
    if (s->next_ >= until) /* whatever was dropped, s did not want it */
        return SSE_AGAIN;
    if (s->next_ < sse_history_oldest(h))
        return s->at_ > 0 ? SSE_E_TORN : SSE_GAP;
    skip_hidden(s, h, until);
    return s->next_ < until ? SSE_OK : SSE_AGAIN;
}

int sse_reader_find(sse_subscriber *s, uint64_t until, size_t most, sse_run *run)
{
    const sse_history *const h = s->channel_->history_;
    const sse_slot *first, *last;
    int status;

    if (until > h->end)
        until = h->end;
    status = find_first(s, h, until);
    if (status != SSE_OK)
        return status;
    first = last = sse_history_slot(h, s->next_);
    run->end = most > 0 ? piece_end(h, s->next_, until) : s->next_ + 1;
    if (sees_all(s))
        last = sse_history_slot(h, run->end - 1);
    run->ptr = sse_history_room(h) + first->at + s->at_;
    run->len = last->at + last->len - first->at - s->at_;
    if (most > 0 && (!sees_all(s) || run->len > most))
        measure(s, h, until, most, run);
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
