/* A reader's place in the log. */
#include "sse/cursor.h"

#include "log.h"

#include <string.h>

static int is_cursor(const sse_cursor *c, const sse_history *log)
{
    return c != NULL && c->next_ != 0 && sse_log_is(log);
}

/* Whether a reader gets an event, as the log was when it ended at `seen`. */
static int shows(const sse_cursor *c, const sse_slot *slot, uint64_t seen)
{
    if (c->flags_ & SSE_COALESCE && slot->newer > 0 && slot->newer < seen)
        return 0;
    return c->filter_ == NULL || c->filter_(c->user_, slot->tag);
}

/* Whether a reader gets every event. */
static int is_plain(const sse_cursor *c)
{
    return c->filter_ == NULL && !(c->flags_ & SSE_COALESCE);
}

/* What stands in the way of reading: SSE_OK for nothing. */
static int lost(const sse_cursor *c, const sse_history *log)
{
    if (c->next_ >= sse_log_first(log))
        return SSE_OK;
    return c->at_ > 0 || c->offer_ > 0 ? SSE_E_TORN : SSE_GAP;
}

/* Where the run of events that begins at an event ends: the number behind it, up to `until`. */
static uint64_t run_end(const sse_cursor *c, const sse_history *log, uint64_t from, uint64_t until)
{
    uint64_t number = from + 1;

    if (from < log->wrap && until > log->wrap)
        until = log->wrap;
    if (is_plain(c))
        return until;
    while (number < until && shows(c, sse_log_slot(log, number), c->seen_))
        number++;
    return number;
}

/* The first event from `number` on that a reader gets, or `until`. */
static uint64_t next_shown(const sse_cursor *c, const sse_history *log, uint64_t number,
                           uint64_t until)
{
    if (!is_plain(c))
        while (number < until && !shows(c, sse_log_slot(log, number), c->seen_))
            number++;
    return number;
}

/* Where the offer ends at the most. Where none is out, the next one is of the log as it is now, and
 * begins with an event that the reader gets, or with the rest of one. */
static uint64_t offer_end(sse_cursor *c, const sse_history *log, uint64_t until)
{
    if (c->offer_ > 0)
        return c->until_;
    c->seen_ = log->end;
    if (c->at_ == 0)
        c->next_ = next_shown(c, log, c->next_, until);
    return until;
}

int sse_cursor_look(sse_cursor *c, const sse_history *log, uint64_t until, sse_str *runs, size_t cap,
                    size_t *count)
{
    const int status = lost(c, log);
    size_t skip = c->at_, offer = 0;
    uint64_t from, end;

    *count = 0;
    if (until > log->end)
        until = log->end;
    if (c->next_ >= until) /* and so nothing of it is taken or offered */
        return SSE_AGAIN;  /* whatever was dropped, it was not wanted */
    if (status != SSE_OK)
        return status;
    until = offer_end(c, log, until);
    end = c->next_;
    for (from = end; *count < cap && from < until; from = next_shown(c, log, end, until)) {
        const sse_slot *const first = sse_log_slot(log, from);
        const sse_slot *last;

        end = run_end(c, log, from, until);
        last = sse_log_slot(log, end - 1);
        runs[*count].ptr = sse_log_room(log) + first->at + skip;
        runs[*count].len = last->at + last->len - first->at - skip;
        offer += runs[(*count)++].len;
        skip = 0;
    }
    if (c->offer_ == 0) {
        c->offer_ = offer;
        c->until_ = end;
    }
    return *count > 0 ? SSE_OK : SSE_AGAIN;
}

int sse_cursor_more(sse_cursor *c, const sse_history *log)
{
    uint64_t end;

    if (lost(c, log) != SSE_OK)
        return 1;
    end = offer_end(c, log, log->end);
    return c->next_ < end;
}

/* see sse/cursor.h */
int sse_cursor_init(sse_cursor *c, uint64_t next, uint32_t flags, sse_filter *filter, void *user)
{
    if (c == NULL || next == 0 || (flags & ~SSE_COALESCE))
        return SSE_E_ARG;
    memset(c, 0, sizeof *c);
    c->next_ = next;
    c->flags_ = flags;
    c->filter_ = filter;
    c->user_ = user;
    return SSE_OK;
}

/* see sse/cursor.h */
int sse_cursor_peek(sse_cursor *c, const sse_history *log, sse_str *runs, size_t cap, size_t *count)
{
    if (count != NULL)
        *count = 0;
    if (!is_cursor(c, log) || runs == NULL || cap == 0 || count == NULL)
        return SSE_E_ARG;
    return sse_cursor_look(c, log, UINT64_MAX, runs, cap, count);
}

/* Go on by a part of the offer. It may be of many events, which are gone through slot by slot. */
static void advance(sse_cursor *c, const sse_history *log, size_t n)
{
    const sse_slot *const past = sse_log_slots(log) + log->events;
    const sse_slot *slot = sse_log_slot(log, c->next_);
    const int plain = is_plain(c);

    c->at_ += n;
    while (c->at_ >= slot->len) {
        c->at_ -= slot->len;
        c->next_++;
        if (++slot == past)
            slot = sse_log_slots(log);
        if (!plain) {
            c->next_ = next_shown(c, log, c->next_, c->until_);
            slot = sse_log_slot(log, c->next_);
        }
    }
}

/* see sse/cursor.h */
int sse_cursor_consume(sse_cursor *c, const sse_history *log, size_t n)
{
    if (!is_cursor(c, log) || n > c->offer_)
        return SSE_E_ARG;
    if (n > 0 && lost(c, log) != SSE_OK)
        return SSE_E_TORN;
    if (n > 0 && n == c->offer_) {
        c->next_ = c->until_;
        c->at_ = 0;
    } else if (n > 0) {
        advance(c, log, n);
    }
    c->offer_ = 0;
    return SSE_OK;
}

/* see sse/cursor.h */
int sse_cursor_read(sse_cursor *c, const sse_history *log, void *dst, size_t cap, size_t *len)
{
    sse_str run;
    size_t count;
    int status;

    *len = 0;
    if (dst == NULL || cap == 0)
        return SSE_E_ARG;
    status = sse_cursor_peek(c, log, &run, 1, &count);
    if (status != SSE_OK)
        return status;
    *len = run.len < cap ? run.len : cap;
    memcpy(dst, run.ptr, *len);
    return sse_cursor_consume(c, log, *len);
}

/* see sse/cursor.h */
int sse_cursor_skip(sse_cursor *c, const sse_history *log, uint64_t *first, uint64_t *count)
{
    *first = 0;
    *count = 0;
    if (!is_cursor(c, log))
        return SSE_E_ARG;
    *first = c->next_;
    if (lost(c, log) != SSE_GAP)
        return lost(c, log);
    *count = sse_log_first(log) - c->next_;
    c->next_ += *count;
    return SSE_OK;
}

/* see sse/cursor.h */
uint64_t sse_cursor_next(const sse_cursor *c)
{
    return c ? c->next_ : 0;
}

/* see sse/cursor.h */
size_t sse_cursor_size(void)
{
    return sizeof(sse_cursor);
}
