/* history_image.c - memory that was made to mislead sse_history_open, and what is done with the log
 * that it finds.
 *
 * A log is filled, closed and edited: numbers in its slots, runs of bytes moved or overwritten.
 * Then checksums are set right, by the library's own functions, of which an attacker has a copy; so
 * what is left to protect the reader is only what it checks by itself. What is read may be
 * nonsense; it must be inside of the room, and the log must go on as any other does. */
#include "fuzz.h"

#include "log.h"
#include "sse/cursor.h"

#include <string.h>

enum { SLOTS_MAX = 8, RUNS = 16, STREAM_MAX = 4096 };

static struct state {
    sse_history *log;
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
    return sse_history_append(state.log, &ev, what >> 4 & 1, what >> 5 & 3, what);
}

/* A number of any magnitude. */
static uint64_t take_number(input *in)
{
    const uint64_t word = take_word(in);

    return word >> take_below(in, 64);
}

/* One edit of the memory behind the header, which is never believed unless it is as it was. */
static void edit(input *in)
{
    char *const bytes = (char *)state.log;
    const size_t header = sizeof(sse_history), len = state.size - header;
    const unsigned how = take_below(in, 6);
    size_t at = header + take_below(in, 65536) % len;
    sse_slot *const slot = sse_log_slots(state.log) + take_below(in, state.events);
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
        slot->number = number + (uint64_t)(slot - sse_log_slots(state.log));
        break;
    case 4: /* its id */
        slot->id_at = take_below(in, 2048);
        slot->id_len = take_below(in, 2048);
        break;
    default: /* one slot over another */
        *slot = sse_log_slots(state.log)[take_below(in, state.events)];
    }
}

/* Set right the checksum of a slot, if its bytes are where a checksum can be made. */
static void forge(sse_slot *slot)
{
    if (slot->at <= state.log->size && slot->len <= state.log->size - slot->at)
        slot->check = sse_slot_check(state.log, slot);
}

/* Read all of the log, into dst. Returns the length. */
static size_t read_all(char *dst)
{
    sse_str runs[RUNS];
    sse_cursor c;
    size_t count, len = 0, i;
    const uint64_t first = sse_history_first(state.log), end = sse_history_end(state.log);
    const char *const room = sse_log_room(state.log);

    demand(sse_cursor_init(&c, first, 0, NULL, NULL) == SSE_OK);
    demand(sse_cursor_peek(&c, state.log, runs, RUNS, &count) ==
           (first < end ? SSE_OK : SSE_AGAIN));
    for (i = 0; i < count; i++) {
        demand(runs[i].ptr >= room && runs[i].len > 0);
        demand((size_t)(runs[i].ptr - room) + runs[i].len <= state.log->size);
        demand(len + runs[i].len <= STREAM_MAX);
        memcpy(dst + len, runs[i].ptr, runs[i].len);
        len += runs[i].len;
    }
    demand(count <= 2 && len <= state.log->size);
    demand(sse_cursor_consume(&c, state.log, len) == SSE_OK);
    demand(sse_cursor_next(&c) == end);
    return len;
}

/* What is true of any log. */
static size_t check(char *dst)
{
    const uint64_t first = sse_history_first(state.log), end = sse_history_end(state.log);

    demand(first > 0 && first <= end && end - first <= state.events);
    return read_all(dst);
}

/* Ask for each id that could be there, and read as a client does who may see a part. */
static void ask(input *in)
{
    const sse_str id = take_text(in);
    char memory[SSE_HISTORY_ID_MAX];
    uint64_t n, next;
    sse_cursor c;
    sse_str runs[RUNS];
    size_t len, count;

    sse_history_find(state.log, id.ptr, id.len, &next);
    demand(next >= sse_history_first(state.log) ||
           sse_history_find(state.log, id.ptr, id.len, &next) == SSE_OK);
    for (n = sse_history_first(state.log); n < sse_history_end(state.log); n++)
        if (sse_history_id(state.log, n, memory, &len) == SSE_OK) {
            demand(sse_history_find(state.log, memory, len, &next) == SSE_OK && next == n + 1);
        }
    demand(sse_cursor_init(&c, sse_history_first(state.log), SSE_COALESCE, NULL, NULL) == SSE_OK);
    while (sse_cursor_peek(&c, state.log, runs, 1, &count) == SSE_OK)
        demand(sse_cursor_consume(&c, state.log, runs[0].len) == SSE_OK);
    demand(sse_cursor_next(&c) <= sse_history_end(state.log));
}

/* Open a copy. Returns whether it was a log. */
static int open(void)
{
    const sse_str image = copy_of(state.log, state.size);

    state.epoch = state.epoch ? state.epoch + 2 : 0;
    state.log = (sse_history *)(uintptr_t)copy_of(image.ptr, image.len).ptr;
    if (sse_history_open(state.log, state.size, state.events, state.epoch, state.flags) == state.log)
        return 1;
    demand(memcmp(state.log, image.ptr, image.len) == 0);
    return 0;
}

/* Go on with the log, and find all of it again. */
static void go_on(input *in)
{
    static char before[STREAM_MAX], after[STREAM_MAX];
    unsigned calls = take_below(in, 16);
    uint64_t first, end;
    size_t len;

    check(before);
    ask(in);
    for (; calls > 0; calls--) {
        end = sse_history_end(state.log);
        if (append(in) == SSE_OK)
            demand(sse_history_end(state.log) == end + 1);
        if (take_below(in, 8) == 0)
            sse_history_expire(state.log, take_word(in));
        check(before);
    }
    ask(in);
    len = check(before);
    first = sse_history_first(state.log);
    end = sse_history_end(state.log);
    demand(open());
    if (first == end || end > UINT64_MAX / 2) /* past where the numbers of a log can get to */
        return;
    demand(sse_history_first(state.log) == first && sse_history_end(state.log) == end);
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
    state.size = SSE_HISTORY_OVERHEAD + state.events * SSE_HISTORY_SLOT + SSE_HISTORY_ROOM_MIN +
                 take_below(&in, 1024);
    state.log =
        sse_history_init(provide(state.size), state.size, state.events, state.epoch, state.flags);
    demand(state.log != NULL);
    for (count = take_below(&in, 24); count > 0; count--)
        append(&in);
    for (count = take_below(&in, 32); count > 0; count--)
        edit(&in);
    forged = (uint32_t)take_byte(&in);
    for (i = 0; i < state.events; i++)
        if (!(forged >> i & 1))
            forge(sse_log_slots(state.log) + i);
    if (take_below(&in, 8) == 7) { /* the header, which then is refused, unless it is as it was */
        char *const byte = (char *)state.log + take_below(&in, sizeof(sse_history));

        *byte ^= (char)take_byte(&in);
    }
    if (open())
        go_on(&in);
    release_all();
    return 0;
}
