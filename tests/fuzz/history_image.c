/* SPDX-License-Identifier: MIT */
/* history_image.c - memory that was made to mislead sse_history_open, and what is done with the
 * history that it finds.
 *
 * A history is filled, closed and edited: numbers in its slots, runs of bytes moved or overwritten.
 * Then checksums are set right, by the library's own functions, of which an attacker has a copy; so
 * what is left to protect the reader is only what it checks by itself. What is read may be
 * nonsense; it must be inside of the room, and the history must go on as any other does. */
#include "fuzz.h"

#include "history_layout.h"

#include <string.h>

#define NAME "/fuzz"

enum { SLOTS_MAX = 8, STREAM_MAX = 4096 };

static struct state {
    sse_history *real;
    size_t size;
    uint32_t events, flags;
    uint64_t epoch;
} state;

static int append(input *in)
{
    static const char text[256];
    const unsigned len = take_byte(in), what = take_byte(in);
    sse_event ev = {{NULL, 0}, {NULL, 0}, {NULL, 0}, 0, {text, len}};
    char id[2];

    id[0] = (char)('a' + what % 8);
    if (state.epoch == 0 && what & 8) {
        ev.id.ptr = id;
        ev.id.len = 1;
    }
    return sse_history_append(state.real, &ev, what >> 4 & 1, what >> 5 & 3, what);
}

/* A number of any magnitude. */
static uint64_t take_number(input *in)
{
    const uint64_t word = take_word(in);

    return word >> take_below(in, 64);
}

/* One edit of the memory after the header, which is never believed unless it is as it was. */
static void edit(input *in)
{
    char *const bytes = (char *)state.real;
    const size_t header = sizeof(sse_history), len = state.size - header;
    const unsigned how = take_below(in, 6);
    size_t at = header + take_below(in, 65536) % len;
    sse_slot *const slot = sse_history_slots(state.real) + take_below(in, state.events);
    uint64_t number;

    switch (how) {
    case 0: /* a byte */
        bytes[at] = (char)take_byte(in);
        break;
    case 1: /* an aligned number, small or near a limit */
        number = take_number(in);
        at = at / 8 * 8;
        if (at + sizeof number <= state.size)
            memcpy(bytes + at, take_below(in, 2) ? &number : &(uint64_t){~number}, sizeof number);
        break;
    case 2: /* where an event is, and how long */
        slot->at = take_below(in, 2048);
        slot->len = take_below(in, 2048);
        break;
    case 3: /* its number, near a limit, in the place where it belongs */
        number = take_number(in);
        if (take_below(in, 2))
            number = ~number;
        number -= number % state.events;
        slot->number = number + (uint64_t)(slot - sse_history_slots(state.real));
        break;
    case 4: /* its id */
        slot->id_at = take_below(in, 2048);
        slot->id_len = take_below(in, 2048);
        break;
    default: /* one slot over another */
        *slot = sse_history_slots(state.real)[take_below(in, state.events)];
    }
}

/* Set right the checksum of a slot, if its bytes are where a checksum can be made. */
static void forge(sse_slot *slot)
{
    if (slot->at <= state.real->size && slot->len <= state.real->size - slot->at)
        slot->check = sse_slot_check(state.real, slot);
}

/* Read all of it, into dst. Returns the length. */
static size_t read_all(char *dst)
{
    const uint64_t end = sse_history_next(state.real);
    const char *const room = sse_history_room(state.real);
    uint64_t n;
    size_t all = 0;

    for (n = sse_history_first(state.real); n < end; n++) {
        const sse_slot *const slot = sse_history_slot(state.real, n);
        const void *bytes;
        size_t len;

        demand(sse_history_get(state.real, n, &bytes, &len) == SSE_OK && len > 0);
        demand((const char *)bytes >= room);
        demand((size_t)((const char *)bytes - room) + len <= state.real->size);
        demand(all + len <= STREAM_MAX);
        memcpy(dst + all, bytes, len);
        all += len;
        demand(slot->newer == 0 || (slot->newer > n && slot->newer < end));
    }
    demand(all <= state.real->size);
    return all;
}

