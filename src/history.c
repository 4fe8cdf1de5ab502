/* SPDX-License-Identifier: MIT */
/* A history is made and written here: init, append, expire. Its memory is drawn in
 * history_layout.h. */
#include "history_layout.h"

#include "chunk.h"
#include "encode.h"
#include "out.h"
#include "str.h"

#include <string.h>

/* see sse/history.h */
sse_history *sse_history_init(void *mem, size_t size, uint32_t events, uint32_t flags,
                              uint64_t epoch, const char *name, size_t name_len)
{
    sse_history *h = mem;
    sse_history plan;

    if (!sse_history_plan(&plan, mem, size, events, flags) ||
        !sse_history_sign(&plan, epoch, name, name_len))
        return NULL;
    *h = plan;
    memset(sse_history_slots(h), 0, events * (size_t)SSE_HISTORY_SLOT);
    return h;
}

/* Whether len bytes fit in one piece when the event with this number, and what follows it, stays.
 * It is in the history, or still to come. */
static int fits(const sse_history *h, size_t len, uint64_t number)
{
    const size_t rest = (size_t)(h->size - h->head); /* the head, up to the end of the room */
    size_t at;

    if (number >= h->end)
        return len <= h->size;
    if (h->end - number >= h->events)
        return 0;
    at = sse_history_slot(h, number)->at;
    if (number < h->wrap)
        return len <= at - h->head;
    return len <= rest || len <= at;
}

static void drop_oldest(sse_history *h)
{
    sse_history_slot(h, sse_history_oldest(h))->number = 0;
    h->count--;
}

/* Find the place for len bytes, and drop what is in the way. They fit in the room. Returns the free
 * memory there. */
static sse_out make_place(sse_history *h, size_t len)
{
    size_t end = (size_t)h->size;

    while (!fits(h, len, sse_history_oldest(h)))
        drop_oldest(h);
    if (h->count == 0 || len > h->size - h->head) {
        h->head = 0;
        h->wrap = h->end;
    }
    if (sse_history_oldest(h) < h->wrap)
        end = sse_history_slot(h, sse_history_oldest(h))->at;
    return sse_out_to(sse_history_room(h) + h->head, end - h->head);
}

/* Where in its bytes the id of an event is; 0: it has none. */
static uint32_t id_place(const sse_history *h, const sse_event *ev)
{
    const sse_event before = {ev->comment, ev->type, {NULL, 0}, 0, {NULL, 0}};
    sse_out o = sse_out_to(NULL, 0);

    if (ev->id.ptr == NULL)
        return 0;
    o.len = (h->flags & SSE_HISTORY_CHUNKED ? SSE_CHUNK_HEAD : 0) + sizeof "id: " - 1;
    if (ev->comment.ptr || ev->type.ptr) {
        sse_event_put(&o, &before, 1); /* which puts the beginning of the data, too */
        o.len -= sizeof "data: " - 1;
    }
    return (uint32_t)o.len;
}

/* Put an event as it is stored, except the head of its chunk. */
static void put_framed(const sse_history *h, sse_out *o, const sse_event *ev)
{
    const int chunked = (h->flags & SSE_HISTORY_CHUNKED) != 0;

    if (chunked)
        sse_chunk_open(o);
    sse_event_put(o, ev, 0);
    if (chunked)
        sse_chunk_close(o);
}

/* The length of an event as it is stored, or less where it is sure to fit in the room. */
static size_t least_len(const sse_history *h, const sse_event *ev)
{
    const size_t least = ev->comment.len + ev->type.len + ev->id.len + ev->data.len;
    sse_out measure = sse_out_to(NULL, 0);

    if (least + 16 <= h->size / 8) /* a byte becomes 7 at most, and the rest takes 54 */
        return least;
    put_framed(h, &measure, ev);
    return measure.len;
}

/* Put an event at its place. Returns its length, or 0 and has dropped nothing: it is too long. */
static size_t store(sse_history *h, const sse_event *ev)
{
    size_t len = least_len(h, ev);
    sse_out o;

    do {
        if (len > h->size)
            return 0;
        o = make_place(h, len);
        put_framed(h, &o, ev);
        len = o.len;
    } while (len > o.cap);
    if (h->flags & SSE_HISTORY_CHUNKED)
        sse_chunk_fill(&o, 0);
    return len;
}

/* see sse/history.h */
int sse_history_append(sse_history *h, const sse_event *ev, uint64_t tag, uint64_t key,
                       uint64_t now_ms)
{
    char id[SSE_HISTORY_ID_MAX];
    sse_event event;
    sse_slot *slot;
    size_t len;
    int status;

    if (!sse_history_is(h) || ev == NULL ||
        (h->flags & SSE_HISTORY_AUTOMATIC && ev->id.ptr != NULL))
        return SSE_E_ARG;
    status = sse_event_put(NULL, ev, 0);
    if (status != SSE_OK)
        return status;
    event = *ev;
    if (h->flags & SSE_HISTORY_AUTOMATIC)
        event.id = sse_history_automatic_id(id, h->epoch, h->end);
    len = store(h, &event);
    if (len == 0)
        return SSE_E_TOOBIG;

    slot = sse_history_slots(h) + h->slot;
    slot->at = h->head;
    slot->len = (uint32_t)len;
    slot->number = h->end;
    slot->tag = tag;
    slot->key = key;
    slot->time_ms = now_ms;
    slot->id_at = id_place(h, &event);
    slot->id_len = (uint32_t)event.id.len;
    slot->check = sse_slot_check(h, slot);
    h->head += slot->len;
    h->slot = h->slot + 1 < h->events ? h->slot + 1 : 0;
    h->end++;
    h->count++;
    sse_history_name(h, slot);
    return SSE_OK;
}

/* see sse/history.h */
int sse_history_append_parts(sse_history *h, const char *type, size_t type_len, const char *id,
                             size_t id_len, const char *data, size_t data_len, uint64_t tag,
                             uint64_t key, uint64_t now_ms)
{
    const sse_event ev = sse_event_of(type, type_len, id, id_len, data, data_len);

    return sse_history_append(h, &ev, tag, key, now_ms);
}

/* see sse/history.h */
int sse_history_expire(sse_history *h, uint64_t before_ms)
{
    if (!sse_history_is(h))
        return SSE_E_ARG;
    while (h->count > 0 && sse_history_slot(h, sse_history_oldest(h))->time_ms < before_ms)
        drop_oldest(h);
    return SSE_OK;
}

int sse_history_fits(const sse_history *h, size_t len, uint64_t number)
{
    return number >= sse_history_oldest(h) && fits(h, len, number);
}

/* see sse/history.h */
int sse_history_get(const sse_history *h, uint64_t number, const void **bytes, size_t *len)
{
    const sse_slot *slot;

    if (bytes != NULL)
        *bytes = NULL;
    if (len != NULL)
        *len = 0;
    if (!sse_history_is(h) || bytes == NULL || len == NULL)
        return SSE_E_ARG;
    if (number == 0 || number >= h->end)
        return SSE_E_RANGE;
    if (number < sse_history_oldest(h))
        return SSE_GAP;
    slot = sse_history_slot(h, number);
    *bytes = sse_history_room(h) + slot->at;
    *len = slot->len;
    return SSE_OK;
}

/* see sse/history.h */
uint64_t sse_history_first(const sse_history *h)
{
    return sse_history_is(h) ? sse_history_oldest(h) : 0;
}

/* see sse/history.h */
uint64_t sse_history_next(const sse_history *h)
{
    return sse_history_is(h) ? h->end : 0;
}
