/* SPDX-License-Identifier: MIT */
/* The header of a history: what it is for a block of memory, and the checksums. */
#include "history_layout.h"

#include "assert.h"

#include <string.h>

#define MAGIC UINT64_C(0x3274736968657373) /* "ssehist2", and no such number in the other order */

SSE_STATIC_ASSERT(sizeof(sse_history) == SSE_HISTORY_OVERHEAD, history_overhead);
SSE_STATIC_ASSERT(sizeof(sse_slot) + 2 * sizeof(uint32_t) == SSE_HISTORY_SLOT, history_slot);

/* What an array of uint64_t is aligned to. */
typedef struct aligned {
    char byte;
    uint64_t words;
} aligned;

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

uint64_t sse_history_check(const sse_history *h)
{
    return mix_bytes(0, h, offsetof(sse_history, check));
}

uint64_t sse_slot_check(const sse_history *h, const sse_slot *slot)
{
    const uint64_t number = mix(h->check, slot->number);
    const uint64_t slots =
        mix_bytes(number, &slot->tag, offsetof(sse_slot, id_older) - offsetof(sse_slot, tag));

    return mix_bytes(slots, sse_history_room(h) + slot->at, slot->len);
}

uint64_t sse_history_hash(const char *bytes, size_t len)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325); /* FNV-1a, which mixes upwards */
    size_t i;

    for (i = 0; i < len; i++)
        hash = (hash ^ (unsigned char)bytes[i]) * UINT64_C(0x100000001b3);
    return hash;
}

/* The finalizer of MurmurHash3: a bijection in which each bit of the input moves about half of the
 * bits of the result. */
static uint64_t scatter(uint64_t word)
{
    word = (word ^ word >> 33) * UINT64_C(0xff51afd7ed558ccd);
    word = (word ^ word >> 33) * UINT64_C(0xc4ceb9fe1a85ec53);
    return word ^ word >> 33;
}

int sse_history_plan(sse_history *plan, const void *mem, size_t size, uint32_t events,
                     uint32_t flags)
{
    const uint64_t index_len = SSE_HISTORY_OVERHEAD + events * (uint64_t)SSE_HISTORY_SLOT;

    if (mem == NULL || (uintptr_t)mem % offsetof(aligned, words) != 0 || events == 0 ||
        (flags & ~(uint32_t)SSE_HISTORY_CHUNKED) || size < index_len + SSE_HISTORY_CAPACITY_MIN ||
        size - index_len > UINT32_MAX)
        return 0;
    memset(plan, 0, sizeof *plan);
    plan->magic = MAGIC;
    plan->size = size - index_len;
    plan->events = events;
    plan->flags = flags;
    plan->born = plan->old_born = plan->end = plan->wrap = 1;
    plan->slot = 1 % events;
    return 1;
}

/* The origin is another for each epoch, for certain, where the name is the same; and another for
 * each hash of a name where the epoch is the same. */
int sse_history_sign(sse_history *plan, uint64_t epoch, const char *name, size_t name_len)
{
    if (epoch != 0) {
        if (name == NULL || name_len == 0)
            return 0;
        plan->flags |= SSE_HISTORY_AUTOMATIC;
        plan->epoch = scatter(scatter(epoch) ^ sse_history_hash(name, name_len));
        plan->old_epoch = plan->epoch;
    }
    plan->check = sse_history_check(plan);
    return 1;
}

/* see sse/history.h */
size_t sse_history_size(uint32_t events, size_t capacity)
{
    const uint64_t room = capacity;
    uint64_t size;

    if (events == 0 || room < SSE_HISTORY_CAPACITY_MIN || room > UINT32_MAX)
        return 0;
    size = SSE_HISTORY_OVERHEAD + events * (uint64_t)SSE_HISTORY_SLOT + room;
    return (size_t)size * (size <= SIZE_MAX); /* which may be 32 bits */
}
