/* The log: init, append, what goes for it. Its memory is drawn in log.h. */
#include "sse/history.h"

#include "assert.h"
#include "chunk.h"
#include "encode.h"
#include "log.h"
#include "out.h"

#include <string.h>

#define MAGIC UINT64_C(0x315f676f6c657373) /* "ssel", "og_1", in either order of bytes */

/* What an array of uint64_t is aligned to. */
typedef struct aligned {
    char byte;
    uint64_t words;
} aligned;

SSE_STATIC_ASSERT(sizeof(struct sse_history) == SSE_HISTORY_OVERHEAD, history_overhead);
SSE_STATIC_ASSERT(sizeof(sse_slot) + 2 * sizeof(uint32_t) == SSE_HISTORY_SLOT, history_slot);

sse_history *sse_log_plan(sse_history *plan, const void *mem, size_t size, uint32_t events,
                         uint64_t epoch, uint32_t flags)
{
    const uint64_t index_len = SSE_HISTORY_OVERHEAD + events * (uint64_t)SSE_HISTORY_SLOT;

    if (mem == NULL || (uintptr_t)mem % offsetof(aligned, words) != 0 || events == 0 ||
        (flags & ~(uint32_t)SSE_HISTORY_CHUNKED) || size < index_len + SSE_HISTORY_ROOM_MIN ||
        size - index_len > UINT32_MAX)
        return NULL;
    memset(plan, 0, sizeof *plan);
    plan->magic = MAGIC;
    plan->size = size - index_len;
    plan->events = events;
    plan->flags = epoch != 0 ? flags | SSE_LOG_AUTOMATIC : flags;
    plan->check = sse_log_check(plan);
    plan->epoch = epoch;
    plan->born = plan->end = plan->wrap = 1;
    plan->slot = 1 % events;
    return plan;
}

/* see sse/history.h */
sse_history *sse_history_init(void *mem, size_t size, uint32_t events, uint64_t epoch, uint32_t flags)
{
    sse_history *log = mem;
    sse_history plan;
    const sse_history *const empty = sse_log_plan(&plan, mem, size, events, epoch, flags);

    if (empty == NULL)
        return NULL;
    *log = *empty;
    memset(sse_log_slots(log), 0, events * (size_t)SSE_HISTORY_SLOT);
    return log;
}

/* Whether len bytes fit in one piece when the event with this number, and what follows it, stays.
 * It is in the log, or still to come. */
static int fits(const sse_history *log, size_t len, uint64_t number)
{
    const size_t behind = (size_t)(log->size - log->head); /* the head, up to the end of the room */
    size_t at;

    if (number >= log->end)
        return len <= log->size;
    if (log->end - number >= log->events)
        return 0;
    at = sse_log_slot(log, number)->at;
    if (number < log->wrap)
        return len <= at - log->head;
    return len <= behind || len <= at;
}

static void drop_oldest(sse_history *log)
{
    sse_log_slot(log, sse_log_first(log))->number = 0;
    log->count--;
}

/* Find the place for len bytes, and drop what is in the way. They fit in the room. Returns the free
 * memory there. */
static sse_out make_place(sse_history *log, size_t len)
{
    size_t end = (size_t)log->size;

    while (!fits(log, len, sse_log_first(log)))
        drop_oldest(log);
    if (log->count == 0 || len > log->size - log->head) {
        log->head = 0;
        log->wrap = log->end;
    }
    if (sse_log_first(log) < log->wrap)
        end = sse_log_slot(log, sse_log_first(log))->at;
    return sse_out_to(sse_log_room(log) + log->head, end - log->head);
}

/* Where in its bytes the id of an event is; 0: it has none. */
static uint32_t id_place(const sse_history *log, const sse_event *ev)
{
    const sse_event ahead = {ev->comment, ev->type, {NULL, 0}, 0, {NULL, 0}};
    sse_out o = sse_out_to(NULL, 0);

    if (ev->id.ptr == NULL)
        return 0;
    o.len = (log->flags & SSE_HISTORY_CHUNKED ? SSE_CHUNK_HEAD : 0) + sizeof "id: " - 1;
    if (ev->comment.ptr || ev->type.ptr) {
        sse_event_put(&o, &ahead, 1); /* which puts the beginning of the data, too */
        o.len -= sizeof "data: " - 1;
    }
    return (uint32_t)o.len;
}

