/* SPDX-License-Identifier: MIT */
/* A subscriber joins a channel, at the place where its client was. */
#include "chunk.h"
#include "fanout.h"
#include "history_layout.h"
#include "last_id.h"
#include "notice.h"
#include "queue.h"

#include <string.h>

enum { JOIN_FLAGS = SSE_JOIN_COALESCE | SSE_JOIN_GAPS | SSE_JOIN_OLDEST | SSE_JOIN_PLAIN };

/* The longest last event ID that is looked for, when it comes in a query. */
enum { ID_MAX = 256 };

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
