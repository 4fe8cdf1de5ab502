/* SPDX-License-Identifier: MIT */
/* The deadlines of a channel's subscribers: a pairing heap, drawn in timers.h. */
#include "timers.h"

#include <stddef.h>

/* Make one heap of two, either of which may be empty. */
static sse_subscriber *meld(sse_subscriber *a, sse_subscriber *b)
{
    sse_subscriber *const low = a == NULL || (b != NULL && b->due_ms_ < a->due_ms_) ? b : a;
    sse_subscriber *const high = low == a ? b : a;

    if (high == NULL)
        return low;
    high->before_ = low;
    high->sibling_ = low->child_;
    if (high->sibling_ != NULL)
        high->sibling_->before_ = high;
    low->child_ = high;
    return low;
}

/* Take the first heap off a row of siblings. */
static sse_subscriber *pop(sse_subscriber **row)
{
    sse_subscriber *const s = *row;

    if (s != NULL) {
        *row = s->sibling_;
        s->sibling_ = NULL;
    }
    return s;
}

/* Make one heap of a row of siblings: in pairs from left to right, then all of these. */
static sse_subscriber *meld_row(sse_subscriber *row)
{
    sse_subscriber *pairs = NULL, *heap = NULL;

    while (row != NULL) {
        sse_subscriber *const first = pop(&row);
        sse_subscriber *const pair = meld(first, pop(&row));

        pair->sibling_ = pairs;
        pairs = pair;
    }
    while (pairs != NULL)
        heap = meld(heap, pop(&pairs));
    return heap;
}

/* Cut s, with what hangs on it, off its siblings and its parent. */
static void unhook(sse_subscriber *s)
{
    if (s->before_->child_ == s)
        s->before_->child_ = s->sibling_;
    else
        s->before_->sibling_ = s->sibling_;
    if (s->sibling_ != NULL)
        s->sibling_->before_ = s->before_;
    s->sibling_ = NULL;
}

void sse_timers_remove(sse_channel *ch, sse_subscriber *s)
{
    sse_subscriber *below;

    if (s->due_ms_ == SSE_NEVER)
        return;
    below = meld_row(s->child_);
    s->child_ = NULL;
    s->due_ms_ = SSE_NEVER;
    if (s == ch->timers_) {
        ch->timers_ = below;
    } else {
        unhook(s);
        ch->timers_ = meld(ch->timers_, below);
    }
}

void sse_timers_advance(sse_channel *ch, sse_subscriber *s, uint64_t due_ms)
{
    if (due_ms >= s->due_ms_)
        return;
    sse_timers_remove(ch, s);
    s->due_ms_ = due_ms;
    ch->timers_ = meld(ch->timers_, s);
}
