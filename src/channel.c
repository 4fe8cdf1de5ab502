/* SPDX-License-Identifier: MIT */
/* The channel: publish, and whose turn it is. */
#include "sse/channel.h"

#include "encode.h"
#include "fanout.h"
#include "history_layout.h"
#include "offer.h"
#include "queue.h"

#include <string.h>

/* see sse/channel.h */
int sse_channel_init(sse_channel *ch, sse_history *history, uint32_t heartbeat_ms,
                     uint32_t turn_bytes, uint64_t now_ms)
{
    if (ch == NULL || !sse_history_is(history))
        return SSE_E_ARG;
    memset(ch, 0, sizeof *ch);
    ch->history_ = history;
    sse_list_init(&ch->idle_);
    sse_list_init(&ch->ready_);
    sse_list_init(&ch->spent_);
    sse_list_init(&ch->away_);
    ch->clock_ms_ = now_ms;
    ch->now_ms_ = SSE_TIME_START;
    ch->limit_ms_ = SSE_NEVER;
    ch->lowest_ = sse_history_oldest(history);
    ch->heartbeat_ms_ = heartbeat_ms;
    ch->turn_bytes_ = turn_bytes > 0 ? turn_bytes : UINT32_MAX; /* no history has so many */
    return SSE_OK;
}

/* see sse/channel.h */
int sse_channel_publish(sse_channel *ch, const sse_event *ev, uint64_t tag, uint64_t key)
{
    int status;

    if (!sse_channel_is(ch))
        return SSE_E_ARG;
    if (ch->sinking_)
        return SSE_E_BUSY;
    status = sse_history_append(ch->history_, ev, tag, key, ch->clock_ms_);
    if (status != SSE_OK)
        return status;
    ch->counters_[SSE_COUNT_EVENTS]++;
    sse_list_splice(&ch->ready_, &ch->idle_);
    return SSE_OK;
}

/* see sse/channel.h */
int sse_channel_publish_parts(sse_channel *ch, const char *type, size_t type_len, const char *id,
                              size_t id_len, const char *data, size_t data_len, uint64_t tag,
                              uint64_t key)
{
    const sse_event ev = sse_event_of(type, type_len, id, id_len, data, data_len);

    return sse_channel_publish(ch, &ev, tag, key);
}

/* The lowest place in a list from which events are wanted that the history has, or `lowest`. */
static uint64_t lowest_in(const sse_channel *ch, const sse_link *list, uint64_t lowest)
{
    const uint64_t first = sse_history_oldest(ch->history_);
    const sse_link *link;

    for (link = list->next_; link != list; link = link->next_) {
        const sse_subscriber *const s = (const sse_subscriber *)(const void *)link;
        const int is_over =
            s->reason_ != SSE_OK || (s->state_ & SSE_SUB_CLOSING && s->next_ >= s->mark_);

        if (!is_over && !(s->state_ & SSE_SUB_LAGGED) && s->next_ >= first && s->next_ < lowest)
            lowest = s->next_;
    }
    return lowest;
}

/* The lowest place of all. */
static uint64_t find_lowest(const sse_channel *ch)
{
    uint64_t lowest = ch->history_->end;

    lowest = lowest_in(ch, &ch->idle_, lowest);
    lowest = lowest_in(ch, &ch->ready_, lowest);
    lowest = lowest_in(ch, &ch->spent_, lowest);
    return lowest_in(ch, &ch->away_, lowest);
}

/* see sse/channel.h */
int sse_channel_fits(sse_channel *ch, size_t len)
{
    if (!sse_channel_is(ch) || ch->sinking_ || len > SIZE_MAX - SSE_HISTORY_FRAME)
        return 0;
    len += SSE_HISTORY_FRAME;
    if (ch->lowest_ >= sse_history_oldest(ch->history_) &&
        sse_history_fits(ch->history_, len, ch->lowest_))
        return 1;
    ch->lowest_ = find_lowest(ch);
    return sse_history_fits(ch->history_, len, ch->lowest_);
}

/* see sse/channel.h */
sse_subscriber *sse_channel_next(sse_channel *ch)
{
    if (!sse_channel_is(ch) || ch->sinking_)
        return NULL;
    while (!sse_list_is_empty(&ch->ready_)) {
        sse_subscriber *const s = sse_list_next(&ch->ready_);
        sse_offer o;
        int status;

        if (sse_subscriber_enter(s) != SSE_OK) /* it is closed, and the caller knows it now */
            return s;
        status = sse_offer_find(s, 0, &o);
        sse_queue_withdraw(s->queue_);
        if (status == SSE_OK)
            sse_subscriber_begin(s);
        else if (status == SSE_AGAIN)
            sse_subscriber_rest(s);
        else
            sse_subscriber_end(s, status);
        if (status != SSE_AGAIN)
            return s;
    }
    return NULL;
}

/* see sse/channel.h */
sse_subscriber *sse_channel_flush(sse_channel *ch, sse_sink *sink)
{
    if (!sse_channel_is(ch) || ch->sinking_ || sink == NULL)
        return NULL;
    while (!sse_list_is_empty(&ch->ready_)) { /* which a flush takes its subscriber out of */
        sse_subscriber *const s = sse_list_next(&ch->ready_);

        if (sse_status_closed(sse_subscriber_flush(s, sink)))
            return s;
    }
    return NULL;
}

/* see sse/channel.h */
uint64_t sse_channel_count(const sse_channel *ch, int counter)
{
    return sse_channel_is(ch) && counter >= 0 && counter < SSE_COUNTERS ? ch->counters_[counter]
                                                                        : 0;
}

/* see sse/channel.h */
size_t sse_channel_size(void)
{
    return sizeof(sse_channel);
}
