/* The channel: publishing, and what time brings. */
#include "sse/channel.h"

#include "fanout.h"

#include <string.h>

/* see sse/channel.h */
int sse_channel_init(sse_channel *ch, sse_replay *log, uint32_t heartbeat_ms, const sse_event *beat,
                     uint64_t now_ms)
{
    int i, status;

    if (ch == NULL || !sse_log_is(log))
        return SSE_E_ARG;
    status = beat ? sse_private_check(beat, 0) : SSE_OK;
    if (status != SSE_OK)
        return status;
    memset(ch, 0, sizeof *ch);
    ch->log_ = log;
    for (i = 0; i < SSE_LISTS; i++)
        sse_list_init(&ch->lists_[i]);
    ch->beat_ = beat;
    ch->now_ms_ = now_ms;
    ch->lowest_ = sse_log_first(log);
    ch->paced_ms_ = UINT64_MAX;
    ch->heartbeat_ms_ = heartbeat_ms;
    return SSE_OK;
}

/* Whether there is more for a subscriber in the log, now or ever. */
static int is_reading(const sse_subscriber *s)
{
    return !(s->state_ & SSE_SUB_CLOSING) || s->cursor_.next_ < s->turn_;
}

/* The lowest place of those that are owed bytes, and not lost any. */
static uint64_t find_lowest(const sse_channel *ch)
{
    uint64_t lowest = ch->log_->end;
    int i;

    for (i = 0; i < SSE_QUIET; i++) {
        const sse_link *link;

        for (link = ch->lists_[i].next_; link != &ch->lists_[i]; link = link->next_) {
            const sse_subscriber *const s = (const sse_subscriber *)(const void *)link;

            if (!(s->state_ & SSE_SUB_LAGGED) && is_reading(s) && s->cursor_.next_ < lowest)
                lowest = s->cursor_.next_;
        }
    }
    return lowest;
}

static int is_inside(const sse_subscriber *s)
{
    return s->cursor_.at_ > 0 || s->cursor_.offer_ > 0;
}

/* Note who in a list has lost events, and move those that cannot go on to `lost`. */
static void note_lag(sse_channel *ch, sse_link *list, sse_link *lost, sse_published *result)
{
    const uint64_t first = sse_log_first(ch->log_);
    sse_subscriber *s, *next;

    for (s = sse_list_next(list); &s->link_ != list; s = next) {
        next = sse_list_next(&s->link_);
        if (s->state_ & SSE_SUB_LAGGED || s->cursor_.next_ >= first || !is_reading(s))
            continue;
        s->state_ |= SSE_SUB_LAGGED;
        ch->counters_.lagged++;
        result->lagged++;
        if (!(s->state_ & SSE_SUB_BUSY) && (!(s->state_ & SSE_SKIP) || is_inside(s)))
            sse_list_move(lost, s);
    }
}

/* After the log has dropped events, close who cannot go on. This costs nothing while all that are
 * owed bytes stand behind what was dropped. */
static void settle_lag(sse_channel *ch, sse_published *result)
{
    sse_link lost;
    int i;

    if (sse_log_first(ch->log_) <= ch->lowest_)
        return;
    sse_list_init(&lost);
    for (i = 0; i < SSE_QUIET; i++)
        note_lag(ch, &ch->lists_[i], &lost, result);
    ch->lowest_ = find_lowest(ch);
    while (!sse_list_is_empty(&lost)) {
        sse_subscriber *const s = sse_list_next(&lost);

        result->closed++;
        sse_subscriber_end(s, is_inside(s) ? SSE_E_TORN : SSE_GAP);
    }
}

/* Wake the drained subscribers for which there is something. */
static void wake_drained(sse_channel *ch, sse_published *result)
{
    sse_link *const waking = &ch->lists_[SSE_WAKING];
    sse_link *const quiet = &ch->lists_[SSE_QUIET];
    sse_link *const drained = &ch->lists_[SSE_DRAINED];

    /* A publish that runs inside another one visits again whom that one has visited, then whom it
     * has not, then who has been drained since: in the order of since_ms_. */
    sse_list_splice(waking, quiet);
    sse_list_move_front(waking, drained, drained);
    for (sse_crowd_wake(ch, waking, result); !sse_list_is_empty(waking);
         sse_crowd_wake(ch, waking, result)) {
        sse_subscriber *const s = sse_list_next(waking);

        if (!sse_cursor_more(&s->cursor_, ch->log_)) {
            sse_list_move(quiet, s);
            result->waiting--;
        } else if (sse_subscriber_rouse(s)) {
            result->waiting--;
            result->woken++;
        }
    }
    sse_list_splice(drained, quiet); /* their silence is the longest */
}

/* see sse/channel.h */
int sse_channel_publish(sse_channel *ch, const sse_event *ev, uint64_t tag, uint64_t key,
                        sse_published *result)
{
    sse_published unwanted;
    int status;

    if (result == NULL)
        result = &unwanted;
    memset(result, 0, sizeof *result);
    if (!sse_channel_is(ch))
        return SSE_E_ARG;
    status = sse_replay_append(ch->log_, ev, tag, key, ch->now_ms_);
    if (status != SSE_OK)
        return status;
    result->number = ch->log_->end - 1;
    result->waiting = (uint32_t)ch->counters_.subscribers;
    ch->counters_.events++;
    ch->counters_.bytes += sse_log_slot(ch->log_, result->number)->len;
    settle_lag(ch, result);
    wake_drained(ch, result);
    return SSE_OK;
}

/* see sse/channel.h */
int sse_channel_fits(sse_channel *ch, size_t len)
{
    if (!sse_channel_is(ch))
        return 0;
    if (sse_replay_fits(ch->log_, len, ch->lowest_))
        return 1;
    ch->lowest_ = find_lowest(ch); /* which may have risen since it was noted */
    return sse_replay_fits(ch->log_, len, ch->lowest_);
}

/* see sse/channel.h */
int sse_channel_counters(const sse_channel *ch, sse_counters *out)
{
    if (!sse_channel_is(ch) || out == NULL)
        return SSE_E_ARG;
    *out = ch->counters_;
    return SSE_OK;
}

/* see sse/channel.h */
size_t sse_channel_size(void)
{
    return sizeof(sse_channel);
}

/* see sse/channel.h */
size_t sse_counters_size(void)
{
    return sizeof(sse_counters);
}

/* see sse/channel.h */
size_t sse_published_size(void)
{
    return sizeof(sse_published);
}
