/* A subscriber: how it joins, what it may see and when, how it is closed. */
#include "sse/subscriber.h"

#include "chunk.h"
#include "encode.h"
#include "fanout.h"
#include "history_layout.h"
#include "last_id.h"
#include "notice.h"
#include "queue.h"
#include "reader.h"
#include "str.h"

#include <string.h>

enum { JOIN_FLAGS = SSE_JOIN_COALESCE | SSE_JOIN_GAPS | SSE_JOIN_OLDEST | SSE_JOIN_PLAIN };

/* The longest last event ID that is looked for, when it comes in a query. */
enum { ID_MAX = 256 };

int sse_subscriber_enter(sse_subscriber *s)
{
    if (s == NULL)
        return SSE_E_ARG;
    if (s->channel_ != NULL) {
        if (s->channel_->sinking_)
            return SSE_E_BUSY;
        if (s->reason_ == SSE_OK)
            return SSE_OK;
        sse_subscriber_detach(s);
    }
    return s->reason_ != SSE_OK ? s->reason_ : SSE_E_STATE;
}

void sse_subscriber_detach(sse_subscriber *s)
{
    sse_list_remove(s);
    sse_timers_remove(s->channel_, s);
    s->channel_->counters_[SSE_COUNT_SUBSCRIBERS]--;
    s->channel_ = NULL;
}

/* Note why s is closed. */
static void set_reason(sse_subscriber *s, int reason)
{
    s->reason_ = reason;
    if (reason < SSE_E_FATAL)
        s->channel_->counters_[SSE_COUNT_CLOSED]++;
}

int sse_subscriber_end(sse_subscriber *s, int reason)
{
    set_reason(s, reason);
    sse_subscriber_detach(s);
    return reason;
}

void sse_subscriber_condemn(sse_subscriber *s, int reason)
{
    set_reason(s, reason);
    s->state_ &= ~(uint32_t)SSE_SUB_BUSY;
    sse_list_move(&s->channel_->ready_, s);
}

void sse_subscriber_wake(sse_subscriber *s)
{
    if (!(s->state_ & (SSE_SUB_BUSY | SSE_SUB_SPENT)))
        sse_list_move(&s->channel_->ready_, s);
}

void sse_subscriber_begin(sse_subscriber *s)
{
    sse_channel *const ch = s->channel_;

    if (s->state_ & SSE_SUB_BUSY)
        return;
    s->state_ = (s->state_ & ~(uint32_t)SSE_SUB_SPENT) | SSE_SUB_BUSY | SSE_SUB_MOVED;
    s->since_ms_ = ch->now_ms_;
    sse_list_move(&ch->away_, s);
    if (s->stall_ms_ > 0)
        sse_timers_advance(ch, s, ch->now_ms_ + s->stall_ms_ / SSE_STALL_SHARE);
}

void sse_subscriber_rest(sse_subscriber *s)
{
    sse_channel *const ch = s->channel_;

    s->state_ &= ~(uint32_t)(SSE_SUB_BUSY | SSE_SUB_SPENT | SSE_SUB_TURN | SSE_SUB_LAGGED);
    if (sse_subscriber_held(s)) {
        sse_list_move(&ch->away_, s);
        sse_timers_advance(ch, s, s->turn_ms_ + s->pace_ms_);
    } else {
        sse_list_move(&ch->idle_, s);
    }
}

/* Whether a writer can be the queue of a subscriber of a history. */
static int is_fresh(const sse_writer *queue, const sse_history *h)
{
    const int as_history = h->flags & SSE_HISTORY_CHUNKED ? QUEUE_CHUNKED : 0;

    return queue != NULL && queue->size >= SSE_SUBSCRIBER_QUEUE_MIN + SSE_CHUNK_LAST_LEN &&
           queue->offer == 0 && (queue->state & ~(size_t)QUEUE_BEGUN) == (size_t)as_history;
}

static int check_join(const sse_subscriber *s, const sse_channel *ch, const sse_writer *queue,
                      uint32_t flags)
{
    const uint32_t both = SSE_JOIN_GAPS | SSE_JOIN_PLAIN;

    if (s == NULL || !sse_channel_is(ch) || !is_fresh(queue, ch->history_) ||
        flags & ~(uint32_t)JOIN_FLAGS || (flags & both) == both)
        return SSE_E_ARG;
    return SSE_OK;
}

