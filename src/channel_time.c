/* The channel: what time brings. Heartbeats, the pace of subscribers, the farewells of a drain. */
#include "fanout.h"
#include "sse/http.h"

/* The clock has gone back: what lies ahead of it counts from now. */
static void step_back(sse_channel *ch, uint64_t now_ms)
{
    sse_link *link;
    int i;

    for (i = 0; i < SSE_LISTS; i++) {
        for (link = ch->lists_[i].next_; link != &ch->lists_[i]; link = link->next_) {
            sse_subscriber *const s = (sse_subscriber *)(void *)link;

            s->since_ms_ = now_ms;
            s->woken_ms_ = now_ms;
        }
    }
    ch->paced_ms_ = now_ms;
    ch->drain_ms_ = now_ms - (ch->now_ms_ - ch->drain_ms_);
}

static int is_due(const sse_channel *ch, uint64_t ms)
{
    return ms != UINT64_MAX && ms <= ch->now_ms_;
}

/* Wake the paced whose time has come; say when the next one's comes. */
static void wake_paced(sse_channel *ch)
{
    sse_link *const due = &ch->lists_[SSE_DUE];

    if (!is_due(ch, ch->paced_ms_))
        return;
    ch->paced_ms_ = UINT64_MAX;
    sse_list_splice(due, &ch->lists_[SSE_PACED]);
    while (!sse_list_is_empty(due))
        sse_subscriber_rouse(sse_list_next(due));
}

/* When the first of the drained has been silent for too long. */
static uint64_t beat_ms(const sse_channel *ch)
{
    const sse_link *const drained = &ch->lists_[SSE_DRAINED];

    if (ch->heartbeat_ms_ == 0 || sse_list_is_empty(drained))
        return UINT64_MAX;
    return sse_later(sse_list_next(drained)->since_ms_, ch->heartbeat_ms_);
}

static void beat(sse_channel *ch)
{
    const sse_event comment = {{"", 0}, {NULL, 0}, {NULL, 0}, {NULL, 0}, 0};
    const sse_event *const ev = ch->beat_ ? ch->beat_ : &comment;

    while (is_due(ch, beat_ms(ch))) {
        sse_subscriber *const s = sse_list_next(&ch->lists_[SSE_DRAINED]);

        s->since_ms_ = ch->now_ms_;
        sse_list_move(&ch->lists_[SSE_DRAINED], s);
        if (sse_subscriber_send(s, ev) == SSE_OK)
            ch->counters_.heartbeats++;
    }
}

/* Someone who has had no farewell; NULL: all have. The drained go first. */
static sse_subscriber *find_staying(sse_channel *ch)
{
    sse_link *link;
    int i;

    for (i = SSE_LISTS; i-- > 0;) {
        for (link = ch->lists_[i].next_; link != &ch->lists_[i]; link = link->next_) {
            sse_subscriber *const s = (sse_subscriber *)(void *)link;

            if (!(s->state_ & SSE_SUB_CLOSING))
                return s;
        }
    }
    return NULL;
}

/* When the next farewell is due. */
static uint64_t farewell_ms(const sse_channel *ch)
{
    if (ch->drain_closed_ >= ch->drain_total_)
        return UINT64_MAX;
    return sse_later(ch->drain_ms_, ch->drain_over_ms_ * ch->drain_closed_ / ch->drain_total_);
}

/* What the next one to go is told; an event without any part: nothing. */
static sse_event farewell_of(sse_channel *ch)
{
    sse_event ev = {{NULL, 0}, {NULL, 0}, {NULL, 0}, {NULL, 0}, 0};

    if (ch->farewell_)
        ev = *ch->farewell_;
    if (ch->retry_ms_ > 0 || ch->retry_window_ms_ > 0)
        ev.retry_ms = sse_retry_spread(ch->retry_ms_, ch->retry_window_ms_, ++ch->farewells_);
    return ev;
}

void sse_subscriber_part(sse_subscriber *s)
{
    if (s->state_ & SSE_SUB_PARTING) {
        const sse_event ev = farewell_of(s->channel_);

        if (sse_writer_send(s->writer_, &ev) == SSE_AGAIN)
            return;
    }
    sse_writer_close(s->writer_); /* what was not said has no words, or no room ever */
}

static void part_with_some(sse_channel *ch)
{
    while (is_due(ch, farewell_ms(ch))) {
        sse_subscriber *const s = find_staying(ch);

        if (s == NULL) {
            ch->drain_closed_ = ch->drain_total_;
            return;
        }
        ch->drain_closed_++;
        s->state_ |= SSE_SUB_PARTING;
        sse_subscriber_close(s);
    }
}

/* see sse/channel.h */
int sse_channel_tick(sse_channel *ch, uint64_t now_ms)
{
    if (!sse_channel_is(ch))
        return SSE_E_ARG;
    if (now_ms < ch->now_ms_)
        step_back(ch, now_ms);
    ch->now_ms_ = now_ms;
    wake_paced(ch);
    beat(ch);
    part_with_some(ch);
    return SSE_OK;
}

/* see sse/channel.h */
int sse_channel_wait(const sse_channel *ch, uint64_t *wait_ms)
{
    uint64_t due_ms;

    *wait_ms = UINT64_MAX;
    if (!sse_channel_is(ch))
        return SSE_E_ARG;
    due_ms = sse_list_is_empty(&ch->lists_[SSE_READY]) ? farewell_ms(ch) : ch->now_ms_;
    if (ch->paced_ms_ < due_ms)
        due_ms = ch->paced_ms_;
    if (beat_ms(ch) < due_ms)
        due_ms = beat_ms(ch);
    if (due_ms != UINT64_MAX)
        *wait_ms = due_ms > ch->now_ms_ ? due_ms - ch->now_ms_ : 0;
    return SSE_OK;
}

/* see sse/channel.h */
int sse_channel_drain(sse_channel *ch, const sse_event *last_words, uint32_t retry_ms,
                      uint32_t retry_window_ms, uint32_t over_ms)
{
    int status;

    if (!sse_channel_is(ch))
        return SSE_E_ARG;
    status = last_words ? sse_private_check(last_words, 0) : SSE_OK;
    if (status != SSE_OK)
        return status;
    ch->farewell_ = last_words;
    ch->retry_ms_ = retry_ms;
    ch->retry_window_ms_ = retry_window_ms;
    ch->draining_ = 1;
    ch->drain_ms_ = ch->now_ms_;
    ch->drain_over_ms_ = over_ms;
    ch->drain_closed_ = 0;
    ch->drain_total_ = ch->counters_.subscribers;
    return SSE_OK;
}
