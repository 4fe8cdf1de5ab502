/* sse/cursor.h - a reader's place in the log of sse/history.h.
 *
 * A cursor offers bytes straight from the log, many events at a time: nothing is copied.
 *
 *     log     | 17 | 18 | 19 | 20 | 21 | 22 |
 *                    ^cursor       ^ filtered out
 *     peek           |---------|    |-------|    two runs
 *
 * It does not hold the log up. When the event that comes next is dropped the cursor says SSE_GAP
 * and can skip to the oldest that is left; when it goes while the transport has a part of it, the
 * stream cannot be continued: SSE_E_TORN.
 *
 * Every function that returns a status returns SSE_E_ARG for a cursor or a log that is NULL or all
 * zero. A cursor holds pointers to what the caller gave, and so must not outlive them. */
#ifndef SSE_CURSOR_H
#define SSE_CURSOR_H

#include "sse/history.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Whether a reader may see events with this tag: 1 or 0.
 *
 * The same answer for the same tag between a peek and its consume; calls nothing of the library
 * that changes the log or the reader. */
typedef int sse_filter(void *user, uint64_t tag);

/* For sse_cursor_init and sse_join: leave out events that have a newer one with the same tag and
 * key, as far as they were not offered before it came. */
#define SSE_COALESCE 1u

typedef struct sse_cursor {
    uint64_t next_;  /* the event that comes next; 0: not a cursor */
    uint64_t until_; /* the event behind the offer */
    uint64_t seen_;  /* the end of the log as it was when the offer was made */
    size_t offer_;   /* bytes of the offer; 0: none */
    size_t at_;      /* bytes of the next event that were taken */
    sse_filter *filter_;
    void *user_;
    uint32_t flags_;
} sse_cursor;

/* Stand ahead of an event.
 *
 *   next     its number, as sse_history_find or sse_history_end tell it; above 0
 *   flags    0, or SSE_COALESCE
 *   filter   NULL: all events
 *   user     for the filter
 *
 * Returns SSE_OK; SSE_E_ARG also where next is 0 or a flag is unknown. */
SSE_API int sse_cursor_init(sse_cursor *c, uint64_t next, uint32_t flags, sse_filter *filter,
                            void *user);

/* Look at the next bytes: the offer, as several runs.
 *
 *   runs    out: where the runs go, cap of them, cap above 0
 *   count   out: how many there are; always written
 *
 * The offer is frozen: the same runs, call after call, until sse_cursor_consume; a smaller cap
 * shows fewer of them. It stays valid until the log is written to.
 *
 * Returns SSE_OK; SSE_AGAIN where there is nothing to see up to the end of the log;
 *   SSE_GAP      the event that comes next was dropped: see sse_cursor_skip;
 *   SSE_E_TORN   it was dropped, and a part of it is taken, or some of it is offered;
 *   SSE_E_ARG    also where runs or count is NULL or cap is 0.
 * Cost: constant without a filter or coalescing; else what is looked at, offered or not. */
SSE_API int sse_cursor_peek(sse_cursor *c, const sse_history *log, sse_str *runs, size_t cap,
                            size_t *count);

/* Say how much of the offer was taken, from its front, over all runs; 0: none, offer anew.
 * Returns SSE_OK; SSE_E_ARG where n is more than the offer; SSE_E_TORN as sse_cursor_peek, where n
 * is not 0. */
SSE_API int sse_cursor_consume(sse_cursor *c, const sse_history *log, size_t n);

/* Move bytes out by copy: peek, copy, consume.
 *
 *   dst   where they go, cap bytes; cap above 0
 *   len   out: bytes copied; always written
 *
 * Returns as sse_cursor_peek. */
SSE_API int sse_cursor_read(sse_cursor *c, const sse_history *log, void *dst, size_t cap,
                            size_t *len);

/* Skip to the oldest event, where the next one was dropped.
 *
 *   first   out: the number of the first event that was dropped
 *   count   out: how many were; 0 where none was, and the cursor stays; both always written
 *
 * The events that a filter hides are counted, too: a number that readers of a part must not see.
 * Returns SSE_OK; SSE_E_TORN as sse_cursor_peek. */
SSE_API int sse_cursor_skip(sse_cursor *c, const sse_history *log, uint64_t *first, uint64_t *count);

/* Tell the number of the event that comes next; 0 for NULL. */
SSE_API uint64_t sse_cursor_next(const sse_cursor *c);

/* Tell sizeof(sse_cursor), for bindings. */
SSE_API size_t sse_cursor_size(void);

#ifdef __cplusplus
}
#endif

#endif