/* Whether s may join the channel now. */
static int check_state(const sse_subscriber *s, const sse_channel *ch)
{
    const sse_channel *const old = s->channel_;

    if (ch->sinking_ || (old != NULL && old->sinking_))
        return SSE_E_BUSY;
    if (ch->draining_ || (old != NULL && s->reason_ == SSE_OK))
        return SSE_E_STATE;
    return SSE_OK;
}

/* Where a client goes on. */
typedef struct place {
    uint64_t next;
    int is_start;   /* it has not been anywhere */
    int is_missing; /* events before next are, */
    int is_unknown; /* and which is not known */
} place;

/* Find the place of a client, from what it has sent. Returns SSE_OK, or SSE_E_ARG. */
static int find_place(const sse_history *h, uint32_t flags, const char *header, size_t header_len,
                      const char *query, size_t query_len, place *p)
{
    char memory[ID_MAX];
    sse_str id;
    const int status =
        sse_last_id(header, header_len, query, query_len, memory, sizeof memory, &id);

    if (status == SSE_E_ARG)
        return status;
    p->next = sse_history_oldest(h);
    p->is_start = status == SSE_OK && id.ptr == NULL;
    p->is_unknown = !p->is_start &&
                    (status != SSE_OK || sse_history_find(h, id.ptr, id.len, &p->next) != SSE_OK);
    if (p->is_start && !(flags & SSE_JOIN_OLDEST))
        p->next = h->end;
    p->is_missing = p->is_unknown || p->next < sse_history_oldest(h);
    return SSE_OK;
}

/* Let s in, at next_ and with the flags that it has. */
static void let_in(sse_subscriber *s, sse_channel *ch, sse_writer *queue, void *user)
{
    const uint64_t serial = ++ch->counters_[SSE_COUNT_JOINED];
    const uint64_t share = (serial * UINT64_C(0x9e3779b97f4a7c15)) >> 33;

    s->channel_ = ch;
    s->queue_ = queue;
    s->user_ = user;
    s->mark_ = s->next_;
    s->since_ms_ = ch->now_ms_;
    s->turn_ms_ = ch->now_ms_ - SSE_TIME_START; /* longer ago than any pace */
    s->end_ms_ = s->due_ms_ = SSE_NEVER;
    s->lead_ms_ = (uint32_t)(share * (ch->heartbeat_ms_ / 2) >> 31);
    if (s->next_ < ch->lowest_)
        ch->lowest_ = s->next_;
    ch->counters_[SSE_COUNT_SUBSCRIBERS]++;
    sse_list_append(&ch->ready_, s);
    if (ch->heartbeat_ms_ > 0)
        sse_timers_advance(ch, s, ch->now_ms_ + ch->heartbeat_ms_ - s->lead_ms_);
}

/* Put first what goes before the events: a place, or a gap event when its time comes. */
static void begin_stream(sse_subscriber *s, const place *p)
{
    if (p->is_start)
        sse_notice_place(s);
    else if (!p->is_missing)
        s->channel_->counters_[SSE_COUNT_RESUMED]++;
    if (p->is_missing)
        s->state_ |= SSE_SUB_OWED;
    if (p->is_unknown)
        s->state_ |= SSE_SUB_UNKNOWN;
    s->first_ = (uint32_t)sse_writer_pending(s->queue_);
}

/* see sse/subscriber.h */
int sse_subscriber_join(sse_subscriber *s, sse_channel *ch, sse_writer *queue, void *user,
                        uint32_t flags, const char *header, size_t header_len, const char *query,
                        size_t query_len)
{
    int status = check_join(s, ch, queue, flags);
    place p;

    if (status == SSE_OK)
        status = find_place(ch->history_, flags, header, header_len, query, query_len, &p);
    if (status == SSE_OK)
        status = check_state(s, ch);
    if (status != SSE_OK)
        return status;
    if (p.is_missing && flags & SSE_JOIN_PLAIN)
        return SSE_E_RANGE;
    if (sse_queue_free(queue) < SSE_SUBSCRIBER_KEPT)
        return SSE_E_TOOBIG;

    if (s->channel_ != NULL)
        sse_subscriber_detach(s);
    memset(s, 0, sizeof *s);
    s->state_ = flags;
    s->next_ = p.next;
    let_in(s, ch, queue, user);
    begin_stream(s, &p);
    return p.is_missing ? SSE_GAP : SSE_OK;
}

