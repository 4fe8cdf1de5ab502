/* The log: what its events are known by, ids and keys. The tables are drawn in log.h. */
#include "sse/history.h"

#include "digits.h"
#include "log.h"
#include "str.h"

#include <string.h>

sse_str sse_log_id(char *memory, uint64_t epoch, uint64_t number)
{
    char *const end = memory + SSE_HISTORY_ID_MAX;
    sse_str id;
    char *p = sse_digits64(end, number, 10);

    *--p = '-';
    p = sse_digits64(p, epoch, 16);
    id.ptr = p;
    id.len = (size_t)(end - p);
    return id;
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
static sse_str id_of(const sse_history *log, const sse_slot *slot)
{
    sse_str id;

    id.ptr = sse_log_room(log) + slot->at + slot->id_at;
    id.len = slot->id_len;
    return id;
}

/* The bucket of a hash, of which the upper bits count. */
static uint32_t *bucket(const sse_history *log, uint32_t *table, uint64_t hash)
{
    return table + (((hash >> 32) * log->events) >> 32);
}

static uint32_t *id_bucket(const sse_history *log, sse_str id)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325); /* FNV-1a, which mixes upwards */
    size_t i;

    for (i = 0; i < id.len; i++)
        hash = (hash ^ (unsigned char)id.ptr[i]) * UINT64_C(0x100000001b3);
    return bucket(log, sse_log_ids(log), hash * UINT64_C(0x9e3779b97f4a7c15));
}

static uint32_t *key_bucket(const sse_history *log, const sse_slot *slot)
{
    const uint64_t hash = (slot->tag * UINT64_C(0xff51afd7ed558ccd)) ^ slot->key;

    return bucket(log, sse_log_keys(log), (hash ^ hash >> 32) * UINT64_C(0x9e3779b97f4a7c15));
}

/* The distance from an event, or the end, to the one whose low half of a number stands in a bucket.
 * What is no event of the log is too far away to be one; a number from a whole round of the low
 * half ago leads to some chain, where nothing matches. */
static uint32_t distance(uint64_t from, uint32_t low)
{
    return (uint32_t)from - low;
}

/* Whether one can go back so far from an event, or the end, and still be in the log. */
static int reaches(const sse_history *log, uint64_t from, uint32_t back)
{
    return back > 0 && back <= from - sse_log_first(log);
}

static sse_slot *find_id(const sse_history *log, sse_str id)
{
    uint64_t at = log->end;
    uint32_t back = distance(at, *id_bucket(log, id));

    while (reaches(log, at, back)) {
        sse_slot *const slot = sse_log_slot(log, at -= back);

        if (sse_str_same(id_of(log, slot), id))
            return slot;
        back = slot->id_older;
    }
    return NULL;
}

/* Find what an event stands for from now on, and take it out of its chain: so a chain has each key
 * once. The event is in the log, and not yet in the chain. */
static void supersede(sse_history *log, const sse_slot *by, uint32_t *low)
{
    sse_slot *newer = NULL; /* the one ahead of it in the chain */
    uint64_t at = by->number;
    uint32_t back = distance(at, *low);

    while (reaches(log, at, back)) {
        sse_slot *const slot = sse_log_slot(log, at -= back);

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

void sse_log_name(sse_history *log, sse_slot *slot)
{
    slot->newer = 0;
    if (slot->id_len > 0 && !(log->flags & SSE_LOG_AUTOMATIC))
        slot->id_older = link_to(id_bucket(log, id_of(log, slot)), slot->number);
    if (slot->key != 0) {
        uint32_t *const low = key_bucket(log, slot);

        supersede(log, slot, low);
        slot->key_older = link_to(low, slot->number);
    }
}

static int find_automatic(const sse_history *log, sse_str id, uint64_t *number)
{
    char memory[SSE_HISTORY_ID_MAX];

    *number = read_number(id);
    if (*number >= log->end)
        return 0;
    if (*number + 1 >= log->born && sse_str_same(sse_log_id(memory, log->epoch, *number), id))
        return 1;
    return *number >= sse_log_first(log) && sse_str_same(id_of(log, sse_log_slot(log, *number)), id);
}

static int find_own(const sse_history *log, sse_str id, uint64_t *number)
{
    const sse_slot *const slot = find_id(log, id);

    if (slot != NULL)
        *number = slot->number;
    return slot != NULL;
}

/* see sse/history.h */
int sse_history_find(const sse_history *log, const char *id, size_t len, uint64_t *next)
{
    const sse_str text = {id, len};
    uint64_t number;

    *next = sse_history_first(log);
    if (!sse_log_is(log) || sse_is_missing(id, len))
        return SSE_E_ARG;
    if (len == 0 || !(log->flags & SSE_LOG_AUTOMATIC ? find_automatic(log, text, &number)
                                                     : find_own(log, text, &number)))
        return SSE_GAP;
    *next = number + 1;
    return SSE_OK;
}

/* see sse/history.h */
int sse_history_id(const sse_history *log, uint64_t number, char *id, size_t *len)
{
    char memory[SSE_HISTORY_ID_MAX];
    sse_str text;

    *len = 0;
    if (!sse_log_is(log))
        return SSE_E_ARG;
    if (!(log->flags & SSE_LOG_AUTOMATIC))
        return SSE_E_STATE;
    if (number >= log->end || number + 1 < log->born)
        return SSE_E_RANGE;
    text = sse_log_id(memory, log->epoch, number);
    memcpy(id, text.ptr, text.len);
    *len = text.len;
    return SSE_OK;
}
