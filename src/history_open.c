/* The log: find again what an earlier process has left in memory. Nothing in it is believed.
 *
 * The header says what init wrote, and its checksum says that it did. All else is found anew:
 *
 *     every slot    is it sound: the number belongs there, the bytes are in the room, the checksum
 *                   of both is right?                                    -> the newest event
 *     from there    back, while events are sound and stand side by side  -> first, wrap, head
 *     and forth                                                          -> ids and keys */
#include "sse/history.h"

#include "log.h"

#include <string.h>

/* Each step is a bijection of the word, and of the sum so far: a change within one word is noticed
 * for certain. */
static uint64_t mix(uint64_t sum, uint64_t word)
{
    sum = (sum ^ word) * UINT64_C(0x9e3779b97f4a7c15);
    return sum ^ sum >> 29;
}

static uint64_t mix_bytes(uint64_t sum, const void *bytes, size_t len)
{
    const char *p = bytes;
    uint64_t word;

    for (; len >= sizeof word; p += sizeof word, len -= sizeof word) {
        memcpy(&word, p, sizeof word);
        sum = mix(sum, word);
    }
    word = 0;
    memcpy(&word, p, len);
    return mix(sum, word);
}

uint64_t sse_log_check(const sse_history *log)
{
    return mix_bytes(0, log, offsetof(sse_history, check));
}

uint64_t sse_slot_check(const sse_history *log, const sse_slot *slot)
{
    const uint64_t number = mix(log->check, slot->number);
    const uint64_t slots =
        mix_bytes(number, &slot->tag, offsetof(sse_slot, id_older) - offsetof(sse_slot, tag));

    return mix_bytes(slots, sse_log_room(log) + slot->at, slot->len);
}

/* No log has had so many events. Those that follow have numbers, too. */
#define NUMBER_MAX (UINT64_MAX / 2)

/* Whether a slot has an event that can be believed, as far as it alone can tell. */
static int is_sound(const sse_history *log, uint64_t i)
{
    const sse_slot *const slot = sse_log_slots(log) + i;

    return slot->number > 0 && slot->number <= NUMBER_MAX && slot->number % log->events == i &&
           slot->len > 0 && (uint64_t)slot->at + slot->len <= log->size &&
           (uint64_t)slot->id_at + slot->id_len <= slot->len &&
           slot->check == sse_slot_check(log, slot);
}

static const sse_slot *find_newest(const sse_history *log)
{
    const sse_slot *newest = NULL;
    uint32_t i;

    for (i = 0; i < log->events; i++) {
        const sse_slot *const slot = sse_log_slots(log) + i;

        if ((newest == NULL || slot->number > newest->number) && is_sound(log, i))
            newest = slot;
    }
    return newest;
}

/* Take in the event ahead of the first one. Returns 0 where it cannot be. */
static int take_older(sse_history *log)
{
    const uint64_t first = sse_log_first(log);
    const uint64_t i = (first - 1) % log->events;
    const sse_slot *const older = sse_log_slots(log) + i;
    const uint32_t at = sse_log_slot(log, first)->at;
    int side_by_side;

    if (older->number != first - 1 || !is_sound(log, i))
        return 0;
    side_by_side = older->at + older->len == at;
    if (log->wrap == first && side_by_side)
        log->wrap--;
    else if (older->at < log->head || (!side_by_side && at != 0))
        return 0; /* written over, or no neighbour */
    log->count++;
    return 1;
}

/* Drop what is not in the log, and name what is. */
static void clean(sse_history *log)
{
    uint64_t i;

    for (i = 0; i < log->events; i++) {
        sse_slot *const slot = sse_log_slots(log) + i;

        if (slot->number < sse_log_first(log) || slot->number >= log->end)
            slot->number = 0;
    }
    memset(sse_log_ids(log), 0, log->events * (2 * sizeof(uint32_t)));
    for (i = sse_log_first(log); i < log->end; i++)
        sse_log_name(log, sse_log_slot(log, i));
}

/* see sse/history.h */
sse_history *sse_history_open(void *mem, size_t size, uint32_t events, uint64_t epoch, uint32_t flags)
{
    sse_history *log = mem;
    const sse_slot *newest;
    sse_history plan;
    const sse_history *const empty = sse_log_plan(&plan, mem, size, events, epoch, flags);

    if (empty == NULL || memcmp(empty, log, offsetof(sse_history, epoch)) != 0)
        return NULL;
    *log = *empty;
    newest = find_newest(log);
    if (newest != NULL) {
        log->end = newest->number + 1;
        log->born = log->end;
        log->wrap = newest->number;
        log->count = 1;
        log->slot = (uint32_t)(log->end % events);
        log->head = newest->at + newest->len;
        while (take_older(log))
            ;
    }
    clean(log);
    return log;
}