/* see sse/subscriber.h */
int sse_subscriber_set_filter(sse_subscriber *s, const uint64_t *tags, size_t count)
{
    const int status = sse_subscriber_enter(s);
    sse_run run;
    size_t i;

    if (status != SSE_OK)
        return status;
    if ((tags == NULL && count > 0) || (uint32_t)count != count)
        return SSE_E_ARG;
    for (i = 1; i < count; i++)
        if (tags[i - 1] > tags[i])
            return SSE_E_ARG;
    if (!(s->state_ & SSE_SUB_OWED)) /* what the old filter hid stays hidden */
        sse_reader_find(s, s->state_ & SSE_SUB_CLOSING ? s->mark_ : UINT64_MAX, 0, &run);
    s->tags_ = tags;
    s->tags_count_ = (uint32_t)count;
    sse_subscriber_wake(s);
    return SSE_OK;
}

/* see sse/subscriber.h */
int sse_subscriber_set_limits(sse_subscriber *s, uint32_t pace_ms, uint32_t stall_ms,
                              uint32_t age_ms)
{
    const int status = sse_subscriber_enter(s);

    if (status != SSE_OK)
        return status;
    s->pace_ms_ = pace_ms;
    s->stall_ms_ = stall_ms;
    if (!s->channel_->draining_) {
        s->end_ms_ = age_ms > 0 ? age_ms : SSE_NEVER;
        s->state_ &= ~(uint32_t)SSE_SUB_AGING;
        if (age_ms > 0)
            s->state_ |= SSE_SUB_AGING;
    }
    s->state_ |= SSE_SUB_MOVED;
    sse_timers_advance(s->channel_, s, s->channel_->now_ms_); /* the next tick sees to it */
    sse_subscriber_wake(s);
    return SSE_OK;
}

/* see sse/subscriber.h */
int sse_subscriber_send(sse_subscriber *s, const sse_event *ev)
{
    const sse_history *h;
    int status = sse_subscriber_enter(s);

    if (status != SSE_OK)
        return status;
    if (s->state_ & SSE_SUB_CLOSING)
        return SSE_E_STATE;
    h = s->channel_->history_;
    if (ev == NULL || (ev->id.ptr != NULL && h->flags & SSE_HISTORY_AUTOMATIC))
        return SSE_E_ARG;
    status = sse_queue_send(s->queue_, ev, SSE_SUBSCRIBER_KEPT);
    if (status != SSE_OK)
        return status;
    s->mark_ = sse_history_next(h);
    sse_subscriber_wake(s);
    return SSE_OK;
}

/* see sse/subscriber.h */
int sse_subscriber_send_parts(sse_subscriber *s, const char *type, size_t type_len, const char *id,
                              size_t id_len, const char *data, size_t data_len)
{
    const sse_event ev = sse_event_of(type, type_len, id, id_len, data, data_len);

    return sse_subscriber_send(s, &ev);
}

/* see sse/subscriber.h */
int sse_subscriber_close(sse_subscriber *s)
{
    const int status = sse_subscriber_enter(s);

    if (status != SSE_OK)
        return status;
    if (!(s->state_ & SSE_SUB_CLOSING))
        s->mark_ = sse_history_next(s->channel_->history_);
    s->state_ |= SSE_SUB_CLOSING;
    sse_subscriber_wake(s);
    return SSE_OK;
}

/* see sse/subscriber.h */
int sse_subscriber_leave(sse_subscriber *s)
{
    const int status = sse_subscriber_enter(s);

    if (status == SSE_E_ARG || status == SSE_E_BUSY)
        return status;
    if (status == SSE_OK)
        sse_subscriber_detach(s);
    return SSE_OK;
}

/* see sse/subscriber.h */
int sse_subscriber_status(sse_subscriber *s)
{
    return sse_subscriber_enter(s);
}

/* see sse/subscriber.h */
void *sse_subscriber_user(const sse_subscriber *s)
{
    return s ? s->user_ : NULL;
}

/* see sse/subscriber.h */
uint64_t sse_subscriber_behind(const sse_subscriber *s)
{
    return s && s->channel_ ? sse_history_next(s->channel_->history_) - s->next_ : 0;
}

/* see sse/subscriber.h */
uint64_t sse_subscriber_blocked_ms(const sse_subscriber *s)
{
    uint64_t ms;

    if (s == NULL || s->channel_ == NULL || !(s->state_ & SSE_SUB_BUSY))
        return 0;
    ms = s->channel_->now_ms_ - s->since_ms_;
    return ms > 0 ? ms : 1;
}

/* see sse/subscriber.h */
size_t sse_subscriber_size(void)
{
    return sizeof(sse_subscriber);
}

/* see sse/subscriber.h */
size_t sse_subscriber_queue_min(void)
{
    return SSE_SUBSCRIBER_QUEUE_MIN;
}
