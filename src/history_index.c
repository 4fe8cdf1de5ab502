/* SPDX-License-Identifier: MIT */
/* The index of a history: what its events are known by, ids and keys. The tables are drawn in
 * history_layout.h. */
#include "history_layout.h"

#include "assert.h"
#include "digits.h"
#include "str.h"

#include <string.h>

/* The longest id: 16 digits of the origin, a hyphen, the digits of the number. */
SSE_STATIC_ASSERT(16 + 1 + SSE_DIGITS64_MAX == SSE_HISTORY_ID_MAX, history_id_max);

sse_str sse_history_automatic_id(char *memory, uint64_t epoch, uint64_t number)
{
    char *const end = memory + SSE_HISTORY_ID_MAX;
    char *p = sse_digits64(end, number, 10);

    *--p = '-';
    p = sse_digits64(p, epoch, 16);
    return sse_str_of(p, (size_t)(end - p));
}

/* Read the number at the end of an automatic id. Any other text has some number, too, whose id is
 * another one. */
static uint64_t read_number(sse_str id)
{
    uint64_t number = 0, unit = 1;
    size_t i = id.len;

    while (i > 0 && id.ptr[i - 1] != '-') {
        number += unit * (uint64_t)(id.ptr[--i] - '0');
        unit *= 10;
    }
    return number;
}

/* The id of an event; empty where it has none. */
static sse_str id_of(const sse_history *h, const sse_slot *slot)
{
    return sse_str_of(sse_history_room(h) + slot->at + slot->id_at, slot->id_len);
}

/* The bucket of a hash, of which the upper bits count. */
static uint32_t *bucket(const sse_history *h, uint32_t *table, uint64_t hash)
{
    return table + (((hash >> 32) * h->events) >> 32);
}

static uint32_t *id_bucket(const sse_history *h, sse_str id)
{
    const uint64_t hash = sse_history_hash(id.ptr, id.len);

    return bucket(h, sse_history_ids(h), hash * UINT64_C(0x9e3779b97f4a7c15));
}

static uint32_t *key_bucket(const sse_history *h, const sse_slot *slot)
{
    const uint64_t hash = (slot->tag * UINT64_C(0xff51afd7ed558ccd)) ^ slot->key;

    return bucket(h, sse_history_keys(h), (hash ^ hash >> 32) * UINT64_C(0x9e3779b97f4a7c15));
}

/* The distance from an event, or from the end, to the one whose low half of a number stands in a
 * bucket. A bucket that holds no event of the history gives a distance that reaches too far back. A
 * number that is older by 2^32 or more looks like a newer one: it leads to the chain of another
 * bucket, in which no event matches. */
static uint32_t distance(uint64_t from, uint32_t low)
{
    return (uint32_t)from - low;
}

/* Whether one can go back so far from an event, or the end, and still be in the history. */
static int reaches(const sse_history *h, uint64_t from, uint32_t back)
{
    return back > 0 && back <= from - sse_history_oldest(h);
}

static sse_slot *find_id(const sse_history *h, sse_str id)
{
    uint64_t at = h->end;
    uint32_t back = distance(at, *id_bucket(h, id));

    while (reaches(h, at, back)) {
        sse_slot *const slot = sse_history_slot(h, at -= back);

        if (sse_str_same(id_of(h, slot), id))
            return slot;
        back = slot->id_older;
    }
    return NULL;
}

/* Find what an event stands for from now on, and take it out of its chain: so a chain has each key
 * once. The event is in the history, and not yet in the chain. */
static void supersede(sse_history *h, const sse_slot *by, uint32_t *low)
{
    sse_slot *newer = NULL; /* the one before it in the chain */
    uint64_t at = by->number;
    uint32_t back = distance(at, *low);

    while (reaches(h, at, back)) {
        sse_slot *const slot = sse_history_slot(h, at -= back);

        if (slot->key == by->key && slot->tag == by->tag) {
            slot->newer = by->number;
            if (newer == NULL)
                *low = (uint32_t)(at - slot->key_older);
            else
                newer->key_older += slot->key_older;
            return;
        }
        newer = slot;
        back = slot->key_older;
    }
}

/* Put an event at the front of a chain. Returns its distance to the next one. */
static uint32_t link_to(uint32_t *low, uint64_t number)
{
    const uint32_t older = distance(number, *low);

    *low = (uint32_t)number;
    return older;
}

void sse_history_name(sse_history *h, sse_slot *slot)
{
    slot->newer = 0;
    if (slot->id_len > 0 && !(h->flags & SSE_HISTORY_AUTOMATIC))
        slot->id_older = link_to(id_bucket(h, id_of(h, slot)), slot->number);
    if (slot->key != 0) {
        uint32_t *const low = key_bucket(h, slot);

        supersede(h, slot, low);
        slot->key_older = link_to(low, slot->number);
    }
}

/* Whether an id is that of an event, or of the place before the first one, of a run that has such
 * an origin and first number. */
static int is_of_run(sse_str id, uint64_t number, uint64_t epoch, uint64_t born)
{
    char memory[SSE_HISTORY_ID_MAX];

    return number + 1 >= born && sse_str_same(sse_history_automatic_id(memory, epoch, number), id);
}

static int find_automatic(const sse_history *h, sse_str id, uint64_t *number)
{
    *number = read_number(id);
    if (*number >= h->end)
        return 0;
    if (is_of_run(id, *number, h->epoch, h->born) ||
        (*number < h->born && is_of_run(id, *number, h->old_epoch, h->old_born)))
        return 1;
    return *number >= sse_history_oldest(h) &&
           sse_str_same(id_of(h, sse_history_slot(h, *number)), id);
}

static int find_own(const sse_history *h, sse_str id, uint64_t *number)
{
    const sse_slot *const slot = find_id(h, id);

    if (slot != NULL)
        *number = slot->number;
    return slot != NULL;
}

/* see sse/history.h */
int sse_history_find(const sse_history *h, const char *id, size_t len, uint64_t *next)
{
    const sse_str text = sse_str_of(id, len);
    uint64_t number;

    if (next == NULL)
        return SSE_E_ARG;
    *next = 0;
    if (!sse_history_is(h))
        return SSE_E_ARG;
    *next = sse_history_oldest(h);
    if (sse_str_missing(&text))
        return SSE_E_ARG;
    if (len == 0 || !(h->flags & SSE_HISTORY_AUTOMATIC ? find_automatic(h, text, &number)
                                                       : find_own(h, text, &number)))
        return SSE_GAP;
    *next = number + 1;
    return SSE_OK;
}

/* see sse/history.h */
int sse_history_id(const sse_history *h, uint64_t number, char *dst, size_t cap, size_t *len)
{
    char memory[SSE_HISTORY_ID_MAX];
    sse_str id;

    if (len == NULL)
        return SSE_E_ARG;
    *len = 0;
    if (!sse_history_is(h) || sse_is_missing(dst, cap))
        return SSE_E_ARG;
    if (!(h->flags & SSE_HISTORY_AUTOMATIC))
        return SSE_E_STATE;
    if (number >= h->end || number + 1 < h->born)
        return SSE_E_RANGE;
    id = sse_history_automatic_id(memory, h->epoch, number);
    *len = id.len;
    if (id.len > cap)
        return SSE_E_SPACE;
    memcpy(dst, id.ptr, id.len);
    return SSE_OK;
}

/* see sse/history.h */
size_t sse_history_id_max(void)
{
    return SSE_HISTORY_ID_MAX;
}