/* Put an event as it is stored, but for the head of its chunk. */
static void put_framed(const sse_history *log, sse_out *o, const sse_event *ev)
{
    const int chunked = (log->flags & SSE_HISTORY_CHUNKED) != 0;

    if (chunked)
        sse_chunk_open(o);
    sse_event_put(o, ev, 0);
    if (chunked)
        sse_chunk_close(o);
}

/* How long an event is when stored, or at least is: exactly, where it may be too long for the room.
 */
static size_t least_len(const sse_history *log, const sse_event *ev)
{
    const size_t least = ev->comment.len + ev->type.len + ev->id.len + ev->data.len;
    sse_out measure = sse_out_to(NULL, 0);

    if (least + 16 <= log->size / 8) /* a byte becomes 7 at most, and the rest takes 54 */
        return least;
    put_framed(log, &measure, ev);
    return measure.len;
}

/* Put an event at its place. Returns its length, or 0 and has dropped nothing: it is too long. */
static size_t store(sse_history *log, const sse_event *ev)
{
    size_t len = least_len(log, ev);
    sse_out o;

    do {
        if (len > log->size)
            return 0;
        o = make_place(log, len);
        put_framed(log, &o, ev);
        len = o.len;
    } while (len > o.cap);
    if (log->flags & SSE_HISTORY_CHUNKED)
        sse_chunk_fill(&o, 0);
    return len;
}

/* see sse/history.h */
int sse_history_append(sse_history *log, const sse_event *ev, uint64_t tag, uint64_t key,
                      uint64_t now_ms)
{
    char id[SSE_HISTORY_ID_MAX];
    sse_event event;
    sse_slot *slot;
    size_t len;
    int status;

    if (!sse_log_is(log) || ev == NULL || (log->flags & SSE_LOG_AUTOMATIC && ev->id.ptr != NULL))
        return SSE_E_ARG;
    status = sse_event_put(NULL, ev, 0);
    if (status != SSE_OK)
        return status;
    event = *ev;
    if (log->flags & SSE_LOG_AUTOMATIC)
        event.id = sse_log_id(id, log->epoch, log->end);
    len = store(log, &event);
    if (len == 0)
        return SSE_E_TOOBIG;

    slot = sse_log_slots(log) + log->slot;
    slot->at = log->head;
    slot->len = (uint32_t)len;
    slot->number = log->end;
    slot->tag = tag;
    slot->key = key;
    slot->time_ms = now_ms;
    slot->id_at = id_place(log, &event);
    slot->id_len = (uint32_t)event.id.len;
    slot->check = sse_slot_check(log, slot);
    log->head += slot->len;
    log->slot = log->slot + 1 < log->events ? log->slot + 1 : 0;
    log->end++;
    log->count++;
    sse_log_name(log, slot);
    return SSE_OK;
}

/* see sse/history.h */
int sse_history_expire(sse_history *log, uint64_t before_ms)
{
    if (!sse_log_is(log))
        return SSE_E_ARG;
    while (log->count > 0 && sse_log_slot(log, sse_log_first(log))->time_ms < before_ms)
        drop_oldest(log);
    return SSE_OK;
}

/* see sse/history.h */
int sse_history_fits(const sse_history *log, size_t len, uint64_t number)
{
    return sse_log_is(log) && number >= sse_log_first(log) && fits(log, len, number);
}

/* see sse/history.h */
uint64_t sse_history_first(const sse_history *log)
{
    return sse_log_is(log) ? sse_log_first(log) : 0;
}

/* see sse/history.h */
uint64_t sse_history_end(const sse_history *log)
{
    return sse_log_is(log) ? log->end : 0;
}