/* What is true of any history. */
static size_t check(char *dst)
{
    const uint64_t first = sse_history_first(state.real), end = sse_history_next(state.real);

    demand(first > 0 && first <= end && end - first <= state.events);
    return read_all(dst);
}

/* Ask for each id that could be there. */
static void ask(input *in)
{
    const sse_str id = take_text(in);
    char memory[SSE_HISTORY_ID_MAX];
    uint64_t n, next;
    size_t len;

    sse_history_find(state.real, id.ptr, id.len, &next);
    demand(next >= sse_history_first(state.real) ||
           sse_history_find(state.real, id.ptr, id.len, &next) == SSE_OK);
    for (n = sse_history_first(state.real); n < sse_history_next(state.real); n++)
        if (sse_history_id(state.real, n, memory, sizeof memory, &len) == SSE_OK) {
            demand(sse_history_find(state.real, memory, len, &next) == SSE_OK && next == n + 1);
        }
}

/* Open a copy. Returns whether it was a history. */
static int open(void)
{
    const sse_str image = copy_of(state.real, state.size);

    state.epoch = state.epoch ? state.epoch + 2 : 0;
    state.real = (sse_history *)(uintptr_t)copy_of(image.ptr, image.len).ptr;
    if (sse_history_open(state.real, state.size, state.events, state.flags, state.epoch, NAME,
                         sizeof NAME - 1) == state.real)
        return 1;
    demand(memcmp(state.real, image.ptr, image.len) == 0);
    return 0;
}

/* Go on with it, and find all of it again. */
static void go_on(input *in)
{
    static char before[STREAM_MAX], after[STREAM_MAX];
    unsigned calls = take_below(in, 16);
    uint64_t first, end;
    size_t len;

    check(before);
    ask(in);
    for (; calls > 0; calls--) {
        end = sse_history_next(state.real);
        if (append(in) == SSE_OK)
            demand(sse_history_next(state.real) == end + 1);
        if (take_below(in, 8) == 0)
            sse_history_expire(state.real, take_word(in));
        check(before);
    }
    ask(in);
    len = check(before);
    first = sse_history_first(state.real);
    end = sse_history_next(state.real);
    demand(open());
    if (first == end || end > UINT64_MAX / 2) /* past where the numbers can get to */
        return;
    demand(sse_history_first(state.real) == first && sse_history_next(state.real) == end);
    demand(check(after) == len && memcmp(before, after, len) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    input in = {data, size};
    unsigned count, i;
    uint32_t forged;

    state.flags = take_below(&in, 2) ? SSE_HISTORY_CHUNKED : 0;
    state.epoch = take_below(&in, 2) ? 0xa : 0;
    state.events = 1 + take_below(&in, SLOTS_MAX);
    state.size = sse_history_size(state.events, SSE_HISTORY_CAPACITY_MIN + take_below(&in, 1024));
    state.real = sse_history_init(provide(state.size), state.size, state.events, state.flags,
                                  state.epoch, NAME, sizeof NAME - 1);
    demand(state.real != NULL);
    for (count = take_below(&in, 24); count > 0; count--)
        append(&in);
    for (count = take_below(&in, 32); count > 0; count--)
        edit(&in);
    forged = (uint32_t)take_byte(&in);
    for (i = 0; i < state.events; i++)
        if (!(forged >> i & 1))
            forge(sse_history_slots(state.real) + i);
    if (take_below(&in, 8) == 7) { /* the header, which then is refused, unless it is as it was */
        char *const byte = (char *)state.real + take_below(&in, sizeof(sse_history));

        *byte ^= (char)take_byte(&in);
    }
    if (open())
        go_on(&in);
    release_all();
    return 0;
}
