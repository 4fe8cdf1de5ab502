/* SPDX-License-Identifier: MIT */
/* A history is found again in memory that an earlier process has left. Nothing in it is trusted.
 *
 * The header says what init wrote, and its checksum says that it did. All else is found anew:
 *
 *     every slot    is it sound: the number belongs there, the bytes are in the room, the checksum
 *                   of both is right?                                    -> the newest event
 *     from there    back, while events are sound and stand side by side  -> first, wrap, head
 *     and forth                                                          -> ids and keys
 *
 * What the header says of the run that left it is under no checksum. It is taken in where it agrees
 * with the events on the next number, and ids are compared with it, nothing else: where it is not
 * true, it makes ids known that no client has. */
#include "history_layout.h"

#include <string.h>

/* No history has had so many events. Those that follow have numbers, too. */
#define NUMBER_MAX (UINT64_MAX / 2)

/* Whether a slot has an event that can be believed, as far as it alone can tell. */
static int is_sound(const sse_history *h, uint64_t i)
{
    const sse_slot *const slot = sse_history_slots(h) + i;

    return slot->number > 0 && slot->number <= NUMBER_MAX && slot->number % h->events == i &&
           slot->len > 0 && (uint64_t)slot->at + slot->len <= h->size &&
           (uint64_t)slot->id_at + slot->id_len <= slot->len &&
           slot->check == sse_slot_check(h, slot);
}

static const sse_slot *find_newest(const sse_history *h)
{
    const sse_slot *newest = NULL;
    uint32_t i;

    for (i = 0; i < h->events; i++) {
        const sse_slot *const slot = sse_history_slots(h) + i;

        if ((newest == NULL || slot->number > newest->number) && is_sound(h, i))
            newest = slot;
    }
    return newest;
}

/* Take in the event before the first one. Returns 0 where it cannot be. */
static int take_older(sse_history *h)
{
    const uint64_t first = sse_history_oldest(h);
    const uint64_t i = (first - 1) % h->events;
    const sse_slot *const older = sse_history_slots(h) + i;
    const uint32_t at = sse_history_slot(h, first)->at;
    int side_by_side;

    if (older->number != first - 1 || !is_sound(h, i))
        return 0;
    side_by_side = older->at + older->len == at;
    if (h->wrap == first && side_by_side)
        h->wrap--;
    else if (older->at < h->head || (!side_by_side && at != 0))
        return 0; /* written over, or no neighbour */
    h->count++;
    return 1;
}

/* Drop what is not in the history, and name what is. */
static void clean(sse_history *h)
{
    uint64_t i;

    for (i = 0; i < h->events; i++) {
        sse_slot *const slot = sse_history_slots(h) + i;

        if (slot->number < sse_history_oldest(h) || slot->number >= h->end)
            slot->number = 0;
    }
    memset(sse_history_ids(h), 0, h->events * (2 * sizeof(uint32_t)));
    for (i = sse_history_oldest(h); i < h->end; i++)
        sse_history_name(h, sse_history_slot(h, i));
}

/* see sse/history.h */
sse_history *sse_history_open(void *mem, size_t size, uint32_t events, uint32_t flags,
                              uint64_t epoch, const char *name, size_t name_len)
{
    sse_history *h = mem;
    const sse_slot *newest;
    sse_history plan;

    if (!sse_history_plan(&plan, mem, size, events, flags) ||
        !sse_history_sign(&plan, epoch, name, name_len) ||
        memcmp(&plan, h, offsetof(sse_history, epoch)) != 0)
        return NULL;
    newest = find_newest(h);
    if (newest != NULL) {
        plan.born = plan.end = newest->number + 1;
        plan.wrap = newest->number;
        plan.count = 1;
        plan.slot = (uint32_t)(plan.end % events);
        plan.head = newest->at + newest->len;
    }
    if (h->end == plan.end) { /* else events are lost that clients of that run may have */
        plan.old_epoch = h->epoch;
        plan.old_born = h->born;
    }
    *h = plan;
    while (newest != NULL && take_older(h))
        ;
    clean(h);
    return h;
}
